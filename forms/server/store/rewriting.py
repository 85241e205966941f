"""Rewrite all rows of a database in random order, so that no file reveals in which order letters came."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

_BATCH_BYTES = 8 * 1024 * 1024
"""Bytes that are rewritten at once: a letter waits for one batch at most."""

_Keys = Sequence[Mapping[str, Any]]


def rewrite_sqlite(
    engine: sa.Engine,
    checkpoints: sa.Engine,
    tables: Sequence[sa.Table],
    write_turn: Callable[[], AbstractContextManager[None]],
) -> None:
    """Delete and insert every row. Raises SQLAlchemyError, and what `write_turn` raises.

    checkpoints: an engine whose connections enforce no foreign keys. write_turn: waits until this thread may write.
    """
    reading = engine.execution_options(isolation_level="AUTOCOMMIT")
    for table in tables:
        for keys in _shuffled_batches(reading, table):
            with _half_the_time(), write_turn(), checkpoints.connect() as connection:
                _replace_rows(connection, table, keys)


def rewrite_postgresql(engine: sa.Engine, tables: Sequence[sa.Table]) -> None:
    """Update every row, which writes a new one, and then free the room of the old ones. Raises SQLAlchemyError."""
    reading = engine.execution_options(isolation_level="AUTOCOMMIT")
    for table in tables:
        for keys in _shuffled_batches(reading, table):
            with _half_the_time(), engine.begin() as connection:
                for key in keys:
                    connection.execute(table.update().filter_by(**key).values(_unchanged_values(table)))
    _vacuum(reading, tables)


@contextmanager
def _half_the_time() -> Iterator[None]:
    """Wait for as long as the block took, so that letters have half of the time."""
    begin = time.monotonic()
    yield
    time.sleep(time.monotonic() - begin)


def _shuffled_batches(reading: sa.Engine, table: sa.Table) -> list[list[dict[str, Any]]]:
    """Return the keys of all rows in random order, in batches of a few megabytes."""
    sealed = sa.func.length(table.c.sealed) if "sealed" in table.c else sa.literal(100)
    with reading.connect() as connection:
        keys = [dict(row._mapping) for row in connection.execute(sa.select(*table.primary_key.columns))]
        size = int(connection.execute(sa.select(sa.func.max(sealed)).select_from(table)).scalar() or 1)
    secrets.SystemRandom().shuffle(keys)
    batch = max(8, min(200, _BATCH_BYTES // max(1, size)))
    return [keys[start : start + batch] for start in range(0, len(keys), batch)]


def _replace_rows(connection: sa.Connection, table: sa.Table, keys: _Keys) -> None:
    """Delete these rows and insert them again, in random order, in one transaction."""
    for pragma in ("foreign_keys=OFF", "secure_delete=ON", "synchronous=FULL", "busy_timeout=30000"):
        connection.exec_driver_sql(f"PRAGMA {pragma}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        matches = [connection.execute(sa.select(table).filter_by(**key)).first() for key in keys]
        rows = [dict(row._mapping) for row in matches if row is not None]
        for key in keys:
            connection.execute(table.delete().filter_by(**key))
        secrets.SystemRandom().shuffle(rows)
        for row in rows:
            connection.execute(table.insert(), row)
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise


def _unchanged_values(table: sa.Table) -> dict[str, Any]:
    """Return values that change nothing, but make PostgreSQL rewrite the row and a long value stored apart from it."""
    if "sealed" in table.c:
        return {"sealed": table.c.sealed.op("||")(sa.literal(b"", sa.LargeBinary))}
    first = next(iter(table.columns))
    return {first.name: first}


def _vacuum(reading: sa.Engine, tables: Sequence[sa.Table]) -> None:
    """Free the room of the replaced rows in all tables that nobody uses just now."""
    with reading.connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '3s'")
        try:
            for table in tables:
                with suppress(SQLAlchemyError):  # in use: the next night will do
                    connection.exec_driver_sql(f"VACUUM FULL {table.name}")
        finally:
            connection.exec_driver_sql("SET lock_timeout = 0")
