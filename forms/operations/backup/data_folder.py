"""Put a restored data folder in the place of the one before, with no moment in which there is none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from forms.core.files.durable import sync_folder
from forms.core.files.folder_swap import aside_of, change_places
from forms.core.problem import Problem
from forms.server.in_use import NAME as IN_USE
from forms.server.in_use import InUse
from forms.server.services.operator_log import Leader


@contextmanager
def at_rest(data: Path, *, in_place: bool) -> Iterator[None]:
    """Let no service start on this data folder. Raises Problem where one runs, or a folder may not be replaced."""
    if data.exists() and os.path.ismount(data):
        todo = f"Set PORTAL_DATA to a folder on it, like {data / 'data'}, here and in portal.service."
        raise Problem(str(data), "is a disk of its own, which cannot change its place.", todo)
    if not data.exists():
        yield
        return
    if os.statvfs(data).f_flag & os.ST_RDONLY:
        todo = "See how it is mounted (findmnt), and in the journal why; then type the same again."
        raise Problem(str(data), "lies on a disk that may only be read.", todo)
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        todo = f"Run this as root, or as its owner. Nothing was changed. Whose it is says: ls -ld {data}"
        raise Problem(str(data), "is not yours to read and write.", todo)
    if not in_place and {path.name for path in data.iterdir()} - {IN_USE}:
        todo = "Nothing was changed. To replace it say --in-place: it is kept beside, under another name."
        raise Problem(str(data), "is there already, with what people sent.", todo)
    lock, leader = InUse(data, alone=True), Leader(data)
    try:
        if not leader():  # a service of an earlier version holds this one alone
            raise Problem(
                str(data), "is in use: the service runs.", "Stop it first: systemctl stop portal.socket portal"
            )
        yield
    finally:
        leader.close()
        lock.close()


def put_in_place(fresh: Path, data: Path, today: date) -> Path | None:
    """Let `fresh` be the data folder; return where the one of before is.

    There is no moment without one, in which a service would begin an empty one with another salt.
    """
    if not data.exists():
        fresh.rename(data)
        sync_folder(data.parent)
        return None
    before = _free_name(data, today)
    fresh.rename(before)  # first: from the exchange on this name is that of the old one, whatever is killed when
    change_places(before, data)
    sync_folder(data.parent)
    return before


def _free_name(data: Path, today: date) -> Path:
    names = (data.with_name(f"{data.name}.before-{today.isoformat()}{'' if n == 0 else f'-{n}'}") for n in range(1000))
    return next(name for name in names if not name.exists())


def mend(data: Path, today: date) -> None:
    """Put the data folder back that lies aside: of a restore that was killed where names cannot be exchanged.

    It knows what people erased since the backup.
    """
    aside = aside_of(data)
    if aside.exists():
        aside.rename(_free_name(data, today) if data.exists() else data)
        sync_folder(data.parent)


def give(folder: Path, data: Path) -> None:
    """Let what root brought back belong to whom the data folder, or the folder that is to hold it, belongs to.

    Raises Problem where another user put something else in its place.
    """
    found = (data if data.exists() else data.parent).stat()
    if os.name != "posix" or os.geteuid() != 0 or not found.st_uid:
        return
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:  # by its handle: who owns the folder above may lay another folder, or a link to root's files, in its place
        if os.fstat(here).st_uid:
            raise Problem(str(folder), "was replaced by another user meanwhile.", f"See who may write {folder.parent}")
        for _, folders, files, at in os.fwalk(".", topdown=False, dir_fd=here):
            for name in (*folders, *files):
                os.chown(name, found.st_uid, found.st_gid, dir_fd=at, follow_symlinks=False)
        os.fchown(here, found.st_uid, found.st_gid)
    finally:
        os.close(here)
