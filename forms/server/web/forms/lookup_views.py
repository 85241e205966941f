"""The answer page that a receipt opens: the letter's progress, the desks' answers, and erasing the letter."""

import base64
from typing import Any

from flask import Response

from forms.core.crypto import receipts
from forms.core.validation import FieldProblem
from forms.server.services import lookup
from forms.server.web.forms.form_pages import form_page, page
from forms.server.web.forms.requests import FormRequest, typed_code


def look_up(form_request: FormRequest) -> Response:
    """Show the state of a letter and the answers to it; check a receipt that was typed again; erase the letter."""
    if form_request.do == "typed":
        return _check_typed_receipt(form_request)
    code = typed_code(form_request)
    if isinstance(code, FieldProblem):
        return form_page(form_request, (code,), 422)
    if form_request.do == "delete":
        return page(form_request, "delete.html", code=code)
    return (_delete if form_request.do == "delete-now" else _show_progress)(form_request, code)


def _show_progress(form_request: FormRequest, code: str) -> Response:
    services = form_request.services
    result = lookup.look_up(services, code, form_request.hear)
    if result is None:
        return _unknown_receipt(form_request)
    context: dict[str, Any] = {
        "progress": result.progress,
        "replies": result.replies,
        "names": {desk.id: desk.name for desk in services.portal.desks},
        "code": code,
        "hear": form_request.hear,
        "faces": {desk.id: desk.picture for desk in services.portal.desks},
    }
    if not result.sound:
        return page(form_request, "progress.html", sound="", **context)
    # Within the page: an address of its own would have to contain the receipt, and need a second request.
    sound = base64.b64encode(result.sound).decode()
    return page(form_request, "progress.html", multiple_of=lookup.VOICE_STEP, sound=sound, **context)


def _unknown_receipt(form_request: FormRequest) -> Response:
    reason = lookup.why_unknown(form_request.services.concerns)
    return form_page(form_request, (FieldProblem("code", reason),), 422)


def _delete(form_request: FormRequest, code: str) -> Response:
    if not lookup.delete(form_request.services, code, form_request.today):
        return _unknown_receipt(form_request)
    return page(form_request, "deleted.html")


def _check_typed_receipt(form_request: FormRequest) -> Response:
    """Compare the receipt that was typed again from paper with the one that was shown."""
    shown, typed = form_request.code, form_request.typed
    try:
        if receipts.read(typed) == receipts.read(shown):
            return page(form_request, "typed-back.html")
        mistake = "other"
    except receipts.NotAReceipt as problem:
        mistake = problem.code
    return page(form_request, "receipt.html", 422, code=_digits(shown), desks=(), wrong=mistake)


def _digits(text: str) -> str:
    """Return the digits of a receipt that one of our pages had in a hidden field."""
    return "".join(char for char in text if char in "0123456789")[: receipts.DIGITS]
