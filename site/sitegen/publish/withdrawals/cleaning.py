"""Files of a built site that may be damaged: read whatever their bytes, written whole or removed, one after the other.

What is withdrawn leaves every file that can be cleaned, whatever is wrong with another one.
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
_OF_BUILD = re.compile(r"\.new-(\d+)(?:\.stopped)?$")
"""How the name of what a build works in ends: with the number of its process (sitegen/build.py)."""

_TODO = "Build the site again. Until then look at that file yourself: what was withdrawn may still stand in it."


def read(path: Path) -> str:
    """Return the text of a file; bytes that are no UTF-8 stay as they are when it is written again. Raises OSError."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def replace(path: Path, text: str) -> None:
    """Write a file in one step, and remove its compressed copies, which would be served instead.

    Where it cannot be written it is removed: a full disk keeps nothing on the site. Raises OSError then.
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
    wrong: OSError | None = None
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            wrong = error
    if wrong:
        raise wrong


def remove_left(public: Path) -> None:
    """Remove what killed builds left beside a site: a new one half made, or an old one half removed, with all it said.

    What a build that runs works in stays: it cleans that itself. Only POSIX tells which process runs.
    """
    for path in public.parent.glob(f"{glob.escape(public.name)}.new-*") if os.name == "posix" else ():
        if (found := _OF_BUILD.search(path.name)) and _has_ended(int(found[1])):
            shutil.rmtree(path, ignore_errors=True)
            with suppress(OSError):
                path.unlink(missing_ok=True)  # what is no folder


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
    """What was taken out: addresses that are gone, and the languages whose pages changed.

    remember: writes that it is done, once the lists and the search say nothing of it either. Who is cut off before
    begins again.
    """

    addresses: list[str] = field(default_factory=list)
    languages: set[str] = field(default_factory=set)
    remember: Callable[[], None] = field(default=lambda: None)


@dataclass
class Cleaning:
    """What a withdrawal could not do, and what it had to remove: told to the operator when all else is done."""

    removed: list[str] = field(default_factory=list)
    """Sentences about damaged files that are removed."""
    problems: list[Problem] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    """Addresses of the sound and pictures that went."""

    @contextmanager
    def going_on(self, path: Path) -> Iterator[None]:
        """Go on behind the block whatever happens in it. path: what it cleans."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - a damaged site fails in ways that nobody has thought of
            why = getattr(error, "strerror", None) or type(error).__name__
            self.problems.append(Problem(str(path), f"could not be cleaned of what was withdrawn ({why}).", _TODO))

    @contextmanager
    def or_without(self, path: Path) -> Iterator[None]:
        """Go on behind the block; where anything happens in it the file is removed, since it may hold what is gone."""
        try:
            yield
        except Exception:  # noqa: BLE001 - see above
            with self.going_on(path):
                remove(path)
                self.removed.append(f"{path} could not be cleaned and is removed. Build the site again.")

    def texts(self, paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
        """Yield the files that can be read, with their text."""
        for path in paths:
            text = None
            with self.going_on(path), suppress(FileNotFoundError):
                text = read(path)
            if text is not None:
                yield path, text
