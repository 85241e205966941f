"""Make a backup while letters come: one encrypted file to the operator's public key, checked after it is written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from forms.core import portal as portals
from forms.core.crypto.signing import PrivateKey, public_text
from forms.core.portal import pick
from forms.core.problem import Problem
from forms.operations.backup import archive, contents, databases, folder
from forms.operations.backup.contents import ERASURES, FULL, Manifest
from forms.operations.backup.folder import ERASED, Rule
from forms.server import config
from forms.server.config import ServerSettings
from forms.server.in_use import InUse


@dataclass(frozen=True)
class NewBackup:
    """A new backup. signer: the public key to compare at a restore; removed: older backups that were removed."""

    path: Path
    size: int
    signer: str
    removed: tuple[Path, ...] = ()


def make(
    settings: ServerSettings,
    into: Path,
    recipients: Sequence[str],
    today: date,
    environment: Mapping[str, str],
    rule: Rule | None = None,
    patience: float = 0.0,
) -> NewBackup:
    """Make a full backup, and remove those that the rule does not keep. Raises Problem, NotKept, OSError.

    patience: seconds to wait for another backup that runs.
    """
    with _prepared(settings, into, patience) as (stores, key, salt_mark):
        number = folder.next_number(into)
        manifest = Manifest(
            FULL, number, today.isoformat(), _district_name(settings), salt_mark, schema=databases.schema_of(stores)
        )
        path = into / f"portal-{number:06}-{today.isoformat()}.age"
        with (
            folder.written(path, number, today, key) as file,
            closing(contents.everything(settings, environment, stores, manifest)) as members,
        ):
            archive.write(file, members, recipients, key)
        removed = folder.remove_old(into, rule or Rule())
        return NewBackup(path, path.stat().st_size, public_text(key), tuple(removed))


def make_erasures(
    settings: ServerSettings, into: Path, recipients: Sequence[str], today: date, patience: float = 0.0
) -> NewBackup:
    """Make the small backup of what was erased, in the place of the one before. Raises Problem, NotKept, OSError."""
    with _prepared(settings, into, patience) as (stores, key, salt_mark):
        number = folder.next_number(into)
        manifest = Manifest(
            ERASURES, number, today.isoformat(), _district_name(settings), salt_mark, schema=databases.schema_of(stores)
        )
        with (
            folder.written(into / ERASED, number, today, key) as file,
            closing(contents.erasures(stores, manifest)) as members,
        ):
            archive.write(file, members, recipients, key)
        return NewBackup(into / ERASED, (into / ERASED).stat().st_size, public_text(key))


@contextmanager
def _prepared(
    settings: ServerSettings, into: Path, patience: float
) -> Iterator[tuple[databases.Databases, PrivateKey, str]]:
    """Yield what a backup needs: databases, signing key, the salt's fingerprint; no other backup or restore can start.

    Raises Problem where one runs, or the backup would lie in the data folder.
    """
    databases.require_salt(settings)
    if into.resolve().is_relative_to(settings.data.resolve()):
        todo = "Name another one, best on another disk, from which it is copied to another machine."
        raise Problem(str(into), "lies in the data folder: both would be lost together.", todo)
    with closing(InUse(settings.data)), folder.alone(into, patience):
        salt = databases.require_salt(settings)
        databases.require_is_there(settings)
        with databases.opened(settings, salt) as stores:
            key = contents.signing_key(settings)
            folder.require_ours(into, public_text(key))
            yield stores, key, config.salt_mark(salt)


def _district_name(settings: ServerSettings) -> str:
    return pick(portals.read(settings.portal).district, "en")
