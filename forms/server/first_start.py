"""What tells a first start from a loss: a data folder that has a salt had databases too, once its first start was over.

Without this an empty database was made in place of one that is gone, and receipts that people hold opened nothing
without a word to them or to the operator. A disk that is not mounted takes the salt away too: so it is noted elsewhere
with which salt a data folder was begun.
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

_UNDER_WAY = "first-start"
"""An empty file in the data folder, from before its salt is made until its databases are."""

FSTAB = Path("/etc/fstab")


def begun(data: Path) -> None:
    """Mark that no database can be missing yet; a start that ends early leaves the mark. Raises Problem."""
    require_mounted(data)
    with suppress(OSError):  # make_salt says what is wrong with the folder
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        (data / _UNDER_WAY).touch(mode=0o600)


def ended(data: Path) -> None:
    """Take the mark away: all databases are there."""
    with suppress(OSError):
        (data / _UNDER_WAY).unlink(missing_ok=True)


def require_mounted(data: Path) -> None:
    """Raise Problem where a folder without a salt lies on a disk of /etc/fstab that is not mounted: all lies there."""
    try:
        lines = FSTAB.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    here = Path(os.path.abspath(data))  # noqa: PTH100 - a link to a disk that is away leads nowhere
    for name in _mount_points(lines):
        if (here.is_relative_to(name) or data.resolve().is_relative_to(name)) and not os.path.ismount(name):
            what = f"lies on the disk of {name}, which is not mounted: no letter of before is seen."
            raise Problem(str(data), what, f"Type: mount {shlex.quote(str(name))}, and start the service again.")


def _mount_points(lines: Sequence[str]) -> Iterator[Path]:
    for line in lines:
        words = line.split()
        if len(words) > 1 and not words[0].startswith("#") and words[1].startswith("/") and words[1] != "/":
            yield Path(words[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))


def require_as_before(read: ServerSettings, salt: bytes | None = None) -> None:
    """Raise Problem where a data folder is empty, or has another salt, though the service ran with it before.

    Its disk is not mounted, and what lies below its place is not what people wrote to.
    """
    mark = _mark(read)
    noted = _noted(mark)
    if mark is None or not noted or not _kept_there(read):
        return
    here, look = str(read.data), "See what is mounted there (findmnt, lsblk -f), and mount its disk; the service then"
    anew = (
        f"starts by itself. Where it is lost: portal restore. To begin with what is there: rm {shlex.quote(str(mark))}"
    )
    if not _holds_anything(read):
        raise Problem(
            here,
            "holds nothing of ours, though the service ran with it before: no letter of before is seen.",
            f"{look} {anew}",
        )
    found = salt or config.salt(read)
    if found is not None and config.salt_mark(found) != noted:
        what = "has another salt than the service ran with last: another disk is mounted there, or none."
        raise Problem(here, what, f"{look} {anew}")


def note_begun(read: ServerSettings, salt: bytes) -> None:
    """Note outside of the data folder that it was begun with this salt, where a folder for that is named."""
    mark = _mark(read)
    if mark is None or not _holds_anything(read) or _noted(mark) == config.salt_mark(salt):
        return
    with suppress(OSError):  # it protects nobody then, and stops nobody
        write_safely(mark, f"{config.salt_mark(salt)}\n{read.data.absolute()}\n".encode())


def forget_begun(read: ServerSettings) -> None:
    """Take the note away: from now on another data folder is there, as after a restore."""
    mark = _mark(read)
    if mark is not None:
        with suppress(OSError):
            mark.unlink(missing_ok=True)


def _mark(read: ServerSettings) -> Path | None:
    """Return the file of the note of a data folder, by the folder's name and not by where a link of it leads."""
    if read.marks is None:
        return None
    return read.marks / hashlib.sha256(os.fsencode(os.path.abspath(read.data))).hexdigest()[:16]  # noqa: PTH100


def _noted(mark: Path | None) -> str:
    try:
        return mark.read_text(encoding="utf-8", errors="replace").partition("\n")[0] if mark else ""
    except OSError:
        return ""


def _kept_there(read: ServerSettings) -> list[Path]:
    """Return the files that a service with these settings keeps in its data folder; none with PostgreSQL and a salt."""
    data = os.path.abspath(read.data)  # noqa: PTH100 - by name, as the note
    files = [file for url in (read.concerns_url, read.signups_url) if (file := config.sqlite_file(url))]
    own = [] if read.salt or read.salt_file else [read.data / "salt"]
    return [*own, *(one for one in files if Path(os.path.abspath(one)).is_relative_to(data))]  # noqa: PTH100 - likewise


def _holds_anything(read: ServerSettings) -> bool:
    """Return whether anything of ours is there: in the place of a disk may lie what others put there, or a lock."""
    try:
        return any(path.exists() for path in _kept_there(read))
    except OSError:
        return True  # not ours to read: whoever needs it says so


def lost(read: ServerSettings, stores: Sequence[Store]) -> list[Store]:
    """Return which of these databases hold nothing at all, though this data folder was started with them before."""
    own_salt = not read.salt and read.salt_file is None and (read.data / "salt").exists()
    if not own_salt or (read.data / _UNDER_WAY).exists():  # looked at first: it goes when the databases are there
        return []
    return [store for store in stores if _is_empty(store)]


def _is_empty(store: Store) -> bool:
    try:
        return not store.is_in_use()
    except NotKept:
        return False  # away: whoever uses it says so


def note(gone: Sequence[Store], day: date) -> None:
    """Write into new databases that those before them are gone, so that look-ups of older receipts can say it."""
    for store in gone:
        with suppress(NotKept):  # away: likewise
            note_restored(store, NO_BACKUP, day)


def said_of(store: Store) -> str:
    """Return the line for the journal about a database that was gone at the start."""
    return (
        f"{store.display_name} was empty or not there at this start, though the service ran with it before: an empty "
        "one is in use, and receipts of before open nothing. If it lies elsewhere or there is a backup: stop the "
        "service and bring it back (portal restore, docs/operators.md)."
    )


def salt_problem(read: ServerSettings, salt: bytes) -> str:
    """Return what is wrong with the salt on the disk while a service runs with this one; empty where nothing is."""
    path = read.salt_file or read.data / "salt"
    try:
        found = config.salt(read)
    except Problem as problem:
        return f"{problem} {_PUT_BACK}"
    if found == salt:
        return ""
    return f"{path} {'is not there' if found is None else 'is another than the service runs with'}. {_PUT_BACK}"


_PUT_BACK = (
    "Do not restart the service before it is back, or all receipts open nothing: take it from a backup. The running "
    "service still says it in hexadecimal digits, for PORTAL_SALT: /forms/sealed/v1/terms"
)
