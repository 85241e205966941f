"""What shows at little cost that a consent may have ended, or that a built site holds other pages than before."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from sitegen.content.consent.consent_names import STORIES_FOLDER
from sitegen.layers import lookup

State = tuple[tuple[str, tuple[int, ...]], ...]
"""Paths, each with what the file system says of it."""

_STORIES = STORIES_FOLDER.rstrip("/")


def look(content: Path, sites: Iterable[Path]) -> State:
    """Return the state of all that says what a consent covers, and of what stands in built sites and beside them.

    Of content: the records of consents, pictures and recordings, stories. Of a site: its lists and its stories. What
    else can take a page off a site, like a mark in the front matter of any other page, only a look at everything shows.
    """
    found: list[tuple[str, tuple[int, ...]]] = []
    for layer in lookup.layers(content):
        found += _names(layer.folder / "tables", "consents")
        found += _below(str(layer.folder / "media"))
        found += _with_stories(layer.folder)
    for site in sites:
        for folder in sorted(path for path in _paths(site.parent) if _is_of(site, path)):
            found += [(str(folder), _state(str(folder)))]
            found += _names(folder)
            found += _with_stories(folder)
    return tuple(found)


def _is_of(site: Path, path: Path) -> bool:
    """Return whether a folder is this site, or one that stands beside it, like its twin."""
    return path.name == site.name or path.name.startswith(f"{site.name}.")


def _with_stories(folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    for language in _paths(folder):
        yield from _below(str(language / _STORIES))


def _names(folder: Path, start: str = "") -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield what lies in a folder, if its name begins so in whatever letters."""
    for path in _paths(folder):
        if path.name.casefold().startswith(start):
            yield str(path), _state(str(path))


def _below(folder: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield all that lies in a folder and below, as text: a Path costs more than asking the disk."""
    for path in _listed(folder):
        state = _state(path)
        yield path, state
        if state and stat.S_ISDIR(state[0]):
            yield from _below(path)


def _paths(folder: Path) -> list[Path]:
    return [*map(Path, _listed(str(folder)))]


def _listed(folder: str) -> list[str]:
    """Return the paths in a folder; none where there is no folder that can be read."""
    try:
        return sorted(os.path.join(folder, name) for name in os.listdir(folder))  # noqa: PTH118, PTH208
    except OSError:
        return []


def _state(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return ()
    return found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
