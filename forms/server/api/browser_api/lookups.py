"""Look a letter up, fetch the voice of an answer, and erase a letter, with the look-up value of its receipt."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, Response, request

from forms.core import i18n
from forms.core.ids import is_id
from forms.server.api.browser_api.requests import SHA_256, desk_keys, find_letter
from forms.server.services import lookup as lookup_service
from forms.server.services.lookup import LookupResult
from forms.server.store.faults import NotKept
from forms.server.web.current import current_services, current_state
from forms.server.web.json_responses import ApiError, json_answer, padded_json_answer
from forms.web.headers import NEVER_KEPT

views = Blueprint("lookups", __name__)

_MAX_REQUEST_BYTES = 1024


@views.post("/lookups")
def lookup() -> Response:
    """Return the state and the answers of the letter with a look-up value, encrypted to the key of its receipt.

    Raises ApiError for a language that the site does not have.
    """
    data, letter = _read_lookup()
    language, portal = data.get("language"), current_services().portal
    if language not in portal.language_codes():
        raise ApiError(400, "There is no such language here. Name one of the site.")
    progress = letter.progress
    return padded_json_answer(
        {
            "id": progress.id,
            "came": [_day(day, language) for day in progress.days],
            "taken": bool(progress.taken_by),
            "desks": desk_keys(portal.receivers(progress.desks)),
            "faces": {desk.id: desk.picture for desk in portal.desks_with_ids(progress.desks) if desk.picture},
            "answers": [
                {
                    "desk": answer.desk,
                    "day": _day(answer.day, language),
                    "sealed": base64.b64encode(answer.sealed).decode(),
                }
                for answer in progress.answers
            ],
        }
    )


@views.post("/voices")
def voice() -> Response:
    """Return the voice message of an answer, encrypted to the key derived from the letter's receipt.

    By POST, so that no address, log or browser history names it. Raises ApiError if the letter has no such voice.
    """
    data, letter = _read_lookup()
    voice_id = str(data.get("voice"))
    sealed = lookup_service.sealed_voice(current_services(), letter, voice_id) if is_id(voice_id) else None
    if sealed is None:
        raise ApiError(404, "There is no such voice at this letter.")
    return Response(sealed, 200, {"Cache-Control": NEVER_KEPT}, mimetype="application/octet-stream")


@views.post("/erasures")
def erasure() -> Response:
    """Erase the letter with a look-up value and all that belongs to it; ask desks that have it to erase it too.

    `proof`: the erase secret that the receipt yields. Without it desks are asked too, and their staff decide. Raises
    ApiError for a malformed proof, and if the store is unreachable.
    """
    data, letter = _read_lookup()
    proof = data.get("proof") or ""
    if proof and not (isinstance(proof, str) and SHA_256.fullmatch(proof)):
        raise ApiError(400, "The proof has not its form. Nothing was erased.")
    try:
        lookup_service.erase(current_services(), replace(letter, proof=proof), current_state().today)
    except NotKept:
        raise ApiError(503, "The letter box is away just now. Nothing was erased. Try again.") from None
    return json_answer({"erased": letter.progress.id})


def _read_lookup() -> tuple[Mapping[str, Any], LookupResult]:
    """Return the JSON object of the request, and the letter whose look-up value it has.

    Raises ApiError if the body is not a JSON object, and what `find_letter` raises.
    """
    request.max_content_length = _MAX_REQUEST_BYTES
    try:
        data = request.get_json(silent=True)
    except RecursionError:  # a thousand brackets fit into the limit
        data = None
    if not isinstance(data, dict):
        raise ApiError(400, "JSON with a look-up value was expected.")
    return data, find_letter(data.get("lookup"))


def _day(day: date, language: str) -> dict[str, str]:
    """Return a day in ISO form, for sorting, and in the words of the page."""
    return {"day": day.isoformat(), "said": i18n.day(day, language)}
