"""Settings of the endpoint, read once from a mapping handed in; complaints are sentences."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from forms.core.problem import Problem
from forms.core.receipts import Cost
from forms.server.services.flood_control import CALM

SALT_BYTES = 32
BUDGET = 4 * 1024**3
"""Bytes: about 230,000 letters without photos."""

KNOWN = frozenset({"portal", "public", "data", "concerns_url", "signups_url", "today", "cost", "budget", "calm"})


@dataclass(frozen=True)
class Settings:
    """Where things are.

    portal: the press's handover file; public: the built site, or None where another server shows it;
    data: the folder that the endpoint owns; *_url: SQLAlchemy addresses of the two stores, never one;
    today: the day, for tests; cost: what a guess at a receipt costs; budget: bytes that concerns may take on the disk;
    calm: letters that may come in ten minutes before those without work go to the second tray.
    """

    portal: Path
    data: Path
    public: Path | None = None
    concerns_url: str = ""
    signups_url: str = ""
    today: Callable[[], date] = date.today
    cost: Cost = field(default_factory=Cost)
    budget: int = BUDGET
    calm: int = CALM


def read(mapping: Mapping[str, Any]) -> Settings:
    """Settings from a mapping. Raises Problem for a missing, unknown or impossible setting."""
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
    if urls["concerns_url"] == urls["signups_url"]:
        raise Problem("setting signups_url", "names the same database as concerns_url.", "Give each its own.")
    public = Path(mapping["public"]) if mapping.get("public") else None
    return Settings(
        portal=Path(mapping["portal"]),
        data=data,
        public=public,
        today=mapping.get("today", date.today),
        cost=mapping.get("cost", Cost()),
        budget=mapping.get("budget", BUDGET),
        calm=mapping.get("calm", CALM),
        **urls,
    )


def salt(data: Path) -> bytes:
    """This installation's salt for receipts: 32 random bytes, made once and never shown.

    Raises Problem where the folder cannot be written or the file was cut short.
    """
    path = data / "salt"
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make_salt(path)
        found = path.read_bytes()
    except OSError as error:
        raise Problem(str(data), f"cannot be written ({error.strerror}).", "Give a folder that can.") from None
    if len(found) != SALT_BYTES:
        raise Problem(str(path), "is damaged.", "Take it back from a backup: without it no receipt opens its answer.")
    return found


def _make_salt(path: Path) -> None:
    fresh = path.with_name(f"salt.{secrets.token_hex(4)}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(SALT_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(fresh)  # fails where another process was first: then theirs is the salt
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Settings from variables like PORTAL_DATA, for servers that call no function of ours.

    PORTAL_BIND and PORTAL_WORKERS belong to deploy/gunicorn.conf.py. Raises Problem for an unknown or impossible one.
    """
    found: dict[str, Any] = {
        name.removeprefix(_PREFIX).lower(): text
        for name, text in environment.items()
        if name.startswith(_PREFIX) and name not in _NOT_OURS and text
    }
    odd = sorted(set(found) - _FROM_ENVIRONMENT)
    if odd:
        known = ", ".join(_PREFIX + name.upper() for name in sorted(_FROM_ENVIRONMENT))
        raise Problem(f"variable {_PREFIX}{odd[0].upper()}", "is not known.", f"There are: {known}.")
    for name, like in (("budget", BUDGET), ("calm", CALM)):
        text = found.get(name, str(like))
        if not (text.isascii() and text.isdigit() and int(text)):
            raise Problem(f"variable {_PREFIX}{name.upper()}", "is no number.", f"Write digits only, like {like}.")
        found |= {name: int(text)} if name in found else {}
    return found


_PREFIX = "PORTAL_"
_NOT_OURS = frozenset({"PORTAL_BIND", "PORTAL_WORKERS", "PORTAL_INSIDE_VENV", "PORTAL_CHROMIUM"})
_FROM_ENVIRONMENT = KNOWN - {"today", "cost"}
