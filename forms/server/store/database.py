"""A database that is opened on first use, created if it is missing, and raises its errors as NotKept."""

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from forms.server.blocked import blocked
from forms.server.store import disk_space, rewriting, system_tables
from forms.server.store.connections.engines import make_checkpoint_engine, make_engine
from forms.server.store.connections.limits import ConnectionLimit
from forms.server.store.connections.sqlite_files import OpenFiles
from forms.server.store.connections.write_ahead_log import WriteAheadLog
from forms.server.store.faults import (
    READ_ONLY_SERVER,
    DuplicateId,
    NotKept,
    is_key_conflict,
    not_kept,
    not_kept_from_error,
    sqlstate,
)
from forms.server.store.migrations import schema, schema_copies
from forms.server.store.retries import will_be_retried

MEASURE_INTERVAL = 1.0
"""Seconds between two measurements of a database: one costs as much as a tenth of a letter."""

_MAX_WAIT = 30.0  # seconds to wait for other writers

_PROBE_BYTES = 4096


class Store:
    """A database that is opened on first use, created if it is missing, and raises its errors as NotKept."""

    engine: sa.Engine
    _checkpoints: sa.Engine
    _writers: threading.Lock
    _tables: schema.Tables
    _write_ahead_log: WriteAheadLog
    _files: OpenFiles

    def __init__(
        self,
        url: str,
        metadata: sa.MetaData,
        same_database: "Store | None" = None,
        limit: ConnectionLimit | None = None,
    ) -> None:
        """same_database: a store whose connections this one shares. limit: how many connections there may be."""
        if same_database is None:
            self._files = OpenFiles(url)
            self.engine = make_engine(url, limit or ConnectionLimit(), self._files)
            self._checkpoints = make_checkpoint_engine(self.engine, url, self._files)
            self._tables, self._write_ahead_log = schema.Tables(self.engine), WriteAheadLog(self._checkpoints)
            self._writers = threading.Lock()
        else:
            self.engine, self._checkpoints = same_database.engine, same_database._checkpoints
            self._tables, self._write_ahead_log = same_database._tables, same_database._write_ahead_log
            self._files, self._writers = same_database._files, same_database._writers
        self._tables.add(metadata)
        self._read_engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.metadata = metadata
        self.on_fault: Callable[[str], None] = lambda _: None
        self._measured_size, self._measure_at = 0, 0.0

    @property
    def insert(self) -> Callable[[sa.Table], Any]:
        """`INSERT ... ON CONFLICT`, which both databases have and SQLAlchemy offers per dialect."""
        return postgresql.insert if self.engine.dialect.name == "postgresql" else sqlite.insert

    @property
    def display_name(self) -> str:
        """The database in words for an operator: the file of SQLite, or the name in PostgreSQL."""
        name = self.engine.url.database or "in memory"
        return name if self.engine.dialect.name == "sqlite" else f"The database {name}"

    @property
    def salt_mark(self) -> str:
        """The fingerprint of the salt to which this database belongs; empty before `claim`."""
        return self._tables.salt_mark

    @property
    def size(self) -> int:
        """Bytes in use, measured at most once a second; room that was freed is used again. Raises NotKept."""
        if time.monotonic() >= self._measure_at:
            with self.reading() as connection:
                self._measured_size = disk_space.used_bytes(connection, self.metadata)
            self._measure_at = time.monotonic() + MEASURE_INTERVAL
        return self._measured_size

    def forget_traces(self) -> None:
        """Remove erased bytes from SQLite's write-ahead log, or later if it is being read (see `writing`).

        Never raises: the rows themselves are erased already.
        """
        self._write_ahead_log.forget_traces()

    def forget_remaining_traces(self) -> None:
        """Try again to remove erased bytes from SQLite's write-ahead log, if some remain."""
        self._write_ahead_log.forget_remaining_traces()

    def vacuum(self, *tables: str) -> None:
        """Make PostgreSQL rewrite these tables without the deleted rows, which it only marks as dead.

        SQLite needs no rewrite: with secure_delete it overwrites with zeros what is deleted.
        """
        with self.reading() as connection:
            if connection.dialect.name == "postgresql":
                for table in tables:
                    connection.exec_driver_sql(f"VACUUM FULL {table}")

    def rewrite_in_random_order(self) -> None:
        """Rewrite every row in random order, so that no file reveals in which order letters came. Raises NotKept.

        Letters can be kept between two batches. SQLite's VACUUM would have the same effect, but blocks letters while it
        runs, and leaves a copy of everything in a temporary file.
        """
        with self._raising_not_kept(report=False):
            self._tables.create_missing()
            tables = self.metadata.sorted_tables
            if self.engine.dialect.name == "postgresql":
                rewriting.rewrite_postgresql(self.engine, tables)
            else:
                rewriting.rewrite_sqlite(self.engine, self._checkpoints, tables, self._write_turn)
        self.forget_traces()

    def probe(self) -> None:
        """Write something durably, as a letter is written. Raises NotKept, without calling `on_fault`."""
        if not disk_space.has_room(self.engine):
            raise not_kept("full", where=self.display_name)
        row = {"id": 1, "filler": secrets.token_bytes(_PROBE_BYTES)}
        with self._raising_not_kept(report=False):
            self._tables.create_missing()
            with self._write_turn(), self.engine.begin() as connection:
                require_same_files = self._files.checker(connection)
                statement = self.insert(system_tables.probe).values(row)
                connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
            require_same_files()

    def wait_for_replicas(self) -> None:
        """Wait until every row that can be read now is durable. Raises NotKept.

        A row whose commit still waits for PostgreSQL's replica can be read once its connection is lost. Before such a
        row is reported as kept, its commit must be awaited too; a later commit waits for all earlier ones.
        """
        if self.engine.dialect.name == "postgresql":
            self.probe()

    def is_in_use(self) -> bool:
        """Return whether this database has any row, or belongs to a salt. Creates no table. Raises NotKept."""
        file = self.engine.url.database if self.engine.dialect.name == "sqlite" else None
        if file and not Path(file).exists():
            return False
        with self._raising_not_kept(), self._read_engine.connect() as connection:
            existing = sa.inspect(connection).get_table_names()
            candidates = (system_tables.installation, *self.metadata.sorted_tables)
            tables = [table for table in candidates if table.name in existing]
            queries = (sa.select(sa.literal(1)).select_from(table).limit(1) for table in tables)
            return any(connection.execute(query).first() for query in queries)

    def claim(self, salt_mark: str, *, restoring: bool = False) -> None:
        """Record that this database belongs to the salt with this fingerprint, unless it belongs to one already.

        Raises OtherSalt, HalfRestored unless `restoring`, or NotKept if the database is unreachable: then the salt is
        checked on first use.
        """
        self._tables.require_salt(salt_mark, restoring=restoring)
        with self._raising_not_kept():
            self._tables.create_missing()

    def open_read_only(self, salt_mark: str, *, restoring: bool = False) -> None:
        """Create no table and change no schema from now on, since an older program may be using the database.

        Raises OtherSalt, OtherSchema if a newer program made it, HalfRestored unless `restoring`, or NotKept.
        """
        self._tables.require_salt(salt_mark, read_only=True, restoring=restoring)
        with self._raising_not_kept():
            self._tables.create_missing()

    @property
    def schema_number(self) -> str | None:
        """The number of its schema; None for a database made before 1.0, and for a new one. Raises NotKept."""
        with self._raising_not_kept(), self._read_engine.connect() as connection:
            return schema.number_of(connection)

    def is_current(self) -> bool:
        """Return whether the database has this program's schema and all of its tables. Raises NotKept."""
        with self._raising_not_kept(), self._read_engine.connect() as connection:
            existing = set(sa.inspect(connection).get_table_names())
            required = {table.name for table in (*self.metadata.sorted_tables, *system_tables.METADATA.sorted_tables)}
            return schema.number_of(connection) == schema.newest() and required <= existing

    def remove_old_copies(self) -> None:
        """Remove old copies made before a change of schema: they contain what was erased since. Raises NotKept."""
        with self.reading() as connection:
            schema_copies.remove_old(connection)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self._checkpoints.dispose()
        self._files.forget()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Run one transaction, which is durable when the block is left. Raises NotKept."""
        commit_begun: list[bool] = []
        with self._raising_not_kept(commit_begun):
            self._tables.create_missing()
            with self._write_turn(), ExitStack() as stack:
                with blocked():  # SQLite waits for other programs, PostgreSQL for the network
                    connection = stack.enter_context(self.engine.begin())
                require_same_files = self._files.checker(connection)
                yield connection
                commit_begun.append(True)  # from here on only the commit can fail
            require_same_files()  # after the commit: if the files were replaced, it went to files that are gone
        self._write_ahead_log.forget_when_due()

    @contextmanager
    def _write_turn(self) -> Iterator[None]:
        """Wait until this thread may write. SQLite has one writer; waiting here spares polling in SQLite.

        Raises NotKept after half a minute.
        """
        if self.engine.dialect.name != "sqlite":
            yield
            return
        with blocked():
            is_acquired = self._writers.acquire(timeout=_MAX_WAIT)
        if not is_acquired:
            raise not_kept("busy", where=self.display_name)
        try:
            yield
        finally:
            self._writers.release()

    def add_rows(self, connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows; those that exist already stay as they are."""
        for row in rows:
            connection.execute(self.insert(table).values(row).on_conflict_do_nothing())

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees the database as it is now, whatever is written meanwhile. Raises NotKept."""
        with self._raising_not_kept(report=False):
            self._tables.create_missing()
            if self.engine.dialect.name == "sqlite":
                with self._checkpoints.connect() as connection:
                    connection.exec_driver_sql("BEGIN DEFERRED")  # does not block writers
                    yield connection
                    connection.exec_driver_sql("ROLLBACK")
            else:
                with self.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
                    yield connection

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """Yield a connection without creating tables, which a missing replica would delay. Raises NotKept."""
        with self._raising_not_kept(), self._read_engine.connect() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection for reading. Raises NotKept."""
        with self._raising_not_kept():
            self._tables.create_missing()
        with self.connected() as connection:
            yield connection

    @contextmanager
    def _raising_not_kept(self, commit_begun: Sequence[bool] = (), *, report: bool = True) -> Iterator[None]:
        """Raise the database's errors as NotKept.

        commit_begun: not empty once a transaction has only its commit to do. report: whether `on_fault` is called.
        """
        on_fault = self.on_fault if report else lambda _: None
        try:
            yield
        except IntegrityError as error:
            if is_key_conflict(error):
                raise DuplicateId("store", "Something with this id is kept already.") from None
            problem = not_kept("other", type(error).__name__, self.display_name)
            on_fault(problem.fault)
            raise problem from None
        except SQLAlchemyError as error:
            if sqlstate(error) == READ_ONLY_SERVER:  # not the primary any more: no connection to it is of use
                self.engine.dispose()
            problem = not_kept_from_error(
                error,
                at_commit=bool(commit_begun),
                where=self.display_name,
                has_room=disk_space.has_room(self.engine),
            )
            if not (problem.retry_reason and will_be_retried()):  # the retry reports a fault that remains
                on_fault(problem.fault)
            raise problem from None
        except NotKept as problem:
            if problem.fault:
                on_fault(problem.fault)
            raise
