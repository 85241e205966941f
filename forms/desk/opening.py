"""The only place in which letters are opened. What comes out was written by anybody at all: trust none of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyrage

from forms.problem import Problem


class NotForThisDesk(Problem):
    """The letter was sealed to other keys."""


class NotALetter(Problem):
    """What was sealed is no letter of this software."""


@dataclass(frozen=True)
class Letter:
    """An opened letter. `day` is empty in a sign-up; `reply_to` is the age recipient of its answer, or None."""

    id: str
    form: str
    language: str
    day: str
    desks: tuple[str, ...]
    answers: Mapping[str, Any]
    reply_to: str | None
    event: str
    people: int


def open_letter(sealed: bytes, identity: pyrage.x25519.Identity) -> Letter:
    """Open a sealed letter with the desk's identity. Raises NotForThisDesk or NotALetter."""
    try:
        plain = pyrage.decrypt(sealed, [identity])
    except pyrage.DecryptError:
        raise NotForThisDesk("letter", "This desk's key does not open it.", "It may need an older key.") from None
    try:
        data = json.loads(plain)
    except (ValueError, RecursionError):
        raise NotALetter("letter", "It holds no letter.", "Somebody may have sent junk. Leave it.") from None
    return _letter(data)


def _letter(data: Any) -> Letter:
    if not isinstance(data, dict) or not isinstance(data.get("answers"), dict):
        raise NotALetter("letter", "It has not the shape of a letter.", "Somebody may have sent junk. Leave it.")
    desks = data.get("desks")
    people = data.get("people")
    reply_to = data.get("reply_to")
    return Letter(
        id=str(data.get("id", "")),
        form=str(data.get("form", "")),
        language=str(data.get("language", "")),
        day=str(data.get("day", "")),
        desks=tuple(str(desk) for desk in desks) if isinstance(desks, list) else (),
        answers={str(name): value for name, value in data["answers"].items()},
        reply_to=reply_to if isinstance(reply_to, str) else None,
        event=str(data.get("event", "")),
        people=people if isinstance(people, int) else 0,
    )
