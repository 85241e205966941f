"""Letters as desks fetch, acknowledge, answer and erase them."""

import re
from contextlib import suppress

from flask import Blueprint, Response, request

from forms.core.crypto.encryption import ANSWER_SIZES, MIN_PART_SIZE, SIZE_CLASSES, is_sealed_for, part_id
from forms.core.portal import Desk, Member
from forms.server.api.desk_api.requests import (
    age_file,
    authenticated,
    bringing,
    mailboxes,
    note,
    require_ours,
    sealed_body,
    today,
)
from forms.server.store.concerns.letters import FETCHED
from forms.server.store.faults import NotKept
from forms.server.web.current import current_services
from forms.server.web.json_responses import ApiError, json_answer

views = Blueprint("letters", __name__)

_MOST_KEYS = 200  # to which a voice is sealed: the receipt's, and those of one desk and its machine

_ANSWER_ID = re.compile(r"[0-9A-Za-z]{1,64}")


@views.get("/letters")
def letters() -> Response:
    """Return letters that this member can decrypt and has not acknowledged; `all=1`: acknowledged ones, too."""
    desk, member = authenticated()
    everything = request.args.get("all") == "1"
    rows = [
        {
            "id": item.id, "thread": item.thread, "form": item.form, "day": item.day.isoformat(), "tray": item.tray,
            "parts": item.parts, "maker": item.maker, "copies": item.copies,
        }
        for item in mailboxes().waiting(desk.id, member.id, everything=everything)
    ]  # fmt: skip
    return json_answer({"desk": desk.id, "member": member.id, "letters": rows})


@views.get("/letters/<letter_id>")
def letter(letter_id: str) -> Response:
    """Return one sealed letter."""
    desk, member = authenticated()
    sealed = mailboxes().sealed_letter(letter_id, desk.id, member.id)
    if sealed:
        with suppress(NotKept):  # a full disk must not keep desks from their letters
            note(desk, member, FETCHED, letter_id)
    return age_file(sealed)


@views.delete("/letters/<letter_id>")
def drop(letter_id: str) -> Response:
    """Erase this desk's share of a letter and of all that follows it."""
    desk, member = authenticated()
    ours = mailboxes().erase_share(letter_id, desk.id)
    if ours:
        note(desk, member, "erased", letter_id)
    return require_ours(ours)


@views.get("/parts/<part_id>")
def part(part_id: str) -> Response:
    """Return one sealed photo or recording."""
    desk, member = authenticated()
    return age_file(mailboxes().sealed_part(part_id, desk.id, member.id))


@views.post("/letters/<letter_id>/acknowledge")
def acknowledge(letter_id: str) -> Response:
    """Record that the member has the letter safely on a disk."""
    (desk, member), portal = authenticated(), current_services().portal
    return require_ours(mailboxes().acknowledge(letter_id, desk.id, member.id, portal.members, portal.recoverable))


@views.put("/letters/<letter_id>/answers/<answer_id>")
def answer(letter_id: str, answer_id: str) -> Response:
    """Keep an answer that the desk encrypted for the person; sending it again changes nothing.

    acknowledgement=1: it tells only that the letter is open there, and stands so in the access log.
    voice=1: it is the recording of an answer, under the beginning of its SHA-256 as an id.
    Raises ApiError for an answer of another size, and for a malformed id.
    """
    (desk, member), sealed = authenticated(), sealed_body()
    if request.args.get("voice") == "1":
        return _voice(letter_id, answer_id, desk, member, sealed)
    if not is_sealed_for(sealed, 1, ANSWER_SIZES):
        raise ApiError(400, "An answer is sealed to one key and has 4 or 24 KiB. Nothing was kept.")
    if not _ANSWER_ID.fullmatch(answer_id):
        raise ApiError(400, "The id of the answer has not its form. Nothing was kept.")
    with bringing(letter_id):
        ours = mailboxes().add_answer(answer_id, letter_id, desk.id, today(), sealed)
    is_by_itself = request.args.get("acknowledgement") == "1" and is_sealed_for(sealed, 1, SIZE_CLASSES[:1])
    if ours:
        note(desk, member, "acknowledged" if is_by_itself else "answered", letter_id)
    return require_ours(ours)


def _voice(letter_id: str, voice_id: str, desk: Desk, member: Member, sealed: bytes) -> Response:
    """Keep the voice of an answer. Raises ApiError 400 for a wrong size or a name that is not its SHA-256."""
    if part_id(sealed) != voice_id or not is_sealed_for(sealed, range(1, _MOST_KEYS), (MIN_PART_SIZE,)):
        raise ApiError(400, "A voice has 64 KiB and is named by its SHA-256. Nothing was kept.")
    with bringing(letter_id):
        ours = mailboxes().add_voice(voice_id, letter_id, desk.id, today(), sealed)
    if ours:
        note(desk, member, "answered", letter_id)
    return require_ours(ours)
