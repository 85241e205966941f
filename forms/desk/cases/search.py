"""Which cases are shown, in which order, and which look alike. In memory only."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from forms.core.i18n import search_words
from forms.desk.cases.case import Case, read_day

ALIKE = 0.6
"""Share of pairs of words in common (Jaccard) from which two letters look like one."""

_SKETCH = 4


@dataclass(frozen=True)
class Wanted:
    """A filter; what is empty does not matter.

    text: words that must all stand in it. child, late, unread: only such. show: one of SHOWN. member: who asks.
    """

    text: str = ""
    state: str = ""
    tray: int = 0
    place: str = ""
    work: str = ""
    assigned: str = ""
    form: str = ""
    child: bool = False
    late: bool = False
    merged: bool = False
    unread: bool = False
    show: str = ""
    member: str = ""


def find(cases: Iterable[Case], wanted: Wanted, today: date) -> list[Case]:
    """Return the cases wanted: urgent ones first, the oldest before the others; then late ones, by days late; then new.

    Closed ones and those that are perhaps spam come last.
    """
    words = search_words.query_words(wanted.text)
    found = [case for case in cases if _fits(case, wanted, today) and all(word in case.haystack for word in words)]
    found.sort(key=lambda case: (case.day, case.id), reverse=True)
    found.sort(key=lambda case: (_rank(case, today), _days_first(case, today)))
    return found


def _rank(case: Case, today: date) -> tuple[bool, bool, bool, bool]:
    # The second queue comes last even if a letter says danger: a flood would say so too.
    return (case.over, case.tray != 1, not case.urgent, not case.is_late(today))


def _days_first(case: Case, today: date) -> int:
    """Return the day by which urgent and late cases are ordered, oldest first; nothing for the others."""
    if case.over or not (case.urgent or case.is_late(today)):
        return 0
    day = read_day(case.day) if case.urgent else case.due
    return day.toordinal() if day else 0


SHOWN: Mapping[str, Callable[[Case, Wanted, date], bool]] = {
    "danger": lambda case, _, __: case.urgent,
    "late": lambda case, _, today: case.is_late(today),
    "child": lambda case, _, __: case.child,
    "unheard": lambda case, _, __: bool(case.unheard),
    "nobody": lambda case, _, __: not case.assigned.value,
    "mine": lambda case, wanted, __: case.assigned.value == wanted.member,
    "unread": lambda case, _, __: case.unread,
}
"""The counters above the list: what each of them shows of the cases that are open and not perhaps spam."""


def _is_shown(case: Case, wanted: Wanted, today: date) -> bool:
    shown = SHOWN.get(wanted.show)
    return shown is None or (not case.over and case.tray == 1 and shown(case, wanted, today))


SPAM = "spam"
"""The counter of what is perhaps spam."""


def tally(cases: Iterable[Case], member: str, today: date) -> Mapping[str, int]:
    """Return how many cases each of SHOWN shows to this member, and how many are perhaps spam. One pass over all."""
    found, asked = dict.fromkeys((*SHOWN, SPAM), 0), Wanted(member=member)
    for case in cases:
        if case.merged_into:
            continue
        found[SPAM] += case.tray == 2  # noqa: PLR2004 - the second queue
        if case.tray == 1 and not case.over:
            for name, shown in SHOWN.items():
                found[name] += shown(case, asked, today)
    return found


def _fits(case: Case, wanted: Wanted, today: date) -> bool:
    return (
        (wanted.merged or not case.merged_into)
        and wanted.state in {"", case.state.value}
        and wanted.tray in {0, case.tray}
        and wanted.place in ("", case.answers.get("place"))  # no set: a hostile letter may say a list
        and wanted.work in ("", case.answers.get("work"))
        and wanted.assigned in {"", case.assigned.value}
        and wanted.form in {"", case.form}
        and (not wanted.child or case.child)
        and (not wanted.late or case.is_late(today))
        and (not wanted.unread or case.unread)
        and _is_shown(case, wanted, today)
    )


def alike(cases: Sequence[Case]) -> Mapping[str, tuple[str, ...]]:
    """For each case that looks like others, their ids: the same place (or none told), and much the same words.

    Only cases that share one of their least marks are compared (bottom sketch; A. Broder, 1997), each with the first
    of these: so a flood of one letter costs no more than as many different ones.
    """
    marks = {case.id: _marks(case) for case in cases}
    where = {case.id: case.answers.get("place") for case in cases}
    sketches: dict[int, list[str]] = defaultdict(list)
    for id, mine in marks.items():
        for mark in sorted(mine)[:_SKETCH]:
            sketches[mark].append(id)
    group = {id: id for id in marks}
    for first, *others in sketches.values():
        for other in others:
            if _leader(group, first) != _leader(group, other) and _look_alike(first, other, marks, where):
                group[_leader(group, other)] = _leader(group, first)
    groups: dict[str, list[str]] = defaultdict(list)
    for id in marks:
        groups[_leader(group, id)].append(id)
    return {id: tuple(one for one in ids if one != id) for ids in groups.values() if len(ids) > 1 for id in ids}


def _leader(group: dict[str, str], id: str) -> str:
    while group[id] != id:
        group[id] = group[group[id]]
        id = group[id]
    return id


def _look_alike(one: str, other: str, marks: Mapping[str, frozenset[int]], where: Mapping[str, str | None]) -> bool:
    same_place = where[one] == where[other] or None in (where[one], where[other])
    common = len(marks[one] & marks[other])
    return same_place and common >= ALIKE * (len(marks[one]) + len(marks[other]) - common)


def _marks(case: Case) -> frozenset[int]:
    """Return marks of all pairs of neighbouring words of what was told; of the words where there is but one."""
    words = list(search_words.index_words(str(case.answers.get("what", ""))))
    return frozenset(map(hash, pairwise(words) if len(words) > 1 else words))
