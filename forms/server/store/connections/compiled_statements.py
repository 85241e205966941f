"""SQL statements that are compiled once in a process, not once for each database."""

from collections.abc import Iterator, MutableMapping
from typing import Any

from sqlalchemy.util import LRUCache


class SharedStatements(MutableMapping[tuple[Any, ...], Any]):
    """Compiled statements of all databases of a process: SQLAlchemy would keep those of each engine apart.

    It keeps them under the engine's dialect, and compares dialects by identity. Two of the same driver and server
    version compile alike, so each statement is compiled once for all districts of a service. Safe from several threads.
    """

    def __init__(self, capacity: int) -> None:
        self._kept: LRUCache[Any, Any] = LRUCache(capacity)

    @staticmethod
    def _shared(key: tuple[Any, ...]) -> tuple[Any, ...]:
        dialect, *rest = key
        return dialect.name, dialect.driver, dialect.server_version_info, *rest

    def __getitem__(self, key: tuple[Any, ...]) -> Any:
        return self._kept[self._shared(key)]

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        self._kept[self._shared(key)] = compiled

    def __delitem__(self, key: tuple[Any, ...]) -> None:
        del self._kept[self._shared(key)]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


COMPILED = SharedStatements(1000)
"""The statements of this process; what was not used for longest is dropped."""
