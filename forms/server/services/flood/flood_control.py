"""Detect floods of letters, without looking at who sends them; no letter is refused for it.

A whole village shares one IP address, and a training day looks like an attack from it. So nothing is limited by
address. Above a number of letters in ten minutes, those with proof of work go to the priority queue, others to the
second. All machines and workers before one database count together (shared_count.py).
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from forms.server.services.flood.leaky_bucket import LeakyBucket
from forms.server.services.flood.proof_of_work import BITS, MAX_BITS
from forms.server.services.flood.shared_count import SharedCount
from forms.server.store.faults import NotKept

FLOOD_THRESHOLD = 30
"""Letters that may come at once, and as many again every ten minutes, before it counts as a flood."""

PLACES_PER_LETTER = 2
"""Places of events for each letter that may come at once: by default 60, with the threshold of letters."""

PLACES_THRESHOLD = PLACES_PER_LETTER * FLOOD_THRESHOLD
"""Places that sign-ups may take at once, and as many again every ten minutes, before only staff give them out."""


@dataclass(frozen=True)
class LetterCounts:
    """Functions that count the letters of a database: all, those of the priority queue, today's. May raise NotKept."""

    all: Callable[[], int]
    priority: Callable[[], int]
    today: Callable[[], int]


class FloodControl:
    """Measures how many letters come at once, and how many of them with proof of work.

    With `counts`, also the letters that come elsewhere. In a flood, letters of the priority queue came with work,
    except for the few that are unlike others (`Services.keep_concern`). After a start, today's letters count as if they
    had just come.
    """

    def __init__(
        self,
        threshold: int = FLOOD_THRESHOLD,
        clock: Callable[[], float] = time.monotonic,
        counts: LetterCounts | None = None,
    ) -> None:
        self._all = LeakyBucket(threshold, clock)
        self._with_work = [LeakyBucket(threshold * 4**step, clock) for step in range(MAX_BITS - BITS)]
        self._counts = counts
        self._all_shared = SharedCount(counts.all, clock) if counts else None
        self._priority_shared = SharedCount(counts.priority, clock) if counts else None

    def count(self, *, with_work: bool = False, is_priority: bool = True) -> None:
        """Count one more letter. is_priority: it went to the priority queue."""
        self._all.count()
        for bucket in self._with_work if with_work else ():
            bucket.count()
        if self._all_shared and self._priority_shared:
            self._all_shared.count()
            self._priority_shared.count(int(is_priority))

    def update(self) -> None:
        """Count what came elsewhere, if a reading is due; the database is read at most once a second."""
        if self._counts is None or self._all_shared is None or self._priority_shared is None:
            return
        if self._all_shared.is_unread:
            with suppress(NotKept):
                self._all.fill(self._counts.today())
        self._all.count(self._all_shared.added_elsewhere())
        if not self._all.is_high():
            self._priority_shared.reset()  # without a flood, letters without work go to the priority queue too
            return
        added_with_work = self._priority_shared.added_elsewhere()
        for bucket in self._with_work:
            bucket.count(added_with_work)

    def is_high(self) -> bool:
        """Return whether letters without work go to the second queue."""
        self.update()
        return self._all.is_high()

    def required_bits(self) -> int:
        """Return how much work is required now: one bit more for every four times as many letters with work."""
        return BITS + sum(bucket.is_high() for bucket in self._with_work)

    def accepted_bits(self) -> int:
        """Return how much work is accepted: one bit less, since the requirement may have grown while a phone worked."""
        return max(BITS, self.required_bits() - 1)
