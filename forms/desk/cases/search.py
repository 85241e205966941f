"""Find, sort and count cases, and find similar ones. In memory only."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from forms.core.i18n import search_words
from forms.desk.cases.case import Case
from forms.desk.cases.log.dates import read_day
from forms.desk.sync.rows import PRIORITY_QUEUE, SECOND_QUEUE

SIMILARITY_THRESHOLD = 0.6
"""Share of word pairs in common (Jaccard index) from which two letters count as similar."""

_SKETCH_SIZE = 4
"""Smallest hashes of a case by which similar ones are found."""


@dataclass(frozen=True)
class CaseFilter:
    """A filter; empty fields match every case.

    text: words that must all occur. child, late, unread: only such cases. merged: also cases shown with another one.
    show: one of COUNTER_FILTERS. member: the member who searches.
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


def find_cases(cases: Iterable[Case], wanted: CaseFilter, today: date) -> list[Case]:
    """Return the cases that match: urgent ones (oldest first), then late ones (most days late first), then new ones.

    Closed cases and those that are perhaps spam come last.
    """
    words = search_words.query_words(wanted.text)
    matches = [
        case for case in cases if _matches(case, wanted, today) and all(word in case.search_text for word in words)
    ]
    matches.sort(key=lambda case: (case.day, case.id), reverse=True)
    matches.sort(key=lambda case: (_rank(case, today), _age_rank(case, today)))
    return matches


def _rank(case: Case, today: date) -> tuple[bool, bool, bool, bool]:
    # The second queue comes last even if a letter says danger: the letters of a flood would say so too.
    return (case.is_over, case.tray != PRIORITY_QUEUE, not case.is_urgent, not case.is_late(today))


def _age_rank(case: Case, today: date) -> int:
    """Return the day (ordinal) by which urgent and late cases are sorted, oldest first; 0 for others."""
    if case.is_over or not (case.is_urgent or case.is_late(today)):
        return 0
    day = read_day(case.day) if case.is_urgent else case.due
    return day.toordinal() if day else 0


COUNTER_FILTERS: Mapping[str, Callable[[Case, CaseFilter, date], bool]] = {
    "danger": lambda case, _, __: case.is_urgent,
    "late": lambda case, _, today: case.is_late(today),
    "child": lambda case, _, __: case.involves_child,
    "unheard": lambda case, _, __: bool(case.unheard_recordings),
    "nobody": lambda case, _, __: not case.assigned.value,
    "mine": lambda case, wanted, __: case.assigned.value == wanted.member,
    "unread": lambda case, _, __: case.is_unread,
}
"""The counters above the list: which of the open cases that are not perhaps spam each of them shows."""


def _matches_counter(case: Case, wanted: CaseFilter, today: date) -> bool:
    matches = COUNTER_FILTERS.get(wanted.show)
    return matches is None or (not case.is_over and case.tray == PRIORITY_QUEUE and matches(case, wanted, today))


SPAM = "spam"
"""The counter of cases that are perhaps spam."""


def count_cases(cases: Iterable[Case], member: str, today: date) -> Mapping[str, int]:
    """Return how many cases each counter shows to this member, and how many are perhaps spam, in one pass."""
    counts, wanted = dict.fromkeys((*COUNTER_FILTERS, SPAM), 0), CaseFilter(member=member)
    for case in cases:
        if case.merged_into:
            continue
        counts[SPAM] += case.tray == SECOND_QUEUE
        if case.tray == PRIORITY_QUEUE and not case.is_over:
            for name, matches in COUNTER_FILTERS.items():
                counts[name] += matches(case, wanted, today)
    return counts


def _matches(case: Case, wanted: CaseFilter, today: date) -> bool:
    return (
        (wanted.merged or not case.merged_into)
        and wanted.state in {"", case.state.value}
        and wanted.tray in {0, case.tray}
        and wanted.place in ("", case.answers.get("place"))  # not a set: a hostile letter may hold a list here
        and wanted.work in ("", case.answers.get("work"))
        and wanted.assigned in {"", case.assigned.value}
        and wanted.form in {"", case.form}
        and (not wanted.child or case.involves_child)
        and (not wanted.late or case.is_late(today))
        and (not wanted.unread or case.is_unread)
        and _matches_counter(case, wanted, today)
    )


def similar_cases(cases: Sequence[Case]) -> Mapping[str, tuple[str, ...]]:
    """Return the ids of similar cases, by case: with the same place (or none given) and much the same words.

    Only cases that share one of their smallest hashes are compared (bottom sketch; A. Broder, 1997), each with the
    first of these, so that a flood of one letter costs no more than as many different ones. Groups are kept in a
    union-find forest.
    """
    hashes = {case.id: _word_pair_hashes(case) for case in cases}
    places = {case.id: case.answers.get("place") for case in cases}
    sketches: dict[int, list[str]] = defaultdict(list)
    for id, case_hashes in hashes.items():
        for value in sorted(case_hashes)[:_SKETCH_SIZE]:
            sketches[value].append(id)
    parents = {id: id for id in hashes}
    for first, *others in sketches.values():
        for other in others:
            if _root(parents, first) != _root(parents, other) and _are_similar(first, other, hashes, places):
                parents[_root(parents, other)] = _root(parents, first)
    groups: dict[str, list[str]] = defaultdict(list)
    for id in hashes:
        groups[_root(parents, id)].append(id)
    return {id: tuple(other for other in ids if other != id) for ids in groups.values() if len(ids) > 1 for id in ids}


def _root(parents: dict[str, str], id: str) -> str:
    """Return the representative of a group, and shorten the path to it."""
    while parents[id] != id:
        parents[id] = parents[parents[id]]
        id = parents[id]
    return id


def _are_similar(
    first: str, second: str, hashes: Mapping[str, frozenset[int]], places: Mapping[str, str | None]
) -> bool:
    is_same_place = places[first] == places[second] or None in (places[first], places[second])
    common = len(hashes[first] & hashes[second])
    return is_same_place and common >= SIMILARITY_THRESHOLD * (len(hashes[first]) + len(hashes[second]) - common)


def _word_pair_hashes(case: Case) -> frozenset[int]:
    """Return the hashes of all pairs of neighbouring words of a concern; of the word if there is only one."""
    words = list(search_words.index_words(str(case.answers.get("what", ""))))
    return frozenset(map(hash, pairwise(words) if len(words) > 1 else words))
