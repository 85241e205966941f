"""Pages outside stories/ whose front matter says that they are stories."""

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from sitegen.content.consent.consent_names import STORY_MARK
from sitegen.layers import lookup


def marked_stories(content: Path) -> frozenset[str]:
    """Return the names of the pages outside stories/, in any language and layer, that say they are stories."""
    return frozenset(
        path[len(folder) :].replace(os.sep, "/").partition("/")[2].removesuffix(".md")
        for folder in (f"{layer.folder}{os.sep}" for layer in lookup.layers(content))
        for path, state in _pages_below(folder)
        if _is_marked(path, state)
    )


def _pages_below(folder: str, depth: int = 0) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the path and the state of each page in the subfolders of a folder.

    Folders that cannot be read are skipped. Only at the top level are links to folders followed. This uses strings and
    os.scandir instead of Path, since `serve` calls it continually.
    """
    try:
        with os.scandir(folder) as scan:
            entries = [*scan]
    except OSError:
        return
    for entry in entries:
        if _is_folder(entry, follow=depth == 0):
            yield from _pages_below(entry.path, depth + 1)
        elif depth and entry.name.endswith(".md"):
            yield entry.path, _state_of(entry)


def _is_folder(entry: os.DirEntry[str], *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:  # a circular link
        return False


def _state_of(entry: os.DirEntry[str]) -> tuple[int, ...]:
    """Return what changes with every write of a file; () where that cannot be told."""
    try:
        status = entry.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size


@cache
def _is_marked(path: str, _state: tuple[int, ...]) -> bool:
    """Return whether the front matter of a page says that it is a story. Cached until the file changes."""
    with suppress(OSError):
        head = Path(path).read_text(encoding="utf-8-sig", errors="replace").partition("\n---")[0]
        return bool(STORY_MARK.search(head))
    return False
