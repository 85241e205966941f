"""Read all rows of a database as a stream of bytes, and write such a stream into an empty database.

The rows are read in one snapshot, by their random keys, instead of copying the database's file. So no temporary file is
written, no page reveals the order in which letters came, every row is read, and a backup of SQLite can be restored into
PostgreSQL and the other way round.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from forms.core.problem import Problem
from forms.server.store.database import Store
from forms.server.store.system_tables import METADATA as SYSTEM_METADATA

CHUNK_BYTES = 4 * 1024 * 1024
"""Bytes after which a chunk ends: a whole chunk is kept in memory."""

_LEFT_OUT_TABLES = frozenset({"probe", "restored"})
_ROWS_AT_ONCE = 50

DELETION_FORM = "deletion"
"""The form of the letters that ask desks to erase a letter."""


class NotRows(Problem):
    """The stream is not a backup of this program, or a newer program wrote it."""


def tables_of(stores: Sequence[Store]) -> list[sa.Table]:
    """Return the tables of stores that share a database, each after the tables that it refers to."""
    metadatas = dict.fromkeys([SYSTEM_METADATA, *(store.metadata for store in stores)])
    return [table for metadata in metadatas for table in metadata.sorted_tables if table.name not in _LEFT_OUT_TABLES]


def read_rows(stores: Sequence[Store]) -> Iterator[tuple[str, bytes]]:
    """Yield all rows, as pairs of a table's name and a chunk of its rows, in one snapshot. Raises NotKept.

    stores: those of one database. Tables and columns that an older program did not create are left out.
    """
    with stores[0].snapshot() as connection:
        for table in tables_of(stores):
            if columns := _existing_columns(connection, table):
                yield from ((table.name, chunk) for chunk in _chunks(connection, table, sa.select(*columns)))


def _existing_columns(connection: sa.Connection, table: sa.Table) -> list[sa.Column[Any]]:
    """Return the columns of a table that this database has; none if it lacks the table."""
    inspector = sa.inspect(connection)
    existing = (
        {column["name"] for column in inspector.get_columns(table.name)} if inspector.has_table(table.name) else ()
    )
    return [column for column in table.columns if column.name in existing]


def read_erasures(stores: Sequence[Store]) -> Iterator[tuple[str, bytes]]:
    """Yield, like `read_rows`, the marks of what was erased and the letters that ask desks to erase. Raises NotKept."""
    tables = {table.name: table for table in tables_of(stores)}
    letters, recipients = tables["letters"], tables["recipients"]
    is_notice = letters.c.form == DELETION_FORM
    conditions = {
        "erased": sa.true(),
        "letters": is_notice,
        "recipients": recipients.c.letter.in_(sa.select(letters.c.id).where(is_notice)),
    }
    with stores[0].snapshot() as connection:
        for name, condition in conditions.items():
            if columns := _existing_columns(connection, tables[name]):
                query = sa.select(*columns).where(condition)
                yield from ((name, chunk) for chunk in _chunks(connection, tables[name], query))


def _chunks(connection: sa.Connection, table: sa.Table, query: sa.Select[Any]) -> Iterator[bytes]:
    rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query.order_by(*table.primary_key.columns))
    chunk = bytearray()
    for row in rows:
        chunk += _encode_row(row._mapping)
        if len(chunk) >= CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)


def _encode_row(row: Mapping[Any, Any]) -> bytes:
    """Return a row as a line of JSON, followed by the bytes of its binary columns in the order of that line."""
    values = {name: {"bytes": len(value)} if isinstance(value, bytes) else value for name, value in row.items()}
    line = json.dumps(values, default=lambda day: {"day": day.isoformat()}, separators=(",", ":"))
    return line.encode() + b"\n" + b"".join(value for value in row.values() if isinstance(value, bytes))


def rows_in(chunk: bytes) -> Iterator[dict[str, Any]]:
    """Yield the rows of a chunk. Raises NotRows if it is incomplete or malformed."""
    position = 0
    try:
        while position < len(chunk):
            end = chunk.index(b"\n", position)
            row, position = json.loads(chunk[position:end]), end + 1
            for name, value in row.items():
                if isinstance(value, dict) and "bytes" in value:
                    row[name], position = _slice(chunk, position, value["bytes"])
                elif isinstance(value, dict):
                    row[name] = date.fromisoformat(value["day"])
            yield row
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotRows("The backup", "holds rows that cannot be read.", "Take another backup.") from None


def _slice(chunk: bytes, start: int, size: int) -> tuple[bytes, int]:
    """Return `size` bytes of a chunk, and the position after them. Raises ValueError if the chunk is shorter."""
    if not isinstance(size, int) or size < 0 or start + size > len(chunk):
        raise ValueError(size)
    return chunk[start : start + size], start + size


def write_rows(stores: Sequence[Store], chunks: Iterable[tuple[str, bytes]]) -> int:
    """Write all rows into the database of these stores, in one transaction; return how many. Raises NotRows, NotKept.

    Rows that exist already stay as they are. The tables must exist (`Store.claim`).
    """
    tables, count = {table.name: table for table in tables_of(stores)}, 0
    with stores[0].writing() as connection:
        for name, chunk in chunks:
            table = tables.get(name)
            if table is None:
                raise _from_newer_program(f"a table {name}")
            rows = list(rows_in(chunk))
            unknown = sorted({column for row in rows for column in row} - set(table.columns.keys()))
            if unknown:
                raise _from_newer_program(f"a column {name}.{unknown[0]}")
            stores[0].add_rows(connection, table, rows)
            count += len(rows)
    return count


def _from_newer_program(what: str) -> NotRows:
    return NotRows("The backup", f"holds {what}, which this program does not know.", "Install the newer program.")
