"""The version of portal.json, so that desks and servers of different versions understand each other.

A reader passes over fields it does not know. `needs` in the file is the oldest version that may read it at all.
Desks of version 1 refuse a file with one field more, and say nothing of their version: they get the fields they know.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from forms.core.problem import Problem

VERSION = 2
"""What this program writes and reads."""

NEEDS = 1
"""The oldest version that still reads what this program writes."""

HEADER = "Portal-Version"
"""Request header in which a desk names its version; desks of version 1 send none."""

OUR_ANSWER = "Portal-Answer"
"""Header of every answer of the desk API. Without it an answer is not the portal's own, but a proxy's, say."""

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
"""The fields of each class in version 1. Never to be changed: desks of that version are out there."""


class Unreadable(Problem):
    """A portal's file that this program cannot read: most likely the program is older than the file."""


class TooOld(Unreadable):
    """The file says that it is for newer programs."""


def for_first_version(value: Any) -> Any:
    """Return this portal, or a part of it, as plain JSON values with the fields of version 1 only."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        known = FIRST_FIELDS.get(type(value).__name__, "").split()
        return {name: for_first_version(getattr(value, name)) for name in known}
    if isinstance(value, Mapping):
        return {key: for_first_version(item) for key, item in value.items()}
    return [for_first_version(item) for item in value] if isinstance(value, list | tuple) else value


def require_readable(data: Mapping[str, Any], where: str) -> None:
    """Raise TooOld where this program is older than the oldest that may read the file."""
    needs = data.get("needs", NEEDS)
    if isinstance(needs, int) and needs > VERSION:
        what = f"needs version {needs} of the portal's program; this machine has version {VERSION}."
        raise TooOld(where, what, "Copy the new program onto this machine. What is here stays readable.")
