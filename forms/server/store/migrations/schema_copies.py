"""Copies of a database as it was before its schema changed: beside an SQLite file, in a schema beside PostgreSQL's own.

They hold what people have erased since, so they go after two days. How to go back to one is in docs/deploy.md.
"""

import glob
import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from forms.core.files.durable import atomic_replacement
from forms.server.store.connections import LONGEST_NAME
from forms.server.store.faults import NotOurSchema, fault_of, state_of

COPY = ".before-"
"""Stands between the name of an SQLite database and the number of the schema to which it was brought."""

BESIDE = "_before_"
"""Likewise for a schema of PostgreSQL."""

STAY = 2 * 86_400
"""Seconds for which a copy stays."""

_NOT_ALLOWED = "42501"  # SQLSTATE insufficient_privilege


def copy(connection: sa.Connection, number: str) -> None:
    """Copy a database before it is brought to the schema of this number. Raises NotOurSchema: then change nothing.

    PostgreSQL's copy is made in the transaction of this connection, while writers wait for its end.
    """
    if connection.dialect.name == "postgresql":
        beside = f"{_begin(own_schema(connection))}{number}"
        with complaining(connection, beside):
            _lock_tables(connection)
            copy_tables(connection, beside)
            _note_day(connection, beside)
    elif connection.engine.url.database:
        name = connection.engine.url.database
        copy_file(Path(name), Path(f"{name}{COPY}{number}"))


def copy_file(file: Path, to: Path) -> None:
    """Copy an SQLite database while others write, whole and on the disk, for this user only. Raises NotOurSchema."""
    try:
        with atomic_replacement(to) as fresh:
            fresh.touch(0o600)
            with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(fresh)) as target:
                source.backup(target)
    except (OSError, sqlite3.Error) as error:
        what = f"could not be copied before its schema was to be changed ({type(error).__name__}); it is as it was."
        todo = f"Make room beside {file}: {file.stat().st_size // 1_000_000 + 1} MB."
        raise NotOurSchema("The database", what, todo) from None


def own_schema(connection: sa.Connection) -> str:
    """Return the name of the schema of PostgreSQL that holds our tables."""
    return str(connection.exec_driver_sql("SELECT current_schema()").scalar())


def _begin(schema: str) -> str:
    """Return with what the names of the copies of a schema begin. PostgreSQL cuts long names, and with them the number.

    Of a long name the end of its hash takes the place of its own, so that no two schemas have the same copy.
    """
    if len(schema.encode()) <= LONGEST_NAME - _ROOM:
        return f"{schema}{BESIDE}"
    short = schema.encode()[: LONGEST_NAME - _ROOM - _HASH - 1].decode(errors="ignore")
    return f"{short}_{hashlib.sha256(schema.encode()).hexdigest()[:_HASH]}{BESIDE}"


_ROOM, _HASH = len(BESIDE) + 6, 8
"""Bytes for what follows a schema's name in that of a copy, and digits of a hash."""


def copy_tables(connection: sa.Connection, to: str) -> None:
    """Copy all tables of our schema, with keys and indexes, into the schema `to`, in this transaction. Raises SQL's."""
    there, copied = sa.MetaData(), sa.MetaData()
    there.reflect(connection)
    if not sa.inspect(connection).has_schema(to):
        connection.execute(sa.schema.CreateSchema(to))
    pairs = [(table, table.to_metadata(copied, schema=to)) for table in there.sorted_tables]
    copied.drop_all(connection)  # of an earlier change, which was taken back by hand
    copied.create_all(connection)
    for table, beside in pairs:
        columns = list(table.columns)
        connection.execute(beside.insert().from_select([column.name for column in columns], sa.select(*columns)))


def _lock_tables(connection: sa.Connection) -> None:
    """Let nobody write until the end of this transaction, so that nothing is kept after the copy and before the change.

    An older program on another machine may be running.
    """
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(map(quote, sa.inspect(connection).get_table_names()))
    connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE")


def _note_day(connection: sa.Connection, schema: str) -> None:
    quoted = connection.dialect.identifier_preparer.quote(schema)
    connection.exec_driver_sql(f"COMMENT ON SCHEMA {quoted} IS '{datetime.now(UTC).date().isoformat()}'")


@contextmanager
def complaining(connection: sa.Connection, beside: str) -> Iterator[None]:
    """Raise what PostgreSQL says against a copy into the schema `beside` as a sentence that names what to type."""
    names = connection.exec_driver_sql("SELECT current_database(), current_user").one()
    try:
        yield
    except SQLAlchemyError as error:
        kind = state_of(error) or type(error).__name__
        what = f"could not be copied into its schema {beside}, before a change ({kind}). Nothing was changed."
        raise NotOurSchema("The database", what, _todo(error, *names)) from None


def _todo(error: SQLAlchemyError, database: str, user: str) -> str:
    if state_of(error) == _NOT_ALLOWED:
        grant = f'GRANT CREATE ON DATABASE "{database}" TO "{user}"'
        return f"Type: sudo -u postgres psql -c '{grant}' and start the service again."
    if fault_of(error) == "full":
        return "Make room on PostgreSQL's disk, as much as this database takes, and start the service again."
    return "See what PostgreSQL's own log says (journalctl -u postgresql), and start the service again."


def remove_old(connection: sa.Connection) -> None:
    """Remove the copies of a database that are two days old: they hold what was erased since. Raises SQL's errors."""
    if connection.dialect.name == "postgresql":
        _drop_old(connection)
    elif connection.engine.url.database:
        _unlink_old(Path(connection.engine.url.database))


def _drop_old(connection: sa.Connection) -> None:
    begin, last = _begin(own_schema(connection)), datetime.now(UTC).date() - timedelta(seconds=STAY)
    asked = sa.text("SELECT nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace")
    for name, day in connection.execute(asked).all():
        with suppress(ValueError):  # a schema of somebody else's, who says something else of it
            if name.startswith(begin) and day and date.fromisoformat(day) <= last:
                connection.execute(sa.schema.DropSchema(name, cascade=True))


def _unlink_old(file: Path) -> None:
    for one in file.parent.glob(f"{glob.escape(file.name)}{COPY}*"):
        with suppress(OSError):  # what this user may not remove, or is no file: no other copy stays for it
            if one.stat().st_mtime < time.time() - STAY:
                one.unlink(missing_ok=True)
