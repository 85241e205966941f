"""The parts of an unlocked desk that its events need, and the folders of an event's records."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from forms.core.portal import Desk, Portal
from forms.desk.services.synchronising import SyncResult
from forms.desk.session import Session
from forms.desk.sync.client import Server

_SAFE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


class SignupServer(Protocol):
    """The part of forms.desk.sync.client.Server that events use."""

    def signup(self, signup_id: str) -> bytes:
        """Return the encrypted part of one sign-up."""

    def act_on_signup(self, target: str, action: str) -> None:
        """Remove a sign-up, let it in, pass it over; or let an event's waiting list move. Raises Problem."""


class EventSession(Protocol):
    """The parts of an unlocked desk that events use. EventDesk implements it."""

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

    def sync(self) -> SyncResult:
        """Fetch the portal and letters. Where the server is away nothing is lost, and it says so."""

    def signups(self) -> list[dict[str, Any]]:
        """Return all sign-ups as they stand in clear."""

    def seal_for_desk(self, plain: bytes) -> bytes:
        """Return something of the desk's own, sealed to its keys."""

    def open_own(self, sealed: bytes) -> bytes:
        """Return what was sealed to this desk."""


@dataclass(frozen=True)
class EventDesk:
    """The parts of an unlocked desk that events use."""

    session: Session

    @property
    def folder(self) -> Path:
        """Return the folder of this desk's files."""
        return self.session.place.folder

    @property
    def own_desk(self) -> Desk:
        """Return this desk as portal.yml has it. Raises Problem."""
        return self.session.keys.own_desk

    @property
    def portal(self) -> Portal:
        """The portal as last fetched. Raises Problem."""
        return self.session.portal.current

    @property
    def member(self) -> str:
        """Return whose machine this is."""
        return self.session.keys.member

    @property
    def server(self) -> Server:
        """The server."""
        return self.session.place.server()

    def sync(self) -> SyncResult:
        """Fetch the portal and letters. Where the server is away nothing is lost, and it says so."""
        return self.session.sync.run()

    def signups(self) -> list[dict[str, Any]]:
        """Return all sign-ups as they stand in clear: id, event, people, state ... Raises Problem."""
        return self.server.signups()

    def seal_for_desk(self, plain: bytes) -> bytes:
        """Return something of the desk's own, sealed to its keys."""
        return self.session.keys.seal_for_desk(plain)

    def open_own(self, sealed: bytes) -> bytes:
        """Return what was sealed to this desk. Raises Problem."""
        return self.session.own_keys.open(sealed)


def event_folder(event: str) -> str:
    """Return the name of an event's folder: its id if that is a safe name, else a digest."""
    return event if _SAFE.fullmatch(event) else "x-" + hashlib.sha256(event.encode()).hexdigest()[:32]


def current_minute() -> str:
    """Return the present time by this machine's clock, to the minute (UTC)."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M")
