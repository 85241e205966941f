"""The public pages of the endpoint: a form, a look at what was typed, a receipt, an answer.

Nothing is kept until the second press: the first shows what will be sent and who will read it, and gives
the page its one-time value. So a reload or a double tap, with no script and no cookie, sends the same letter,
not two.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, Flask, Response, current_app, make_response, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound

from forms import definition as definitions
from forms import delivery, receipts, words
from forms.definition import Definition
from forms.delivery import Office, Sending
from forms.drawing import Alternate, Page, draw_form, draw_page, render, summary
from forms.headers import NEVER_KEPT
from forms.intake import Accepted, FieldProblem, Raw, Rejected, accept, clean
from forms.problem import Problem
from forms.store import CANCELLED, NotKept

pages = Blueprint("pages", __name__, url_prefix="/forms")


@dataclass(frozen=True)
class Asked:
    """One request as plain values: nothing after this knows Flask's request."""

    office: Office
    definition: Definition
    language: str
    today: date
    raw: Raw
    do: str
    once: str
    has_files: bool


@pages.route("/<language>/<form>", methods=["GET", "POST"])
def form(language: str, form: str) -> Response:
    """Any form: GET shows it, POST takes what was typed into it."""
    asked = _asked(language, form)
    if request.method == "GET":
        return _form_page(asked)
    if asked.has_files:
        return _form_page(asked, (FieldProblem(asked.definition.fields[0].name, "files"),), 422)
    if "code" in {field.name for field in asked.definition.fields}:
        return _with_code(asked)
    return _with_answers(asked)


def _asked(language: str, form: str) -> Asked:
    office: Office = current_app.extensions["office"]
    if language not in office.portal.language_codes() or form not in definitions.names():
        raise NotFound
    definition = definitions.load(form)
    source = request.form if request.method == "POST" else request.args
    names = [field.name for field in definition.fields if request.method == "POST" or field.name == "event"]
    return Asked(
        office=office,
        definition=definition,
        language=language,
        today=current_app.extensions["today"](),
        raw={name: source.getlist(name) for name in names},
        do=request.form.get("do", "check") if request.method == "POST" else "",
        once=request.form.get("once", "") if request.method == "POST" else "",
        has_files=any(file.filename for file in request.files.values()) if request.method == "POST" else False,
    )


def _with_answers(asked: Asked) -> Response:
    """A concern or a sign-up: mend it, look at it, or send it."""
    checked = accept(asked.definition, asked.office.portal, asked.today, asked.raw)
    if isinstance(checked, Rejected):
        return _form_page(asked, checked.problems, 422)
    if asked.do == "change":
        return _form_page(asked)
    if asked.do not in {"send", "send-without"} or not receipts.is_once(asked.once):
        return _check_page(asked, checked)
    try:
        return _SEND[asked.definition.name](asked, checked)
    except NotKept:
        return _check_page(asked, checked, failed=True)


def _send_concern(asked: Asked, checked: Accepted) -> Response:
    code = delivery.send_concern(asked.office, _sending(asked, checked))
    desks = delivery.readers(asked.office.portal, asked.definition, checked.values)
    return _page(asked, "receipt.html", code=code, desks=desks)


def _send_signup(asked: Asked, checked: Accepted) -> Response:
    event = asked.office.event(checked.values["event"])
    if event is None or event.capacity is None:
        raise NotFound  # the schema let only events through that take sign-ups
    code = delivery.send_signup(asked.office, _sending(asked, checked), event, event.capacity)
    if code is None:
        return _form_page(asked, (FieldProblem("event", "full"),), 409)
    kept = delivery.look_up_signup(asked.office, code)
    if kept and kept.state == CANCELLED:  # an old page, loaded again after the sign-up was cancelled
        return _page(asked, "signup.html", signup=kept, event=event, code=code)
    return _page(asked, "signed-up.html", code=code, event=event, people=checked.values["people"])


_SEND: dict[str, Callable[[Asked, Accepted], Response]] = {"concern": _send_concern, "signup": _send_signup}


def _sending(asked: Asked, checked: Accepted) -> Sending:
    return Sending(asked.definition, asked.language, checked.values, asked.once, asked.today, asked.do == "send")


def _with_code(asked: Asked) -> Response:
    """A receipt or a sign-up number: what it opens."""
    typed = next(iter(asked.raw["code"]), "")
    if not clean(typed):
        return _form_page(asked, (FieldProblem("code", "required"),), 422)
    code = receipts.read(typed)
    if code is None:
        return _form_page(asked, (FieldProblem("code", "digits"),), 422)
    return _LOOK_UP[asked.definition.name](asked, code)


def _answer(asked: Asked, code: str) -> Response:
    found = delivery.look_up_concern(asked.office, code)
    if found is None:
        return _form_page(asked, (FieldProblem("code", "unknown"),), 422)
    progress, replies = found
    names = {desk.id: desk.name for desk in asked.office.portal.desks}
    return _page(asked, "progress.html", progress=progress, replies=replies, names=names)


def _signup(asked: Asked, code: str) -> Response:
    if asked.do == "cancel":
        delivery.cancel_signup(asked.office, code)
    found = delivery.look_up_signup(asked.office, code)
    if found is None:
        return _form_page(asked, (FieldProblem("code", "unknown"),), 422)
    return _page(asked, "signup.html", signup=found, event=asked.office.event(found.event), code=code)


_LOOK_UP: dict[str, Callable[[Asked, str], Response]] = {"answer": _answer, "cancel": _signup}


def _form_page(asked: Asked, problems: Sequence[FieldProblem] = (), status: int = 200) -> Response:
    body = draw_form(asked.definition, asked.office.portal, asked.language, asked.today, asked.raw, problems)
    return _shell(asked, body, status, mend=bool(problems))


def _check_page(asked: Asked, checked: Accepted, *, failed: bool = False) -> Response:
    portal = asked.office.portal
    context = {
        "rows": summary(asked.definition, portal, asked.language, asked.today, checked.values),
        "hidden": [(name, text) for name, texts in asked.raw.items() for text in texts],
        "desks": delivery.readers(portal, asked.definition, checked.values),
        # A page that failed keeps its value: had the letter been kept after all, sending again finds it.
        "once": asked.once if failed else receipts.new_once(),
        "failed": failed,
    }
    return _page(asked, "check.html", 503 if failed else 200, **context)


def _page(asked: Asked, template: str, status: int = 200, **context: Any) -> Response:
    action = f"/forms/{asked.language}/{asked.definition.name}"
    body = render(asked.language, template, portal=asked.office.portal, form=asked.definition, action=action, **context)
    return _shell(asked, body, status)


def _shell(asked: Asked, body: Markup, status: int, *, mend: bool = False) -> Response:
    translate = words.say(asked.language)
    title = translate(asked.definition.title)
    page = Page(
        title=f"{translate('Please mend:')} {title}" if mend else title,
        lang=asked.language,
        body=Markup("<h1>{}</h1>\n{}").format(title, body),
        alternates=_alternates(asked.office, asked.language, asked.definition.name),
        sensitive=True,
        index=False,
        form=True,
    )
    return _html(draw_page(asked.office.portal, asked.language, page), status)


def _alternates(office: Office, language: str, form: str | None) -> tuple[Alternate, ...]:
    return tuple(
        Alternate(
            item.code,
            item.name,
            f"/forms/{item.code}/{form}" if form else f"/{item.code}/",
            item.code == language,
        )
        for item in office.portal.languages
    )


def _html(text: str, status: int) -> Response:
    response = make_response(text, status)
    response.headers["Cache-Control"] = NEVER_KEPT
    return response


def register_errors(app: Flask) -> None:
    """Whatever goes wrong, a person gets a page in their language that says so and what to do."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Problem, _unavailable)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value] # the pickup API's own JSON answers
    _drain()
    return _message_page(error.code or 500)


def _unavailable(_: Problem) -> Response:
    return _message_page(503)


def _drain(limit: int = 32 * 1024 * 1024) -> None:
    """Read what is still coming, so that a phone on a slow line sees our page and not a broken connection."""
    stream, left = request.environ["wsgi.input"], min(request.content_length or 0, limit)
    while left > 0 and (chunk := stream.read(min(left, 65536))):
        left -= len(chunk)


def _message_page(status: int) -> Response:
    office: Office = current_app.extensions["office"]
    parts = request.path.split("/")
    asked_for = next((part for part in parts[1:3] if part in office.portal.language_codes()), words.SOURCE_LANGUAGE)
    body = render(asked_for, "message.html", status=status, portal=office.portal)
    page = Page(
        title=words.say(asked_for)("This did not work"),
        lang=asked_for,
        body=body,
        alternates=_alternates(office, asked_for, None),
        index=False,
        form=True,
    )
    return _html(draw_page(office.portal, asked_for, page), status)
