"""The cells of a case's row in the list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from forms.core.portal import Portal
from forms.desk.cases.case import Case
from forms.desk.cases.log.dates import read_day
from forms.desk.crypto.decryption import PartName
from forms.desk.window import labels
from forms.desk.window.reader import gettext as _
from forms.desk.window.reader import ngettext

NONE = "–"
"""Shown if a question was not answered."""

_MAX_DIGITS = 5


@dataclass(frozen=True)
class Row:
    """A case in the list. alike: the similar cases listed under it; more: the number of others.

    section: the section that begins with it, or empty.
    """

    case: Case
    alike: Sequence[Case]
    more: int
    section: str
    age: str
    where: str
    people: str
    child: str
    can_leave: str
    due: str
    late: bool
    who: str


def row(case: Case, portal: Portal, today: date, member: str) -> dict[str, Any]:
    """Return the cells of a case's row, by name."""
    answers = case.answers
    places = (labels.label(portal, table, answers.get(name)) for table, name in (("places", "place"), ("work", "work")))
    language = labels.spoken(case.language) if case.language in portal.language_codes() else case.language
    return {
        "age": age(case, today),
        "where": " · ".join(part for part in (*places, language) if part),
        "people": _number(answers.get("people")),
        "child": "yes" if case.involves_child else _yes_or_no(answers, "children"),
        "can_leave": _yes_or_no(answers, "can_leave"),
        "due": due(case, today),
        "late": case.is_late(today) or case.due == today,
        "who": _("you") if case.assigned.value == member else str(case.assigned.value).rpartition("/")[2],
    }


def age(case: Case, today: date) -> str:
    """Return the age of a case, in days."""
    day = read_day(case.day)
    return _("%(number)s d", number=max(0, (today - day).days)) if day else NONE


def due(case: Case, today: date) -> str:
    """Return when a case is due: "late 3 d", "today", "in 2 d"; empty if it is not."""
    if case.due is None:
        return ""
    days = (case.due - today).days
    if days == 0:
        return _("today")
    return _("late %(number)s d", number=-days) if days < 0 else _("in %(number)s d", number=days)


def clip(part: PartName) -> str:
    """Return the length of a recording, like 0:43."""
    return f"{part.seconds // 60}:{part.seconds % 60:02}"


def _number(value: Any) -> str:
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if text.isdecimal() and len(text) <= _MAX_DIGITS else NONE


def _yes_or_no(answers: Mapping[str, Any], name: str) -> str:
    value = answers.get(name)
    return value if value in ("yes", "no") else NONE


def first_openings(cases: Sequence[Case]) -> str:
    """Return a sentence about the hours until letters about danger were opened here; empty if there are none.

    A letter has a day and no hour, so the hours count from the beginning of its day: they are an upper bound.
    """
    counts = [case.hours_to_opening for case in cases if case.is_urgent and case.tray == 1]
    hours = sorted(count for count in counts if count is not None)
    if not hours:
        return ""
    median, longest = hours[(len(hours) - 1) // 2], hours[-1]
    return ngettext(
        "Of %(count)s letter about danger that was opened here, half were within %(half)s of the beginning of their "
        "day; "
        "the longest waited %(longest)s.",
        "Of %(count)s letters about danger that were opened here, half were within %(half)s of the beginning of their "
        "day; the longest waited %(longest)s.",
        len(hours),
        half=labels.hours(median),
        longest=labels.hours(longest),
    )
