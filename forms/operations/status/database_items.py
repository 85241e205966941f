"""The databases in `status`: whether letters can be kept, how much room is left, what waits for desks."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path

from forms.core import portal as portals
from forms.core.problem import Problem
from forms.core.trusted_date import look, servers_doubt
from forms.operations.backup import databases
from forms.operations.backup.databases import Databases
from forms.operations.status.backup_items import LOSS_IS_SAID
from forms.operations.status.items import StatusItem, ago
from forms.server import first_start
from forms.server.config import ServerSettings
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.status_questions import commits_wait, durability_doubt, last_fetched, waiting_since
from forms.server.store.database import Store
from forms.server.store.date_store import DayStore
from forms.server.store.faults import NotKept, not_kept
from forms.server.store.installation import EVERYTHING

LONGEST_WAIT = 3
"""Days for which a letter may wait for a desk before the operator should ask why."""

FULLEST = 80
"""Per cent of the budget of disk; beyond it the operator should look."""

LEAST_FREE = 500
"""Megabytes on the disk."""


def database_items(settings: ServerSettings, portal: portals.Portal, day: date) -> Iterator[StatusItem]:
    try:
        first_start.require_as_before(settings)
        salt = databases.require_salt(settings)
        databases.require_is_there(settings)
        with databases.opened(settings, salt) as found:
            if not all(stores[0].is_current() for stores in found.values()):
                said = "The service runs an earlier version of this program than is installed: systemctl restart portal"
                yield StatusItem("database", "schema", said, needs=True)
                return
            yield from _writable(found)
            yield from room_items(settings, found)
            yield from _durable(found)
            yield from _desks(portal, found, day)
            yield from _clock(found, day)
            yield from _restored(found, day)
    except NotKept as problem:
        yield StatusItem("database", problem.fault or "other", f"No letter can be kept. {problem}", needs=True)
    except Problem as problem:
        yield StatusItem("database", "other", f"No letter can be kept. {problem}", needs=True)


def room_items(settings: ServerSettings, found: Databases) -> Iterator[StatusItem]:
    """Yield how much room the databases and the disk have left."""
    for name, stores in found.items():
        used = 100 * stores[0].size // settings.budget
        said = f"The database of {name} uses {used} % of its budget."
        yield StatusItem(f"room of {name}", used, said, needs=used >= FULLEST)
    free = shutil.disk_usage(settings.data).free // 1_000_000
    yield StatusItem("disk", free, f"{free} MB are free on the disk.", needs=free < LEAST_FREE)


def _writable(found: Databases) -> Iterator[StatusItem]:
    """Yield databases that may be read and not written: a letter would not be kept."""
    for name, stores in found.items():
        store = stores[0]
        file = Path(store.engine.url.database or "") if store.engine.dialect.name == "sqlite" else None
        problem = None
        if file and not all(os.access(one, os.W_OK) for one in (file, file.parent)):
            problem = not_kept("read-only", where=store.named)
        elif file:  # a commit of PostgreSQL may wait for a replica for ever: _durable looks at it
            try:
                store.probe()  # a disk that failed says that it may be written
            except NotKept as told:
                problem = told
        if problem:
            said = f"No letter can be kept. {problem}"
            yield StatusItem(f"database of {name}", problem.fault or "other", said, needs=True)


def _durable(found: Databases) -> Iterator[StatusItem]:
    """Yield where a server of PostgreSQL says that it can lose what it has answered as kept, or waits for a replica."""
    for name, stores in found.items():
        doubt, wait = durability_doubt(stores[0]), commits_wait(stores[0])
        if doubt:
            said = f"The database of {name} {doubt} A letter whose receipt was shown can be lost."
            yield StatusItem(f"durability of {name}", doubt, said, needs=True)
        if wait:
            yield StatusItem(f"replica of {name}", "waits", f"The database of {name} {wait}", needs=True)


def _desks(portal: portals.Portal, found: Databases, day: date) -> Iterator[StatusItem]:
    letters = [store for stores in found.values() for store in stores if isinstance(store, ConcernStore)]
    fetched, waits = _by_desk(map(last_fetched, letters), max), _by_desk(map(waiting_since, letters), min)
    for desk in portal.desks:
        since = None if desk.id not in fetched else max(0, (day - fetched[desk.id]).days)
        waiting = max(0, (day - waits[desk.id]).days) if desk.id in waits else 0
        said = f"Desk {desk.id} fetched {ago(since)}" if since is not None else f"Desk {desk.id} has never fetched"
        late = waiting >= LONGEST_WAIT
        said += f", and something has waited for {waiting} days: ask there." if late else "."
        yield StatusItem(f"desk {desk.id}", {"days": since, "late": late}, said, needs=late)


def _by_desk(stores: Iterable[Mapping[str, date]], choose: Callable[[date, date], date]) -> dict[str, date]:
    """Return one day for each desk, of those that several stores know."""
    found: dict[str, date] = {}
    for days in stores:
        for desk, day in days.items():
            found[desk] = choose(day, found.get(desk, day))
    return found


def _clock(found: Databases, day: date) -> Iterator[StatusItem]:
    days = next(store for store in found["concerns"] if isinstance(store, DayStore))
    doubt = servers_doubt(look(days.remembered(), day))
    yield StatusItem("clock", "doubted" if doubt else "believed", doubt or "The clock is believed.", needs=bool(doubt))


def _restored(found: Databases, day: date) -> Iterator[StatusItem]:
    for name, stores in found.items():
        since, on = stores[0].restored() or (day, day)
        if since == EVERYTHING:
            said = f"The database of {name} was gone {ago((day - on).days)}: receipts of before open nothing."
            said += " If there is a backup or it lies elsewhere, stop the service and bring it back: portal restore"
            value = {"since": None, "on": on.isoformat()}
            yield StatusItem(f"lost {name}", value, said, needs=(day - on).days <= LOSS_IS_SAID)
    store: Store = found["concerns"][0]
    restored = store.restored()
    if restored is not None and restored[0] != EVERYTHING:
        since, on = restored
        said = f"Brought back {ago((day - on).days)} from the backup of {since}: receipts since then may be lost."
        yield StatusItem("restored", {"since": since.isoformat(), "on": on.isoformat()}, said)
