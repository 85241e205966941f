"""A small events desk for tests, benchmark and pictures: real keys and sealed files, a server in memory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyrage

from forms.core.crypto.encryption import seal
from forms.core.portal import Choice, Desk, Event, Language, Member, Portal
from forms.desk.crypto.decryption import open_sealed
from forms.desk.events.attendees import Party
from forms.desk.events.event_records import EventRecords
from forms.desk.services.synchronising import SyncResult
from forms.desk.sync.date_file import DateFile
from forms.desk.sync.responses import NotThere, ServerAway

TODAY = date(2027, 1, 12)
LANGUAGES = (("en", "English"), ("ta", "தமிழ்"), ("te", "తెలుగు"), ("hi", "हिन्दी"), ("or", "ଓଡ଼ିଆ"))
MEETING = "2027-01-meeting"


def event(id: str = MEETING, *, day: str = "2027-01-24", **more: Any) -> Event:
    titles = {"en": f"Meeting {id}", "ta": "சமூகக் கூட்டம்", "te": "సమావేశం", "hi": "बैठक", "or": "ବୈଠକ"}
    where = {"en": "Hall", "ta": "மண்டபம்", "te": "హాలు", "hi": "भवन", "or": "ଭବନ"}
    fields = {"capacity": 5, "state": "planned", "example": False} | more
    return Event(id, titles, where, "northtown", f"{day}T10:00", f"{day}T12:00", **fields)


def portal(*events: Event, **more: Any) -> Portal:
    return Portal(
        **{
            "district": {"en": "Test district"}, "programme": {"en": "Programme"}, "short_name": {"en": "Short"},
            "languages": tuple(Language(*row) for row in LANGUAGES),
            "desks": (Desk("events", {"en": "Events"}, {"en": ""}, ("signup", "visit"), (Member("events", "", ""),)),),
            "helplines": (), "events": events or (event(),),
            "choices": {
                "places": (Choice("northtown", {"en": "Northtown"}), Choice("hillside", {"en": "Hillside"})),
                "work": (Choice("kiln", {"en": "Kiln"}),), "themes": (Choice("wages", {"en": "Wages"}),),
            },
            "exit_url": "", "address": "https://portal.example", "demonstration": False, "responsible": {},
            "keep": {"signups_days": 30, "concerns_days": 365},
        } | more
    )  # fmt: skip


def party(number: int, **fields: Any) -> Party:
    """Return a party as it is after decryption."""
    head = {"id": f"{number:032x}", "event": MEETING, "people": 2, "state": "coming", "name": f"Name {number}"}
    return Party(**head | fields)


@dataclass
class Server:
    """The sign-ups on a server: rows in plain text, letters sealed to the desk."""

    key: str
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    letters: dict[str, bytes] = field(default_factory=dict)
    fetched_ids: list[str] = field(default_factory=list)
    away: bool = False

    def sign_up(
        self, event: str = MEETING, people: int = 2, state: str = "coming", turn: int = 0, **answers: Any
    ) -> str:
        id = f"{len(self.rows) + 1:032x}"
        self.rows[id] = {"id": id, "event": event, "people": people, "state": state, "turn": turn, "version": 0}
        self.tell(id, **answers)
        return id

    def tell(self, id: str, language: str = "ta", **answers: Any) -> None:
        letter = {"form": "signup", "id": id, "language": language, "answers": answers, "event": self.rows[id]["event"]}
        self.letters[id] = seal(letter, [self.key])

    def signups(self) -> list[dict[str, Any]]:
        if self.away:
            raise ServerAway("server", "cannot be reached.", "Later.")
        return [dict(row) for row in self.rows.values()]

    def signup(self, signup_id: str) -> bytes:
        self.fetched_ids.append(signup_id)
        if self.away:
            raise ServerAway("server", "cannot be reached.", "Later.")
        if signup_id not in self.letters:
            raise NotThere("server", "has no such letter.", "")
        return self.letters[signup_id]


@dataclass
class FakePortalCopy:
    """The desk's current portal."""

    session: "FakeSession"

    @property
    def current(self) -> Portal:
        return self.session.portal


class FakeSession:
    """A stand-in for the unlocked session that the events desk uses, without a network."""

    def __init__(self, folder: Path, of: Portal, member: str = "events/anita", desk: str = "events") -> None:
        self.identity = pyrage.x25519.Identity.generate()
        self.folder, self.portal, self.member, self.desk = folder, of, member, desk
        self.server = Server(str(self.identity.to_public()))
        self.letters: tuple[Any, ...] = ()

    @property
    def own_desk(self) -> Desk:
        return self.portal.desks_with_ids([self.desk])[0]

    def sync(self) -> SyncResult:
        return SyncResult(away="server: cannot be reached. Later." if self.server.away else "")

    def signups(self) -> list[dict[str, Any]]:
        return self.server.signups()

    def seal_for_desk(self, plain: bytes) -> bytes:
        return bytes(pyrage.encrypt(plain, [self.identity.to_public()]))

    def open_own(self, sealed: bytes) -> bytes:
        return open_sealed(sealed, [self.identity])

    @property
    def unlocked(self) -> Any:
        """Return the session with the services that the window and the commands use."""
        return SimpleNamespace(
            place=SimpleNamespace(folder=self.folder, desk=self.desk, server=lambda: self.server),
            portal=FakePortalCopy(self),
            keys=self,
            own_keys=SimpleNamespace(open=self.open_own),
            sync=SimpleNamespace(run=self.sync),
            cases=SimpleNamespace(all=lambda: self.letters, case=self.case),
            site_watch=SimpleNamespace(state=SimpleNamespace(alarms=())),
            lock=lambda: None,
        )

    def case(self, case_id: str) -> Any:
        return next(case for case in self.letters if case.id == case_id)


def book(folder: Path, *events: Event, today: date = TODAY, **more: Any) -> tuple[EventRecords, FakeSession]:
    session = FakeSession(folder, portal(*events, **more))
    minutes = iter(range(10_000))
    return EventRecords(session, lambda: today, lambda: f"2027-01-24T10:{next(minutes):02}"), session


def has_come(folder: Path, day: date) -> None:
    """Record this day as the trusted date in a machine's folder, as after a fetch on that day."""
    DateFile(folder).update_from_server(day, day)


def files(folder: Path) -> Mapping[str, bytes]:
    """Return every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def as_json(data: bytes) -> Any:
    return json.loads(data)
