"""How many came to other machines and workers before the same database, told by how its number of rows grew.

No row is written for it, and nothing of when anything came: a number of rows is asked for, at most once a second.
"""

import mmap
import struct
import threading
import time
from collections.abc import Callable

from forms.server.store.faults import NotKept

PAUSE = 1.0
"""Seconds between two looks at least."""

SHARE = 50
"""A look that takes long is followed by a pause so many times as long: looking takes 2 % of the time at most."""

LONGEST_PAUSE = 30.0

_FORM = "qqd"
"""Rows at the last look, what came here since, the moment of the next look (of a clock that runs since boot)."""

_NONE = -1
"""Rows where nobody has looked yet."""


class SharedCount:
    """What came here, and what came elsewhere. In memory that processes forked from this one share, as LeakyBucket."""

    def __init__(self, rows: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        """rows: returns how many rows there are now; it may raise NotKept."""
        self._rows, self._clock = rows, clock
        self._shared = mmap.mmap(-1, struct.calcsize(_FORM))
        self._lock = threading.Lock()
        self.forget()

    @property
    def is_new(self) -> bool:
        """Whether nobody has looked yet."""
        return self._get()[0] == _NONE

    def forget(self) -> None:
        """Begin anew: what came until the next look is not counted."""
        self._put(_NONE, 0, 0.0)

    def count(self, many: int = 1) -> None:
        """Count rows that were added here."""
        with self._lock:
            rows, here, due = self._get()
            self._put(rows, here + many, due)

    def elsewhere(self) -> int:
        """Return how many rows were added elsewhere since the last look.

        0 at the first look, where none is due, and where the database is away: whoever writes to it will say so.
        """
        with self._lock:
            before, here, due = self._get()
            begun = self._clock()
            if begun < due:
                return 0
            self._put(before, here, begun + PAUSE)  # no other thread looks meanwhile
        try:
            rows = self._rows()
        except NotKept:
            return 0
        with self._lock:
            now = self._clock()
            # What was counted here during the look may be in it or not: then the next look makes up for it.
            self._put(rows, self._get()[1] - here, now + min(LONGEST_PAUSE, max(PAUSE, SHARE * (now - begun))))
        return 0 if before == _NONE else max(0, rows - before - here)

    def _get(self) -> tuple[int, int, float]:
        rows, here, due = struct.unpack_from(_FORM, self._shared)
        return int(rows), int(here), float(due)

    def _put(self, rows: int, here: int, due: float) -> None:
        struct.pack_into(_FORM, self._shared, 0, rows, here, due)
