"""Reminders of an event: their recipients and texts, and a ledger so that each is sent once.

Only those are reminded who come, agreed and left a number. A reminder mentions nothing but the event.
reminders/<event>/<key>.age: one encrypted file for each reminder: "trying" before it is sent and "sent" afterwards. If
the machine stops in between, it is unknown whether the reminder was sent; it is sent again only on request.
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
    """One text to one number. key: identifies the sign-up with the day and state of the event.

    keys: the keys of all sign-ups with this number; template: the DLT template number of the text, or empty.
    """

    key: str
    party: str
    number: str
    text: str
    template: str = ""
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class SendResult:
    """The result of sending reminders. sent: those of this run; sent_before: those of earlier runs.

    unknown: the keys of reminders that may or may not have been sent; problem: why the run stopped, or empty.
    """

    sent: int = 0
    sent_before: int = 0
    unknown: tuple[str, ...] = ()
    problem: str = ""


def build_reminders(portal: Portal, event: Event, parties: Iterable[Party], today: date) -> list[Reminder]:
    """Return the reminders of an event, one for each number. Raises Problem if the event is over."""
    if event.last_day < today:
        raise Problem(event.id, "is over.", "Nobody is reminded of what is past.")
    states = _reminded_states(event)
    by_number: dict[str, list[Party]] = {}
    for party in parties:
        if party.state in states and party.may_be_reminded and (number := dialable_number(party.phone)):
            by_number.setdefault(number, []).append(party)
    return [_reminder(portal, event, number, with_number) for number, with_number in by_number.items()]


def _reminder(portal: Portal, event: Event, number: str, parties: Sequence[Party]) -> Reminder:
    """Return the reminder for a number, which several parties may have given."""
    first, keys = parties[0], tuple(_key(party, event) for party in parties)
    language = _language(portal, first.language)
    template = portal.sms.templates.get(_template_kind(event), {}).get(language, "")
    text = to_cheapest_characters(_text(portal, event, language))
    return Reminder(keys[0], first.id, number, text, template, keys)


def _template_kind(event: Event) -> str:
    """Return the kind of the text, as portal.yml names it (sms, templates)."""
    return event.state if event.state in {"moved", "cancelled"} else "reminder"


def languages_without_template(portal: Portal, event: Event, parties: Iterable[Party]) -> list[str]:
    """Return the languages of these parties' texts for which portal.yml has no DLT template number."""
    templates = portal.sms.templates.get(_template_kind(event), {})
    return sorted(
        {_language(portal, party.language) for party in parties}
        - {code for code, number in templates.items() if number}
    )


def _language(portal: Portal, language: str) -> str:
    return language if language in portal.language_codes() else portal.language_codes()[0]


def count_unreachable(event: Event, parties: Iterable[Party]) -> int:
    """Return how many parties cannot be reminded because they gave no number or did not agree."""
    states = _reminded_states(event)
    to_remind = (party for party in parties if party.state in states)
    return sum(not (party.may_be_reminded and dialable_number(party.phone)) for party in to_remind)


def _reminded_states(event: Event) -> tuple[str, ...]:
    """Return the states of the parties that are reminded: of a cancelled event also those who wait."""
    return (COMING, WAITING) if event.state == "cancelled" else (COMING,)


def _key(party: Party, event: Event) -> str:
    # Moving or cancelling an event is news, so that needs a new reminder.
    news = event.state if event.state in {"moved", "cancelled"} else ""
    return hashlib.sha256(f"{party.id}\0{event.id}\0{event.starts}\0{news}".encode()).hexdigest()[:32]


def _text(portal: Portal, event: Event, language: str) -> str:
    _ = i18n.translator(language)
    values = {
        "title": pick(event.title, language), "when": when(event, language), "where": pick(event.where, language),
        "address": f"{portal.address}/{language}/cancel/",
    }  # fmt: skip
    if event.state == "cancelled":
        message = _("Cancelled: %(title)s. %(when)s. It does not take place. Please do not come.")
    elif event.state == "moved":
        message = _(
            "The day has changed: %(title)s. Now: %(when)s. Place: %(where)s. If you cannot come, please cancel with your code: %(address)s"  # noqa: E501 - one message
        )
    else:
        message = _(
            "Reminder: %(title)s. %(when)s. Place: %(where)s. If you cannot come, please cancel with your code: %(address)s"  # noqa: E501 - one message
        )
    return printable(message % values).replace("\n", " ")


@dataclass(frozen=True)
class Ledger:
    """The record of the reminders sent for one event."""

    session: EventSession
    event: str

    @property
    def _folder(self) -> str:
        return f"reminders/{event_folder(self.event)}"

    def state(self, key: str) -> str:
        """Return TRYING, SENT, or empty. An unreadable file counts as TRYING, so that nothing is sent twice."""
        store = LocalStore(self.session.folder)
        if not store.has(self._folder, key):
            return ""
        try:
            data = json.loads(self.session.open_own(store.read(self._folder, key)))
            return SENT if data.get("state") == SENT else TRYING
        except (Problem, ValueError, AttributeError):
            return TRYING

    def write(self, key: str, state: str, at: str) -> None:
        """Record a state; it is durable when this returns. Raises Problem."""
        data = json.dumps({"state": state, "at": at, "by": self.session.member}).encode()
        LocalStore(self.session.folder).save(self._folder, key, self.session.seal_for_desk(data))

    def forget(self, key: str) -> None:
        """Delete the record of a reminder that was certainly not sent: it may be tried again."""
        LocalStore(self.session.folder).delete(self._folder, key)


def with_states(ledger: Ledger, reminders: Iterable[Reminder]) -> Iterator[tuple[Reminder, str]]:
    """Yield each reminder with its state in the ledger, which any sign-up with its number determines."""
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
    """Send the reminders that were not sent yet. Idempotent: after a failure each is still sent only once.

    again: also those of which it is unknown whether they were sent; all_again: all, if a downloaded file was lost.
    """
    sent = sent_before = 0
    unknown: list[str] = []
    for reminder, state in with_states(ledger, list(reminders)):
        if state == SENT and not all_again:
            sent_before += 1
        elif state == TRYING and not (again or all_again):
            unknown.append(reminder.key)
        else:
            problem = _send_one(ledger, reminder, gateway, at)
            if isinstance(problem, DeliveryUnknown):
                unknown.append(reminder.key)
            if problem:
                return SendResult(sent, sent_before, tuple(unknown), problem.sentence)
            sent += 1
    return SendResult(sent, sent_before, tuple(unknown))


def _send_one(ledger: Ledger, reminder: Reminder, gateway: Gateway, at: str) -> Problem | None:
    """Send a reminder and record that; return the problem if it fails."""
    keys = reminder.keys or (reminder.key,)
    for key in keys:
        ledger.write(key, TRYING, at)
    try:
        gateway.send(reminder.number, reminder.text, reminder.key, reminder.template)
    except DeliveryUnknown as problem:
        return problem
    except Problem as problem:
        for key in keys:
            ledger.forget(key)
        return problem
    for key in keys:
        ledger.write(key, SENT, at)
    return None
