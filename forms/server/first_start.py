"""Distinguish a first start from a loss: a data folder with a salt has databases too, once its first start is over.

Without this, a lost database would be replaced with an empty one, and receipts would open nothing, without a message to
people or to the operator. If a disk is not mounted, the salt is missing too: so the salt of each data folder is also
noted in another place.
"""

import hashlib
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from forms.core.files.durable import write_safely
from forms.core.problem import Problem
from forms.server import config
from forms.server.config import ServerSettings
from forms.server.store.database import Store
from forms.server.store.faults import NotKept
from forms.server.store.restore_mark import note_restored
from forms.server.store.system_tables import NO_BACKUP

_FIRST_START = "first-start"
"""An empty file in the data folder, from before its salt is made until its databases are."""

FSTAB = Path("/etc/fstab")


def begin_first_start(data: Path) -> None:
    """Mark that the databases do not exist yet. The mark stays if the start fails. Raises Problem."""
    require_mounted(data)
    with suppress(OSError):  # make_salt reports what is wrong with the folder
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        (data / _FIRST_START).touch(mode=0o600)


def end_first_start(data: Path) -> None:
    """Remove the mark, since all databases exist."""
    with suppress(OSError):
        (data / _FIRST_START).unlink(missing_ok=True)


def require_mounted(data: Path) -> None:
    """Raise Problem if a folder without a salt is on a disk of /etc/fstab that is not mounted: its files are there."""
    try:
        lines = FSTAB.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    path = Path(os.path.abspath(data))  # noqa: PTH100 - a link to a disk that is not mounted cannot be resolved
    for name in _mount_points(lines):
        if (path.is_relative_to(name) or data.resolve().is_relative_to(name)) and not os.path.ismount(name):
            what = f"lies on the disk of {name}, which is not mounted: no letter of before is seen."
            raise Problem(str(data), what, f"Type: mount {shlex.quote(str(name))}, and start the service again.")


def _mount_points(lines: Sequence[str]) -> Iterator[Path]:
    for line in lines:
        words = line.split()
        if len(words) > 1 and not words[0].startswith("#") and words[1].startswith("/") and words[1] != "/":
            yield Path(words[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))


def require_same_folder(settings: ServerSettings, salt: bytes | None = None) -> None:
    """Raise Problem if a data folder is empty, or has another salt than the one with which the service last ran.

    Then its disk is not mounted, and the folder is the one below the mount point.
    """
    note = _note_file(settings)
    noted_mark = _read_note(note)
    if note is None or not noted_mark or not _own_files(settings):
        return
    folder = str(settings.data)
    look = "See what is mounted there (findmnt, lsblk -f), and mount its disk; the service then"
    todo = (
        f"{look} starts by itself. Where it is lost: portal restore. To begin with what is there: "
        f"rm {shlex.quote(str(note))}"
    )
    if not _has_own_files(settings):
        what = "holds nothing of ours, though the service ran with it before: no letter of before is seen."
        raise Problem(folder, what, todo)
    salt = salt or config.salt(settings)
    if salt is not None and config.salt_mark(salt) != noted_mark:
        what = "has another salt than the service ran with last: another disk is mounted there, or none."
        raise Problem(folder, what, todo)


def note_salt(settings: ServerSettings, salt: bytes) -> None:
    """Note the salt of a data folder outside of it, if the settings name a folder for that."""
    note = _note_file(settings)
    if note is None or not _has_own_files(settings) or _read_note(note) == config.salt_mark(salt):
        return
    with suppress(OSError):  # the service can run without the note
        write_safely(note, f"{config.salt_mark(salt)}\n{settings.data.absolute()}\n".encode())


def delete_note(settings: ServerSettings) -> None:
    """Delete the note, since another data folder takes the place of the noted one, as after a restore."""
    note = _note_file(settings)
    if note is not None:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def _note_file(settings: ServerSettings) -> Path | None:
    """Return the file of the note of a data folder, by the folder's name, without following links; or None."""
    if settings.marks is None:
        return None
    return settings.marks / hashlib.sha256(os.fsencode(os.path.abspath(settings.data))).hexdigest()[:16]  # noqa: PTH100


def _read_note(note: Path | None) -> str:
    """Return the fingerprint of the noted salt, or an empty text."""
    try:
        return note.read_text(encoding="utf-8", errors="replace").partition("\n")[0] if note else ""
    except OSError:
        return ""


def _own_files(settings: ServerSettings) -> list[Path]:
    """Return the files that a service has in its data folder; none with PostgreSQL and the salt in another place."""
    data = os.path.abspath(settings.data)  # noqa: PTH100 - by name, like the note
    databases = [file for url in (settings.concerns_url, settings.signups_url) if (file := config.sqlite_file(url))]
    salt = [] if settings.salt or settings.salt_file else [settings.data / "salt"]
    return [*salt, *(file for file in databases if Path(os.path.abspath(file)).is_relative_to(data))]  # noqa: PTH100


def _has_own_files(settings: ServerSettings) -> bool:
    """Return whether any of our files exists: a mount point may have files of others, or a lock."""
    try:
        return any(path.exists() for path in _own_files(settings))
    except OSError:
        return True  # unreadable: what needs the files reports it


def lost_databases(settings: ServerSettings, stores: Sequence[Store]) -> list[Store]:
    """Return which of these databases are empty or missing, though this data folder was used with them before."""
    has_own_salt = not settings.salt and settings.salt_file is None and (settings.data / "salt").exists()
    # Before the databases: another process removes the mark when they exist.
    if not has_own_salt or (settings.data / _FIRST_START).exists():
        return []
    return [store for store in stores if _is_empty(store)]


def _is_empty(store: Store) -> bool:
    try:
        return not store.is_in_use()
    except NotKept:
        return False  # unreachable: what uses it reports it


def note_lost_databases(lost: Sequence[Store], day: date) -> None:
    """Note in new databases that the previous ones were lost, so that look-ups of older receipts can report it."""
    for store in lost:
        with suppress(NotKept):  # unreachable: what uses it reports it
            note_restored(store, NO_BACKUP, day)


def lost_message(store: Store) -> str:
    """Return the line for the log about a database that was lost."""
    return (
        f"{store.display_name} was empty or not there at this start, though the service ran with it before: an empty "
        "one is in use, and receipts of before open nothing. If it lies elsewhere or there is a backup: stop the "
        "service and bring it back (portal restore, docs/operators.md)."
    )


def salt_problem(settings: ServerSettings, salt: bytes) -> str:
    """Return what is wrong with the salt on the disk while a service runs with this one; empty if it is the same."""
    path = settings.salt_file or settings.data / "salt"
    try:
        on_disk = config.salt(settings)
    except Problem as problem:
        return f"{problem} {_PUT_BACK}"
    if on_disk == salt:
        return ""
    return f"{path} {'is not there' if on_disk is None else 'is another than the service runs with'}. {_PUT_BACK}"


_PUT_BACK = (
    "Do not restart the service before it is back, or all receipts open nothing: take it from a backup. The running "
    "service still says it in hexadecimal digits, for PORTAL_SALT: /forms/sealed/v1/terms"
)
