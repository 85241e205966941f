"""What a page that is only shown asks for many times, and what need be looked for once: how content/ stands now."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any, TypeVar, cast

_THREAD = local()
Found = TypeVar("Found")


@contextmanager
def one_moment() -> Iterator[None]:
    """Let everything that is asked in this thread meanwhile be answered as it was the first time.

    For pages that write nothing: what another program changes while one is drawn is seen by the next.
    """
    _THREAD.known = {}
    try:
        yield
    finally:
        _THREAD.known = None


def once(what: object, find: Callable[[], Found]) -> Found:
    """Return what is found, found once in a moment; anew each time outside of one."""
    known: dict[object, Any] | None = getattr(_THREAD, "known", None)
    if known is None:
        return find()
    if what not in known:
        known[what] = find()
    return cast("Found", known[what])
