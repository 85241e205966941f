"""What the districts of a machine share: speech for the texts of libraries and the program, facts of library pages.

Builds read it here. Only sitegen/shared_work.py writes it (docs/decisions/0075).
"""

import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

from forms.core.files import kept_results
from sitegen.kept_work import SHARED, KeptWork

NAME = "speech"


def find_clip(root: Path, file: str) -> bytes | None:
    """Return the clip with this file name, like "0123456789abcdef.ogg"; None where it is not shared, or damaged."""
    return get(root, key_of(file))


def get(root: Path, key: bytes) -> bytes | None:
    """Return what districts share under a key; None where it is not shared, or damaged."""
    folder = root / SHARED
    return reader(folder).get(key) if is_trusted(folder / f"{NAME}.db") else None


def key_of(file: str) -> bytes:
    """Return the key of a clip. file: its name, a hash of text and voice."""
    return kept_results.key_of("clip", *tool_versions(), file)


@cache
def tool_versions() -> tuple[str, ...]:
    """Return the versions of the libraries that make sound: another version makes other bytes from the same text."""
    return tuple(version(name) for name in ("espeakng-loader", "av"))


def is_trusted(path: Path) -> bool:
    """Return whether a file exists and belongs to a trusted owner."""
    try:
        return is_trusted_owner(path.stat().st_uid)
    except OSError:
        return False


def is_trusted_owner(owner: int) -> bool:
    """Return whether a user may decide what a site says: root, or the one who builds. On Windows always True."""
    return os.name != "posix" or owner in {0, os.geteuid()}


@cache
def reader(folder: Path) -> KeptWork:
    """Return a reader of the shared store in a folder."""
    return KeptWork(folder / f"{NAME}.db", read_only=True)
