"""The libraries that portal.yml names under `library:`: folders, zips with their SHA-256, or git repositories.

library_zips.py opens the zips.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from forms.core.yaml_reader import YAMLError, read_yaml
from sitegen.layers import library_zips
from sitegen.layers.library_zips import MAX_FILES
from sitegen.layers.own_files import is_left_name

OWN = "content"
SETTINGS = "portal.yml"
WHERE = f"{OWN}/{SETTINGS}, library"
UNPACKED = Path(".build") / "library"
FETCHED = Path("var") / "libraries"
"""Where `update` keeps the git repositories that it fetched, each in a folder with its name."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_SIGNER = re.compile(r"[A-Za-z0-9._@-]{1,100} (?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]{40,1000}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class LibraryRepository:
    """A git repository from which a library is taken. signers: lines like those of allowed_signers."""

    name: str
    remote: str
    branch: str
    signers: tuple[str, ...]


@dataclass(frozen=True)
class Library:
    """A library under a district's content. label: how messages name it."""

    folder: Path
    label: str


def usable(content: Path) -> tuple[Library, ...]:
    """Return the libraries that can be used, in their order."""
    return tuple(library for library in _configured(content) if isinstance(library, Library))


def plain_folders(content: Path) -> tuple[tuple[str, str], ...] | None:
    """Return each library's path as portal.yml writes it, with the folder it resolves to; None if one is no folder.

    The libraries stay these while portal.yml is unchanged and each path resolves to the same folder.
    """
    libraries, rows = _configured(content), _LAST_ROWS.get(content, [])
    are_folders = all(isinstance(row, str) for row in rows)
    are_usable = all(isinstance(library, Library) for library in libraries)
    if not are_folders or not are_usable or len(rows) != len(libraries):
        return None
    return tuple(
        (os.path.join(content, row), str(library.folder))  # noqa: PTH118 - as it is written, with ".." and links
        for row, library in zip(rows, libraries, strict=True)
        if isinstance(library, Library)
    )


def zips(content: Path) -> frozenset[str]:
    """Return the names of the zips in the district's folder that portal.yml names."""
    _configured(content)
    rows = (row for row in _LAST_ROWS.get(content, []) if isinstance(row, Mapping))
    return frozenset(str(row.get("zip", "")) for row in rows)


def problems(content: Path) -> Iterator[Problem]:
    """Yield a problem for each library of portal.yml that cannot be used, and for each harmful or large file."""
    yield from (problem for problem in _configured(content) if isinstance(problem, Problem))
    for library in usable(content):
        yield from _file_problems(library)
        if (library.folder / SETTINGS).exists():
            what = _("a library has a portal.yml, and only a district's own counts.")
            yield Problem(f"{library.label}/{SETTINGS}", what, _("Take it out of the library."))


def copy_settings(content: Path, target: Path) -> None:
    """Write portal.yml into another folder, where tables are tried, so that it names the same libraries from there.

    Links beside that folder give the libraries the same names there.
    """
    settings = _parse((content / SETTINGS).read_text(encoding="utf-8-sig"))
    override = {"library": [_link(one, target) for one in usable(content)]} if settings.get("library") else {}
    (target / SETTINGS).write_text(json.dumps({**settings, **override}, default=str), encoding="utf-8")


def _link(library: Library, target: Path) -> str:
    """Link a library beside a folder; return its path from there, or its own path where links are not allowed."""
    link = target.parent / library.label
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(library.folder, target_is_directory=True)
    except OSError:
        return str(library.folder)
    return f"../{library.label}"


def _file_problems(library: Library) -> Iterator[Problem]:
    """Yield a problem for each link in a library, which could lead anywhere on this machine, and each large file."""
    entries = sorted(_entries(str(library.folder), ""), key=lambda entry: entry[0].split("/"))
    if len(entries) > MAX_FILES:
        what = _("holds %(count)s files.", count=f"{len(entries):,}")
        yield Problem(library.label, what, _("A library may have %(most)s.", most=f"{MAX_FILES:,}"))
    for name, entry in entries:
        where = f"{library.label}/{name}"
        if entry.is_symlink():
            what = _("is a link, which a library may not have.")
            yield Problem(where, what, _("Put the file itself there, or remove it."))
        elif entry.is_file() and entry.stat().st_size > library_zips.MAX_FILE_SIZE:
            todo = _("A file of a library may have %(most)s MB.", most=library_zips.MAX_FILE_SIZE // 1_000_000)
            yield Problem(where, _("is too large."), todo)


def _entries(folder: str, name: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield files and folders below a folder, each with its path from there; links are not followed."""
    with suppress(OSError), os.scandir(folder) as scanned:
        for entry in (entry for entry in scanned if not is_left_name(entry.name)):
            yield f"{name}{entry.name}", entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path, f"{name}{entry.name}/")


def _configured(content: Path) -> tuple[Library | Problem, ...]:
    """Return each library that portal.yml names, or the problem with it. Cached until portal.yml changes."""
    try:
        state = (content / SETTINGS).stat()
    except OSError:
        return ()
    version = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
    libraries = _read(content, version)
    if any(isinstance(library, Problem) or not library.folder.is_dir() for library in libraries):
        _read.cache_clear()  # the folder may have been put there since, with the same portal.yml
        libraries = _read(content, version)
    return libraries


_LAST_ROWS: dict[Path, list[Any]] = {}
"""The rows of `library:` when portal.yml was last readable: a broken portal.yml does not withdraw what they hold."""


@lru_cache(maxsize=64)
def _read(content: Path, _version: tuple[int, ...]) -> tuple[Library | Problem, ...]:
    try:
        settings = _parse((content / SETTINGS).read_text(encoding="utf-8-sig"))
        rows = settings.get("library") or [] if isinstance(settings, dict) else []
        _LAST_ROWS[content] = rows if isinstance(rows, list) else [rows]
    except (OSError, YAMLError, UnicodeDecodeError):
        pass
    return tuple(_library(content, row) for row in _LAST_ROWS.get(content, []))


@lru_cache(maxsize=8)
def _parse(text: str) -> Any:
    """Parse a portal.yml, cached by its text, also for copies in which tables are tried. Callers must not change it."""
    return read_yaml(text)


def _library(content: Path, row: Any) -> Library | Problem:
    """Return the library of one row of portal.yml, or the problem with it."""
    try:
        if isinstance(row, str):
            return _folder_library(content, row)
        if isinstance(row, Mapping) and set(row) == {"zip", "sha256"}:
            return _zip_library(content, str(row["zip"]), str(row["sha256"]).lower())
        if isinstance(row, Mapping) and "remote" in row:
            return _fetched_library(content, row)
    except Problem as problem:
        return problem
    except Exception as error:  # noqa: BLE001 - no error here may stop the search for withdrawn consents
        why = getattr(error, "strerror", None) or error
        return Problem(WHERE, f"{str(row)[:60]!r} cannot be read ({why}).", "Look at the folder and its name.")
    todo = "Write a folder, like ../library/india, or {zip: india.zip, sha256: ...}."
    return Problem(WHERE, f'"{str(row)[:60]}" names no library.', todo)


def repositories(content: Path) -> tuple[LibraryRepository, ...]:
    """Return the git repositories that portal.yml names. Raises Problem for one that cannot be used."""
    _configured(content)
    rows = _LAST_ROWS.get(content, [])
    return tuple(_repository(row) for row in rows if isinstance(row, Mapping) and "remote" in row)


def _repository(row: Mapping[Any, Any]) -> LibraryRepository:
    """Return the git repository that a row names. Raises Problem where its name or its signers are not valid."""
    from sitegen.checks.settings_validation import remote_of  # noqa: PLC0415 - slow to load, and few districts need it

    name, signers = row.get("name"), row.get("signers")
    publish = {key: row[key] for key in ("remote", "branch") if key in row}
    remote, branch = remote_of({"publish": publish}, WHERE) or ("", "")
    if not (isinstance(name, str) and _NAME.fullmatch(name)) or set(row) - {"name", "remote", "branch", "signers"}:
        todo = "Write {name: india, remote: https://git.example/india.git, signers: [...]}."
        raise Problem(WHERE, "a library that is fetched needs a name of small letters and hyphens.", todo)
    lines = signers if isinstance(signers, list) else []
    if not lines or not all(isinstance(line, str) and _SIGNER.fullmatch(line) for line in lines):
        todo = 'Write for each who may change it: "ravi ssh-ed25519 AAAA...".'
        raise Problem(f"{WHERE}, {name}", "does not say whose signature counts.", todo)
    return LibraryRepository(name, remote, branch, tuple(lines))


def _fetched_library(content: Path, row: Mapping[Any, Any]) -> Library:
    """Return a library that `update` fetches. Raises Problem where it has not been fetched yet."""
    name = _repository(row).name
    folder = content.parent / FETCHED / name
    if not folder.is_dir():
        raise Problem(f"{WHERE}, {name}", "was not fetched yet.", "Run: python3 build.py update --libraries")
    return Library(folder, f"library {name}")


def _folder_library(content: Path, text: str) -> Library:
    """Return a library that is a folder. Raises Problem where it does not exist, or contains content/ or is in it."""
    folder = (content / text).resolve()
    own = content.resolve()
    if not folder.is_dir():
        raise Problem(WHERE, f"there is no folder {text}.", "Write it as seen from content/, like ../library/india.")
    if folder == own or folder in own.parents or own in folder.parents:
        raise Problem(WHERE, f"{text} is the district's own folder, or lies around or in it.", "Take another folder.")
    return Library(folder, re.sub(r"^(\.{0,2}/)+", "", text) or text)


def _zip_library(content: Path, name: str, digest: str) -> Library:
    """Return a library that is a zip. Raises Problem where it is missing, has another hash, or cannot be unpacked."""
    path = content / name
    where = f"{WHERE}, {name}"
    if not path.is_file():
        raise Problem(where, "there is no such file.", "Put the zip there, or take the library out.")
    if not _HASH.fullmatch(digest):
        raise Problem(where, "sha256 is no SHA-256.", "Write the 64 signs that whoever made the zip tells you.")
    folder = content.parent / UNPACKED / digest
    library_zips.require_unpacked(path, folder, where)
    return Library(folder, name)
