"""The ids of the files in content/. Git may write a file with other bytes than it records (line ends, LFS)."""

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sitegen.layers import lookup

_LFS = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d+)\n")
"""A pointer that git records in place of a large file (github.com/git-lfs/git-lfs/blob/main/docs/spec.md)."""


_CLOCK_STEP = 3.0
"""Seconds within which two changes of a file may have the same time: FAT counts in steps of two seconds."""


def has_name(name: str) -> bool:
    """Return whether a file's name is valid UTF-8, so that it can be recorded and shown; `check` reports the others."""
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes of an older encoding
        return False
    return True


def is_recorded_as(data: bytes, recorded: bytes) -> bool:
    """Return whether `recorded` is how git records a file's bytes: other line ends (autocrlf) or an LFS pointer."""
    if pointer := _LFS.fullmatch(recorded):
        oid, size = pointer.groups()
        return len(data) == int(size) and hashlib.sha256(data).hexdigest().encode() == oid
    return has_windows_line_ends(data) and with_unix_line_ends(data) == recorded


def has_windows_line_ends(data: bytes) -> bool:
    """Return whether bytes are a text with the line ends of Windows (CRLF)."""
    return b"\r\n" in data and b"\0" not in data


def with_unix_line_ends(data: bytes) -> bytes:
    """Return a text with LF line ends, as git records texts."""
    return data.replace(b"\r\n", b"\n")


@dataclass
class DiskFiles:
    """The files of a content folder. id_of: returns git's id of bytes; read: returns recorded bytes by id."""

    content: Path
    id_of: Callable[[bytes], str]
    read: Callable[[str], bytes | None]
    _cache: dict[str, tuple[int, int, str, bool]] = field(default_factory=dict)
    """Size, time and id of each file; and whether a later change is sure to have another time."""
    _equal_ids: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of ids: of a file's bytes on the disk, and of what git records for them."""

    def ids(self, recorded: Mapping[str, str]) -> dict[str, str]:
        """Return the id of each file. A file is read again only when its size or time has changed.

        recorded: the ids in the newest commit; a file that git would record with its recorded id counts as unchanged.
        """
        return {name: self._id_if_changed(path, id, recorded.get(name, "")) for name, path, id in self._files()}

    def id_as_recorded(self, data: bytes, recorded: str) -> str:
        """Return the id of a file's bytes; the recorded id where git would record the bytes with it."""
        id = self.id_of(data)
        if id == recorded or not recorded:
            return id
        if (id, recorded) not in self._equal_ids and not is_recorded_as(data, self.read(recorded) or b""):
            return id
        self._equal_ids.add((id, recorded))
        return recorded

    def to_record(self, name: str, recorded: str) -> bytes:
        """Return the bytes of a changed file as git records them: with the line ends of its recorded version."""
        data, before = (self.content / name).read_bytes(), self.read(recorded) if recorded else None
        needs_unix_line_ends = before is not None and not has_windows_line_ends(before) and has_windows_line_ends(data)
        return with_unix_line_ends(data) if needs_unix_line_ends else data

    def _id_if_changed(self, path: Path, id: str, recorded: str) -> str:
        if id == recorded or (id, recorded) in self._equal_ids:
            return recorded
        return self.id_as_recorded(path.read_bytes(), recorded) if recorded else id

    def _files(self) -> Iterator[tuple[str, Path, str]]:
        for file in lookup.every(self.content):
            if file.layer.folder != self.content or not has_name(file.name):
                continue  # of a library, which has a history of its own
            name, state = file.name, file.state()
            cached = self._cache.get(name)
            if cached is None or cached[:2] != (state.st_size, state.st_mtime_ns) or not cached[3]:
                is_sure = time.time() - state.st_mtime > _CLOCK_STEP
                cached = (state.st_size, state.st_mtime_ns, self.id_of(file.path.read_bytes()), is_sure)
                self._cache[name] = cached
            yield name, file.path, cached[2]
