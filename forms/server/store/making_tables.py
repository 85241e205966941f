"""Make, or check, the tables of all stores of one database, once in a process and before anything else is done."""

import threading
from collections.abc import Collection
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from forms.server.store import installation as ours
from forms.server.store import schema
from forms.server.store.faults import OtherSalt, OtherSchema

_MAKING_TABLES = 1976  # any number that no other program locks in this database


class Tables:
    """The tables of one database, and the salt to which it belongs. Safe from several threads."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._metadata: list[sa.MetaData] = []
        self.salt_mark = ""
        self._ready = False
        self._as_it_is = False
        self._making = threading.Lock()

    def add(self, metadata: sa.MetaData) -> None:
        """Have a store's tables too."""
        with self._making:
            self._metadata.append(metadata)
            self._ready = False

    def belong_to(self, salt_mark: str, *, as_it_is: bool = False) -> None:
        """Require the salt with this fingerprint. as_it_is: only read, make no table and change no schema."""
        with self._making:
            self._ready = self._ready and (salt_mark, as_it_is) == (self.salt_mark, self._as_it_is)
            self.salt_mark, self._as_it_is = salt_mark, as_it_is

    def make(self) -> None:
        """Make what is missing, one thread at a time: PostgreSQL fails if two create the same table.

        Raises OtherSalt, OtherSchema, SQLAlchemyError.
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

    def _all(self) -> list[sa.Table]:
        return [table for metadata in (*self._metadata, ours.METADATA) for table in metadata.sorted_tables]

    def _require_readable(self) -> None:
        """Raise OtherSchema or OtherSalt where this database is not ours to read; change nothing."""
        with self._reading.connect() as connection:
            try:
                schema.require_known(schema.number_of(connection))
            except schema.NotOurSchema as problem:
                raise OtherSchema(*problem.args) from None
            if sa.inspect(connection).has_table(ours.installation.name):
                mark = connection.execute(sa.select(ours.installation.c.salt_mark)).scalar()
                if mark not in {None, self.salt_mark}:
                    raise OtherSalt

    def _require_salt(self, connection: sa.Connection) -> None:
        insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        row = {"id": 1, "salt_mark": self.salt_mark}
        connection.execute(insert(ours.installation).values(row).on_conflict_do_nothing())
        if connection.execute(sa.select(ours.installation.c.salt_mark)).scalar() != self.salt_mark:
            raise OtherSalt

    def _brought_up_to_date(self, connection: sa.Connection) -> frozenset[str]:
        """Bring the schema up to date; return the names of the tables that are there then."""
        try:
            return schema.bring_up_to_date(connection, frozenset(table.name for table in self._all()))
        except schema.NotOurSchema as problem:
            raise OtherSchema(*problem.args) from None

    def _make_missing(self, connection: sa.Connection, there: Collection[str]) -> None:
        """Create the tables that a database lacks; columns that older tables lack are added by migrations/versions."""
        for table in self._all():
            if table.name not in there:
                for statement in _statements(table, connection.dialect.name):
                    connection.exec_driver_sql(statement)


@cache
def _statements(table: sa.Table, database: str) -> tuple[str, ...]:
    """Return the SQL that makes a table and its indexes; compiling it takes longer than running it."""
    kind: Any = postgresql if database == "postgresql" else sqlite
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    made: list[sa.schema.ExecutableDDLElement] = [sa.schema.CreateTable(table), *map(sa.schema.CreateIndex, indexes)]
    return tuple(str(one.compile(dialect=kind.dialect())) for one in made)
