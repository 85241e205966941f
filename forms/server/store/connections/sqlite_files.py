"""The files of an SQLite database: private to this user, and the same ones for as long as the database is open."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from forms.server.store.connections.addresses import database_of
from forms.server.store.faults import not_kept

_FileId = tuple[int, int]


class OpenFiles:
    """The files that an SQLite database had when it was opened, by device and inode.

    If they are removed or replaced, SQLite keeps writing to files that nobody can open again: a letter would be
    reported as kept, and be lost at the next start. PostgreSQL and databases in memory have no such files.
    """

    _KEY = "files"

    def __init__(self, url: str) -> None:
        kind, name, *_ = (*database_of(url), "")
        in_file = os.name == "posix" and kind == "sqlite" and sa.make_url(url).database not in {None, "", ":memory:"}
        self._name = name if in_file else ""
        self._first: _FileId | None = None

    def forget(self) -> None:
        """Accept whatever file the next connection opens, since all connections were closed."""
        self._first = None

    def require_first(self, *_: object) -> None:
        """Raise NotKept before a connection opens or creates a file other than the first one."""
        if self._first and _file_id(self._name) != self._first:
            raise not_kept("moved", where=self._name)

    def remember(self, _connection: Any, record: Any) -> None:
        """Record which files a new connection has open."""
        if self._name:
            files = record.info[self._KEY] = (_file_id(self._name), _file_id(f"{self._name}-wal"))
            self._first = self._first or files[0]

    def checker(self, connection: sa.Connection) -> Callable[[], None]:
        """Return a function that raises NotKept if the files of a connection are not the database's files any more."""
        files = connection.info.get(self._KEY, (None, None))

        def check() -> None:
            """Raise the error of a database whose file was moved or replaced."""
            for name, file in zip((self._name, f"{self._name}-wal"), files, strict=True):
                if file and _file_id(name) != file:
                    raise not_kept("moved", where=self._name)

        return check


def _file_id(name: str) -> _FileId | None:
    try:
        status = os.stat(name)  # noqa: PTH116 - faster, and called for each letter
    except OSError:
        return None
    return status.st_dev, status.st_ino


def keep_private(_dialect: Any, _record: Any, arguments: list[Any], _options: Any) -> None:
    """Let only this user read a database's file, whatever the umask is. SQLite gives the files beside it the same mode.

    An existing file is never opened here: closing it would release the locks that SQLite holds on it for all
    connections of this process. Another process could then remove the write-ahead log when it closes its last
    connection, and letters that were reported as kept would be lost (sqlite.org/howtocorrupt.html, 2.2).
    """
    name = str(arguments[0]) if arguments else ""
    if os.name != "posix" or not name or name.startswith((":memory:", "file:")):
        return
    with suppress(OSError):  # another user's file, or not writable: SQLite reports what is wrong with it
        with suppress(FileExistsError):
            os.close(os.open(name, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0o600))
        for file in (Path(name), Path(f"{name}-wal"), Path(f"{name}-shm")):
            if file.exists() and file.stat().st_mode & 0o077:
                file.chmod(0o600)
