"""Replace a folder with a new one, atomically where the system can."""

import ctypes
import os
import shutil
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
"""From Linux' fcntl.h: exchange two names atomically (renameat2(2), since 3.15)."""


def swap(new: Path, target: Path) -> None:
    """Replace the folder `target` with `new`. Raises OSError.

    If Linux and its file system can exchange names, the folder is never missing. Elsewhere it is missing for an
    instant; a program killed then leaves `new` and aside_of(target).
    """
    shutil.rmtree(discarded := aside_of(target), ignore_errors=True)
    if not target.exists():
        new.rename(target)
        return
    if exchange(new, target):
        discarded = new
    else:
        target.rename(discarded)
        new.rename(target)
    shutil.rmtree(discarded, ignore_errors=True)


def change_places(first: Path, second: Path) -> None:
    """Exchange two folders; if the second is missing, rename the first to it. Raises OSError.

    Without an atomic exchange this takes three renames. A call that was killed between them is completed first.
    """
    aside = aside_of(second)
    if aside.exists():  # left by a call that was killed
        aside.rename(first if second.exists() else second)
    if not second.exists():
        first.rename(second)
    elif not exchange(first, second):
        second.rename(aside)
        first.rename(second)
        aside.rename(first)


def aside_of(folder: Path) -> Path:
    """Return the temporary place of a folder where the system cannot exchange names."""
    return folder.with_name(f"{folder.name}.aside")


def exchange(first: Path, second: Path) -> bool:
    """Exchange two names atomically; return whether that was possible."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # a C library before glibc 2.28 or musl 1.2.6
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0)
