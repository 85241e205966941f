"""Schedule requests: districts take turns, so that a flood in one does not slow the others.

A request that waits for a database, a decoder or other look-ups has no turn (forms/server/blocked.py), and neither has
one that takes long: so a district that hangs does not stop the others. Few requests of one district run at once.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from forms.server.blocked import set_block_listener

MAX_ACTIVE = 1
"""Turns in a process at once, of all districts: Python runs one thread at a time anyway."""

LEASE = 0.05
"""Seconds after which a turn does not count any more."""

MAX_ACTIVE_PER_DISTRICT = 2
"""Turns of one district at once: while one request writes to the disk, another can run."""

MAX_THREADS_PER_DISTRICT = 24
"""Threads of a process that one district may use, with or without a turn."""


class FairTurns:
    """Gives turns to the district whose last turn was longest ago, and within it in the order of requests.

    waiting: the turns for which each district waits. leases: the turns in use, with their districts and when each
    began. threads: how many threads each district uses.
    """

    def __init__(
        self,
        max_active: int = MAX_ACTIVE,
        lease: float = LEASE,
        max_threads: int = MAX_THREADS_PER_DISTRICT,
        max_active_per_district: int = MAX_ACTIVE_PER_DISTRICT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_active, self._lease, self._max_threads, self._clock = max_active, lease, max_threads, clock
        self._max_active_per_district = max_active_per_district
        self._lock = threading.Lock()
        self.waiting: dict[str, deque[threading.Event]] = {}
        self.leases: dict[threading.Event, tuple[str, float]] = {}
        self.threads: dict[str, int] = {}
        self._last_turn: dict[str, int] = {}
        self._turn_count = 0

    def enter(self, district: str) -> threading.Event | None:
        """Wait for a turn of this district and return it; None at once if it uses as many threads as it may."""
        turn = threading.Event()
        with self._lock:
            if self.threads.get(district, 0) >= self._max_threads:
                return None
            self.threads[district] = self.threads.get(district, 0) + 1
            self.waiting.setdefault(district, deque()).append(turn)
            self._give_turns()
        while not turn.wait(self._lease):
            with self._lock:
                self._give_turns()  # a lease may have ended meanwhile
        set_block_listener(partial(self._block, turn, district))
        return turn

    def leave(self, turn: threading.Event) -> None:
        """Give a turn back: the response is ready, and only has to be sent."""
        set_block_listener(None)
        with self._lock:
            self.leases.pop(turn, None)
            self._give_turns()

    def release(self, district: str) -> None:
        """Count a thread of this district as free."""
        with self._lock:
            self.threads[district] -= 1
            if not self.threads[district]:
                del self.threads[district]

    def _block(self, turn: threading.Event, district: str, is_blocked: bool) -> None:
        """Suspend the turn of a request while it waits for something else."""
        with self._lock:
            if is_blocked:
                self.leases.pop(turn, None)
                self._give_turns()
            else:
                self.leases[turn] = (district, self._clock())

    def _give_turns(self) -> None:
        """Give turns while there are any. The caller must have the lock."""
        while self._active() < self._max_active:
            active = [district for district, _ in self.leases.values()]
            candidates = [name for name in self.waiting if active.count(name) < self._max_active_per_district]
            if not candidates:
                return
            district = min(candidates, key=lambda name: self._last_turn.get(name, 0))
            turn = self.waiting[district].popleft()
            if not self.waiting[district]:
                del self.waiting[district]
            self._turn_count += 1
            self._last_turn[district] = self._turn_count
            self.leases[turn] = (district, self._clock())
            turn.set()

    def _active(self) -> int:
        """Return how many leases have not ended."""
        now = self._clock()
        return sum(now - since < self._lease for _, since in self.leases.values())
