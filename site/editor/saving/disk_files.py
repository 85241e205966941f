"""The files of content/ as git names them: git itself may write them otherwise than it records them."""

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sitegen.layers import lookup

_LFS = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d+)\n")
"""A pointer that git records in place of a large file (github.com/git-lfs/git-lfs, docs/spec.md)."""


_COARSEST = 3.0
"""Seconds within which two changes of a file may bear the same time: a stick with FAT counts in twos."""


def has_name(name: str) -> bool:
    """Return whether a file's name has letters that can be recorded and shown; `check` names the others."""
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes of an older encoding
        return False
    return True


def is_recorded_as(data: bytes, recorded: bytes) -> bool:
    """Return whether git records a file's bytes as these: with other line ends (autocrlf), or as a pointer of LFS."""
    if pointer := _LFS.fullmatch(recorded):
        oid, size = pointer.groups()
        return len(data) == int(size) and hashlib.sha256(data).hexdigest().encode() == oid
    return has_ends_of_windows(data) and unix_ends(data) == recorded


def has_ends_of_windows(data: bytes) -> bool:
    """Return whether bytes are a text with the line ends of Windows."""
    return b"\r\n" in data and b"\0" not in data


def unix_ends(data: bytes) -> bytes:
    """Return a text with the line ends in which git keeps texts."""
    return data.replace(b"\r\n", b"\n")


@dataclass
class DiskFiles:
    """The files of a content folder. id_of: as git names bytes; read: returns what was recorded under an id."""

    content: Path
    id_of: Callable[[bytes], str]
    read: Callable[[str], bytes | None]
    _seen: dict[str, tuple[int, int, str, bool]] = field(default_factory=dict)
    """Size, time and id of each file; and whether a later change would have another time."""
    _same: set[tuple[str, str]] = field(default_factory=set)
    """Ids of a file's bytes and of what git records of them."""

    def ids(self, recorded: Mapping[str, str]) -> dict[str, str]:
        """Return the id of each file; a file is read again only when its size or time is another.

        recorded: of the newest commit; what git records as this counts as unchanged.
        """
        return {name: self._named(path, id, recorded.get(name, "")) for name, path, id in self._files()}

    def id_as_recorded(self, data: bytes, recorded: str) -> str:
        """Return the id of a file's bytes; what was recorded, where git records them as that."""
        id = self.id_of(data)
        if id == recorded or not recorded:
            return id
        if (id, recorded) not in self._same and not is_recorded_as(data, self.read(recorded) or b""):
            return id
        self._same.add((id, recorded))
        return recorded

    def to_record(self, name: str, recorded: str) -> bytes:
        """Return the bytes of a changed file as git records them: with the line ends that it has there."""
        data, before = (self.content / name).read_bytes(), self.read(recorded) if recorded else None
        keeps = before is not None and not has_ends_of_windows(before) and has_ends_of_windows(data)
        return unix_ends(data) if keeps else data

    def _named(self, path: Path, id: str, recorded: str) -> str:
        if id == recorded or (id, recorded) in self._same:
            return recorded
        return self.id_as_recorded(path.read_bytes(), recorded) if recorded else id

    def _files(self) -> Iterator[tuple[str, Path, str]]:
        for file in lookup.every(self.content):
            if file.layer.folder != self.content or not has_name(file.name):
                continue  # of a library, which has a history of its own
            name, state = file.name, file.state()
            known = self._seen.get(name)
            if known is None or known[:2] != (state.st_size, state.st_mtime_ns) or not known[3]:
                is_sure = time.time() - state.st_mtime > _COARSEST
                known = (state.st_size, state.st_mtime_ns, self.id_of(file.path.read_bytes()), is_sure)
                self._seen[name] = known
            yield name, file.path, known[2]
