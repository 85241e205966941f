"""Read, replace and remove files of a built site, even damaged ones.

An error in one file does not stop the cleaning of the others.
"""

import glob
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from forms.core.files.durable import write_durably
from forms.core.problem import Problem

COPIES = ("gz", "br")
_BUILD_FOLDER = re.compile(r"\.new-(\d+)(?:\.stopped)?$")
"""The end of the name of a build's working folder, with the number of its process (sitegen/build.py)."""

_TODO = "Build the site again. Until then look at that file yourself: what was withdrawn may still stand in it."


def read(path: Path) -> str:
    """Return the text of a file; bytes that are no UTF-8 survive when `replace` writes it. Raises OSError."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def replace(path: Path, text: str) -> None:
    """Write a file atomically, and remove its compressed copies, which would be served instead.

    A file that cannot be written is removed, so that a full disk leaves nothing on the site. Raises OSError then.
    """
    try:
        write_durably(path, text.encode("utf-8", "surrogateescape"))
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        for ending in COPIES:
            path.with_name(f"{path.name}.{ending}").unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file and its compressed copies. Raises OSError."""
    for name in (path.name, *(f"{path.name}.{ending}" for ending in COPIES)):
        path.with_name(name).unlink(missing_ok=True)


def remove_each(paths: Iterable[Path]) -> None:
    """Remove these files. Raises OSError about one that cannot be removed, after all others."""
    last_error: OSError | None = None
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            last_error = error
    if last_error:
        raise last_error


def remove_leftovers(public: Path) -> None:
    """Remove the working folders of killed builds beside a site: a half made new site, or a half removed old one.

    The folder of a running build stays; that build cleans it. Does nothing except on POSIX, which tells whether a
    process runs.
    """
    for path in public.parent.glob(f"{glob.escape(public.name)}.new-*") if os.name == "posix" else ():
        if (match := _BUILD_FOLDER.search(path.name)) and _has_ended(int(match[1])):
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink(missing_ok=True)  # where it is no folder


def _has_ended(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # of another user, or a number that no process has
        return False
    return False


@dataclass
class Removed:
    """What was removed: its addresses, and the languages whose pages changed.

    save: records the removal, once lists and search are clean too; an interrupted purge is repeated.
    """

    addresses: list[str] = field(default_factory=list)
    languages: set[str] = field(default_factory=set)
    save: Callable[[], None] = field(default=lambda: None)


@dataclass
class Cleaning:
    """What a withdrawal could not clean, and what it had to remove, for the operator."""

    removed: list[str] = field(default_factory=list)
    """Sentences about damaged files that were removed."""
    problems: list[Problem] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    """Addresses of the sound and pictures that were removed."""

    @contextmanager
    def collecting_problems(self, path: Path) -> Iterator[None]:
        """Collect any error in the block as a problem about a path, and continue after the block."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a damaged site can cause any error
            why = getattr(error, "strerror", None) or type(error).__name__
            self.problems.append(Problem(str(path), f"could not be cleaned of what was withdrawn ({why}).", _TODO))

    @contextmanager
    def removing_on_error(self, path: Path) -> Iterator[None]:
        """Remove a file on any error in the block, since it may hold withdrawn text; continue after the block."""
        try:
            yield
        except Exception:  # noqa: BLE001 - see above
            with self.collecting_problems(path):
                remove(path)
                self.removed.append(f"{path} could not be cleaned and is removed. Build the site again.")

    def texts(self, paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
        """Yield the readable files, each with its text."""
        for path in paths:
            text = None
            with self.collecting_problems(path), suppress(FileNotFoundError):
                text = read(path)
            if text is not None:
                yield path, text
