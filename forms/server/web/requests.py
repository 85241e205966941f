"""Convert Flask requests to plain values, and plain values to pages, for the public forms."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from flask import Flask, Response, make_response, request
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ClientDisconnected, HTTPException, NotFound, RequestEntityTooLarge

from forms.core import form_schema as definitions
from forms.core import i18n
from forms.core.crypto import receipts
from forms.core.form_schema import Definition
from forms.core.media.attachments import LARGEST, MOST
from forms.core.portal import Desk
from forms.core.problem import Problem
from forms.core.rendering import Alternate, Page, draw_form, draw_page, render, summary
from forms.core.validation import Accepted, FieldProblem, Raw, Rejected, accept, clean
from forms.server.services import mailbox
from forms.server.services.mailbox import Part, Services, Submission
from forms.server.web import addresses, oversized
from forms.server.web.current import current_services, current_state, state_of
from forms.web.headers import EVERYWHERE, LOOKED_AT_AGAIN, NEVER_KEPT
from forms.web.no_trace import NoTraceRequest

LARGEST_UPLOAD = 24 * 1024 * 1024
"""Bytes of one form with its photos and recording: more than phones take, less than a server's memory."""

_PAGE_STEP = 8192
"""Bytes: the answer to a form has a multiple of them, so that its size does not tell how many desks are named in it."""

_PART = re.compile(r"([0-9a-f]{32}) (photo|voice) ([0-9]{1,4})")


@dataclass(frozen=True)
class FormRequest:
    """One request as plain values: code after this does not see Flask's request.

    today: of a form about events the day by which one is over, else the day with which a letter is stamped;
    files: contents by question; parts: what was taken in before and waits for its letter;
    step: the place of the page of questions that was filled in, or None where the whole form was;
    hear: the answer whose voice is asked for;
    too_large: the request is larger than we take, and only what was typed was read of it.
    """

    services: Services
    definition: Definition
    language: str
    today: date
    raw: Raw
    do: str
    idempotency_key: str
    code: str
    typed: str
    files: Mapping[str, Sequence[bytes]]
    parts: tuple[Part, ...]
    too_large: bool = False
    step: int | None = None
    hear: str = ""


def read_request(language: str, form: str) -> FormRequest:
    """Return the request as plain values. Raises NotFound (no such language or form), RequestEntityTooLarge."""
    services = current_services()
    if language not in services.portal.language_codes() or form not in definitions.names():
        raise NotFound
    definition = definitions.load(form)
    state = current_state()
    today = state.open_day if definition.kind.is_about_events else state.today
    if request.method != "POST":
        raw: Raw = {"event": request.args.getlist("event")}
        step = _step(definition, request.args.get("step", ""))
        return FormRequest(services, definition, language, today, raw, "", "", "", "", {}, (), step=step)
    if definition.files and request.mimetype == "multipart/form-data":
        request.max_content_length = LARGEST_UPLOAD
    typed, too_large = oversized.form_of(request)
    # Only a form with files is counted by Werkzeug; of many thousands of answers a page would be made for seconds.
    if sum(map(len, typed.listvalues())) > NoTraceRequest.max_form_parts:
        raise RequestEntityTooLarge
    return FormRequest(
        services=services,
        definition=definition,
        language=language,
        today=today,
        raw={field.name: typed.getlist(field.name) for field in definition.asked},
        do=typed.get("do", "check"),
        idempotency_key=typed.get("once", ""),
        code=typed.get("code", ""),
        typed=typed.get("typed", ""),
        files={} if too_large else _files(definition, typed),
        parts=_parts(typed.getlist("part"), typed.getlist("drop")),
        too_large=too_large,
        step=_step(definition, typed.get("step", "")),
        hear=typed.get("hear", ""),
    )


def _step(definition: Definition, text: str) -> int | None:
    """Return the number of the named page of questions, counted from 1; None if this form has no such page."""
    known = {str(place + 1): place for place in range(len(definition.pages))}
    return known.get(text)


def _files(definition: Definition, typed: MultiDict[str, str]) -> dict[str, list[bytes]]:
    """Return the contents of uploaded files, by question; unknown questions are ignored.

    No more is read of a file than tells that it is too large. Names are not read: some phones send none. A browser that
    cannot send files sends a text in their place, which is taken for an empty file, so that the person is told.
    """
    found = {}
    for field in definition.files:
        files = (
            (bool(file.filename), file.stream.read(LARGEST[field.file] + 1))
            for file in request.files.getlist(field.name)
        )
        contents = [content for named, content in files if named or content]
        found[field.name] = (contents + [b"" for text in typed.getlist(field.name) if text])[: MOST[field.file] + 1]
    return {name: contents for name, contents in found.items() if contents}


def _parts(texts: Sequence[str], dropped: Sequence[str]) -> tuple[Part, ...]:
    matches = (_PART.fullmatch(text) for text in texts)
    parts = {match[1]: Part(match[1], match[2], int(match[3])) for match in matches if match}
    return tuple(part for part in parts.values() if part.id not in dropped)


def has_files() -> bool:
    """Return whether a file was uploaded to a form that takes none."""
    return request.method == "POST" and any(file.filename or file.stream.read(1) for file in request.files.values())


def readers(asked: FormRequest) -> tuple[Desk, ...]:
    """Return who will be able to read it, as far as what was typed makes sense."""
    hidden = [clean(text) for text in asked.raw.get(asked.definition.hiding_field, ())]
    return mailbox.readers(asked.services.portal, asked.definition, hidden)


def typed_code(asked: FormRequest) -> str | FieldProblem:
    """Return the number that was typed, or that the page carries; or what is wrong with it."""
    typed = next(iter(asked.raw.get("code", ())), asked.code)
    if not clean(typed):
        return FieldProblem("code", "required")
    try:
        return receipts.read(typed)
    except receipts.NotAReceipt as wrong:
        return FieldProblem("code", wrong.code)


def submission(asked: FormRequest, checked: Accepted) -> Submission:
    """Return the accepted answers as a submission."""
    with_receipt = asked.do != "send-without"
    return Submission(
        asked.definition, asked.language, checked.values, asked.idempotency_key, asked.today, with_receipt, asked.parts
    )


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
    translate = i18n.say(asked.language)
    title = translate(asked.definition.title)
    whole = Page(
        title=f"{translate('Please correct:')} {title}" if mend else title,
        lang=asked.language,
        body=Markup("<h1>{}</h1>\n{}").format(title, body),
        alternates=_alternates(asked.services, asked.language, asked.definition.name, stepped=asked.step is not None),
        sensitive=True,
        index=False,
        form=True,
        finished=finished,
    )
    return _html(draw_page(asked.services.portal, asked.language, whole), status, multiple_of)


def _alternates(services: Services, language: str, form: str | None, *, stepped: bool = False) -> tuple[Alternate, ...]:
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


def _html(text: str, status: int, multiple_of: int = _PAGE_STEP) -> Response:
    if request.method == "POST":
        text += "<!--" + "." * (-(len(text.encode()) + 7) % multiple_of) + "-->"
    response = make_response(text, status)
    response.headers["Cache-Control"] = NEVER_KEPT
    return response


def register_errors(app: Flask) -> None:
    """Register error pages: whatever goes wrong, a person gets a page in their language that says so and what to do."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Problem, _unavailable)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value] # the APIs' own JSON answers
    if isinstance(error, NotFound) and (elsewhere := elsewhere_page()):
        return elsewhere
    drain()
    page = _message_page(error.code or 500)
    page.headers.extend((name, text) for name, text in error.get_headers() if name != "Content-Type")  # Allow, say
    return page


def elsewhere_page() -> Response | None:
    """Return the way to the page that is meant by an address that leads nowhere as it is written; None if none is.

    301, which every phone understands: browsers of before 2015 show nothing for a 308.
    """
    meant = addresses.as_ours(request.path, current_services().portal.language_codes())
    if meant is None or request.method not in {"GET", "HEAD"}:
        return None
    query = request.query_string.decode("ascii", "ignore")
    whole = f"{meant}?{query}" if query else meant
    return Response(status=301, headers={"Location": whole, "Cache-Control": LOOKED_AT_AGAIN})


def _unavailable(_: Problem) -> Response:
    return _message_page(503)


def drain(limit: int = 64 * 1024 * 1024) -> None:
    """Read what is still coming, so that a phone on a slow line sees our page and not a broken connection."""
    # Flask's own stream, where it was begun, ends where the body ends: on the socket one would wait for ever for more.
    stream = vars(request._get_current_object()).get("stream") or request.environ["wsgi.input"]  # type: ignore[attr-defined]
    left = min(request.content_length or 0, limit)
    with suppress(ClientDisconnected):  # or it was read without this stream
        while left > 0 and (chunk := stream.read(min(left, 65536))):
            left -= len(chunk)


def away_page(app: Flask, path: str) -> Response:
    """Return the page that nothing was sent, in the language of the path; made once, outside of requests."""
    state = state_of(app)
    portal, pages = state.services.portal, state.away_pages
    if state.away_portal is not portal:
        pages.clear()
        state.away_portal = portal
    language = next((part for part in path.split("/")[1:3] if part in portal.language_codes()), i18n.SOURCE_LANGUAGE)
    if language not in pages:
        with app.test_request_context(f"/forms/{language}/"):
            pages[language] = _message_page(503).get_data()
    return Response(pages[language], 503, {**EVERYWHERE, "Cache-Control": NEVER_KEPT}, mimetype="text/html")


def _message_page(status: int) -> Response:
    services = current_services()
    parts = request.path.split("/")
    asked_for = next((part for part in parts[1:3] if part in services.portal.language_codes()), i18n.SOURCE_LANGUAGE)
    body = render(asked_for, "message.html", status=status, portal=services.portal)
    whole = Page(
        title=i18n.say(asked_for)("Something went wrong"),
        lang=asked_for,
        body=body,
        alternates=_alternates(services, asked_for, None),
        index=False,
        form=True,
    )
    return _html(draw_page(services.portal, asked_for, whole), status)
