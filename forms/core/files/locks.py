"""A file lock for one program at a time. The system releases it when the program ends, however it ends."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forms.core.problem import Problem


class AlreadyLocked(Exception):
    """Another program holds the file."""


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Lock a file for this program alone, creating it if missing. Raises AlreadyLocked, OSError, Problem for a link.

    wait: wait for the other program instead; on Windows for ten seconds.
    """
    descriptor = _opened(path)
    try:
        try:
            _lock(descriptor, wait=wait)
        except OSError:
            raise AlreadyLocked(str(path)) from None
        yield
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """Return the open file. Raises Problem for a link: it may lead root, in a folder of another user, to any file."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        todo = "See whose it is (ls -l), and remove it; then type the same again."
        raise Problem(str(path), "is a link, and must be an empty file.", todo) from None


def _lock(descriptor: int, *, wait: bool) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415

        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
