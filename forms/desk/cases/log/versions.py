"""Concurrent versions of something, written on different machines: which are the latest, and whether they conflict.

An entry of a case log and a mark of attendance name what their writer had seen (`after`). This distinguishes a
conflict from a change of mind without trusting any clock (L. Lamport, 1978; docs/decisions/0007). Different bytes for
the same letter are not a version of it: forms/desk/sync/fetching.py keeps the first and stores the others apart.
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
    """Return the versions that no other of them has seen, in their order.

    known: all versions through which one may have seen another. Only damaged data contains cycles: then all of
    `versions` are returned.
    """
    if len(versions) < 2:  # noqa: PLR2004 - nothing to compare
        return list(versions)
    by_id = {version.id: version for version in known}
    seen = {version.id: _ancestors(version, by_id) for version in versions}
    last = [
        version
        for version in versions
        if not any(version.id in seen[other.id] for other in versions if other.id != version.id)
    ]
    return last or list(versions)


def conflicting(versions: Sequence[T], content: Callable[[T], Hashable]) -> tuple[T, ...]:
    """Return the versions if their contents differ, else nothing."""
    return tuple(versions) if len({content(version) for version in versions}) > 1 else ()


def _ancestors(version: T, known: Mapping[str, T]) -> set[str]:
    """Return the ids of all versions that the author of this one had seen, directly or through others."""
    ancestors: set[str] = set()
    remaining = list(version.after)
    while remaining:
        id = remaining.pop()
        if id not in ancestors:
            ancestors.add(id)
            remaining += known[id].after if id in known else ()
    return ancestors
