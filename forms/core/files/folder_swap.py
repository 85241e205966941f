"""Replace a folder with a new one, in one step where the system can."""

import ctypes
import os
import shutil
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
"""From Linux' fcntl.h: two names change places at once (renameat2(2), since 3.15)."""


def swap(fresh: Path, out: Path) -> None:
    """Replace the folder `out` with `fresh`. Raises OSError.

    Where Linux and its file system can exchange names there is no moment without the folder; elsewhere an instant, and
    whoever is killed in it leaves `fresh` and aside_of(out).
    """
    shutil.rmtree(old := aside_of(out), ignore_errors=True)
    if not out.exists():
        fresh.rename(out)
        return
    if exchange(fresh, out):
        old = fresh
    else:
        out.rename(old)
        fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def change_places(one: Path, other: Path) -> None:
    """Let two folders change places; where only `one` is there, it takes the other's name. Raises OSError.

    Where that takes three renames, what was killed between them is mended first.
    """
    aside = aside_of(other)
    if aside.exists():  # nothing but a half of this
        aside.rename(one if other.exists() else other)
    if not other.exists():
        one.rename(other)
    elif not exchange(one, other):
        other.rename(aside)
        one.rename(other)
        aside.rename(one)


def aside_of(folder: Path) -> Path:
    """Return where a folder lies for an instant, where the system cannot exchange names."""
    return folder.with_name(f"{folder.name}.aside")


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names; return whether that was possible."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # a C library before glibc 2.28 or musl 1.2.6
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)
