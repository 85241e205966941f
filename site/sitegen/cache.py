"""Whether anything changed since the last build: one hash over all that a build is made from."""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sitegen.layers import lookup

INPUTS = ("content", "site", "forms", "mkdocs.yml", "locks/site.lock")
_NOT_INPUTS = {"__pycache__", "desk"}


def fingerprint(root: Path, extra: str = "") -> str:
    """Return SHA-256 over every input file's name and bytes, and `extra` (what else a build depends on)."""
    digest = hashlib.sha256(extra.encode())
    for path in _files(root):
        digest.update(f"{os.path.relpath(path, root)}\0".encode(errors="surrogateescape"))
        state = path.stat()
        digest.update(_content(path, state.st_size, state.st_mtime_ns))
    return digest.hexdigest()


@cache
def _content(path: Path, _size: int, _changed: int) -> bytes:
    """Return SHA-256 of a file; read again only when its size or time is another: `serve` asks every second."""
    return hashlib.sha256(path.read_bytes()).digest()


def _files(root: Path) -> Iterator[Path]:
    own, *others = (layer.folder for layer in lookup.layers(root / "content"))
    for start in [own, *others, *(root / name for name in INPUTS if name != "content")]:
        found = sorted(start.rglob("*")) if start.is_dir() else [start]
        yield from (path for path in found if path.is_file() and not _NOT_INPUTS & set(path.relative_to(start).parts))
