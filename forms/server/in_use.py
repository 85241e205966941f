"""Lock a data folder: a service or a backup takes a shared lock, a restore an exclusive one.

The system releases the lock when the last process that has it ends, however it ends.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from forms.core.problem import Problem

NAME = "in-use"
"""The file in the data folder that is locked; it is empty."""

STOP_IT = "Stop it first, with the socket that would start it again: systemctl stop portal.socket portal"

_PAUSES = (0.0, 0.1, 0.2, 0.4)
"""Seconds before each attempt of a service that starts: `portal status` has the lock for an instant."""


class InUse:
    """A lock on a data folder. Without such locks, or if the folder cannot be written, it locks nothing."""

    def __init__(self, folder: Path, *, alone: bool = False) -> None:
        """Take the shared lock, or the exclusive one if `alone`.

        Raises Problem if another process has a lock that prevents it.
        """
        self._descriptor: int | None = None
        with suppress(ImportError):
            import fcntl  # noqa: PLC0415 - POSIX has it

            with suppress(OSError):  # read-only or missing: what needs the folder reports it
                self._descriptor = _open_lock_file(folder)
            if self._descriptor is None:
                return
            operation = (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB
            if not any(self._try_lock(operation, pause=pause) for pause in ([0.0] if alone else _PAUSES)):
                self.close()
                raise _in_use_problem(folder, alone)

    def _try_lock(self, operation: int, *, pause: float) -> bool:
        import fcntl  # noqa: PLC0415

        time.sleep(pause)
        try:
            fcntl.flock(self._descriptor or 0, operation)
        except OSError:
            return False
        return True

    def __del__(self) -> None:
        """Release the lock when the app that has it is deleted."""
        self.close()

    def close(self) -> None:
        """Release the lock; processes that were forked from this one keep it until they end."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None


def _open_lock_file(folder: Path) -> int:
    """Return the descriptor of the file, which gets the folder's owner, also if root creates it. Raises OSError."""
    flags = os.O_RDWR | os.O_NOFOLLOW  # a link could lead root to one of its own files
    try:
        descriptor = os.open(folder / NAME, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(folder / NAME, flags)
    owner = folder.stat()
    if os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def _in_use_problem(folder: Path, alone: bool) -> Problem:
    if alone:
        return Problem(str(folder), "is in use: the service runs, or a backup.", STOP_IT)
    return Problem(str(folder), "is being brought back from a backup.", "Wait until `portal restore` has ended.")
