"""A built site as the file system shows it, and its twin: a second folder with hard links to the same files.

An edit is written into the twin, and then the two change names in one step. Files that did not change are the same
in both, so they are neither copied nor removed. A site or twin that differs from its record is built anew.
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


def scan(folder: Path) -> Tree:
    """Return the state of everything in a folder. Raises OSError."""
    tree: Tree = {}
    _scan(str(folder), "/", tree)
    return tree


def _scan(folder: str, prefix: str, tree: Tree) -> None:
    tree[prefix] = _state(os.stat(folder), folder=True)  # noqa: PTH116 - thousands of them
    with os.scandir(folder) as found:
        entries = list(found)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            _scan(entry.path, f"{prefix}{entry.name}/", tree)
        else:
            tree[f"{prefix}{entry.name}"] = _state(entry.stat(follow_symlinks=False))


def _state(found: os.stat_result, *, folder: bool = False) -> tuple[int, int, int]:
    return 0 if folder else found.st_size, found.st_mtime_ns, found.st_ino


def matches(folder: Path, tree: Tree) -> bool:
    """Return whether everything in a folder is as recorded, and nothing was added."""
    start = str(folder)
    try:
        for path, (size, changed, node) in tree.items():  # inlined: thousands of files, at each start
            found = os.lstat(start + path)
            if (found.st_mtime_ns, found.st_ino) != (changed, node) or (found.st_size != size and path[-1] != "/"):
                return False
    except OSError:
        return False
    return bool(tree)


class CheckBeside:
    """Runs `matches` in a process of its own, beside this one; in this one where the system cannot fork.

    Only for a program that has no other thread yet.
    """

    def __init__(self, folder: Path, tree: Tree) -> None:
        self._folder, self._tree = folder, tree
        self._holds: bool | None = None
        self._answer = -1
        if hasattr(os, "fork"):
            self._start()

    def _start(self) -> None:
        answer, result = os.pipe()
        self._process = os.fork()
        if not self._process:
            try:
                os.write(result, b"1" if matches(self._folder, self._tree) else b"0")
            finally:
                os._exit(0)
        os.close(result)
        self._answer = answer

    def holds(self) -> bool:
        """Wait for the result; return whether the folder was as recorded. Without a result it was not."""
        if self._holds is None:
            self._holds = self._result() if self._answer >= 0 else matches(self._folder, self._tree)
        return self._holds

    def _result(self) -> bool:
        with os.fdopen(self._answer, "rb") as answer:
            result = answer.read()
        os.waitpid(self._process, 0)
        return result == b"1"


def folders_of(tree: Tree) -> Tree:
    """Return the folders of a record: all that is recorded of a twin, since its files are those of the site.

    Where the site is as recorded, so is a twin with these folders: each file is the same one in both, and a file that
    takes the place of another changes the time of its folder.
    """
    return {path: state for path, state in tree.items() if path[-1] == "/"}


def with_files(tree: Tree, site: Tree) -> Tree:
    """Return the complete record of a twin: its folders, and the files of the site."""
    return {path: state for path, state in site.items() if path[-1] != "/"} | tree


def exchanged_records(site: Tree, twin: Tree) -> tuple[Tree, Tree]:
    """Return the records of site and twin once the two have changed names: only the folders of the site differ."""
    if not twin.keys() <= site.keys():
        return with_files(twin, site), folders_of(site)
    before = {path: site[path] for path in twin}
    site.update(twin)
    return site, before


def refresh(folder: Path, tree: Tree, paths: Iterable[str], *, files: bool = True) -> None:
    """Bring a record up to date for these files (unless not `files`), and for the folders that hold them."""
    for path in paths:
        if files:
            _refresh(folder, tree, path)
        parent = path
        while parent != "/":
            parent = parent[: parent.rstrip("/").rindex("/") + 1]
            _refresh(folder, tree, parent)


def _refresh(folder: Path, tree: Tree, path: str) -> None:
    try:
        tree[path] = _state(os.lstat(f"{folder}{path}"), folder=path.endswith("/"))
    except FileNotFoundError:
        tree.pop(path, None)


def link_all(out: Path, twin: Path, site: Tree) -> Tree:
    """Make the twin anew, of links to all files of the site; return its folders. site: the record of `out`.

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
    """Bring the twin up to date: link each of these files to that of the site, or remove it where that has none."""
    for path in paths:
        source, target = Path(f"{out}{path}"), Path(f"{twin}{path}")
        target.unlink(missing_ok=True)
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, target)
