"""A cache for one request: a page that only reads asks many times for the same state of content/."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any, TypeVar, cast

_THREAD = local()
Result = TypeVar("Result")


@contextmanager
def request_cache() -> Iterator[None]:
    """Keep the results of `cached` in this thread while the block runs.

    For pages that write nothing. What another program changes meanwhile shows on the next page.
    """
    _THREAD.results = {}
    try:
        yield
    finally:
        _THREAD.results = None


def cached(key: object, compute: Callable[[], Result]) -> Result:
    """Return the result of `compute`. In a request cache it is called once for each key, outside of one each time."""
    results: dict[object, Any] | None = getattr(_THREAD, "results", None)
    if results is None:
        return compute()
    if key not in results:
        results[key] = compute()
    return cast("Result", results[key])
