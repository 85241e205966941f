"""Who comes to an event: the server's rows of sign-ups and the opened letters that belong to them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from forms.core.i18n.lazy_text import joined, lazy_gettext, lazy_ngettext
from forms.core.ids import is_id
from forms.core.portal import Event, pick
from forms.core.problem import Problem
from forms.desk.crypto.decryption import Letter
from forms.desk.crypto.foreign_json import MALFORMED_JSON_ERRORS, sanitise

COMING, WAITING, CANCELLED = "coming", "waiting", "cancelled"

_MOST_COUNTED = 1_000_000
"""The largest number in a row: a larger one was made up."""


@dataclass(frozen=True)
class SignupRow:
    """A sign-up as the server has it in clear.

    turn: place in the line while it waits; version: how often the person changed what was told; gone: the server no
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
    """One sign-up with what was told. language: that of the page; speaks: the language they speak best, or empty.

    help_with: values of the form's list; needs: in their own words; may_be_reminded: they said so and gave a number.
    unread: a sentence where the letter does not open or is not on this machine.
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
    unread: str = ""


@dataclass(frozen=True)
class Gathering:
    """An event with its sign-ups; `event` is None where the portal has no such row (any more)."""

    id: str
    event: Event | None
    rows: tuple[SignupRow, ...]

    @property
    def title(self) -> str:
        """What it is called in English, else its id."""
        return pick(self.event.title, "en") if self.event else self.id

    @property
    def starts(self) -> str:
        """When it starts, as the portal has it; empty where it has none."""
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
        """What must be said loudly: people signed up for something that does not take place as they were told."""
        groups = sum(row.state in {COMING, WAITING} for row in self.rows)
        who = lazy_ngettext(
            "%(people)s people in %(count)s group signed up",
            "%(people)s people in %(count)s groups signed up",
            groups,
            people=self.coming + self.waiting,
        )
        if groups and self.event is None:
            gone = lazy_gettext("%(who)s, but this event is no longer in content/tables/events.csv.", who=who)
            return joined(gone, _PUT_BACK, _CALL)
        if groups and self.event and self.event.state == "cancelled":
            return joined(lazy_gettext("%(who)s for this event, which is cancelled.", who=who), _CALL)
        if self.event and self.event.capacity is not None and self.coming > self.event.capacity:
            few = lazy_gettext(
                "There are places for %(places)s and %(number)s too few.",
                places=self.event.capacity,
                number=self.coming - self.event.capacity,
            )
            return joined(few, _KEEP)
        return ""


_CALL = lazy_gettext("Call those who left a number.")
_PUT_BACK = lazy_gettext(
    "Put its row back. If it does not take place, write cancelled into its column state: those who look are told then."
)
_KEEP = lazy_gettext("Everybody keeps their place: find room, or raise its capacity in content/tables/events.csv.")


def read_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[SignupRow, ...]:
    """Sign-ups as the server listed them. Raises Problem for a malformed row: nothing is guessed about who comes."""
    try:
        return tuple(_row(row) for row in rows)
    except MALFORMED_JSON_ERRORS:
        todo = "Nothing was changed here. Is it the portal's address, and of this version?"
        raise Problem("sign-ups", "The server listed something strange.", todo) from None


def _row(row: Mapping[str, Any]) -> SignupRow:
    """Return a sign-up from its row. Raises ValueError for an id or a state that no server gives."""
    if not is_id(row["id"]) or row["state"] not in {COMING, WAITING, CANCELLED}:
        raise ValueError(row["id"])
    people, turn, version = (_count(row.get(name) or 0) for name in ("people", "turn", "version"))
    event = str(sanitise(row["event"]))
    return SignupRow(row["id"], event, people, row["state"], turn, version, bool(row.get("gone")))


def _count(value: Any) -> int:
    """Return a number that people, turns or versions can have. Raises ValueError."""
    if type(value) is not int or not 0 <= value <= _MOST_COUNTED:
        raise ValueError(value)
    return value


def gatherings(rows: Iterable[SignupRow], events: Sequence[Event], today: date) -> list[Gathering]:
    """Every event that takes sign-ups or has any: those that vanished, then what comes, by day, then past ones."""
    by_event: dict[str, list[SignupRow]] = {}
    for row in rows:
        by_event.setdefault(row.event, []).append(row)
    known = {event.id: event for event in events}
    wanted = [event.id for event in events if event.capacity is not None or event.id in by_event]
    lost = sorted(set(by_event) - set(known))
    made = [Gathering(id, known.get(id), tuple(in_queue_order(by_event.get(id, ())))) for id in (*lost, *wanted)]
    return sorted(made, key=lambda one: _place(one, today))


def _place(one: Gathering, today: date) -> tuple[int, int, str]:
    if one.event is None:
        return (0, 0, one.id)
    if one.event.last_day >= today:
        return (1, one.event.day.toordinal(), one.id)
    return (2, -one.event.day.toordinal(), one.id)


def in_queue_order(rows: Iterable[SignupRow]) -> list[SignupRow]:
    """Return those who come, then those who wait in their order, then those who cancelled."""
    order = (COMING, WAITING, CANCELLED)
    return sorted(rows, key=lambda row: (order.index(row.state), row.turn, row.id))


def party(row: SignupRow, letter: Letter | Problem | None) -> Party:
    """Return a row with its letter. The letter is hostile input: only texts and lists of texts are taken from it."""
    head = Party(row.id, row.event, row.people, row.state, row.turn)
    if row.state == CANCELLED:
        return head
    if not isinstance(letter, Letter):
        return Party(**{**vars(head), "unread": (letter or Problem("", "Not fetched yet.", "Fetch again.")).sentence})
    answers = letter.answers
    phone = _text(answers.get("phone"))
    told = {
        "name": _text(answers.get("name")), "phone": phone, "language": letter.language,
        "speaks": _text(answers.get("interpreter")), "help_with": _texts(answers.get("help_with")),
        "needs": _text(answers.get("needs")), "may_be_reminded": bool(phone) and "yes" in _texts(answers.get("remind")),
    }  # fmt: skip
    return Party(**{**vars(head), **told})


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(one) for one in value if _text(one)) if isinstance(value, list) else ()


def free_places(one: Gathering) -> int | None:
    """Return places that are left; None where people are not counted."""
    if one.event is None or one.event.capacity is None:
        return None
    return max(0, one.event.capacity - one.coming)
