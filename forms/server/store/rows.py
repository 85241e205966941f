"""All rows of a database as a stream of bytes, and such a stream written into an empty database.

The rows are read in one snapshot, by their random keys, and not as a copy of the database's file: so nothing is ever
written beside it, no page tells the order in which letters came, every row is read, and what was taken from SQLite can
be brought back into PostgreSQL and the other way round.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from forms.core.problem import Problem
from forms.server.store.database import Store
from forms.server.store.installation import METADATA as OURS

CHUNK = 4 * 1024 * 1024
"""Bytes after which a chunk ends: it is held in memory as a whole."""

_NOT_KEPT = frozenset({"probe", "restored"})
_ROWS_AT_ONCE = 50

NOTICE = "deletion"
"""Form of the letters that ask desks to erase theirs."""


class NotRows(Problem):
    """The stream is not a backup of this program, or a newer program wrote it."""


def tables_of(stores: Sequence[Store]) -> list[sa.Table]:
    """Return the tables of stores that share a database, each after those that it refers to."""
    metadatas = dict.fromkeys([OURS, *(store.metadata for store in stores)])
    return [table for one in metadatas for table in one.sorted_tables if table.name not in _NOT_KEPT]


def read_rows(stores: Sequence[Store]) -> Iterator[tuple[str, bytes]]:
    """Yield the name of a table and some of its rows, until all are read, as they were at one moment. Raises NotKept.

    stores: those of one database. One that an older program left lacks tables and columns: what is there is read.
    """
    with stores[0].snapshot() as connection:
        for table in tables_of(stores):
            if columns := _columns_there(connection, table):
                yield from ((table.name, chunk) for chunk in _chunks(connection, table, sa.select(*columns)))


def _columns_there(connection: sa.Connection, table: sa.Table) -> list[sa.Column[Any]]:
    """Return the columns of a table that this database has; none where it lacks the table."""
    looking = sa.inspect(connection)
    there = {column["name"] for column in looking.get_columns(table.name)} if looking.has_table(table.name) else ()
    return [column for column in table.columns if column.name in there]


def read_erasures(stores: Sequence[Store]) -> Iterator[tuple[str, bytes]]:
    """Yield likewise what was erased: the marks, and the notices that ask desks to erase theirs. Raises NotKept."""
    tables = {table.name: table for table in tables_of(stores)}
    letters, recipients = tables["letters"], tables["recipients"]
    notices = sa.select(letters.c.id).where(letters.c.form == NOTICE)
    which = {
        "erased": sa.true(), "letters": letters.c.form == NOTICE, "recipients": recipients.c.letter.in_(notices),
    }  # fmt: skip
    with stores[0].snapshot() as connection:
        for name, chosen in which.items():
            if columns := _columns_there(connection, tables[name]):
                query = sa.select(*columns).where(chosen)
                yield from ((name, chunk) for chunk in _chunks(connection, tables[name], query))


def _chunks(connection: sa.Connection, table: sa.Table, query: sa.Select[Any]) -> Iterator[bytes]:
    rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query.order_by(*table.primary_key.columns))
    chunk = bytearray()
    for row in rows:
        chunk += _written(row._mapping)
        if len(chunk) >= CHUNK:
            yield bytes(chunk)
            chunk.clear()
    if chunk:
        yield bytes(chunk)


def _written(row: Mapping[Any, Any]) -> bytes:
    """Return a row as a line of JSON; the bytes of its columns follow the line, in its order."""
    values = {name: {"bytes": len(value)} if isinstance(value, bytes) else value for name, value in row.items()}
    line = json.dumps(values, default=lambda day: {"day": day.isoformat()}, separators=(",", ":"))
    return line.encode() + b"\n" + b"".join(value for value in row.values() if isinstance(value, bytes))


def rows_in(chunk: bytes) -> Iterator[dict[str, Any]]:
    """Yield the rows of a chunk. Raises NotRows where it is cut or not of this form."""
    at = 0
    try:
        while at < len(chunk):
            end = chunk.index(b"\n", at)
            row, at = json.loads(chunk[at:end]), end + 1
            for name, value in row.items():
                if isinstance(value, dict) and "bytes" in value:
                    row[name], at = _taken(chunk, at, value["bytes"])
                elif isinstance(value, dict):
                    row[name] = date.fromisoformat(value["day"])
            yield row
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotRows("The backup", "holds rows that cannot be read.", "Take another backup.") from None


def _taken(chunk: bytes, at: int, size: int) -> tuple[bytes, int]:
    """Return `size` bytes of a chunk and where they end. Raises ValueError where the chunk is shorter."""
    if not isinstance(size, int) or size < 0 or at + size > len(chunk):
        raise ValueError(size)
    return chunk[at : at + size], at + size


def write_rows(stores: Sequence[Store], chunks: Iterable[tuple[str, bytes]]) -> int:
    """Write all rows into the database of these stores, in one transaction; return how many. Raises NotRows, NotKept.

    Rows that are there already stay as they are. The tables must be there (`Store.claim`).
    """
    known, written = {table.name: table for table in tables_of(stores)}, 0
    with stores[0].writing() as connection:
        for name, chunk in chunks:
            table = known.get(name)
            if table is None:
                raise _newer(f"a table {name}")
            rows = list(rows_in(chunk))
            odd = sorted({column for row in rows for column in row} - set(table.columns.keys()))
            if odd:
                raise _newer(f"a column {name}.{odd[0]}")
            stores[0].add_rows(connection, table, rows)
            written += len(rows)
    return written


def _newer(what: str) -> NotRows:
    return NotRows("The backup", f"holds {what}, which this program does not know.", "Install the newer program.")
