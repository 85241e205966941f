"""Limit how many look-ups and files are processed at once, so that letters always find a free thread."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from forms.core.problem import Problem
from forms.server.blocked import blocked
from forms.server.services.flood.flood_control import FloodControl
from forms.server.services.flood.leaky_bucket import LeakyBucket
from forms.server.services.flood.proof_of_work import is_proof_of_work


class Busy(Problem):
    """Too many of one kind are processed at once: this one was not."""


class QueuedSemaphore:
    """A semaphore for which a limited number of threads wait, first come, first served."""

    def __init__(self, permits: int, max_waiting: int) -> None:
        self._free, self._max_waiting = permits, max_waiting
        self._lock = threading.Lock()
        self.waiting: deque[threading.Event] = deque()

    def acquire(self, timeout: float) -> bool:
        """Take a permit. Return False after `timeout` seconds without one, and at once if too many threads wait."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            if len(self.waiting) >= self._max_waiting:
                return False
            turn = threading.Event()
            self.waiting.append(turn)
        with blocked():
            is_acquired = turn.wait(timeout)
        if is_acquired:
            return True
        with self._lock:
            if turn in self.waiting:
                self.waiting.remove(turn)
                return False
        return True  # it was released to this thread just after the timeout

    def release(self) -> None:
        """Give the permit to the thread that waits longest, or back."""
        with self._lock:
            if self.waiting:
                self.waiting.popleft().set()
            else:
                self._free += 1


class LookupLimiter:
    """Limits look-ups of one kind: few at once, a few more that wait, so that letters always find a free thread.

    Many invalid receipts mean that somebody guesses. Then each look-up takes a little longer or, if a browser can do
    it, needs proof of work. Each kind has a limiter of its own, so that none blocks another.
    """

    MAX_ACTIVE, MAX_WAITING = 2, 3
    """Look-ups that run and that wait, in each process: a server has many more threads (deploy/gunicorn.conf.py)."""

    TIMEOUT = 10.0
    """Seconds for which a look-up waits."""

    DELAY = 0.2
    """Seconds that a look-up takes longer while somebody guesses: ten guesses a second and process at most."""

    def __init__(self, misses: FloodControl | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._misses, self.sleep = misses or FloodControl(), sleep
        self.semaphore = QueuedSemaphore(self.MAX_ACTIVE, self.MAX_WAITING)

    @contextmanager
    def slot(self, *, with_work: bool = False) -> Iterator[None]:
        """Run one look-up. with_work: it came with proof of work. Raises Busy if too many run."""
        if not self.semaphore.acquire(self.TIMEOUT):
            raise Busy("receipts", "Very many receipts are looked up just now.", "Try again in a few minutes.")
        try:
            if self.is_high() and not with_work:
                with blocked():
                    self.sleep(self.DELAY)
            yield
        finally:
            self.semaphore.release()

    def record_miss(self, *, with_work: bool = False) -> None:
        """Record a failed look-up."""
        self._misses.count(with_work=with_work)

    def is_high(self) -> bool:
        """Return whether somebody guesses."""
        return self._misses.is_high()

    def required_bits(self) -> int:
        """Return the bits of work that a browser needs while somebody guesses."""
        return self._misses.required_bits()

    def is_proof_of_work(self, lookup: str, work: str) -> bool:
        """Return whether `work` was found for this look-up value (hexadecimal); it is not valid for another guess."""
        return is_proof_of_work(lookup, b"", work, self._misses.accepted_bits())


class FileLimiter:
    """Limits how many photos and recordings are decoded at once, so that they delay no letter.

    If very many come, none waits: it is decoded at once, or its letter is sent without it.
    """

    MAX_ACTIVE = 3
    """Threads of one process, of the twenty that gunicorn gives it (deploy/gunicorn.conf.py)."""

    FLOOD_THRESHOLD = 120
    """Files in ten minutes, above which none waits any more."""

    WAIT = 5.0
    """Seconds for which a file waits for a decoder if there is no flood."""

    def __init__(self, bucket: LeakyBucket | None = None) -> None:
        self.bucket = bucket or LeakyBucket(self.FLOOD_THRESHOLD)
        self.semaphore = threading.BoundedSemaphore(self.MAX_ACTIVE)

    @contextmanager
    def slot(self) -> Iterator[float]:
        """Process one file; yield how many seconds it may wait for a decoder. Raises Busy if too many are processed."""
        self.bucket.count()
        if not self.semaphore.acquire(blocking=False):
            raise Busy("files", "Very many photos come just now.", "Send the words, or try again in a few minutes.")
        try:
            with blocked():  # the decoder is a process of its own
                yield 0.0 if self.bucket.is_high() else self.WAIT
        finally:
            self.semaphore.release()
