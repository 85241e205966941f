"""Convert Flask requests of the public forms to plain values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound, RequestEntityTooLarge

from forms.core import form_schema as definitions
from forms.core.crypto import receipts
from forms.core.form_schema import Definition
from forms.core.media.attachments import MAX_FILE_BYTES, MAX_FILES
from forms.core.portal import Desk
from forms.core.validation import Accepted, FieldProblem, Raw, clean
from forms.server.services import sending
from forms.server.services.mailbox import Services
from forms.server.services.submissions import Part, Submission
from forms.server.web import oversized
from forms.server.web.current import current_services, current_state
from forms.web.no_trace import NoTraceRequest

LARGEST_UPLOAD = 24 * 1024 * 1024
"""Bytes of one form with its photos and recording: more than phones take, less than a server's memory."""

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
            (bool(file.filename), file.stream.read(MAX_FILE_BYTES[field.file] + 1))
            for file in request.files.getlist(field.name)
        )
        contents = [content for named, content in files if named or content]
        found[field.name] = (contents + [b"" for text in typed.getlist(field.name) if text])[
            : MAX_FILES[field.file] + 1
        ]
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
    return sending.readers(asked.services.portal, asked.definition, hidden)


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
