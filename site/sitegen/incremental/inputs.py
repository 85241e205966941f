"""The files that a build is made from, by content. A file is read again only where its file system state differs.

Imports none of our modules: where nothing changed, loading them would take longer than the comparison.
"""

import hashlib
import os
import re
import stat
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

NAMES = ("site", "forms", "mkdocs.yml", "locks/site.lock")
_NOT_INPUTS = frozenset({"__pycache__", "desk", "node_modules"})
"""Folders of the program that no build reads. In content, folders of these names count as all others do."""

READ_AFTER = ("translations.json", "overridden.json")
"""What a build writes into content/ before it reads that, as the editor does at any time."""

WRITTEN = ("addresses.json", "calendar.json")
"""What only builds write into content/."""

_LOADED = re.compile(r"(?:site|forms)/(?!schemas/).*\.(?:py|po|yaml)")
"""Files of the program that a process reads once, like mkdocs.yml. It reads schemas each time."""

_TABLES = "/tables/"
"""The folder of the records of consents, anywhere in content."""

PROGRAM = os.path.realpath(Path(__file__).parents[3])
"""The folder of the program that runs."""

RACY = 2_000_000_000
"""Nanoseconds: a file that changed so shortly before it was looked at may have changed again without a trace."""


FileState = tuple[int, int, int, int]
"""What the file system says of a file: bytes, times of its content and of its entry (ns), and inode.

A plain tuple: to write thousands of named tuples into the record took five times as long.
"""

_STATUS = 2
"""The index of the entry's time in it."""


def state_of(status: os.stat_result) -> FileState:
    """Return the state of a file."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


_NEVER: FileState = (-1, 0, 0, 0)
"""The state of no file: a file that is recorded with it counts as changed at each comparison."""


@dataclass
class Inputs:
    """All input files by path, each with its state and the SHA-256 of its bytes. taken: when they were scanned (ns).

    libraries: as `sitegen.layers.libraries.plain_folders` returns them; None where they must be looked up each time.
    """

    taken: int = 0
    files: dict[str, tuple[FileState, bytes]] = field(default_factory=dict)
    libraries: tuple[tuple[str, str], ...] | None = None

    @cached_property
    def consents(self) -> dict[str, FileState]:
        """The records of consents among them, which an edit compares three times."""
        tables = ((path, state) for path, (state, _) in self.files.items() if _TABLES in path)  # a few of thousands
        return {path: state for path, state in tables if _is_consents_file(path)}


@dataclass(frozen=True)
class Changes:
    """Paths of files that changed."""

    edited: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    """Added or removed; or a record of consents of which only the time changed, since the newest of them counts."""

    def __bool__(self) -> bool:
        return bool(self.edited or self.others)


def scan(root: Path, before: Inputs | None = None) -> Inputs:
    """Return all input files as they are now. before: an earlier scan; files that are unchanged are not read again."""
    previous = before.files if before else {}
    now = Inputs(time.time_ns())
    oldest_sure = (before.taken if before else 0) - RACY
    settings = _settings(root)
    state_of_settings = state_at(settings)
    folders, now.libraries = _folders(root, before)
    for path, state in _states(root, folders):
        last = previous.get(path)
        unchanged = last is not None and last[0] == state and state[_STATUS] < oldest_sure
        now.files[path] = last if unchanged and last else (state, hashlib.sha256(_bytes(path)).digest())
    if now.files.get(settings, (None,))[0] != state_of_settings:
        now.libraries = None  # named by other settings than those that are recorded
    return now


def rescan(root: Path, before: Inputs, paths: Collection[str]) -> Inputs | None:
    """Return the input files after edits of these alone; None where that is in doubt, and all must be scanned.

    No doubt is left where the text of existing files of the district's content changed, or a file came and went again.
    The result keeps the time of the earlier scan, so that the next full scan reads all that changed since then.
    """
    own, now = f"{root / 'content'}{os.sep}", Inputs(before.taken, dict(before.files), before.libraries)
    for path in paths:
        if path in before.files:
            entry = _read_regular_file(path) if path.startswith(own) and path != _settings(root) else None
            if entry is None or _is_consents_file(path):
                return None
            now.files[path] = entry
        elif os.path.lexists(path) or not path.startswith(own) or _was_folder(path, before):
            return None  # a new file, a folder, a library; a folder that was moved away
    now.consents = before.consents
    return now


def _was_folder(path: str, inputs: Inputs) -> bool:
    return any(file.startswith(f"{path}{os.sep}") for file in inputs.files)


def _read_regular_file(path: str) -> tuple[FileState, bytes] | None:
    """Return the state and the SHA-256 of a file; None where there is none, or a link."""
    try:
        status = os.lstat(path)
        return (state_of(status), hashlib.sha256(_bytes(path)).digest()) if stat.S_ISREG(status.st_mode) else None
    except OSError:
        return None


def _settings(root: Path) -> str:
    return str(root / "content" / "portal.yml")


def state_at(path: str | Path) -> FileState | None:
    """Return the state of a file; None where there is none."""
    try:
        return state_of(os.stat(path))  # noqa: PTH116 - as all other states here
    except OSError:
        return None


def _folders(root: Path, before: Inputs | None) -> tuple[list[str], tuple[tuple[str, str], ...] | None]:
    """Return the folders of content, the district's own first, and its libraries to record for the next scan.

    Where portal.yml is unchanged, and each library is still in its place, the recorded libraries are returned.
    """
    own = root / "content"
    recorded = before.libraries if before and _are_settings_unchanged(root, before) else None
    if recorded is not None and all(map(_is_in_place, recorded)):
        return [str(own), *(folder for _, folder in recorded)], recorded
    from sitegen.layers import libraries, lookup  # noqa: PLC0415 - reads YAML, and loads what that needs

    return [str(layer.folder) for layer in lookup.layers(own)], libraries.plain_folders(own)


def _is_in_place(library: tuple[str, str]) -> bool:
    """Return whether a library's path still leads to its folder, and that is there."""
    named, folder = library
    return os.path.realpath(named) == folder and os.path.isdir(folder)  # noqa: PTH112


def _are_settings_unchanged(root: Path, before: Inputs) -> bool:
    state, last = state_at(_settings(root)), before.files.get(_settings(root))
    return state is not None and last is not None and state == last[0] and state[_STATUS] < before.taken - RACY


def changes(before: Inputs | None, now: Inputs) -> Changes:
    """Return what differs in `now` from an earlier scan."""
    previous = before.files if before else {}
    edited, others = set(), set(previous.keys() - now.files.keys())
    for path, current in now.files.items():
        last = previous.get(path)
        if last is current:
            continue
        if last is None:
            others.add(path)
        elif last[1] != current[1]:
            edited.add(path)
        elif last[0] != current[0] and _is_consents_file(path):
            others.add(path)
    return Changes(frozenset(edited), frozenset(others))


def _is_consents_file(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return name[:1] in "cC" and f"{folder}/".endswith(_TABLES) and name.casefold().startswith("consents")


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - thousands of files: Path takes longer than reading
        return file.read()


def refresh(inputs: Inputs, content: Path, names: Collection[str] = WRITTEN) -> None:
    """Read these files of content/ again, which the build itself has just written."""
    for name in names:
        path = content / name
        if path.is_file():
            inputs.files[str(path)] = state_of(path.stat()), hashlib.sha256(path.read_bytes()).digest()


def mark_changed(inputs: Inputs, paths: Collection[str]) -> None:
    """Have the next build count those of these files as changed that differ from their scan.

    Which bytes the build has read of them is unknown: a file may have changed meanwhile, and changed back.
    """
    for path in paths:
        state = inputs.files.get(path, (None,))[0]
        if state != state_at(path):
            inputs.files[path] = state or _NEVER, b""


def mark_all_changed(inputs: Inputs, root: Path, since: int) -> None:
    """Have the next build count files as changed that differ from their scan, and folders where files came and went.

    since: when this process was started (ns). It runs the program of then, whatever its files hold now.
    """
    folders = _folders(root, inputs)[0]
    content = dict(_states(root, folders, ()))
    mark_changed(inputs, {*inputs.files, *content})
    for folder in {path.rpartition(os.sep)[0] for path in content} - {folders[0]}:  # there the build itself writes
        if os.stat(folder).st_mtime_ns > inputs.taken:  # noqa: PTH116 - as all other states here
            inputs.files[f"{folder}{os.sep}"] = _NEVER, b""
    for path in changed_program(inputs, since):
        inputs.files[path] = _NEVER, b""


def is_program_unchanged(root: Path, changes: Changes) -> bool:
    """Return whether the inputs hold the running program, and none of its files has changed."""
    own = f"{root / 'content'}{os.sep}"
    return os.path.realpath(root / "site") == os.path.join(PROGRAM, "site") and all(  # noqa: PTH118
        path.startswith(own) for path in changes.edited | changes.others
    )


def changed_program(inputs: Inputs, since: int) -> list[str]:
    """Return the files of the running program that a process reads once and that changed since then (ns)."""
    return [path for path, (state, _) in inputs.files.items() if state[_STATUS] > since and _is_loaded(path)]


def _is_loaded(path: str) -> bool:
    folder, _, name = os.path.realpath(path).replace(os.sep, "/").rpartition(f"{PROGRAM.replace(os.sep, '/')}/")
    return not folder and (name in NAMES or bool(_LOADED.fullmatch(name)))


def _states(root: Path, folders: list[str], names: Collection[str] = NAMES) -> Iterator[tuple[str, FileState]]:
    for number, folder in enumerate(folders):
        if os.path.isdir(folder):  # noqa: PTH112
            yield from _below(folder, links=None if number else [])
    for start in (root / name for name in names):
        if start.is_dir():
            yield from _below(str(start), _NOT_INPUTS)
        elif start.is_file():
            yield str(start), state_of(start.stat())


def _below(
    folder: str, without: Collection[str] = (), links: list[str] | None = None
) -> Iterator[tuple[str, FileState]]:
    """Yield all files below a folder. links: the folders to which links have led so far; None: follow no links."""
    with os.scandir(folder) as listing:
        entries = [entry for entry in listing if entry.name not in without]
    for entry in entries:
        if entry.is_symlink():  # few: to follow each entry took longer than everything else here
            if links is not None and _leads_to_new_folder(entry, links):
                yield from _below(entry.path, without, links)
            elif _is_file(entry):
                yield entry.path, state_of(entry.stat())
        elif entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, without, links)
        elif entry.is_file(follow_symlinks=False):
            yield entry.path, state_of(entry.stat(follow_symlinks=False))


def _leads_to_new_folder(entry: os.DirEntry[str], links: list[str]) -> bool:
    """Return whether a link leads to a folder that no link led to before, and that does not contain the link itself."""
    real = os.path.realpath(entry.path)
    if not os.path.isdir(real) or real in links or Path(entry.path).is_relative_to(real):  # noqa: PTH112
        return False
    links.append(real)
    return True


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Return whether this is a file or leads to one. A link that leads to itself does not."""
    try:
        return entry.is_file()
    except OSError:
        return False


def consents_are_as(root: Path, inputs: Inputs) -> bool:
    """Return whether the records of consents are as they were when the inputs were scanned."""
    folders = [Path(folder) / "tables" for folder in _folders(root, inputs)[0]]
    paths = [str(path) for folder in folders for path in folder.glob("*") if _is_consents_file(str(path))]
    return {path: state_of(os.stat(path)) for path in paths} == inputs.consents  # noqa: PTH116
