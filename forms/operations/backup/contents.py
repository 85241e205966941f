"""What is in a backup, as a stream of members: salt, key, settings, the release in use, all rows."""

import json
import secrets
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from urllib.parse import quote

from forms.core.crypto.signing import PrivateKey, private_key, public_text
from forms.core.files.durable import write_safely
from forms.core.problem import Problem
from forms.operations.backup.archive import LARGEST_MEMBER, ArchiveMember, NotABackup
from forms.operations.backup.databases import Databases
from forms.server import config
from forms.server.config import ServerSettings
from forms.server.store.migrations import schema
from forms.server.store.rows import read_erasures, read_rows

FORMAT = 1
FULL, ERASURES = "backup", "erasures"
MANIFEST, SALT, KEY, ENVIRONMENT, PORTAL, SITE = (
    "manifest.json",
    "salt",
    "backup-key",
    "settings.json",
    "portal.json",
    "site",
)
DATABASES = ("concerns", "signups")


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. number: grows with each; salt_mark: the fingerprint of its installation's salt.

    schema: the number of its databases' schema (forms/server/store/migrations/schema.py).
    kind: FULL, or ERASURES: what was erased since, which is small and taken often.
    """

    kind: str
    number: int
    day: str
    district: str
    salt_mark: str
    format: int = FORMAT
    schema: str = ""

    @property
    def member(self) -> ArchiveMember:
        """Return it as the first member of its backup."""
        return ArchiveMember(MANIFEST, json.dumps(asdict(self)).encode())


def read_manifest(member: ArchiveMember) -> Manifest:
    """Return what a backup says of itself in its first member. Raises NotABackup."""
    with suppress(ValueError, TypeError, RecursionError):
        found = json.loads(member.content)
        is_newer = found.get("format", 0) > FORMAT or found.get("schema", "") not in {"", *schema.numbers()}
        if member.name == MANIFEST and is_newer:
            raise NotABackup("The backup", "was made by a newer program.", "Install that program first.")
        manifest = Manifest(**found)
        date.fromisoformat(manifest.day)
        if member.name == MANIFEST and manifest.kind in {FULL, ERASURES} and isinstance(manifest.number, int):
            return manifest
    raise NotABackup("The backup", "does not begin as a backup does.", "Take another file.")


def signing_key(settings: ServerSettings) -> PrivateKey:
    """Return the key with which this installation signs its backups, made at first use. Raises Problem, OSError."""
    path = settings.data / KEY
    if not path.exists():
        write_safely(path, secrets.token_hex(32).encode())
    try:
        return private_key(path.read_text(encoding="ascii"))
    except ValueError:
        raise Problem(
            str(path), "is damaged.", "Take it back from a backup, or remove it and note the new key."
        ) from None


def public_key(settings: ServerSettings) -> str | None:
    """Return the public half of the key with which this installation signs its backups; None before the first one."""
    try:
        return public_text(private_key((settings.data / KEY).read_text(encoding="ascii")))
    except (OSError, ValueError):
        return None


def everything(
    settings: ServerSettings, environment: Mapping[str, str], databases: Databases, manifest: Manifest
) -> Generator[ArchiveMember]:
    """Yield all members of a full backup. Raises NotKept, OSError, Problem."""
    yield manifest.member
    salt = config.salt(settings)
    if salt is not None:
        yield ArchiveMember(SALT, salt)
    yield ArchiveMember(KEY, (settings.data / KEY).read_bytes())
    yield ArchiveMember(ENVIRONMENT, json.dumps(_ours(environment), indent=1).encode())
    yield from _rows(databases, everything=True)
    yield from _release(settings)


def erasures(databases: Databases, manifest: Manifest) -> Generator[ArchiveMember]:
    """Yield the members of a small backup: what was erased. Raises NotKept."""
    yield manifest.member
    yield from _rows(databases, everything=False)


def _ours(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in sorted(environment.items()) if name.startswith("PORTAL_")}


def _rows(databases: Databases, *, everything: bool) -> Iterator[ArchiveMember]:
    read = read_rows if everything else read_erasures
    for database, stores in databases.items():
        for number, (table, chunk) in enumerate(read(stores)):
            yield ArchiveMember(f"{database}/{table}/{number:06}", chunk)


def _release(settings: ServerSettings) -> Iterator[ArchiveMember]:
    """Yield portal.json and the site beside it, of one release also where another is published meanwhile.

    Raises Problem for a file that is too large.
    """
    folder = settings.portal.parent.resolve()
    yield ArchiveMember(PORTAL, (folder / settings.portal.name).read_bytes())
    site = settings.public or folder / "public"
    for path in sorted(site.resolve().rglob("*")) if site.is_dir() else ():
        if path.is_file() and not path.is_symlink():
            name = quote(path.relative_to(site.resolve()).as_posix(), safe="/-_.@+~")
            if path.exists() and path.stat().st_size > LARGEST_MEMBER:
                raise Problem(
                    str(path), "is too large for a backup.", "Nothing on the site needs 64 MB: make it smaller."
                )
            with suppress(FileNotFoundError):  # what lost its consent a moment ago
                yield ArchiveMember(f"{SITE}/{name}", path.read_bytes())
