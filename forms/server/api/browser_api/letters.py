"""Keep encrypted letters, and the photos and recordings that belong to them."""

from flask import Blueprint, Response, request

from forms.core.crypto.encryption import MIN_PART_SIZE, SIZE_CLASSES, part_id, size_class
from forms.core.form_schema import load
from forms.core.ids import is_id
from forms.server.api.browser_api.addressing import Addressing, read_addressing
from forms.server.api.browser_api.requests import SHA_256
from forms.server.services.flood.proof_of_work import is_proof_of_work
from forms.server.services.mailbox import Full
from forms.server.services.sending import keep_sealed_part, left_out
from forms.server.store.concerns.letters import LetterGone, NewLetter, PartsMissing
from forms.server.store.faults import DuplicateId, NotKept
from forms.server.web.current import current_services, current_state
from forms.server.web.json_responses import ApiError, json_answer

views = Blueprint("letters", __name__)

MAX_PART_BYTES = SIZE_CLASSES[-1]
"""Bytes of plaintext of a photo or recording, of which a file has the share in forms/core/media/attachments.py."""

_MAX_PARTS = 4


@views.put("/parts/<wanted>")
def part(wanted: str) -> Response:
    """Keep an encrypted photo or recording. Its id is the first 32 hexadecimal digits of its SHA-256.

    Raises ApiError if it is not one, or cannot be kept.
    """
    request.max_content_length = 2 * MAX_PART_BYTES
    addressing, body = read_addressing(), request.get_data()
    sizes = [size for size in SIZE_CLASSES if MIN_PART_SIZE <= size <= MAX_PART_BYTES]
    if part_id(body) != wanted or not addressing.fits(body, sizes):
        raise ApiError(400, "This is not a sealed part for these desks. Nothing was kept.")
    try:
        keep_sealed_part(current_services(), body, addressing.desk_ids, current_state().today, addressing.mailbox.store)
    except NotKept as problem:
        raise _unavailable(problem) from None
    return json_answer({"kept": wanted}, 201)


@views.put("/letters/<letter_id>")
def letter(letter_id: str) -> Response:
    """Keep an encrypted letter with the parts that were sent before it. In a flood, 428 requires proof of work first.

    Raises ApiError if the letter is not kept.
    """
    addressing, body = read_addressing(), request.get_data()
    new_letter = _new_letter(letter_id, addressing, body)
    services, mailbox = current_services(), addressing.mailbox
    flood_control = services.flood_control
    with_work = is_proof_of_work(letter_id, body, request.headers.get("Portal-Work", ""), flood_control.accepted_bits())
    if mailbox.has_queues and flood_control.is_high() and not with_work:
        bits = flood_control.required_bits()
        raise ApiError(428, "Very many letters come just now. Work first, then send it again.", bits=bits)
    try:
        # Desks fetch from all mailboxes as from one, so an id must be unique in all of them.
        others = (other for other in services.mailboxes if other.kind != mailbox.kind)
        if any(other.store.intake.has(letter_id) for other in others):
            raise _duplicate_id()
        is_new = services.keep(mailbox, new_letter, with_work=with_work)
    except PartsMissing as problem:
        raise ApiError(409, "Parts of the letter are not here. Send them again.", missing=problem.missing) from None
    except LetterGone:
        raise ApiError(404, "The letter that this one follows is erased. Nothing was kept.") from None
    except DuplicateId:
        raise _duplicate_id() from None
    except NotKept as problem:
        raise _unavailable(problem) from None
    return json_answer({"kept": letter_id}, 201 if is_new else 200)


def _new_letter(letter_id: str, addressing: Addressing, body: bytes) -> NewLetter:
    """Return the letter of this request. Raises ApiError for a malformed id, look-up value or letter."""
    parts = [text for text in request.headers.get("Portal-Parts", "").split(",") if text]
    lookup = request.headers.get("Portal-Lookup", "")
    if not is_id(letter_id) or not all(map(is_id, parts)) or len(parts) > _MAX_PARTS:
        raise ApiError(400, "An id has not the form of an id. Nothing was kept.")
    if lookup and (addressing.thread or not SHA_256.fullmatch(lookup)):
        raise ApiError(400, "The look-up value has not its form, or the letter it follows has one. Nothing was kept.")
    if not addressing.fits(body, [size_class(load(addressing.form).pad_to)]):
        raise ApiError(400, "This is not a sealed letter for these desks. Nothing was kept.")
    hidden_from = () if addressing.thread else left_out(current_services().portal, addressing.form, addressing.desks)
    return NewLetter(
        id=letter_id,
        thread=addressing.thread or letter_id,
        form=addressing.form,
        day=current_state().today,
        lookup=bytes.fromhex(lookup) or None,
        sealed=body,
        desks=addressing.desk_ids,
        parts=tuple(parts),
        left_out=hidden_from,
    )


def _duplicate_id() -> ApiError:
    return ApiError(409, "Another letter has this id or look-up value. Nothing was kept. Send it with another.")


def _unavailable(problem: NotKept) -> ApiError:
    reason = "The letter box is full." if isinstance(problem, Full) else "The letter box is away just now."
    return ApiError(503, f"{reason} Nothing was kept. Try again.")
