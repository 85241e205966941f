"""Engines for SQLite and PostgreSQL, with the settings that make each commit durable."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from forms.core.problem import Problem
from forms.server.store.connections.compiled_statements import COMPILED
from forms.server.store.connections.limits import ConnectionLimit
from forms.server.store.connections.sqlite_files import OpenFiles, keep_private

_KEEPALIVE = {
    "connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 5, "keepalives_interval": 3,
    "keepalives_count": 3, "application_name": "portal",
}  # fmt: skip
"""Detect within ten seconds that the database's machine is gone. An address may set other values."""

_OVERFLOW = 25
"""SQLite: connections besides the five that stay open; together more than the threads of one district."""


def make_engine(url: str, limit: ConnectionLimit, files: OpenFiles | None = None) -> sa.Engine:
    """Return the engine for an address, which connects on first use. Raises Problem for a malformed address.

    files: the files that an SQLite database had when it was opened. Parameters contain what people wrote, so they never
    appear in an error's text.
    """
    try:
        kind = sa.make_url(url).get_backend_name()
        pool = {"max_overflow": _OVERFLOW} if kind == "sqlite" else limit.pool_options()
        connecting = {} if kind == "sqlite" else {"connect_args": _keepalive_arguments(url)}
        engine = sa.create_engine(
            url, hide_parameters=True, execution_options={"compiled_cache": COMPILED}, **pool, **connecting
        )
    except (ArgumentError, ImportError):  # the message leaves the address out: it may contain a password
        todo = "Write it like postgresql+psycopg://portal@/concerns?host=/run/postgresql, or leave it out."
        raise Problem("store", "The address of a database cannot be read.", todo) from None
    if kind == "sqlite":
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_immediate)
        if files:
            sa.event.listen(engine, "do_connect", files.require_first)
            sa.event.listen(engine, "connect", files.remember)
        sa.event.listen(engine, "do_connect", keep_private)
    else:
        limit.watch(engine)
        sa.event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _keepalive_arguments(url: str) -> dict[str, Any]:
    """Return the keep-alive settings that the address does not set itself."""
    query = sa.make_url(url).query
    return {name: value for name, value in _KEEPALIVE.items() if name not in query}


def make_checkpoint_engine(engine: sa.Engine, url: str, files: OpenFiles) -> sa.Engine:
    """Return an engine of its own for emptying SQLite's write-ahead log; for PostgreSQL, which has none, `engine`."""
    if engine.dialect.name != "sqlite":
        return engine
    checkpoints = sa.create_engine(
        url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", execution_options={"compiled_cache": COMPILED}
    )
    sa.event.listen(checkpoints, "do_connect", files.require_first)
    sa.event.listen(checkpoints, "do_connect", keep_private)
    return checkpoints


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy, not the driver, begins transactions
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA busy_timeout=30000")


def _begin_immediate(connection: sa.Connection) -> None:
    # A transaction that takes the write lock at once waits for it; one that reads first can fail halfway.
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _set_up_postgresql(connection: Any, _record: Any) -> None:
    """Make each commit wait for the disk, and for the replica if the server is set to wait for one.

    A receipt is shown once the letter is durable; no setting of the server or the database may change that.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting("
                       "'synchronous_commit') IN ('off', 'local', 'remote_write')")  # fmt: skip
    connection.commit()
