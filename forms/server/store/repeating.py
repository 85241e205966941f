"""Repeat what a database took back by itself: transactions that met another, and those whose connection was lost."""

import functools
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from forms.server.blocked import blocked
from forms.server.store.faults import CONFLICT, NotKept

P = ParamSpec("P")
R = TypeVar("R")

Fault = Callable[[str], None]
"""Is called with a fault of a database: a word of faults.py."""

PATIENCE = 10.0
"""Seconds in which transactions that conflict are repeated: each time at least one of them is through."""

LOST = (0.05, 0.2, 0.7)
"""Seconds before each further try after a connection was lost: longer, and the person is asked to send again."""

_LONGEST_PAUSE = 0.25
_FIRST_PAUSE = 0.01


class _Thread(threading.local):
    """repeats: whether what this thread does now is repeated if it fails."""

    repeats = False


_thread = _Thread()


def is_repeated() -> bool:
    """Return whether a failure now leads to another try, so that it need not be reported yet."""
    return _thread.repeats


def repeated(method: Callable[P, R]) -> Callable[P, R]:
    """Repeat a method of a store or a part of one where the database took it back: done twice, it does nothing more.

    What may be done already, since the connection was lost over the very commit, is raised.
    """
    return _repeating(method, even_if_done=False)


def repeated_even_if_done(method: Callable[P, R]) -> Callable[P, R]:
    """Repeat one too that may be done already: done twice, it does what it does once."""
    return _repeating(method, even_if_done=True)


def _repeating(method: Callable[P, R], *, even_if_done: bool) -> Callable[P, R]:
    @functools.wraps(method)
    def tried(*args: P.args, **more: P.kwargs) -> R:
        if _thread.repeats:  # part of a method that is repeated as a whole
            return method(*args, **more)
        _thread.repeats = True
        try:
            return _tried(functools.partial(method, *args, **more), even_if_done)
        except NotKept as problem:
            if problem.again:
                store: Any = args[0]
                store.on_fault(problem.fault)
            raise
        finally:
            _thread.repeats = False

    return tried


def _tried(work: Callable[[], R], even_if_done: bool) -> R:
    lost, pause, end = list(LOST), _FIRST_PAUSE, time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except NotKept as problem:
            if not problem.again or (problem.may_be_done and not even_if_done):
                raise
            if problem.again == CONFLICT:
                if time.monotonic() > end:
                    raise
                wait, pause = secrets.randbelow(1000) / 1000 * pause, min(2 * pause, _LONGEST_PAUSE)
            elif lost:
                wait = lost.pop(0)
            else:
                raise
        with blocked():
            time.sleep(wait)
