"""The folders that content is made of, and the lookup of every file in them.

A file's name is its path inside its folder, like "en/rights.md". Of files with the same name the first folder's counts:
the district's own before its libraries, in the order of `library:` in portal.yml.
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

from sitegen.layers import libraries
from sitegen.layers.own_files import is_left_name

OWN = libraries.OWN
"""The label of the district's own folder."""


@dataclass(frozen=True)
class Layer:
    """A folder of content. label: how messages name it, like "content"."""

    folder: Path
    label: str

    def where(self, path: Path) -> str:
        """Return a file of this folder as staff know it, like "content/en/rights.md"."""
        return f"{self.label}/{path.relative_to(self.folder).as_posix()}"


@dataclass(frozen=True)
class File:
    """A file of content. name: its path inside its layer, like "en/rights.md"; address: its whole path as text."""

    name: str
    address: str
    layer: Layer

    @cached_property
    def path(self) -> Path:
        """The file itself."""
        return Path(self.address)

    def state(self) -> os.stat_result:
        """Return the file's current status (os.stat)."""
        return os.stat(self.address)  # noqa: PTH116 - called for all files after each save

    @property
    def where(self) -> str:
        """The file as staff know it, like "content/en/rights.md"."""
        return f"{self.layer.label}/{self.name}"


def layers(content: Path) -> tuple[Layer, ...]:
    """Return the folders of which content is made, the district's own first.

    Libraries that cannot be used are left out: `libraries.problems` reports them.
    """
    return (Layer(content, OWN), *(Layer(library.folder, library.label) for library in libraries.usable(content)))


def find(content: Path, name: str) -> Path:
    """Return the first layer's file of this name; without one, the path that the district's own would have."""
    paths = (layer.folder / name for layer in layers(content))
    return next((path for path in paths if path.is_file()), content / name)


def medium(media: Path, name: str) -> Path:
    """Return the first layer's file of this name in content/media."""
    return find(media.parent, f"{media.name}/{name}")


def files(content: Path, under: str = "", pattern: str = "*") -> list[File]:
    """Return the files that count below a folder like "en", sorted by name: of each name the first layer's."""
    by_name: dict[str, File] = {}
    for file in every(content, under, pattern):
        by_name.setdefault(file.name, file)
    return [by_name[name] for name in sorted(by_name, key=lambda name: name.split("/"))]


def every(content: Path, under: str = "", pattern: str = "*") -> Iterator[File]:
    """Yield all files below a folder like "en", layer by layer, also those that an earlier layer overrides.

    Files that a system or an editor leaves behind are skipped.
    """
    for layer in layers(content):
        start = layer.folder / under
        prefix = start.relative_to(layer.folder).as_posix()
        for path, name in _files_below(str(start), "" if prefix == "." else f"{prefix}/"):
            if fnmatch(path.rpartition(os.sep)[2], pattern):
                yield File(name, path, layer)


def _files_below(folder: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the path and name of each file in a folder and below, in the order of their parts.

    As text, since every save looks through all of content/ and a Path costs ten times as much as asking the disk.
    Folders that cannot be read, and links to folders, are skipped.
    """
    try:
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for entry in entries:
        if is_left_name(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path, f"{prefix}{entry.name}/")
        elif Path(entry.path).is_file() if entry.is_symlink() else entry.is_file():
            yield entry.path, prefix + entry.name


def is_used(name: str, languages: Collection[str]) -> bool:
    """Return whether a library's file is of use to a site with these languages."""
    folder, slash, rest = name.partition("/")
    if folder == "words":
        return rest.partition(".")[0] in languages
    return bool(slash) and folder in {*languages, "tables", "media"}


def has_folder(content: Path, name: str) -> bool:
    """Return whether any layer has this folder."""
    return any((layer.folder / name).is_dir() for layer in layers(content))
