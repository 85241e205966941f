"""Convert plain values to pages, for the public forms."""

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
from forms.core.validation import Accepted, FieldProblem, Rejected, accept
from forms.server.services.mailbox import Services
from forms.server.web import oversized
from forms.server.web.requests import FormRequest, readers
from forms.web.headers import NEVER_KEPT

_PAGE_STEP = 8192
"""Bytes: the answer to a form has a multiple of them, so that its size does not tell how many desks are named in it."""


def form_page(
    asked: FormRequest,
    problems: Sequence[FieldProblem] = (),
    status: int = 200,
    *,
    above: Markup | None = None,
    **more: Any,
) -> Response:
    """Return the form, with what was typed and what is wrong with it, and perhaps a note above.

    Where questions come a few at a time, it is the page with the first that is wrong.
    """
    step = asked.step
    if step is not None and problems:
        step = asked.definition.page_of(problems[0].field)
        problems = [problem for problem in problems if asked.definition.page_of(problem.field) == step]
    body = (above or Markup()) + draw_form(
        asked.definition,
        asked.services.portal,
        asked.language,
        asked.today,
        asked.raw,
        problems,
        parts=asked.parts,
        step=step,
        **more,
    )
    return _shell(asked, body, status, mend=bool(problems))


def turn_page(
    asked: FormRequest, step: int, explained: Callable[[Rejected], Sequence[FieldProblem]] | None = None
) -> Response:
    """Return the next questions, or those before; or the same ones again, with what is wrong in them.

    Nothing is kept: what was typed goes into the page that is shown. Whether all that is needed is there is asked last.
    explained: the problems as this form says them.
    """
    if asked.do == "next":
        later = frozenset(field.name for field in asked.definition.files)
        checked = accept(asked.definition, asked.services.portal, asked.today, asked.raw, later)
        here = asked.definition.pages[step]
        problems: Sequence[FieldProblem] = checked.problems if isinstance(checked, Rejected) else ()
        if explained and isinstance(checked, Rejected):
            problems = explained(checked)
        wrong = [one for one in problems if one.field in here]
        if wrong:
            return form_page(asked, wrong, 422)
    turned = step + (1 if asked.do == "next" else -1)
    return form_page(replace(asked, step=min(max(turned, 0), len(asked.definition.pages) - 1)))


def check_page(
    asked: FormRequest, checked: Accepted, *, failed: bool = False, status: int = 503, **more: Any
) -> Response:
    """Return what will be sent and who will read it; nothing is kept before it is sent from here."""
    context: dict[str, Any] = {
        "rows": summary(
            asked.definition, asked.services.portal, asked.language, asked.today, checked.values, asked.parts
        ),
        "hidden": [(name, text) for name, texts in asked.raw.items() for text in texts],
        "parts": asked.parts,
        "desks": readers(asked),
        # A page that failed keeps its value: had the letter been kept after all, sending again finds it.
        "once": asked.idempotency_key if failed else receipts.new_idempotency_key(),
        "failed": failed,
        "step": asked.step,
    }
    return page(asked, "check.html", status if failed else 200, **context, **more)


def too_large_page(asked: FormRequest) -> Response:
    """Return the form with what was typed, after too large a request. Raises RequestEntityTooLarge if nothing was."""
    if not any(any(texts) for texts in asked.raw.values()):
        raise RequestEntityTooLarge
    lengths = {name: max(map(len, texts), default=0) for name, texts in asked.raw.items()}
    longest = max(lengths, key=lengths.__getitem__)
    files = asked.definition.files if request.mimetype == "multipart/form-data" else ()
    if lengths[longest] >= oversized.LONGEST_TEXT:
        problems = [FieldProblem(longest, "cut"), *(FieldProblem(field.name, "again") for field in files)]
    else:
        problems = [FieldProblem(field.name, "large") for field in files] or [FieldProblem(longest, "maxLength")]
    return form_page(asked, problems, 413, hidden=_carried(asked))


def failed_page(asked: FormRequest, status: int) -> Response:
    """Return a page to send the same again after a failure here. It keeps its one-time value: see check_page."""
    if asked.do in {"send", "send-without"} and not asked.definition.kind.has_number:
        answered = frozenset(field.name for field in asked.definition.files)
        checked = accept(asked.definition, asked.services.portal, asked.today, asked.raw, answered)
        if isinstance(checked, Accepted) and readers(asked) and not asked.files:
            return check_page(asked, checked, failed=True, status=status, waits=None)
    first = asked.definition.fields[0].name
    problems = [FieldProblem(first, "unreachable" if first == "code" else "away")]
    problems += [FieldProblem(name, "again") for name in asked.files]
    return form_page(asked, problems, status, hidden=_carried(asked))


def _carried(asked: FormRequest) -> dict[str, str]:
    """Return what the pages of these forms carry in hidden fields."""
    if not asked.definition.kind.carries_number:
        return {}
    return {name: text for name, text in (("code", asked.code), ("once", asked.idempotency_key)) if text}


def page(
    asked: FormRequest, template: str, status: int = 200, *, multiple_of: int = _PAGE_STEP, **context: Any
) -> Response:
    """Return a page in response to a request. multiple_of: it is padded to a multiple of so many bytes."""
    action = f"/forms/{asked.language}/{asked.definition.name}"
    body = render(
        asked.language, template, portal=asked.services.portal, form=asked.definition, action=action, **context
    )
    return _shell(asked, body, status, finished=template != "check.html", multiple_of=multiple_of)


def _shell(
    asked: FormRequest,
    body: Markup,
    status: int,
    *,
    mend: bool = False,
    finished: bool = False,
    multiple_of: int = _PAGE_STEP,
) -> Response:
    translate = i18n.translator(asked.language)
    title = translate(asked.definition.title)
    whole = Page(
        title=f"{translate('Please correct:')} {title}" if mend else title,
        lang=asked.language,
        body=Markup("<h1>{}</h1>\n{}").format(title, body),
        alternates=alternates(asked.services, asked.language, asked.definition.name, stepped=asked.step is not None),
        sensitive=True,
        index=False,
        form=True,
        finished=finished,
    )
    return html_response(draw_page(asked.services.portal, asked.language, whole), status, multiple_of)


def alternates(services: Services, language: str, form: str | None, *, stepped: bool = False) -> tuple[Alternate, ...]:
    """Return a form in each language of the portal; without one, the first page. stepped: at its first questions."""
    query = "?step=1" if stepped else ""
    return tuple(
        Alternate(
            item.code,
            item.name,
            f"/forms/{item.code}/{form}{query}" if form else f"/{item.code}/",
            item.code == language,
        )
        for item in services.portal.languages
    )


def html_response(text: str, status: int, multiple_of: int = _PAGE_STEP) -> Response:
    """Return a page that no browser keeps; the answer to a form is padded to a multiple of so many bytes."""
    if request.method == "POST":
        text += "<!--" + "." * (-(len(text.encode()) + 7) % multiple_of) + "-->"
    response = make_response(text, status)
    response.headers["Cache-Control"] = NEVER_KEPT
    return response
