"""How often `serve` looks at everything while nothing shows that anything changed: a small share of a processor."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

SHARE = 0.0025
"""Of a processor: what looking at everything may take again and again."""

LONGEST = 30.0
"""Seconds after which all is looked at in any case."""


class Pause:
    """The time from one look at everything to the next, the longer the more the last one took. At first it is over."""

    def __init__(self) -> None:
        self._end = 0.0

    def is_over(self) -> bool:
        """Return whether it is time to look at everything."""
        return time.monotonic() >= self._end

    def stop(self) -> None:
        """Let it be over: something changed, or could not be looked at."""
        self._end = 0.0

    @contextmanager
    def behind(self) -> Iterator[None]:
        """Begin anew behind the block, which looks at everything; where that raises, it stays over."""
        self.stop()
        began = time.thread_time()
        yield
        self._end = time.monotonic() + min(LONGEST, (time.thread_time() - began) / SHARE)
