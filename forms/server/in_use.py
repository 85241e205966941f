"""Whether a service or a backup uses a data folder: each holds a shared lock, and a restore an exclusive one.

The system takes the lock back when the last process that holds it ends, however it ends.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from forms.core.problem import Problem

NAME = "in-use"
"""In the data folder: an empty file, on which the lock is."""

STOP_IT = "Stop it first, with the socket that would start it again: systemctl stop portal.socket portal"

_PAUSES = (0.0, 0.1, 0.2, 0.4)
"""Seconds before each try of a service that starts: `portal status` holds the lock for an instant."""


class InUse:
    """A lock on a data folder. Where there are no such locks, or the folder cannot be written, nobody holds one."""

    def __init__(self, folder: Path, *, alone: bool = False) -> None:
        """Take the lock, for a service or a backup; alone: for a restore.

        Raises Problem where another holds it that does not share it.
        """
        self._held: int | None = None
        with suppress(ImportError):
            import fcntl  # noqa: PLC0415 - POSIX has it

            with suppress(OSError):  # read-only or away: whoever needs the folder says so
                self._held = _opened(folder)
            if self._held is None:
                return
            how = (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB
            if not any(self._taken(how, pause=pause) for pause in ([0.0] if alone else _PAUSES)):
                self.close()
                raise _told(folder, alone)

    def _taken(self, how: int, *, pause: float) -> bool:
        import fcntl  # noqa: PLC0415

        time.sleep(pause)
        try:
            fcntl.flock(self._held or 0, how)
        except OSError:
            return False
        return True

    def __del__(self) -> None:
        """Give the lock back with the app that held it."""
        self.close()

    def close(self) -> None:
        """Give the lock back, once no process holds it that this one was forked into."""
        if self._held is not None:
            os.close(self._held)
        self._held = None


def _opened(folder: Path) -> int:
    """Return the open file, which belongs to whom the folder belongs to, also where root makes it. Raises OSError."""
    how = os.O_RDWR | os.O_NOFOLLOW  # root must not be led to a file of its own
    try:
        made = os.open(folder / NAME, how | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(folder / NAME, how)
    owner = folder.stat()
    if os.geteuid() == 0:
        os.fchown(made, owner.st_uid, owner.st_gid)
    return made


def _told(folder: Path, alone: bool) -> Problem:
    if alone:
        return Problem(str(folder), "is in use: the service runs, or a backup.", STOP_IT)
    return Problem(str(folder), "is being brought back from a backup.", "Wait until `portal restore` has ended.")
