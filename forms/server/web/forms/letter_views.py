"""The pages of letters: concerns, requests, and what is added to them."""

from dataclasses import replace

from flask import Response

from forms.core.crypto import receipts
from forms.core.media import attachments
from forms.core.portal import Desk
from forms.core.proofs.receipt_proofs import newest_short_ids
from forms.core.validation import FieldProblem, Rejected
from forms.server.services import lookup, sending
from forms.server.services.flood.limiters import Busy
from forms.server.services.lookup import LookupResult
from forms.server.services.submissions import Part, Submission
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.intake import Intake
from forms.server.store.concerns.letters import PartsMissing
from forms.server.store.faults import NotKept
from forms.server.web.forms.form_pages import check_page, form_page, page, turn_page
from forms.server.web.forms.requests import (
    FormRequest,
    check_answers,
    own_idempotency_key,
    readers,
    submission,
    typed_code,
)


def letter(form_request: FormRequest) -> Response:
    """Handle a letter: show its next questions, or handle it as a whole."""
    if form_request.step is not None and form_request.do in {"next", "back"}:
        return turn_page(form_request, form_request.step)
    return _complete_letter(form_request)


def _complete_letter(form_request: FormRequest) -> Response:
    """Handle a complete letter: have it corrected, show it for checking, or send it."""
    services, definition = form_request.services, form_request.definition
    form_request, file_problems = _keep_parts(
        form_request, readers(form_request), services.mailbox(definition.kind).store
    )
    checked = check_answers(form_request, frozenset(_file_fields_with_parts(form_request)))
    problems = (*file_problems, *(checked.problems if isinstance(checked, Rejected) else ()))
    if problems or isinstance(checked, Rejected):
        return form_page(form_request, problems, 422)
    if form_request.do == "change":
        return form_page(form_request if form_request.step is None else replace(form_request, step=0))
    is_sending = form_request.do in {"send", "send-without"}
    if not is_sending or not receipts.is_idempotency_key(form_request.idempotency_key):
        return check_page(form_request, checked)
    try:
        code = sending.send_concern(services, submission(form_request, checked))
    except PartsMissing:
        return form_page(replace(form_request, parts=()), _part_problems(form_request), 422)
    except NotKept:
        return check_page(form_request, checked, failed=True)
    return page(form_request, "receipt.html", code=code, desks=readers(form_request), wrong="")


def followup(form_request: FormRequest) -> Response:
    """Handle an addition for the desks of the first letter. Its page has a one-time value, so one press sends it."""
    code = typed_code(form_request)
    result = None if isinstance(code, FieldProblem) else lookup.look_up(form_request.services, code)
    if isinstance(code, FieldProblem) or result is None:
        return page(form_request, "receipt-first.html", 422)
    idempotency_key = own_idempotency_key(form_request)
    if form_request.do != "send":
        return form_page(form_request, hidden={"code": code, "once": idempotency_key})
    return _send_followup(form_request, code, result, idempotency_key)


def _send_followup(form_request: FormRequest, code: str, result: LookupResult, idempotency_key: str) -> Response:
    services, definition = form_request.services, form_request.definition
    hidden, progress = {"code": code, "once": idempotency_key}, result.progress
    form_request, file_problems = _keep_parts(
        form_request, services.portal.receivers(progress.desks), services.mailbox(result.kind).store
    )
    checked = check_answers(form_request, frozenset(_file_fields_with_parts(form_request)))
    if file_problems or isinstance(checked, Rejected):
        problems = (*file_problems, *(checked.problems if isinstance(checked, Rejected) else ()))
        return form_page(form_request, problems, 422, hidden=hidden)
    addition = Submission(
        definition,
        form_request.language,
        checked.values,
        idempotency_key,
        form_request.today,
        parts=form_request.parts,
        follows=progress.id,
        seen=newest_short_ids([reply.id for reply in result.replies if reply.id]),
    )
    try:
        sending.send_followup(services, addition, code, progress, result.kind)
    except PartsMissing:
        return form_page(replace(form_request, parts=()), _part_problems(form_request), 422, hidden=hidden)
    except NotKept:
        return form_page(form_request, (FieldProblem(definition.fields[0].name, "away"),), 503, hidden=hidden)
    return page(form_request, "added.html", code=code)


# Photos and recordings


def _keep_parts(
    form_request: FormRequest, desks: tuple[Desk, ...], store: ConcernStore
) -> tuple[FormRequest, tuple[FieldProblem, ...]]:
    """Encrypt and keep the photos and recordings that came.

    Return the request with them as parts, and a problem for each that was not kept. What was typed stays.
    """
    parts, problems = _limit_parts(form_request)
    if not desks:  # every desk is left out, so nothing can be encrypted; the form reports that at its question
        new_problems = (FieldProblem(name, "again") for name in form_request.files)
        return replace(form_request, parts=tuple(parts)), (*problems, *new_problems)
    is_sending = form_request.do in {"send", "send-without"}
    if not is_sending and not _parts_are_usable(form_request, desks, store.intake):
        problems += _part_problems(form_request)
        parts = []
    for field in form_request.definition.files:
        busy = FieldProblem(field.name, "busy")
        for content in form_request.files.get(field.name, ()):
            try:
                attachments.require_few(field.file, sum(part.kind == field.file for part in parts))
                with form_request.services.files.slot() as wait:
                    cleaned = attachments.clean(field.file, content, 0 if busy in problems else wait)
                parts.append(sending.keep_part(form_request.services, cleaned, desks, form_request.today, store))
            except attachments.FileRefused as problem:
                problems.append(FieldProblem(field.name, problem.code))
            except Busy:
                problems.append(busy)
            except NotKept:
                problems.append(FieldProblem(field.name, "full"))
    return replace(form_request, parts=tuple(parts)), tuple(dict.fromkeys(problems))


def _limit_parts(form_request: FormRequest) -> tuple[list[Part], list[FieldProblem]]:
    """Return as many of the page's parts as a letter may have, and a problem for each kind of which there are more."""
    parts: list[Part] = []
    for part in form_request.parts:
        if sum(other.kind == part.kind for other in parts) < attachments.MAX_FILES[part.kind]:
            parts.append(part)
    too_many = {part.kind for part in form_request.parts if part not in parts}
    fields = form_request.definition.files
    return parts, [FieldProblem(field.name, "many") for field in fields if field.file in too_many]


def _parts_are_usable(form_request: FormRequest, desks: tuple[Desk, ...], intake: Intake) -> bool:
    """Return whether the parts kept before are encrypted for the desks chosen now, and not erased."""
    ids = [part.id for part in form_request.parts]
    try:
        return not ids or intake.has_parts(ids, [desk.id for desk in desks])
    except NotKept:
        return True  # sending will report it


def _part_problems(form_request: FormRequest) -> list[FieldProblem]:
    """Return the problems that ask for the photos and recordings again."""
    return [FieldProblem(name, "again") for name in _file_fields_with_parts(form_request)]


def _file_fields_with_parts(form_request: FormRequest) -> list[str]:
    """Return the names of the questions for which a photo or recording was kept."""
    kinds = {part.kind for part in form_request.parts}
    return [field.name for field in form_request.definition.files if field.file in kinds]
