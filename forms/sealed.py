"""The road of a browser that seals by itself: only age ciphertext comes in, nothing else is taken.

`GET terms`: to whom to seal, and the salt and cost of receipts. `PUT parts/<id>`, then `PUT letters/<id>`: each may be
sent again after a broken line and makes no second letter. What the server needs to know besides stands in headers:
`Portal-Desks` (ids), `Portal-Parts` (ids), `Portal-Lookup` (64 hexadecimal digits, or none), `Portal-Work`.
"""

import re

from flask import Blueprint, Response, current_app, request

from forms.definition import load
from forms.delivery import Full, Office, keys_of, take_sealed_part
from forms.json_answers import Refused, json_answer
from forms.portal import Desk
from forms.pressure import is_worked
from forms.seal import LEAST_PART, SIZE_CLASSES, is_sealed_for, part_id
from forms.store.base import NotKept
from forms.store.concerns import Coming, PartsMissing

sealed_road = Blueprint("sealed", __name__, url_prefix="/forms/sealed/v1")

LARGEST_PART = 1024 * 1024
"""Bytes of plaintext of a photo or recording that a browser has made small."""

_ID = re.compile(r"[0-9a-f]{32}")
_LOOKUP = re.compile(r"[0-9a-f]{64}")
_FORM = "concern"


def _office() -> Office:
    office: Office = current_app.extensions["office"]
    return office


@sealed_road.get("/terms")
def terms() -> Response:
    """The present keys of the desks, and how receipts are derived here. The salt is no secret; guesses still cost."""
    office = _office()
    return json_answer(
        {
            "day": current_app.extensions["today"]().isoformat(),
            "salt": office.salt.hex(),
            "memory": office.cost.memory,
            "passes": office.cost.passes,
            "desks": [{"id": desk.id, "keys": desk.keys} for desk in office.portal.readers(_FORM)],
        }
    )


@sealed_road.put("/parts/<wanted>")
def part(wanted: str) -> Response:
    """A sealed photo or recording; its id is the first 32 hexadecimal digits of its SHA-256."""
    request.max_content_length = 2 * LARGEST_PART
    desks, body = _desks(), request.get_data()
    sizes = [size for size in SIZE_CLASSES if LEAST_PART <= size <= LARGEST_PART]
    if part_id(body) != wanted or not is_sealed_for(body, len(keys_of(desks)), sizes):
        raise Refused(400, "This is not a sealed part for these desks. Nothing was kept.")
    try:
        take_sealed_part(_office(), body, [desk.id for desk in desks], current_app.extensions["today"]())
    except NotKept as away:
        raise _away(away) from None
    return json_answer({"kept": wanted}, 201)


@sealed_road.put("/letters/<letter_id>")
def letter(letter_id: str) -> Response:
    """A sealed letter with the parts that came before it. 428 asks for work first, while very many letters come."""
    desks, body = _desks(), request.get_data()
    parts = [text for text in request.headers.get("Portal-Parts", "").split(",") if text]
    lookup = request.headers.get("Portal-Lookup", "")
    size = load(_FORM).pad_to
    if not _ID.fullmatch(letter_id) or not all(_ID.fullmatch(text) for text in parts) or len(parts) > 4:  # noqa: PLR2004
        raise Refused(400, "An id has not the form of an id. Nothing was kept.")
    if lookup and not _LOOKUP.fullmatch(lookup):
        raise Refused(400, "The look-up value has not its form. Nothing was kept.")
    if not is_sealed_for(body, len(keys_of(desks)), [size]):
        raise Refused(400, "This is not a sealed letter for these desks. Nothing was kept.")
    office = _office()
    worked = is_worked(letter_id, body, request.headers.get("Portal-Work", ""), office.pressure.enough())
    if office.pressure.is_high() and not worked:
        bits = office.pressure.bits()
        raise Refused(428, "Very many letters come just now. Work first, then send it again.", bits=bits)
    coming = Coming(
        id=letter_id,
        thread=letter_id,
        form=_FORM,
        day=current_app.extensions["today"](),
        lookup=bytes.fromhex(lookup) or None,
        sealed=body,
        desks=tuple(desk.id for desk in desks),
        parts=tuple(parts),
    )
    try:
        new = office.keep(coming, worked=worked)
    except PartsMissing as gone:
        raise Refused(409, "Parts of the letter are not here. Send them again.", missing=gone.missing) from None
    except NotKept as away:
        raise _away(away) from None
    return json_answer({"kept": letter_id}, 201 if new else 200)


def _desks() -> tuple[Desk, ...]:
    """The desks to which it is sealed: some of those that read concerns, each once."""
    wanted = request.headers.get("Portal-Desks", "").split(",")
    desks = tuple(desk for desk in _office().portal.readers(_FORM) if desk.id in wanted)
    if not desks or len(desks) != len(wanted):
        raise Refused(409, "These are not the desks of this place. Ask for the terms again.")
    return desks


def _away(away: NotKept) -> Refused:
    said = "The letter box is full." if isinstance(away, Full) else "The letter box is away just now."
    return Refused(503, f"{said} Nothing was kept. Try again.")
