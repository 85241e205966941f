"""Erase names some days after an event (portal.yml, keep: signups_days); the counts remain.

event-counts/<event>.age: the event, its day, how many people had signed up, how many came.
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

PERSONAL_FOLDERS = ("signups", "attendance", "reminders")
"""Folders in which an event's records name people."""


@dataclass(frozen=True)
class EventCount:
    """What remains of an event when names are erased. day: ISO, empty if it was never known."""

    event: str
    day: str
    signed_up: int
    came: int


def erase_old_names(records: EventRecords) -> list[EventCount]:
    """Erase the names of events whose retention is over; return the counts that remain.

    The earliest possible day counts, so that a clock that has jumped erases nothing (forms/core/trusted_date.py). The
    count is durable before anything is erased, so an interruption loses nothing and counts nothing twice. Raises
    Problem if a folder cannot be erased.
    """
    rows = records.signups.rows()
    expired = records.signups.old_events(records.known_day.earliest)
    old = [event for event in _recorded_events(records, rows) if event in expired]
    counts = []
    for event in old:
        counts.append(_save_count(records, event, rows))
        for name in PERSONAL_FOLDERS:
            erase_folder(records.session.folder / name / event_folder(event))
    if old:
        records.signups.save_rows([row for row in rows if row.event not in old])
    return counts


def _recorded_events(records: EventRecords, rows: Iterable[SignupRow]) -> list[str]:
    """Return the ids of the events that have records on this machine."""
    with_rows = {row.event for row in rows}
    parents = [records.session.folder / name for name in PERSONAL_FOLDERS]
    folders = {path.name for parent in parents for path in parent.glob("*") if path.is_dir()}
    ids = with_rows | set(records.signups.last_days())
    return [id for id in sorted(ids) if id in with_rows or event_folder(id) in folders]


def erase_folder(folder: Path) -> None:
    """Delete a folder with its content. Raises Problem if that fails."""
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


def _save_count(records: EventRecords, event_id: str, rows: Iterable[SignupRow]) -> EventCount:
    """Count an event, and store the count durably; return the stored one if it exists."""
    stored = stored_count(records.session, event_id)
    if stored is not None:
        return stored  # from before an interruption: some marks may have been erased since
    event = records.event(event_id)
    day = event.starts[:10] if event else records.signups.last_days().get(event_id, "")
    signed_up = sum(row.people for row in rows if row.event == event_id and row.state != CANCELLED)
    came = attendance.count_people(records.attendance_by_party(event_id).values())
    count = EventCount(event_id, day, signed_up, came)
    sealed = records.session.seal_for_desk(json.dumps(asdict(count)).encode())
    LocalStore(records.session.folder).save("event-counts", event_folder(event_id), sealed)
    return count


def stored_count(session: EventSession, event_id: str) -> EventCount | None:
    """Return the count of an event whose names are erased, else None. Raises Problem if it cannot be decrypted."""
    store = LocalStore(session.folder)
    if not store.has("event-counts", event_folder(event_id)):
        return None
    return EventCount(**json.loads(session.open_own(store.read("event-counts", event_folder(event_id)))))
