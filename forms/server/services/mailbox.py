"""From accepted answers to a durable letter. No request, no HTML. What a receipt opens: coming_back.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from forms.core.crypto import receipts
from forms.core.crypto.encryption import part_id, seal, seal_part, unused_key
from forms.core.crypto.receipts import Cost, Keys
from forms.core.form_schema import LETTER_KINDS, Definition, Kind, load_all
from forms.core.media.attachments import Clean
from forms.core.portal import Desk, Event, Portal
from forms.core.proofs.receipt_proofs import addition_claim, prove
from forms.server.services.flood_control import PLACES_THRESHOLD, Files, FloodControl, LeakyBucket, LookupLimiter
from forms.server.services.likeness import Likeness, is_gibberish
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.letters import PRIORITY_QUEUE, SECOND_QUEUE, NewLetter, Progress
from forms.server.store.database import Store
from forms.server.store.date_store import DayStore
from forms.server.store.faults import NotKept
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.statement_store import StatementStore

LETTER_VERSION = 2

SIGNUP = "signup"
"""Purpose of the numbers of sign-ups."""

FOR_PARTS, FOR_SECOND_QUEUE, FOR_DESKS = 0.7, 0.9, 0.95
"""Shares of the budget of disk up to which photos and recordings, letters of the second queue, and what desks bring are
taken.

So photos cannot crowd out words, a flood cannot keep desks from answering, and the last part is the priority queue's.
"""


class Full(NotKept):
    """The mailbox has reached its disk budget."""


@dataclass(frozen=True)
class Mailbox:
    """Where the letters of one kind are kept, by which rule in a flood, and how long.

    purpose: what their receipts are for; with it they derive their keys, so that no digits mean two things.
    has_queues: in a flood letters go to the second queue, and browsers are asked for work. keep: the name of the days
    in portal.yml.
    """

    purpose: Kind
    store: ConcernStore
    has_queues: bool
    keep: str


@dataclass(frozen=True)
class Services:
    """What is needed to take letters in: the portal, the stores, the salt and cost of receipts, the room there is.

    requests: letters that are no concerns; they live with the sign-ups, apart from concerns.
    days: what is known of the day.
    statements: what the server has told desks that it has. places: how many places of events are asked for just now.
    """

    portal: Portal
    concerns: ConcernStore
    signups: SignupStore
    requests: ConcernStore
    days: DayStore
    statements: StatementStore
    salt: bytes
    cost: Cost
    budget: int
    flood_control: FloodControl = field(default_factory=FloodControl)
    likeness: Likeness = field(default_factory=Likeness)
    unlike: LeakyBucket = field(default_factory=LeakyBucket)
    lookups: LookupLimiter = field(default_factory=LookupLimiter)
    signup_lookups: LookupLimiter = field(default_factory=LookupLimiter)
    browser_lookups: LookupLimiter = field(default_factory=LookupLimiter)
    files: Files = field(default_factory=Files)
    places: LeakyBucket = field(default_factory=lambda: LeakyBucket(PLACES_THRESHOLD))

    @property
    def stores(self) -> tuple[Store, ...]:
        """All of them."""
        return (self.concerns, self.signups, self.requests, self.days, self.statements)

    @property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """Return a mailbox for each kind of letter."""
        boxes = {
            Kind.CONCERN: Mailbox(Kind.CONCERN, self.concerns, has_queues=True, keep="concerns_days"),
            Kind.REQUEST: Mailbox(Kind.REQUEST, self.requests, has_queues=False, keep="requests_days"),
        }
        return tuple(boxes[kind] for kind in LETTER_KINDS)

    def mailbox(self, kind: Kind) -> Mailbox:
        """Return the mailbox of a kind of letters."""
        return next(box for box in self.mailboxes if box.purpose == kind)

    def close(self) -> None:
        """Give back the stores' connections."""
        for store in self.stores:
            store.close()

    def keys(self, code: str, form: str) -> Keys:
        """Return what a receipt of this form derives here."""
        return receipts.derive(code, self.salt, form, self.cost)

    def looked_up(self, code: str, form: str) -> Keys:
        """Return what a receipt that somebody typed derives here. Raises Busy where too many are looked up at once."""
        with (self.signup_lookups if form == SIGNUP else self.lookups).one():
            return self.keys(code, form)

    def event(self, event_id: str) -> Event | None:
        """Return the event of this id, or None."""
        return next((event for event in self.portal.events if event.id == event_id), None)

    def keep(self, box: Mailbox, coming: NewLetter, *, worked: bool = False, unlike: bool = False) -> bool:
        """Keep a letter in its mailbox. Raises NotKept (Full where there is no room), PartsMissing.

        One without queues is never under the pressure of concerns, nor adds to it.
        """
        if box.has_queues:
            return self.save(coming, worked=worked, unlike=unlike)
        self.require_room(1, box.store)
        return box.store.intake.save(coming)

    def save(self, coming: NewLetter, *, worked: bool = False, unlike: bool = False) -> bool:
        """Keep a concern in the queue it belongs to. Raises NotKept (Full where there is no room), PartsMissing.

        unlike: it is like nothing that floods the form; as many as the threshold go to the priority queue.
        """
        flooded = self.flood_control.is_high() and not worked
        chosen = flooded and unlike and not self.unlike.is_high()
        tray = SECOND_QUEUE if flooded and not chosen else PRIORITY_QUEUE
        self.require_room(1 if tray == PRIORITY_QUEUE else FOR_SECOND_QUEUE, self.concerns)
        kept = self.concerns.intake.save(replace(coming, tray=tray))
        if kept:
            self.flood_control.count(worked=worked, first=tray == PRIORITY_QUEUE)
            if chosen:
                self.unlike.count()
        return kept

    def require_room(self, share: float, store: ConcernStore | SignupStore) -> None:
        """Raise Full where this store uses more than this share of the budget of disk; each store has its own."""
        if store.size > self.budget * share:
            raise Full("store", "The letter box is full.", "Raise the setting `budget`, or let desks fetch.")


@dataclass(frozen=True)
class Part:
    """A sealed photo or recording that waits for its letter."""

    id: str
    kind: str
    seconds: int = 0

    @property
    def said(self) -> dict[str, Any]:
        """Return the part as the letter names it."""
        return {"id": self.id, "kind": self.kind, **({"seconds": self.seconds} if self.seconds else {})}


@dataclass(frozen=True)
class Submission:
    """Accepted answers on their way: the language they were read in, and the one-time value of their page.

    seen: of what is added, the short ids of the answers that the person was shown.
    """

    definition: Definition
    language: str
    values: Mapping[str, Any]
    idempotency_key: str
    today: date
    with_receipt: bool = True
    parts: tuple[Part, ...] = ()
    follows: str = ""
    seen: tuple[str, ...] = ()

    @property
    def _content(self) -> dict[str, Any]:
        # with_receipt too: who first sends without one and then with one has sent two letters, and the receipt opens.
        head = {"form": self.definition.name, "language": self.language, "receipt": self.with_receipt}
        return {**head, "values": dict(self.values), "parts": [part.id for part in self.parts], "follows": self.follows}

    @property
    def words(self) -> str:
        """What was written, in one text; empty where a recording or photos say it all."""
        fields = (field.name for field in self.definition.fields if field.drawn_as in {"textarea", "text"})
        return "\n".join(str(self.values.get(name, "")) for name in fields).strip()

    @property
    def code(self) -> str:
        """The receipt of this sending: the same for the same page and answers."""
        return receipts.receipt(self.idempotency_key, self._content)

    @property
    def id(self) -> str:
        """The letter's id, 32 hexadecimal digits: the same for the same page and answers."""
        return receipts.letter_id(self.idempotency_key, self._content)

    def letter(self, answers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Return the letter as its desks read it."""
        head = {
            "form": self.definition.letter_form,
            "version": LETTER_VERSION,
            "id": self.id,
            "language": self.language,
            "sealed_by": "server",
        }
        return {**head, **more, "answers": dict(answers)}


def readers(portal: Portal, definition: Definition, hidden: Sequence[str]) -> tuple[Desk, ...]:
    """Return the desks that will be able to open the letter: all that read this form but those it is hidden from."""
    return tuple(desk for desk in portal.readers(definition.letter_form) if desk.id not in hidden)


def left_out(portal: Portal, form: str, desks: Sequence[Desk]) -> tuple[str, ...]:
    """Return the ids of the desks that read this form but must not have the letter."""
    chosen = {desk.id for desk in desks}
    return tuple(desk.id for desk in portal.readers(form) if desk.id not in chosen)


def keys_of(desks: Sequence[Desk]) -> list[str]:
    """Return all keys to which a letter for these desks is sealed."""
    return [key for desk in desks for key in desk.keys]


def recipients(portal: Portal, desks: Sequence[Desk]) -> list[str]:
    """Return the keys to which a letter for these desks is encrypted: one for each key of all desks that can be hidden.

    In the place of a desk that is left out stand fresh keys that nobody has, so the size does not tell how many were.
    """
    chosen = {desk.id: desk for desk in desks}
    everybody = {**{desk.id: desk for desk in hideable(portal)}, **chosen}
    return [key if id in chosen else unused_key() for id, desk in everybody.items() for key in desk.keys]


def hideable(portal: Portal) -> tuple[Desk, ...]:
    """Return the desks that read a form which asks who must not see the letter."""
    forms = {definition.letter_form for definition in load_all() if definition.hiding_field}
    return tuple(desk for desk in portal.desks if desk.keys and forms.intersection(desk.reads))


def take_part(services: Services, file: Clean, desks: Sequence[Desk], today: date, store: ConcernStore) -> Part:
    """Seal a photo or recording for these desks and keep it in `store` until its letter comes. Raises NotKept."""
    head = {"type": file.media_type, "kind": file.kind, **({"seconds": file.seconds} if file.seconds else {})}
    new_id, sealed = seal_part(head, file.content, recipients(services.portal, desks))
    services.require_room(FOR_PARTS, store)
    store.intake.save_part(new_id, today, [desk.id for desk in desks], sealed)
    return Part(new_id, file.kind, file.seconds)


def take_sealed_part(services: Services, sealed: bytes, desks: Sequence[str], today: date, store: ConcernStore) -> str:
    """Keep what a browser sealed in `store` until its letter comes; its id. Raises NotKept."""
    services.require_room(FOR_PARTS, store)
    store.intake.save_part(part_id(sealed), today, desks, sealed)
    return part_id(sealed)


def send_concern(services: Services, submission: Submission) -> str | None:
    """Seal a concern or a request and keep it durably; then, and only then, its receipt (None: none was wanted).

    Raises NotKept, PartsMissing.
    """
    definition = submission.definition
    desks = readers(services.portal, definition, submission.values.get(definition.hiding_field, ()))
    code = submission.code if submission.with_receipt else None
    box = services.mailbox(definition.kind)
    _deliver(services, box, submission, desks, services.keys(code, box.purpose) if code else None)
    return code


def send_followup(
    services: Services, submission: Submission, code: str, progress: Progress, kind: Kind = Kind.CONCERN
) -> None:
    """Seal what a person adds for the desks of the first letter, and for no other. Raises NotKept, PartsMissing.

    kind: of the first letter.
    """
    desks = services.portal.receivers(progress.desks)
    if not desks:
        raise NotKept("store", "No desk of this letter has a key that can be used.", "Correct portal.yml and build.")
    box = services.mailbox(kind)
    _deliver(services, box, submission, desks, services.keys(code, box.purpose))


def _deliver(
    services: Services, box: Mailbox, submission: Submission, desks: Sequence[Desk], keys: Keys | None
) -> None:
    is_first = not submission.follows
    letter = submission.letter(
        submission.values,
        day=submission.today.isoformat(),
        desks=[desk.id for desk in desks],
        reply_to=keys.recipient if keys else None,
        erase_hash=keys.erase_hash if keys and is_first else None,
        answer_key=keys.answer_key if keys and is_first else None,
        parts=[part.said for part in submission.parts],
        follows=submission.follows or None,
    )
    if keys and not is_first:
        letter["seen"] = list(submission.seen)
        letter["receipt_proof"] = prove(keys.answer_key, addition_claim(letter))
    coming = NewLetter(
        id=submission.id,
        thread=submission.follows or submission.id,
        form=submission.definition.letter_form,
        day=submission.today,
        lookup=keys.lookup if keys and is_first else None,
        sealed=seal(letter, recipients(services.portal, desks), submission.definition.pad_to),
        desks=tuple(desk.id for desk in desks),
        parts=tuple(part.id for part in submission.parts),
        left_out=left_out(services.portal, submission.definition.letter_form, desks),
    )
    words = submission.words if box.has_queues else ""
    unlike = box.has_queues and not (services.likeness.is_common(words) or is_gibberish(words))
    if services.keep(box, coming, unlike=unlike) and box.has_queues:
        services.likeness.add(words)
