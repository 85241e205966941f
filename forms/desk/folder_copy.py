"""A copy of a desk's folder as one file, and the folder from such a file. All in it is encrypted already, or public.

The files are written once and never changed, so that the desk may go on working meanwhile. What a lost machine alone
had, like attendance, comes back with it; letters come back from the server too (docs/decisions/0019).
"""

import hashlib
import io
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

from forms.core.files.durable import atomic_replacement, write_safely
from forms.core.problem import Problem
from forms.desk.crypto import keys

_NAME = re.compile(r"[a-z0-9][A-Za-z0-9_.-]{0,130}(/[a-z0-9][A-Za-z0-9_.-]{0,130}){0,3}")
_LARGEST = 64 * 1024 * 1024
"""Bytes of the largest file in a desk's folder: an encrypted recording has one."""

_UNFINISHED = ".new"
_LIST = "contents.sha256"


def make_copy(folder: Path, file: Path) -> int:
    """Write a copy of a desk's folder, and read it back; return how many files are in it. Raises Problem, OSError."""
    if not keys.has_passphrase(folder):
        todo = "Make one for real use: portal-desk new-key"
        raise Problem(str(folder), "has no key under a passphrase: whoever finds the copy could read all.", todo)
    if file.resolve().is_relative_to(folder.resolve()):
        raise Problem(str(file), "lies in the folder that is copied.", "Name a file on a stick or another disk.")
    with atomic_replacement(file) as fresh:
        fresh.touch(0o600)
        with tarfile.open(fresh, "w") as tar:
            count = _write(tar, folder)
        with tarfile.open(fresh) as tar:
            found = sum(1 for _ in _members(tar, str(file)))
    if found != count:
        raise Problem(str(file), "was not written as it should be.", "Take another disk.")
    return count


def _write(tar: tarfile.TarFile, folder: Path) -> int:
    lines = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        name = path.relative_to(folder).as_posix()
        if name.endswith(_UNFINISHED) or not _NAME.fullmatch(name):
            continue
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # sent, or erased, in this moment
            continue
        _add(tar, name, content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    _add(tar, _LIST, "".join(lines).encode())
    return len(lines)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))


def bring_back(file: Path, folder: Path) -> int:
    """Make a desk's folder from a copy; return how many files are in it. Raises Problem, and changes nothing then."""
    if folder.exists() and any(folder.iterdir()):
        raise Problem(str(folder), "is a desk already.", "Give another --home, or move this folder away first.")
    fresh = folder.with_name(f"{folder.name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        count = 0
        with tarfile.open(file) as tar:
            for name, content in _members(tar, str(file)):
                write_safely(fresh / name, content)
                count += 1
        if folder.exists():
            folder.rmdir()
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh.rename(folder)
    except tarfile.TarError:
        raise _not_whole(str(file)) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return count


def _members(tar: tarfile.TarFile, where: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file; the list at the end must name just these. Raises Problem."""
    lines: list[str] = []
    for info in tar:
        if not info.isreg() or not _NAME.fullmatch(info.name) or ".." in info.name or info.size > _LARGEST:
            raise Problem(where, "holds what no copy of a desk holds.", "Take another copy.")
        found = tar.extractfile(info)
        content = found.read() if found else b""
        if info.name == _LIST:
            if content.decode("ascii", "replace") != "".join(lines):
                raise _not_whole(where)
            return
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {info.name}\n")
        yield info.name, content
    raise _not_whole(where)


def _not_whole(where: str) -> Problem:
    return Problem(where, "is no copy of a desk, or not whole.", "Take another copy.")
