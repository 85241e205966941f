"""Settings of the endpoint, read once from a mapping. Errors are sentences."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from forms.core.crypto.receipts import Cost
from forms.core.files.durable import sync_folder, write_safely
from forms.core.problem import Problem
from forms.server.services.flood.flood_control import FLOOD_THRESHOLD
from forms.server.store.connections.addresses import database_of
from forms.server.store.connections.limits import CONNECTIONS, WORKERS, ConnectionLimit

SALT_BYTES = 32
BUDGET = 4 * 1024**3
"""Bytes: about 230,000 letters without photos."""

KNOWN = frozenset({
    "portal", "public", "data", "concerns_url", "signups_url", "salt", "salt_file", "today", "cost", "budget",
    "flood_threshold", "name", "connections", "marks",
})  # fmt: skip

FORMER_NAMES = {"calm": "flood_threshold"}
"""Names of earlier versions, which installed machines still have in their settings."""


@dataclass(frozen=True)
class ServerSettings:
    """The settings of one endpoint: where its files and databases are.

    portal: the file that a build hands over. public: the built site, or None if another server serves it. data: the
    folder that the endpoint owns. *_url: SQLAlchemy addresses of the two stores, which must be two databases. salt,
    salt_file: the salt of receipts as hexadecimal digits or in a file, if machines share one; else it is in `data`.
    today: returns the day, for tests; None: the day in the district's time zone (portal.yml, timezone). cost: what a
    guess at a receipt costs. budget: bytes of disk for each store. name: the district's, if one service has several; it
    is logged before each message. flood_threshold: letters that may come in ten minutes before those without proof of
    work go to the second queue. marks: a folder on another disk than `data`, with a note of the salt of each data
    folder, or None. connections: how many connections to PostgreSQL this process may have at once; several districts
    share one limit.
    """

    portal: Path
    data: Path
    public: Path | None = None
    concerns_url: str = ""
    signups_url: str = ""
    salt: str = ""
    salt_file: Path | None = None
    today: Callable[[], date] | None = None
    cost: Cost = field(default_factory=Cost)
    budget: int = BUDGET
    name: str = ""
    flood_threshold: int = FLOOD_THRESHOLD
    marks: Path | None = None
    connections: ConnectionLimit = field(default_factory=ConnectionLimit, compare=False)


def read(mapping: Mapping[str, Any]) -> ServerSettings:
    """Return the settings of a mapping. Raises Problem for a missing, unknown or impossible setting."""
    mapping = {FORMER_NAMES.get(name, name): value for name, value in mapping.items()}
    unknown = sorted(set(mapping) - KNOWN)
    if unknown:
        raise Problem(f"setting {unknown[0]}", "is not known.", f"There are: {', '.join(sorted(KNOWN))}.")
    for name in ("portal", "data"):
        if not mapping.get(name):
            raise Problem(f"setting {name}", "is missing.", "Give the path of a file or folder.")
    data = Path(mapping["data"])
    urls = {
        name: mapping.get(name) or f"sqlite:///{data / file}"
        for name, file in (("concerns_url", "concerns.db"), ("signups_url", "signups.db"))
    }
    if database_of(urls["concerns_url"]) == database_of(urls["signups_url"]):
        raise Problem("setting signups_url", "names the same database as concerns_url.", "Give each its own.")
    public = Path(mapping["public"]) if mapping.get("public") else None
    return ServerSettings(
        portal=Path(mapping["portal"]),
        data=data,
        public=public,
        salt=mapping.get("salt") or "",
        salt_file=Path(mapping["salt_file"]) if mapping.get("salt_file") else None,
        today=mapping.get("today"),
        name=mapping.get("name") or "",
        cost=mapping.get("cost", Cost()),
        budget=mapping.get("budget", BUDGET),
        flood_threshold=mapping.get("flood_threshold", FLOOD_THRESHOLD),
        marks=Path(mapping["marks"]) if mapping.get("marks") else None,
        connections=_limit(mapping.get("connections")),
        **urls,
    )


def sqlite_file(url: str) -> Path | None:
    """Return the file of an SQLite database's address; None for another engine."""
    name = url.removeprefix("sqlite:///")
    return Path(name.partition("?")[0]) if name != url else None


def _limit(value: ConnectionLimit | int | None) -> ConnectionLimit:
    return value if isinstance(value, ConnectionLimit) else ConnectionLimit(value) if value else ConnectionLimit()


def connections_of_a_process(environment: Mapping[str, str]) -> int:
    """Return how many connections each process of a service may have: its share of PORTAL_CONNECTIONS.

    Raises Problem if that is less than the two that a process needs.
    """
    text = environment.get(f"{_PREFIX}CONNECTIONS") or str(CONNECTIONS)
    workers = environment.get(f"{_PREFIX}WORKERS") or str(WORKERS)
    minimum = 2 * int(workers) if workers.isascii() and workers.isdigit() else 2
    if not (text.isascii() and text.isdigit() and int(text) >= minimum):
        todo = f"Write a number from {minimum} on (two for each of PORTAL_WORKERS), like {CONNECTIONS}."
        raise Problem("variable PORTAL_CONNECTIONS", "is no number of connections, or too small.", todo)
    return 2 * int(text) // minimum


def salt(settings: ServerSettings) -> bytes | None:
    """Return the salt for receipts (32 random bytes) of these settings; None if the data folder has none yet.

    Raises Problem if it cannot be read, has another length, or is not where a setting says.
    """
    if settings.salt:
        return _salt_from_digits(settings.salt)
    path = settings.salt_file or settings.data / "salt"
    try:
        salt = path.read_bytes()
    except FileNotFoundError:
        if settings.salt_file is None:
            return None
        raise Problem(str(path), "is not there.", "Copy the file `salt` of the first machine's data folder.") from None
    except OSError as error:
        todo = "Let this program read it, or take it back from a backup."
        raise Problem(str(path), f"cannot be read ({error.strerror}).", todo) from None
    if len(salt) != SALT_BYTES:
        raise Problem(str(path), "is damaged.", "Take it back from a backup: without it no receipt opens its answer.")
    return salt


def _salt_from_digits(text: str) -> bytes:
    """Return the salt from its hexadecimal digits. Raises Problem if they are malformed."""
    try:
        salt = bytes.fromhex(text)
    except ValueError:
        salt = b""
    if len(salt) != SALT_BYTES:
        raise Problem("setting salt", "is no salt.", "Write the 64 hexadecimal digits of the first machine's salt.")
    return salt


def salt_mark(salt: bytes) -> str:
    """Return the fingerprint by which a database recognises its salt. It reveals nothing of the salt."""
    return hashlib.sha256(b"portal salt " + salt).hexdigest()


def make_salt(data: Path) -> bytes:
    """Make this installation's salt, once; if another process was first, return its salt. Raises Problem."""
    path = data / "salt"
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_salt(path)
        return path.read_bytes()
    except OSError as error:
        raise Problem(str(data), f"cannot be written ({error.strerror}).", "Give a folder that can.") from None


def _write_salt(path: Path) -> None:
    """Write a salt durably and completely; if another process was first, its salt stays. Raises OSError."""
    temporary = path.with_name(f"salt.{secrets.token_hex(4)}.made")
    write_safely(temporary, secrets.token_bytes(SALT_BYTES))
    try:
        path.hardlink_to(temporary)
    except FileExistsError:  # another process was first: its salt is the salt
        pass
    finally:
        temporary.unlink()
    sync_folder(path.parent)


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return settings from environment variables like PORTAL_DATA, for WSGI servers.

    PORTAL_BIND and PORTAL_WORKERS belong to deploy/gunicorn.conf.py. Raises Problem for an unknown or impossible one.
    """
    environment = {
        name: _variable_text(name, text)
        for name, text in environment.items()
        if name.startswith(_PREFIX) and (name == MARKS or not name.startswith(_OPERATORS))
    }
    mapping: dict[str, Any] = {
        name.removeprefix(_PREFIX).lower(): text
        for name, text in environment.items()
        if name not in _NOT_OURS and name != MARKS and text
    }
    unknown = sorted(set(mapping) - _FROM_ENVIRONMENT - set(FORMER_NAMES))
    if unknown:
        known = ", ".join(_PREFIX + name.upper() for name in sorted(_FROM_ENVIRONMENT))
        raise Problem(f"variable {_PREFIX}{unknown[0].upper()}", "is not known.", f"There are: {known}.")
    for name, default in (("budget", BUDGET), ("flood_threshold", FLOOD_THRESHOLD), ("calm", FLOOD_THRESHOLD)):
        text = mapping.get(name, str(default))
        if not (text.isascii() and text.isdigit() and int(text)):
            raise Problem(f"variable {_PREFIX}{name.upper()}", "is no number.", f"Write digits only, like {default}.")
        mapping |= {name: int(text)} if name in mapping else {}
    if environment.get(f"{_PREFIX}CONNECTIONS") or environment.get(f"{_PREFIX}WORKERS"):
        mapping["connections"] = connections_of_a_process(environment)
    if environment.get(MARKS):
        mapping["marks"] = environment[MARKS]
    return mapping


def _variable_text(name: str, text: str) -> str:
    """Return the text of a variable without spaces and line ends around it, which files from Windows have.

    Raises Problem if it starts with a quotation mark or a ~: an empty folder with that name would be created.
    """
    stripped = text.strip()
    if stripped[:1] in {'"', "'"} or stripped[:1] == "~" or not stripped.isprintable():
        todo = "Write it without quotation marks, and a folder whole, like /var/lib/portal."
        raise Problem(f"variable {name}", "is written as only a shell would read it.", todo)
    return stripped


_PREFIX = "PORTAL_"
_NOT_OURS = frozenset({"PORTAL_BIND", "PORTAL_WORKERS", "PORTAL_INSIDE_VENV", "PORTAL_CHROMIUM", "PORTAL_DISTRICTS"})
_OPERATORS = ("PORTAL_BACKUP_", "PORTAL_OPERATOR_")
"""Prefixes of the variables of the operator's commands."""
MARKS = "PORTAL_OPERATOR_MARKS"
"""The variable of the folder of marks. With this prefix, older programs ignore it after somebody goes back to one."""

_FROM_ENVIRONMENT = KNOWN - {"today", "cost", "name", "marks"}
