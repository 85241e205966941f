"""The desk's API: sealed letters only. A desk sees its own letters and cannot learn that others exist.

Described in docs/pickup-openapi.yaml. Who did what with which letter is written down, without contents.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, date, datetime
from urllib.parse import unquote

from flask import Blueprint, Response, request

from forms.core import handover_version
from forms.core.builds import publishing_report
from forms.core.crypto.encryption import ANSWER_SIZES, LEAST_PART, SIZE_CLASSES, is_sealed, is_sealed_for, part_id
from forms.core.ids import is_id, new_id
from forms.core.portal import Desk, Member, as_json
from forms.server.services import signup_service
from forms.server.services.combined_mailbox import CombinedMailbox
from forms.server.services.mailbox import FOR_DESKS, Services
from forms.server.services.signup_service import settle
from forms.server.store.concerns.letters import FETCHED, Access, EntryRow, WriteRefused
from forms.server.store.concerns.queries import desk_of
from forms.server.store.faults import NotKept
from forms.server.web.current import current_services, current_state
from forms.server.web.json_responses import ApiError, json_answer
from forms.web.headers import NEVER_KEPT

desk_api = Blueprint("pickup", __name__, url_prefix="/pickup/v1")

SIGNUP = "signup"
OUR_ANSWER = "Portal-Answer"
_MOST_KEYS = 200  # to which a voice is sealed: the receipt's, and those of one desk and its machine
_NUMBER = re.compile(r"[0-9]{1,9}")
_ANSWER_ID = re.compile(r"[0-9A-Za-z]{1,64}")
_NOT_YOURS = "There is no such letter for this desk."


def _services() -> Services:
    return current_services()


def _mailboxes() -> CombinedMailbox:
    return CombinedMailbox(_services())


def _age_file(sealed: bytes | None) -> Response:
    """Return an age file as the answer. Raises ApiError 404 where there is none for this desk."""
    if sealed is None:
        raise ApiError(404, _NOT_YOURS)
    return Response(sealed, mimetype="application/octet-stream")


def reader_of(authorization: str, desks: tuple[Desk, ...]) -> tuple[Desk, Member] | None:
    """Return the desk and the member whose token is in this Authorization header (RFC 6750), or None."""
    scheme, _, token = authorization.partition(" ")
    digest = "sha256:" + hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest()
    if scheme.lower() != "bearer":
        return None
    known = ((desk, member) for desk in desks for member in desk.members)
    return next((one for one in known if one[1].pickup and hmac.compare_digest(one[1].pickup, digest)), None)


def _reader() -> tuple[Desk, Member]:
    """Return the desk and member whose token came with the request. Raises ApiError 401 for an unknown one."""
    found = reader_of(request.headers.get("Authorization", ""), _services().portal.desks)
    if found is None:
        raise ApiError(401, "This token is not known here.")
    return found


def _signups_desk() -> Desk:
    """Return the desk that asks, where it reads sign-ups. Raises ApiError 404 for any other."""
    desk, _ = _reader()
    if SIGNUP not in desk.reads:
        raise ApiError(404, "This desk does not read sign-ups.")
    return desk


def _today() -> date:
    return current_state().today


def _note(desk: Desk, member: Member, what: str, letter_id: str) -> None:
    """Log what staff did, by the day: a minute would reveal when a letter was there at the latest."""
    _note_for(desk.id, member.id, what, letter_id)


def _note_for(desk_id: str, member_id: str, what: str, letter_id: str) -> None:
    """Log in a desk's access log what a member, perhaps of another desk, did."""
    _mailboxes().note_access(new_id(), desk_id, Access(_access_day(), member_id, what, letter_id))


def _access_day() -> str:
    return datetime.now(UTC).date().isoformat()


_LARGEST_ENTRY = SIZE_CLASSES[3]
"""Bytes of the largest entry of a case log: the longest text in any script has a fifth of it."""


def _sealed_body(largest: int = 2 * SIZE_CLASSES[-1]) -> bytes:
    """Return the body of the request. Raises ApiError 400 where it is not an age file."""
    request.max_content_length = largest
    sealed = request.get_data()
    if not is_sealed(sealed):
        raise ApiError(400, "This is not a sealed letter. Nothing was kept.")
    return sealed


@contextmanager
def _bringing(letter_id: str) -> Iterator[None]:
    """Handle something that a desk sends for a letter.

    Raises NotKept where desks have used up their share of the disk (the rest is for letters), ApiError where the store
    refuses it.
    """
    services = _services()
    for box in services.mailboxes:
        if box.store.intake.has(letter_id):
            services.require_room(FOR_DESKS, box.store)
    try:
        yield
    except WriteRefused as refused:
        raise ApiError(409, f"{refused.what} Nothing was kept.") from None


def _require_ours(ours: bool) -> Response:
    """Return an empty answer for a letter of this desk. Raises ApiError 404 for any other."""
    if not ours:
        raise ApiError(404, _NOT_YOURS)
    return Response(status=204)


@desk_api.after_request
def _never_kept(response: Response) -> Response:
    response.headers["Cache-Control"] = NEVER_KEPT
    response.headers[OUR_ANSWER] = "1"  # a proxy's page has none: a desk must not take its 404 for ours
    return response


@desk_api.get("/letters")
def letters() -> Response:
    """Return letters that this member can decrypt and has not acknowledged; `all=1`: acknowledged ones, too."""
    desk, member = _reader()
    everything = request.args.get("all") == "1"
    rows = [
        {
            "id": item.id, "thread": item.thread, "form": item.form, "day": item.day.isoformat(), "tray": item.tray,
            "parts": item.parts, "maker": item.maker, "copies": item.copies,
        }
        for item in _mailboxes().waiting(desk.id, member.id, everything=everything)
    ]  # fmt: skip
    return json_answer({"desk": desk.id, "member": member.id, "letters": rows})


@desk_api.get("/letters/<letter_id>")
def letter(letter_id: str) -> Response:
    """Return one sealed letter."""
    desk, member = _reader()
    sealed = _mailboxes().sealed(letter_id, desk.id, member.id)
    if sealed:
        with suppress(NotKept):  # a full disk must not keep desks from their letters
            _note(desk, member, FETCHED, letter_id)
    return _age_file(sealed)


@desk_api.delete("/letters/<letter_id>")
def drop(letter_id: str) -> Response:
    """Erase this desk's share of a letter and of all that follows it."""
    desk, member = _reader()
    ours = _mailboxes().delete(letter_id, desk.id)
    if ours:
        _note(desk, member, "erased", letter_id)
    return _require_ours(ours)


@desk_api.get("/parts/<part_id>")
def part(part_id: str) -> Response:
    """Return one sealed photo or recording."""
    desk, member = _reader()
    return _age_file(_mailboxes().part(part_id, desk.id, member.id))


@desk_api.post("/letters/<letter_id>/acknowledge")
def acknowledge(letter_id: str) -> Response:
    """Record that the member has the letter safely on a disk."""
    (desk, member), portal = _reader(), _services().portal
    return _require_ours(_mailboxes().acknowledge(letter_id, desk.id, member.id, portal.members, portal.recoverable))


@desk_api.put("/letters/<letter_id>/answers/<answer_id>")
def answer(letter_id: str, answer_id: str) -> Response:
    """Keep an answer that the desk encrypted for the person; sending it again changes nothing.

    acknowledgement=1: it tells only that the letter is open there, and stands so in the access log.
    voice=1: it is the recording of an answer, under the beginning of its SHA-256 as an id.
    Raises ApiError for an answer of another size, and for a malformed id.
    """
    (desk, member), sealed = _reader(), _sealed_body()
    if request.args.get("voice") == "1":
        return _voice(letter_id, answer_id, desk, member, sealed)
    if not is_sealed_for(sealed, 1, ANSWER_SIZES):
        raise ApiError(400, "An answer is sealed to one key and has 4 or 24 KiB. Nothing was kept.")
    if not _ANSWER_ID.fullmatch(answer_id):
        raise ApiError(400, "The id of the answer has not its form. Nothing was kept.")
    with _bringing(letter_id):
        ours = _mailboxes().answer(answer_id, letter_id, desk.id, _today(), sealed)
    is_by_itself = request.args.get("acknowledgement") == "1" and is_sealed_for(sealed, 1, SIZE_CLASSES[:1])
    if ours:
        _note(desk, member, "acknowledged" if is_by_itself else "answered", letter_id)
    return _require_ours(ours)


def _voice(letter_id: str, voice_id: str, desk: Desk, member: Member, sealed: bytes) -> Response:
    """Keep the voice of an answer. Raises ApiError 400 for a wrong size or a name that is not its SHA-256."""
    if part_id(sealed) != voice_id or not is_sealed_for(sealed, range(1, _MOST_KEYS), (LEAST_PART,)):
        raise ApiError(400, "A voice has 64 KiB and is named by its SHA-256. Nothing was kept.")
    with _bringing(letter_id):
        ours = _mailboxes().keep_voice(voice_id, letter_id, desk.id, _today(), sealed)
    if ours:
        _note(desk, member, "answered", letter_id)
    return _require_ours(ours)


@desk_api.get("/entries")
def entries() -> Response:
    """Return the entries of this desk's case log; `since`: a day (2027-01-31) from which on.

    Raises ApiError for a malformed day.
    """
    desk, _ = _reader()
    try:
        since = date.fromisoformat(request.args.get("since", "0001-01-01"))
    except ValueError:
        raise ApiError(400, "`since` is no day like 2027-01-31.") from None
    rows = [
        {"id": item.id, "letter": item.letter, "day": item.day.isoformat()}
        for item in _mailboxes().entries(desk.id, since)
    ]
    return json_answer({"desk": desk.id, "entries": rows})


@desk_api.get("/entries/<entry_id>")
def entry(entry_id: str) -> Response:
    """Return one sealed entry."""
    desk, _ = _reader()
    return _age_file(_mailboxes().entry(entry_id, desk.id))


@desk_api.put("/letters/<letter_id>/entries/<entry_id>")
def enter(letter_id: str, entry_id: str) -> Response:
    """Add a sealed entry to the case log. Entries are never changed: the same id again changes nothing.

    Raises ApiError for a malformed id.
    """
    (desk, member), sealed = _reader(), _sealed_body(_LARGEST_ENTRY)
    if not is_id(entry_id):
        raise ApiError(400, "The id of the entry has not its form. Nothing was kept.")
    with _bringing(letter_id):
        ours = _mailboxes().enter(EntryRow(entry_id, letter_id, _today()), desk.id, sealed)
    if ours:
        _note(desk, member, "wrote", letter_id)
    return _require_ours(ours)


@desk_api.put("/letters/<letter_id>/copies/<item>")
def copy(letter_id: str, item: str) -> Response:
    """Keep a letter, attachment or entry encrypted again for a colleague or another desk, named in `Portal-For`.

    Raises ApiError for an unknown reader, and for a malformed id.
    """
    (desk, member), sealed = _reader(), _sealed_body()
    reader = unquote(request.headers.get("Portal-For", ""))
    known = _services().portal.members
    if reader not in known and reader not in known.get(desk_of(reader), ()):
        raise ApiError(400, "Portal-For names no desk and no member of one. Nothing was kept.")
    if not is_id(item):
        raise ApiError(400, "The id has not its form. Nothing was kept.")
    with _bringing(letter_id):
        ours = _mailboxes().copy(item, letter_id, member.id, reader, sealed)
    if ours:
        _note(desk, member, "sealed anew", letter_id)
        if item == letter_id and desk_of(reader) != desk.id:
            _note_for(desk_of(reader), member.id, "handed over", letter_id)
    return _require_ours(ours)


@desk_api.get("/letters/<letter_id>/copies")
def copies(letter_id: str) -> Response:
    """Return the copies of a letter and what belongs to it that others made for this member: never for an original."""
    desk, member = _reader()
    rows = [asdict(copy) for copy in _mailboxes().copies(letter_id, desk.id, member.id)]
    return json_answer({"desk": desk.id, "copies": rows})


@desk_api.get("/copies/<item>/<digest>")
def copied(item: str, digest: str) -> Response:
    """Return one of these copies, by the SHA-256 of its bytes."""
    desk, member = _reader()
    return _age_file(_mailboxes().copied(item, digest, desk.id, member.id))


@desk_api.get("/desks")
def desks() -> Response:
    """Return the desks and their present keys: all of it public."""
    _reader()
    rows = [
        {
            "id": one.id, "name": one.name, "reads": one.reads, "recovery": one.recovery,
            "members": [{"id": member.id, "key": member.key} for member in one.members],
        }
        for one in _services().portal.desks
    ]  # fmt: skip
    return json_answer({"desks": rows})


@desk_api.get("/portal")
def portal() -> Response:
    """Return the portal as the build handed it over: names, events, tables, keys; all of it public."""
    _reader()
    here = _services().portal
    knows_its_version = handover_version.HEADER in request.headers
    return json_answer(as_json(here) if knows_its_version else handover_version.for_first_version(here))


@desk_api.post("/day")
def day() -> Response:
    """The day that the server's clock shows and the last that was believed; `Portal-Day`: the day of the desk's clock.

    While the server's clock is doubted, a desk's clock that shows the same day ends the doubt.
    """
    _reader()
    told, today, days = _told_day(), current_state().retention.clock(), _services().days
    known = days.hear(today, told) if told else days.look(today)
    return json_answer({"shown": known.shown.isoformat(), "believed": known.good.isoformat()})


def _told_day() -> date | None:
    """Return the day that the desk's clock shows, None where it sends none. Raises ApiError 400 for what is no day."""
    text = request.headers.get("Portal-Day", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ApiError(400, "Portal-Day is no day like 2027-01-31.") from None


@desk_api.get("/publishing")
def publishing() -> Response:
    """Return what came of the last try to publish what staff have pushed: its day, and what was wrong, or empty."""
    _reader()
    report = publishing_report.read(current_state().portal_file.published)
    return json_answer({"day": report.day if report else "", "problem": report.problem if report else ""})


@desk_api.get("/statements")
def statements() -> Response:
    """Return the server's daily statements after a number (`after`), or the last one, with this desk's part of each.

    Raises ApiError for a malformed number.
    """
    desk, _ = _reader()
    after = request.args.get("after")
    if after is not None and not (_NUMBER.fullmatch(after)):
        raise ApiError(400, "`after` is no number.")
    store = _services().statements
    rows = [
        {**asdict(found.statement), **asdict(found.part), "signature": found.signature}
        for found in store.statements(desk.id, None if after is None else int(after))
    ]
    return json_answer({"desk": desk.id, "key": store.public_key(), "statements": rows})


@desk_api.get("/access")
def access() -> Response:
    """Return what the members of this desk did with which letter, oldest first."""
    desk, _ = _reader()
    rows = [
        {"at": one.at, "member": one.member, "what": one.what, "letter": one.letter}
        for one in _mailboxes().accesses(desk.id)
    ]
    return json_answer({"desk": desk.id, "access": rows})


@desk_api.get("/signups")
def signups() -> Response:
    """Return all sign-ups as they stand in clear: coming, waiting (by turn) or cancelled.

    `version` grows when a person replaces what they told: then the sealed part is to be fetched again.
    """
    desk = _signups_desk()
    settle(_services())
    rows = [asdict(item) for item in _services().signups.listed()]
    return json_answer({"desk": desk.id, "signups": rows, "held": list(_services().signups.held())})


@desk_api.post("/signups/<signup_id>/<action>")
def act_on_signup(signup_id: str, action: str) -> Response:
    """Remove a sign-up, let a group in that waits, or send it to the end of the line; `let-go` takes an event's id."""
    desk, member = _signups_desk(), _reader()[1]
    done = signup_service.act(_services(), signup_id, action)
    if done:
        _services().requests.access_log.note_access(
            new_id(), desk.id, Access(_access_day(), member.id, f"sign-up: {action}", signup_id[:32])
        )
    return _require_ours(done)


@desk_api.get("/signups/<signup_id>")
def signup(signup_id: str) -> Response:
    """Return the sealed part of one sign-up."""
    _signups_desk()
    return _age_file(_services().signups.sealed(signup_id))
