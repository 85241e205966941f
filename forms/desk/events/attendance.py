"""Attendance as append-only marks, so that the marks of two machines merge by copying them into one folder. Pure.

A mark names all earlier marks of the same party that its writer had seen (`after`), as in the case log. The latest mark
counts; if two concurrent ones differ, both are shown and none is lost.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import is_id, new_id
from forms.core.problem import Problem
from forms.desk.cases.log.versions import conflicting, latest
from forms.desk.crypto.foreign_json import MALFORMED_JSON_ERRORS, sanitise

MAX_PEOPLE = 999
"""People in the largest party that one mark can record."""

MAX_NAME_LENGTH = 100
"""Characters of a walk-in's name that are kept."""


@dataclass(frozen=True)
class Mark:
    """How many of a party came; 0: nobody, or an earlier mark is taken back.

    about: the id of the sign-up, or an id of their own for walk-ins; name: only of walk-ins; at: "2027-01-05T10:20"
    (UTC) by the writer's clock; by: the member of the desk; after: the ids of earlier marks about the same party.
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
    """The attendance of one party. marks: the latest; two machines disagree if there are several with other numbers."""

    about: str
    marks: tuple[Mark, ...]

    @property
    def people(self) -> int:
        """How many came, by the last of the marks."""
        return self.marks[-1].people

    @property
    def is_disputed(self) -> bool:
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
    """Return a new mark. With a name, or an earlier mark of a walk-in, it is a walk-in's. Raises Problem."""
    if not 0 <= people <= MAX_PEOPLE:
        raise Problem(
            "people",
            lazy_gettext("%(people)s is not a number that can come.", people=people),
            lazy_gettext("Write 0 to %(number)s.", number=MAX_PEOPLE),
        )
    if not is_id(about):
        raise Problem("party", "There is no such party.", "Choose one of the list.")
    previous = [mark for mark in earlier if mark.about == about]
    walk_in = bool(name) or any(mark.walk_in for mark in previous)
    known_name = " ".join(name.split())[:MAX_NAME_LENGTH] or next((mark.name for mark in previous if mark.name), "")
    after = tuple(sorted(mark.id for mark in previous))
    return Mark(new_id(), event, about, people, by, at, known_name if walk_in else "", walk_in, after)


def as_bytes(mark: Mark) -> bytes:
    """Return a mark as JSON (UTF-8), to be encrypted."""
    return json.dumps({"form": "mark", "version": 1, **asdict(mark)}, ensure_ascii=False).encode()


def read_mark(plain: bytes) -> Mark:
    """Return a mark from its JSON. Raises Problem if it is malformed."""
    try:
        data = sanitise(json.loads(plain))
        texts = {name: str(data[name]) for name in ("id", "event", "about", "by", "at", "name")}
        after = tuple(str(id) for id in data["after"])
        mark = Mark(**texts, people=int(data["people"]), walk_in=bool(data["walk_in"]), after=after)
    except MALFORMED_JSON_ERRORS:
        raise Problem("attendance", "A file holds no mark.", "Leave it, and tell a developer.") from None
    if not is_id(mark.id) or not 0 <= mark.people <= MAX_PEOPLE:
        raise Problem("attendance", "A file holds a strange mark.", "Leave it, and tell a developer.")
    return mark


def attendance_by_party(marks: Iterable[Mark]) -> dict[str, Attendance]:
    """Return the attendance of each party, by id. A mark that occurs twice counts once; order does not matter."""
    by_party: dict[str, dict[str, Mark]] = {}
    for mark in marks:
        by_party.setdefault(mark.about, {})[mark.id] = mark
    ordered = {about: sorted(marks.values(), key=lambda mark: (mark.at, mark.id)) for about, marks in by_party.items()}
    return {about: Attendance(about, tuple(latest(marks, marks))) for about, marks in ordered.items()}


def count_people(attendances: Iterable[Attendance]) -> int:
    """Return how many people came."""
    return sum(attendance.people for attendance in attendances)


def disputed(attendances: Iterable[Attendance]) -> list[Attendance]:
    """Return the attendances about which two machines disagree."""
    return [attendance for attendance in attendances if attendance.is_disputed]
