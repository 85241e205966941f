"""From accepted answers to a durable letter, and from a receipt back to its answer. No request, no HTML."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from forms import receipts
from forms.definition import Definition
from forms.portal import Desk, Event, Portal
from forms.receipts import Cost, Keys
from forms.seal import seal
from forms.store import ConcernStore, Progress, Signup, SignupStore

LETTER_VERSION = 1


@dataclass(frozen=True)
class Office:
    """What is needed to take letters in: the portal, both stores, the salt and cost of receipts."""

    portal: Portal
    concerns: ConcernStore
    signups: SignupStore
    salt: bytes
    cost: Cost

    def close(self) -> None:
        """Give back both stores' connections."""
        self.concerns.close()
        self.signups.close()

    def keys(self, code: str, form: str) -> Keys:
        """What a receipt of this form derives here."""
        return receipts.derive(code, self.salt, form, self.cost)

    def event(self, event_id: str) -> Event | None:
        """The event of this id, or None."""
        return next((event for event in self.portal.events if event.id == event_id), None)


@dataclass(frozen=True)
class Sending:
    """Accepted answers on their way: the language they were read in, and the one-time value of their page."""

    definition: Definition
    language: str
    values: Mapping[str, Any]
    once: str
    today: date
    with_receipt: bool = True

    @property
    def _content(self) -> dict[str, Any]:
        # with_receipt too: who first sends without one and then with one has sent two letters, and the receipt opens.
        head = {"form": self.definition.name, "language": self.language, "receipt": self.with_receipt}
        return {**head, "values": dict(self.values)}

    @property
    def code(self) -> str:
        """The receipt of this sending: the same for the same page and answers."""
        return receipts.receipt(self.once, self._content)

    @property
    def id(self) -> str:
        """The letter's id, 32 hexadecimal digits: the same for the same page and answers."""
        return receipts.letter_id(self.once, self._content)

    def letter(self, answers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """The letter as its desks read it."""
        head = {
            "form": self.definition.name,
            "version": LETTER_VERSION,
            "id": self.id,
            "language": self.language,
        }
        return {**head, **more, "answers": dict(answers)}


def readers(portal: Portal, definition: Definition, values: Mapping[str, Any]) -> tuple[Desk, ...]:
    """The desks that will be able to open the letter: all that read this form but those it is hidden from."""
    hidden = set(values.get("hide_from", ()))
    return tuple(desk for desk in portal.readers(definition.name) if desk.id not in hidden)


def send_concern(office: Office, sending: Sending) -> str | None:
    """Seal a concern and keep it durably; then, and only then, its receipt (None where none was wanted).

    Raises NotKept.
    """
    desks = readers(office.portal, sending.definition, sending.values)
    code = sending.code if sending.with_receipt else None
    keys = office.keys(code, sending.definition.name) if code else None
    letter = sending.letter(
        sending.values,
        day=sending.today.isoformat(),
        desks=[desk.id for desk in desks],
        reply_to=keys.recipient if keys else None,
    )
    sealed = seal(letter, [desk.key for desk in desks], sending.definition.pad_to)
    lookup = keys.lookup if keys else None
    office.concerns.keep(
        sending.id, sending.definition.name, sending.today, lookup, sealed, [desk.id for desk in desks]
    )
    return code


def send_signup(office: Office, sending: Sending, event: Event, capacity: int) -> str | None:
    """Take places and keep the sign-up durably; then its code, or None where too few places are left.

    Raises NotKept.
    """
    clear = {field.name for field in sending.definition.fields if field.clear}
    people = sending.values["people"]
    answers = {name: value for name, value in sending.values.items() if name not in clear}
    letter = sending.letter(answers, event=event.id, people=people, reply_to=None)
    desks = office.portal.readers(sending.definition.name)
    sealed = seal(letter, [desk.key for desk in desks], sending.definition.pad_to)
    lookup = office.keys(sending.code, sending.definition.name).lookup
    signup = Signup(sending.id, event.id, people, "coming")
    kept = office.signups.keep(signup, lookup, sealed, capacity=capacity, last_day=event.last_day)
    return sending.code if kept else None


@dataclass(frozen=True)
class Reply:
    """An opened answer: which desk, which day, what it says."""

    desk: str
    day: date
    text: str


def look_up_concern(office: Office, code: str) -> tuple[Progress, tuple[Reply, ...]] | None:
    """How a letter stands and the answers to it, opened with its receipt; None for an unknown receipt."""
    keys = office.keys(code, "concern")
    progress = office.concerns.progress(keys.lookup)
    if progress is None:
        return None
    replies = []
    for answer in progress.answers:
        try:
            replies.append(Reply(answer.desk, answer.day, receipts.open_answer(answer.sealed, keys)["text"]))
        except ValueError:
            continue  # sealed to somebody else's key by mistake: the person sees the other answers
    return progress, tuple(replies)


def look_up_signup(office: Office, code: str) -> Signup | None:
    """The sign-up with this code, or None."""
    return office.signups.find(office.keys(code, "signup").lookup)


def cancel_signup(office: Office, code: str) -> bool:
    """Cancel the sign-up with this code. False where there was nothing to cancel."""
    return office.signups.cancel(office.keys(code, "signup").lookup)


def erase_old(office: Office, today: date) -> None:
    """Erase what has been kept as long as portal.yml says. Raises NotKept."""
    keep = office.portal.keep
    office.signups.erase(today - timedelta(days=keep["signups_days"]))
    office.concerns.erase(today - timedelta(days=keep["concerns_days"]))
