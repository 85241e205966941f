"""Copies of a database from before its schema changed: a file beside SQLite's, a schema beside PostgreSQL's.

They are removed after two days, since they contain what people erased meanwhile. docs/deploy.md says how to go back to
one.
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
from forms.server.store.connections.addresses import MAX_NAME_BYTES
from forms.server.store.faults import NotOurSchema, fault_of, sqlstate

FILE_INFIX = ".before-"
"""In the name of a copy, between the name of the SQLite file and the number of its new schema."""

SCHEMA_INFIX = "_before_"
"""Likewise, between the name of the PostgreSQL schema and that number."""

MAX_AGE = 2 * 86_400
"""Seconds for which a copy is kept."""

_NOT_ALLOWED = "42501"  # SQLSTATE insufficient_privilege


def copy(connection: sa.Connection, number: str) -> None:
    """Copy a database before it is brought to the schema of this number. Raises NotOurSchema if that is not possible.

    PostgreSQL's copy is made in the transaction of this connection, which blocks writers until it ends.
    """
    if connection.dialect.name == "postgresql":
        target = f"{_copy_prefix(own_schema(connection))}{number}"
        with raising_not_our_schema(connection, target):
            _lock_tables(connection)
            copy_tables(connection, target)
            _note_day(connection, target)
    elif connection.engine.url.database:
        name = connection.engine.url.database
        copy_file(Path(name), Path(f"{name}{FILE_INFIX}{number}"))


def copy_file(file: Path, to: Path) -> None:
    """Copy an SQLite database durably, while others write to it; only this user can read the copy.

    Raises NotOurSchema if that is not possible.
    """
    try:
        with atomic_replacement(to) as temporary:
            temporary.touch(0o600)
            with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(temporary)) as target:
                source.backup(target)
    except (OSError, sqlite3.Error) as error:
        what = f"could not be copied before its schema was to be changed ({type(error).__name__}); it is as it was."
        todo = f"Make room beside {file}: {file.stat().st_size // 1_000_000 + 1} MB."
        raise NotOurSchema("The database", what, todo) from None


def own_schema(connection: sa.Connection) -> str:
    """Return the name of the PostgreSQL schema that has our tables."""
    return str(connection.exec_driver_sql("SELECT current_schema()").scalar())


def _copy_prefix(schema: str) -> str:
    """Return the prefix of the names of a schema's copies.

    PostgreSQL cuts off the end of long names, where the number would be. So a long name is shortened, and a part of its
    hash is appended, so that no two schemas have the same copy.
    """
    if len(schema.encode()) <= MAX_NAME_BYTES - _SUFFIX_BYTES:
        return f"{schema}{SCHEMA_INFIX}"
    short = schema.encode()[: MAX_NAME_BYTES - _SUFFIX_BYTES - _HASH_DIGITS - 1].decode(errors="ignore")
    return f"{short}_{hashlib.sha256(schema.encode()).hexdigest()[:_HASH_DIGITS]}{SCHEMA_INFIX}"


_SUFFIX_BYTES, _HASH_DIGITS = len(SCHEMA_INFIX) + 6, 8
"""Bytes that follow a schema's name in the name of its copy, and digits of the hash."""


def copy_tables(connection: sa.Connection, to: str) -> None:
    """Copy all tables of our schema, with keys and indexes, into the schema `to`, in this transaction.

    Raises SQLAlchemyError.
    """
    sources, copies = sa.MetaData(), sa.MetaData()
    sources.reflect(connection)
    if not sa.inspect(connection).has_schema(to):
        connection.execute(sa.schema.CreateSchema(to))
    pairs = [(table, table.to_metadata(copies, schema=to)) for table in sources.sorted_tables]
    copies.drop_all(connection)  # those of an earlier change that the operator reverted
    copies.create_all(connection)
    for table, table_copy in pairs:
        columns = list(table.columns)
        connection.execute(table_copy.insert().from_select([column.name for column in columns], sa.select(*columns)))


def _lock_tables(connection: sa.Connection) -> None:
    """Block writers until this transaction ends, so that no letter is kept between the copy and the change.

    An older program may be running on another machine.
    """
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(map(quote, sa.inspect(connection).get_table_names()))
    connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE")


def _note_day(connection: sa.Connection, schema: str) -> None:
    quoted = connection.dialect.identifier_preparer.quote(schema)
    connection.exec_driver_sql(f"COMMENT ON SCHEMA {quoted} IS '{datetime.now(UTC).date().isoformat()}'")


@contextmanager
def raising_not_our_schema(connection: sa.Connection, target: str) -> Iterator[None]:
    """Raise PostgreSQL's errors about a copy into the schema `target` as NotOurSchema, with a command to type."""
    names = connection.exec_driver_sql("SELECT current_database(), current_user").one()
    try:
        yield
    except SQLAlchemyError as error:
        kind = sqlstate(error) or type(error).__name__
        what = f"could not be copied into its schema {target}, before a change ({kind}). Nothing was changed."
        raise NotOurSchema("The database", what, _todo(error, *names)) from None


def _todo(error: SQLAlchemyError, database: str, user: str) -> str:
    if sqlstate(error) == _NOT_ALLOWED:
        grant = f'GRANT CREATE ON DATABASE "{database}" TO "{user}"'
        return f"Type: sudo -u postgres psql -c '{grant}' and start the service again."
    if fault_of(error) == "full":
        return "Make room on PostgreSQL's disk, as much as this database takes, and start the service again."
    return "See what PostgreSQL's own log says (journalctl -u postgresql), and start the service again."


def remove_old(connection: sa.Connection) -> None:
    """Remove the copies of a database that are two days old. Raises SQLAlchemyError."""
    if connection.dialect.name == "postgresql":
        _drop_old(connection)
    elif connection.engine.url.database:
        _unlink_old(Path(connection.engine.url.database))


def _drop_old(connection: sa.Connection) -> None:
    prefix, last_day = _copy_prefix(own_schema(connection)), datetime.now(UTC).date() - timedelta(seconds=MAX_AGE)
    query = sa.text("SELECT nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace")
    for name, day in connection.execute(query).all():
        with suppress(ValueError):  # another program's schema, whose comment is not a day
            if name.startswith(prefix) and day and date.fromisoformat(day) <= last_day:
                connection.execute(sa.schema.DropSchema(name, cascade=True))


def _unlink_old(file: Path) -> None:
    for copied in file.parent.glob(f"{glob.escape(file.name)}{FILE_INFIX}*"):
        with suppress(OSError):  # a folder, or not removable by this user: the others are removed all the same
            if copied.stat().st_mtime < time.time() - MAX_AGE:
                copied.unlink(missing_ok=True)
