"""The route of the public forms, and the view for each kind of form."""

import sys
from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException, NotFound, ServiceUnavailable

from forms.core.form_schema import LETTER_KINDS, Kind
from forms.core.problem import Problem
from forms.core.validation import FieldProblem
from forms.server.services.flood.limiters import Busy
from forms.server.web.forms import letter_views, lookup_views, signup_views
from forms.server.web.forms.form_pages import failed_page, form_page, too_large_page
from forms.server.web.forms.requests import FormRequest, has_files, own_idempotency_key, read_request

pages = Blueprint("pages", __name__, url_prefix="/forms")

_View = Callable[[FormRequest], Response]


@pages.route("/<language>/<form>", methods=["GET", "POST"])
def form(language: str, form: str) -> Response:
    """Show a form (GET), or handle what was typed into it (POST).

    Raises NotFound or ServiceUnavailable if no desk can read it.
    """
    form_request = read_request(language, form)
    kind, letter_form = form_request.definition.kind, form_request.definition.letter_form
    desks = form_request.services.portal.desks
    if kind.is_letter and not form_request.services.portal.readers(letter_form):
        # Either the district has no desk that reads such letters, or none of them has a usable key.
        raise ServiceUnavailable if any(letter_form in desk.reads for desk in desks) else NotFound
    if request.method != "POST":  # HEAD too
        return _GET_VIEWS.get(kind, form_page)(form_request)
    if form_request.too_large:
        return too_large_page(form_request)
    if not form_request.definition.files and has_files():
        return form_page(form_request, (FieldProblem(form_request.definition.fields[0].name, "files"),), 422)
    return _call_view(_POST_VIEWS[kind], form_request)


def _call_view(view: _View, form_request: FormRequest) -> Response:
    """Return the view's response; if anything fails, the page again with all that was typed."""
    try:
        return view(form_request)
    except HTTPException:
        raise
    except Busy:
        return _busy_page(form_request)
    except Problem:
        return failed_page(form_request, 503)
    except Exception:  # noqa: BLE001 - whatever fails, nobody loses their words
        current_app.log_exception(sys.exc_info())
        return failed_page(form_request, 500)


def _busy_page(form_request: FormRequest) -> Response:
    """Return the page again, with the number and all that was typed, since too many look-ups run."""
    names = {field.name for field in form_request.definition.fields}
    code = next(iter(form_request.raw.get("code", ())), form_request.code)
    if "code" in names:
        again = replace(form_request, raw={**form_request.raw, "code": [code]})
        return form_page(again, (FieldProblem("code", "lookups"),), 503)
    problem = FieldProblem(form_request.definition.fields[0].name, "lookups")
    hidden = {"code": code, "once": own_idempotency_key(form_request)}
    return form_page(form_request, (problem,), 503, hidden=hidden)


_GET_VIEWS: dict[Kind, _View] = {
    Kind.SIGNUP: signup_views.show,
    Kind.SIGNUP_CHANGE: signup_views.change,
}
_POST_VIEWS: dict[Kind, _View] = {
    **dict.fromkeys(LETTER_KINDS, letter_views.letter),
    Kind.LOOKUP: lookup_views.look_up,
    Kind.FOLLOWUP: letter_views.followup,
    Kind.SIGNUP: signup_views.sign_up,
    Kind.SIGNUP_LOOKUP: signup_views.look_up,
    Kind.SIGNUP_CHANGE: signup_views.change,
}
