"""The folder of districts: each has a file district.toml with its hosts and its settings that differ from the defaults.

    /etc/portal/districts/riverside/district.toml     hosts = ["riverside.example"]

Its data and its releases are beside that file unless it names other folders: data/, published/current/portal.json.
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

    content: the folder from which its site is built, if that is done on this machine. office: the host name of its
    staff's office, if that is on this machine.
    """

    name: str
    hosts: tuple[str, ...]
    settings: ServerSettings
    content: Path | None = None
    office: str = ""


def require_name(name: str) -> str:
    """Return the name of a district, or raise Problem: it is the name of a folder, and appears in logs."""
    if not _NAME.fullmatch(name):
        todo = "Write small letters a to z, digits and hyphens, 40 at most, like: riverside"
        raise Problem("The district's name", "cannot be used.", todo)
    return name


def host_of(text: str) -> str:
    """Return the name in a Host header, in lower case, without port and trailing dot; empty if malformed."""
    host = text.strip().lower().rsplit(":", 1)[0] if re.search(r":[0-9]{1,5}$", text.strip()) else text.strip().lower()
    host = host.removesuffix(".")
    return host if len(host) <= 253 and _HOST.fullmatch(host) else ""  # noqa: PLR2004 - RFC 1035


def read(folder: Path, name: str) -> District:
    """Return a district by its name. Raises Problem if it does not exist or its file is unusable."""
    return _district(folder / require_name(name) / FILE, _read_toml(folder / name / FILE))


def preview(folder: Path, name: str, hosts: Iterable[str], options: Mapping[str, Any]) -> District:
    """Return the district that `write` would make with these hosts and settings. Writes nothing. Raises Problem."""
    path = folder / require_name(name) / FILE
    return _district(path, _parse_toml(path, _file_text(hosts, options)))


def _district(path: Path, options: dict[str, Any]) -> District:
    """Return a district with the settings of its file. Raises Problem for unusable hosts, office or settings."""
    name, hosts = path.parent.name, options.pop("hosts", None)
    if not isinstance(hosts, list) or not hosts or not all(isinstance(host, str) and host_of(host) for host in hosts):
        raise Problem(str(path), "names no host.", 'Write a line like hosts = ["riverside.example"]')
    unknown = sorted(set(options) - SETTABLE)
    if unknown:
        todo = f"There are: {', '.join(sorted(SETTABLE))}."
        raise Problem(str(path), f"sets {unknown[0]}, which is not known.", todo)
    complete = _with_defaults(path.parent, options)
    content, office = complete.pop("content", None), complete.pop("office", "")
    if office and (host_of(office) != office or "." not in office):
        raise Problem(str(path), "sets office to what is no name.", 'Write it like office = "office.riverside.example"')
    try:
        return District(name, tuple(map(host_of, hosts)), config.read({"name": name, **complete}), content, office)
    except (OSError, RuntimeError, ValueError):  # a link to itself, or a name that is too long or malformed
        raise _impossible_folder(name) from None


def _read_toml(path: Path) -> dict[str, Any]:
    """Return the contents of a district's file. Raises Problem if it is missing, unreadable or not TOML."""
    try:
        return _parse_toml(path, path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Problem(str(path), "is not there.", "See which districts there are: portal district list") from None
    except OSError as error:
        raise Problem(str(path), f"cannot be read ({error.strerror}).", "Let the service's user read it.") from None
    except UnicodeDecodeError:
        raise _not_toml(path) from None


def _parse_toml(path: Path, text: str) -> dict[str, Any]:
    """Return the values of a TOML text. Raises Problem if it is not TOML."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise _not_toml(path) from None


def _not_toml(path: Path) -> Problem:
    todo = 'Each line is like hosts = ["riverside.example"] or budget = 4294967296'
    return Problem(str(path), "cannot be read: it is not TOML.", todo)


def _with_defaults(folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings with defaults, and with paths resolved in the district's folder.

    Raises Problem for a value of the wrong type.
    """
    for key, value in options.items():
        is_number = isinstance(value, int) and not isinstance(value, bool) and value > 0
        if not (is_number if key in NUMBERS else isinstance(value, str) and value.isprintable()):
            raise Problem(
                str(folder / FILE), f"sets {key} to something else than it takes.", "Look at docs/operators.md."
            )
    complete = {"portal": PORTAL, "data": DATA, **options}
    return {key: folder / value if key in _PATHS else value for key, value in complete.items()}


def names(folder: Path) -> list[str]:
    """Return the names of the districts in a folder, also of those that cannot be read: they do not count as removed.

    Raises Problem if the folder cannot be read.
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
    except OSError:  # another user's: `read` reports it
        return True


def require_apart(district: District, others: Iterable[District]) -> None:
    """Raise Problem if a district shares a host, a folder or a database with another, or a host with its own office."""
    if district.office in district.hosts:
        todo = "Give the office a name of its own, like office.riverside.example."
        raise Problem(f"district {district.name}", f"has its office under its site's name, {district.office}.", todo)
    for other in others:
        if other.name == district.name:
            continue
        shared = _host_names(district) & _host_names(other)
        if shared:
            raise Problem(f"district {district.name}", f"has the host {min(shared)} of {other.name}.", "Name another.")
        data, other_data = _data_folder(district), _data_folder(other)
        is_nested = data.is_relative_to(other_data) or other_data.is_relative_to(data)
        if is_nested or _exclusive_places(district) & _exclusive_places(other):
            todo = "Give each district a folder, a portal.json, a salt and databases of its own, none within another's."
            raise Problem(
                f"district {district.name}", f"shares a folder, portal.json, salt or database with {other.name}.", todo
            )


def _host_names(district: District) -> set[str]:
    return {*district.hosts, *([district.office] if district.office else [])}


def _data_folder(district: District) -> Path:
    return _resolve(district, district.settings.data)


def _exclusive_places(district: District) -> set[tuple[str, ...]]:
    """Return what no other district may share: the databases, the salt and portal.json."""
    options = district.settings
    salt = {("salt", str(_resolve(district, options.salt_file)))} if options.salt_file else set()
    portal = ("portal", os.path.abspath(options.portal))  # noqa: PTH100 - by name: a link leads to the current release
    return {portal, database_of(options.concerns_url), database_of(options.signups_url), *salt}


def _resolve(district: District, path: Path) -> Path:
    """Return a path of a district without its links. Raises Problem if it cannot be resolved."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a link to itself, or a name that is too long or malformed
        raise _impossible_folder(district.name) from None


def _impossible_folder(name: str) -> Problem:
    todo = "Look at the folders of its district.toml."
    return Problem(f"district {name}", "names a folder that no system can have.", todo)


@contextmanager
def changing(folder: Path) -> Iterator[None]:
    """Lock a folder of districts against other changes, after waiting for the lock. Raises OSError."""
    with locked(folder / _LOCK, wait=True) if folder.is_dir() else nullcontext():
        yield


def write(folder: Path, name: str, hosts: Iterable[str], options: Mapping[str, Any]) -> Path:
    """Write the file of a district atomically; return its path. Raises Problem, OSError.

    A new file can be read by the service, which is another user; an existing one keeps its owner and mode.
    """
    path = folder / require_name(name) / FILE
    make_open_folder(path.parent)
    remove_left_by_killed(path)
    existing = path.stat() if path.exists() else None
    try:
        with atomic_replacement(path) as temporary:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
            # By descriptor: the folder may be another user's, who could replace the file with a link.
            with os.fdopen(descriptor, "wb") as file:
                file.write(_file_text(hosts, options).encode())
                if existing and os.geteuid() == 0:
                    os.fchown(descriptor, existing.st_uid, existing.st_gid)
                os.fchmod(descriptor, existing.st_mode & 0o777 if existing else 0o644)
    except OSError:
        with suppress(OSError):  # not empty if it has releases
            path.parent.rmdir()
        raise
    return path


def _file_text(hosts: Iterable[str], options: Mapping[str, Any]) -> str:
    lines = [f"hosts = {json.dumps(list(hosts))}", *(f"{key} = {_toml_value(value)}" for key, value in options.items())]
    return "".join(f"{line}\n" for line in lines)


def _toml_value(value: Any) -> str:
    """Return a value in TOML, which does not allow the surrogate pairs that JSON writes for some characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def read_options(folder: Path, name: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the hosts of a district, and the settings that its file has. Raises Problem."""
    hosts = read(folder, name).hosts
    return hosts, {key: value for key, value in _read_toml(folder / name / FILE).items() if key != "hosts"}


def version(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """Return a value that changes when a district is added, changed or removed."""
    versions = []
    for name in names(folder):
        try:
            status = (folder / name / FILE).stat()
            versions.append((name, status.st_mtime_ns, status.st_size, status.st_ino))
        except OSError:  # another user's, or a broken disk: `read` reports it; the other districts continue
            versions.append((name, 0, 0, 0))
    return tuple(versions)
