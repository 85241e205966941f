"""Bring an installation back from a backup, on a bare machine or in the place of a broken one.

The whole backup is read and its signature verified before anything is written. Then everything is written beside the
data folder, and replaces it at the end. A database outside that folder is marked until then
(forms/server/store/restore_mark.py), so that no service uses a partial restore and the same command can be repeated.
What people had erased since the backup is erased again before a service can read it.
"""

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from forms.core import portal as portals
from forms.core.files.durable import write_safely
from forms.core.portal import pick
from forms.core.problem import Problem
from forms.operations.backup import contents, databases
from forms.operations.backup.archive import NotABackup
from forms.operations.backup.contents import DATABASES, FULL, Manifest
from forms.operations.backup.data_folder import at_rest, give, mend, put_in_place
from forms.operations.backup.databases import Databases
from forms.operations.backup.erasing_again import erase_again, erased_there, noted_as_erased
from forms.operations.backup.members import expected, manifest_in, require_whole_and_signed, take_members
from forms.operations.backup.opening import Opening, Signed, read
from forms.server import config
from forms.server.config import ServerSettings
from forms.server.store import restore_mark
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.database import Store
from forms.server.store.rows import write_rows
from forms.server.store.signups.signup_store import SignupStore

_UNDER_WAY = ".restoring"
"""An empty file in the folder of the release until the data folder is in place: so the command can be repeated."""


@dataclass(frozen=True)
class Restored:
    """The result of a restore. rows: of all tables; erased_again: letters and sign-ups erased since the backup.

    before: the previous data folder; erasures: the manifest of the small backup; unread: whether existing databases
    could not be read, so that erasures recorded only there are lost.
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

    erasures: the newest small backup of erasures. release: a new folder for portal.json and the site. in_place: whether
    an existing data folder may be replaced; it is renamed and kept. renamed: whether the district of the backup may
    have another name than in portal.json. No service can start on the folder meanwhile.
    """
    data = Path(os.path.abspath(settings.data))  # noqa: PTH100 - "." has no name; a link is replaced, not followed
    release = Path(os.path.abspath(release)) if release else None  # noqa: PTH100 - likewise
    new_data = data.with_name(f"{data.name}.restoring")
    new_release = release.with_name(f"{release.name}.restoring") if release else None
    is_repeated = release is not None and (release / _UNDER_WAY).exists()
    if release and release.exists() and not is_repeated and (not release.is_dir() or any(release.iterdir())):
        raise Problem(str(release), "is not empty.", "Name a new folder for the release.")
    mend(data, today)
    with at_rest(data, in_place=in_place):
        created = [new_data, *([new_release] if new_release else [])]
        for folder in created:
            shutil.rmtree(folder, ignore_errors=True)
        if is_repeated and release and new_release:  # the earlier run ended before the data folder was in place
            release.rename(new_release)
            shutil.rmtree(new_release)
        try:
            new_data.mkdir(parents=True, mode=0o700)
            restored = _restore_into(settings, new_data, backup, opening, today, erasures, new_release, renamed=renamed)
            if release and new_release and new_release.exists():
                (new_release / _UNDER_WAY).touch()
                new_release.replace(release)  # also where an empty folder is there
            give(new_data, data)
            before = put_in_place(new_data, data, today)
            if _databases_elsewhere(settings):
                _end_restore(settings)
            if release:
                (release / _UNDER_WAY).unlink(missing_ok=True)
        except BaseException:
            for folder in created:
                shutil.rmtree(folder, ignore_errors=True)
            raise
    return replace(restored, before=before)


def _restore_into(
    settings: ServerSettings,
    new_data: Path,
    backup: Path,
    opening: Opening,
    today: date,
    erasures: Path | None,
    release: Path | None,
    *,
    renamed: bool,
) -> Restored:
    """Restore a backup into empty databases and a new data folder.

    Raises NotABackup where its parts do not fit together.
    """
    with ExitStack() as stack, backup.open("rb") as file:
        identity = require_whole_and_signed(file, opening, backup)
        signed = Signed(read(file, opening.identities))
        members = iter(signed)
        manifest = manifest_in(members, FULL)
        if not renamed:
            _require_same_district(settings, manifest)
        salt = expected(members, contents.SALT).content
        if config.salt_mark(salt) != manifest.salt_mark:
            raise NotABackup(str(backup), "holds another salt than it says.", "Take another backup.")
        erased, erasures_manifest = noted_as_erased(manifest, opening, erasures)
        erased_here, unread = erased_there(settings, salt)
        write_safely(new_data / "salt", salt)
        stores = stack.enter_context(databases.opened(_moved(settings, new_data), salt, make=True, restoring=True))
        _begin_restore(settings, stores, identity)
        rows = take_members(members, stores, new_data, release)
        if signed.digest != identity:
            raise NotABackup(str(backup), "was changed while it was read.", "Copy it to a disk of your own first.")
        for database, chunks in (*erased.items(), *erased_here.items()):
            write_rows(stores[database], chunks)
        erased_count = erase_again(stores)
        for database in DATABASES:
            restore_mark.note_restored(stores[database][0], date.fromisoformat(manifest.day), today)
        return Restored(manifest, signed.key, rows, erased_count, erasures=erasures_manifest, unread=unread)


def _require_same_district(settings: ServerSettings, manifest: Manifest) -> None:
    """Raise Problem where portal.json is there and names another district: its desks would get another's letters."""
    if not settings.portal.exists():
        return
    name = pick(portals.read(settings.portal).district, "en")
    if name != manifest.district:
        todo = f"Name the PORTAL_DATA and PORTAL_PORTAL of {manifest.district}. If it only has a new name: --renamed"
        raise Problem("The backup", f"is of {manifest.district}, and {settings.portal} of {name}.", todo)


def _moved(settings: ServerSettings, new_data: Path) -> ServerSettings:
    """Return the settings with the data folder, and SQLite files in it, at another place."""
    data = os.path.abspath(settings.data)  # noqa: PTH100 - by name: "." and "./" are one folder, a link is another
    urls = []
    for url in (settings.concerns_url, settings.signups_url):
        file, (_, mark, options) = config.sqlite_file(url), url.partition("?")
        path = Path(os.path.abspath(file)) if file else None  # noqa: PTH100 - likewise
        is_within = path is not None and path.is_relative_to(data)
        urls.append(f"sqlite:///{new_data / path.relative_to(data)}{mark}{options}" if path and is_within else url)
    return replace(settings, data=new_data, concerns_url=urls[0], signups_url=urls[1])


def _databases_elsewhere(settings: ServerSettings) -> list[str]:
    """Return the databases outside the data folder, which are not replaced with it."""
    moved = _moved(settings, Path("elsewhere"))
    is_same = (moved.concerns_url == settings.concerns_url, moved.signups_url == settings.signups_url)
    return [name for name, same in zip(DATABASES, is_same, strict=True) if same]


def _begin_restore(settings: ServerSettings, stores: Databases, backup: bytes) -> None:
    """Mark the databases as partly restored. Raises Problem where one holds other data."""
    marks = {name: restore_mark.read(own[0]) for name, own in stores.items()}
    is_own = backup in marks.values()  # either: the command may have been killed between the two
    for name, own in stores.items():
        if is_own and marks[name] in {None, backup}:
            continue
        if _is_in_use(own):
            raise _not_empty(settings, own[0], marks[name])
    for name in _databases_elsewhere(settings):
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


def _end_restore(settings: ServerSettings) -> None:
    """Remove the marks of a partial restore, so that services can use the databases."""
    with databases.opened(settings, (settings.data / "salt").read_bytes(), restoring=True) as stores:
        for name in _databases_elsewhere(settings):
            restore_mark.end(stores[name][0])


def settings_of(data: Path) -> dict[str, str]:
    """Return the settings of the machine on which the backup was made, by variable."""
    with suppress(OSError, ValueError):
        variables = json.loads((data / contents.ENVIRONMENT).read_bytes())
        return {str(name): str(text) for name, text in variables.items()}
    return {}
