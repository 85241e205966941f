"""What the browser API's requests and responses share: look-up values, forms, and desks with their keys."""

import re
from collections.abc import Sequence
from typing import Any

from flask import request

from forms.core.form_schema import Definition, letter_forms
from forms.core.portal import Desk
from forms.server.services import lookup as lookup_service
from forms.server.services.flood.limiters import Busy
from forms.server.services.lookup import LookupResult
from forms.server.web.current import current_services
from forms.server.web.json_responses import ApiError

SHA_256 = re.compile(r"[0-9a-f]{64}")
"""A look-up value, or a proof of erasing, in hexadecimal digits."""

CONCERN_FORM = "concern"
"""The form of a letter that names none, and whose desks are the `desks` of the terms."""


def encrypted_forms() -> tuple[Definition, ...]:
    """Return the forms that browsers encrypt."""
    return tuple(form for form in letter_forms() if form.is_encrypted_in_browser)


def desk_keys(desks: Sequence[Desk]) -> list[dict[str, Any]]:
    """Return the ids and keys of desks, as the API names them."""
    return [{"id": desk.id, "keys": desk.keys} for desk in desks]


def find_letter(lookup: object) -> LookupResult:
    """Return the letter with a look-up value.

    Raises ApiError for a malformed value, an unknown letter, and while too many look-ups run or somebody guesses.
    """
    if not isinstance(lookup, str) or not SHA_256.fullmatch(lookup):
        raise ApiError(400, "The look-up value has not its form.")
    limiter = current_services().browser_lookups
    with_work = limiter.is_proof_of_work(lookup, request.headers.get("Portal-Lookup-Work", ""))
    if limiter.is_high() and not with_work:
        required_work = {"bits": limiter.required_bits(), "lookup": True}
        raise ApiError(428, "Somebody guesses receipts just now. Work first, then ask again.", **required_work)
    try:
        result = lookup_service.look_up_sealed(current_services(), bytes.fromhex(lookup), with_work=with_work)
    except Busy:
        raise ApiError(503, "Very many receipts are looked up just now. Try again in a few minutes.") from None
    if result is None:
        why = lookup_service.why_unknown(current_services().concerns)
        raise ApiError(404, "There is no letter with this look-up value.", why=why)
    return result
