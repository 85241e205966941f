"""The databases in `status`: whether letters can be stored, how much room is left, what waits for desks."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from forms.core import portal as portals
from forms.core.problem import Problem
from forms.core.trusted_date import observe, server_clock_warning
from forms.operations.backup.databases import Databases, opened, require_is_there, require_salt
from forms.operations.status.backup_items import MAX_LOSS_DAYS
from forms.operations.status.items import StatusItem, days_ago
from forms.server import first_start
from forms.server.config import ServerSettings
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.status_questions import commits_wait, durability_doubt, last_fetched, waiting_since
from forms.server.store.database import Store
from forms.server.store.date_store import DateStore
from forms.server.store.faults import NotKept, not_kept
from forms.server.store.restore_mark import last_restore
from forms.server.store.system_tables import NO_BACKUP

MAX_WAIT_DAYS = 3
"""Days for which a letter may wait for a desk before the operator should ask why."""

MAX_BUDGET_PERCENT = 80
"""Per cent of the disk budget; from there on the operator should act."""

MIN_FREE_MEGABYTES = 500
"""Megabytes on the disk; below it the operator should act."""


def database_items(settings: ServerSettings, portal: portals.Portal, day: date) -> Iterator[StatusItem]:
    """Yield the state of both databases. One that cannot be opened is an item that needs the operator."""
    try:
        first_start.require_same_folder(settings)
        salt = require_salt(settings)
        require_is_there(settings)
        with opened(settings, salt) as stores:
            yield from _items_of(stores, settings, portal, day)
    except NotKept as problem:
        yield StatusItem("database", problem.fault or "other", f"No letter can be kept. {problem}", needs=True)
    except Problem as problem:
        yield StatusItem("database", "other", f"No letter can be kept. {problem}", needs=True)


def _items_of(
    databases: Databases, settings: ServerSettings, portal: portals.Portal, day: date
) -> Iterator[StatusItem]:
    """Yield the state of opened databases; of an older schema only that, since its tables may differ."""
    if not all(stores[0].is_current() for stores in databases.values()):
        sentence = "The service runs an earlier version of this program than is installed: systemctl restart portal"
        yield StatusItem("database", "schema", sentence, needs=True)
        return
    yield from _write_faults(databases)
    yield from room_items(settings, databases)
    yield from _durability_items(databases)
    yield from _desk_items(portal, databases, day)
    yield from _clock_items(databases, day)
    yield from _restore_items(databases, day)


def room_items(settings: ServerSettings, databases: Databases) -> Iterator[StatusItem]:
    """Yield how much room the databases and the disk have left."""
    for name, stores in databases.items():
        used = 100 * stores[0].size // settings.budget
        sentence = f"The database of {name} uses {used} % of its budget."
        yield StatusItem(f"room of {name}", used, sentence, needs=used >= MAX_BUDGET_PERCENT)
    free = shutil.disk_usage(settings.data).free // 1_000_000
    yield StatusItem("disk", free, f"{free} MB are free on the disk.", needs=free < MIN_FREE_MEGABYTES)


def _write_faults(databases: Databases) -> Iterator[StatusItem]:
    """Yield databases that can be read but not written: no letter could be stored."""
    for name, stores in databases.items():
        problem = _write_fault(stores[0])
        if problem:
            sentence = f"No letter can be kept. {problem}"
            yield StatusItem(f"database of {name}", problem.fault or "other", sentence, needs=True)


def _write_fault(store: Store) -> NotKept | None:
    """Return why a SQLite database cannot be written, or None.

    PostgreSQL is not tried: a commit may wait for a replica without end (see _durability_items).
    """
    if store.engine.dialect.name != "sqlite":
        return None
    file = Path(store.engine.url.database or "")
    if not all(os.access(path, os.W_OK) for path in (file, file.parent)):
        return not_kept("read-only", where=store.display_name)
    try:
        store.probe()  # a disk with errors still reports that it is writable
    except NotKept as problem:
        return problem
    return None


def _durability_items(databases: Databases) -> Iterator[StatusItem]:
    """Yield PostgreSQL databases that can lose a stored letter, or whose commits wait for a replica."""
    for name, stores in databases.items():
        doubt, wait = durability_doubt(stores[0]), commits_wait(stores[0])
        if doubt:
            sentence = f"The database of {name} {doubt} A letter whose receipt was shown can be lost."
            yield StatusItem(f"durability of {name}", doubt, sentence, needs=True)
        if wait:
            yield StatusItem(f"replica of {name}", "waits", f"The database of {name} {wait}", needs=True)


def _desk_items(portal: portals.Portal, databases: Databases, day: date) -> Iterator[StatusItem]:
    """Yield when each desk fetched last, and whether something has waited too long for it."""
    letters = [store for stores in databases.values() for store in stores if isinstance(store, ConcernStore)]
    fetched, waiting_from = _by_desk(map(last_fetched, letters), max), _by_desk(map(waiting_since, letters), min)
    for desk in portal.desks:
        since = None if desk.id not in fetched else max(0, (day - fetched[desk.id]).days)
        waiting = max(0, (day - waiting_from[desk.id]).days) if desk.id in waiting_from else 0
        is_late = waiting >= MAX_WAIT_DAYS
        sentence = f"Desk {desk.id} has never fetched" if since is None else f"Desk {desk.id} fetched {days_ago(since)}"
        sentence += f", and something has waited for {waiting} days: ask there." if is_late else "."
        yield StatusItem(f"desk {desk.id}", {"days": since, "late": is_late}, sentence, needs=is_late)


def _by_desk(stores: Iterable[Mapping[str, date]], choose: Callable[[date, date], date]) -> dict[str, date]:
    """Return one date for each desk, chosen from those of several stores."""
    chosen: dict[str, date] = {}
    for days in stores:
        for desk, day in days.items():
            chosen[desk] = choose(day, chosen.get(desk, day))
    return chosen


def _clock_items(databases: Databases, day: date) -> Iterator[StatusItem]:
    days = next(store for store in databases["concerns"] if isinstance(store, DateStore))
    doubt = server_clock_warning(observe(days.last_known(), day))
    yield StatusItem("clock", "doubted" if doubt else "believed", doubt or "The clock is believed.", needs=bool(doubt))


def _restore_items(databases: Databases, day: date) -> Iterator[StatusItem]:
    """Yield databases that were lost, and the last restore."""
    for name, stores in databases.items():
        since, on = last_restore(stores[0]) or (day, day)
        if since == NO_BACKUP:
            sentence = (
                f"The database of {name} was gone {days_ago((day - on).days)}: receipts of before open nothing."
                " If there is a backup or it lies elsewhere, stop the service and bring it back: portal restore"
            )
            value = {"since": None, "on": on.isoformat()}
            yield StatusItem(f"lost {name}", value, sentence, needs=(day - on).days <= MAX_LOSS_DAYS)
    restored = last_restore(databases["concerns"][0])
    if restored is not None and restored[0] != NO_BACKUP:
        since, on = restored
        ago = days_ago((day - on).days)
        sentence = f"Brought back {ago} from the backup of {since}: receipts since then may be lost."
        yield StatusItem("restored", {"since": since.isoformat(), "on": on.isoformat()}, sentence)
