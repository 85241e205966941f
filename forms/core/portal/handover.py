"""The hand-over file, portal.json: written by a build, read by the server and by desks."""

import dataclasses
import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forms.core.crypto.encryption import usable_key, usable_pickup
from forms.core.crypto.signing import is_public_key
from forms.core.files.durable import write_durably
from forms.core.handover_version import NEEDS, VERSION, Unreadable, require_readable
from forms.core.portal.event import Event
from forms.core.portal.model import Desk, Portal
from forms.core.problem import Problem

if TYPE_CHECKING:  # takes a tenth of a second, and only reading a hand-over file needs it
    from pydantic import TypeAdapter

_LOG = logging.getLogger(__name__)


class NotAPortal(Problem):
    """The bytes are not a portal.json of any version."""


def as_json(portal: Portal) -> dict[str, Any]:
    """Return the portal as plain JSON values, which `read` and `parse` accept."""
    data = {"version": VERSION, "needs": NEEDS, **dataclasses.asdict(portal)}
    for desk in data["desks"]:
        for member in desk["members"]:
            if not member["signing"]:
                del member["signing"]  # machines that do not know the field can still read a portal without it
    return data


def write(portal: Portal, path: Path) -> None:
    """Write the portal as JSON, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(as_json(portal), ensure_ascii=False, indent=1).encode())


def read(path: Path) -> Portal:
    """Read a portal's file. Unusable keys are left out, and logged.

    Raises Problem if the file is missing or cannot be read.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise Problem(str(path), "is not there.", "Build the site first: python3 build.py build") from None
    except OSError as error:
        todo = "Name the file .build/portal.json, and let this program read it."
        raise Problem(str(path), f"cannot be read ({error.strerror}).", todo) from None
    portal = parse(text, str(path))
    _log_unusable_keys(json.loads(text)["desks"], portal.desks, path)
    return portal


def parse(text: str | bytes, where: str) -> Portal:
    """Return a portal from its JSON text. Unknown fields are ignored.

    Raises NotAPortal for any other text, TooOld if it is for newer programs, Unreadable if its values do not fit.
    """
    todo = "Build the site again: python3 build.py build"
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAPortal(where, f"cannot be read ({type(error).__name__}).", todo) from None
    if not isinstance(data, dict) or not isinstance(data.get("desks"), list):
        raise NotAPortal(where, "is not a portal's file.", todo)
    require_readable(data, where)
    from pydantic import ValidationError  # noqa: PLC0415 - as above

    try:
        portal = _adapter().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        kind = f"cannot be read by this program ({field}: {first['msg']}): it may be older than the server's."
        raise Unreadable(where, kind, f"Copy the new program onto this machine. On the server: {todo}") from None
    _require_event_days(portal.events, where)
    return replace(portal, desks=tuple(map(_with_usable_keys, portal.desks)))


def _require_event_days(events: Iterable[Event], where: str) -> None:
    """Raise NotAPortal if an event has no day: no version writes that, and each page with events would fail."""
    for event in events:
        try:
            _ = event.day, event.last_day
        except ValueError:
            todo = "Build the site again: python3 build.py build"
            raise NotAPortal(where, "has an event without a day.", todo) from None


@cache
def _adapter() -> "TypeAdapter[Portal]":
    """Return the adapter that reads a Portal from JSON. Made at first use, since that takes a moment."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    return TypeAdapter(Portal)


def _with_usable_keys(desk: Desk) -> Desk:
    """Return the desk with unusable keys and pickup lines left empty, so that one bad key stops nobody else's."""
    members = tuple(
        replace(
            member,
            key=usable_key(member.key),
            pickup=usable_pickup(member.pickup),
            signing=member.signing if is_public_key(member.signing) else "",
        )
        for member in desk.members
    )
    return replace(desk, members=members, recovery=usable_key(desk.recovery))


def _log_unusable_keys(rows: Iterable[Mapping[str, Any]], desks: Iterable[Desk], path: Path) -> None:
    """Log each key and pickup line that cannot be used, without its value, which may be a secret.

    Each message at most once an hour: a file with another fault is read again every second in which requests come.
    """
    for row, desk in zip(rows, desks, strict=True):
        pairs = list(zip(row["members"], desk.members, strict=True))
        values = [(member.id, "key", raw.get("key"), member.key) for raw, member in pairs]
        values += [(member.id, "pickup line", raw.get("pickup"), member.pickup) for raw, member in pairs]
        values.append((desk.id, "recovery key", row.get("recovery"), desk.recovery))
        for owner, kind, written, usable in values:
            if written and not usable:
                message = f"desk {owner}: its {kind} cannot be used and is left out. Correct portal.yml and build."
                _log_once(path, message)
        if not desk.keys:
            _log_once(path, f"desk {desk.id} has no key that can be used: it gets no letters.")


_LOG_INTERVAL = 3600.0
_logged: dict[tuple[Path, str], float] = {}


def _log_once(path: Path, message: str) -> None:
    """Log a message about a file, unless this process has logged it within the last hour."""
    now = time.monotonic()
    if now - _logged.get((path, message), -_LOG_INTERVAL) >= _LOG_INTERVAL:
        _logged[path, message] = now
        _LOG.error("%s", message)
