"""The SEQUENCE of each calendar entry, which phones remember and which may only grow (RFC 5545, 3.8.7.4).

`content/calendar.json` is written by the program, never by staff (docs/decisions/0053). A machine that does not have
the file counts from the day, which is above every number of earlier days: no phone ever meets a lower one.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

from forms.core.files.durable import write_durably
from forms.core.portal import Event

FILE = "calendar.json"
_FIRST_DAY = date(2026, 1, 1)
_A_DAY = 100
"""Changes of one entry in a day, before its numbers reach those of the next day."""

_SHOWN = ("title", "where", "place", "starts", "ends", "state", "what", "part_of", "free", "example")
"""What a calendar shows of an event: a change of any of these makes its entry a newer one."""

Numbers = dict[str, tuple[int, str]]
"""By event: the SEQUENCE, and a hash of what the entry showed with it."""


def numbers(events: Iterable[Event], before: Mapping[str, tuple[int, str]], today: date) -> Numbers:
    """Return the number of each event, a higher one where what it shows has changed, and those of earlier events."""
    of_today = max(0, (today - _FIRST_DAY).days) * _A_DAY
    found = dict(before)
    for event in events:
        last, shown = before.get(event.id, (-1, ""))
        if shown != (now := _hash(event)):
            found[event.id] = (max(last + 1, of_today), now)
    return found


def read(content: Path) -> Numbers:
    """Return what is remembered; nothing where the file is not there or is damaged, which only makes numbers higher."""
    try:
        rows = json.loads((content / FILE).read_text(encoding="utf-8"))
        found = {str(id): (int(number), str(shown)) for id, (number, shown) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return {}
    return {id: row for id, row in found.items() if 0 <= row[0] < 2**31 - 1}


def remembered(content: Path, events: Iterable[Event], today: date) -> dict[str, int]:
    """Return the SEQUENCE of each event, and write it down where any is new."""
    before = read(content)
    fresh = numbers(events, before, today)
    if fresh != before:
        lines = ",\n".join(f" {json.dumps(id)}: {json.dumps(row)}" for id, row in sorted(fresh.items()))
        with suppress(OSError):  # a folder that cannot be written: the numbers are right without it
            write_durably(content / FILE, f"{{\n{lines}\n}}\n".encode())
    return {id: number for id, (number, _) in fresh.items()}


def _hash(event: Event) -> str:
    shown = json.dumps([getattr(event, name) for name in _SHOWN], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()[:12]
