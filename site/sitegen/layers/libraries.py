"""The libraries that portal.yml names under `library:`: folders, zips with their SHA-256, or git repositories.

What comes from outside is hostile: a zip is opened only where its hash is the one that portal.yml says, into a folder
of its own, and only plain files of bounded number and size leave it.
"""

import errno
import hashlib
import json
import os
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from forms.core.files.durable import write_durably
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from forms.core.yaml_reader import YAMLError, read_yaml
from sitegen.layers.own_files import is_left_name

OWN = "content"
SETTINGS = "portal.yml"
WHERE = f"{OWN}/{SETTINGS}, library"
UNPACKED = Path(".build") / "library"
FETCHED = Path("var") / "libraries"
"""Where `update` keeps what it took from git repositories, a folder for each by its name."""

MOST_FILES, LARGEST_FILE, LARGEST = 5_000, 30_000_000, 300_000_000
"""Files of a zip, bytes of one, and of all together once unpacked."""

LONGEST_NAME, LONGEST_PART = 1_000, 200
"""Bytes of a file's name in a zip with its folders, and of each part of it: what every system can write."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_SIGNER = re.compile(r"[A-Za-z0-9._@-]{1,100} (?:ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/=]{40,1000}")
_HASH = re.compile(r"[0-9a-f]{64}")
_WHOLE = ".whole"
_OF_THE_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO})
"""What is wrong with the machine and not with a zip: tried again each time."""


@dataclass(frozen=True)
class LibraryRepository:
    """A git repository from which a library is taken. signers: lines like those of allowed_signers."""

    name: str
    remote: str
    branch: str
    signers: tuple[str, ...]


@dataclass(frozen=True)
class Library:
    """A library that lies under a district's content. `shown`: how sentences call it."""

    folder: Path
    shown: str


def usable(content: Path) -> tuple[Library, ...]:
    """Return the libraries that can be used, in their order."""
    return tuple(one for one in _named(content) if isinstance(one, Library))


def plain_folders(content: Path) -> tuple[tuple[str, str], ...] | None:
    """Return the path of each library as portal.yml names it, and where that leads; None where one is no plain folder.

    While portal.yml is the same and each path leads there, these are the libraries.
    """
    found, rows = _named(content), _LAST.get(content, [])
    plain = all(isinstance(row, str) for row in rows) and all(isinstance(one, Library) for one in found)
    if not plain or len(rows) != len(found):
        return None
    return tuple(
        (os.path.join(content, row), str(one.folder))  # noqa: PTH118 - as it is written, "..", links and all
        for row, one in zip(rows, found, strict=True)
        if isinstance(one, Library)
    )


def zips(content: Path) -> frozenset[str]:
    """Return the names of the zips in the district's folder that portal.yml names."""
    _named(content)
    rows = (row for row in _LAST.get(content, []) if isinstance(row, Mapping))
    return frozenset(str(row.get("zip", "")) for row in rows)


def problems(content: Path) -> Iterator[Problem]:
    """Yield what is wrong with the libraries that portal.yml names."""
    yield from (one for one in _named(content) if isinstance(one, Problem))
    for one in usable(content):
        yield from _harmful(one)
        if (one.folder / SETTINGS).exists():
            what = _("a library has a portal.yml, and only a district's own counts.")
            yield Problem(f"{one.shown}/{SETTINGS}", what, _("Take it out of the library."))


def copy_settings(content: Path, place: Path) -> None:
    """Write portal.yml into another folder, where tables are tried, so that it names the same libraries from there.

    They have the same names there, by links beside that folder.
    """
    settings = _parsed((content / SETTINGS).read_text(encoding="utf-8-sig"))
    named = {"library": [_link(one, place) for one in usable(content)]} if settings.get("library") else {}
    (place / SETTINGS).write_text(json.dumps({**settings, **named}, default=str), encoding="utf-8")


def _link(library: Library, place: Path) -> str:
    """Return how a folder elsewhere names a library; by its own path where a system lets nobody make links."""
    link = place.parent / library.shown
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(library.folder, target_is_directory=True)
    except OSError:
        return str(library.folder)
    return f"../{library.shown}"


def _harmful(library: Library) -> Iterator[Problem]:
    """Yield links in a library, which could lead anywhere on this machine, and what is too large to be read."""
    entries = sorted(_entries(str(library.folder), ""), key=lambda one: one[0].split("/"))
    if len(entries) > MOST_FILES:
        what = _("holds %(count)s files.", count=f"{len(entries):,}")
        yield Problem(library.shown, what, _("A library may have %(most)s.", most=f"{MOST_FILES:,}"))
    for name, entry in entries:
        where = f"{library.shown}/{name}"
        if entry.is_symlink():
            what = _("is a link, which a library may not have.")
            yield Problem(where, what, _("Put the file itself there, or remove it."))
        elif entry.is_file() and entry.stat().st_size > LARGEST_FILE:
            todo = _("A file of a library may have %(most)s MB.", most=LARGEST_FILE // 1_000_000)
            yield Problem(where, _("is too large."), todo)


def _entries(folder: str, name: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what lies in a folder and below, folders too, by its path from there; no link is followed."""
    with suppress(OSError), os.scandir(folder) as found:
        for entry in (entry for entry in found if not is_left_name(entry.name)):
            yield f"{name}{entry.name}", entry
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(entry.path, f"{name}{entry.name}/")


def _named(content: Path) -> tuple[Library | Problem, ...]:
    """Return each library that portal.yml names, or what is wrong with it; asked anew only when that file changes."""
    try:
        state = (content / SETTINGS).stat()
    except OSError:
        return ()
    as_it_is = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
    found = _read(content, as_it_is)
    if any(isinstance(one, Problem) or not one.folder.is_dir() for one in found):
        _read.cache_clear()  # a folder that is put there later is found, though portal.yml is the same
        found = _read(content, as_it_is)
    return found


_LAST: dict[Path, list[Any]] = {}
"""What `library:` said when it could last be read: while a broken file is mended nothing is taken for withdrawn."""


@lru_cache(maxsize=64)
def _read(content: Path, _state: tuple[int, ...]) -> tuple[Library | Problem, ...]:
    try:
        settings = _parsed((content / SETTINGS).read_text(encoding="utf-8-sig"))
        listed = settings.get("library") or [] if isinstance(settings, dict) else []
        _LAST[content] = listed if isinstance(listed, list) else [listed]
    except (OSError, YAMLError, UnicodeDecodeError):
        pass
    return tuple(_one(content, row) for row in _LAST.get(content, []))


@lru_cache(maxsize=8)
def _parsed(text: str) -> Any:
    """Return what a portal.yml says: parsed once, also where tables are tried in a copy. Nobody changes it."""
    return read_yaml(text)


def _one(content: Path, row: Any) -> Library | Problem:
    try:
        if isinstance(row, str):
            return _folder(content, row)
        if isinstance(row, Mapping) and set(row) == {"zip", "sha256"}:
            return _zip(content, str(row["zip"]), str(row["sha256"]).lower())
        if isinstance(row, Mapping) and "remote" in row:
            return _fetched(content, row)
    except Problem as problem:
        return problem
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop what looks for withdrawn consents
        why = getattr(error, "strerror", None) or error
        return Problem(WHERE, f"{str(row)[:60]!r} cannot be read ({why}).", "Look at the folder and its name.")
    todo = "Write a folder, like ../library/india, or {zip: india.zip, sha256: ...}."
    return Problem(WHERE, f'"{str(row)[:60]}" names no library.', todo)


def repositories(content: Path) -> tuple[LibraryRepository, ...]:
    """Return the git repositories that portal.yml names. Raises Problem for one that cannot be used."""
    _named(content)
    rows = _LAST.get(content, [])
    return tuple(_repository(row) for row in rows if isinstance(row, Mapping) and "remote" in row)


def _repository(row: Mapping[Any, Any]) -> LibraryRepository:
    """Return a library that is fetched, from its row. Raises Problem where its name or its signers are wrong."""
    from sitegen.content.settings_schema import remote_of  # noqa: PLC0415 - slow to load, and few districts need it

    name, signers = row.get("name"), row.get("signers")
    remote, branch = remote_of({"publish": {key: row[key] for key in ("remote", "branch") if key in row}}, WHERE) or (
        "",
        "",
    )
    if not (isinstance(name, str) and _NAME.fullmatch(name)) or set(row) - {"name", "remote", "branch", "signers"}:
        todo = "Write {name: india, remote: https://git.example/india.git, signers: [...]}."
        raise Problem(WHERE, "a library that is fetched needs a name of small letters and hyphens.", todo)
    lines = signers if isinstance(signers, list) else []
    if not lines or not all(isinstance(line, str) and _SIGNER.fullmatch(line) for line in lines):
        todo = 'Write for each who may change it: "ravi ssh-ed25519 AAAA...".'
        raise Problem(f"{WHERE}, {name}", "does not say whose signature counts.", todo)
    return LibraryRepository(name, remote, branch, tuple(lines))


def _fetched(content: Path, row: Mapping[Any, Any]) -> Library:
    """Return a library that `update` brings. Raises Problem where it was not fetched yet."""
    name = _repository(row).name
    folder = content.parent / FETCHED / name
    if not folder.is_dir():
        raise Problem(f"{WHERE}, {name}", "was not fetched yet.", "Run: python3 build.py update --libraries")
    return Library(folder, f"library {name}")


def _folder(content: Path, text: str) -> Library:
    """Return a library that is a folder. Raises Problem where it is not there, or lies around or in the district."""
    folder = (content / text).resolve()
    own = content.resolve()
    if not folder.is_dir():
        raise Problem(WHERE, f"there is no folder {text}.", "Write it as seen from content/, like ../library/india.")
    if folder == own or folder in own.parents or own in folder.parents:
        raise Problem(WHERE, f"{text} is the district's own folder, or lies around or in it.", "Take another folder.")
    return Library(folder, re.sub(r"^(\.{0,2}/)+", "", text) or text)


def _zip(content: Path, name: str, wanted: str) -> Library:
    """Return a library that is a zip. Raises Problem where it is not there, has another hash, or cannot be unpacked."""
    path = content / name
    where = f"{WHERE}, {name}"
    if not path.is_file():
        raise Problem(where, "there is no such file.", "Put the zip there, or take the library out.")
    if not _HASH.fullmatch(wanted):
        raise Problem(where, "sha256 is no SHA-256.", "Write the 64 signs that whoever made the zip tells you.")
    state = path.stat()
    place = content.parent / UNPACKED / wanted
    if wrong := _opened(path, state.st_mtime_ns, state.st_size, place, where):
        raise wrong
    if not (place / _WHOLE).exists():  # somebody has emptied .build
        _opened.cache_clear()
        if wrong := _opened(path, state.st_mtime_ns, state.st_size, place, where):
            raise wrong
    return Library(place, name)


@lru_cache(maxsize=64)
def _opened(path: Path, _changed: int, size: int, place: Path, where: str) -> Problem | None:
    """Unpack a zip into its place; return what is wrong with it. Asked anew only when the file changes.

    place: named by the SHA-256 that the zip must have.
    """
    try:
        _require_named(path, size, place.name, where)
        if not (place / _WHOLE).exists():
            _unpack(path, place, where)
    except Problem as problem:
        return problem
    except Exception as error:  # each way to pack raises its own errors, and Python adds ways
        if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
            raise
        return Problem(where, "cannot be opened as a zip.", "Have it made anew, without a password.")
    return None


def _require_named(path: Path, size: int, wanted: str, where: str) -> None:
    """Raise Problem for a zip that is too large, or has another SHA-256."""
    if size > LARGEST:
        raise Problem(where, "is too large.", f"A library may have {LARGEST // 1_000_000} MB.")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != wanted:
        what = f"is another file than portal.yml says: its SHA-256 is {found}."
        raise Problem(where, what, "Ask whoever made it which is right. Nothing of it was opened.")


def _unpack(path: Path, place: Path, where: str) -> None:
    """Unpack a zip into a folder of its own: all of it, or nothing. Raises Problem, or what a damaged zip raises."""
    with zipfile.ZipFile(path) as packed:
        members = [one for one in packed.infolist() if not one.is_dir()]
        _require_harmless(members, where)
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=place.parent, prefix=".new-") as made:
            fresh = Path(made) / place.name
            for one in members:
                target = fresh / one.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_data_of(packed, one))
            write_durably(fresh / _WHOLE, b"")
            _put_in_place(fresh, place)


def _put_in_place(fresh: Path, place: Path) -> None:
    if place.exists() and not (place / _WHOLE).exists():
        place.rename(fresh.with_name("before"))  # what an older release had left half unpacked
    try:
        fresh.rename(place)
    except OSError:
        if not (place / _WHOLE).exists():  # else another program has unpacked the same just now
            raise


def _data_of(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return the bytes of a file in a zip, no more than it says that there are. Raises BadZipFile."""
    with packed.open(member) as file:
        data = file.read(member.file_size + 1)
    if len(data) != member.file_size:
        raise zipfile.BadZipFile
    return data


def _require_harmless(members: list[zipfile.ZipInfo], where: str) -> None:
    """Raise Problem where a zip would write outside its folder, holds links, or is too much to unpack."""
    if len(members) > MOST_FILES or sum(one.file_size for one in members) > LARGEST:
        raise Problem(where, "holds too much.", f"At most {MOST_FILES:,} files and {LARGEST // 1_000_000} MB.")
    seen: set[str] = set()
    for one in members:
        name = one.filename
        parts = PurePosixPath(name).parts
        shown = f"{name[:60]!r}"
        outside = name.startswith("/") or "\\" in name or ":" in name or ".." in parts or not name.isprintable()
        kind = stat.S_IFMT(one.external_attr >> 16)
        if outside or not parts or name == _WHOLE:
            raise Problem(where, f"the name {shown} leads out of its folder.", "Nothing of it was unpacked.")
        if kind not in {0, stat.S_IFREG}:
            raise Problem(where, f"{shown} is a link or a device, not a file.", "Nothing of it was unpacked.")
        if one.file_size > LARGEST_FILE:
            raise Problem(where, f"{shown} is too large.", f"A file may have {LARGEST_FILE // 1_000_000} MB.")
        if len(name.encode()) > LONGEST_NAME or max(len(part.encode()) for part in parts) > LONGEST_PART:
            raise Problem(where, f"the name {shown}... is too long.", "Have the zip made anew, with shorter names.")
        if name.casefold() in seen:
            raise Problem(where, f"{shown} stands in it twice.", "Have the zip made anew.")
        seen.add(name.casefold())
    folders = {parent.as_posix() for name in seen for parent in PurePosixPath(name).parents}
    if both := sorted(folders & {PurePosixPath(name).as_posix() for name in seen}):
        what = f"{both[0][:60]!r} is a file in it and a folder."
        raise Problem(where, what, "Have the zip made anew. Nothing of it was unpacked.")
