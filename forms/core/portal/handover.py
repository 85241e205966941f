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

if TYPE_CHECKING:  # takes a tenth of a second, and only who reads a hand-over file needs it
    from pydantic import TypeAdapter

_LOG = logging.getLogger(__name__)


class NotAPortal(Problem):
    """These bytes are no portal.json of any version."""


def as_json(portal: Portal) -> dict[str, Any]:
    """Return the portal as plain JSON values: what `read` and `parse` take."""
    data = {"version": VERSION, "needs": NEEDS, **dataclasses.asdict(portal)}
    for desk in data["desks"]:
        for member in desk["members"]:
            if not member["signing"]:
                del member["signing"]  # machines that do not know the field go on reading a portal without any
    return data


def write(portal: Portal, path: Path) -> None:
    """Write the portal as JSON, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, json.dumps(as_json(portal), ensure_ascii=False, indent=1).encode())


def read(path: Path) -> Portal:
    """Read what `write` wrote; keys that cannot be used are left out, and named in the log.

    Raises Problem where the file is missing or no version could have written it.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise Problem(str(path), "is not there.", "Build the site first: python3 build.py build") from None
    except OSError as error:
        todo = "Name the file .build/portal.json, and let this program read it."
        raise Problem(str(path), f"cannot be read ({error.strerror}).", todo) from None
    found = parse(text, str(path))
    _log_what_is_unusable(json.loads(text)["desks"], found.desks, path)
    return found


def parse(text: str | bytes, where: str) -> Portal:
    """Return a portal from its JSON text. Fields that this version does not know are passed over.

    Raises NotAPortal where it is none, TooOld where it is for newer programs, Unreadable where it cannot be read.
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
        portal = _reader().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        what = f"cannot be read by this program ({field}: {first['msg']}): it may be older than the server's."
        raise Unreadable(where, what, f"Copy the new program onto this machine. On the server: {todo}") from None
    _require_days(portal.events, where)
    return replace(portal, desks=tuple(map(_usable, portal.desks)))


def _require_days(events: Iterable[Event], where: str) -> None:
    """Raise NotAPortal where an event has no day: no version writes one, and each page with events would fail."""
    for event in events:
        try:
            _ = event.day, event.last_day
        except ValueError:
            todo = "Build the site again: python3 build.py build"
            raise NotAPortal(where, "has an event without a day.", todo) from None


@cache
def _reader() -> "TypeAdapter[Portal]":
    """Return what reads a Portal and all its parts from JSON; made at first use, since that takes a moment."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    return TypeAdapter(Portal)


def _usable(desk: Desk) -> Desk:
    """Return the desk; a key or line that cannot be used is left empty, and costs nobody else anything."""
    members = tuple(
        replace(
            one,
            key=usable_key(one.key),
            pickup=usable_pickup(one.pickup),
            signing=one.signing if is_public_key(one.signing) else "",
        )
        for one in desk.members
    )
    return replace(desk, members=members, recovery=usable_key(desk.recovery))


def _log_what_is_unusable(rows: Iterable[Mapping[str, Any]], desks: Iterable[Desk], path: Path) -> None:
    """Log which desk gets nothing, or cannot fetch. The value is not named: it may be a secret.

    Each once an hour: a file that is wrong otherwise too is read again each second in which a request comes.
    """
    for row, desk in zip(rows, desks, strict=True):
        told = [(one.id, "key", raw.get("key"), one.key) for raw, one in zip(row["members"], desk.members, strict=True)]
        told += [
            (one.id, "pickup line", raw.get("pickup"), one.pickup)
            for raw, one in zip(row["members"], desk.members, strict=True)
        ]
        told.append((desk.id, "recovery key", row.get("recovery"), desk.recovery))
        for who, what, written, used in told:
            if written and not used:
                left_out = f"desk {who}: its {what} cannot be used and is left out. Correct portal.yml and build."
                _log_once(path, left_out)
        if not desk.keys:
            _log_once(path, f"desk {desk.id} has no key that can be used: it gets no letters.")


_AGAIN = 3600.0
_logged: dict[tuple[Path, str], float] = {}


def _log_once(path: Path, said: str) -> None:
    """Log a sentence about a file, unless this process did within the hour."""
    now = time.monotonic()
    if now - _logged.get((path, said), -_AGAIN) >= _AGAIN:
        _logged[path, said] = now
        _LOG.error("%s", said)
