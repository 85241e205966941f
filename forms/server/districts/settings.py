"""The folder of districts: each has a file district.toml with its hosts and its settings that differ from the defaults.

    /etc/portal/districts/riverside/district.toml     hosts = ["riverside.example"]

Its data and its releases lie beside that file unless it says where: data/, published/current/portal.json.
"""

import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forms.core.files.durable import atomic_replacement, make_open_folder, remove_left_by_killed
from forms.core.files.locks import locked
from forms.core.problem import Problem
from forms.server import config
from forms.server.config import ServerSettings
from forms.server.store.connections.addresses import database_of

FILE = "district.toml"
_LOCK = ".changing"
DATA, PORTAL = "data", "published/current/portal.json"
SETTABLE = frozenset(
    {
        "content",
        "portal",
        "data",
        "public",
        "concerns_url",
        "signups_url",
        "salt_file",
        "budget",
        "flood_threshold",
        "office",
    }
)
_PATHS = frozenset({"content", "portal", "data", "public", "salt_file"})
NUMBERS = frozenset({"budget", "flood_threshold"})
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True)
class District:
    """A district: its name, its host names, its settings.

    content: the folder from which its site is built, where that is done on this machine; office: the name of the office
    of its staff, where that is here.
    """

    name: str
    hosts: tuple[str, ...]
    settings: ServerSettings
    content: Path | None = None
    office: str = ""


def require_name(name: str) -> str:
    """Return the name of a district, or raise Problem: it becomes a folder name, and appears in logs."""
    if not _NAME.fullmatch(name):
        todo = "Write small letters a to z, digits and hyphens, 40 at most, like: riverside"
        raise Problem("The district's name", "cannot be used.", todo)
    return name


def host_of(text: str) -> str:
    """Return the name in a Host header, normalised: lower case, without port and trailing dot; empty if malformed."""
    host = text.strip().lower().rsplit(":", 1)[0] if re.search(r":[0-9]{1,5}$", text.strip()) else text.strip().lower()
    host = host.removesuffix(".")
    return host if len(host) <= 253 and _HOST.fullmatch(host) else ""  # noqa: PLR2004 - RFC 1035


def read(folder: Path, name: str) -> District:
    """Return a district by its name. Raises Problem if it does not exist or its file is unusable."""
    return _district(folder / require_name(name) / FILE, _parsed(folder / name / FILE))


def as_written(folder: Path, name: str, hosts: Iterable[str], given: Mapping[str, Any]) -> District:
    """Return the district that a file with these hosts and settings would name. Raises Problem; writes nothing."""
    path = folder / require_name(name) / FILE
    return _district(path, _toml_of(path, _text(hosts, given)))


def _district(path: Path, found: dict[str, Any]) -> District:
    """Return a district from its settings. Raises Problem where hosts, office or a setting is not as it must be."""
    name, hosts = path.parent.name, found.pop("hosts", None)
    if not isinstance(hosts, list) or not hosts or not all(isinstance(one, str) and host_of(one) for one in hosts):
        raise Problem(str(path), "names no host.", 'Write a line like hosts = ["riverside.example"]')
    odd = sorted(set(found) - SETTABLE)
    if odd:
        raise Problem(str(path), f"sets {odd[0]}, which is not known.", f"There are: {', '.join(sorted(SETTABLE))}.")
    whole = _whole(path.parent, found)
    content, office = whole.pop("content", None), whole.pop("office", "")
    if office and (host_of(office) != office or "." not in office):
        raise Problem(str(path), "sets office to what is no name.", 'Write it like office = "office.riverside.example"')
    try:
        return District(name, tuple(map(host_of, hosts)), config.read({"name": name, **whole}), content, office)
    except (OSError, RuntimeError, ValueError):  # a link that leads to itself, a name that is too long or none
        raise _no_folder(name) from None


def _parsed(path: Path) -> dict[str, Any]:
    """Return what a district's file says. Raises Problem where it is away, unreadable or not TOML."""
    try:
        return _toml_of(path, path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Problem(str(path), "is not there.", "See which districts there are: portal district list") from None
    except OSError as error:
        raise Problem(str(path), f"cannot be read ({error.strerror}).", "Let the service's user read it.") from None
    except UnicodeDecodeError:
        raise _no_toml(path) from None


def _toml_of(path: Path, text: str) -> dict[str, Any]:
    """Return the values of a TOML text. Raises Problem where it is none."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise _no_toml(path) from None


def _no_toml(path: Path) -> Problem:
    todo = 'Each line is like hosts = ["riverside.example"] or budget = 4294967296'
    return Problem(str(path), "cannot be read: it is not TOML.", todo)


def _whole(folder: Path, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with defaults filled in, and paths relative to the district's folder. Raises Problem."""
    for key, value in found.items():
        is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
        if not (is_number if key in NUMBERS else isinstance(value, str) and value.isprintable()):
            raise Problem(
                str(folder / FILE), f"sets {key} to something else than it takes.", "Look at docs/operators.md."
            )
    given = {"portal": PORTAL, "data": DATA, **found}
    return {key: folder / value if key in _PATHS else value for key, value in given.items()}


def names(folder: Path) -> list[str]:
    """Return the names of the districts in a folder, also of those that cannot be read: they are not taken for removed.

    Raises Problem where the folder cannot be read.
    """
    try:
        return sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name) and _may_be_district(path))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Problem(str(folder), f"cannot be read ({error.strerror}).", "Let the service's user read it.") from None


def _may_be_district(path: Path) -> bool:
    try:
        return (path / FILE).exists()
    except OSError:  # another user's: `read` says so
        return True


def require_apart(district: District, others: Iterable[District]) -> None:
    """Raise Problem where a district shares a host, a data folder or a database with another, or its office's name."""
    if district.office in district.hosts:
        todo = "Give the office a name of its own, like office.riverside.example."
        raise Problem(f"district {district.name}", f"has its office under its site's name, {district.office}.", todo)
    for other in others:
        if other.name == district.name:
            continue
        shared = _names(district) & _names(other)
        if shared:
            raise Problem(f"district {district.name}", f"has the host {min(shared)} of {other.name}.", "Name another.")
        own, others_own = _data(district), _data(other)
        nested = own.is_relative_to(others_own) or others_own.is_relative_to(own)
        if nested or _places(district) & _places(other):
            todo = "Give each district a folder, a portal.json, a salt and databases of its own, none within another's."
            raise Problem(
                f"district {district.name}", f"shares a folder, portal.json, salt or database with {other.name}.", todo
            )


def _names(district: District) -> set[str]:
    return {*district.hosts, *([district.office] if district.office else [])}


def _data(district: District) -> Path:
    return _resolved(district, district.settings.data)


def _places(district: District) -> set[tuple[str, ...]]:
    """Return what no other district may share: databases, salt and portal.json, whose folder changes with a release."""
    found = district.settings
    salt = {("salt", str(_resolved(district, found.salt_file)))} if found.salt_file else set()
    portal = ("portal", os.path.abspath(found.portal))  # noqa: PTH100 - by its name, and not by where a release leads
    return {portal, database_of(found.concerns_url), database_of(found.signups_url), *salt}


def _resolved(district: District, path: Path) -> Path:
    """Return a path of a district without its links. Raises Problem where it cannot be followed."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # likewise
        raise _no_folder(district.name) from None


def _no_folder(name: str) -> Problem:
    todo = "Look at the folders of its district.toml."
    return Problem(f"district {name}", "names a folder that no system can have.", todo)


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Wait until nobody else changes the districts of a folder, and keep others waiting meanwhile. Raises OSError."""
    with locked(folder / _LOCK, wait=True) if folder.is_dir() else nullcontext():
        yield


def write(folder: Path, name: str, hosts: Iterable[str], given: Mapping[str, Any]) -> Path:
    """Write the file of a district, whole or not at all; return its path. Raises Problem, OSError.

    The service, which is another user, can read a new one; one that was there stays as private as it was.
    """
    path = folder / require_name(name) / FILE
    make_open_folder(path.parent)
    remove_left_by_killed(path)
    before = path.stat() if path.exists() else None
    try:
        with atomic_replacement(path) as fresh:
            made = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
            # By its handle: the folder may be another user's, who lays a link there.
            with os.fdopen(made, "wb") as file:
                file.write(_text(hosts, given).encode())
                if before and os.geteuid() == 0:
                    os.fchown(made, before.st_uid, before.st_gid)
                os.fchmod(made, before.st_mode & 0o777 if before else 0o644)
    except OSError:
        with suppress(OSError):  # its releases may lie there already
            path.parent.rmdir()
        raise
    return path


def _text(hosts: Iterable[str], given: Mapping[str, Any]) -> str:
    lines = [f"hosts = {json.dumps(list(hosts))}", *(f"{key} = {_toml(value)}" for key, value in given.items())]
    return "".join(f"{line}\n" for line in lines)


def _toml(value: Any) -> str:
    """Return a value as TOML has it, which knows no halves of a character as JSON writes them."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def given(folder: Path, name: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the hosts and settings as they stand in the file of a district. Raises Problem."""
    hosts = read(folder, name).hosts
    return hosts, {key: value for key, value in _parsed(folder / name / FILE).items() if key != "hosts"}


def version(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Return what changes when a district is added, changed or removed."""
    found = []
    for name in names(folder):
        try:
            state = (folder / name / FILE).stat()
            found.append((name, state.st_mtime_ns, state.st_size, state.st_ino))
        except OSError:  # another user's, or a broken disk: `read` says so; the others go on
            found.append((name, 0, 0, 0))
    return tuple(found)
