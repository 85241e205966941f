"""A cache of slow results between builds, under a hash of everything that they depend on: same key, same bytes.

Nothing here decides what is published. What is damaged, missing or cannot be opened is made again.
"""

import hashlib
import pickle
import secrets
import sqlite3
import sys
import weakref
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from forms.core.files.owners import is_trusted

FOLDER = Path(".build") / "kept"
SHARED = Path(".build") / "shared"
"""What districts of one machine share (sitegen/shared_work.py); below each district a link leads there."""
CHECKS = "checks"
"""The name of what the checks of pages keep."""
PROGRAM = "program"
"""The name of what the program itself is made into: compiled templates and catalogues of words."""

_CHECK = 8
_WAIT = 30
_SHORT_WAIT = 2
_FILES = ("speech", "pictures")
"""Folders below .build of sound and pictures, under the names that they have on the site."""

_TABLE = "CREATE TABLE IF NOT EXISTS work (key BLOB PRIMARY KEY, value BLOB NOT NULL)"
_SPARE = 2
"""A file with more than so many times the entries that a whole build asked for is cut down to those."""


_APART: list[bytes] = []
"""The mark of this process alone, where its program was changed on the disk since it started."""


def stand_apart(*, apart: bool = True) -> None:
    """Share no kept work with a program that is as its files say: they are not what this process runs."""
    if apart != bool(_APART) or _KNOWN:
        _APART[:] = [secrets.token_bytes(20)] if apart else []
        _KNOWN.clear()
        code_mark.cache_clear()


_KNOWN: list[bytes] = []
"""The mark of this program, where somebody has it already."""


def take_mark(mark: bytes) -> None:
    """Take the mark from whoever is sure that neither the program nor its Python has changed since it was made."""
    _KNOWN[:] = [mark]


@cache
def code_mark() -> bytes:
    """Return a hash of our own code and of the interpreter: what another program has made is never taken."""
    if _APART or _KNOWN:
        return (_APART or _KNOWN)[0]
    digest = hashlib.blake2b(sys.version.encode(), digest_size=20)
    start = Path(__file__).parents[2]
    for folder in ("site/sitegen", "site/theme", "forms/core"):
        for path in sorted((start / folder).rglob("*")):
            if path.suffix in {".py", ".html", ".yaml", ".po", ".typ"} and path.is_file():
                digest.update(path.name.encode() + path.read_bytes())
    with suppress(OSError):
        digest.update((start / "locks" / "site.lock").read_bytes())
    return digest.digest()


_open: weakref.WeakSet["KeptWork"] = weakref.WeakSet()


class KeptWork:
    """One file of kept values. Written at `save`, so that a build that is cut off leaves it as it was."""

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        self._path, self._read_only = path, read_only
        self._connection: sqlite3.Connection | None = None
        self._fresh: dict[bytes, bytes] = {}
        self._used: set[bytes] = set()
        self._made_for = 0

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key, or None."""
        self._used.add(key)
        if key in self._fresh:
            return self._fresh[key]
        try:
            row = self.connection().execute("SELECT value FROM work WHERE key = ?", (key,)).fetchone()
        except (sqlite3.Error, OSError):
            return None
        value: bytes = row[0] if row and isinstance(row[0], bytes) else b""
        return value[_CHECK:] if value and value[:_CHECK] == _sum(value[_CHECK:]) else None

    def put(self, key: bytes, value: bytes) -> bytes:
        """Keep a value and return it."""
        if not self._fresh:
            self._made_for = self._generation()
        self._fresh[key] = value
        return value

    def loaded(self, key: bytes) -> Any:
        """Return the value that `keep` kept under a key; None where there is none that can be read."""
        found = self.get(key)
        if found is not None:
            with suppress(Exception):  # whatever it holds, it is made anew
                return pickle.loads(found)  # noqa: S301 - our own file, beside the code, with a checksum
        return None

    def keep(self, key: bytes, value: Any) -> None:
        """Keep a value of any type of ours."""
        self.put(key, pickle.dumps(value, pickle.HIGHEST_PROTOCOL))

    def made(self, key: bytes, make: Callable[[], Any]) -> Any:
        """Return a value that is not None: the kept one, else the one that `make` makes now."""
        found = self.loaded(key)
        if found is None:
            found = make()
            self.keep(key, found)
        return found

    def save(self, *, whole: bool = False) -> None:
        """Write new values. whole: every value still in use was requested; many others are removed.

        What was made before the file was emptied is left out: something was withdrawn since, maybe by another program.
        """
        if self._fresh and self._generation() != self._made_for:
            self._fresh.clear()
        with suppress(sqlite3.Error, OSError):
            connection = self.connection()
            rows = [(key, _sum(value) + value) for key, value in list(self._fresh.items())]  # other threads keep more
            with connection:
                connection.executemany("INSERT OR REPLACE INTO work VALUES (?, ?)", rows)
        if whole:
            self.cut_down(self._used)
        self._fresh.clear()
        self._used = set()

    def close(self) -> None:
        """Close the file; the next question opens it again."""
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    def is_sound(self) -> bool:
        """Return whether all of the file can be read."""
        try:
            return self.connection().execute("PRAGMA quick_check(1)").fetchall() == [("ok",)]
        except (sqlite3.Error, OSError):
            return False

    def cut_down(self, used: Collection[bytes], *, few: bool = False) -> None:
        """Remove all entries but these, if there are many others. few: also if there are few."""
        with suppress(sqlite3.Error, OSError):
            connection = self.connection()
            (count,) = connection.execute("SELECT count(*) FROM work").fetchone()
            if few or count > _SPARE * len(used) + 100:
                every = [key for (key,) in connection.execute("SELECT key FROM work")]
                with connection:
                    gone = ((key,) for key in every if key not in used)
                    connection.executemany("DELETE FROM work WHERE key = ?", gone)

    def _generation(self) -> int:
        """Return the number that changes whenever the file is emptied or made anew; 0 where it cannot be read."""
        with suppress(sqlite3.Error, OSError):
            (found,) = self.connection().execute("PRAGMA user_version").fetchone()
            return int(found)
        return 0

    def connection(self) -> sqlite3.Connection:
        """Return the open file, made where it is missing. Raises OSError, sqlite3.Error."""
        if self._connection is None:
            if self._path is None:
                raise OSError
            if not all(is_trusted(one.stat()) for one in (self._path, self._path.parent) if one.exists()):
                raise PermissionError(str(self._path))  # what is kept is loaded as Python's own objects and code
            _open.add(self)
            if self._read_only:
                address = f"{self._path.absolute().as_uri()}?mode=ro"
                self._connection = sqlite3.connect(address, uri=True, timeout=_WAIT, check_same_thread=False)
                return self._connection
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connection = _connected(self._path)
            except sqlite3.DatabaseError:  # damaged: nothing of it is needed
                remove(self._path)
                self._connection = _connected(self._path)
        return self._connection


def forget(root: Path, addresses: Collection[str] = ()) -> None:
    """Remove all kept work, and the kept sound and pictures of these addresses: what was withdrawn may stand in it."""
    for path in (*sorted((root / FOLDER).glob("*.db")), *sorted((root / SHARED).glob("*.db"))):
        try:
            with closing(sqlite3.connect(path, timeout=_SHORT_WAIT, isolation_level=None)) as connection:
                # Another program may have it open, so its rows go and not the file; VACUUM leaves nothing in it.
                for statement in (_new_generation(), "DELETE FROM work", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                    connection.execute(statement).fetchall()
        except (sqlite3.Error, OSError):  # damaged or held: it is made anew
            remove(path)
    for name in {PurePosixPath(address).name for address in addresses} - {""}:
        for folder in _FILES:
            with suppress(OSError):
                (root / ".build" / folder / name).unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file of kept work, with what SQLite keeps beside it."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        with suppress(OSError):
            path.with_name(name).unlink(missing_ok=True)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = OFF")  # what a power cut damages is found by its checksum
    connection.execute(_TABLE)
    if _is_without_number(connection):
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            if _is_without_number(connection):  # else another process, forked beside this one, has just given it one
                connection.execute(_new_generation())
    return connection


def _is_without_number(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA user_version").fetchone() == (0,))


def _new_generation() -> str:
    """Return the statement that gives a file another number: at random, since a removed file has forgotten its own."""
    return f"PRAGMA user_version = {secrets.randbelow(2**31 - 1) + 1}"


def _sum(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=_CHECK).digest()


@cache
def at(root: Path, name: str) -> KeptWork:
    """Return the kept work of this name in a project, one object a process."""
    return KeptWork(root / FOLDER / f"{name}.db")


def close_files() -> None:
    """Close all files of kept work; each is opened again when it is next asked."""
    for kept in list(_open):
        kept.close()


def close_all() -> None:
    """Close all files of kept work, and forget which there are, as when the process ends."""
    close_files()
    at.cache_clear()
