"""The records of one unlocked events desk: sign-ups and attendance. All files are encrypted.

attendance/<event>/<mark>.age: the marks. For sign-ups see signup_list.py, for what remains after names are erased
event_retention.py.
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.ids import new_id
from forms.core.portal import Event
from forms.core.problem import Problem
from forms.core.trusted_date import TrustedDate, day_here
from forms.desk.events import attendance
from forms.desk.events.attendance import Attendance, Mark
from forms.desk.events.attendees import CANCELLED, Gathering, Party, build_gatherings, build_party, in_queue_order
from forms.desk.events.event_session import EventSession, current_minute, event_folder
from forms.desk.events.signup_list import FetchedSignups, SignupList
from forms.desk.sync.date_file import DateFile
from forms.desk.sync.local_store import LocalStore


def open_event_records(session: EventSession, today: Callable[[], date] = day_here) -> "EventRecords":
    """Return the event records of this desk. Raises Problem if the desk does not read sign-ups."""
    if "signup" not in session.own_desk.reads:
        readers = ", ".join(desk.id for desk in session.portal.desks if "signup" in desk.reads) or "none"
        raise Problem(
            lazy_gettext("desk %(desk)s", desk=session.own_desk.id),
            "does not read sign-ups.",
            lazy_gettext("Open the desk that does: %(readers)s.", readers=readers),
        )
    return EventRecords(session, today)


ACTIONS = ("remove", "let-in", "pass-over", "let-go")
"""The actions of the events desk on a sign-up; `let-go` is for an event whose waiting list is held."""


class EventRecords:
    """Events, sign-ups and marks. Its methods raise Problem with a sentence, and then leave nothing half done."""

    def __init__(
        self, session: EventSession, today: Callable[[], date] = day_here, now: Callable[[], str] = current_minute
    ) -> None:
        self.session, self._today, self._now = session, today, now
        self.signups = SignupList(session)
        self._store = LocalStore(session.folder)
        self._dates = DateFile(session.folder)

    @property
    def today(self) -> date:
        """The day by this machine's clock."""
        return self._today()

    @property
    def known_day(self) -> TrustedDate:
        """The day by this machine's clock and as confirmed by the server; the retention of names relies on it."""
        return self._dates.update(self._today())

    def fetch(self) -> FetchedSignups:
        """Fetch the portal and what is new. If the server is away, what was fetched before remains."""
        away = self.session.sync().away
        return FetchedSignups(away=away) if away else self.signups.fetch(self.known_day.earliest)

    def act(self, target: str, action: str) -> None:
        """Carry out one of ACTIONS on the server, and fetch the list again. Raises Problem.

        target: the id of a sign-up, or for `let-go` that of an event.
        """
        if action not in ACTIONS:
            raise Problem(
                "sign-up",
                lazy_gettext("%(action)s is no action.", action=action),
                lazy_gettext("There are: %(names)s.", names=", ".join(ACTIONS)),
            )
        self.session.server.act_on_signup(target, action)
        self.fetch()

    def gatherings(self) -> list[Gathering]:
        """Return all events with sign-ups or places, those that need attention first."""
        return build_gatherings(self.signups.rows(), self.session.portal.events, self.today)

    def gathering(self, event_id: str) -> Gathering:
        """Return one event. Raises Problem if neither the portal nor a sign-up names it."""
        rows = tuple(in_queue_order(self.signups.rows_of(event_id)))
        event = self.event(event_id)
        if event is None and not rows:
            raise Problem(event_id, "There is no such event.", "See the list of events.")
        return Gathering(event_id, event, rows)

    def event(self, event_id: str) -> Event | None:
        """Return the portal's event, or None."""
        return next((event for event in self.session.portal.events if event.id == event_id), None)

    def parties(self, gathering: Gathering) -> list[Party]:
        """Return who comes and who waits, with their decrypted letters, which are kept in memory only."""
        return [build_party(row, self.signups.letter(row)) for row in gathering.rows if row.state != CANCELLED]

    def marks(self, event_id: str) -> list[Mark]:
        """Return all marks of an event that can be decrypted."""
        return [mark for _, mark in self._marks(event_id) if mark is not None]

    def unreadable_marks(self, event_id: str) -> int:
        """Return how many marks cannot be decrypted here: made before this machine's key was known, or damaged."""
        return sum(mark is None for _, mark in self._marks(event_id))

    def _marks(self, event_id: str) -> Iterator[tuple[str, Mark | None]]:
        folder = f"attendance/{event_folder(event_id)}"
        for name in self._store.ids(folder):
            yield name, self._read_mark(self._store.read(folder, name))

    def _read_mark(self, sealed: bytes) -> Mark | None:
        try:
            return attendance.read_mark(self.session.open_own(sealed))
        except Problem:
            return None

    def attendance_by_party(self, event_id: str) -> dict[str, Attendance]:
        """Return the attendance of each party that was marked, by id."""
        return attendance.attendance_by_party(self.marks(event_id))

    def mark(self, event_id: str, about: str, people: int) -> Mark:
        """Record how many of a party came (0: nobody). Durable when this returns. Raises Problem."""
        known = {row.id for row in self.gathering(event_id).rows} | set(self.attendance_by_party(event_id))
        if about not in known:
            raise Problem("party", "There is no such party at this event.", "Look at the list again.")
        return self._save_mark(event_id, about, people, "")

    def walk_in(self, event_id: str, name: str, people: int) -> Mark:
        """Record people who came without a sign-up; the name may be empty. Raises Problem."""
        self.gathering(event_id)
        if people < 1:
            raise Problem("people", "Nobody came, it says.", "Write 1 or more.")
        return self._save_mark(event_id, new_id(), people, name.strip() or "-")

    def _save_mark(self, event_id: str, about: str, people: int, name: str) -> Mark:
        mark = attendance.new_mark(
            event_id, about, people, self.session.member, self._now(), self.marks(event_id), name
        )
        sealed = self.session.seal_for_desk(attendance.as_bytes(mark))
        self._store.save(f"attendance/{event_folder(event_id)}", mark.id, sealed)
        return mark

    def import_marks(self, folder: Path) -> int:
        """Import the marks of another machine of this desk from a copy of its `attendance` folder; return how many.

        Marks are only added, so this is idempotent. Raises Problem if there is no such folder.
        """
        if not folder.is_dir():
            raise Problem(
                str(folder), "is no folder.", "Copy the folder `attendance` of the other machine, and name it."
            )
        new = 0
        for path in sorted(folder.rglob("*.age")):
            sealed = path.read_bytes()
            mark = self._read_mark(sealed)
            if mark is not None and not self._store.has(f"attendance/{event_folder(mark.event)}", mark.id):
                self._store.save(f"attendance/{event_folder(mark.event)}", mark.id, sealed)
                new += 1
        return new
