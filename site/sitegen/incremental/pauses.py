"""Limits how often `serve` compares all files while nothing seems to change: to a small share of a processor."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

SHARE = 0.0025
"""Of a processor: what repeated comparisons of all files may take."""

LONGEST = 30.0
"""Seconds after which all files are compared in any case."""


class Pause:
    """The time from one comparison of all files to the next, in proportion to its cost. At first it is over."""

    def __init__(self) -> None:
        self._end = 0.0

    def is_over(self) -> bool:
        """Return whether it is time for the next comparison."""
        return time.monotonic() >= self._end

    def stop(self) -> None:
        """End the pause: something changed, or could not be read."""
        self._end = 0.0

    @contextmanager
    def behind(self) -> Iterator[None]:
        """Start the pause after the block, which compares all files. Where that raises, there is no pause."""
        self.stop()
        began = time.thread_time()
        yield
        self._end = time.monotonic() + min(LONGEST, (time.thread_time() - began) / SHARE)
