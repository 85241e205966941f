"""Let desks fetch, acknowledge, answer and erase letters."""

import re
from contextlib import suppress

from flask import Blueprint, Response, request

from forms.core.crypto.encryption import ANSWER_SIZES, MIN_PART_SIZE, SIZE_CLASSES, is_sealed_for, part_id
from forms.core.portal import Desk, Member
from forms.server.api.desk_api.requests import (
    age_file,
    authenticate,
    empty_response,
    log_access,
    mailboxes,
    sealed_body,
    today,
    writing_to,
)
from forms.server.store.concerns.letters import FETCHED
from forms.server.store.faults import NotKept
from forms.server.web.current import current_services
from forms.server.web.json_responses import ApiError, json_answer

views = Blueprint("letters", __name__)

_MAX_VOICE_KEYS = 200
"""Keys to which a voice may be encrypted: the receipt's, and those of one desk and its machine."""

_ANSWER_ID = re.compile(r"[0-9A-Za-z]{1,64}")


@views.get("/letters")
def letters() -> Response:
    """Return the letters that this member can decrypt and has not acknowledged; `all=1`: acknowledged ones, too."""
    desk, member = authenticate()
    everything = request.args.get("all") == "1"
    rows = [
        {
            "id": row.id, "thread": row.thread, "form": row.form, "day": row.day.isoformat(), "tray": row.tray,
            "parts": row.parts, "maker": row.maker, "copies": row.copies,
        }
        for row in mailboxes().waiting(desk.id, member.id, everything=everything)
    ]  # fmt: skip
    return json_answer({"desk": desk.id, "member": member.id, "letters": rows})


@views.get("/letters/<letter_id>")
def letter(letter_id: str) -> Response:
    """Return one sealed letter."""
    desk, member = authenticate()
    sealed = mailboxes().sealed_letter(letter_id, desk.id, member.id)
    if sealed:
        with suppress(NotKept):  # a full disk must not keep desks from their letters
            log_access(desk, member, FETCHED, letter_id)
    return age_file(sealed)


@views.delete("/letters/<letter_id>")
def erase(letter_id: str) -> Response:
    """Erase this desk's share of a letter and of all that follows it."""
    desk, member = authenticate()
    is_own = mailboxes().erase_share(letter_id, desk.id)
    if is_own:
        log_access(desk, member, "erased", letter_id)
    return empty_response(is_own)


@views.get("/parts/<part_id>")
def part(part_id: str) -> Response:
    """Return one sealed photo or recording."""
    desk, member = authenticate()
    return age_file(mailboxes().sealed_part(part_id, desk.id, member.id))


@views.post("/letters/<letter_id>/acknowledge")
def acknowledge(letter_id: str) -> Response:
    """Record that the member has stored the letter durably."""
    (desk, member), portal = authenticate(), current_services().portal
    return empty_response(mailboxes().acknowledge(letter_id, desk.id, member.id, portal.members, portal.recoverable))


@views.put("/letters/<letter_id>/answers/<answer_id>")
def answer(letter_id: str, answer_id: str) -> Response:
    """Keep an answer that the desk encrypted for the person; sending it again changes nothing.

    acknowledgement=1: the program sent it by itself, to say only that the desk has opened the letter; the access log
    records it as that. voice=1: it is the recording of an answer, and its id is the beginning of its SHA-256. Raises
    ApiError for an answer of another size, and for a malformed id.
    """
    (desk, member), sealed = authenticate(), sealed_body()
    if request.args.get("voice") == "1":
        return _voice(letter_id, answer_id, desk, member, sealed)
    if not is_sealed_for(sealed, 1, ANSWER_SIZES):
        raise ApiError(400, "An answer is sealed to one key and has 4 or 24 KiB. Nothing was kept.")
    if not _ANSWER_ID.fullmatch(answer_id):
        raise ApiError(400, "The id of the answer has not its form. Nothing was kept.")
    with writing_to(letter_id):
        is_own = mailboxes().add_answer(answer_id, letter_id, desk.id, today(), sealed)
    is_automatic = request.args.get("acknowledgement") == "1" and is_sealed_for(sealed, 1, SIZE_CLASSES[:1])
    if is_own:
        log_access(desk, member, "acknowledged" if is_automatic else "answered", letter_id)
    return empty_response(is_own)


def _voice(letter_id: str, voice_id: str, desk: Desk, member: Member, sealed: bytes) -> Response:
    """Keep the voice of an answer. Raises ApiError 400 for another size, and for an id that is not its SHA-256."""
    if part_id(sealed) != voice_id or not is_sealed_for(sealed, range(1, _MAX_VOICE_KEYS), (MIN_PART_SIZE,)):
        raise ApiError(400, "A voice has 64 KiB and is named by its SHA-256. Nothing was kept.")
    with writing_to(letter_id):
        is_own = mailboxes().add_voice(voice_id, letter_id, desk.id, today(), sealed)
    if is_own:
        log_access(desk, member, "answered", letter_id)
    return empty_response(is_own)
