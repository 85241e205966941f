"""A database that is opened on first use, created if missing, and reports errors as sentences."""

import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from forms.core.trusted_date import EARLIEST_DATE
from forms.server.blocked import blocked
from forms.server.store import installation as ours
from forms.server.store.connections import Limit, OpenFiles, WriteAheadLog, checkpoints_of, engine_of
from forms.server.store.faults import (
    READ_ONLY_SERVER,
    AlreadyThere,
    NotKept,
    is_taken,
    not_kept,
    not_kept_for,
    state_of,
)
from forms.server.store.migrations import schema, schema_copies
from forms.server.store.repeating import is_repeated

MEASURED_EVERY = 1.0
"""Seconds between two measures of a database: measuring costs as much as a tenth of a letter."""

_LONGEST_WAIT = 30.0  # seconds for the turn to write

_PROBE_BYTES = 4096
_REWRITE_BYTES = 8 * 1024 * 1024
"""Bytes that are written anew in one turn: so long a letter waits at most."""

LEAST_FREE = 1024 * 1024
"""Bytes: with less free on its disk, a database is as good as full."""


class Store:
    """A database that is opened on first use, created if missing, and raises its errors as NotKept."""

    engine: sa.Engine
    _checkpoints: sa.Engine
    _writers: threading.Lock
    _tables: schema.Tables
    _log: WriteAheadLog
    _files: OpenFiles

    def __init__(
        self, url: str, metadata: sa.MetaData, beside: "Store | None" = None, limit: Limit | None = None
    ) -> None:
        """beside: a store of the same database, whose connections this one uses too; limit: of their number."""
        if beside is None:
            self._files = OpenFiles(url)
            self.engine = engine_of(url, limit or Limit(), self._files)
            self._checkpoints = checkpoints_of(self.engine, url, self._files)
            self._tables, self._log = schema.Tables(self.engine), WriteAheadLog(self._checkpoints)
            self._writers = threading.Lock()
        else:
            self.engine, self._checkpoints, self._writers = beside.engine, beside._checkpoints, beside._writers
            self._tables, self._log, self._files = beside._tables, beside._log, beside._files
        self._tables.add(metadata)
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.metadata = metadata
        self.on_fault: Callable[[str], None] = lambda _: None
        self._measured, self._measure_at = 0, 0.0

    @property
    def insert(self) -> Callable[[sa.Table], Any]:
        """`INSERT ... ON CONFLICT`, which both databases have and SQLAlchemy offers per dialect."""
        return postgresql.insert if self.engine.dialect.name == "postgresql" else sqlite.insert

    @property
    def named(self) -> str:
        """The database in words for an operator: the file of SQLite, or the name in PostgreSQL."""
        name = self.engine.url.database or "in memory"
        return name if self.engine.dialect.name == "sqlite" else f"The database {name}"

    @property
    def size(self) -> int:
        """Bytes that hold something, as measured a moment ago: room that was erased is used again. Raises NotKept."""
        if time.monotonic() >= self._measure_at:
            with self.reads() as connection:
                sqlite = connection.dialect.name == "sqlite"
                self._measured = _used_pages(connection) if sqlite else self._sealed_bytes(connection)
            self._measure_at = time.monotonic() + MEASURED_EVERY
        return self._measured

    def _sealed_bytes(self, connection: sa.Connection) -> int:
        """Return what is sealed: PostgreSQL's own figure counts what was erased for ever."""
        sealed = [table.c.sealed for table in self.metadata.tables.values() if "sealed" in table.c]
        sums = (sa.select(sa.func.sum(sa.func.octet_length(column))) for column in sealed)
        return sum(int(connection.execute(query).scalar() or 0) for query in sums)

    def forget_traces(self) -> None:
        """Remove erased bytes from SQLite's write-ahead log; while somebody reads, later (see `writing`).

        Never raises: what was to be erased has been.
        """
        self._log.forget_traces()

    def forget_remaining_traces(self) -> None:
        """Try once more, where there is something left and SQLite has such a log."""
        self._log.forget_remaining_traces()

    def rewrite(self, *tables: str) -> None:
        """Make PostgreSQL write these tables anew, without what was deleted: it only marks rows as dead.

        SQLite needs none of it: with secure_delete it writes zeros over what is deleted.
        """
        with self.reads() as connection:
            if connection.dialect.name == "postgresql":
                for table in tables:
                    connection.exec_driver_sql(f"VACUUM FULL {table}")

    def rewrite_in_random_order(self) -> None:
        """Rewrite every row in random order, so that no file reveals in which order they came. Raises NotKept.

        In small batches, between which letters go on. SQLite's VACUUM would do it too, but holds letters up for its
        whole run, and leaves a copy of everything in a temporary file.
        """
        with self._complaining(quietly=True):
            self._tables.make()
            for table in self.metadata.sorted_tables:
                for keys in self._shuffled(table):
                    begun = time.monotonic()
                    self._rewrite_rows(table, keys)
                    time.sleep(time.monotonic() - begun)  # half of the time is left to letters
            if self.engine.dialect.name == "postgresql":
                self._shrink()
        self.forget_traces()

    def _shuffled(self, table: sa.Table) -> list[list[dict[str, Any]]]:
        """Return the keys of all rows in random order, in batches of a few megabytes."""
        sealed = sa.func.length(table.c.sealed) if "sealed" in table.c else sa.literal(100)
        with self._reading.connect() as connection:
            rows = [dict(row._mapping) for row in connection.execute(sa.select(*table.primary_key.columns))]
            size = int(connection.execute(sa.select(sa.func.max(sealed)).select_from(table)).scalar() or 1)
        secrets.SystemRandom().shuffle(rows)
        batch = max(8, min(200, _REWRITE_BYTES // max(1, size)))
        return [rows[start : start + batch] for start in range(0, len(rows), batch)]

    def _rewrite_rows(self, table: sa.Table, keys: Sequence[Mapping[str, Any]]) -> None:
        if self.engine.dialect.name == "postgresql":
            with self.engine.begin() as connection:
                for key in keys:  # a new row each, with nothing of the old one's order; a long value only if changed
                    connection.execute(table.update().filter_by(**key).values(_as_it_is(table)))
            return
        with self._turn(), self._checkpoints.connect() as connection:  # a connection that enforces no foreign keys
            for pragma in ("foreign_keys=OFF", "secure_delete=ON", "synchronous=FULL", "busy_timeout=30000"):
                connection.exec_driver_sql(f"PRAGMA {pragma}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                found = [connection.execute(sa.select(table).filter_by(**key)).first() for key in keys]
                rows = [dict(row._mapping) for row in found if row is not None]
                for key in keys:
                    connection.execute(table.delete().filter_by(**key))
                secrets.SystemRandom().shuffle(rows)
                for row in rows:
                    connection.execute(table.insert(), row)
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise

    def _shrink(self) -> None:
        """Give back the room of the rows as they were; whatever holds a table just now goes first."""
        with self._reading.connect() as connection:
            connection.exec_driver_sql("SET lock_timeout = '3s'")
            try:
                for table in self.metadata.sorted_tables:
                    with suppress(SQLAlchemyError):  # in use: the next night will do
                        connection.exec_driver_sql(f"VACUUM FULL {table.name}")
            finally:
                connection.exec_driver_sql("SET lock_timeout = 0")

    def probe(self) -> None:
        """Write something durably, as a letter is written. Raises NotKept, which `on_fault` is not told of."""
        if not self._has_room():
            raise not_kept("full", where=self.named)
        row = {"id": 1, "filler": secrets.token_bytes(_PROBE_BYTES)}
        with self._complaining(quietly=True):
            self._tables.make()
            with self._turn(), self.engine.begin() as connection:
                require_same_files = self._files.require(connection)
                written = self.insert(ours.probe).values(row)
                connection.execute(written.on_conflict_do_update(index_elements=["id"], set_=row))
            require_same_files()

    def _has_room(self) -> bool:
        """Return whether the disk of SQLite's file takes more; a server of PostgreSQL says it itself."""
        file = self.engine.url.database if self.engine.dialect.name == "sqlite" else None
        return not file or _free(Path(file)) >= LEAST_FREE

    def wait_for_replicas(self) -> None:
        """Wait until what can be read is as durable as what was just written. Raises NotKept.

        A row whose commit still waits for PostgreSQL's replica can be read after that connection was lost: whoever
        says "kept" because the row is there must wait for it too, and a later commit waits for all before it.
        """
        if self.engine.dialect.name == "postgresql":
            self.probe()

    def is_in_use(self) -> bool:
        """Return whether this database holds anything, or belongs to a salt already. Makes no table. Raises NotKept."""
        file = self.engine.url.database if self.engine.dialect.name == "sqlite" else None
        if file and not Path(file).exists():
            return False
        with self._complaining(), self._reading.connect() as connection:
            there = sa.inspect(connection).get_table_names()
            tables = [table for table in (ours.installation, *self.metadata.sorted_tables) if table.name in there]
            queries = (sa.select(sa.literal(1)).select_from(table).limit(1) for table in tables)
            return any(connection.execute(query).first() for query in queries)

    def claim(self, salt_mark: str, *, restoring: bool = False) -> None:
        """Record that this database belongs to the salt with this fingerprint.

        One that belongs to none yet belongs to it from now on. Raises OtherSalt, HalfRestored unless `restoring`, or
        NotKept where the database is away: then it is looked at when it is first used.
        """
        self._tables.belong_to(salt_mark, restoring=restoring)
        with self._complaining():
            self._tables.make()

    def open_as_it_is(self, salt_mark: str, *, restoring: bool = False) -> None:
        """Only read from now on: make no table, change no schema, since an older program may be running on it.

        Raises OtherSalt, OtherSchema where a newer program made it, HalfRestored unless `restoring`, or NotKept.
        """
        self._tables.belong_to(salt_mark, as_it_is=True, restoring=restoring)
        with self._complaining():
            self._tables.make()

    @property
    def schema_number(self) -> str | None:
        """The number of its schema; None where it carries none: it is older than all, or new. Raises NotKept."""
        with self._complaining(), self._reading.connect() as connection:
            return schema.number_of(connection)

    def is_current(self) -> bool:
        """Return whether it is as this program makes it, or an older one left it. Raises NotKept."""
        with self._complaining(), self._reading.connect() as connection:
            there = set(sa.inspect(connection).get_table_names())
            tables = {table.name for table in (*self.metadata.sorted_tables, *ours.METADATA.sorted_tables)}
            return schema.number_of(connection) == schema.newest() and tables <= there

    def remove_old_copies(self) -> None:
        """Remove old copies made before a change of schema: they hold what was erased since. Raises NotKept."""
        with self.reads() as connection:
            schema_copies.remove_old(connection)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()
        self._checkpoints.dispose()
        self._files.forget()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Run one transaction; what it did is durable when the block is left."""
        ended: list[bool] = []
        with self._complaining(ended):
            self._tables.make()
            with self._turn(), ExitStack() as stack:
                with blocked():  # here SQLite waits for other programs, and PostgreSQL for its answer
                    connection = stack.enter_context(self.engine.begin())
                require_same_files = self._files.require(connection)
                yield connection
                ended.append(True)  # from here on only the commit can fail
            require_same_files()  # else what was committed is nowhere
        self._log.forget_when_due()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for the turn to write: SQLite has one writer, and threads wait here instead of polling in SQLite.

        Raises NotKept after half a minute.
        """
        if self.engine.dialect.name != "sqlite":
            yield
            return
        with blocked():
            its_turn = self._writers.acquire(timeout=_LONGEST_WAIT)
        if not its_turn:
            raise not_kept("busy", where=self.named)
        try:
            yield
        finally:
            self._writers.release()

    def mark_erased(self, connection: sa.Connection, *what: str) -> None:
        """Record, in the transaction that erases it, that something was erased, so that no backup restores it."""
        newest = connection.execute(sa.select(sa.func.max(ours.erased.c.day))).scalar() or EARLIEST_DATE
        day = max(
            datetime.now(UTC).date(), newest, EARLIEST_DATE
        )  # by a clock that went back it would be forgotten at once
        row = {"mark": ours.erased_mark(self._tables.salt_mark, *what), "day": day.replace(day=1)}  # only to forget it
        self.add_rows(connection, ours.erased, [row])

    def erased(self) -> Callable[..., bool]:
        """Return a function that tells whether ids were erased, as of now. Raises NotKept."""
        with self.reads() as connection:
            marks = frozenset(connection.execute(sa.select(ours.erased.c.mark)).scalars())
        return lambda *what: ours.erased_mark(self._tables.salt_mark, *what) in marks

    def forget_old(self, *, marks: date = date.min, restored: date = date.min, latest: date = date.max) -> None:
        """Forget the marks of what was erased before a day, since no backup is so old any more, and a restore before
        another, since what it lost would be erased by now. Raises NotKept.

        latest: the latest day that it may be: what a clock that was ahead marked is dated back to it. Else those marks,
        and all that were made since, would stay until that clock's year.
        """
        with self.writing() as connection:
            ahead = ours.erased.update().where(ours.erased.c.day > latest)
            connection.execute(ahead.values(day=latest.replace(day=1)))
            old = ours.erased.delete().where(ours.erased.c.day < marks)
            old_restore = ours.restored.delete().where(ours.restored.c.day < restored)
            gone = connection.execute(old).rowcount + connection.execute(old_restore).rowcount
        if gone:
            self.forget_traces()

    def restored(self) -> tuple[date, date] | None:
        """Return the day of the backup that this database was brought back from, and the day of that; or None."""
        with self.reads() as connection:
            row = connection.execute(sa.select(ours.restored.c.since, ours.restored.c.day)).first()
            return (row.since, row.day) if row else None

    def note_restored(self, since: date, day: date) -> None:
        """Record that this database was restored from a backup of the day `since`. Raises NotKept."""
        with self.writing() as connection:
            connection.execute(ours.restored.delete())
            self.add_rows(connection, ours.restored, [{"id": 1, "since": since, "day": day}])

    def add_rows(self, connection: sa.Connection, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows of which some may be there already: those stay as they are."""
        for row in rows:
            connection.execute(self.insert(table).values(row).on_conflict_do_nothing())

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """Lend a connection that sees the database as it is now, whatever is written meanwhile. Raises NotKept."""
        with self._complaining(quietly=True):
            self._tables.make()
            if self.engine.dialect.name == "sqlite":
                with self._checkpoints.connect() as connection:
                    connection.exec_driver_sql("BEGIN DEFERRED")  # readers hold no writer up
                    yield connection
                    connection.exec_driver_sql("ROLLBACK")
            else:
                with self.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
                    yield connection

    @contextmanager
    def reads(self) -> Iterator[sa.Connection]:
        """Lend a connection for reading. Raises NotKept."""
        with self._complaining():
            self._tables.make()
            with self._reading.connect() as connection:
                yield connection

    @contextmanager
    def _complaining(self, ended: Sequence[bool] = (), *, quietly: bool = False) -> Iterator[None]:
        """Raise the database's errors as NotKept. ended: filled once a transaction has only its commit to do."""
        tell = (lambda _: None) if quietly else self.on_fault
        try:
            yield
        except IntegrityError as error:
            if is_taken(error):
                raise AlreadyThere("store", "Something with this id is kept already.") from None
            problem = not_kept("other", type(error).__name__, self.named)
            tell(problem.fault)
            raise problem from None
        except SQLAlchemyError as error:
            if state_of(error) == READ_ONLY_SERVER:  # no primary any more: each connection to it is useless
                self.engine.dispose()
            problem = not_kept_for(error, at_commit=bool(ended), where=self.named, room=self._has_room())
            if not (problem.again and is_repeated()):  # else whoever repeats it tells, if it fails for good
                tell(problem.fault)
            raise problem from None
        except NotKept as problem:
            if problem.fault:
                tell(problem.fault)
            raise


def _as_it_is(table: sa.Table) -> dict[str, Any]:
    """Return values that change nothing, but make PostgreSQL rewrite the row and a long value beside it."""
    if "sealed" in table.c:
        return {"sealed": table.c.sealed.op("||")(sa.literal(b"", sa.LargeBinary))}
    first = next(iter(table.columns))
    return {first.name: first}


def _free(file: Path) -> int:
    """Return how many bytes are free on the disk of this file; enough if the system does not tell."""
    try:
        return shutil.disk_usage(file.parent).free
    except OSError:
        return LEAST_FREE


def _used_pages(connection: sa.Connection) -> int:
    pages, free, page = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * page
