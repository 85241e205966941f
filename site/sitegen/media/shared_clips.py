"""What the districts of a machine share: clips and lines of what libraries and the program say, facts of their pages.

Builds read them here. Only sitegen/shared_work.py writes them (docs/decisions/0075).
"""

import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

from forms.core.files import kept_results
from sitegen.kept_work import SHARED, KeptWork

NAME = "speech"


def found(root: Path, file: str) -> bytes | None:
    """Return the clip of this file name, like "0123456789abcdef.ogg", or None where it is not shared, or damaged."""
    return value(root, key_of(file))


def value(root: Path, key: bytes) -> bytes | None:
    """Return what districts share under a key, or None where it is not shared, or damaged."""
    folder = root / SHARED
    return reader(folder).get(key) if is_ours(folder / f"{NAME}.db") else None


def key_of(file: str) -> bytes:
    """Return the key under which a clip is kept. file: its name, a hash of what is said and by which voice."""
    return kept_results.key_of("clip", *makers(), file)


@cache
def makers() -> tuple[str, ...]:
    """Return the versions of what makes sound: another makes other bytes of the same text."""
    return tuple(version(name) for name in ("espeakng-loader", "av"))


def is_ours(path: Path) -> bool:
    """Return whether a file is there, and who owns it may decide what a site says."""
    try:
        return may_decide(path.stat().st_uid)
    except OSError:
        return False


def may_decide(owner: int) -> bool:
    """Return whether a user is root or the one who builds; Windows does not number its users."""
    return os.name != "posix" or owner in {0, os.geteuid()}


@cache
def reader(folder: Path) -> KeptWork:
    return KeptWork(folder / f"{NAME}.db", read_only=True)
