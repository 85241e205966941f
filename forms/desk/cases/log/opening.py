"""What the case log says about who has opened a case: whether, how soon, and how many of its letters."""

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, timezone

from forms.desk.cases.log.case_log import STATES, Entry
from forms.desk.cases.log.dates import read_moment

_INDIA = timezone(timedelta(hours=5, minutes=30))

_KINDS_OF_READERS = frozenset({"state", "note", "answer", "merge", "read"})
"""Kinds of entries whose writer has read the letters."""


def is_opened(entries: Sequence[Entry]) -> bool:
    """Return whether somebody has opened the case, and nobody has set it back to new since."""
    openings = (entry for entry in reversed(entries) if entry.kind in {"state", "read"})
    last = next((entry for entry in openings if entry.value.get("letters") != 0), None)  # 0: only a recording heard
    return last is not None and last.kind == "read"


def count_read_letters(entries: Iterable[Entry]) -> int:
    """Return how many letters of the case members of this desk have read."""
    read = 0
    for entry in entries:
        if entry.kind == "state" and entry.value.get("state") == STATES[0]:
            read = 0
        elif entry.kind in _KINDS_OF_READERS and not (entry.kind == "merge" and not entry.value.get("into")):
            count = entry.value.get("letters")
            read = max(read, count if isinstance(count, int) else 1)
    return read


def hours_to_opening(day: date, entries: Iterable[Entry]) -> int | None:
    """Return the most hours that passed from the day of the letter to its first opening here; None if not opened.

    Entries have a time and letters only a day: the hours count from the beginning of that day in India.
    """
    moments = [read_moment(entry.at) for entry in entries if entry.kind in _KINDS_OF_READERS]
    openings = [moment for moment in moments if moment]
    if not openings:
        return None
    start = datetime.combine(day, time(), _INDIA)
    return max(0, math.ceil((min(openings) - start) / timedelta(hours=1)))
