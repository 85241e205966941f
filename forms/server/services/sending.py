"""Encrypt accepted answers for their desks, and keep them durably. No request, no HTML."""

from collections.abc import Sequence
from datetime import date

from forms.core.crypto.encryption import part_id, seal, seal_part, unused_key
from forms.core.crypto.receipts import Keys
from forms.core.form_schema import Definition, Kind, load_all
from forms.core.media.attachments import Clean
from forms.core.portal import Desk, Portal
from forms.core.proofs.receipt_proofs import addition_claim, prove
from forms.server.services.flood.likeness import is_gibberish
from forms.server.services.mailbox import PARTS_SHARE, Mailbox
from forms.server.services.services import Services
from forms.server.services.submissions import Part, Submission
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.letters import NewLetter, Progress
from forms.server.store.faults import NotKept


def readers(portal: Portal, definition: Definition, hidden: Sequence[str]) -> tuple[Desk, ...]:
    """Return the desks that will be able to open the letter: all that read this form, except the hidden ones."""
    return tuple(desk for desk in portal.readers(definition.letter_form) if desk.id not in hidden)


def left_out(portal: Portal, form: str, desks: Sequence[Desk]) -> tuple[str, ...]:
    """Return the ids of the desks that read this form but are not among these desks."""
    chosen = {desk.id for desk in desks}
    return tuple(desk.id for desk in portal.readers(form) if desk.id not in chosen)


def keys_of(desks: Sequence[Desk]) -> list[str]:
    """Return the keys of these desks."""
    return [key for desk in desks for key in desk.keys]


def recipients(portal: Portal, desks: Sequence[Desk]) -> list[str]:
    """Return the keys to which a letter for these desks is encrypted: as many as all desks that can be hidden have.

    For a desk that is left out they are new keys that nobody has, so that the size does not reveal how many were.
    """
    chosen = {desk.id: desk for desk in desks}
    all_desks = {**{desk.id: desk for desk in hideable(portal)}, **chosen}
    return [key if id in chosen else unused_key() for id, desk in all_desks.items() for key in desk.keys]


def hideable(portal: Portal) -> tuple[Desk, ...]:
    """Return the desks that read a form which asks who must not see the letter."""
    forms = {definition.letter_form for definition in load_all() if definition.hiding_field}
    return tuple(desk for desk in portal.desks if desk.keys and forms.intersection(desk.reads))


def keep_part(services: Services, file: Clean, desks: Sequence[Desk], today: date, store: ConcernStore) -> Part:
    """Encrypt a photo or recording for these desks and keep it in `store` until its letter comes. Raises NotKept."""
    head = {"type": file.media_type, "kind": file.kind, **({"seconds": file.seconds} if file.seconds else {})}
    new_id, sealed = seal_part(head, file.content, recipients(services.portal, desks))
    services.require_room(PARTS_SHARE, store)
    store.intake.save_part(new_id, today, [desk.id for desk in desks], sealed)
    return Part(new_id, file.kind, file.seconds)


def keep_sealed_part(services: Services, sealed: bytes, desks: Sequence[str], today: date, store: ConcernStore) -> str:
    """Keep what a browser encrypted in `store` until its letter comes; return its id. Raises NotKept."""
    services.require_room(PARTS_SHARE, store)
    store.intake.save_part(part_id(sealed), today, desks, sealed)
    return part_id(sealed)


def send_concern(services: Services, submission: Submission) -> str | None:
    """Encrypt a concern or a request, keep it durably, and return its receipt; None if the person wanted none.

    Raises NotKept, PartsMissing: then there is no receipt.
    """
    definition = submission.definition
    desks = readers(services.portal, definition, submission.values.get(definition.hiding_field, ()))
    code = submission.code if submission.with_receipt else None
    mailbox = services.mailbox(definition.kind)
    _deliver(services, mailbox, submission, desks, services.keys(code, mailbox.kind) if code else None)
    return code


def send_followup(
    services: Services, submission: Submission, code: str, progress: Progress, kind: Kind = Kind.CONCERN
) -> None:
    """Encrypt what a person adds for exactly the desks of the first letter, and keep it. Raises NotKept, PartsMissing.

    kind: that of the first letter.
    """
    desks = services.portal.receivers(progress.desks)
    if not desks:
        raise NotKept("store", "No desk of this letter has a key that can be used.", "Correct portal.yml and build.")
    mailbox = services.mailbox(kind)
    _deliver(services, mailbox, submission, desks, services.keys(code, mailbox.kind))


def _deliver(
    services: Services, mailbox: Mailbox, submission: Submission, desks: Sequence[Desk], keys: Keys | None
) -> None:
    letter = _new_letter(services.portal, submission, desks, keys)
    words = submission.words if mailbox.has_queues else ""
    is_unlike = mailbox.has_queues and not (services.likeness.is_common(words) or is_gibberish(words))
    if services.keep(mailbox, letter, is_unlike=is_unlike) and mailbox.has_queues:
        services.likeness.add(words)


def _new_letter(portal: Portal, submission: Submission, desks: Sequence[Desk], keys: Keys | None) -> NewLetter:
    """Return a submission encrypted for its desks. keys: those of its receipt, or of the first letter's."""
    is_first = not submission.follows
    letter = submission.letter(
        submission.values,
        day=submission.today.isoformat(),
        desks=[desk.id for desk in desks],
        reply_to=keys.recipient if keys else None,
        erase_hash=keys.erase_hash if keys and is_first else None,
        answer_key=keys.answer_key if keys and is_first else None,
        parts=[part.reference for part in submission.parts],
        follows=submission.follows or None,
    )
    if keys and not is_first:
        letter["seen"] = list(submission.seen)
        letter["receipt_proof"] = prove(keys.answer_key, addition_claim(letter))
    return NewLetter(
        id=submission.id,
        thread=submission.follows or submission.id,
        form=submission.definition.letter_form,
        day=submission.today,
        lookup=keys.lookup if keys and is_first else None,
        sealed=seal(letter, recipients(portal, desks), submission.definition.pad_to),
        desks=tuple(desk.id for desk in desks),
        parts=tuple(part.id for part in submission.parts),
        left_out=left_out(portal, submission.definition.letter_form, desks),
    )
