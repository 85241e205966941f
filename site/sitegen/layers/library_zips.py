"""Libraries that come as zips: opened only where the hash is the one that portal.yml says, into a folder of their own.

What comes from outside is hostile: only plain files of bounded number and size leave a zip.
"""

import errno
import hashlib
import stat
import zipfile
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from forms.core.files.durable import write_durably
from forms.core.problem import Problem

MAX_FILES, MAX_FILE_SIZE, MAX_TOTAL_SIZE = 5_000, 30_000_000, 300_000_000
"""Files of a zip, bytes of one, and of all together once unpacked."""

MAX_NAME_BYTES, MAX_PART_BYTES = 1_000, 200
"""Bytes of a file's name in a zip with its folders, and of each part of it: what every system can write."""

_COMPLETE = ".whole"
"""An empty file that is written last: where it lies, the whole zip is unpacked."""

_MACHINE_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO})
"""Faults of the machine and not of a zip: unpacking is tried again each time."""


def require_unpacked(path: Path, folder: Path, where: str) -> None:
    """Unpack a zip into a folder, unless that is done. Raises Problem for another hash, or where it cannot be opened.

    folder: named by the SHA-256 that the zip must have.
    """
    state = path.stat()
    if problem := _unpacking_problem(path, state.st_mtime_ns, state.st_size, folder, where):
        raise problem
    if not (folder / _COMPLETE).exists():  # somebody has emptied .build
        _unpacking_problem.cache_clear()
        if problem := _unpacking_problem(path, state.st_mtime_ns, state.st_size, folder, where):
            raise problem


@lru_cache(maxsize=64)
def _unpacking_problem(path: Path, _changed: int, size: int, folder: Path, where: str) -> Problem | None:
    """Unpack a zip; return why it cannot be. Cached until the file changes."""
    try:
        _require_hash(path, size, folder.name, where)
        if not (folder / _COMPLETE).exists():
            _unpack(path, folder, where)
    except Problem as problem:
        return problem
    except Exception as error:  # each compression method raises its own errors, and Python adds methods
        if isinstance(error, OSError) and error.errno in _MACHINE_ERRORS:
            raise
        return Problem(where, "cannot be opened as a zip.", "Have it made anew, without a password.")
    return None


def _require_hash(path: Path, size: int, expected: str, where: str) -> None:
    """Raise Problem for a zip that is too large, or has another SHA-256."""
    if size > MAX_TOTAL_SIZE:
        raise Problem(where, "is too large.", f"A library may have {MAX_TOTAL_SIZE // 1_000_000} MB.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != expected:
        what = f"is another file than portal.yml says: its SHA-256 is {digest}."
        raise Problem(where, what, "Ask whoever made it which is right. Nothing of it was opened.")


def _unpack(path: Path, folder: Path, where: str) -> None:
    """Unpack a zip into a folder: all of it, or nothing. Raises Problem, or what zipfile raises for a damaged zip."""
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        _require_harmless(members, where)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder.parent, prefix=".new-") as temporary:
            unpacked = Path(temporary) / folder.name
            for member in members:
                target = unpacked / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_member_data(archive, member))
            write_durably(unpacked / _COMPLETE, b"")
            _move_into_place(unpacked, folder)


def _move_into_place(unpacked: Path, folder: Path) -> None:
    if folder.exists() and not (folder / _COMPLETE).exists():
        folder.rename(unpacked.with_name("before"))  # an older release left it half unpacked
    try:
        unpacked.rename(folder)
    except OSError:
        if not (folder / _COMPLETE).exists():  # otherwise another process has just unpacked the same zip
            raise


def _member_data(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return the bytes of a file in a zip. Raises BadZipFile where its size is not the one that the zip states."""
    with archive.open(member) as file:
        data = file.read(member.file_size + 1)
    if len(data) != member.file_size:
        raise zipfile.BadZipFile
    return data


def _require_harmless(members: list[zipfile.ZipInfo], where: str) -> None:
    """Raise Problem where a zip would write outside its folder, holds links, or is too much to unpack."""
    if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_TOTAL_SIZE:
        raise Problem(where, "holds too much.", f"At most {MAX_FILES:,} files and {MAX_TOTAL_SIZE // 1_000_000} MB.")
    names: set[str] = set()
    for member in members:
        _require_harmless_member(member, where)
        name = member.filename
        if name.casefold() in names:
            raise Problem(where, f"{name[:60]!r} stands in it twice.", "Have the zip made anew.")
        names.add(name.casefold())
    folders = {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}
    if both := sorted(folders & {PurePosixPath(name).as_posix() for name in names}):
        what = f"{both[0][:60]!r} is a file in it and a folder."
        raise Problem(where, what, "Have the zip made anew. Nothing of it was unpacked.")


def _require_harmless_member(member: zipfile.ZipInfo, where: str) -> None:
    """Raise Problem where a file of a zip would leave its folder, is no plain file, is too large or named too long."""
    name = member.filename
    parts = PurePosixPath(name).parts
    label = f"{name[:60]!r}"
    is_outside = name.startswith("/") or "\\" in name or ":" in name or ".." in parts or not name.isprintable()
    file_type = stat.S_IFMT(member.external_attr >> 16)
    if is_outside or not parts or name == _COMPLETE:
        raise Problem(where, f"the name {label} leads out of its folder.", "Nothing of it was unpacked.")
    if file_type not in {0, stat.S_IFREG}:
        raise Problem(where, f"{label} is a link or a device, not a file.", "Nothing of it was unpacked.")
    if member.file_size > MAX_FILE_SIZE:
        raise Problem(where, f"{label} is too large.", f"A file may have {MAX_FILE_SIZE // 1_000_000} MB.")
    if len(name.encode()) > MAX_NAME_BYTES or max(len(part.encode()) for part in parts) > MAX_PART_BYTES:
        raise Problem(where, f"the name {label}... is too long.", "Have the zip made anew, with shorter names.")
