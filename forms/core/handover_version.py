"""The version of portal.json, so that desks and servers of different versions understand each other.

A reader ignores fields that it does not know. `needs` in the file is the oldest version that can read it. Desks of
version 1 refuse unknown fields, and do not send their version: the server gives them the fields of version 1 only.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from forms.core.problem import Problem

VERSION = 2
"""The version that this program writes and reads."""

NEEDS = 1
"""The oldest version that can read the files of this program."""

HEADER = "Portal-Version"
"""Request header with a desk's version; desks of version 1 send none."""

ANSWER_HEADER = "Portal-Answer"
"""Header of every response of the desk API. A response without it is not the portal's own, but a proxy's, say."""

FIRST_FIELDS = {
    "Portal": "district programme short_name languages desks helplines events choices exit_url address demonstration"
    " responsible keep assets clips timezone",
    "Language": "code name",
    "Desk": "id name what reads members recovery picture",
    "Member": "id key pickup",
    "Helpline": "id number tel group everywhere for_ note",
    "Event": "id title where place starts ends capacity state example kind what part_of series was spoken free children"
    " women_officers step_free map_link outcome report source",
    "Choice": "value label picture reviewed state",
    "Clip": "seconds files",
    "SoundFile": "address media_type bytes",
}
"""The fields of each class in version 1. Never change them: desks of that version are in use."""


class Unreadable(Problem):
    """This program cannot read a portal's file. Most likely the program is older than the file."""


class TooOld(Unreadable):
    """The file is for newer programs only."""


def for_first_version(value: Any) -> Any:
    """Return this portal, or a part of it, as plain JSON values with the fields of version 1 only."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = FIRST_FIELDS.get(type(value).__name__, "").split()
        return {name: for_first_version(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {key: for_first_version(item) for key, item in value.items()}
    return [for_first_version(item) for item in value] if isinstance(value, list | tuple) else value


def require_readable(data: Mapping[str, Any], where: str) -> None:
    """Raise TooOld if this program is older than the oldest version that can read the file."""
    minimum = data.get("needs", NEEDS)
    if isinstance(minimum, int) and minimum > VERSION:
        what = f"needs version {minimum} of the portal's program; this machine has version {VERSION}."
        raise TooOld(where, what, "Copy the new program onto this machine. What is here stays readable.")
