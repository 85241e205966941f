"""Back up a desk's folder into one file, and restore it. Everything in it is encrypted already, or public.

The desk may go on working meanwhile: its files are written once and never changed. The backup brings back what only a
lost machine had, like attendance; letters come back from the server too (docs/decisions/0019).
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
_MAX_FILE_SIZE = 64 * 1024 * 1024
"""Bytes of the largest file in a desk's folder: an encrypted recording has one."""

_UNFINISHED_SUFFIX = ".new"
_CHECKSUMS = "contents.sha256"


def make_copy(folder: Path, file: Path) -> int:
    """Back up a desk's folder into a file, and read it back; return the number of files. Raises Problem, OSError."""
    if not keys.has_passphrase(folder):
        todo = "Make one for real use: portal-desk new-key"
        raise Problem(str(folder), "has no key under a passphrase: whoever finds the copy could read all.", todo)
    if file.resolve().is_relative_to(folder.resolve()):
        raise Problem(str(file), "lies in the folder that is copied.", "Name a file on a stick or another disk.")
    with atomic_replacement(file) as temporary:
        temporary.touch(0o600)
        with tarfile.open(temporary, "w") as tar:
            count = _write(tar, folder)
        with tarfile.open(temporary) as tar:
            verified = sum(1 for _ in _members(tar, str(file)))
    if verified != count:
        raise Problem(str(file), "was not written as it should be.", "Take another disk.")
    return count


def _write(tar: tarfile.TarFile, folder: Path) -> int:
    lines = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        name = path.relative_to(folder).as_posix()
        if name.endswith(_UNFINISHED_SUFFIX) or not _NAME.fullmatch(name):
            continue
        try:
            content = path.read_bytes()
        except FileNotFoundError:  # sent or erased meanwhile
            continue
        _add(tar, name, content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    _add(tar, _CHECKSUMS, "".join(lines).encode())
    return len(lines)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))


def bring_back(file: Path, folder: Path) -> int:
    """Restore a desk's folder from a copy; return the number of files. Raises Problem, and changes nothing then."""
    if folder.exists() and any(folder.iterdir()):
        raise Problem(str(folder), "is a desk already.", "Give another --home, or move this folder away first.")
    temporary = folder.with_name(f"{folder.name}.restoring")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        count = 0
        with tarfile.open(file) as tar:
            for name, content in _members(tar, str(file)):
                write_safely(temporary / name, content)
                count += 1
        if folder.exists():
            folder.rmdir()
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.rename(folder)
    except tarfile.TarError:
        raise _incomplete(str(file)) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return count


def _members(tar: tarfile.TarFile, where: str) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file. Raises Problem unless the checksums at the end are of exactly these."""
    lines: list[str] = []
    for info in tar:
        if not info.isreg() or not _NAME.fullmatch(info.name) or ".." in info.name or info.size > _MAX_FILE_SIZE:
            raise Problem(where, "holds what no copy of a desk holds.", "Take another copy.")
        member = tar.extractfile(info)
        content = member.read() if member else b""
        if info.name == _CHECKSUMS:
            if content.decode("ascii", "replace") != "".join(lines):
                raise _incomplete(where)
            return
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {info.name}\n")
        yield info.name, content
    raise _incomplete(where)


def _incomplete(where: str) -> Problem:
    return Problem(where, "is no copy of a desk, or not whole.", "Take another copy.")
