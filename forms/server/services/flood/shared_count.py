"""Count what came to other machines and workers before the same database, by how its number of rows grew.

Nothing is written for it, and no time of anything is kept: the number of rows is read, at most once a second.
"""

import mmap
import struct
import threading
import time
from collections.abc import Callable

from forms.server.store.faults import NotKept

MIN_PAUSE = 1.0
"""Seconds between two readings, at least."""

PAUSE_FACTOR = 50
"""A slow reading is followed by a pause that is so many times as long: reading takes at most 2 % of the time."""

MAX_PAUSE = 30.0

_FORMAT = "qqd"
"""Rows at the last reading, rows added here since, and when the next reading is due (a clock that runs since boot)."""

_UNREAD = -1
"""The number of rows before the first reading."""


class SharedCount:
    """What was added here and elsewhere. In memory that processes forked from this one share, like LeakyBucket."""

    def __init__(self, count_rows: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        """count_rows: returns how many rows there are now; it may raise NotKept."""
        self._count_rows, self._clock = count_rows, clock
        self._shared = mmap.mmap(-1, struct.calcsize(_FORMAT))
        self._lock = threading.Lock()
        self.reset()

    @property
    def is_unread(self) -> bool:
        """Whether the rows were not read yet."""
        return self._get()[0] == _UNREAD

    def reset(self) -> None:
        """Start again: what is added until the next reading is not counted."""
        self._set(_UNREAD, 0, 0.0)

    def count(self, amount: int = 1) -> None:
        """Count rows that were added here."""
        with self._lock:
            rows, here, due = self._get()
            self._set(rows, here + amount, due)

    def added_elsewhere(self) -> int:
        """Return how many rows were added elsewhere since the last reading.

        0 at the first reading, if none is due, and if the database is unreachable (the next write reports that).
        """
        with self._lock:
            before, here, due = self._get()
            begin = self._clock()
            if begin < due:
                return 0
            self._set(before, here, begin + MIN_PAUSE)  # so that no other thread reads meanwhile
        try:
            rows = self._count_rows()
        except NotKept:
            return 0
        with self._lock:
            now = self._clock()
            pause = min(MAX_PAUSE, max(MIN_PAUSE, PAUSE_FACTOR * (now - begin)))
            # Rows counted here during the reading may be in it or not; the next reading corrects that.
            self._set(rows, self._get()[1] - here, now + pause)
        return 0 if before == _UNREAD else max(0, rows - before - here)

    def _get(self) -> tuple[int, int, float]:
        rows, here, due = struct.unpack_from(_FORMAT, self._shared)
        return int(rows), int(here), float(due)

    def _set(self, rows: int, here: int, due: float) -> None:
        struct.pack_into(_FORMAT, self._shared, 0, rows, here, due)
