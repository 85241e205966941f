"""The number of a database's schema: what is older is brought up to date after a copy, what is newer is refused.

The steps lie in migrations/versions, one file each, and are carried out by Alembic, which is loaded only where a
database is older (docs/decisions/0058).
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

from forms.server.store import installation as own
from forms.server.store.faults import HalfRestored, NotOurSchema, OtherSalt, OtherSchema
from forms.server.store.migrations import schema_copies

FOLDER = Path(__file__).parent
_MAKING_TABLES = 1976  # any number that no other program locks in this database
BEING_RESTORED = 2
"""The row of `probe` that restore_mark.py keeps: a table of its own would be a new schema."""
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


def number_of(connection: sa.Connection, there: Collection[str] | None = None) -> str | None:
    """Return the number that a database carries; None for a new one, and for one made before 1.0.

    there: the names of its tables, where they are known.
    """
    if VERSIONS.name not in (tables_of(connection) if there is None else there):
        return None
    return connection.execute(sa.select(VERSIONS.c.version_num)).scalar()


def bring_up_to_date(connection: sa.Connection, ours: frozenset[str]) -> frozenset[str]:
    """Bring a database to this program's schema, in the transaction of this connection, after making a copy of it.

    ours: the names of tables that tell a database in use from a new one. Returns the names of the tables that are there
    then. Raises NotOurSchema.
    """
    there = tables_of(connection)
    found = number_of(connection, there)
    if found == newest():
        return there
    require_known(found)
    if ours & there:
        schema_copies.copy(connection, newest())
        upgrade(connection)
    else:
        VERSIONS.create(connection, checkfirst=VERSIONS.name in there)
        connection.execute(VERSIONS.insert().values(version_num=newest()))
    return tables_of(connection)


def require_known(found: str | None) -> None:
    """Raise NotOurSchema for the number of a newer program's schema."""
    if found is not None and found not in numbers():
        what = f"was made by a newer version of this program (its schema is {found}, known here is {newest()})."
        todo = "Start the newer program, or take back the copy that was made before its change (docs/deploy.md)."
        raise NotOurSchema("The database", what, todo)


def upgrade(connection: sa.Connection) -> None:
    """Carry out the steps that a database lacks. Raises NotOurSchema where one fails: then the transaction ends."""
    from alembic import command  # noqa: PLC0415 - needed once in years
    from alembic.config import Config  # noqa: PLC0415

    logging.getLogger("alembic").setLevel(logging.ERROR)
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except Exception as error:  # noqa: BLE001 - whatever a step meets, the transaction is taken back
        what = f"could not be brought to schema {newest()} ({type(error).__name__}); it is as it was."
        todo = "Start the program of before, and tell a developer (docs/decisions/0058)."
        raise NotOurSchema("The database", what, todo) from None


class Tables:
    """The tables of one database, and the salt to which it belongs. Safe from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._metadata: list[sa.MetaData] = []
        self.salt_mark = ""
        self._ready = False
        self._as_it_is = self._restoring = False
        self._making = threading.Lock()

    def add(self, metadata: sa.MetaData) -> None:
        """Have a store's tables too."""
        with self._making:
            self._metadata.append(metadata)
            self._ready = False

    def belong_to(self, salt_mark: str, *, as_it_is: bool = False, restoring: bool = False) -> None:
        """Require the salt with this fingerprint. as_it_is: only read, make no table and change no schema.

        restoring: take also one that a restore has not brought back whole yet.
        """
        with self._making:
            self._ready = self._ready and (salt_mark, as_it_is) == (self.salt_mark, self._as_it_is)
            self.salt_mark, self._as_it_is, self._restoring = salt_mark, as_it_is, restoring

    def make(self) -> None:
        """Make what is missing, one thread at a time: PostgreSQL fails if two create the same table.

        Raises OtherSalt, OtherSchema, HalfRestored, SQLAlchemyError.
        """
        with self._making:
            if self._ready:
                return
            if self._as_it_is:
                self._require_readable()
            else:
                self._make()
            self._ready = True

    def _make(self) -> None:
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING_TABLES})")
            self._make_missing(connection, self._brought_up_to_date(connection))
            if self.salt_mark:
                self._require_salt(connection)
            self._require_whole(connection)

    def _all(self) -> list[sa.Table]:
        return [table for metadata in (*self._metadata, own.METADATA) for table in _sorted(metadata)]

    def _require_readable(self) -> None:
        """Raise OtherSchema or OtherSalt where this database is not ours to read; change nothing."""
        with self._reading.connect() as connection:
            try:
                require_known(number_of(connection))
            except NotOurSchema as problem:
                raise OtherSchema(*problem.args) from None
            there = tables_of(connection)
            if own.probe.name in there:
                self._require_whole(connection)
            if own.installation.name in there:
                mark = connection.execute(sa.select(own.installation.c.salt_mark)).scalar()
                if mark not in {None, self.salt_mark}:
                    raise OtherSalt

    def _require_whole(self, connection: sa.Connection) -> None:
        """Raise HalfRestored where a restore began here and did not end, unless it goes on now."""
        begun = sa.select(sa.literal(1)).select_from(own.probe).where(own.probe.c.id == BEING_RESTORED)
        if not self._restoring and connection.execute(begun).first():
            raise HalfRestored

    def _require_salt(self, connection: sa.Connection) -> None:
        """Raise OtherSalt where the database belongs to another salt."""
        insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        row = {"id": 1, "salt_mark": self.salt_mark}
        connection.execute(insert(own.installation).values(row).on_conflict_do_nothing())
        if connection.execute(sa.select(own.installation.c.salt_mark)).scalar() != self.salt_mark:
            raise OtherSalt

    def _brought_up_to_date(self, connection: sa.Connection) -> frozenset[str]:
        """Bring the schema up to date; return the names of the tables that are there then.

        Raises OtherSchema for one that is not ours.
        """
        try:
            return bring_up_to_date(connection, frozenset(table.name for table in self._all()))
        except NotOurSchema as problem:
            raise OtherSchema(*problem.args) from None

    def _make_missing(self, connection: sa.Connection, there: Collection[str]) -> None:
        """Create the tables that a database lacks; columns that older tables lack are added by migrations/versions."""
        for table in self._all():
            if table.name not in there:
                for statement in _statements(table, connection.dialect.name):
                    connection.exec_driver_sql(statement)


@cache
def _sorted(metadata: sa.MetaData) -> tuple[sa.Table, ...]:
    return tuple(metadata.sorted_tables)


@cache
def _statements(table: sa.Table, database: str) -> tuple[str, ...]:
    """Return the SQL that makes a table and its indexes; compiling it takes longer than running it."""
    kind: Any = postgresql if database == "postgresql" else sqlite
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    made: list[sa.schema.ExecutableDDLElement] = [sa.schema.CreateTable(table), *map(sa.schema.CreateIndex, indexes)]
    return tuple(str(one.compile(dialect=kind.dialect())) for one in made)
