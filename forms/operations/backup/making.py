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
class Made:
    """A backup that was made. signer: the public key to compare at a restore; gone: older ones that were removed."""

    path: Path
    size: int
    signer: str
    gone: tuple[Path, ...] = ()


def make(
    settings: ServerSettings,
    into: Path,
    recipients: Sequence[str],
    today: date,
    environment: Mapping[str, str],
    rule: Rule | None = None,
    patience: float = 0.0,
) -> Made:
    """Make a full backup, and remove those that the rule does not keep. Raises Problem, NotKept, OSError.

    patience: seconds to wait for another backup that runs.
    """
    with _ready(settings, into, patience) as (found, key, salt_mark):
        number = folder.next_number(into)
        manifest = Manifest(
            FULL, number, today.isoformat(), _name(settings), salt_mark, schema=databases.schema_of(found)
        )
        path = into / f"portal-{number:06}-{today.isoformat()}.age"
        with (
            folder.written(path, number, today, key) as file,
            closing(contents.everything(settings, environment, found, manifest)) as members,
        ):
            archive.write(file, members, recipients, key)
        gone = folder.remove_old(into, rule or Rule())
        return Made(path, path.stat().st_size, public_text(key), tuple(gone))


def make_erasures(
    settings: ServerSettings, into: Path, recipients: Sequence[str], today: date, patience: float = 0.0
) -> Made:
    """Make the small backup of what was erased, in the place of the one before. Raises Problem, NotKept, OSError."""
    with _ready(settings, into, patience) as (found, key, salt_mark):
        number = folder.next_number(into)
        manifest = Manifest(
            ERASURES, number, today.isoformat(), _name(settings), salt_mark, schema=databases.schema_of(found)
        )
        with (
            folder.written(into / ERASED, number, today, key) as file,
            closing(contents.erasures(found, manifest)) as members,
        ):
            archive.write(file, members, recipients, key)
        return Made(into / ERASED, (into / ERASED).stat().st_size, public_text(key))


@contextmanager
def _ready(
    settings: ServerSettings, into: Path, patience: float
) -> Iterator[tuple[databases.Databases, PrivateKey, str]]:
    """Lend what a backup needs: databases, signing key, the salt's fingerprint; nobody else backs up meanwhile.

    Nor does a restore begin. Raises Problem where one runs, or the backup would lie in the data folder.
    """
    databases.require_salt(settings)
    if into.resolve().is_relative_to(settings.data.resolve()):
        todo = "Name another one, best on another disk, from which it is copied to another machine."
        raise Problem(str(into), "lies in the data folder: both would be lost together.", todo)
    with closing(InUse(settings.data)), folder.alone(into, patience):
        salt = databases.require_salt(settings)
        databases.require_is_there(settings)
        with databases.opened(settings, salt) as found:
            key = contents.signing_key(settings)
            folder.require_ours(into, public_text(key))
            yield found, key, config.salt_mark(salt)


def _manifest(
    kind: str, number: int, today: date, settings: ServerSettings, salt_mark: str, found: databases.Databases
) -> Manifest:
    schema = databases.schema_of(found)
    return Manifest(kind, number, today.isoformat(), _name(settings), salt_mark, schema=schema)


def _name(settings: ServerSettings) -> str:
    return pick(portals.read(settings.portal).district, "en")
