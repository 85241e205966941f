"""Tell the scheduler in districts/fair_turns.py when a thread waits for something other than the processor.

A service with one district has no scheduler, and no listener.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _Thread(threading.local):
    """listener: called when this thread starts and stops waiting. depth: how many `blocked` blocks are nested."""

    listener: Callable[[bool], None] | None = None
    depth: int = 0


_thread = _Thread()


def set_block_listener(listener: Callable[[bool], None] | None) -> None:
    """Have `listener` called with True when this thread starts to wait, and with False when it continues."""
    _thread.listener, _thread.depth = listener, 0


@contextmanager
def blocked() -> Iterator[None]:
    """Run a block that waits: in the queue of look-ups, for a database lock, for a decoder."""
    listener = _thread.listener
    if listener is None:
        yield
        return
    _thread.depth += 1
    if _thread.depth == 1:
        listener(True)
    try:
        yield
    finally:
        _thread.depth -= 1
        if not _thread.depth:
            listener(False)
