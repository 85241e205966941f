"""Bring an installation back from a backup, on a bare machine or in the place of a broken one.

The backup is read to its end, and its signature held against it, before anything is written. Then everything is written
beside the data folder, which it replaces at the end; a database that is no file in that folder is marked until then
(forms/server/store/restore_mark.py), so that no service uses the half of it and the same restore can begin again. What
people had erased since the backup is erased again before anybody can see it.
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
    mend(data, today)
    with at_rest(data, in_place=in_place):
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
            give(fresh, data)
            before = put_in_place(fresh, data, today)
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
        identity = require_whole_and_signed(file, opening, backup)
        signed = Signed(read(file, opening.identities))
        members = iter(signed)
        manifest = manifest_in(members, FULL)
        if not renamed:
            _require_same_district(settings, manifest)
        salt = expected(members, contents.SALT).content
        if config.salt_mark(salt) != manifest.salt_mark:
            raise NotABackup(str(backup), "holds another salt than it says.", "Take another backup.")
        erased, small = noted_as_erased(manifest, opening, erasures)
        there, unread = erased_there(settings, salt)
        write_safely(fresh / "salt", salt)
        stores = stack.enter_context(databases.opened(_moved(settings, fresh), salt, make=True, restoring=True))
        _begin(settings, stores, identity)
        rows = take_members(members, stores, fresh, release)
        if signed.digest != identity:
            raise NotABackup(str(backup), "was changed while it was read.", "Copy it to a disk of your own first.")
        for database, chunks in (*erased.items(), *there.items()):
            write_rows(stores[database], chunks)
        again = erase_again(stores)
        for database in DATABASES:
            restore_mark.note_restored(stores[database][0], date.fromisoformat(manifest.day), today)
        return Restored(manifest, signed.key, rows, again, erasures=small, unread=unread)


def _require_same_district(settings: ServerSettings, manifest: Manifest) -> None:
    """Raise Problem where portal.json is there and names another district: its desks would get another's letters."""
    if not settings.portal.exists():
        return
    name = pick(portals.read(settings.portal).district, "en")
    if name != manifest.district:
        todo = f"Name the PORTAL_DATA and PORTAL_PORTAL of {manifest.district}. If it only has a new name: --renamed"
        raise Problem("The backup", f"is of {manifest.district}, and {settings.portal} of {name}.", todo)


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


def settings_of(data: Path) -> dict[str, str]:
    """Return the variables of the machine that the backup was made on, to compare with those of this one."""
    with suppress(OSError, ValueError):
        found = json.loads((data / contents.ENVIRONMENT).read_bytes())
        return {str(name): str(text) for name, text in found.items()}
    return {}
