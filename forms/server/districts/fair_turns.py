"""Schedule requests: districts take turns, so that a flood of one does not slow the others.

A request that waits for a database, a decoder or a line of look-ups holds no turn (forms/server/blocked.py), nor does
one that takes long: so a district that hangs stops nobody else either. Of one district only few run beside others.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from forms.server.blocked import tell_of_this_thread

AT_WORK = 1
"""Requests of all districts that are at work at once in a process: Python runs one at a time anyway."""

LEASE = 0.05
"""Seconds for which a request counts as at work."""

RUN_OF_ONE = 2
"""Requests of one district that run at once, blocked ones not counted: one may be written to the disk meanwhile."""

MOST_OF_ONE = 24
"""Threads of a process that one district may hold, at work, waiting or blocked."""


class FairTurns:
    """Gives turns to the district whose last turn was longest ago, and within it in the order of requests."""

    def __init__(
        self,
        at_work: int = AT_WORK,
        lease: float = LEASE,
        most_of_one: int = MOST_OF_ONE,
        run_of_one: int = RUN_OF_ONE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_work, self._lease, self._most, self._clock = at_work, lease, most_of_one, clock
        self._run_of_one = run_of_one
        self._lock = threading.Lock()
        # by district: who waits for a turn, and how many threads it holds; leases: turns at work, and since when
        self.waiting: dict[str, deque[threading.Event]] = {}
        self.leases: dict[threading.Event, tuple[str, float]] = {}
        self.held: dict[str, int] = {}
        self._served: dict[str, int] = {}
        self._turns = 0

    def enter(self, district: str) -> threading.Event | None:
        """Wait for a turn of this district and return it; None at once if it holds as many threads as it may."""
        turn = threading.Event()
        with self._lock:
            if self.held.get(district, 0) >= self._most:
                return None
            self.held[district] = self.held.get(district, 0) + 1
            self.waiting.setdefault(district, deque()).append(turn)
            self._give()
        while not turn.wait(self._lease):
            with self._lock:
                self._give()  # whoever is at work may be so no longer, without having said so
        tell_of_this_thread(partial(self._block, turn, district))
        return turn

    def leave(self, turn: threading.Event) -> None:
        """Give a turn back: the page is made, and only has to be sent."""
        tell_of_this_thread(None)
        with self._lock:
            self.leases.pop(turn, None)
            self._give()

    def release(self, district: str) -> None:
        """Free the thread."""
        with self._lock:
            self.held[district] -= 1
            if not self.held[district]:
                del self.held[district]

    def _block(self, turn: threading.Event, district: str, waits: bool) -> None:
        """Suspend the turn of a request that waits for something else, and count it again when it continues."""
        with self._lock:
            if waits:
                self.leases.pop(turn, None)
                self._give()
            else:
                self.leases[turn] = (district, self._clock())

    def _give(self) -> None:
        """Give turns while there are any; whoever holds the lock calls it."""
        while self._working() < self._at_work:
            running = [district for district, _ in self.leases.values()]
            able = [name for name in self.waiting if running.count(name) < self._run_of_one]
            if not able:
                return
            district = min(able, key=lambda name: self._served.get(name, 0))
            turn = self.waiting[district].popleft()
            if not self.waiting[district]:
                del self.waiting[district]
            self._turns += 1
            self._served[district] = self._turns
            self.leases[turn] = (district, self._clock())
            turn.set()

    def _working(self) -> int:
        now = self._clock()
        return sum(now - since < self._lease for _, since in self.leases.values())
