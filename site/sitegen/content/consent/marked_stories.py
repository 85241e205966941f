"""Pages outside stories/ whose front matter says that they are stories."""

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from sitegen.content.consent.consent_names import IS_STORY_MARK
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
    """Yield the path of each page in the folders of this one, and its state; none where a link leads nowhere.

    As text, and with what the folder says of each: `serve` asks again and again. Whoever may not read a folder, reads
    none of it. Links to folders are followed at the top only.
    """
    try:
        with os.scandir(folder) as found:
            entries = [*found]
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
    except OSError:  # a link in a circle
        return False


def _state_of(entry: os.DirEntry[str]) -> tuple[int, ...]:
    try:
        found = entry.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size


@cache
def _is_marked(path: str, _state: tuple[int, ...]) -> bool:
    """Return whether the front matter of a page says that it is a story; read again only when it has changed."""
    with suppress(OSError):
        head = Path(path).read_text(encoding="utf-8-sig", errors="replace").partition("\n---")[0]
        return bool(IS_STORY_MARK.search(head))
    return False
