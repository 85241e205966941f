"""Bring an installation back from a backup, on a bare machine or in the place of a broken one.

The backup is read to its end, and its signature held against it, before anything is written. Then everything is written
beside the data folder, which it replaces at the end; a database that is no file in that folder is marked until then
(forms/server/store/restore_mark.py), so that no service uses the half of it and the same restore can begin again. What
people had erased since the backup is erased again before anybody can see it.
"""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote

from forms.core import portal as portals
from forms.core.files.durable import sync_folder, write_safely
from forms.core.files.folder_swap import aside_of, change_places
from forms.core.portal import pick
from forms.core.problem import Problem
from forms.operations.backup import contents, databases
from forms.operations.backup.archive import ArchiveMember, NotABackup
from forms.operations.backup.contents import DATABASES, ERASURES, FULL, SITE, Manifest
from forms.operations.backup.databases import Databases
from forms.operations.backup.opening import Opening, Signed, read
from forms.server import config
from forms.server.config import ServerSettings
from forms.server.in_use import NAME as IN_USE
from forms.server.in_use import InUse
from forms.server.services.operator_log import Leader
from forms.server.store import erasures, restore_mark
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.database import Store
from forms.server.store.rows import read_erasures, write_rows
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.signups.signup_tables import CANCELLED

_UNDER_WAY = ".restoring"
"""An empty file in the folder of the release until the data are in their place: the same command goes through then."""


@dataclass(frozen=True)
class Restored:
    """What was brought back. rows: of all tables; erased_again: letters and sign-ups that people had erased since.

    erasures: what the small backup says of itself; unread: whether databases were there whose marks could not be read.
    """

    manifest: Manifest
    signer: str
    rows: int = 0
    erased_again: int = 0
    before: Path | None = None
    erasures: Manifest | None = None
    unread: bool = False


def restore(
    settings: ServerSettings,
    backup: Path,
    opening: Opening,
    today: date,
    *,
    erasures: Path | None = None,
    release: Path | None = None,
    in_place: bool = False,
    renamed: bool = False,
) -> Restored:
    """Bring an installation back into the data folder of these settings. Raises Problem, and changes nothing then.

    erasures: the newest small backup of what was erased. release: a new folder for portal.json and the site.
    in_place: whether a data folder may be there; it is renamed and kept. renamed: whether the backup may bear another
    name of a district than portal.json. No service starts on the folder meanwhile.
    """
    data = Path(os.path.abspath(settings.data))  # noqa: PTH100 - "." has no name; a link is replaced, not followed
    release = Path(os.path.abspath(release)) if release else None  # noqa: PTH100 - likewise
    fresh = data.with_name(f"{data.name}.restoring")
    beside = release.with_name(f"{release.name}.restoring") if release else None
    again = release is not None and (release / _UNDER_WAY).exists()
    if release and release.exists() and not again and (not release.is_dir() or any(release.iterdir())):
        raise Problem(str(release), "is not empty.", "Name a new folder for the release.")
    _mend(data, today)
    with _at_rest(data, in_place=in_place):
        made = [fresh, *([beside] if beside else [])]
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
        if again and release and beside:  # an earlier one ended before its data were there
            release.rename(beside)
            shutil.rmtree(beside)
        try:
            fresh.mkdir(parents=True, mode=0o700)
            found = _restore_into(settings, fresh, backup, opening, today, erasures, beside, renamed=renamed)
            if release and beside and beside.exists():
                (beside / _UNDER_WAY).touch()
                beside.replace(release)  # also where an empty folder is there
            _give(fresh, data)
            before = _put_in_place(fresh, data, today)
            if _elsewhere(settings):
                _end(settings)
            if release:
                (release / _UNDER_WAY).unlink(missing_ok=True)
        except BaseException:
            for folder in made:
                shutil.rmtree(folder, ignore_errors=True)
            raise
    return replace(found, before=before)


def _restore_into(
    settings: ServerSettings,
    fresh: Path,
    backup: Path,
    opening: Opening,
    today: date,
    erasures: Path | None,
    release: Path | None,
    *,
    renamed: bool,
) -> Restored:
    """Restore a backup into empty databases and a fresh folder.

    Raises NotABackup where its parts do not fit together.
    """
    with ExitStack() as stack, backup.open("rb") as file:
        identity = _require_whole_and_signed(file, opening, backup)
        signed = Signed(read(file, opening.identities))
        members = iter(signed)
        manifest = _manifest(members, FULL)
        if not renamed:
            _require_same_district(settings, manifest)
        salt = _expected(members, contents.SALT).content
        if config.salt_mark(salt) != manifest.salt_mark:
            raise NotABackup(str(backup), "holds another salt than it says.", "Take another backup.")
        erased, small = _noted_as_erased(manifest, opening, erasures)
        there, unread = _erased_there(settings, salt)
        write_safely(fresh / "salt", salt)
        stores = stack.enter_context(databases.opened(_moved(settings, fresh), salt, make=True, restoring=True))
        _begin(settings, stores, identity)
        rows = _take_members(members, stores, fresh, release)
        if signed.digest != identity:
            raise NotABackup(str(backup), "was changed while it was read.", "Copy it to a disk of your own first.")
        for database, chunks in (*erased.items(), *there.items()):
            write_rows(stores[database], chunks)
        again = erase_again(stores)
        for database in DATABASES:
            restore_mark.note_restored(stores[database][0], date.fromisoformat(manifest.day), today)
        return Restored(manifest, signed.key, rows, again, erasures=small, unread=unread)


def _require_whole_and_signed(file: IO[bytes], opening: Opening, path: Path) -> bytes:
    """Read a backup to its end and go back to its begin; return its identity. Raises NotABackup.

    What is written into PostgreSQL stays there: it must be known before that it is right.
    """
    signed = Signed(read(file, opening.identities))
    for _ in signed:
        pass
    _require_signer(signed, opening, path)
    file.seek(0)
    return signed.digest


def _manifest(members: Iterator[ArchiveMember], kind: str) -> Manifest:
    """Return the first member as the manifest. Raises NotABackup where the file is of another kind."""
    manifest = contents.read_manifest(_expected(members, contents.MANIFEST))
    if manifest.kind != kind:
        raise NotABackup("The file", f"is no {kind} but {manifest.kind}.", "Name the other file.")
    return manifest


def _expected(members: Iterator[ArchiveMember], name: str) -> ArchiveMember:
    """Return the next member. Raises NotABackup where it has another name."""
    member = next(members, None)
    if member is None or member.name != name:
        raise NotABackup("The backup", f"holds no {name} where it belongs.", "Take another backup.")
    return member


def _take_members(members: Iterator[ArchiveMember], stores: Databases, fresh: Path, release: Path | None) -> int:
    """Write what comes; return the number of rows. A file of an unknown kind is refused."""
    rows = 0
    for kind, some in groupby(members, lambda member: member.name.partition("/")[0]):
        if kind in DATABASES:
            rows += write_rows(stores[kind], ((_table(member), member.content) for member in some))
        elif kind in {contents.KEY, contents.ENVIRONMENT}:
            write_safely(fresh / kind, next(some).content)
        elif kind in {contents.PORTAL, SITE}:
            _take_site(some, release)
        else:
            raise NotABackup("The backup", "holds a member that no backup has.", "Take another backup.")
    return rows


def _table(member: ArchiveMember) -> str:
    return member.name.split("/")[1] if member.name.count("/") == 2 else ""  # noqa: PLR2004 - database/table/number


def _take_site(members: Iterable[ArchiveMember], release: Path | None) -> None:
    for member in members:
        path = site_path(member.name)
        if release is not None:
            target = release / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(member.content)


def site_path(name: str) -> PurePosixPath:
    """Return where a file of the release is written, below its folder. Raises NotABackup where it would be outside."""
    path = PurePosixPath(unquote(name))
    inside = PurePosixPath("public", *path.parts[1:]) if path.parts[0] == SITE else path
    odd = path.is_absolute() or ".." in path.parts or "\0" in str(path) or "\\" in str(path)
    if odd or inside == PurePosixPath("public"):
        raise NotABackup("The backup", "holds a file that would be written elsewhere.", "Take another backup.")
    return inside


def _require_signer(signed: Signed, opening: Opening, path: Path) -> None:
    """Raise NotABackup where a backup was not signed by the server that the person named."""
    if opening.signer and signed.key != opening.signer:
        todo = "Compare with the line that `portal backup` showed on that server. Do not go on before you know why."
        raise NotABackup(str(path), f"was not made by that server: it is signed by {signed.key}.", todo)


Erased = dict[str, list[tuple[str, bytes]]]
"""What was erased, by database: tables and chunks of their rows."""


def _noted_as_erased(manifest: Manifest, opening: Opening, small: Path | None) -> tuple[Erased, Manifest | None]:
    """Return what the small backup says was erased, and what it says of itself. Raises NotABackup."""
    found: Erased = {name: [] for name in DATABASES}
    if small is None:
        return found, None
    with small.open("rb") as file:
        signed = Signed(read(file, opening.identities))
        members = iter(signed)
        about = _manifest(members, ERASURES)
        noted = list(members)
    _require_signer(signed, opening, small)
    if about.salt_mark != manifest.salt_mark:
        raise NotABackup(str(small), "belongs to another installation than the backup.", "Take that of this district.")
    if any(member.name.partition("/")[0] not in DATABASES for member in noted):
        raise NotABackup(str(small), "holds a member that no backup has.", "Take another one.")
    for member in noted:
        found[member.name.partition("/")[0]].append((_table(member), member.content))
    return found, about


def _erased_there(settings: ServerSettings, salt: bytes) -> tuple[Erased, bool]:
    """Return what was erased as the databases know that are to be replaced, and whether any could not be read.

    They may be why we are here, and an older program may have left them: they are read as they are.
    """
    found: Erased = {name: [] for name in DATABASES}
    if not _databases_there(settings):
        return found, False
    try:
        with databases.opened(settings, salt, restoring=True) as before:
            for name in DATABASES:
                found[name] += read_erasures(before[name])
    except Problem:
        return found, True
    return found, False


def _require_same_district(settings: ServerSettings, manifest: Manifest) -> None:
    """Raise Problem where portal.json is there and names another district: its desks would get another's letters."""
    if not settings.portal.exists():
        return
    name = pick(portals.read(settings.portal).district, "en")
    if name != manifest.district:
        todo = f"Name the PORTAL_DATA and PORTAL_PORTAL of {manifest.district}. If it only has a new name: --renamed"
        raise Problem("The backup", f"is of {manifest.district}, and {settings.portal} of {name}.", todo)


def erase_again(stores: Databases) -> int:
    """Erase what the marks say was erased; return how many letters, shares and sign-ups. Raises NotKept."""
    again = 0
    for store in (store for some in stores.values() for store in some):
        if isinstance(store, ConcernStore):
            again += _letters_again(store)
        elif isinstance(store, SignupStore):
            again += _signups_again(store)
    return again


def _letters_again(store: ConcernStore) -> int:
    is_erased, again = erasures.erasure_check(store), 0
    for thread, desks in store.erasing.threads().items():
        if is_erased(thread):
            # Without a notice: the backup's erasures bring it.
            store.erasing.erase_thread(thread, None, store.erasing.desks_with(thread))
            again += 1
            continue
        for desk in desks:
            if is_erased(thread, desk):
                store.erasing.erase_share(thread, desk)
                again += 1
    return again


def _signups_again(store: SignupStore) -> int:
    is_erased = erasures.erasure_check(store)
    gone = [one.id for one in store.all_signups() if one.state != CANCELLED and is_erased(one.id)]
    for signup_id in gone:
        store.remove(signup_id, None)
    return len(gone)


def _databases_there(settings: ServerSettings) -> bool:
    return any((settings.data / f"{name}.db").exists() for name in DATABASES)


def _moved(settings: ServerSettings, fresh: Path) -> ServerSettings:
    """Return the settings with the data folder, and SQLite files in it, at another place."""
    data = os.path.abspath(settings.data)  # noqa: PTH100 - by name: "." and "./" are one folder, a link is another
    urls = []
    for url in (settings.concerns_url, settings.signups_url):
        file, (_, mark, options) = config.sqlite_file(url), url.partition("?")
        path = Path(os.path.abspath(file)) if file else None  # noqa: PTH100 - likewise
        is_within = path is not None and path.is_relative_to(data)
        urls.append(f"sqlite:///{fresh / path.relative_to(data)}{mark}{options}" if path and is_within else url)
    return replace(settings, data=fresh, concerns_url=urls[0], signups_url=urls[1])


def _elsewhere(settings: ServerSettings) -> list[str]:
    """Return the databases that are no files in the data folder: they are not replaced with it."""
    moved = _moved(settings, Path("elsewhere"))
    is_same = (moved.concerns_url == settings.concerns_url, moved.signups_url == settings.signups_url)
    return [name for name, same in zip(DATABASES, is_same, strict=True) if same]


def _begin(settings: ServerSettings, stores: Databases, backup: bytes) -> None:
    """Mark the databases that a killed restore leaves behind. Raises Problem where one holds what is not its own."""
    marks = {name: restore_mark.read(some[0]) for name, some in stores.items()}
    is_own = backup in marks.values()  # whichever is marked: killed while `_end` went from one to the next
    for name, some in stores.items():
        if is_own and marks[name] in {None, backup}:
            continue
        if _is_in_use(some):
            raise _not_empty(settings, some[0], marks[name])
    for name in _elsewhere(settings):
        restore_mark.begin(stores[name][0], backup)


def _not_empty(settings: ServerSettings, store: Store, begun: bytes | None) -> Problem:
    todo = "Make an empty database, and name it in PORTAL_CONCERNS_URL or PORTAL_SIGNUPS_URL."
    if begun is None:
        return Problem(str(settings.data), "belongs to a database that holds letters or sign-ups already.", todo)
    todo = f"Type the restore of that one again. For this one: {todo[0].lower()}{todo[1:]}"
    return Problem(store.display_name, "holds a part of another backup, whose restore was cut short.", todo)


def _is_in_use(stores: Sequence[Store]) -> bool:
    return any(one.erasing.threads() for one in stores if isinstance(one, ConcernStore)) or any(
        one.all_signups() for one in stores if isinstance(one, SignupStore)
    )


def _end(settings: ServerSettings) -> None:
    """Let services use what is in its place now."""
    with databases.opened(settings, (settings.data / "salt").read_bytes(), restoring=True) as stores:
        for name in _elsewhere(settings):
            restore_mark.end(stores[name][0])


@contextmanager
def _at_rest(data: Path, *, in_place: bool) -> Iterator[None]:
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


def _put_in_place(fresh: Path, data: Path, today: date) -> Path | None:
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


def _mend(data: Path, today: date) -> None:
    """Put the data folder back that lies aside: of a restore that was killed where names cannot be exchanged.

    It knows what people erased since the backup.
    """
    aside = aside_of(data)
    if aside.exists():
        aside.rename(_free_name(data, today) if data.exists() else data)
        sync_folder(data.parent)


def _give(folder: Path, data: Path) -> None:
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


def settings_of(data: Path) -> dict[str, str]:
    """Return the variables of the machine that the backup was made on, to compare with those of this one."""
    with suppress(OSError, ValueError):
        found = json.loads((data / contents.ENVIRONMENT).read_bytes())
        return {str(name): str(text) for name, text in found.items()}
    return {}
