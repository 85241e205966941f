"""Write files durably and atomically: afterwards the new file is complete and on the disk, or the old one unchanged."""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forms.core.problem import Problem

_SYNC_UNSUPPORTED = frozenset({errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.ENOSYS})
"""Errors of file systems that cannot sync a folder, like SMB and FUSE (fsync(2); PostgreSQL ignores them too)."""


def write_durably(path: Path, data: bytes) -> None:
    """Write a file that other programs may read. Raises OSError, and changes nothing then."""
    with atomic_replacement(path) as new_file:
        new_file.write_bytes(data)


def make_open_folder(folder: Path) -> None:
    """Make a folder and its missing parents, readable by other users whatever the umask. Raises OSError.

    The umask of root's shell may be too strict for nginx and the service, which are other users.
    """
    for parent in [path for path in (*reversed(folder.parents), folder) if not path.exists()]:
        with suppress(FileExistsError):  # made by another program meanwhile
            parent.mkdir()
            parent.chmod(0o755)


def write_safely(path: Path, data: bytes) -> None:
    """Write a file for this user only; make its folder if needed. Raises OSError, and changes nothing then."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        atomic_replacement(path) as new_file,
        os.fdopen(os.open(new_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
    ):
        file.write(data)


def write_or_complain(path: Path, data: bytes) -> None:
    """Write a file for this user only; make its folder if needed. Raises Problem, and changes nothing then."""
    try:
        write_safely(path, data)
    except OSError as error:
        raise Problem(str(path.parent), f"cannot be written ({error.strerror}).", _remedy(error)) from None


def _remedy(error: OSError) -> str:
    if error.errno == errno.EROFS:
        return "Its disk may only be read: look whether it is damaged or locked. What waits on the server stays there."
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "It belongs to another user of this machine. What waits on the server stays there."
    return "Make room on the disk; what waits on the server stays there."


@contextmanager
def atomic_replacement(path: Path, *, durably: bool = True) -> Iterator[Path]:
    """Yield the path of a new file, which replaces `path` after the block has written it.

    durably: wait until the new file is on the disk before it replaces the old one; without this, a power cut may leave
    half a file. Raises OSError. After any error the new file is removed, and the old one stays.
    """
    new_file = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        yield new_file
        if durably:
            _sync(new_file, os.O_RDWR)  # Windows syncs only what it may write
        new_file.replace(path)
        if durably:
            sync_folder(path.parent)
    except OSError as error:
        error.filename = error.filename or str(path)  # the error of a full disk names no file, but its reader needs one
        raise
    finally:
        new_file.unlink(missing_ok=True)


def remove_left_by_killed(path: Path) -> None:
    """Remove unfinished new files beside `path`, left by killed programs. Raises OSError.

    The name is compared exactly, so that a person's file with a similar name stays.
    """
    name = re.compile(re.escape(path.name) + r"\.[0-9a-f]{8}\.new")
    for candidate in path.parent.glob("*.new"):
        if name.fullmatch(candidate.name):
            candidate.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Raises OSError.

    Windows has no such call and needs none. Network shares and some USB sticks cannot sync folders: ignored.
    """
    if os.name != "posix":
        return
    try:
        _sync(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _SYNC_UNSUPPORTED:
            raise


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
