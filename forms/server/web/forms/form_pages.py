"""Render the pages of the public forms from plain values."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flask import Response, make_response, request
from markupsafe import Markup
from werkzeug.exceptions import RequestEntityTooLarge

from forms.core import i18n
from forms.core.crypto import receipts
from forms.core.rendering.answers import summary
from forms.core.rendering.environment import render
from forms.core.rendering.form import draw_form
from forms.core.rendering.page import Alternate, Page, draw_page
from forms.core.validation import Accepted, FieldProblem, Rejected
from forms.server.services.services import Services
from forms.server.web.forms import oversized
from forms.server.web.forms.requests import FormRequest, check_answers, readers
from forms.web.headers import NEVER_KEPT

_PAGE_STEP = 8192
"""The size of a response to a form is a multiple of these bytes, so that it does not reveal how many desks it names."""


def form_page(
    form_request: FormRequest,
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
    *,
    above: Markup | None = None,
    **more: Any,
) -> Response:
    """Return the form with what was typed and the problems with it. above: a note above the form.

    If questions come a few at a time, it is the page with the first problem.
    """
    step = form_request.step
    if step is not None and problems:
        step = form_request.definition.page_of(problems[0].field)
        problems = [problem for problem in problems if form_request.definition.page_of(problem.field) == step]
    body = (above or Markup()) + draw_form(
        form_request.definition,
        form_request.services.portal,
        form_request.language,
        form_request.today,
        form_request.raw,
        problems,
        parts=form_request.parts,
        step=step,
        **more,
    )
    return _shell(form_request, body, status, is_correction=bool(problems))


def turn_page(
    form_request: FormRequest, step: int, explain: Callable[[Rejected], Sequence[FieldProblem]] | None = None
) -> Response:
    """Return the next or the previous questions; or the same ones again, if there are problems with their answers.

    Nothing is kept: what was typed is in hidden fields of the page. Files are checked only when the form is complete.
    explain: returns the problems as this form words them.
    """
    if form_request.do == "next":
        unchecked = frozenset(field.name for field in form_request.definition.files)
        checked = check_answers(form_request, unchecked)
        problems: Sequence[FieldProblem] = checked.problems if isinstance(checked, Rejected) else ()
        if explain and isinstance(checked, Rejected):
            problems = explain(checked)
        on_page = [problem for problem in problems if problem.field in form_request.definition.pages[step]]
        if on_page:
            return form_page(form_request, on_page, 422)
    next_step = step + (1 if form_request.do == "next" else -1)
    return form_page(replace(form_request, step=min(max(next_step, 0), len(form_request.definition.pages) - 1)))


def check_page(
    form_request: FormRequest, checked: Accepted, *, failed: bool = False, status: int = 503, **more: Any
) -> Response:
    """Return the page with what will be sent and who will read it. Nothing is kept before it is sent from this page."""
    context: dict[str, Any] = {
        "rows": summary(
            form_request.definition,
            form_request.services.portal,
            form_request.language,
            form_request.today,
            checked.values,
            form_request.parts,
        ),
        "hidden": [(name, text) for name, texts in form_request.raw.items() for text in texts],
        "parts": form_request.parts,
        "desks": readers(form_request),
        # After a failure the value stays: if the letter was kept after all, sending again finds it.
        "once": form_request.idempotency_key if failed else receipts.new_idempotency_key(),
        "failed": failed,
        "step": form_request.step,
    }
    return page(form_request, "check.html", status if failed else 200, **context, **more)


def too_large_page(form_request: FormRequest) -> Response:
    """Return the form again with what was typed, after a request that is too large.

    Raises RequestEntityTooLarge if nothing was typed.
    """
    if not any(any(texts) for texts in form_request.raw.values()):
        raise RequestEntityTooLarge
    lengths = {name: max(map(len, texts), default=0) for name, texts in form_request.raw.items()}
    longest = max(lengths, key=lengths.__getitem__)
    files = form_request.definition.files if request.mimetype == "multipart/form-data" else ()
    if lengths[longest] >= oversized.MAX_TEXT_LENGTH:
        problems = [FieldProblem(longest, "cut"), *(FieldProblem(field.name, "again") for field in files)]
    else:
        problems = [FieldProblem(field.name, "large") for field in files] or [FieldProblem(longest, "maxLength")]
    return form_page(form_request, problems, 413, hidden=_hidden_fields(form_request))


def failed_page(form_request: FormRequest, status: int) -> Response:
    """Return a page from which the same can be sent again. It keeps its one-time value, as check_page does."""
    if form_request.do in {"send", "send-without"} and not form_request.definition.kind.has_number:
        file_fields = frozenset(field.name for field in form_request.definition.files)
        checked = check_answers(form_request, file_fields)
        if isinstance(checked, Accepted) and readers(form_request) and not form_request.files:
            return check_page(form_request, checked, failed=True, status=status, waits=None)
    first = form_request.definition.fields[0].name
    problems = [FieldProblem(first, "unreachable" if first == "code" else "away")]
    problems += [FieldProblem(name, "again") for name in form_request.files]
    return form_page(form_request, problems, status, hidden=_hidden_fields(form_request))


def _hidden_fields(form_request: FormRequest) -> dict[str, str]:
    """Return the number and the one-time value, for forms whose pages carry a number."""
    if not form_request.definition.kind.carries_number:
        return {}
    return {name: text for name, text in (("code", form_request.code), ("once", form_request.idempotency_key)) if text}


def page(
    form_request: FormRequest, template: str, status: int = 200, *, multiple_of: int = _PAGE_STEP, **context: Any
) -> Response:
    """Return a page in response to a request. multiple_of: its size is padded to a multiple of so many bytes."""
    action = f"/forms/{form_request.language}/{form_request.definition.name}"
    body = render(
        form_request.language,
        template,
        portal=form_request.services.portal,
        form=form_request.definition,
        action=action,
        **context,
    )
    return _shell(form_request, body, status, finished=template != "check.html", multiple_of=multiple_of)


def _shell(
    form_request: FormRequest,
    body: Markup,
    status: int,
    *,
    is_correction: bool = False,
    finished: bool = False,
    multiple_of: int = _PAGE_STEP,
) -> Response:
    translate = i18n.translator(form_request.language)
    title = translate(form_request.definition.title)
    page_values = Page(
        title=f"{translate('Please correct:')} {title}" if is_correction else title,
        lang=form_request.language,
        body=Markup("<h1>{}</h1>\n{}").format(title, body),
        alternates=alternates(
            form_request.services,
            form_request.language,
            form_request.definition.name,
            stepped=form_request.step is not None,
        ),
        sensitive=True,
        index=False,
        form=True,
        finished=finished,
    )
    return html_response(
        draw_page(form_request.services.portal, form_request.language, page_values), status, multiple_of
    )


def alternates(services: Services, language: str, form: str | None, *, stepped: bool = False) -> tuple[Alternate, ...]:
    """Return the addresses of a form, or of the home page, in each language. stepped: those of its first questions."""
    query = "?step=1" if stepped else ""
    return tuple(
        Alternate(
            other.code,
            other.name,
            f"/forms/{other.code}/{form}{query}" if form else f"/{other.code}/",
            other.code == language,
        )
        for other in services.portal.languages
    )


def html_response(text: str, status: int, multiple_of: int = _PAGE_STEP) -> Response:
    """Return a page that no browser caches. A response to a form is padded to a multiple of so many bytes."""
    if request.method == "POST":
        text += "<!--" + "." * (-(len(text.encode()) + 7) % multiple_of) + "-->"
    response = make_response(text, status)
    response.headers["Cache-Control"] = NEVER_KEPT
    return response
