"""Reminders: who may be reminded of an event, in which words, and a ledger so that each goes out once.

Only those who come, agreed and left a number. A reminder tells of the event and of nothing else.
reminders/<event>/<key>.age: one file a reminder, sealed, "trying" before it goes and "sent" after. Where the machine
stops between the two nobody knows whether it went: it is not sent again until somebody says so.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from forms.core import i18n
from forms.core.i18n.event_times import when
from forms.core.portal import Event, Portal, pick
from forms.core.problem import Problem
from forms.desk.cases.plain_text import printable
from forms.desk.events.attendees import COMING, WAITING, Party
from forms.desk.events.event_session import EventSession, event_folder
from forms.desk.events.messaging.gateways import DeliveryUnknown, Gateway, dialable_number
from forms.desk.events.messaging.sms import to_cheapest_characters
from forms.desk.sync.local_store import LocalStore

TRYING, SENT = "trying", "sent"


@dataclass(frozen=True)
class Reminder:
    """One text to one number. key: the same for the same sign-up, day and state of the event, else another.

    keys: those of all sign-ups with this number; template: the DLT template number of the text, or empty.
    """

    key: str
    party: str
    number: str
    text: str
    template: str = ""
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class SendResult:
    """What became of a run. unsure: keys of which nobody knows; problem: why the run stopped, or empty."""

    sent: int = 0
    before: int = 0
    unsure: tuple[str, ...] = ()
    problem: str = ""


def ready(portal: Portal, event: Event, parties: Iterable[Party], today: date) -> list[Reminder]:
    """Return the reminders of an event. Raises Problem where it is over: nobody needs to be reminded of yesterday."""
    if event.last_day < today:
        raise Problem(event.id, "is over.", "Nobody is reminded of what is past.")
    states = _reminded_states(event)
    by_number: dict[str, list[Party]] = {}
    for party in parties:
        if party.state in states and party.may_be_reminded and (number := dialable_number(party.phone)):
            by_number.setdefault(number, []).append(party)
    return [_reminder(portal, event, number, same) for number, same in by_number.items()]


def _reminder(portal: Portal, event: Event, number: str, parties: Sequence[Party]) -> Reminder:
    """Return the one text to a number, however often it was signed up."""
    first, keys = parties[0], tuple(_key(party, event) for party in parties)
    language = _language(portal, first.language)
    template = portal.sms.templates.get(_kind(event), {}).get(language, "")
    return Reminder(keys[0], first.id, number, to_cheapest_characters(_words(portal, event, language)), template, keys)


def _kind(event: Event) -> str:
    """Return the kind of the text, as portal.yml names it (sms, templates)."""
    return event.state if event.state in {"moved", "cancelled"} else "reminder"


def languages_without_template(portal: Portal, event: Event, parties: Iterable[Party]) -> list[str]:
    """Return the languages of texts for which portal.yml has no DLT template number."""
    known = portal.sms.templates.get(_kind(event), {})
    return sorted(
        {_language(portal, party.language) for party in parties} - {code for code, one in known.items() if one}
    )


def _language(portal: Portal, language: str) -> str:
    return language if language in portal.language_codes() else portal.language_codes()[0]


def count_unreachable(event: Event, parties: Iterable[Party]) -> int:
    """Return how many groups come who cannot be reminded: no number, or no consent."""
    states = _reminded_states(event)
    to_remind = (party for party in parties if party.state in states)
    return sum(not (party.may_be_reminded and dialable_number(party.phone)) for party in to_remind)


def _reminded_states(event: Event) -> tuple[str, ...]:
    """Return the states of the parties that are reminded: of a cancelled event also those who wait."""
    return (COMING, WAITING) if event.state == "cancelled" else (COMING,)


def _key(party: Party, event: Event) -> str:
    # A moved or cancelled event is news: its reminder is another one.
    news = event.state if event.state in {"moved", "cancelled"} else ""
    return hashlib.sha256(f"{party.id}\0{event.id}\0{event.starts}\0{news}".encode()).hexdigest()[:32]


def _words(portal: Portal, event: Event, language: str) -> str:
    _ = i18n.translator(language)
    told = {
        "title": pick(event.title, language), "when": when(event, language), "where": pick(event.where, language),
        "address": f"{portal.address}/{language}/cancel/",
    }  # fmt: skip
    if event.state == "cancelled":
        said = _("Cancelled: %(title)s. %(when)s. It does not take place. Please do not come.")
    elif event.state == "moved":
        said = _(
            "The day has changed: %(title)s. Now: %(when)s. Place: %(where)s. If you cannot come, please cancel with your code: %(address)s"  # noqa: E501 - one message
        )
    else:
        said = _(
            "Reminder: %(title)s. %(when)s. Place: %(where)s. If you cannot come, please cancel with your code: %(address)s"  # noqa: E501 - one message
        )
    return printable(said % told).replace("\n", " ")


@dataclass(frozen=True)
class Ledger:
    """What went out for one event."""

    session: EventSession
    event: str

    @property
    def _folder(self) -> str:
        return f"reminders/{event_folder(self.event)}"

    def state(self, key: str) -> str:
        """TRYING, SENT, or empty. A file that does not open counts as TRYING: nothing is sent twice by mistake."""
        records = LocalStore(self.session.folder)
        if not records.has(self._folder, key):
            return ""
        try:
            said = json.loads(self.session.open_own(records.read(self._folder, key)))
            return SENT if said.get("state") == SENT else TRYING
        except (Problem, ValueError, AttributeError):
            return TRYING

    def write(self, key: str, state: str, at: str) -> None:
        """Write the state; it is durable when this returns. Raises Problem."""
        said = json.dumps({"state": state, "at": at, "by": self.session.member}).encode()
        LocalStore(self.session.folder).save(self._folder, key, self.session.seal_for_desk(said))

    def forget(self, key: str) -> None:
        """Forget a reminder that surely did not go out: it may be tried again."""
        LocalStore(self.session.folder).delete(self._folder, key)


def waiting(ledger: Ledger, reminders: Iterable[Reminder]) -> Iterator[tuple[Reminder, str]]:
    """Yield each reminder with its state in the ledger: that of any sign-up with this number."""
    return ((reminder, _state(ledger, reminder)) for reminder in reminders)


def _state(ledger: Ledger, reminder: Reminder) -> str:
    states = {ledger.state(key) for key in reminder.keys or (reminder.key,)}
    return next((state for state in (SENT, TRYING) if state in states), "")


def send(
    ledger: Ledger,
    reminders: Iterable[Reminder],
    gateway: Gateway,
    at: str,
    *,
    again: bool = False,
    all_again: bool = False,
) -> SendResult:
    """Send what was not sent yet. May be called again after any failure: each goes once.

    again: also those of which nobody knows; all_again: all, where a file that was handed out got lost.
    """
    sent = before = 0
    unsure: list[str] = []
    for reminder, state in waiting(ledger, list(reminders)):
        if state == SENT and not all_again:
            before += 1
        elif state == TRYING and not (again or all_again):
            unsure.append(reminder.key)
        else:
            problem = _send_one(ledger, reminder, gateway, at)
            if isinstance(problem, DeliveryUnknown):
                unsure.append(reminder.key)
            if problem:
                return SendResult(sent, before, tuple(unsure), problem.sentence)
            sent += 1
    return SendResult(sent, before, tuple(unsure))


def _send_one(ledger: Ledger, reminder: Reminder, gateway: Gateway, at: str) -> Problem | None:
    keys = reminder.keys or (reminder.key,)
    for key in keys:
        ledger.write(key, TRYING, at)
    try:
        gateway.send(reminder.number, reminder.text, reminder.key, reminder.template)
    except DeliveryUnknown as unsure:
        return unsure
    except Problem as problem:
        for key in keys:
            ledger.forget(key)
        return problem
    for key in keys:
        ledger.write(key, SENT, at)
    return None
