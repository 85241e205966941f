"""The folder of backups: their names, what is noted beside each, how many stay, one backup at a time.

Beside portal-000012-2026-11-29.age stands portal-000012-2026-11-29.json: number, day, size and SHA-256, signed. By that
a file that was swapped, cut or changed is noticed without the operator's key.
"""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import IO

from forms.core.crypto.encryption import is_age_file
from forms.core.crypto.signing import PrivateKey, are_bytes_signed_by, public_text, sign_bytes
from forms.core.files.durable import sync_folder, write_safely
from forms.core.files.locks import AlreadyLocked, locked_within
from forms.core.problem import Problem

_NAME = re.compile(r"portal-([0-9]{6,9})-([0-9]{4}-[0-9]{2}-[0-9]{2})\.age")
ERASED = "erased.age"
"""The small backup of what was erased since the last full one: each replaces the one before."""

_LOCK, _UNFINISHED = "lock", ".unfinished"
_BLOCK = 1024 * 1024


@dataclass(frozen=True)
class BackupNote:
    """What is noted beside a backup. sha256: of the file; key: who signed."""

    number: int
    day: str
    size: int
    sha256: str
    key: str = ""
    signature: str = ""

    @property
    def signed(self) -> bytes:
        """Return what is signed of it."""
        return json.dumps(
            ["safe-community-portal backup note v1", self.number, self.day, self.size, self.sha256]
        ).encode()

    @property
    def is_signed(self) -> bool:
        """Return whether the holder of `key` signed it."""
        return are_bytes_signed_by(self.signed, self.signature, self.key)


@dataclass(frozen=True)
class Backup:
    """A backup in the folder."""

    path: Path
    number: int
    day: date


@dataclass(frozen=True)
class Rule:
    """How many backups stay: the newest of so many days, weeks and months in which there is one."""

    days: int = 7
    weeks: int = 4
    months: int = 12


def every(folder: Path) -> list[Backup]:
    """Return the backups in a folder, newest first."""
    found = [(path, _NAME.fullmatch(path.name)) for path in folder.glob("portal-*.age")]
    backups = []
    for path, name in found:
        with suppress(ValueError):
            if name:
                backups.append(Backup(path, int(name[1]), date.fromisoformat(name[2])))
    return sorted(backups, key=lambda one: -one.number)


def kept(backups: Iterable[Backup], rule: Rule) -> set[int]:
    """Return the numbers of those that stay.

    The days are those of the backups themselves, so that a clock that jumps ahead removes nothing.
    """
    stay: set[int] = set()
    newest_first = sorted(backups, key=lambda one: -one.number)
    for most, span in (
        (rule.days, lambda day: day.isoformat()),
        (rule.weeks, lambda day: day.isocalendar()[:2]),
        (rule.months, lambda day: (day.year, day.month)),
    ):
        first: dict[object, int] = {}
        for one in newest_first:
            first.setdefault(span(one.day), one.number)
        stay |= set(list(first.values())[:most])
    return stay | {one.number for one in newest_first[:1]}


def remove_old(folder: Path, rule: Rule) -> list[Path]:
    """Remove the backups that need not stay, and their notes; return them."""
    backups = every(folder)
    stay = kept(backups, rule)
    gone = [one.path for one in backups if one.number not in stay]
    for path in gone:
        path.unlink(missing_ok=True)
        note_path(path).unlink(missing_ok=True)
    return gone


def note_path(path: Path) -> Path:
    """Return where the note of a backup stands."""
    return path.with_suffix(".json")


def read_note(path: Path) -> BackupNote | None:
    """Return the note beside a backup, or None where there is none that its writer signed."""
    with suppress(OSError, ValueError, TypeError, RecursionError):
        note = BackupNote(**json.loads(note_path(path).read_bytes()))
        if note.is_signed:
            return note
    return None


def next_number(folder: Path) -> int:
    """Return the number of the next backup: greater than any that is there or was noted for what is erased."""
    small = read_note(folder / ERASED)
    return max([one.number for one in every(folder)] + [small.number if small else 0]) + 1


def require_ours(folder: Path, key: str) -> None:
    """Raise Problem where a folder holds another server's backups: by the rule, each would remove the other's."""
    notes = (read_note(path) for path in (*(one.path for one in every(folder)), folder / ERASED))
    if any(note is not None and note.key != key for note in notes):
        todo = "Name a folder of this server's own. If its signing key was lost and made anew, begin a new folder."
        raise Problem(str(folder), "holds backups that another server signed.", todo)


@contextmanager
def alone(folder: Path, patience: float = 0.0) -> Iterator[None]:
    """Hold the folder for one backup; what an earlier one left half-written is removed. Raises Problem, OSError.

    patience: seconds to wait for one that runs: what was erased is written each hour, and meets the nightly backup.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked_within(folder / _LOCK, patience))
        except AlreadyLocked:
            raise Problem(str(folder), "is in use: another backup runs.", "Wait until it has ended.") from None
        for left in folder.glob(f"*{_UNFINISHED}"):
            left.unlink(missing_ok=True)
        yield


class CountingFile:
    """The file that is written, and what was written into it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.digest, self.size = hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        written = self.file.write(data)
        self.digest.update(data)
        self.size += len(data)
        return written


@contextmanager
def written(path: Path, number: int, day: date, key: PrivateKey) -> Iterator[IO[bytes]]:
    """Lend a new file that takes the name `path` once it is whole, on the disk, and read back as it was written.

    Raises OSError, Problem; then nothing has changed.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            counting = CountingFile(file)
            yield counting  # type: ignore[misc]
            file.flush()
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # so that it is read from the disk below
        note = BackupNote(number, day.isoformat(), counting.size, counting.digest.hexdigest(), public_text(key))
        problem = difference(fresh, note)
        if problem:
            raise Problem(str(path), f"was not written as it should be: {problem}.", "Look at the disk; back up anew.")
        signed = BackupNote(**{**asdict(note), "signature": sign_bytes(note.signed, key)})
        write_safely(note_path(path), json.dumps(asdict(signed)).encode())  # first: no backup without its note
        fresh.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk names no file: whose disk it is must be said
        raise
    finally:
        fresh.unlink(missing_ok=True)


def difference(path: Path, note: BackupNote) -> str:
    """Return in what a file is not what its note says, or empty. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        head = file.read(_BLOCK)
        if not is_age_file(head):
            return "it does not begin as an encrypted file does"
        block = head
        while block:
            digest.update(block)
            size += len(block)
            block = file.read(_BLOCK)
    if size != note.size:
        return f"it has {size} bytes and not {note.size}"
    return "" if digest.hexdigest() == note.sha256 else "its bytes are others"
