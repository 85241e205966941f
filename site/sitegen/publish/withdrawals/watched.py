"""A cheap check whether a consent may have ended, or a built site may have other pages than before."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from sitegen.content.consent.consent_names import STORIES_FOLDER
from sitegen.layers import lookup

State = tuple[tuple[str, tuple[int, ...]], ...]
"""Paths, each with its status in the file system."""

_STORIES_FOLDER = STORIES_FOLDER.rstrip("/")


def look(content: Path, sites: Iterable[Path]) -> State:
    """Return the state of everything that decides what a consent covers, and of sites and the folders beside them.

    Of content: the tables of consents, pictures, recordings and stories. Of a site: its lists and its stories. Other
    changes that remove a page, like a mark in the front matter of another page, need a full check.
    """
    state: list[tuple[str, tuple[int, ...]]] = []
    for layer in lookup.layers(content):
        state += _entries(layer.folder / "tables", "consents")
        state += _below(str(layer.folder / "media"))
        state += _stories(layer.folder)
    for site in sites:
        for folder in sorted(path for path in _paths(site.parent) if _is_of(site, path)):
            state += [(str(folder), _state(str(folder)))]
            state += _entries(folder)
            state += _stories(folder)
    return tuple(state)


def _is_of(site: Path, path: Path) -> bool:
    """Return whether a folder is this site, or one beside it that belongs to it, like its twin."""
    return path.name == site.name or path.name.startswith(f"{site.name}.")


def _stories(folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the state of the stories in each language of a folder."""
    for language in _paths(folder):
        yield from _below(str(language / _STORIES_FOLDER))


def _entries(folder: Path, prefix: str = "") -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the state of each entry of a folder whose name begins with a prefix, in any case."""
    for path in _paths(folder):
        if path.name.casefold().startswith(prefix):
            yield str(path), _state(str(path))


def _below(folder: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the state of everything below a folder. Paths are text: a Path costs more than a call of os.stat."""
    for path in _paths_as_text(folder):
        state = _state(path)
        yield path, state
        if state and stat.S_ISDIR(state[0]):
            yield from _below(path)


def _paths(folder: Path) -> list[Path]:
    return [*map(Path, _paths_as_text(str(folder)))]


def _paths_as_text(folder: str) -> list[str]:
    """Return the paths in a folder; none where it cannot be read."""
    try:
        return sorted(os.path.join(folder, name) for name in os.listdir(folder))  # noqa: PTH118, PTH208
    except OSError:
        return []


def _state(path: str) -> tuple[int, ...]:
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError:
        return ()
    return status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
