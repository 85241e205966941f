"""The folders that content is made of, and the one place through which every file of it is looked up.

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
"""How sentences call the district's own folder."""


@dataclass(frozen=True)
class Layer:
    """A folder of content. `shown`: how sentences call it, like "content"."""

    folder: Path
    shown: str

    def where(self, path: Path) -> str:
        """Return a file of this folder as staff know it, like "content/en/rights.md"."""
        return f"{self.shown}/{path.relative_to(self.folder).as_posix()}"


@dataclass(frozen=True)
class File:
    """A file of content. `name`: its path inside its layer, like "en/rights.md"; `address`: its path as text."""

    name: str
    address: str
    layer: Layer

    @cached_property
    def path(self) -> Path:
        """The file itself."""
        return Path(self.address)

    def state(self) -> os.stat_result:
        """Return what the disk says of the file now."""
        return os.stat(self.address)  # noqa: PTH116 - after each save all files are asked

    @property
    def where(self) -> str:
        """The file as staff know it, like "content/en/rights.md"."""
        return f"{self.layer.shown}/{self.name}"


def layers(content: Path) -> tuple[Layer, ...]:
    """Return the folders of which content is made, the district's own first.

    A library that cannot be used is left out here: `libraries.problems` says what is wrong with it.
    """
    return (Layer(content, OWN), *(Layer(one.folder, one.shown) for one in libraries.usable(content)))


def find(content: Path, name: str) -> Path:
    """Return the file of this name that counts; the place where the district's own would be if there is none."""
    found = (layer.folder / name for layer in layers(content))
    return next((path for path in found if path.is_file()), content / name)


def medium(media: Path, name: str) -> Path:
    """Return the file of content/media of this name that counts."""
    return find(media.parent, f"{media.name}/{name}")


def files(content: Path, under: str = "", pattern: str = "*") -> list[File]:
    """Return the files that count below a folder like "en", by name; none that a system or an editor left."""
    first: dict[str, File] = {}
    for file in every(content, under, pattern):
        first.setdefault(file.name, file)
    return [first[name] for name in sorted(first, key=lambda name: name.split("/"))]


def every(content: Path, under: str = "", pattern: str = "*") -> Iterator[File]:
    """Yield all files below a folder like "en", layer by layer, those too that another layer's stand before."""
    for layer in layers(content):
        start = layer.folder / under
        begin = start.relative_to(layer.folder).as_posix()
        for path, name in _below(str(start), "" if begin == "." else f"{begin}/"):
            if fnmatch(path.rpartition(os.sep)[2], pattern):
                yield File(name, path, layer)


def _below(folder: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield the path and name of each file in a folder and below, in the order of their parts.

    As text, since every save looks through all of content/ and a Path costs ten times as much as asking the disk.
    A folder that nobody may read, or that is a link, is passed over.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    for entry in entries:
        if is_left_name(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, f"{name}{entry.name}/")
        elif Path(entry.path).is_file() if entry.is_symlink() else entry.is_file():
            yield entry.path, name + entry.name


def is_used(name: str, languages: Collection[str]) -> bool:
    """Return whether a file of a library is one that this site could use."""
    folder, slash, rest = name.partition("/")
    if folder == "words":
        return rest.partition(".")[0] in languages
    return bool(slash) and folder in {*languages, "tables", "media"}


def has_folder(content: Path, name: str) -> bool:
    """Return whether any layer has this folder."""
    return any((layer.folder / name).is_dir() for layer in layers(content))
