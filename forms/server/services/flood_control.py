"""Detect too many letters or look-ups at once, without looking at who sends them; nobody is refused for it.

A whole village shares one address, and a training day looks like an attack from it. So nobody is limited by address.
Above a number of letters in ten minutes, those with proof of work go to the priority queue, others to the second.
All machines and workers before one database count together (shared_count.py).
"""

import hashlib
import mmap
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from forms.core.problem import Problem
from forms.server.blocked import blocked
from forms.server.services.shared_count import SharedCount
from forms.server.store.faults import NotKept

FLOOD_THRESHOLD = 30
"""Letters that may come at once, and so many again every ten minutes, before we speak of pressure."""

PLACES_A_LETTER = 2
"""Places of events for each letter that may come at once: with the threshold of letters, 60 as shipped."""

PLACES_THRESHOLD = PLACES_A_LETTER * FLOOD_THRESHOLD
"""Places that sign-ups may take at once, and so many again every ten minutes, before only staff give them out."""

BITS = 17
"""Leading zero bits of the work: 131,000 hashes on average, a few seconds of a cheap phone."""

MOST_BITS = 20
"""The work asked where even letters with work come in a flood: half a minute of a cheap phone."""

_REFILL = 600.0
_FULL = 2  # times the threshold: a flood that ends is forgotten after twenty minutes, however long it was


class LeakyBucket:
    """A leaky bucket. Holds one number and no letter, in memory that processes forked from this one share.

    Two processes that count at the same moment may count once: no lock is shared, so that none is left locked by a
    process that dies.
    """

    def __init__(self, threshold: int = FLOOD_THRESHOLD, clock: Callable[[], float] = time.monotonic) -> None:
        self._threshold, self._clock = threshold, clock
        self._shared = mmap.mmap(
            -1, 16
        )  # level and the moment of the last look (of a clock since boot), never on a disk
        self._lock = threading.Lock()
        self._put(0.0)

    def count(self, many: int = 1) -> None:
        """Count what came."""
        with self._lock:
            self._put(min(self._level() + many, _FULL * self._threshold))

    def fill(self, level: float) -> None:
        """Count as though so many had just come, the threshold at most: nobody knows when they came."""
        with self._lock:
            self._put(max(self._level(), min(level, self._threshold)))

    def is_high(self) -> bool:
        """Return whether more than the threshold come in ten minutes."""
        with self._lock:
            return self._level() >= self._threshold

    def _level(self) -> float:
        level, seen = struct.unpack_from("dd", self._shared)
        # Another process's look may be later than ours, and a clock may be set back: neither fills the bucket.
        return float(max(0.0, level - max(0.0, self._clock() - seen) * self._threshold / _REFILL))

    def _put(self, level: float) -> None:
        struct.pack_into("dd", self._shared, 0, level, self._clock())


class SharedBucket(LeakyBucket):
    """A leaky bucket into which also goes what comes to other machines before the same database."""

    def __init__(self, threshold: int, rows: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        """rows: returns how many there are in the database now."""
        super().__init__(threshold, clock)
        self._both = SharedCount(rows, clock)

    def count(self, many: int = 1) -> None:
        """Count what came here."""
        super().count(many)
        self._both.count(many)

    def is_high(self) -> bool:
        """Return whether more than the threshold come in ten minutes, here and elsewhere."""
        super().count(self._both.elsewhere())
        return super().is_high()


@dataclass(frozen=True)
class Rows:
    """How many letters a database holds: in all, of the priority queue, and of today. Each may raise NotKept."""

    all: Callable[[], int]
    first: Callable[[], int]
    today: Callable[[], int]


class FloodControl:
    """Measures how many letters come at once, and how many of them with proof of work.

    With `rows`, also those that come elsewhere. In a flood those of the priority queue came with work, but for the few
    that are unlike others (mailbox.py). After a start the letters of today count as though they had just come.
    """

    def __init__(
        self,
        threshold: int = FLOOD_THRESHOLD,
        clock: Callable[[], float] = time.monotonic,
        rows: Rows | None = None,
    ) -> None:
        self._all = LeakyBucket(threshold, clock)
        self._worked = [LeakyBucket(threshold * 4**step, clock) for step in range(MOST_BITS - BITS)]
        self._rows = rows
        self._letters = SharedCount(rows.all, clock) if rows else None
        self._first = SharedCount(rows.first, clock) if rows else None

    def count(self, *, worked: bool = False, first: bool = True) -> None:
        """Count one more letter. first: it went to the priority queue."""
        self._all.count()
        for step in self._worked if worked else ():
            step.count()
        if self._letters and self._first:
            self._letters.count()
            self._first.count(int(first))

    def look(self) -> None:
        """Count what came elsewhere, if a look is due; the database is asked at most once a second."""
        if self._rows is None or self._letters is None or self._first is None:
            return
        if self._letters.is_new:
            with suppress(NotKept):
                self._all.fill(self._rows.today())
        self._all.count(self._letters.elsewhere())
        if not self._all.is_high():
            self._first.forget()  # without a flood, letters without work go there too
            return
        worked = self._first.elsewhere()
        for step in self._worked:
            step.count(worked)

    def is_high(self) -> bool:
        """Return whether letters without work go to the second queue."""
        self.look()
        return self._all.is_high()

    def bits(self) -> int:
        """Return how much work is asked now: one bit more for every four times as many letters that came with work."""
        return BITS + sum(step.is_high() for step in self._worked)

    def enough(self) -> int:
        """Return how much work is taken: one bit less than is asked: the asking may have grown while a phone worked."""
        return max(BITS, self.bits() - 1)


class Busy(Problem):
    """Too many of one kind at once: this one was not made."""


class Room:
    """Lets few threads in at once and few more wait, first come, first served, however many clients connect."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free, self._most_waiting = at_once, waiting
        self._lock = threading.Lock()
        self.line: deque[threading.Event] = deque()

    def acquire(self, timeout: float) -> bool:
        """Return whether this thread is in; False after `timeout` seconds, and at once where too many wait."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            if len(self.line) >= self._most_waiting:
                return False
            turn = threading.Event()
            self.line.append(turn)
        with blocked():
            its_turn = turn.wait(timeout)
        if its_turn:
            return True
        with self._lock:
            if turn in self.line:
                self.line.remove(turn)
                return False
        return True  # its turn came in this very moment

    def release(self) -> None:
        """Let the first in the line in."""
        with self._lock:
            if self.line:
                self.line.popleft().set()
            else:
                self._free += 1


class LookupLimiter:
    """Look-ups of one kind: few at once, a few more in a line, so that letters always find a thread.

    Many invalid receipts mean that somebody guesses: then each look-up takes a little longer, or is asked for
    proof of work where a browser can do it. Each kind has its own, so that none is stopped by another.
    """

    AT_ONCE, WAITING = 2, 3
    """Look-ups at work and in the line, in each process: a server has many more threads (deploy/gunicorn.conf.py)."""

    PATIENCE = 10.0
    """Seconds in the line."""

    DELAY = 0.2
    """Seconds that a look-up takes longer while somebody guesses: ten guesses a second and process at most."""

    def __init__(self, misses: FloodControl | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._misses, self.sleep = misses or FloodControl(), sleep
        self.room = Room(self.AT_ONCE, self.WAITING)

    @contextmanager
    def one(self, *, worked: bool = False) -> Iterator[None]:
        """One look-up; worked: it came with proof of work. Raises Busy where too many are at work."""
        if not self.room.acquire(self.PATIENCE):
            raise Busy("receipts", "Very many receipts are looked up just now.", "Try again in a few minutes.")
        try:
            if self.is_high() and not worked:
                with blocked():
                    self.sleep(self.DELAY)
            yield
        finally:
            self.room.release()

    def missed(self, *, worked: bool = False) -> None:
        """Record a failed look-up."""
        self._misses.count(worked=worked)

    def is_high(self) -> bool:
        """Return whether somebody guesses."""
        return self._misses.is_high()

    def work_asked(self) -> int:
        """Return the bits of work that a browser is asked for while somebody guesses."""
        return self._misses.bits()

    def is_worked(self, lookup: str, work: str) -> bool:
        """Return whether `work` was found for just this look-up value (hexadecimal): it serves no other guess."""
        return is_worked(lookup, b"", work, self._misses.enough())


class Files:
    """Lets few photos and recordings be decoded at once, so that threads that wait for them delay no letter.

    Where very many come, none waits: it is opened at once, or its letter goes on without it.
    """

    AT_ONCE = 3
    """Threads of one process, of the twenty that gunicorn gives it (deploy/gunicorn.conf.py)."""

    FLOOD_THRESHOLD = 120
    """Files in ten minutes, before none waits any more."""

    WAIT = 5.0
    """Seconds that a file waits for a decoder while no flood is on."""

    def __init__(self, came: LeakyBucket | None = None) -> None:
        self.came = came or LeakyBucket(self.FLOOD_THRESHOLD)
        self.room = threading.BoundedSemaphore(self.AT_ONCE)

    @contextmanager
    def one(self) -> Iterator[float]:
        """One file: how long it may wait for a decoder. Raises Busy where too many are at work."""
        self.came.count()
        if not self.room.acquire(blocking=False):
            raise Busy("files", "Very many photos come just now.", "Send the words, or try again in a few minutes.")
        try:
            with blocked():  # the decoder is a process of its own
                yield 0.0 if self.came.is_high() else self.WAIT
        finally:
            self.room.release()


def is_worked(letter_id: str, sealed: bytes, work: str, bits: int = BITS) -> bool:
    """Return whether `work` (a number as text) is a proof of work for exactly this letter.

    SHA-256 of "portal-work <id> <SHA-256 of the letter, hexadecimal> <work>" begins with `bits` zero bits.
    """
    if not (work.isascii() and work.isdigit() and len(work) <= 20):  # noqa: PLR2004
        return False
    return _zeros(work_text(letter_id, sealed, work)) >= bits


def work_text(letter_id: str, sealed: bytes, work: str) -> bytes:
    """Return what is hashed."""
    return f"portal-work {letter_id} {hashlib.sha256(sealed).hexdigest()} {work}".encode()


def _zeros(text: bytes) -> int:
    digest = hashlib.sha256(text).digest()
    return 256 - int.from_bytes(digest).bit_length()
