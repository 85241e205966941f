"""Report that a thread waits for something else than the processor, to the scheduler in districts/fair_turns.py.

Where a service has one district, nobody gives out turns, and nothing is told.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Thread(threading.local):
    """tell: what is told whether this thread waits; depth: how many waits are inside one another."""

    tell: Callable[[bool], None] | None = None
    depth: int = 0


_thread = _Thread()


def tell_of_this_thread(tell: Callable[[bool], None] | None) -> None:
    """Have `tell` called with True when this thread begins to wait, and with False when it goes on; None: nobody."""
    _thread.tell, _thread.depth = tell, 0


@contextmanager
def blocked() -> Iterator[None]:
    """Run a block that waits: in the queue of look-ups, for a database lock, for a decoder."""
    tell = _thread.tell
    if tell is None:
        yield
        return
    _thread.depth += 1
    if _thread.depth == 1:
        tell(True)
    try:
        yield
    finally:
        _thread.depth -= 1
        if not _thread.depth:
            tell(False)
