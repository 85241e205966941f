"""How a database is connected to: what its address names, how many connections, and what each is told at its start."""

import os
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from forms.core.problem import Problem
from forms.server.blocked import blocked
from forms.server.store.connections.compiled_statements import COMPILED
from forms.server.store.faults import NotKept, not_kept

CONNECTIONS = 40
"""Connections to PostgreSQL of one service: its own limit is 100, for all that use it, of which it keeps three."""

WORKERS = 2
"""Processes of a service, as deploy/gunicorn.conf.py starts them."""

_LONGEST_WAIT = 30.0  # seconds for a free connection

_LOST_MACHINE = {
    "connect_timeout": 5, "tcp_user_timeout": 10_000, "keepalives_idle": 5, "keepalives_interval": 3,
    "keepalives_count": 3, "application_name": "portal",
}  # fmt: skip
"""A machine that is gone sends no word of it: by these it is noticed within ten seconds. An address may name others."""

_CHECKPOINT_WAIT = 50
"""Milliseconds for which emptying the log waits for readers: so long it keeps writers waiting."""

_TRY_AGAIN = 1.0
"""Seconds until a write tries again to empty a log that somebody was reading."""

_OVERFLOW = 25
"""SQLite: connections above the five that stay open, with which there are more than one district has threads."""


class Limit:
    """How many connections to PostgreSQL a process may have at once, for all its databases together.

    Where each database can have two at least, it keeps its share open. Else, as with many districts in one service,
    each transaction connects anew, and waits while the process has as many as it may.
    """

    def __init__(self, most: int = CONNECTIONS // WORKERS, databases: int = 2) -> None:
        self.share = most // databases
        self._free = threading.BoundedSemaphore(max(1, most))

    def pool(self) -> dict[str, Any]:
        """Return how an engine keeps its connections."""
        if self.share < _LEAST_SHARE:
            return {"poolclass": sa.NullPool}
        return {
            "poolclass": sa.QueuePool, "pool_size": self.share, "max_overflow": 0, "pool_timeout": _LONGEST_WAIT,
            "pool_pre_ping": True,  # one that died with the database is noticed before a letter is trusted to it
        }  # fmt: skip

    def watch(self, engine: sa.Engine) -> None:
        """Count the connections of an engine that keeps none open."""
        if self.share < _LEAST_SHARE:
            sa.event.listen(engine, "do_connect", self._connect)
            sa.event.listen(engine, "close", self._closed)

    def _connect(self, dialect: sa.Dialect, _record: Any, arguments: list[Any], more: dict[str, Any]) -> Any:
        """Connect to the database. Raises PoolTimeout where no connection of this process's share is free."""
        with blocked():
            is_free = self._free.acquire(timeout=_LONGEST_WAIT)
        if not is_free:
            raise PoolTimeout("no connection is free")
        try:
            return dialect.connect(*arguments, **more)
        except BaseException:
            self._free.release()
            raise

    def _closed(self, *_: object) -> None:
        with suppress(ValueError):
            self._free.release()


_LEAST_SHARE = 2


def database_of(url: str) -> tuple[str, ...]:
    """Return what identifies a database, however its address is written; an unreadable address itself."""
    try:
        parsed = sa.make_url(url)
    except ArgumentError:  # a store says what is wrong with it
        return (url,)
    kind, name = parsed.get_backend_name(), parsed.database or ""
    if kind == "sqlite":
        return kind, str(Path(name.removeprefix("file:").partition("?")[0]).resolve())
    hosts = [host for one in _all(parsed.host or parsed.query.get("host", "")) for host in one.split(",")]
    remote = sorted({host for host in hosts if not _is_local(host)})
    ports = ",".join(_all(str(parsed.port) if parsed.port else parsed.query.get("port", "")))
    schema = _schema_of(" ".join(_all(parsed.query.get("options", ""))))  # districts may have schemas of one database
    return kind, ",".join(remote), ports, name, schema


def _schema_of(options: str) -> str:
    """Return the schema that options like `-csearch_path=riverside` lead to, as PostgreSQL will know it."""
    found = _SEARCH_PATH.findall(options)
    first = found[-1].partition(",")[0].strip() if found else "public"
    plain = first.strip('"') if first.startswith('"') else first.lower()
    return plain.encode()[:LONGEST_NAME].decode(errors="ignore")


_SEARCH_PATH = re.compile(r"(?:-c\s*|--)search[_-]path=((?:\\.|\S)*)")

LONGEST_NAME = 63
"""Bytes of a name: PostgreSQL cuts off what is more without a word (NAMEDATALEN)."""


def _all(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _is_local(host: str) -> bool:
    return host in {"", "localhost", "127.0.0.1", "::1"} or host.startswith("/")


class OpenFiles:
    """The files that an SQLite database had when it was opened, by device and inode.

    Where they are removed, or others take their names, SQLite writes on into what nobody will ever open again: a letter
    would be reported as kept, and be gone at the next start. PostgreSQL, and what is in memory only, has none.
    """

    _IN = "files"

    def __init__(self, url: str) -> None:
        kind, name, *_ = (*database_of(url), "")
        in_file = os.name == "posix" and kind == "sqlite" and sa.make_url(url).database not in {None, "", ":memory:"}
        self._name = name if in_file else ""
        self._first: _File | None = None

    def forget(self) -> None:
        """Take what is there at the next connection: all that are open were closed."""
        self._first = None

    def require_first(self, *_: object) -> None:
        """Raise NotKept before a connection that would open, or make, another file than the first one."""
        if self._first and _file(self._name) != self._first:
            raise not_kept("moved", where=self._name)

    def remember(self, _connection: Any, record: Any) -> None:
        """Remember what a new connection has open."""
        if self._name:
            found = record.info[self._IN] = (_file(self._name), _file(f"{self._name}-wal"))
            self._first = self._first or found[0]

    def require(self, connection: sa.Connection) -> Callable[[], None]:
        """Return what raises NotKept where a connection writes into files that are not those of the database now."""
        files = connection.info.get(self._IN, (None, None))

        def check() -> None:
            """Raise the error of a database whose file was moved or replaced."""
            for name, known in zip((self._name, f"{self._name}-wal"), files, strict=True):
                if known and _file(name) != known:
                    raise not_kept("moved", where=self._name)

        return check


_File = tuple[int, int]


def _file(name: str) -> _File | None:
    try:
        found = os.stat(name)  # noqa: PTH116 - at each letter
    except OSError:
        return None
    return found.st_dev, found.st_ino


def engine_of(url: str, limit: Limit, files: OpenFiles | None = None) -> sa.Engine:
    """Return the engine of an address, which connects when it is first used. Raises Problem for a malformed one.

    files: those that an SQLite database had when it was opened. Parameters hold what people wrote: they never stand in
    an error's text.
    """
    try:
        kind = sa.make_url(url).get_backend_name()
        pool = {"max_overflow": _OVERFLOW} if kind == "sqlite" else limit.pool()
        connecting = {} if kind == "sqlite" else {"connect_args": _unless_named(url)}
        engine = sa.create_engine(
            url, hide_parameters=True, execution_options={"compiled_cache": COMPILED}, **pool, **connecting
        )
    except (ArgumentError, ImportError):  # the address may hold a password: it is not said
        todo = "Write it like postgresql+psycopg://portal@/concerns?host=/run/postgresql, or leave it out."
        raise Problem("store", "The address of a database cannot be read.", todo) from None
    if kind == "sqlite":
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_immediate)
        if files:
            sa.event.listen(engine, "do_connect", files.require_first)
            sa.event.listen(engine, "connect", files.remember)
        sa.event.listen(engine, "do_connect", _keep_private)
    else:
        limit.watch(engine)
        sa.event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _unless_named(url: str) -> dict[str, Any]:
    named = sa.make_url(url).query
    return {name: value for name, value in _LOST_MACHINE.items() if name not in named}


def checkpoints_of(engine: sa.Engine, url: str, files: OpenFiles) -> sa.Engine:
    """Return connections of their own that empty SQLite's write-ahead log; PostgreSQL needs none."""
    if engine.dialect.name != "sqlite":
        return engine
    own = sa.create_engine(
        url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", execution_options={"compiled_cache": COMPILED}
    )
    sa.event.listen(own, "do_connect", files.require_first)
    sa.event.listen(own, "do_connect", _keep_private)
    return own


class WriteAheadLog:
    """SQLite's write-ahead log, in which what was erased stands until it is emptied. Safe from several threads."""

    def __init__(self, checkpoints: sa.Engine) -> None:
        """checkpoints: connections of its own, which wait only briefly."""
        self._checkpoints = checkpoints
        self._emptying = threading.Lock()
        # A process that was killed may have left something in the log: the first write looks.
        self._traces_remain, self._try_at = True, 0.0

    def forget_traces(self) -> None:
        """Remove erased bytes; while somebody reads, later (see `forget_when_due`). Never raises."""
        self._traces_remain = True
        self.forget_remaining_traces()

    def forget_when_due(self) -> None:
        """Try once more after a write, if there is something left and it is time."""
        if self._traces_remain and time.monotonic() >= self._try_at:
            self.forget_remaining_traces()

    def forget_remaining_traces(self) -> None:
        """Try once more, where there is something left and a log of this kind."""
        if not self._traces_remain or self._checkpoints.dialect.name != "sqlite":
            return
        with self._emptying:
            self._try_at = time.monotonic() + _TRY_AGAIN
            self._traces_remain = False  # first: what another thread erases meanwhile sets it anew
            if not self._empty():
                self._traces_remain = True

    def _empty(self) -> bool:
        """Whether the log is empty now."""
        try:
            with self._checkpoints.connect() as connection:
                # First what nobody has to wait for, so that the part for which writers wait is short.
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
                connection.exec_driver_sql(f"PRAGMA busy_timeout={_CHECKPOINT_WAIT}")
                return not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        except (SQLAlchemyError, NotKept):
            return False


def _keep_private(_dialect: Any, _record: Any, arguments: list[Any], _more: Any) -> None:
    """Let nobody but this user read a database's file, whatever the umask. SQLite makes those beside it likewise.

    A file that is there is never opened here: closing it would take away the locks that SQLite holds on it for all
    connections of this process. The next process to close its own would then remove the write-ahead log under them, and
    letters that were reported as kept would be gone (sqlite.org/howtocorrupt.html, 2.2).
    """
    name = str(arguments[0]) if arguments else ""
    if os.name != "posix" or not name or name.startswith((":memory:", "file:")):
        return
    with suppress(OSError):  # of another user, or not to be made: SQLite says what is wrong with it
        with suppress(FileExistsError):
            os.close(os.open(name, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600))
        for file in (Path(name), Path(f"{name}-wal"), Path(f"{name}-shm")):
            if file.exists() and file.stat().st_mode & 0o077:
                file.chmod(0o600)


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy, not the driver, says when a transaction begins
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA busy_timeout=30000")


def _begin_immediate(connection: sa.Connection) -> None:
    # Taking the write lock at once means waiting for it, never failing half-way for having read first.
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _set_up_postgresql(connection: Any, _record: Any) -> None:
    """Have each commit wait for the disk, and for the replica where there is one that it is to wait for.

    A receipt is shown when the letter is durable: a server's or a database's setting must not change that.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting("
                       "'synchronous_commit') IN ('off', 'local', 'remote_write')")  # fmt: skip
    connection.commit()
