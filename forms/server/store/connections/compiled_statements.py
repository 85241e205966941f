"""SQL statements that are compiled once in a process, not once for each database."""

from collections.abc import Iterator, MutableMapping
from typing import Any

from sqlalchemy.util import LRUCache


class SharedStatements(MutableMapping[tuple[Any, ...], Any]):
    """A cache of compiled statements for all databases of a process.

    SQLAlchemy's own cache has the dialect in its key and compares dialects by identity, so each engine would compile
    every statement again. Dialects of the same driver and server version compile alike: here they share a key, and each
    statement is compiled once for all districts of a service. Safe to use from several threads.
    """

    def __init__(self, capacity: int) -> None:
        self._cache: LRUCache[Any, Any] = LRUCache(capacity)

    @staticmethod
    def _shared_key(key: tuple[Any, ...]) -> tuple[Any, ...]:
        dialect, *rest = key
        return dialect.name, dialect.driver, dialect.server_version_info, *rest

    def __getitem__(self, key: tuple[Any, ...]) -> Any:
        return self._cache[self._shared_key(key)]

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        self._cache[self._shared_key(key)] = compiled

    def __delitem__(self, key: tuple[Any, ...]) -> None:
        del self._cache[self._shared_key(key)]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._cache)

    def __len__(self) -> int:
        return len(self._cache)


COMPILED = SharedStatements(1000)
"""The statements of this process; the least recently used are dropped."""
