"""Convert Flask requests of the public forms to plain values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from forms.core import form_schema
from forms.core.crypto import receipts
from forms.core.form_schema import Definition
from forms.core.media.attachments import MAX_FILE_BYTES, MAX_FILES
from forms.core.portal import Desk
from forms.core.validation import Accepted, FieldProblem, Raw, Rejected, accept, clean
from forms.server.services import sending
from forms.server.services.services import Services
from forms.server.services.submissions import Part, Submission
from forms.server.web.current import current_services, current_state
from forms.server.web.forms import oversized
from forms.web.no_trace import NoTraceRequest

MAX_UPLOAD_BYTES = 24 * 1024 * 1024
"""Bytes of one form with its photos and recording: more than phones send, less than a server's memory."""

_PART = re.compile(r"([0-9a-f]{32}) (photo|voice) ([0-9]{1,4})")


@dataclass(frozen=True)
class FormRequest:
    """One request as plain values, so that other code needs no Flask request.

    today: for a form about events the earliest day that it may be, else the latest, with which a letter is stored.
    raw: the answers as they were typed. do: the button that was pressed. code: the number that the page carries; typed:
    the receipt as it was typed again. files: contents by question. parts: photos and recordings that were kept before
    and wait for their letter. step: the index of the page of questions that was filled in, or None for the whole form.
    hear: the SHA-256 of the voice to play. too_large: the request is larger than allowed, and only what was typed was
    read.
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
    if language not in services.portal.language_codes() or form not in form_schema.names():
        raise NotFound
    definition = form_schema.load(form)
    state = current_state()
    today = state.open_day if definition.kind.is_about_events else state.today
    if request.method != "POST":
        raw: Raw = {"event": request.args.getlist("event")}
        step = _step(definition, request.args.get("step", ""))
        return FormRequest(services, definition, language, today, raw, "", "", "", "", {}, (), step=step)
    if definition.files and request.mimetype == "multipart/form-data":
        request.max_content_length = MAX_UPLOAD_BYTES
    typed, too_large = oversized.read_form(request)
    # Werkzeug limits the number only in forms with files. Rendering many thousands of answers would take seconds.
    if sum(map(len, typed.listvalues())) > NoTraceRequest.max_form_parts:
        raise RequestEntityTooLarge
    return FormRequest(
        services=services,
        definition=definition,
        language=language,
        today=today,
        raw={field.name: typed.getlist(field.name) for field in definition.value_fields},
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
    """Return the index of a page of questions, which the page counts from 1; None if this form has no such page."""
    indexes = {str(index + 1): index for index in range(len(definition.pages))}
    return indexes.get(text)


def _files(definition: Definition, typed: MultiDict[str, str]) -> dict[str, list[bytes]]:
    """Return the contents of uploaded files, by question; unknown questions are ignored.

    One byte more than the largest allowed size is read of each. Names are not used: some phones send none. A browser
    that cannot send files sends a text instead, which counts as an empty file, so that the person sees a message.
    """
    files_by_question = {}
    for field in definition.files:
        files = (
            (bool(file.filename), file.stream.read(MAX_FILE_BYTES[field.file] + 1))
            for file in request.files.getlist(field.name)
        )
        contents = [content for has_name, content in files if has_name or content]
        contents += [b"" for text in typed.getlist(field.name) if text]
        files_by_question[field.name] = contents[: MAX_FILES[field.file] + 1]
    return {name: contents for name, contents in files_by_question.items() if contents}


def _parts(texts: Sequence[str], removed: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts that the page names in hidden fields, without those that the person removed."""
    matches = (_PART.fullmatch(text) for text in texts)
    parts = {match[1]: Part(match[1], match[2], int(match[3])) for match in matches if match}
    return tuple(part for part in parts.values() if part.id not in removed)


def has_files() -> bool:
    """Return whether a file was uploaded to a form that takes none."""
    return request.method == "POST" and any(file.filename or file.stream.read(1) for file in request.files.values())


def readers(form_request: FormRequest) -> tuple[Desk, ...]:
    """Return the desks that will be able to read the letter, by the answer to whom it must be hidden from."""
    hidden = [clean(text) for text in form_request.raw.get(form_request.definition.hiding_field, ())]
    return sending.readers(form_request.services.portal, form_request.definition, hidden)


def typed_code(form_request: FormRequest) -> str | FieldProblem:
    """Return the number that was typed, or that the page carries in a hidden field; or the problem with it."""
    typed = next(iter(form_request.raw.get("code", ())), form_request.code)
    if not clean(typed):
        return FieldProblem("code", "required")
    try:
        return receipts.read(typed)
    except receipts.NotAReceipt as problem:
        return FieldProblem("code", problem.code)


def check_answers(form_request: FormRequest, unchecked: frozenset[str] = frozenset()) -> Accepted | Rejected:
    """Return the accepted answers, or the problems with them. unchecked: fields of files that are not checked here."""
    definition, portal = form_request.definition, form_request.services.portal
    return accept(definition, portal, form_request.today, form_request.raw, unchecked)


def own_idempotency_key(form_request: FormRequest) -> str:
    """Return the one-time value of the page, or a new one if it has none."""
    if receipts.is_idempotency_key(form_request.idempotency_key):
        return form_request.idempotency_key
    return receipts.new_idempotency_key()


def submission(form_request: FormRequest, checked: Accepted) -> Submission:
    """Return the accepted answers as a submission."""
    with_receipt = form_request.do != "send-without"
    return Submission(
        form_request.definition,
        form_request.language,
        checked.values,
        form_request.idempotency_key,
        form_request.today,
        with_receipt,
        form_request.parts,
    )
