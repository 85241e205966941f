"""Who comes to an event: the server's rows of sign-ups, and the decrypted letters that belong to them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from forms.core.i18n.lazy_text import joined, lazy_gettext, lazy_ngettext
from forms.core.ids import is_id
from forms.core.portal import Event, pick
from forms.core.problem import Problem
from forms.desk.crypto.decryption import Letter
from forms.desk.crypto.foreign_json import MALFORMED_JSON_ERRORS, sanitise

COMING, WAITING, CANCELLED = "coming", "waiting", "cancelled"

_MAX_COUNT = 1_000_000
"""The largest plausible number in a row."""


@dataclass(frozen=True)
class SignupRow:
    """The unencrypted part of a sign-up.

    turn: its place in the waiting list; version: how often the person has changed it; gone: whether the server no
    longer has it though the event is not over.
    """

    id: str
    event: str
    people: int
    state: str
    turn: int = 0
    version: int = 0
    gone: bool = False


@dataclass(frozen=True)
class Party:
    """One sign-up with its letter. language: that of the page; speaks: the language they speak best, or empty.

    help_with: values of the form's list; needs: their own words; may_be_reminded: they agreed and gave a number.
    unreadable: a sentence if the letter cannot be decrypted or is not on this machine, else empty.
    """

    id: str
    event: str
    people: int
    state: str
    turn: int = 0
    name: str = ""
    phone: str = ""
    language: str = ""
    speaks: str = ""
    help_with: tuple[str, ...] = ()
    needs: str = ""
    may_be_reminded: bool = False
    unreadable: str = ""


@dataclass(frozen=True)
class Gathering:
    """An event with its sign-ups. event: None if it is not (or no longer) in the portal."""

    id: str
    event: Event | None
    rows: tuple[SignupRow, ...]

    @property
    def title(self) -> str:
        """Its English title, else its id."""
        return pick(self.event.title, "en") if self.event else self.id

    @property
    def starts(self) -> str:
        """When it starts, as in the portal; empty if unknown."""
        return self.event.starts if self.event else ""

    @property
    def coming(self) -> int:
        """How many people come."""
        return sum(row.people for row in self.rows if row.state == COMING)

    @property
    def waiting(self) -> int:
        """How many people wait for a place."""
        return sum(row.people for row in self.rows if row.state == WAITING)

    @property
    def alarm(self) -> str:
        """An urgent sentence if people signed up for an event that does not take place as announced, else empty."""
        groups = sum(row.state in {COMING, WAITING} for row in self.rows)
        who = lazy_ngettext(
            "%(people)s people in %(count)s group signed up",
            "%(people)s people in %(count)s groups signed up",
            groups,
            people=self.coming + self.waiting,
        )
        if groups and self.event is None:
            removed = lazy_gettext("%(who)s, but this event is no longer in content/tables/events.csv.", who=who)
            return joined(removed, _PUT_BACK, _CALL)
        if groups and self.event and self.event.state == "cancelled":
            return joined(lazy_gettext("%(who)s for this event, which is cancelled.", who=who), _CALL)
        if self.event and self.event.capacity is not None and self.coming > self.event.capacity:
            overbooked = lazy_gettext(
                "There are places for %(places)s and %(number)s too few.",
                places=self.event.capacity,
                number=self.coming - self.event.capacity,
            )
            return joined(overbooked, _KEEP)
        return ""


_CALL = lazy_gettext("Call those who left a number.")
_PUT_BACK = lazy_gettext(
    "Put its row back. If it does not take place, write cancelled into its column state: those who look are told then."
)
_KEEP = lazy_gettext("Everybody keeps their place: find room, or raise its capacity in content/tables/events.csv.")


def read_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[SignupRow, ...]:
    """Return the sign-ups in the server's rows. Raises Problem if any row is malformed."""
    try:
        return tuple(_row(row) for row in rows)
    except MALFORMED_JSON_ERRORS:
        todo = "Nothing was changed here. Is it the portal's address, and of this version?"
        raise Problem("sign-ups", "The server listed something strange.", todo) from None


def _row(row: Mapping[str, Any]) -> SignupRow:
    """Return a sign-up from its row. Raises one of MALFORMED_JSON_ERRORS."""
    if not is_id(row["id"]) or row["state"] not in {COMING, WAITING, CANCELLED}:
        raise ValueError(row["id"])
    people, turn, version = (_count(row.get(name) or 0) for name in ("people", "turn", "version"))
    event = str(sanitise(row["event"]))
    return SignupRow(row["id"], event, people, row["state"], turn, version, bool(row.get("gone")))


def _count(value: Any) -> int:
    """Return the value if it is a plausible number of people, turns or versions. Raises ValueError."""
    if type(value) is not int or not 0 <= value <= _MAX_COUNT:
        raise ValueError(value)
    return value


def build_gatherings(rows: Iterable[SignupRow], events: Sequence[Event], today: date) -> list[Gathering]:
    """Return every event that takes or has sign-ups: removed ones, then coming ones by day, then past ones."""
    by_event: dict[str, list[SignupRow]] = {}
    for row in rows:
        by_event.setdefault(row.event, []).append(row)
    known = {event.id: event for event in events}
    current = [event.id for event in events if event.capacity is not None or event.id in by_event]
    removed = sorted(set(by_event) - set(known))
    gatherings = [
        Gathering(id, known.get(id), tuple(in_queue_order(by_event.get(id, ())))) for id in (*removed, *current)
    ]
    return sorted(gatherings, key=lambda gathering: _sort_key(gathering, today))


def _sort_key(gathering: Gathering, today: date) -> tuple[int, int, str]:
    event = gathering.event
    if event is None:
        return (0, 0, gathering.id)
    if event.last_day >= today:
        return (1, event.day.toordinal(), gathering.id)
    return (2, -event.day.toordinal(), gathering.id)


def in_queue_order(rows: Iterable[SignupRow]) -> list[SignupRow]:
    """Return those who come, then those who wait, in their order, then those who cancelled."""
    order = (COMING, WAITING, CANCELLED)
    return sorted(rows, key=lambda row: (order.index(row.state), row.turn, row.id))


def build_party(row: SignupRow, letter: Letter | Problem | None) -> Party:
    """Combine a row with its letter. The letter is hostile input: only texts and lists of texts are taken from it."""
    party = Party(row.id, row.event, row.people, row.state, row.turn)
    if row.state == CANCELLED:
        return party
    if not isinstance(letter, Letter):
        problem = letter or Problem("", "Not fetched yet.", "Fetch again.")
        return replace(party, unreadable=problem.sentence)
    answers = letter.answers
    phone = _text(answers.get("phone"))
    fields: dict[str, Any] = {
        "name": _text(answers.get("name")), "phone": phone, "language": letter.language,
        "speaks": _text(answers.get("interpreter")), "help_with": _texts(answers.get("help_with")),
        "needs": _text(answers.get("needs")), "may_be_reminded": bool(phone) and "yes" in _texts(answers.get("remind")),
    }  # fmt: skip
    return replace(party, **fields)


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(item) for item in value if _text(item)) if isinstance(value, list) else ()


def free_places(gathering: Gathering) -> int | None:
    """Return the number of free places; None if the event has no capacity."""
    if gathering.event is None or gathering.event.capacity is None:
        return None
    return max(0, gathering.event.capacity - gathering.coming)
