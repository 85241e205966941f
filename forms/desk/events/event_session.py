"""What the events desk asks of an unlocked session, and where an event's papers stand on the disk."""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from forms.core.portal import Desk, Portal

_SAFE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


class SignupServer(Protocol):
    """What is asked of the server here."""

    def signup(self, signup_id: str) -> bytes:
        """Return the sealed part of one sign-up."""

    def act_on_signup(self, target: str, action: str) -> None:
        """Remove a sign-up, let it in, pass it over; or let an event's line go. Raises Problem."""


class Brought(Protocol):
    """What a visit to the server brought."""

    @property
    def away(self) -> str:
        """A sentence where it could not be reached, else empty."""


class EventSession(Protocol):
    """What is asked of an unlocked desk here (forms.desk.session.Session has it)."""

    @property
    def folder(self) -> Path:
        """Return the folder of this desk's files."""

    @property
    def own_desk(self) -> Desk:
        """Return this desk as portal.yml has it."""

    @property
    def portal(self) -> Portal:
        """The portal as last fetched."""

    @property
    def member(self) -> str:
        """Return whose machine this is."""

    @property
    def server(self) -> SignupServer:
        """The server."""

    def sync(self) -> Brought:
        """Fetch the portal and letters. Where the server is away nothing is lost, and it says so."""

    def signups(self) -> list[dict[str, Any]]:
        """Return all sign-ups as they stand in clear."""

    def seal_for_desk(self, plain: bytes) -> bytes:
        """Return something of the desk's own, sealed to its keys."""

    def open_own(self, sealed: bytes) -> bytes:
        """Return what was sealed to this desk."""


def folder_of(event: str) -> str:
    """Return an event's folder: its id where that is one of ours, else a digest; never a path elsewhere."""
    return event if _SAFE.fullmatch(event) else "x-" + hashlib.sha256(event.encode()).hexdigest()[:32]


def minute() -> str:
    """Return now, by this machine's clock, to the minute (UTC)."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
