"""The files that a build is made from, as they were: by content, looked into again only where their state differs.

Loads nothing of ours by itself: where nothing changed, to load it would take longer than to look.
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
"""Files of the program that a process reads once, like mkdocs.yml; it reads schemas each time."""

_TABLES = "/tables/"
"""The folder in which records of consents lie, wherever in content that is."""

PROGRAM = os.path.realpath(Path(__file__).parents[3])
"""The folder of the program that runs."""

RACY = 2_000_000_000
"""Nanoseconds: a file that changed so shortly before it was looked at may have changed again without a trace."""


FileState = tuple[int, int, int, int]
"""What the file system says of a file: bytes, times of its content and of its entry (ns), and which file it is.

A plain tuple: to write thousands of named ones into the record took five times as long.
"""

_STATUS = 2
"""Where the time of the entry stands in it."""


def state_of(found: os.stat_result) -> FileState:
    """Return the state of a file."""
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


_NEVER: FileState = (-1, 0, 0, 0)
"""The state of no file: what is recorded with it is another one at each look."""


@dataclass
class Inputs:
    """All input files by path, each with its state and the SHA-256 of its bytes. taken: when (ns).

    libraries: as `sitegen.layers.libraries.plain_folders` returns them; None where they must be asked for each time.
    """

    taken: int = 0
    files: dict[str, tuple[FileState, bytes]] = field(default_factory=dict)
    libraries: tuple[tuple[str, str], ...] | None = None

    @cached_property
    def consents(self) -> dict[str, FileState]:
        """The records of consents among them, which an edit looks at three times."""
        near = ((path, state) for path, (state, _) in self.files.items() if _TABLES in path)  # thousands are not
        return {path: state for path, state in near if _is_of_consents(path)}


@dataclass(frozen=True)
class Changes:
    """Paths of files that are not as they were."""

    edited: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    """Added or removed; or a record of consents whose time alone is another, since the newest of them counts."""

    def __bool__(self) -> bool:
        return bool(self.edited or self.others)


def look(root: Path, before: Inputs | None = None) -> Inputs:
    """Return all input files as they are now. before: as they were; what is unchanged since then is not read again."""
    known = before.files if before else {}
    now = Inputs(time.time_ns())
    oldest_sure = (before.taken if before else 0) - RACY
    settings = _settings(root)
    state_of_settings = state_at(settings)
    folders, now.libraries = _folders(root, before)
    for path, state in _states(root, folders):
        last = known.get(path)
        sure = last is not None and last[0] == state and state[_STATUS] < oldest_sure
        now.files[path] = last if sure and last else (state, hashlib.sha256(_bytes(path)).digest())
    if now.files.get(settings, (None,))[0] != state_of_settings:
        now.libraries = None  # named by other settings than those that are recorded
    return now


def look_at(root: Path, before: Inputs, paths: Collection[str]) -> Inputs | None:
    """Return the input files after edits of these alone; None where that is not sure, and all must be looked at.

    Sure are other words in files of the district's content that were there before, and files that have gone again. The
    time of the look stays that of before: the next look at all files takes nothing for sure that changed since then.
    """
    own, now = f"{root / 'content'}{os.sep}", Inputs(before.taken, dict(before.files), before.libraries)
    for path in paths:
        if path in before.files:
            found = _read_as_it_is(path) if path.startswith(own) and path != _settings(root) else None
            if found is None or _is_of_consents(path):
                return None
            now.files[path] = found
        elif os.path.lexists(path) or not path.startswith(own) or _is_folder_of(path, before):
            return None  # a new file, a folder, a library; a folder that was moved away
    now.consents = before.consents
    return now


def _is_folder_of(path: str, inputs: Inputs) -> bool:
    return any(one.startswith(f"{path}{os.sep}") for one in inputs.files)


def _read_as_it_is(path: str) -> tuple[FileState, bytes] | None:
    """Return the state and the SHA-256 of a file that is no link; None where there is none."""
    try:
        found = os.lstat(path)
        return (state_of(found), hashlib.sha256(_bytes(path)).digest()) if stat.S_ISREG(found.st_mode) else None
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
    """Return the folders of content, the district's own first, and its libraries for the next time.

    Where portal.yml has long been the same, and each library is still where it was, nobody is asked.
    """
    own = root / "content"
    if before and before.libraries is not None and _names_the_same(root, before):
        there = (os.path.realpath(named) == folder and os.path.isdir(folder) for named, folder in before.libraries)  # noqa: PTH112
        if all(there):
            return [str(own), *(folder for _, folder in before.libraries)], before.libraries
    from sitegen.layers import libraries, lookup  # noqa: PLC0415 - reads YAML, and loads what that needs

    return [str(layer.folder) for layer in lookup.layers(own)], libraries.plain_folders(own)


def _names_the_same(root: Path, before: Inputs) -> bool:
    state, last = state_at(_settings(root)), before.files.get(_settings(root))
    return state is not None and last is not None and state == last[0] and state[_STATUS] < before.taken - RACY


def changes(before: Inputs | None, now: Inputs) -> Changes:
    """Return what is not in `now` as it was before."""
    known = before.files if before else {}
    edited, others = set(), set(known.keys() - now.files.keys())
    for path, found in now.files.items():
        last = known.get(path)
        if last is found:
            continue
        if last is None:
            others.add(path)
        elif last[1] != found[1]:
            edited.add(path)
        elif last[0] != found[0] and _is_of_consents(path):
            others.add(path)
    return Changes(frozenset(edited), frozenset(others))


def _is_of_consents(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return name[:1] in "cC" and f"{folder}/".endswith(_TABLES) and name.casefold().startswith("consents")


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - thousands of files: Path takes longer than reading
        return file.read()


def look_again(inputs: Inputs, content: Path, names: Collection[str] = WRITTEN) -> None:
    """Take up files that the build itself has just written into content/."""
    for name in names:
        path = content / name
        if path.is_file():
            inputs.files[str(path)] = state_of(path.stat()), hashlib.sha256(path.read_bytes()).digest()


def distrust(inputs: Inputs, paths: Collection[str]) -> None:
    """Have the next build look upon those of these files as changed that are not as they were when looked at.

    What a build has read of them is not known: somebody may have written something else meanwhile, and taken it back.
    """
    for path in paths:
        state = inputs.files.get(path, (None,))[0]
        if state != state_at(path):
            inputs.files[path] = state or _NEVER, b""


def distrust_all(inputs: Inputs, root: Path, since: int) -> None:
    """Have the next build look upon all as changed that is not as it was, and what came and went again.

    since: when this process was started (ns). It runs what the program was then, whatever its files say now.
    """
    folders = _folders(root, inputs)[0]
    content = dict(_states(root, folders, ()))
    distrust(inputs, {*inputs.files, *content})
    for folder in {path.rpartition(os.sep)[0] for path in content} - {folders[0]}:  # there the build itself writes
        if os.stat(folder).st_mtime_ns > inputs.taken:  # noqa: PTH116 - as all other states here
            inputs.files[f"{folder}{os.sep}"] = _NEVER, b""
    for path in changed_program(inputs, since):
        inputs.files[path] = _NEVER, b""


def is_program_unchanged(root: Path, changes: Changes) -> bool:
    """Return whether the program that runs is the one among these inputs, and nothing of it has changed."""
    own = f"{root / 'content'}{os.sep}"
    return os.path.realpath(root / "site") == os.path.join(PROGRAM, "site") and all(  # noqa: PTH118
        path.startswith(own) for path in changes.edited | changes.others
    )


def changed_program(inputs: Inputs, since: int) -> list[str]:
    """Return the files of the running program, as far as a process reads them once, that changed since then (ns)."""
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
    """Yield all files below a folder. links: the folders to which links have led so far; None: links are left out."""
    with os.scandir(folder) as found:
        entries = [entry for entry in found if entry.name not in without]
    for entry in entries:
        if entry.is_symlink():  # few: to follow each entry took longer than everything else here
            if links is not None and _leads_on(entry, links):
                yield from _below(entry.path, without, links)
            elif _is_file(entry):
                yield entry.path, state_of(entry.stat())
        elif entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, without, links)
        elif entry.is_file(follow_symlinks=False):
            yield entry.path, state_of(entry.stat(follow_symlinks=False))


def _leads_on(entry: os.DirEntry[str], links: list[str]) -> bool:
    """Return whether a link leads to a folder that no link led to before, and that is not around the link itself."""
    real = os.path.realpath(entry.path)
    if not os.path.isdir(real) or real in links or Path(entry.path).is_relative_to(real):  # noqa: PTH112
        return False
    links.append(real)
    return True


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Return whether this is a file, or leads to one; a link in a circle does not."""
    try:
        return entry.is_file()
    except OSError:
        return False


def consents_are_as(root: Path, inputs: Inputs) -> bool:
    """Return whether the records of consents are still as they were when the inputs were looked at."""
    folders = [Path(folder) / "tables" for folder in _folders(root, inputs)[0]]
    paths = [str(path) for folder in folders for path in folder.glob("*") if _is_of_consents(str(path))]
    return {path: state_of(os.stat(path)) for path in paths} == inputs.consents  # noqa: PTH116
