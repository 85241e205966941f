"""What the last build was made from and what it wrote, stored between runs of the program.

A record that is damaged, or of another program or place, is ignored; then everything is built.
"""

import hashlib
import os
import pickle
import sys
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forms.core.files.owners import is_trusted
from sitegen.incremental.inputs import FileState, Inputs
from sitegen.incremental.trees import Tree

if TYPE_CHECKING:  # loading it takes longer than the whole comparison where nothing changed
    from sitegen.content.pages import PageSource

FOLDER = Path(".build") / "last-build"
Stored = tuple[int, int, int]
"""Identifies the file of a record: bytes, time of the content (ns) and inode. Another program writes another file."""
_CHECK = 32


@dataclass
class Record:
    """A build. terms: all it depends on besides files; drawn: the file of what its pages were drawn from (drawn.py).

    twin: its folders; spoken, compressed, signed: whether its speech, its compressed copies and its signature were
    made; silent: pages of later edits that lack their speech, by language and name; edited: pages of later edits,
    pickled; edits: their number; sounds: the sounds of edited pages, by language and name; handed: the state of the
    file for the forms; python: the interpreter; mark: of the program (kept_work.code_mark).
    """

    terms: str
    out: str
    key_files: str
    day: date
    inputs: Inputs
    site: Tree
    drawn: str
    twin: Tree = field(default_factory=dict)
    spoken: bool = False
    silent: frozenset[tuple[str, str]] = frozenset()
    compressed: bool = False
    signed: bool = False
    edited: bytes = b""
    edits: int = 0
    sounds: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    handed: FileState | None = None
    python: str = field(default_factory=lambda: sys.version)
    mark: bytes = b""

    def has_all(self, *, speak: bool, compress: bool, sign: bool) -> bool:
        """Return whether all that these options want was made."""
        spoken = self.spoken and not self.silent
        return (self.compressed or not compress) and (spoken or not speak) and (self.signed or not sign)

    def edited_pages(self) -> "dict[tuple[str, str], PageSource]":
        """Return the pages that were edited since everything was built, by language and name."""
        return dict(pickle.loads(self.edited)) if self.edited else {}  # noqa: S301 - of our own file, with its checksum

    def set_edited_pages(self, pages: "dict[tuple[str, str], PageSource]") -> None:
        """Record the pages that were edited since everything was built."""
        self.edited, self.edits = pickle.dumps(pages, pickle.HIGHEST_PROTOCOL), len(pages)


def load(root: Path) -> Record | None:
    """Return the record of the last build, or None."""
    record = read(root / FOLDER / "record")
    of_this_program = isinstance(record, Record) and vars(record).keys() == {one.name for one in fields(Record)}
    return record if of_this_program and record.python == sys.version else None


def stored(root: Path) -> Stored | None:
    """Return which file holds the record now; None where there is none."""
    try:
        return _stored(os.stat(root / FOLDER / "record"))  # noqa: PTH116 - thousands are looked at beside it
    except OSError:
        return None


def _stored(status: os.stat_result) -> Stored:
    return status.st_size, status.st_mtime_ns, status.st_ino


def save(root: Path, record: Record) -> Stored | None:
    """Store a record; return which file holds it. Where it cannot be written, remove it and return None."""
    try:
        return write(root / FOLDER / "record", pickle.dumps(record, pickle.HIGHEST_PROTOCOL))[1]
    except OSError:
        forget(root)
        return None


def forget(root: Path) -> None:
    """Remove the record and what the pages were drawn from, so that the next build makes everything."""
    folder = root / FOLDER
    for path in (folder / "record", *folder.glob("record.*.new"), *folder.glob("drawn*")):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def write(path: Path, data: bytes) -> tuple[str, Stored]:
    """Write a pickled value with its checksum, whole or not at all; return the checksum and the file. Raises OSError.

    Does not wait for the disk: what a power cut leaves of it fails its checksum, or is the record of an earlier site.
    """
    from forms.core.files.durable import atomic_replacement  # noqa: PLC0415 - loads all words: not needed to read

    digest = hashlib.sha256(data).digest()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_replacement(path, durably=False) as fresh:
        with fresh.open("xb") as file:
            file.write(digest)
            file.write(data)
        file_written = _stored(fresh.stat())
    return digest.hex(), file_written


def read(path: Path) -> Any:
    """Return a value that `write` wrote; None where it is not there, damaged, or of another user."""
    with suppress(Exception):  # a value that cannot be read, for whatever reason, is none
        with path.open("rb") as file:
            data = memoryview(file.read() if is_trusted(os.fstat(file.fileno())) else b"")
        if hashlib.sha256(data[_CHECK:]).digest() == data[:_CHECK]:
            return pickle.loads(data[_CHECK:])  # noqa: S301 - our own file, beside the code, with a checksum
    return None
