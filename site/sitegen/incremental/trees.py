"""A built site as the file system shows it, and its twin: a second folder of the same files, made ready beside it.

An edit is written into the twin, and then the two change names in one step. Files that did not change are the same
files in both (hard links), so nobody copies or removes them. Whatever is not as it was recorded is never built upon.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

Tree = dict[str, tuple[int, int, int]]
"""By path below the folder: size, time of the content (ns) and which file it is. The path of a folder ends with "/"."""

BESIDE = ".twin"


def twin_of(out: Path) -> Path:
    """Return where the twin of a built site stands. Withdrawing a story looks there too (publish/withdrawals)."""
    return out.with_name(f"{out.name}{BESIDE}")


def look(folder: Path) -> Tree:
    """Return what is in a folder. Raises OSError."""
    tree: Tree = {}
    _look(str(folder), "/", tree)
    return tree


def _look(folder: str, prefix: str, tree: Tree) -> None:
    tree[prefix] = _state(os.stat(folder), folder=True)  # noqa: PTH116 - thousands of them
    with os.scandir(folder) as found:
        entries = list(found)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            _look(entry.path, f"{prefix}{entry.name}/", tree)
        else:
            tree[f"{prefix}{entry.name}"] = _state(entry.stat(follow_symlinks=False))


def _state(found: os.stat_result, *, folder: bool = False) -> tuple[int, int, int]:
    return 0 if folder else found.st_size, found.st_mtime_ns, found.st_ino


def is_as(folder: Path, tree: Tree) -> bool:
    """Return whether everything in a folder is as it was recorded, and nothing has come in."""
    start = str(folder)
    try:
        for path, (size, changed, node) in tree.items():  # written out: thousands of files, for each start
            found = os.lstat(start + path)
            if (found.st_mtime_ns, found.st_ino) != (changed, node) or (found.st_size != size and path[-1] != "/"):
                return False
    except OSError:
        return False
    return bool(tree)


class CheckBeside:
    """`is_as` in a process of its own, while this one goes on; in this one where the system cannot fork.

    Only for a program that has no other thread yet.
    """

    def __init__(self, folder: Path, tree: Tree) -> None:
        self._folder, self._tree = folder, tree
        self._holds: bool | None = None
        self._answer = -1
        if hasattr(os, "fork"):
            self._start()

    def _start(self) -> None:
        answer, told = os.pipe()
        self._process = os.fork()
        if not self._process:
            try:
                os.write(told, b"1" if is_as(self._folder, self._tree) else b"0")
            finally:
                os._exit(0)
        os.close(told)
        self._answer = answer

    def holds(self) -> bool:
        """Return whether the folder was as recorded. Waits for the answer; without one it was not."""
        if self._holds is None:
            self._holds = self._told() if self._answer >= 0 else is_as(self._folder, self._tree)
        return self._holds

    def _told(self) -> bool:
        with os.fdopen(self._answer, "rb") as answer:
            told = answer.read()
        os.waitpid(self._process, 0)
        return told == b"1"


def folders_of(tree: Tree) -> Tree:
    """Return the folders of a record: all that is recorded of a twin, since its files are those of the site.

    Where the site is as recorded, a twin with these folders is too: a file that is the same in both was looked at in
    the site, and another one in its place shows in the time of its folder.
    """
    return {path: one for path, one in tree.items() if path[-1] == "/"}


def of_twin(tree: Tree, site: Tree) -> Tree:
    """Return the twin whole: its folders, and the files of the site."""
    return {path: one for path, one in site.items() if path[-1] != "/"} | tree


def exchanged(site: Tree, twin: Tree) -> tuple[Tree, Tree]:
    """Return site and twin as they are once the two have changed names: of the site, only its folders are others."""
    if not twin.keys() <= site.keys():
        return of_twin(twin, site), folders_of(site)
    before = {path: site[path] for path in twin}
    site.update(twin)
    return site, before


def take_up(folder: Path, tree: Tree, paths: Iterable[str], *, files: bool = True) -> None:
    """Bring a record up to date for these files (not without `files`), and for the folders in which they stand."""
    for path in paths:
        if files:
            _take_up(folder, tree, path)
        parent = path
        while parent != "/":
            parent = parent[: parent.rstrip("/").rindex("/") + 1]
            _take_up(folder, tree, parent)


def _take_up(folder: Path, tree: Tree, path: str) -> None:
    try:
        tree[path] = _state(os.lstat(f"{folder}{path}"), folder=path.endswith("/"))
    except FileNotFoundError:
        tree.pop(path, None)


def link_all(out: Path, twin: Path, site: Tree) -> Tree:
    """Make the twin anew, of links to all files of the site; return its folders. site: what stands in `out`.

    Raises OSError where the file system has no such links, or where a file is not there.
    """
    shutil.rmtree(twin, ignore_errors=True)
    start, end = str(out), str(twin)
    for path in sorted(site):  # each folder before what is in it
        if path.endswith("/"):
            os.mkdir(end + path)  # noqa: PTH102 - thousands of them
        else:
            os.link(start + path, end + path)
    return {path: _state(os.lstat(end + path), folder=True) for path in folders_of(site)}


def link(out: Path, twin: Path, paths: Iterable[str]) -> None:
    """Bring the twin up to date: each of these files becomes the one of the site, or goes where that has none."""
    for path in paths:
        here, there = Path(f"{out}{path}"), Path(f"{twin}{path}")
        there.unlink(missing_ok=True)
        if here.exists():
            there.parent.mkdir(parents=True, exist_ok=True)
            os.link(here, there)
