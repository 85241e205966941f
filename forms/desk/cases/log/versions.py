"""Concurrent versions of something, written on different machines: which count, and whether they differ.

An entry of a case log and a mark of attendance name what their writer had seen (`after`). So a change of mind is told
from a conflict with no clock to trust (L. Lamport, 1978; docs/decisions/0007). Other bytes that come for a letter are
no version of it: forms/desk/sync/fetching.py keeps the first and puts the others aside.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar


class Version(Protocol):
    """A version that names the versions its author had seen."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def after(self) -> tuple[str, ...]:
        """The ids of the versions its author had seen."""


T = TypeVar("T", bound=Version)


def latest(versions: Sequence[T], known: Iterable[T]) -> list[T]:
    """Return the versions that no other of them has seen, in their order; all of them where each was seen.

    known: everything through which one may have seen another. Only damaged data holds circles: then all are shown.
    """
    if len(versions) < 2:  # noqa: PLR2004 - nothing to compare
        return list(versions)
    by_id = {one.id: one for one in known}
    seen = {one.id: _seen(one, by_id) for one in versions}
    last = [one for one in versions if not any(one.id in seen[other.id] for other in versions if other.id != one.id)]
    return last or list(versions)


def rivals(versions: Sequence[T], said: Callable[[T], Hashable]) -> tuple[T, ...]:
    """Return the versions that stand where they do not say the same, else nothing."""
    return tuple(versions) if len({said(one) for one in versions}) > 1 else ()


def _seen(version: T, known: Mapping[str, T]) -> set[str]:
    """Return the ids of all that this one had seen, directly or through others."""
    found: set[str] = set()
    left = list(version.after)
    while left:
        id = left.pop()
        if id not in found:
            found.add(id)
            left += known[id].after if id in known else ()
    return found
