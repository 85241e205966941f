"""The SEQUENCE of each calendar entry, which phones remember and which may only grow (RFC 5545, 3.8.7.4).

The program writes `content/calendar.json`, never staff (docs/decisions/0053). A machine without the file starts from a
number for the day, which is above all numbers of earlier days, so that no phone sees a lower one.
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
_NUMBERS_PER_DAY = 100
"""Changes of one entry in a day, before its numbers reach those of the next day."""

_FIELDS = ("title", "where", "place", "starts", "ends", "state", "what", "part_of", "free", "example")
"""What a calendar shows of an event: a change in any of these raises its number."""

Numbers = dict[str, tuple[int, str]]
"""By event: the SEQUENCE, and the hash of the fields at that time."""


def numbers(events: Iterable[Event], before: Mapping[str, tuple[int, str]], today: date) -> Numbers:
    """Return the number of each event, raised where its fields have changed; numbers of past events stay."""
    todays_first = max(0, (today - _FIRST_DAY).days) * _NUMBERS_PER_DAY
    updated = dict(before)
    for event in events:
        last, digest = before.get(event.id, (-1, ""))
        if digest != (current := _hash(event)):
            updated[event.id] = (max(last + 1, todays_first), current)
    return updated


def read(content: Path) -> Numbers:
    """Return the recorded numbers; none where the file is missing or damaged, which only makes numbers higher."""
    try:
        rows = json.loads((content / FILE).read_text(encoding="utf-8"))
        recorded = {str(id): (int(number), str(digest)) for id, (number, digest) in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return {}
    return {id: row for id, row in recorded.items() if 0 <= row[0] < 2**31 - 1}


def update(content: Path, events: Iterable[Event], today: date) -> dict[str, int]:
    """Return the SEQUENCE of each event, and record them where one has changed."""
    before = read(content)
    updated = numbers(events, before, today)
    if updated != before:
        lines = ",\n".join(f" {json.dumps(id)}: {json.dumps(row)}" for id, row in sorted(updated.items()))
        with suppress(OSError):  # a folder that cannot be written: the numbers are right all the same
            write_durably(content / FILE, f"{{\n{lines}\n}}\n".encode())
    return {id: number for id, (number, _) in updated.items()}


def _hash(event: Event) -> str:
    values = json.dumps([getattr(event, name) for name in _FIELDS], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(values.encode()).hexdigest()[:12]
