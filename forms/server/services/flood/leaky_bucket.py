"""Leaky buckets: whether more of something came in ten minutes than a threshold, without keeping when it came."""

import mmap
import struct
import threading
import time
from collections.abc import Callable

from forms.server.services.flood.shared_count import SharedCount

_REFILL_SECONDS = 600.0
_MAX_FILL = 2  # times the threshold: a flood that ends is forgotten after twenty minutes, however long it was


class LeakyBucket:
    """A leaky bucket: one number and no letter, in memory that processes forked from this one share.

    If two processes count at the same moment, one may be counted. They share no lock, so that a process that dies
    leaves none locked.
    """

    def __init__(self, threshold: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._threshold, self._clock = threshold, clock
        # The level, and the time of the last change by a clock that runs since boot; never on a disk.
        self._shared = mmap.mmap(-1, 16)
        self._lock = threading.Lock()
        self._set_level(0.0)

    def count(self, amount: int = 1) -> None:
        """Count what came."""
        with self._lock:
            self._set_level(min(self._level() + amount, _MAX_FILL * self._threshold))

    def fill(self, level: float) -> None:
        """Raise the level to this one, or to the threshold if that is lower: it is unknown when they came."""
        with self._lock:
            self._set_level(max(self._level(), min(level, self._threshold)))

    def update(self) -> None:
        """Count what came elsewhere: nothing, of a bucket that only processes forked from one share."""

    def is_high(self) -> bool:
        """Return whether more than the threshold came in ten minutes."""
        with self._lock:
            return self._level() >= self._threshold

    def _level(self) -> float:
        level, changed_at = struct.unpack_from("dd", self._shared)
        # Another process may have changed it later than now, and a clock may be set back: neither raises the level.
        elapsed = max(0.0, self._clock() - changed_at)
        return float(max(0.0, level - elapsed * self._threshold / _REFILL_SECONDS))

    def _set_level(self, level: float) -> None:
        struct.pack_into("dd", self._shared, 0, level, self._clock())


class SharedBucket(LeakyBucket):
    """A leaky bucket that also counts what comes to other machines before the same database."""

    def __init__(
        self, threshold: int, count_rows: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """count_rows: returns how many there are in the database now."""
        super().__init__(threshold, clock)
        self._shared_count = SharedCount(count_rows, clock)

    def count(self, amount: int = 1) -> None:
        """Count what came here."""
        super().count(amount)
        self._shared_count.count(amount)

    def update(self) -> None:
        """Count what came elsewhere, if a reading is due; the database is read at most once a second."""
        super().count(self._shared_count.added_elsewhere())

    def is_high(self) -> bool:
        """Return whether more than the threshold came in ten minutes, here and elsewhere."""
        self.update()
        return super().is_high()
