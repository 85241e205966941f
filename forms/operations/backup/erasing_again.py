"""Erase again, after a restore, what people had erased since the backup."""

from pathlib import Path

from forms.core.problem import Problem
from forms.operations.backup import databases
from forms.operations.backup.archive import NotABackup
from forms.operations.backup.contents import DATABASES, ERASURES, Manifest
from forms.operations.backup.databases import Databases
from forms.operations.backup.members import manifest_in, require_signer, table_of
from forms.operations.backup.opening import Opening, Signed, read
from forms.server.config import ServerSettings
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.erasures import erasure_check
from forms.server.store.rows import read_erasures
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.signups.signup_tables import CANCELLED

Erased = dict[str, list[tuple[str, bytes]]]
"""What was erased, by database: tables and chunks of their rows."""


def noted_as_erased(manifest: Manifest, opening: Opening, small: Path | None) -> tuple[Erased, Manifest | None]:
    """Return what the small backup says was erased, and what it says of itself. Raises NotABackup."""
    found: Erased = {name: [] for name in DATABASES}
    if small is None:
        return found, None
    with small.open("rb") as file:
        signed = Signed(read(file, opening.identities))
        members = iter(signed)
        about = manifest_in(members, ERASURES)
        noted = list(members)
    require_signer(signed, opening, small)
    if about.salt_mark != manifest.salt_mark:
        raise NotABackup(str(small), "belongs to another installation than the backup.", "Take that of this district.")
    if any(member.name.partition("/")[0] not in DATABASES for member in noted):
        raise NotABackup(str(small), "holds a member that no backup has.", "Take another one.")
    for member in noted:
        found[member.name.partition("/")[0]].append((table_of(member), member.content))
    return found, about


def erased_there(settings: ServerSettings, salt: bytes) -> tuple[Erased, bool]:
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
    is_erased, again = erasure_check(store), 0
    for thread, desks in store.erasing.threads().items():
        if is_erased(thread):
            # Without a notice, which is already among the rows of the erasures.
            store.erasing.erase_thread(thread, None, store.erasing.desks_with(thread))
            again += 1
            continue
        for desk in desks:
            if is_erased(thread, desk):
                store.erasing.erase_share(thread, desk)
                again += 1
    return again


def _signups_again(store: SignupStore) -> int:
    is_erased = erasure_check(store)
    gone = [one.id for one in store.all_signups() if one.state != CANCELLED and is_erased(one.id)]
    for signup_id in gone:
        store.remove(signup_id, None)
    return len(gone)


def _databases_there(settings: ServerSettings) -> bool:
    return any((settings.data / f"{name}.db").exists() for name in DATABASES)
