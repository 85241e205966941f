"""What a database's address names: two addresses of one database are equal here, however they are written."""

import re
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

MAX_NAME_BYTES = 63
"""Bytes of a name in PostgreSQL, which cuts off the rest without a warning (NAMEDATALEN)."""

_SEARCH_PATH = re.compile(r"(?:-c\s*|--)search[_-]path=((?:\\.|\S)*)")


def database_of(url: str) -> tuple[str, ...]:
    """Return what identifies a database, however its address is written; an unreadable address itself."""
    try:
        address = sa.make_url(url)
    except ArgumentError:  # the store reports what is wrong with it
        return (url,)
    kind, name = address.get_backend_name(), address.database or ""
    if kind == "sqlite":
        return kind, str(Path(name.removeprefix("file:").partition("?")[0]).resolve())
    hosts = [host for text in _values(address.host or address.query.get("host", "")) for host in text.split(",")]
    remote = sorted({host for host in hosts if not _is_local(host)})
    ports = ",".join(_values(str(address.port) if address.port else address.query.get("port", "")))
    schema = _schema_of(" ".join(_values(address.query.get("options", ""))))  # districts may share one database
    return kind, ",".join(remote), ports, name, schema


def _schema_of(options: str) -> str:
    """Return the schema that options like `-csearch_path=riverside` select, under the name that PostgreSQL gives it."""
    paths = _SEARCH_PATH.findall(options)
    first = paths[-1].partition(",")[0].strip() if paths else "public"
    name = first.strip('"') if first.startswith('"') else first.lower()
    return name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")


def _values(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _is_local(host: str) -> bool:
    return host in {"", "localhost", "127.0.0.1", "::1"} or host.startswith("/")
