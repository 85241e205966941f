"""Backups in `status`, and what restores and other commands left behind."""

import glob
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from forms.operations.backup import contents, folder
from forms.operations.backup.folder import ERASED, Backup
from forms.operations.status.items import StatusItem, ago
from forms.server.config import ServerSettings

LOSS_IS_SAID = 14
"""Days for which a database that was gone needs the operator."""


def left_over_items(settings: ServerSettings, backups: Path | None, day: date) -> Iterator[StatusItem]:
    """Yield what commands that were cut short left, and what was put aside: nothing is erased in it."""
    data, site = settings.data.absolute(), settings.portal.parent.parent
    path = data.with_name(f"{data.name}.restoring")
    if path.exists():
        said = f"{path} is left of a restore that was cut short, unless one runs now: it holds what people sent, and"
        said += " nothing is erased there. Type the same restore again, or remove it."
        yield StatusItem("left over", str(path), said, needs=True)
    for path in sorted(data.parent.glob(f"{glob.escape(data.name)}.before-*")):
        with suppress(ValueError):
            age = (day - date.fromisoformat(path.name.removeprefix(f"{data.name}.before-")[:10])).days
            said = (
                f"{path} is what a restore put aside {ago(age)}: nothing is erased there. Remove it when all is well."
            )
            yield StatusItem("put aside", str(path), said, needs=age > LOSS_IS_SAID)
    half = [*site.glob("releases/*.new"), *(backups.glob("*.unfinished") if backups else ())]
    for path in half:
        said = (
            f"{path} is left of a command that was cut short, unless one runs now. The next one of its kind removes it."
        )
        yield StatusItem("half made", str(path), said)


def backup_items(settings: ServerSettings, into: Path | None, day: date) -> Iterator[StatusItem]:
    if into is None:
        yield StatusItem(
            "backup", None, "No folder of backups is set (PORTAL_BACKUP_FOLDER): docs/operators.md.", needs=True
        )
        return
    newest = next(iter(folder.every(into)), None)
    if newest is None:
        yield StatusItem("backup", None, f"{into} holds no backup: portal backup", needs=True)
        return
    age, fits = (day - newest.day).days, _note_fits(settings, newest)
    said = f"The newest backup is {age(age)}{'' if fits else ', and its note does not fit: portal verify'}."
    yield StatusItem("backup", {"days": age, "noted": fits}, said, needs=not 0 <= age <= 1 or not fits)
    note = folder.read_note(into / ERASED)
    small = None if note is None else (day - date.fromisoformat(note.day)).days
    said = (
        "What was erased since was never noted: portal backup --erasures"
        if small is None
        else (f"What was erased was noted {ago(small)}.")
    )
    yield StatusItem("erasures", small, said, needs=small is None or not 0 <= small <= 1)


def _note_fits(settings: ServerSettings, backup: Backup) -> bool:
    """Return whether a backup has the note that this server signed, and its size; its bytes are for `verify`."""
    note = folder.read_note(backup.path)
    key = contents.public_key(settings)
    return (
        note is not None
        and note.key == key
        and (note.number, note.day) == (backup.number, backup.day.isoformat())
        and backup.path.stat().st_size == note.size
    )
