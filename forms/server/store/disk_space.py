"""How many bytes a database uses, and whether its disk has room for more."""

import shutil
from pathlib import Path

import sqlalchemy as sa

MIN_FREE_BYTES = 1024 * 1024
"""With less free room on its disk, a database counts as full."""


def used_bytes(connection: sa.Connection, metadata: sa.MetaData) -> int:
    """Return how many bytes are in use: SQLite's pages, or the encrypted values in PostgreSQL's tables.

    PostgreSQL's own figure includes everything that was ever erased.
    """
    if connection.dialect.name == "sqlite":
        return _used_page_bytes(connection)
    columns = [table.c.sealed for table in metadata.tables.values() if "sealed" in table.c]
    sums = (sa.select(sa.func.sum(sa.func.octet_length(column))) for column in columns)
    return sum(int(connection.execute(query).scalar() or 0) for query in sums)


def _used_page_bytes(connection: sa.Connection) -> int:
    pages, free, page_size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * page_size


def has_room(engine: sa.Engine) -> bool:
    """Return whether the disk of SQLite's file has room; True for PostgreSQL, which reports a full disk itself."""
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    return not file or _free_bytes(Path(file)) >= MIN_FREE_BYTES


def _free_bytes(file: Path) -> int:
    """Return how many bytes are free on the disk of this file; MIN_FREE_BYTES if the system does not say."""
    try:
        return shutil.disk_usage(file.parent).free
    except OSError:
        return MIN_FREE_BYTES
