"""Check backups: without the operator's key that they are whole, signed and the newest; with it everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forms.core.problem import Problem
from forms.operations.backup import contents, folder, opening
from forms.operations.backup.archive import NotABackup
from forms.operations.backup.contents import DATABASES, Manifest
from forms.operations.backup.folder import ERASED
from forms.operations.backup.opening import Signed
from forms.server.store.rows import rows_in


@dataclass(frozen=True)
class Checked:
    """What a backup that was opened holds."""

    manifest: Manifest
    signer: str
    rows: int
    files: int


def problems(into: Path, signer: str = "") -> list[str]:
    """Return what is wrong with the backups of a folder, in sentences, as far as can be seen without a key.

    signer: the public key of the server, where it is known; else all must be signed by the one that signed the newest.
    """
    backups = folder.every(into)
    if not backups:
        return [f"{into}: holds no backup."]
    said, numbers = [], [one.number for one in backups]
    if len(set(numbers)) != len(numbers):
        said.append(f"{into}: two backups have one number: one of them is not of here.")
    for path in [*(one.path for one in backups), *([into / ERASED] if (into / ERASED).exists() else [])]:
        note = folder.read_note(path)
        signer = signer or (note.key if note else "")
        wrong = _wrong(path, note, signer)
        if wrong:
            said.append(f"{path}: {wrong}.")
    return said


def _wrong(path: Path, note: folder.BackupNote | None, signer: str) -> str:
    if note is None:
        return "has no signed note beside it"
    if note.key != signer:
        return "is signed by another server"
    named = {one.path.name: one for one in folder.every(path.parent)}.get(path.name)
    if named and (named.number, named.day.isoformat()) != (note.number, note.day):
        return "has the note of another backup"
    try:
        return folder.difference(path, note)
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def check(path: Path, identities: Sequence[str], signer: str = "") -> Checked:
    """Read a backup to its end, row by row, with the operator's key. Raises NotABackup, Problem, OSError."""
    with path.open("rb") as file:
        signed = Signed(opening.read(file, identities))
        members = iter(signed)
        first = next(members, None)
        if first is None:
            raise NotABackup(str(path), "is empty.", "Take another backup.")
        manifest, rows, files = contents.read_manifest(first), 0, 0
        for member in members:
            if member.name.partition("/")[0] in DATABASES:
                rows += sum(1 for _ in rows_in(member.content))
            else:
                files += 1
    if signer and signed.key != signer:
        raise NotABackup(str(path), f"was not made by that server: it is signed by {signed.key}.", "Find out why.")
    note = folder.read_note(path)
    if note and note.number != manifest.number:
        raise Problem(str(path), "has the name of another backup.", "Somebody renamed it: find out why.")
    return Checked(manifest, signed.key, rows, files)
