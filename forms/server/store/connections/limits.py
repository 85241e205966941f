"""How many connections to PostgreSQL a process may have."""

import threading
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import TimeoutError as PoolTimeout

from forms.server.blocked import blocked

CONNECTIONS = 40
"""Connections of one service. PostgreSQL allows 100 by default, for all its clients, and reserves three of them."""

WORKERS = 2
"""Processes of a service, as deploy/gunicorn.conf.py starts them."""

_MAX_WAIT = 30.0  # seconds for a free connection

_MIN_POOL_SIZE = 2


class ConnectionLimit:
    """How many connections to PostgreSQL a process may have at once, for all its databases together.

    If each database can have at least two, it keeps its share open. Otherwise, as with many districts in one service,
    each transaction opens a connection of its own, and waits while the process has as many as it may.
    """

    def __init__(self, maximum: int = CONNECTIONS // WORKERS, databases: int = 2) -> None:
        self.share = maximum // databases
        self._free = threading.BoundedSemaphore(max(1, maximum))

    def pool_options(self) -> dict[str, Any]:
        """Return the arguments of `create_engine` for the connection pool."""
        if self.share < _MIN_POOL_SIZE:
            return {"poolclass": sa.NullPool}
        return {
            "poolclass": sa.QueuePool, "pool_size": self.share, "max_overflow": 0, "pool_timeout": _MAX_WAIT,
            "pool_pre_ping": True,  # detects a dead connection before a letter is written to it
        }  # fmt: skip

    def watch(self, engine: sa.Engine) -> None:
        """Count the connections of an engine that keeps none open."""
        if self.share < _MIN_POOL_SIZE:
            sa.event.listen(engine, "do_connect", self._connect)
            sa.event.listen(engine, "close", self._release)

    def _connect(self, dialect: sa.Dialect, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        """Connect to the database. Raises PoolTimeout if none of this process's connections becomes free in time."""
        with blocked():
            is_free = self._free.acquire(timeout=_MAX_WAIT)
        if not is_free:
            raise PoolTimeout("no connection is free")
        try:
            return dialect.connect(*arguments, **options)
        except BaseException:
            self._free.release()
            raise

    def _release(self, *_: object) -> None:
        with suppress(ValueError):
            self._free.release()
