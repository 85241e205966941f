"""The API for browsers that encrypt and decrypt themselves: letters come in and go out only as age ciphertext.

`GET terms`: to whom to seal, and the salt and cost of receipts. `PUT parts/<id>`, then `PUT letters/<id>`: each may be
sent again after a broken line and makes no second letter. What the server needs to know besides stands in headers:
`Portal-Form` (a name; a concern where there is none), `Portal-Desks` (ids), `Portal-Parts` (ids), `Portal-Lookup` (64
hexadecimal digits, or none), `Portal-Work`; for what is added to a letter its look-up value in `Portal-Follows`.
`POST lookups`, `POST voices` and `POST erasures` take a look-up value that the browser derived from its receipt: the
receipt itself, and the key that opens answers, never come here. While somebody guesses look-up values, each asks for
work of its own, in `Portal-Lookup-Work`.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, request

from forms.core import i18n
from forms.core.crypto.encryption import MIN_PART_SIZE, SIZE_CLASSES, is_sealed_for, part_id, size_class
from forms.core.form_schema import Definition, Kind, letter_forms, load, load_all
from forms.core.ids import is_id
from forms.core.portal import Desk, Portal
from forms.server.services import lookup as lookup_service
from forms.server.services.flood.limiters import Busy
from forms.server.services.flood.proof_of_work import is_proof_of_work
from forms.server.services.lookup import LookupResult
from forms.server.services.mailbox import Full, Mailbox, Services
from forms.server.services.sending import hideable, keep_sealed_part, keys_of, left_out, recipients
from forms.server.store.concerns.letters import LetterGone, NewLetter, PartsMissing
from forms.server.store.faults import DuplicateId, NotKept
from forms.server.web.current import current_services, current_state
from forms.server.web.json_responses import ApiError, json_answer, padded_json_answer
from forms.web.headers import NEVER_KEPT

blueprint = Blueprint("sealed", __name__, url_prefix="/forms/sealed/v1")

LARGEST_PART = SIZE_CLASSES[-1]
"""Bytes of plaintext of a photo or recording: forms/core/media/attachments.py says what of it a file may have."""

LARGEST_LOOKUP = 1024
"""Bytes of what asks for a letter."""

_LOOKUP = re.compile(r"[0-9a-f]{64}")
_FORM = "concern"
"""The form of a letter that names none, and whose desks are the `desks` of the terms."""


def _services() -> Services:
    return current_services()


@blueprint.get("/terms")
def terms() -> Response:
    """The present keys of the desks, and how receipts are derived here. The salt is no secret; guesses still cost."""
    services = _services()
    return json_answer(
        {
            "day": current_state().today.isoformat(),
            "salt": services.salt.hex(),
            "memory": services.cost.memory,
            "passes": services.cost.passes,
            "desks": _addresses(services.portal.readers(_FORM)),
            **_terms_of_other_forms(services.portal),
        }
    )


def _terms_of_other_forms(portal: Portal) -> dict[str, Any]:
    """Return the desks of each other form that browsers encrypt, and all desks that can be left out of a letter."""
    others = [one.name for one in _encrypted_forms() if one.name != _FORM and portal.readers(one.name)]
    if not others:
        return {}
    return {
        "forms": {name: _addresses(portal.readers(name)) for name in others},
        "all": _addresses(hideable(portal)),
    }


def _encrypted_forms() -> tuple[Definition, ...]:
    return tuple(one for one in letter_forms() if one.is_encrypted_in_browser)


@blueprint.post("/lookups")
def lookup() -> Response:
    """Return the state and the answers of the letter with a look-up value, encrypted to the key of its receipt.

    Raises ApiError for a language that the site has not.
    """
    asked, found = _found()
    language = asked.get("language")
    if language not in _services().portal.language_codes():
        raise ApiError(400, "There is no such language here. Name one of the site.")
    progress = found.progress
    return padded_json_answer(
        {
            "id": progress.id,
            "came": [_said(day, language) for day in progress.days],
            "taken": bool(progress.taken_by),
            "desks": _addresses(_services().portal.receivers(progress.desks)),
            "faces": {
                desk.id: desk.picture for desk in _services().portal.desks_with_ids(progress.desks) if desk.picture
            },
            "answers": [
                {
                    "desk": answer.desk,
                    "day": _said(answer.day, language),
                    "sealed": base64.b64encode(answer.sealed).decode(),
                }
                for answer in progress.answers
            ],
        }
    )


@blueprint.post("/voices")
def voice() -> Response:
    """Return the voice message of an answer, encrypted to the key derived from the letter's receipt.

    In the body of an answer to POST: no address, log or memory of a browser names which.
    Raises ApiError where the letter has no such voice.
    """
    asked, found = _found()
    wanted = str(asked.get("voice"))
    sealed = lookup_service.sealed_voice(_services(), found, wanted) if is_id(wanted) else None
    if sealed is None:
        raise ApiError(404, "There is no such voice at this letter.")
    return Response(sealed, 200, {"Cache-Control": NEVER_KEPT}, mimetype="application/octet-stream")


@blueprint.post("/erasures")
def erasure() -> Response:
    """Erase the letter with a look-up value and all that belongs to it; ask desks that have it to erase it too.

    `proof`: the erase secret that the receipt yields. Without it desks are asked too, and their staff decide.
    Raises ApiError for a malformed proof, and where the store is away.
    """
    asked, found = _found()
    proof = asked.get("proof") or ""
    if proof and not (isinstance(proof, str) and _LOOKUP.fullmatch(proof)):
        raise ApiError(400, "The proof has not its form. Nothing was erased.")
    found = replace(found, proof=proof)
    try:
        lookup_service.erase(_services(), found, current_state().today)
    except NotKept:
        raise ApiError(503, "The letter box is away just now. Nothing was erased. Try again.") from None
    return json_answer({"erased": found.progress.id})


@blueprint.put("/parts/<wanted>")
def part(wanted: str) -> Response:
    """Keep an encrypted photo or recording; its id is the first 32 hexadecimal digits of its SHA-256.

    Raises ApiError where it is not one, and where it cannot be kept.
    """
    request.max_content_length = 2 * LARGEST_PART
    to, body = _addressed(), request.get_data()
    sizes = [size for size in SIZE_CLASSES if MIN_PART_SIZE <= size <= LARGEST_PART]
    if part_id(body) != wanted or not to.fits(body, sizes):
        raise ApiError(400, "This is not a sealed part for these desks. Nothing was kept.")
    try:
        keep_sealed_part(_services(), body, to.desk_ids, current_state().today, to.box.store)
    except NotKept as away:
        raise _away(away) from None
    return json_answer({"kept": wanted}, 201)


@blueprint.put("/letters/<letter_id>")
def letter(letter_id: str) -> Response:
    """Keep an encrypted letter with the attachments sent before it. In a flood 428 asks for proof of work first.

    Raises ApiError where the letter is not kept.
    """
    to, body = _addressed(), request.get_data()
    coming = _new_letter(letter_id, to, body)
    services = _services()
    worked = is_proof_of_work(
        letter_id, body, request.headers.get("Portal-Work", ""), services.flood_control.accepted_bits()
    )
    if to.box.has_queues and services.flood_control.is_high() and not worked:
        bits = services.flood_control.required_bits()
        raise ApiError(428, "Very many letters come just now. Work first, then send it again.", bits=bits)
    try:
        if any(box.store.intake.has(letter_id) for box in services.mailboxes if box.purpose != to.box.purpose):
            raise _taken_id()  # desks fetch from all as from one
        new = services.keep(to.box, coming, with_work=worked)
    except PartsMissing as gone:
        raise ApiError(409, "Parts of the letter are not here. Send them again.", missing=gone.missing) from None
    except LetterGone:
        raise ApiError(404, "The letter that this one follows is erased. Nothing was kept.") from None
    except DuplicateId:
        raise _taken_id() from None
    except NotKept as away:
        raise _away(away) from None
    return json_answer({"kept": letter_id}, 201 if new else 200)


def _new_letter(letter_id: str, to: "_To", body: bytes) -> NewLetter:
    """Return the letter that this request brings. Raises ApiError where an id or the letter itself has not its form."""
    parts = [text for text in request.headers.get("Portal-Parts", "").split(",") if text]
    lookup = request.headers.get("Portal-Lookup", "")
    if not is_id(letter_id) or not all(map(is_id, parts)) or len(parts) > 4:  # noqa: PLR2004
        raise ApiError(400, "An id has not the form of an id. Nothing was kept.")
    if lookup and (to.thread or not _LOOKUP.fullmatch(lookup)):
        raise ApiError(400, "The look-up value has not its form, or the letter it follows has one. Nothing was kept.")
    if not to.fits(body, [size_class(load(to.form).pad_to)]):
        raise ApiError(400, "This is not a sealed letter for these desks. Nothing was kept.")
    return NewLetter(
        id=letter_id,
        thread=to.thread or letter_id,
        form=to.form,
        day=current_state().today,
        lookup=bytes.fromhex(lookup) or None,
        sealed=body,
        desks=to.desk_ids,
        parts=tuple(parts),
        left_out=() if to.thread else left_out(_services().portal, to.form, to.desks),
    )


@dataclass(frozen=True)
class _To:
    """Where something is addressed: its desks, its form, its mailbox; thread: the letter that it follows, or ""."""

    desks: tuple[Desk, ...]
    form: str
    box: Mailbox
    thread: str = ""

    @property
    def desk_ids(self) -> tuple[str, ...]:
        return tuple(desk.id for desk in self.desks)

    def fits(self, body: bytes, sizes: Sequence[int]) -> bool:
        """Return whether this has the shape of something encrypted for these desks, with or without unused keys."""
        counts = {len(recipients(_services().portal, self.desks)), len(keys_of(self.desks))}
        return any(is_sealed_for(body, count, sizes) for count in counts)


def _addressed() -> _To:
    """Return what the headers say: a first letter, or one for exactly the desks of the letter that it follows."""
    services, follows = _services(), request.headers.get("Portal-Follows")
    if follows is None:
        form = _named_form()
        return _To(_desks(services.portal.readers(form.name)), form.name, services.mailbox(form.kind))
    found = _of(follows)
    desks = _desks(services.portal.receivers(found.progress.desks), all_of_them=True)
    form = next(one for one in load_all() if one.kind is Kind.FOLLOWUP)
    return _To(desks, form.name, services.mailbox(found.kind), found.progress.id)


def _named_form() -> Definition:
    """Return the form that the letter names, one that browsers encrypt. Raises ApiError."""
    name = request.headers.get("Portal-Form", _FORM)
    found = next((one for one in _encrypted_forms() if one.name == name), None)
    if found is None:
        raise ApiError(400, "There is no such form here. Nothing was kept.")
    return found


def _desks(here: Sequence[Desk], *, all_of_them: bool = False) -> tuple[Desk, ...]:
    """Return the desks to which it is encrypted: some or all of these, each named once.

    Either the ids alone, or every id with =1 or =0 behind it, which is as long whoever is left out.
    Raises ApiError for any other list.
    """
    wanted = request.headers.get("Portal-Desks", "").split(",")
    known = {desk.id for desk in (*here, *hideable(_services().portal))}
    if any(name.removesuffix("=1").removesuffix("=0") not in known for name in wanted):
        raise _other_desks()
    wanted = [name.removesuffix("=1") for name in wanted if not name.endswith("=0")]
    desks = tuple(desk for desk in here if desk.id in wanted)
    if not desks or len(desks) != len(wanted) or (all_of_them and len(desks) != len(here)):
        raise _other_desks()
    return desks


def _other_desks() -> ApiError:
    return ApiError(409, "These are not the desks of this place. Ask for the terms again.")


def _found() -> tuple[Mapping[str, Any], LookupResult]:
    """Return the JSON that was sent, and the letter whose look-up value it contains.

    Raises ApiError where it is no JSON object.
    """
    request.max_content_length = LARGEST_LOOKUP
    try:
        asked = request.get_json(silent=True)
    except RecursionError:  # a thousand brackets fit
        asked = None
    if not isinstance(asked, dict):
        raise ApiError(400, "JSON with a look-up value was expected.")
    return asked, _of(asked.get("lookup"))


def _of(lookup: Any) -> LookupResult:
    """Return what a look-up value leads to.

    Raises ApiError for a value without its form, a letter that is not there, and while many guess.
    """
    if not isinstance(lookup, str) or not _LOOKUP.fullmatch(lookup):
        raise ApiError(400, "The look-up value has not its form.")
    gate = _services().browser_lookups
    worked = gate.is_proof_of_work(lookup, request.headers.get("Portal-Lookup-Work", ""))
    if gate.is_high() and not worked:
        asked = {"bits": gate.required_bits(), "lookup": True}
        raise ApiError(428, "Somebody guesses receipts just now. Work first, then ask again.", **asked)
    try:
        found = lookup_service.find(_services(), bytes.fromhex(lookup), with_work=worked)
    except Busy:
        raise ApiError(503, "Very many receipts are looked up just now. Try again in a few minutes.") from None
    if found is None:
        why = lookup_service.why_unknown(_services().concerns)
        raise ApiError(404, "There is no letter with this look-up value.", why=why)
    return found


def _addresses(desks: Sequence[Desk]) -> list[dict[str, Any]]:
    return [{"id": desk.id, "keys": desk.keys} for desk in desks]


def _said(day: date, language: str) -> dict[str, str]:
    """Return a day in ISO form, for sorting, and in the words of the page."""
    return {"day": day.isoformat(), "said": i18n.day(day, language)}


def _taken_id() -> ApiError:
    return ApiError(409, "Another letter has this id or look-up value. Nothing was kept. Send it with another.")


def _away(away: NotKept) -> ApiError:
    said = "The letter box is full." if isinstance(away, Full) else "The letter box is away just now."
    return ApiError(503, f"{said} Nothing was kept. Try again.")
