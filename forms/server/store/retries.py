"""Repeat transactions that the database rolled back because of a conflict, or whose connection was lost."""

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

OnFault = Callable[[str], None]
"""Called with each fault of a database: one of faults.FAULTS."""

_CONFLICT_TIMEOUT = 10.0
"""Seconds for which conflicting transactions are repeated; in each round at least one of them succeeds."""

_LOST_PAUSES = (0.05, 0.2, 0.7)
"""Seconds before each retry after a connection was lost. After the last one the person is asked to send again."""

_MAX_PAUSE = 0.25
_FIRST_PAUSE = 0.01


class _Thread(threading.local):
    """is_retrying: whether this thread runs a method that is retried if it fails."""

    is_retrying = False


_thread = _Thread()


def will_be_retried() -> bool:
    """Return whether a failure now leads to a retry, so that it need not be reported yet."""
    return _thread.is_retrying


def retry(method: Callable[P, R]) -> Callable[P, R]:
    """Decorate a method of a store or a store part: retry it if its transaction was rolled back.

    It is not retried if its transaction may have been committed, since the connection was lost during the commit.
    """
    return _retrying(method, is_idempotent=False)


def retry_idempotent(method: Callable[P, R]) -> Callable[P, R]:
    """Decorate a method that has the same effect if it runs twice: retry it also if it may have been committed."""
    return _retrying(method, is_idempotent=True)


def _retrying(method: Callable[P, R], *, is_idempotent: bool) -> Callable[P, R]:
    @functools.wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if _thread.is_retrying:  # called by another such method, which is retried as a whole
            return method(*args, **kwargs)
        _thread.is_retrying = True
        try:
            return _call(functools.partial(method, *args, **kwargs), is_idempotent)
        except NotKept as problem:
            if problem.retry_reason:
                store: Any = args[0]
                store.on_fault(problem.fault)
            raise
        finally:
            _thread.is_retrying = False

    return wrapper


def _call(method: Callable[[], R], is_idempotent: bool) -> R:
    """Call a method until it succeeds. Raises its NotKept if a retry would not help, or after the last retry."""
    lost_pauses, conflict_pause = list(_LOST_PAUSES), _FIRST_PAUSE
    end = time.monotonic() + _CONFLICT_TIMEOUT
    while True:
        try:
            return method()
        except NotKept as problem:
            if not problem.retry_reason or (problem.may_be_committed and not is_idempotent):
                raise
            if problem.retry_reason == CONFLICT:
                if time.monotonic() > end:
                    raise
                pause = secrets.randbelow(1000) / 1000 * conflict_pause
                conflict_pause = min(2 * conflict_pause, _MAX_PAUSE)
            elif lost_pauses:
                pause = lost_pauses.pop(0)
            else:
                raise
        with blocked():
            time.sleep(pause)
