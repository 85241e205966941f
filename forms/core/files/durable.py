"""Write files durably and atomically: a file is complete and on the disk, or unchanged."""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forms.core.problem import Problem

_NO_SYNC = frozenset({errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.ENOSYS})
"""What a file system says that cannot sync a folder, as SMB and FUSE do (fsync(2); PostgreSQL passes them over too)."""


def write_durably(path: Path, data: bytes) -> None:
    """Write a file that other programs may read. Raises OSError, and then changes nothing."""
    with atomic_replacement(path) as fresh:
        fresh.write_bytes(data)


def make_open_folder(folder: Path) -> None:
    """Make a folder, and what is missing above it, that other users may look into, whatever the umask. Raises OSError.

    The umask of root's shell may keep everybody else out: nginx and the service are other users.
    """
    for missing in [path for path in (*reversed(folder.parents), folder) if not path.exists()]:
        with suppress(FileExistsError):  # another program was first
            missing.mkdir()
            missing.chmod(0o755)


def write_safely(path: Path, data: bytes) -> None:
    """Write a file for this user only, in a folder that is made if needed. Raises OSError, and then changes nothing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        atomic_replacement(path) as fresh,
        os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
    ):
        file.write(data)


def write_or_complain(path: Path, data: bytes) -> None:
    """Write a file for this user only, in a folder that is made if needed. Raises Problem, and then changes nothing."""
    try:
        write_safely(path, data)
    except OSError as error:
        raise Problem(str(path.parent), f"cannot be written ({error.strerror}).", _todo(error)) from None


def _todo(error: OSError) -> str:
    if error.errno == errno.EROFS:
        return "Its disk may only be read: look whether it is damaged or locked. What waits on the server stays there."
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "It belongs to another user of this machine. What waits on the server stays there."
    return "Make room on the disk; what waits on the server stays there."


@contextmanager
def atomic_replacement(path: Path, *, durably: bool = True) -> Iterator[Path]:
    """Yield the name of a new file beside `path`, which replaces it once the block has written it.

    The new file is on the disk before it takes the old one's name, unless not `durably`: then nobody waits for the
    disk, and a power cut may leave half of it. Raises OSError. Where anything fails the new file goes, and the old one
    stays.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        yield fresh
        if durably:
            _sync(fresh, os.O_RDWR)  # Windows syncs only what it may write
        fresh.replace(path)
        if durably:
            sync_folder(path.parent)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk names no file, and whoever reads of it needs one
        raise
    finally:
        fresh.unlink(missing_ok=True)


def remove_left_by_killed(path: Path) -> None:
    """Remove the new files beside `path` that programs left which were killed; not what a person named alike.

    Raises OSError.
    """
    name = re.compile(re.escape(path.name) + r"\.[0-9a-f]{8}\.new")
    for one in path.parent.glob("*.new"):
        if name.fullmatch(one.name):
            one.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Raises OSError.

    Windows has no such call and needs none; shares and some sticks have none for folders, and the file is there.
    """
    if os.name != "posix":
        return
    try:
        _sync(folder, os.O_RDONLY)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _sync(path: Path, how: int) -> None:
    handle = os.open(path, how)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
