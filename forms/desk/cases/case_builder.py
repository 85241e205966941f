"""Build cases from letters and entries. Pure: no file, no server."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from forms.core.problem import Problem
from forms.desk.cases.case import ANSWER_DAYS, Case
from forms.desk.cases.log.case_log import Entry, in_order
from forms.desk.crypto.copies import Provenance
from forms.desk.crypto.decryption import Letter


def build_cases(
    letters: Iterable[tuple[str, int, Letter | Problem]],
    entries: Iterable[Entry],
    answer_days: int = ANSWER_DAYS,
    unproven: Iterable[Entry] = (),
    provenance: Callable[[Letter], Provenance | None] = lambda _: None,
) -> list[Case]:
    """Return the cases of letters (each with its thread and queue) and entries, newest first.

    unproven: entries that are shown and change nothing; provenance: returns that of a letter, None for an original.
    """
    threads: dict[str, list[tuple[int, Letter | Problem]]] = {}
    for thread, tray, letter in letters:
        threads.setdefault(thread, []).append((tray, letter))
    logs, unproven_logs = _by_thread(entries), _by_thread(unproven)
    cases = [
        Case(
            id=thread,
            tray=min(tray for tray, _ in rows),
            letters=tuple(sorted((letter for _, letter in rows), key=partial(_letter_order, thread=thread))),
            entries=tuple(in_order(logs.get(thread, ()))),
            answer_days=answer_days,
            unproven=tuple(in_order(unproven_logs.get(thread, ()))),
            provenance=_provenances((letter for _, letter in rows), provenance),
        )
        for thread, rows in threads.items()
    ]
    return sorted(cases, key=lambda case: (case.day, case.id), reverse=True)


def _by_thread(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    threads: dict[str, list[Entry]] = {}
    for entry in entries:
        threads.setdefault(entry.thread, []).append(entry)
    return threads


def _provenances(
    letters: Iterable[Letter | Problem], provenance: Callable[[Letter], Provenance | None]
) -> Mapping[str, Provenance]:
    rows = ((letter.id, provenance(letter)) for letter in letters if isinstance(letter, Letter))
    return {id: known for id, known in rows if known}


def _letter_order(letter: Letter | Problem, thread: str) -> tuple[bool, str, str]:
    """Return the sort key of a letter in its case: the first letter, follow-ups by day, then those that do not open."""
    if not isinstance(letter, Letter):
        return (True, "9", "")
    return (letter.id != thread, letter.day, letter.id)
