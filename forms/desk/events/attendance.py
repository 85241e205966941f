"""Attendance: append-only marks, so that the marks of two machines merge by copying them into one folder. Pure.

A mark names all earlier marks of the same party that its writer had seen (`after`), as the case log does. What no
other mark has seen stands; where two stand and differ, both are shown and none is lost.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import is_id, new_id
from forms.core.problem import Problem
from forms.desk.cases.log.versions import conflicting, latest
from forms.desk.crypto.foreign_json import MALFORMED_JSON_ERRORS, sanitise

MAX_PEOPLE = 999
"""People of the largest party that is marked at once."""

MAX_NAME_LENGTH = 100


@dataclass(frozen=True)
class Mark:
    """How many of a party came; 0: nobody, or taken back.

    about: the sign-up's id, or for walk-ins an id of their own; name: of walk-ins only; at: "2027-01-05T10:20" UTC by
    the writer's clock; by: the member of the desk; after: earlier marks about the same party.
    """

    id: str
    event: str
    about: str
    people: int
    by: str
    at: str
    name: str = ""
    walk_in: bool = False
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attendance:
    """What is known of one party: the marks that stand. More than one with different numbers: two machines disagree."""

    about: str
    marks: tuple[Mark, ...]

    @property
    def people(self) -> int:
        """How many came, by the latest mark that stands."""
        return self.marks[-1].people

    @property
    def disagrees(self) -> bool:
        """Whether two machines marked different numbers without knowing of each other."""
        return bool(conflicting(self.marks, lambda mark: mark.people))

    @property
    def walk_in(self) -> bool:
        """Whether they came without a sign-up."""
        return self.marks[-1].walk_in

    @property
    def name(self) -> str:
        """The walk-in's name, or empty."""
        return self.marks[-1].name


def new_mark(event: str, about: str, people: int, by: str, at: str, earlier: Iterable[Mark], name: str = "") -> Mark:
    """Return a mark of now. A name, or an earlier mark of a walk-in, makes it a walk-in's. Raises Problem."""
    if not 0 <= people <= MAX_PEOPLE:
        raise Problem(
            "people",
            lazy_gettext("%(people)s is not a number that can come.", people=people),
            lazy_gettext("Write 0 to %(number)s.", number=MAX_PEOPLE),
        )
    if not is_id(about):
        raise Problem("party", "There is no such party.", "Choose one of the list.")
    mine = [mark for mark in earlier if mark.about == about]
    walk_in = bool(name) or any(mark.walk_in for mark in mine)
    said = " ".join(name.split())[:MAX_NAME_LENGTH] or next((mark.name for mark in mine if mark.name), "")
    after = tuple(sorted(mark.id for mark in mine))
    return Mark(new_id(), event, about, people, by, at, said if walk_in else "", walk_in, after)


def as_bytes(mark: Mark) -> bytes:
    """Return a mark as JSON (UTF-8), to be sealed."""
    return json.dumps({"form": "mark", "version": 1, **asdict(mark)}, ensure_ascii=False).encode()


def read_mark(plain: bytes) -> Mark:
    """Return a mark from its JSON. Raises Problem where it is none."""
    try:
        data = sanitise(json.loads(plain))
        texts = {name: str(data[name]) for name in ("id", "event", "about", "by", "at", "name")}
        after = tuple(str(one) for one in data["after"])
        mark = Mark(**texts, people=int(data["people"]), walk_in=bool(data["walk_in"]), after=after)
    except MALFORMED_JSON_ERRORS:
        raise Problem("attendance", "A file holds no mark.", "Leave it, and tell a developer.") from None
    if not is_id(mark.id) or not 0 <= mark.people <= MAX_PEOPLE:
        raise Problem("attendance", "A file holds a strange mark.", "Leave it, and tell a developer.")
    return mark


def attendance_by_party(marks: Iterable[Mark]) -> dict[str, Attendance]:
    """Return the marks that count, by party. The same mark from two folders counts once; order does not matter."""
    by_party: dict[str, dict[str, Mark]] = {}
    for mark in marks:
        by_party.setdefault(mark.about, {})[mark.id] = mark
    ordered = {about: sorted(found.values(), key=lambda mark: (mark.at, mark.id)) for about, found in by_party.items()}
    return {about: Attendance(about, tuple(latest(found, found))) for about, found in ordered.items()}


def came(found: Iterable[Attendance]) -> int:
    """Return how many people came."""
    return sum(one.people for one in found)


def disagreements(found: Iterable[Attendance]) -> list[dict[str, Any]]:
    """Return where two machines disagree: party, name, and what each said."""
    return [
        {"about": one.about, "name": one.name, "said": [(mark.by, mark.people, mark.at) for mark in one.marks]}
        for one in found
        if one.disagrees
    ]
