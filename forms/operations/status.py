"""How an installation stands, in sentences with days and never times: what needs the operator, and what does not."""

import glob
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from forms.core import portal as portals
from forms.core.builds import manifest as manifests
from forms.core.builds import publishing_report
from forms.core.other_programs import run_apart
from forms.core.problem import Problem
from forms.core.trusted_date import look, servers_doubt
from forms.operations.backup import contents, databases, folder
from forms.operations.backup.databases import Databases
from forms.operations.backup.folder import ERASED, Backup
from forms.server import first_start
from forms.server.config import ServerSettings
from forms.server.in_use import InUse
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.status_questions import commits_wait, durability_doubt, last_fetched, waiting_since
from forms.server.store.database import Store
from forms.server.store.date_store import DayStore
from forms.server.store.faults import NotKept, not_kept
from forms.server.store.restore_mark import last_restore
from forms.server.store.system_tables import NO_BACKUP

LONGEST_WAIT = 3
"""Days for which a letter may wait for a desk before the operator should ask why."""

FULLEST = 80
"""Per cent of the budget of disk; beyond it the operator should look."""

LEAST_FREE = 500
"""Megabytes on the disk."""

CERTIFICATE_DAYS = 14
"""Days before the end of a certificate; certbot renews it 30 days before."""


LOSS_IS_SAID = 14
"""Days for which a database that was gone needs the operator."""


@dataclass(frozen=True)
class StatusItem:
    """One thing that is looked at. value: for programs; needs: whether the operator should do something."""

    name: str
    value: Any
    sentence: str
    needs: bool = False


@dataclass(frozen=True)
class Status:
    """How one district stands."""

    district: str
    items: tuple[StatusItem, ...]

    @property
    def needs(self) -> tuple[StatusItem, ...]:
        """What needs the operator."""
        return tuple(item for item in self.items if item.needs)

    @property
    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {"district": self.district, "needs": len(self.needs), "items": [asdict(item) for item in self.items]}


def look_at(
    name: str,
    settings: ServerSettings,
    *,
    today: Callable[[], date] | None = None,
    backups: Path | None = None,
    certificate: Path | None = None,
    due: Callable[[], list[str]] | None = None,
) -> Status:
    """Return how a district stands. Whatever cannot be looked at is an item that needs the operator."""
    items: list[StatusItem] = []
    try:
        portal = portals.read(settings.portal)
    except Problem as problem:
        return Status(name, (StatusItem("build", None, str(problem), needs=True),))
    day = (today or portal.today)()
    looks: Mapping[str, Callable[[], Iterator[StatusItem]]] = {
        "build": lambda: _build(settings, portal, day),
        "publishing": lambda: _publishing(settings, day),
        "left over": lambda: _left_over(settings, backups, day),
        "service": lambda: _service(settings),
        "database": lambda: _kept(settings, portal, day),
        "backup": lambda: _backups(settings, backups, day),
        "certificate": lambda: _certificate(certificate),
        "content": lambda: _due(due),
    }
    for what, look_there in looks.items():
        try:
            items += look_there()
        except Exception as problem:  # noqa: BLE001 - of 38 districts one that is odd hides no other, and is said
            said = problem if isinstance(problem, Problem | OSError) else type(problem).__name__
            items.append(StatusItem(what, None, f"{what} cannot be looked at: {said}", needs=True))
    return Status(name, tuple(items))


def _service(settings: ServerSettings) -> Iterator[StatusItem]:
    """Yield whether a service holds the data folder, as each does while it runs."""
    try:
        InUse(settings.data, alone=True).close()
    except Problem:
        yield StatusItem("service", True, "The service runs.")
        return
    said = "No service runs on this data folder: nobody can send anything. Look at: systemctl status portal"
    yield StatusItem("service", False, said, needs=True)


def _build(settings: ServerSettings, portal: portals.Portal, day: date) -> Iterator[StatusItem]:
    public = settings.public or settings.portal.parent.resolve() / "public"
    path = public / manifests.ADDRESS.lstrip("/")
    try:
        built = manifests.read(path.read_bytes())
    except (OSError, Problem):
        yield StatusItem("build", None, f"{path} cannot be read: the site was not published whole.", needs=True)
        return
    age = (day - date.fromisoformat(built.day)).days
    fits = built.portal == manifests.portal_digest(portal)
    said = "its pages and forms fit" if fits else "its pages do not fit its forms: publish again"
    value = {"number": built.number, "days": age, "fits": fits}
    yield StatusItem("build", value, f"Built {_ago(age)}; {said}.", needs=not fits or age < 0)


def _publishing(settings: ServerSettings, day: date) -> Iterator[StatusItem]:
    """Yield that the last try to publish failed, or was days ago: then no consent ends by itself.

    Its sentences are for staff, who see them at their desks.
    """
    report = publishing_report.read(settings.portal.parent.parent)
    if report is not None and report.problem:
        said = f"The newest content was not published on {report.day}; desks see why, and so does the journal."
        yield StatusItem("publishing", {"day": report.day}, said, needs=True)
    elif report is not None and not -1 <= (day - date.fromisoformat(report.day)).days <= 1:
        timers = "systemctl list-timers portal-update.timer portal-day.timer"
        said = f"Nothing has looked for new content since {report.day}. Look at: {timers}"
        yield StatusItem("publishing", {"day": report.day}, said, needs=True)
    elif report is not None:
        said = f"Content was looked at {_ago((day - date.fromisoformat(report.day)).days)}."
        yield StatusItem("publishing", {"day": report.day}, said)


def _left_over(settings: ServerSettings, backups: Path | None, day: date) -> Iterator[StatusItem]:
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
                f"{path} is what a restore put aside {_ago(age)}: nothing is erased there. Remove it when all is well."
            )
            yield StatusItem("put aside", str(path), said, needs=age > LOSS_IS_SAID)
    half = [*site.glob("releases/*.new"), *(backups.glob("*.unfinished") if backups else ())]
    for path in half:
        said = (
            f"{path} is left of a command that was cut short, unless one runs now. The next one of its kind removes it."
        )
        yield StatusItem("half made", str(path), said)


def _kept(settings: ServerSettings, portal: portals.Portal, day: date) -> Iterator[StatusItem]:
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
            problem = not_kept("read-only", where=store.display_name)
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
        said = f"Desk {desk.id} fetched {_ago(since)}" if since is not None else f"Desk {desk.id} has never fetched"
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
    doubt = servers_doubt(look(days.last_known(), day))
    yield StatusItem("clock", "doubted" if doubt else "believed", doubt or "The clock is believed.", needs=bool(doubt))


def _restored(found: Databases, day: date) -> Iterator[StatusItem]:
    for name, stores in found.items():
        since, on = last_restore(stores[0]) or (day, day)
        if since == NO_BACKUP:
            said = f"The database of {name} was gone {_ago((day - on).days)}: receipts of before open nothing."
            said += " If there is a backup or it lies elsewhere, stop the service and bring it back: portal restore"
            value = {"since": None, "on": on.isoformat()}
            yield StatusItem(f"lost {name}", value, said, needs=(day - on).days <= LOSS_IS_SAID)
    store: Store = found["concerns"][0]
    restored = last_restore(store)
    if restored is not None and restored[0] != NO_BACKUP:
        since, on = restored
        said = f"Brought back {_ago((day - on).days)} from the backup of {since}: receipts since then may be lost."
        yield StatusItem("restored", {"since": since.isoformat(), "on": on.isoformat()}, said)


def _backups(settings: ServerSettings, into: Path | None, day: date) -> Iterator[StatusItem]:
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
    said = f"The newest backup is {_of(age)}{'' if fits else ', and its note does not fit: portal verify'}."
    yield StatusItem("backup", {"days": age, "noted": fits}, said, needs=not 0 <= age <= 1 or not fits)
    note = folder.read_note(into / ERASED)
    small = None if note is None else (day - date.fromisoformat(note.day)).days
    said = (
        "What was erased since was never noted: portal backup --erasures"
        if small is None
        else (f"What was erased was noted {_ago(small)}.")
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


def _certificate(path: Path | None) -> Iterator[StatusItem]:
    if path is None:
        return
    if not path.exists():
        served = path.parent.parent.is_dir()  # where install-server was run
        yield StatusItem("certificate", None, f"There is no certificate at {path}.", needs=served)
        return
    left = certificate_days(path, datetime.now(UTC).date())
    if left is None:
        yield StatusItem("certificate", None, f"{path} cannot be read.", needs=True)
        return
    said = (
        f"The certificate ends in {left} days." if left >= 0 else "The certificate has ended: browsers refuse the site."
    )
    yield StatusItem("certificate", left, said, needs=left < CERTIFICATE_DAYS)


def certificate_days(path: Path, today: date) -> int | None:
    """Return for how many days a certificate (PEM) is good, or None where it cannot be read."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    asked = [openssl, "x509", "-noout", "-enddate", "-in", str(path)]
    said = run_apart(asked, longest=30).stdout.decode("utf-8", "replace")
    with suppress(ValueError):
        # notAfter=Feb 27 10:00:00 2027 GMT
        month, number, clock, year, *_ = said.strip().partition("=")[2].split()
        return (parsedate_to_datetime(f"{number} {month} {year} {clock} +0000").date() - today).days
    return None


def _due(due: Callable[[], list[str]] | None) -> Iterator[StatusItem]:
    """Yield helplines to be called again and consents that end, where the content is on this machine."""
    if due is None:
        yield StatusItem("content", None, "Helplines and consents: see `status` on the machine that builds the site.")
        return
    try:
        found = due()
    except Exception as problem:  # noqa: BLE001 - whatever is wrong with the content, the rest is said
        yield StatusItem("content", None, f"The content cannot be checked: {problem}", needs=True)
        return
    yield from (StatusItem("content", line, line, needs=True) for line in found)
    if not found:
        yield StatusItem("content", 0, "No helpline is due, and no consent ends soon.")


def _ago(days: int) -> str:
    if days < 0:
        return f"on a day that is {-days} days ahead"
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def _of(days: int) -> str:
    if days < 0:
        return f"of a day that is {-days} days ahead: a clock was wrong, or it is not of here"
    return {0: "of today", 1: "of yesterday"}.get(days, f"{days} days old")
