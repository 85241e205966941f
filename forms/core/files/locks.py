"""A file lock for one program at a time. The system releases it when the program ends, however it ends."""

import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from forms.core.problem import Problem

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
"""What the system says where another program holds the file; anything else is that it cannot lock at all."""

LACKING = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
"""What a file system says that has no locks."""

_PAUSE = 0.05
"""Seconds between two looks at a lock that another program holds."""

_LOCKS = Path("/proc/locks")
"""Where Linux lists the locks of all programs, by the number of the file."""

_held: set[int] = set()
"""The open files of all locks of this process."""


class AlreadyLocked(Exception):
    """Another program holds the file."""


def _let_go_of_all() -> None:
    """Close the locks of the process that this one was forked from, which alone holds them.

    A fork that goes on when that one was killed would hold them for ever.
    """
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_of_all)


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Lock a file for this process alone, creating it if missing. Raises AlreadyLocked, OSError, Problem for a link.

    wait: wait for the other program instead; on Windows for ten seconds.
    """
    descriptor = _opened(path)
    _held.add(descriptor)
    try:
        try:
            _lock(descriptor, wait=wait)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            raise AlreadyLocked(str(path)) from None
        yield
    finally:
        if descriptor in _held:  # else this is a fork of the process that locked it
            _held.remove(descriptor)
            os.close(descriptor)


@contextmanager
def locked_if_possible(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Lock a file as `locked` does; where its file system has no locks, go on as if nobody else was there.

    Raises AlreadyLocked, OSError, Problem for a link.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(path, wait=wait))
        except OSError as error:
            if error.errno not in LACKING:
                raise
        yield


@contextmanager
def locked_within(
    path: Path, longest: float, meanwhile: Callable[[], object] = lambda: None, every: float = 5.0
) -> Iterator[None]:
    """Lock a file as `locked` does, when another program has let it go. Raises AlreadyLocked, OSError, Problem.

    longest: seconds to wait for that: it may hang, or be stopped. meanwhile: called so often (seconds) while it waits.
    """
    ends, due = time.monotonic() + longest, 0.0
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(path))
                break
            except AlreadyLocked:
                if time.monotonic() >= ends:
                    raise
                if time.monotonic() >= due:
                    meanwhile()
                    due = time.monotonic() + every
                time.sleep(_PAUSE)
        yield


def is_held(path: Path) -> bool:
    """Return whether a program holds a file that this user may not open. Only Linux tells; elsewhere False."""
    try:
        # "1: FLOCK  ADVISORY  WRITE 4711 fe:00:2146973 0 EOF": the device there is not everywhere the one that stat has
        nodes = [line.split()[-3].rpartition(b":")[2] for line in _LOCKS.read_bytes().splitlines()]
        return b"%d" % path.stat().st_ino in nodes
    except (OSError, ValueError, IndexError):
        return False


def held_too_long(path: Path, does: str) -> Problem:
    """Return what to say of a lock whose holder does not end. does: what that does, like "publishes here"."""
    what = f"is held by another program, which {does} and does not end: it is stopped, or hangs."
    todo = f"Find it (fuser -v {path}), continue it in its terminal (fg) or end it; then type the same again."
    return Problem(str(path), what, todo)


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
