"""Bring a database to this program's schema, after a copy was made of it; refuse a newer schema.

The steps are in migrations/versions, one file each. Alembic carries them out; it is loaded only if a database is older
(docs/decisions/0058).
"""

import logging
import os
import threading
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forms.server.store import system_tables
from forms.server.store.faults import HalfRestored, NotOurSchema, OtherSalt, OtherSchema
from forms.server.store.migrations import schema_copies

FOLDER = Path(__file__).parent
_CREATE_TABLES_LOCK = 1976  # any number that no other program locks in this database
BEING_RESTORED = 2
"""The row of `probe` that restore_mark.py writes: a table of its own would need a new schema."""
VERSIONS = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))


def numbers() -> list[str]:
    """Return the numbers of all schemas of this program, oldest first."""
    names = (entry.name for entry in os.scandir(FOLDER / "versions"))
    return sorted(name[1:].partition("_")[0] for name in names if name.startswith("v") and name.endswith(".py"))


def newest() -> str:
    """Return the number of this program's schema."""
    return numbers()[-1]


def tables_of(connection: sa.Connection) -> frozenset[str]:
    """Return the names of a database's tables."""
    return frozenset(sa.inspect(connection).get_table_names())


def number_of(connection: sa.Connection, existing: Collection[str] | None = None) -> str | None:
    """Return the number of a database's schema; None for a new database, and for one made before 1.0.

    existing: the names of its tables, if they are known.
    """
    if VERSIONS.name not in (tables_of(connection) if existing is None else existing):
        return None
    return connection.execute(sa.select(VERSIONS.c.version_num)).scalar()


def bring_up_to_date(connection: sa.Connection, own_tables: frozenset[str]) -> frozenset[str]:
    """Bring a database to this program's schema, in the transaction of this connection, after making a copy of it.

    own_tables: a database that has one of them is in use, and not new. Returns the names of the tables that exist then.
    Raises NotOurSchema.
    """
    existing = tables_of(connection)
    number = number_of(connection, existing)
    if number == newest():
        return existing
    require_known(number)
    if own_tables & existing:
        schema_copies.copy(connection, newest())
        upgrade(connection)
    else:
        VERSIONS.create(connection, checkfirst=VERSIONS.name in existing)
        connection.execute(VERSIONS.insert().values(version_num=newest()))
    return tables_of(connection)


def require_known(number: str | None) -> None:
    """Raise NotOurSchema for the number of a newer program's schema."""
    if number is not None and number not in numbers():
        what = f"was made by a newer version of this program (its schema is {number}, known here is {newest()})."
        todo = "Start the newer program, or take back the copy that was made before its change (docs/deploy.md)."
        raise NotOurSchema("The database", what, todo)


def upgrade(connection: sa.Connection) -> None:
    """Carry out the steps that a database lacks. Raises NotOurSchema if one fails, which ends the transaction."""
    from alembic import command  # noqa: PLC0415 - needed once in years
    from alembic.config import Config  # noqa: PLC0415

    logging.getLogger("alembic").setLevel(logging.ERROR)
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except Exception as error:  # noqa: BLE001 - whatever fails in a step, the transaction is rolled back
        what = f"could not be brought to schema {newest()} ({type(error).__name__}); it is as it was."
        todo = "Start the program of before, and tell a developer (docs/decisions/0058)."
        raise NotOurSchema("The database", what, todo) from None


class Tables:
    """The tables of one database, and the salt to which it belongs. Safe to use from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._metadata: list[sa.MetaData] = []
        self.salt_mark = ""
        self._is_ready = False
        self._read_only = self._restoring = False
        self._creating = threading.Lock()

    def add(self, metadata: sa.MetaData) -> None:
        """Add the tables of another store in this database."""
        with self._creating:
            self._metadata.append(metadata)
            self._is_ready = False

    def require_salt(self, salt_mark: str, *, read_only: bool = False, restoring: bool = False) -> None:
        """Require the salt with this fingerprint from now on. read_only: create no table and change no schema.

        restoring: accept a database into which a restore has not finished.
        """
        with self._creating:
            self._is_ready = self._is_ready and (salt_mark, read_only) == (self.salt_mark, self._read_only)
            self.salt_mark, self._read_only, self._restoring = salt_mark, read_only, restoring

    def create_missing(self) -> None:
        """Create missing tables, one thread at a time: PostgreSQL fails if two create the same table.

        Raises OtherSalt, OtherSchema, HalfRestored, SQLAlchemyError.
        """
        with self._creating:
            if self._is_ready:
                return
            if self._read_only:
                self._require_readable()
            else:
                self._create_and_check()
            self._is_ready = True

    def _create_and_check(self) -> None:
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATE_TABLES_LOCK})")
            self._create_tables(connection, self._bring_up_to_date(connection))
            if self.salt_mark:
                self._claim_for_salt(connection)
            self._require_complete(connection)

    def _all_tables(self) -> list[sa.Table]:
        return [table for metadata in (*self._metadata, system_tables.METADATA) for table in _sorted_tables(metadata)]

    def _require_readable(self) -> None:
        """Raise OtherSchema, OtherSalt or HalfRestored for a database that must not be read; change nothing."""
        with self._reading.connect() as connection:
            try:
                require_known(number_of(connection))
            except NotOurSchema as problem:
                raise OtherSchema(*problem.args) from None
            existing = tables_of(connection)
            if system_tables.probe.name in existing:
                self._require_complete(connection)
            if system_tables.installation.name in existing:
                mark = connection.execute(sa.select(system_tables.installation.c.salt_mark)).scalar()
                if mark not in {None, self.salt_mark}:
                    raise OtherSalt

    def _require_complete(self, connection: sa.Connection) -> None:
        """Raise HalfRestored if a restore began here and did not finish, unless this is that restore."""
        probe = system_tables.probe
        mark = sa.select(sa.literal(1)).select_from(probe).where(probe.c.id == BEING_RESTORED)
        if not self._restoring and connection.execute(mark).first():
            raise HalfRestored

    def _claim_for_salt(self, connection: sa.Connection) -> None:
        """Record the salt of a new database. Raises OtherSalt if the database belongs to another one."""
        insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        row = {"id": 1, "salt_mark": self.salt_mark}
        connection.execute(insert(system_tables.installation).values(row).on_conflict_do_nothing())
        if connection.execute(sa.select(system_tables.installation.c.salt_mark)).scalar() != self.salt_mark:
            raise OtherSalt

    def _bring_up_to_date(self, connection: sa.Connection) -> frozenset[str]:
        """Bring the schema up to date; return the names of the tables that exist then.

        Raises OtherSchema for a schema that this program does not know or cannot change.
        """
        try:
            return bring_up_to_date(connection, frozenset(table.name for table in self._all_tables()))
        except NotOurSchema as problem:
            raise OtherSchema(*problem.args) from None

    def _create_tables(self, connection: sa.Connection, existing: Collection[str]) -> None:
        """Create the tables that a database lacks. Columns that older tables lack are added by migrations/versions."""
        for table in self._all_tables():
            if table.name not in existing:
                for statement in _create_statements(table, connection.dialect.name):
                    connection.exec_driver_sql(statement)


@cache
def _sorted_tables(metadata: sa.MetaData) -> tuple[sa.Table, ...]:
    return tuple(metadata.sorted_tables)


@cache
def _create_statements(table: sa.Table, database: str) -> tuple[str, ...]:
    """Return the SQL that creates a table and its indexes; cached, since compiling it takes longer than running it."""
    kind: Any = postgresql if database == "postgresql" else sqlite
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    create: list[sa.schema.ExecutableDDLElement] = [sa.schema.CreateTable(table), *map(sa.schema.CreateIndex, indexes)]
    return tuple(str(statement.compile(dialect=kind.dialect())) for statement in create)
