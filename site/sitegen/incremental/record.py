"""What the last build was made from, what it wrote and what it drew from, kept between runs of the program.

A record that is damaged, of another program or of another place is none: everything is built then.
"""

import hashlib
import pickle
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from forms.core.files.durable import write_durably
from sitegen.content.pages import Library, Source
from sitegen.incremental.inputs import Inputs
from sitegen.incremental.trees import Tree
from sitegen.render.context import Context

FOLDER = Path(".build") / "last-build"
_CHECK = 32


@dataclass(frozen=True)
class Drawn:
    """What pages were drawn from: the context of the build, the pages as staff wrote them, the sounds of each page."""

    context: Context
    written: Library
    sounds: Mapping[tuple[str, str], tuple[str, ...]]


@dataclass
class Record:
    """A build. terms: all it depends on besides files; drawn: which file of `Drawn` belongs to it.

    spoken, compressed, signed: whether all its speech, its compressed copies and its signature were made; edited: pages
    as they were written since then, and their sounds, by language and name.
    """

    terms: str
    inputs: Inputs
    site: Tree
    twin: Tree
    drawn: str
    day: date
    spoken: bool = False
    compressed: bool = False
    signed: bool = False
    edited: dict[tuple[str, str], Source] = field(default_factory=dict)
    sounds: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


def load(root: Path) -> Record | None:
    """Return the record of the last build, or None."""
    found = _read(root / FOLDER / "record")
    of_this_program = isinstance(found, Record) and vars(found).keys() == {one.name for one in fields(Record)}
    return found if of_this_program else None


def load_drawn(root: Path, record: Record) -> Drawn | None:
    """Return what the pages of that build were drawn from, or None."""
    found = _read(root / FOLDER / record.drawn)
    return found if isinstance(found, Drawn) else None


def save(root: Path, record: Record, drawn: Drawn | None = None) -> None:
    """Keep a record. drawn: what it was drawn from, where that is new. Where it cannot be written, there is none."""
    folder = root / FOLDER
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        if drawn is not None:
            data = _packed(drawn)
            record.drawn = f"drawn-{hashlib.sha256(data).hexdigest()[:16]}"
            (folder / "record").unlink(missing_ok=True)
            write_durably(folder / record.drawn, data)
        write_durably(folder / "record", _packed(record))
        for path in folder.glob("drawn-*"):
            if path.name != record.drawn:
                path.unlink(missing_ok=True)


def forget(root: Path) -> None:
    """Have no record: the next build makes everything."""
    (root / FOLDER / "record").unlink(missing_ok=True)


def _packed(value: Any) -> bytes:
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return hashlib.sha256(data).digest() + data


def _read(path: Path) -> Any:
    with suppress(Exception):  # whatever is wrong with it: it is no record
        data = path.read_bytes()
        if hashlib.sha256(data[_CHECK:]).digest() == data[:_CHECK]:
            return pickle.loads(data[_CHECK:])  # noqa: S301 - our own file, beside the code, with a checksum
    return None
