"""A file lock for one program at a time. The system releases it when the program ends, however it ends."""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from forms.core.problem import Problem

_HELD_BY_OTHER = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
"""Errors that mean that another program holds the lock; any other means that the file cannot be locked at all."""

LOCKS_UNSUPPORTED = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
"""Errors of file systems without locks."""

_POLL_SECONDS = 0.05
"""Seconds between two attempts to take a lock that another program holds."""

_LOCKS = Path("/proc/locks")
"""Where Linux lists the locks of all programs, by the number of the file."""

_own_descriptors: set[int] = set()
"""File descriptors of all locks that this process holds."""


class AlreadyLocked(Exception):
    """Another program holds the file."""


def _release_inherited() -> None:
    """Close the lock files inherited from the parent process, so that only the parent holds the locks.

    Otherwise a child that survives a killed parent would hold them for ever.
    """
    while _own_descriptors:
        os.close(_own_descriptors.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_release_inherited)


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Lock a file for this process alone, creating it if missing. Raises AlreadyLocked, OSError, Problem for a link.

    wait: wait for another program that holds it; on Windows for ten seconds.
    """
    descriptor = _open_lock_file(path)
    _own_descriptors.add(descriptor)
    try:
        try:
            _lock(descriptor, wait=wait)
        except OSError as error:
            if error.errno not in _HELD_BY_OTHER:
                raise
            raise AlreadyLocked(str(path)) from None
        yield
    finally:
        if descriptor in _own_descriptors:  # else this is a fork of the process that locked it
            _own_descriptors.remove(descriptor)
            os.close(descriptor)


@contextmanager
def locked_if_possible(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Lock a file as `locked` does; if its file system has no locks, go on without one.

    Raises AlreadyLocked, OSError, Problem for a link.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, wait=wait))
        except OSError as error:
            if error.errno not in LOCKS_UNSUPPORTED:
                raise
        yield


@contextmanager
def locked_within(
    path: Path, timeout: float, meanwhile: Callable[[], object] = lambda: None, every: float = 5.0
) -> Iterator[None]:
    """Lock a file as `locked` does, waiting for another program. Raises AlreadyLocked, OSError, Problem.

    timeout: seconds to wait for it, since it may hang or be stopped; meanwhile: called after each `every` seconds.
    """
    deadline, next_call = time.monotonic() + timeout, 0.0
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(path))
                break
            except AlreadyLocked:
                if time.monotonic() >= deadline:
                    raise
                if time.monotonic() >= next_call:
                    meanwhile()
                    next_call = time.monotonic() + every
                time.sleep(_POLL_SECONDS)
        yield


def is_held(path: Path) -> bool:
    """Return whether a program holds the lock of a file that this user may not open. Always False except on Linux."""
    try:
        # "1: FLOCK  ADVISORY  WRITE 4711 fe:00:2146973 0 EOF": the device is not always the one that stat returns
        inodes = [line.split()[-3].rpartition(b":")[2] for line in _LOCKS.read_bytes().splitlines()]
        return b"%d" % path.stat().st_ino in inodes
    except (OSError, ValueError, IndexError):
        return False


def held_too_long(path: Path, does: str) -> Problem:
    """Return the Problem of a lock whose holder does not end. does: the holder's work, like "publishes here"."""
    what = f"is held by another program, which {does} and does not end: it is stopped, or hangs."
    todo = f"Find it (fuser -v {path}), continue it in its terminal (fg) or end it; then type the same again."
    return Problem(str(path), what, todo)


def _open_lock_file(path: Path) -> int:
    """Open a lock file. Raises Problem for a link: in another user's folder, it could make root open any file."""
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
