"""Backups in `status`, and folders that interrupted commands left behind."""

import glob
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from forms.operations.backup import contents
from forms.operations.backup import folder as backup_folder
from forms.operations.backup.folder import ERASED, Backup
from forms.operations.status.items import StatusItem, days_ago, days_old
from forms.server.config import ServerSettings

MAX_LOSS_DAYS = 14
"""Days for which a lost database, or a data folder that a restore put aside, is reported."""


def left_over_items(settings: ServerSettings, backups: Path | None, day: date) -> Iterator[StatusItem]:
    """Yield folders that interrupted commands left, and data folders put aside: nothing is erased in them."""
    data, site = settings.data.absolute(), settings.portal.parent.parent
    restoring = data.with_name(f"{data.name}.restoring")
    if restoring.exists():
        sentence = (
            f"{restoring} is left of a restore that was cut short, unless one runs now: it holds what people sent, and"
            " nothing is erased there. Type the same restore again, or remove it."
        )
        yield StatusItem("left over", str(restoring), sentence, needs=True)
    for path in sorted(data.parent.glob(f"{glob.escape(data.name)}.before-*")):
        with suppress(ValueError):
            age = (day - date.fromisoformat(path.name.removeprefix(f"{data.name}.before-")[:10])).days
            sentence = f"{path} is what a restore put aside {days_ago(age)}: nothing is erased there."
            sentence += " Remove it when all is well."
            yield StatusItem("put aside", str(path), sentence, needs=age > MAX_LOSS_DAYS)
    unfinished = [*site.glob("releases/*.new"), *(backups.glob("*.unfinished") if backups else ())]
    for path in unfinished:
        sentence = f"{path} is left of a command that was cut short, unless one runs now."
        sentence += " The next one of its kind removes it."
        yield StatusItem("half made", str(path), sentence)


def backup_items(settings: ServerSettings, folder: Path | None, day: date) -> Iterator[StatusItem]:
    """Yield the newest backup and the newest note of erasures; both must be of today or yesterday."""
    if folder is None:
        sentence = "No folder of backups is set (PORTAL_BACKUP_FOLDER): docs/operators.md."
        yield StatusItem("backup", None, sentence, needs=True)
        return
    newest = next(iter(backup_folder.every(folder)), None)
    if newest is None:
        yield StatusItem("backup", None, f"{folder} holds no backup: portal backup", needs=True)
        return
    age, has_valid_note = (day - newest.day).days, _has_valid_note(settings, newest)
    note_fault = "" if has_valid_note else ", and its note does not fit: portal verify"
    sentence = f"The newest backup is {days_old(age)}{note_fault}."
    is_late = not 0 <= age <= 1
    yield StatusItem("backup", {"days": age, "noted": has_valid_note}, sentence, needs=is_late or not has_valid_note)
    yield _erasures_item(folder, day)


def _erasures_item(folder: Path, day: date) -> StatusItem:
    """Return the age of the small backup of erasures."""
    note = backup_folder.read_note(folder / ERASED)
    if note is None:
        sentence = "What was erased since was never noted: portal backup --erasures"
        return StatusItem("erasures", None, sentence, needs=True)
    age = (day - date.fromisoformat(note.day)).days
    return StatusItem("erasures", age, f"What was erased was noted {days_ago(age)}.", needs=not 0 <= age <= 1)


def _has_valid_note(settings: ServerSettings, backup: Backup) -> bool:
    """Return whether this server signed the note of a backup, and the file has its size; `verify` reads the bytes."""
    note = backup_folder.read_note(backup.path)
    key = contents.public_key(settings)
    return (
        note is not None
        and note.key == key
        and (note.number, note.day) == (backup.number, backup.day.isoformat())
        and backup.path.stat().st_size == note.size
    )
