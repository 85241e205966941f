"""A case as one row of the list: what a reader compares at a glance, in the officer's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from forms.core.portal import Portal
from forms.desk.cases.case import Case, read_day
from forms.desk.crypto.decryption import PartName
from forms.desk.window import labels
from forms.desk.window.reader import gettext as _
from forms.desk.window.reader import ngettext

NONE = "–"
"""Shown where nothing was told."""

_MOST_DIGITS = 5


@dataclass(frozen=True)
class Row:
    """A case in the list with the cases that look like it. section: what stands above it, or empty."""

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
    """Return what the cells of a case's row say."""
    told = case.answers
    places = (labels.label(portal, table, told.get(name)) for table, name in (("places", "place"), ("work", "work")))
    language = labels.spoken(case.language) if case.language in portal.language_codes() else case.language
    return {
        "age": age(case, today),
        "where": " · ".join(part for part in (*places, language) if part),
        "people": _number(told.get("people")),
        "child": "yes" if case.involves_child else _yes_or_no(told, "children"),
        "can_leave": _yes_or_no(told, "can_leave"),
        "due": due(case, today),
        "late": case.is_late(today) or case.due == today,
        "who": _("you") if case.assigned.value == member else str(case.assigned.value).rpartition("/")[2],
    }


def age(case: Case, today: date) -> str:
    """Return how many days ago it was told."""
    day = read_day(case.day)
    return _("%(number)s d", number=max(0, (today - day).days)) if day else NONE


def due(case: Case, today: date) -> str:
    """Return when what is due is due: "late 3 d", "today", "in 2 d"; empty where nothing is."""
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
    return text if text.isdecimal() and len(text) <= _MOST_DIGITS else NONE


def _yes_or_no(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if value in ("yes", "no") else NONE


def first_openings(cases: Sequence[Case]) -> str:
    """Return within how many hours letters about danger were opened here; empty where none was.

    A letter bears a day and no hour, so hours are counted from the beginning of its day: they are the most it can be.
    """
    counts = [case.hours_to_opening for case in cases if case.is_urgent and case.tray == 1]
    hours = sorted(count for count in counts if count is not None)
    if not hours:
        return ""
    half, longest = hours[(len(hours) - 1) // 2], hours[-1]
    return ngettext(
        "Of %(count)s letter about danger that was opened here, half were within %(half)s of the beginning of their "
        "day; "
        "the longest waited %(longest)s.",
        "Of %(count)s letters about danger that were opened here, half were within %(half)s of the beginning of their "
        "day; the longest waited %(longest)s.",
        len(hours),
        half=labels.hours(half),
        longest=labels.hours(longest),
    )
