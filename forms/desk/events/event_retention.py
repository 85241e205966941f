"""Erases names at the desk N days after an event (portal.yml, keep: signups_days); how many came stays.

event-counts/<event>.age: event, day, how many had signed up, how many came.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.events import attendance
from forms.desk.events.attendees import CANCELLED, SignupRow
from forms.desk.events.event_records import EventRecords
from forms.desk.events.event_session import EventSession, event_folder
from forms.desk.sync.local_store import LocalStore

NAMED = ("signups", "attendance", "reminders")
"""Folders in which an event's records name persons."""


@dataclass(frozen=True)
class EventCount:
    """What stays of an event when names are erased. day: ISO, empty where it was never known."""

    event: str
    day: str
    signed_up: int
    came: int


def erase_old_names(book: EventRecords) -> list[EventCount]:
    """Erase the names of events that were over longer ago than they may be kept; what stays of each.

    Goes by the earliest day that it may be: a clock that has jumped erases nothing (forms/core/trusted_date.py).
    The count is durable before anything is erased, so an interruption loses nothing and erases nothing twice.
    Raises Problem where a folder cannot be erased: then it says which.
    """
    rows = book.signups.rows()
    over = book.signups.old_events(book.known_day.earliest)
    old = [event for event in _known(book, rows) if event in over]
    erased = []
    for event in old:
        erased.append(_keep_count(book, event, rows))
        for what in NAMED:
            erase_folder(book.session.folder / what / event_folder(event))
    if old:
        book.signups.save_rows([row for row in rows if row.event not in old])
    return erased


def _known(book: EventRecords, rows: Iterable[SignupRow]) -> list[str]:
    """Return events that have records here."""
    ids = {row.event for row in rows} | set(book.signups.last_days())
    listed = {row.event for row in rows}
    folders = {path.name for what in NAMED for path in (book.session.folder / what).glob("*") if path.is_dir()}
    return [id for id in sorted(ids) if id in listed or event_folder(id) in folders]


def erase_folder(folder: Path) -> None:
    """Erase a folder with all that it holds. Raises Problem where that fails."""
    if not folder.exists():
        return
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise Problem(
            str(folder),
            lazy_gettext("cannot be erased (%(reason)s).", reason=error.strerror),
            "Erase this folder by hand.",
        ) from None


def _keep_count(book: EventRecords, event_id: str, rows: Iterable[SignupRow]) -> EventCount:
    known = count(book.session, event_id)
    if known is not None:
        return known  # counted before an interruption: some marks may be gone by now
    event = book.event(event_id)
    day = event.starts[:10] if event else book.signups.last_days().get(event_id, "")
    signed_up = sum(row.people for row in rows if row.event == event_id and row.state != CANCELLED)
    made = EventCount(event_id, day, signed_up, attendance.came(book.attendance_by_party(event_id).values()))
    sealed = book.session.seal_for_desk(json.dumps(asdict(made)).encode())
    LocalStore(book.session.folder).save("event-counts", event_folder(event_id), sealed)
    return made


def count(session: EventSession, event_id: str) -> EventCount | None:
    """Return what stayed of an event whose names are erased, or None. Raises Problem where the file does not open."""
    records = LocalStore(session.folder)
    if not records.has("event-counts", event_folder(event_id)):
        return None
    return EventCount(**json.loads(session.open_own(records.read("event-counts", event_folder(event_id)))))
