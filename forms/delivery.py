"""From accepted answers to a durable letter, and from a receipt back to its answer. No request, no HTML."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from forms import receipts
from forms.attachments import Clean
from forms.definition import Definition, load
from forms.portal import Desk, Event, Portal
from forms.pressure import Pressure
from forms.receipts import Cost, Keys
from forms.seal import part_id, seal, seal_part
from forms.store.base import NotKept
from forms.store.concerns import FIRST_TRAY, SECOND_TRAY, Coming, ConcernStore, Progress
from forms.store.signups import Signup, SignupStore

LETTER_VERSION = 2

LOOSE_PART_DAYS = 2
"""Days that a photo waits for its letter."""

_FOR_WORKED = 0.9  # of the budget: the rest is kept for letters of the first tray


class Full(NotKept):
    """The letter box has reached its budget of disk."""


@dataclass(frozen=True)
class Office:
    """What is needed to take letters in: the portal, both stores, the salt and cost of receipts, the room there is."""

    portal: Portal
    concerns: ConcernStore
    signups: SignupStore
    salt: bytes
    cost: Cost
    budget: int
    pressure: Pressure = field(default_factory=Pressure)

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

    def keep(self, coming: Coming, *, worked: bool = False) -> bool:
        """Keep a letter in the tray it belongs to. Raises NotKept (Full where there is no room), PartsMissing."""
        tray = FIRST_TRAY if worked or not self.pressure.is_high() else SECOND_TRAY
        self.insist_on_room(tray)
        kept = self.concerns.keep(Coming(**{**vars(coming), "tray": tray}))
        self.pressure.count()
        return kept

    def insist_on_room(self, tray: int = FIRST_TRAY) -> None:
        """Raise Full where the budget of disk is used up; the last tenth is the first tray's."""
        if self.concerns.size > self.budget * (1 if tray == FIRST_TRAY else _FOR_WORKED):
            raise Full("store", "The letter box is full.", "Raise the setting `budget`, or let desks fetch.")


@dataclass(frozen=True)
class Part:
    """A sealed photo or recording that waits for its letter."""

    id: str
    kind: str
    seconds: int = 0

    @property
    def said(self) -> dict[str, Any]:
        """As the letter names it."""
        return {"id": self.id, "kind": self.kind, **({"seconds": self.seconds} if self.seconds else {})}


@dataclass(frozen=True)
class Sending:
    """Accepted answers on their way: the language they were read in, and the one-time value of their page."""

    definition: Definition
    language: str
    values: Mapping[str, Any]
    once: str
    today: date
    with_receipt: bool = True
    parts: tuple[Part, ...] = ()
    follows: str = ""

    @property
    def _content(self) -> dict[str, Any]:
        # with_receipt too: who first sends without one and then with one has sent two letters, and the receipt opens.
        head = {"form": self.definition.name, "language": self.language, "receipt": self.with_receipt}
        return {**head, "values": dict(self.values), "parts": [part.id for part in self.parts], "follows": self.follows}

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
            "sealed_by": "server",
        }
        return {**head, **more, "answers": dict(answers)}


def readers(portal: Portal, definition: Definition, hidden: Sequence[str]) -> tuple[Desk, ...]:
    """The desks that will be able to open the letter: all that read this form but those it is hidden from."""
    return tuple(desk for desk in portal.readers(definition.name) if desk.id not in hidden)


def keys_of(desks: Sequence[Desk]) -> list[str]:
    """All keys to which a letter for these desks is sealed."""
    return [key for desk in desks for key in desk.keys]


def take_part(office: Office, file: Clean, desks: Sequence[Desk], today: date) -> Part:
    """Seal a photo or recording for these desks and keep it until its letter comes. Raises NotKept."""
    head = {"type": file.media_type, "kind": file.kind, **({"seconds": file.seconds} if file.seconds else {})}
    new_id, sealed = seal_part(head, file.content, keys_of(desks))
    take_sealed_part(office, sealed, [desk.id for desk in desks], today)
    return Part(new_id, file.kind, file.seconds)


def take_sealed_part(office: Office, sealed: bytes, desks: Sequence[str], today: date) -> str:
    """Keep what a browser sealed until its letter comes; its id. Raises NotKept."""
    office.insist_on_room()
    office.concerns.keep_part(part_id(sealed), today, desks, sealed)
    return part_id(sealed)


def send_concern(office: Office, sending: Sending) -> str | None:
    """Seal a concern and keep it durably; then, and only then, its receipt (None where none was wanted).

    Raises NotKept, PartsMissing.
    """
    desks = readers(office.portal, sending.definition, sending.values.get("hide_from", ()))
    code = sending.code if sending.with_receipt else None
    keys = office.keys(code, sending.definition.name) if code else None
    _deliver(office, sending, desks, keys.lookup if keys else None, keys.recipient if keys else None)
    return code


def send_followup(office: Office, sending: Sending, code: str, progress: Progress) -> None:
    """Seal what a person adds for the desks of the first letter, and for no other. Raises NotKept, PartsMissing."""
    desks = office.portal.named(progress.desks)
    _deliver(office, sending, desks, None, office.keys(code, "concern").recipient)


def _deliver(
    office: Office, sending: Sending, desks: Sequence[Desk], lookup: bytes | None, reply_to: str | None
) -> None:
    letter = sending.letter(
        sending.values,
        day=sending.today.isoformat(),
        desks=[desk.id for desk in desks],
        reply_to=reply_to,
        parts=[part.said for part in sending.parts],
        follows=sending.follows or None,
    )
    coming = Coming(
        id=sending.id,
        thread=sending.follows or sending.id,
        form=sending.definition.name,
        day=sending.today,
        lookup=lookup,
        sealed=seal(letter, keys_of(desks), sending.definition.pad_to),
        desks=tuple(desk.id for desk in desks),
        parts=tuple(part.id for part in sending.parts),
    )
    office.keep(coming)


def send_signup(office: Office, sending: Sending, event: Event, capacity: int) -> str | None:
    """Take places and keep the sign-up durably; then its code, or None where too few places are left.

    Raises NotKept.
    """
    clear = {field.name for field in sending.definition.fields if field.clear}
    people = sending.values["people"]
    answers = {name: value for name, value in sending.values.items() if name not in clear}
    letter = sending.letter(answers, event=event.id, people=people, reply_to=None)
    desks = office.portal.readers(sending.definition.name)
    sealed = seal(letter, keys_of(desks), sending.definition.pad_to)
    lookup = office.keys(sending.code, sending.definition.name).lookup
    signup = Signup(sending.id, event.id, people, "coming")
    kept = office.signups.keep(signup, lookup, sealed, capacity=capacity, last_day=event.last_day)
    return sending.code if kept else None


@dataclass(frozen=True)
class Reply:
    """What a desk sealed for the person: a text, or a state in which it has put the letter, or both.

    at: the desk's clock (UTC), by which replies of one day are put in order.
    """

    desk: str
    day: date
    text: str
    state: str
    at: str = ""


def look_up_concern(office: Office, code: str) -> tuple[Progress, tuple[Reply, ...]] | None:
    """How a letter stands and the answers to it, opened with its receipt; None for an unknown receipt."""
    keys = office.keys(code, "concern")
    progress = office.concerns.progress(keys.lookup)
    if progress is None:
        return None
    replies = []
    for answer in progress.answers:
        try:
            opened = receipts.open_answer(answer.sealed, keys)
        except ValueError:
            continue  # sealed to somebody else's key by mistake: the person sees the other answers
        replies.append(
            Reply(answer.desk, answer.day, opened["text"], str(opened.get("state") or ""), str(opened.get("at") or ""))
        )
    return progress, tuple(sorted(replies, key=lambda reply: (reply.day, reply.at)))


def delete_concern(office: Office, code: str, today: date) -> bool:
    """Erase a letter and all that belongs to it here; desks that have it are asked to. False: unknown receipt.

    Raises NotKept.
    """
    progress = office.concerns.progress(office.keys(code, "concern").lookup)
    if progress is None:
        return False
    have = office.portal.named(progress.taken_by)
    notice = _deletion_notice(progress.id, have, today) if have else None
    office.concerns.forget(progress.id, notice)
    return True


def _deletion_notice(thread: str, desks: Sequence[Desk], today: date) -> Coming:
    notice_id = secrets.token_hex(16)
    letter = {
        "form": "deletion", "version": LETTER_VERSION, "id": notice_id, "day": today.isoformat(), "follows": thread,
        "desks": [desk.id for desk in desks], "answers": {},
    }  # fmt: skip
    return Coming(
        id=notice_id,
        thread=notice_id,
        form="deletion",
        day=today,
        lookup=None,
        sealed=seal(letter, keys_of(desks), load("concern").pad_to),
        desks=tuple(desk.id for desk in desks),
    )


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
    office.concerns.erase_loose_parts(today - timedelta(days=LOOSE_PART_DAYS))
    office.concerns.release(office.portal.members)
    office.concerns.erase(today - timedelta(days=keep["concerns_days"]))
