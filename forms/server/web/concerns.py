"""The public forms: a form, a look at what was typed, a receipt; and what a receipt opens.

No letter is kept until the second press: the first shows what will be sent and who will read it, and gives
the page its one-time value. So a reload or a double tap, with no script and no cookie, sends the same letter,
not two. Photos and recordings that come with the first press are sealed at once and wait, two days at most.
"""

import base64
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException, NotFound, ServiceUnavailable

from forms.core.crypto import receipts
from forms.core.form_schema import LETTER_KINDS, Kind
from forms.core.media import attachments
from forms.core.portal import Desk
from forms.core.problem import Problem
from forms.core.proofs.receipt_proofs import newest_short_ids
from forms.core.validation import FieldProblem, Rejected, accept
from forms.server.services import lookup, sending
from forms.server.services.flood.limiters import Busy
from forms.server.services.lookup import LookupResult
from forms.server.services.submissions import Part, Submission
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.intake import Intake
from forms.server.store.concerns.letters import PartsMissing
from forms.server.store.faults import NotKept
from forms.server.web import signup_views
from forms.server.web.form_pages import check_page, failed_page, form_page, page, too_large_page, turn_page
from forms.server.web.requests import FormRequest, has_files, read_request, readers, submission, typed_code

pages = Blueprint("pages", __name__, url_prefix="/forms")


@pages.route("/<language>/<form>", methods=["GET", "POST"])
def form(language: str, form: str) -> Response:
    """Show a form (GET), or accept what was typed into it (POST).

    Raises NotFound or ServiceUnavailable where no desk can read it.
    """
    asked = read_request(language, form)
    kind, letter_form = asked.definition.kind, asked.definition.letter_form
    if kind.is_letter and not asked.services.portal.readers(letter_form):
        # Either the district has no desk that reads such letters, or none of them has a key that can be used.
        raise ServiceUnavailable if any(letter_form in desk.reads for desk in asked.services.portal.desks) else NotFound
    if request.method != "POST":  # HEAD asks as GET does
        return _SHOW.get(kind, form_page)(asked)
    if asked.too_large:
        return too_large_page(asked)
    if not asked.definition.files and has_files():
        return form_page(asked, (FieldProblem(asked.definition.fields[0].name, "files"),), 422)
    return _answered_with_words(_ANSWER[kind], asked)


def _answered_with_words(answer: Callable[[FormRequest], Response], asked: FormRequest) -> Response:
    """Return the response; if anything fails, the submitted page with all that was typed."""
    try:
        return answer(asked)
    except HTTPException:
        raise
    except Busy:
        return _turned_away(asked)
    except Problem:
        return failed_page(asked, 503)
    except Exception:  # noqa: BLE001 - whatever it is, nobody loses their words for it
        current_app.log_exception(sys.exc_info())
        return failed_page(asked, 500)


def _turned_away(asked: FormRequest) -> Response:
    """Return the page again, with the number and all that was typed, since too many look-ups run."""
    names = {field.name for field in asked.definition.fields}
    code = next(iter(asked.raw.get("code", ())), asked.code)
    if "code" in names:
        again = replace(asked, raw={**asked.raw, "code": [code]})
        return form_page(again, (FieldProblem("code", "lookups"),), 503)
    idempotency_key = (
        asked.idempotency_key if receipts.is_idempotency_key(asked.idempotency_key) else receipts.new_idempotency_key()
    )
    problem = FieldProblem(asked.definition.fields[0].name, "lookups")
    return form_page(asked, (problem,), 503, hidden={"code": code, "once": idempotency_key})


# A letter: a concern, or a request


def _letter(asked: FormRequest) -> Response:
    """Handle a letter: show its next questions, or accept what was typed."""
    if asked.step is not None and asked.do in {"next", "back"}:
        return turn_page(asked, asked.step)
    return _whole_letter(asked)


def _whole_letter(asked: FormRequest) -> Response:
    """Handle a complete letter: have it corrected, show it for checking, or send it."""
    asked, wrong = _taken_in(asked, readers(asked), asked.services.mailbox(asked.definition.kind).store)
    checked = accept(asked.definition, asked.services.portal, asked.today, asked.raw, _answered(asked))
    problems = (*wrong, *(checked.problems if isinstance(checked, Rejected) else ()))
    if problems or isinstance(checked, Rejected):
        return form_page(asked, problems, 422)
    if asked.do == "change":
        return form_page(asked if asked.step is None else replace(asked, step=0))
    if asked.do not in {"send", "send-without"} or not receipts.is_idempotency_key(asked.idempotency_key):
        return check_page(asked, checked)
    try:
        code = sending.send_concern(asked.services, submission(asked, checked))
    except PartsMissing:
        return _parts_again(asked)
    except NotKept:
        return check_page(asked, checked, failed=True)
    return page(asked, "receipt.html", code=code, desks=readers(asked), wrong="")


def _taken_in(
    asked: FormRequest, desks: tuple[Desk, ...], store: ConcernStore
) -> tuple[FormRequest, tuple[FieldProblem, ...]]:
    """Encrypt and store the photos and recordings that came, or return them as problems. What was typed stays."""
    parts, problems = _few(asked)
    if not desks:  # everybody is left out: said of that question; nothing can be sealed
        return replace(asked, parts=tuple(parts)), (*problems, *(FieldProblem(name, "again") for name in asked.files))
    if asked.do not in {"send", "send-without"} and not _still_wait(asked, desks, store.intake):
        problems += _again(asked)
        parts = []
    for field in asked.definition.files:
        busy = FieldProblem(field.name, "busy")
        for content in asked.files.get(field.name, ()):
            try:
                attachments.require_few(field.file, sum(part.kind == field.file for part in parts))
                with asked.services.files.slot() as wait:
                    cleaned = attachments.clean(field.file, content, 0 if busy in problems else wait)
                parts.append(sending.keep_part(asked.services, cleaned, desks, asked.today, store))
            except attachments.FileRefused as wrong:
                problems.append(FieldProblem(field.name, wrong.code))
            except Busy:
                problems.append(busy)
            except NotKept:
                problems.append(FieldProblem(field.name, "full"))
    return replace(asked, parts=tuple(parts)), tuple(dict.fromkeys(problems))


def _few(asked: FormRequest) -> tuple[list[Part], list[FieldProblem]]:
    """Return as many of the attachments that the page names as a letter may have, and a sentence about the others."""
    kept: list[Part] = []
    for part in asked.parts:
        if sum(one.kind == part.kind for one in kept) < attachments.MAX_FILES[part.kind]:
            kept.append(part)
    too_many = {part.kind for part in asked.parts if part not in kept}
    return kept, [FieldProblem(field.name, "many") for field in asked.definition.files if field.file in too_many]


def _still_wait(asked: FormRequest, desks: tuple[Desk, ...], intake: Intake) -> bool:
    """Return whether attachments stored before are still usable: encrypted for the desks chosen now, and not erased."""
    ids = [part.id for part in asked.parts]
    try:
        return not ids or intake.has_parts(ids, [desk.id for desk in desks])
    except NotKept:
        return True  # sending will tell


def _again(asked: FormRequest) -> list[FieldProblem]:
    kinds = {part.kind for part in asked.parts}
    return [FieldProblem(field.name, "again") for field in asked.definition.files if field.file in kinds]


def _parts_again(asked: FormRequest) -> Response:
    return form_page(replace(asked, parts=()), _again(asked), 422)


def _answered(asked: FormRequest) -> frozenset[str]:
    kinds = {part.kind for part in asked.parts}
    return frozenset(field.name for field in asked.definition.files if field.file in kinds)


# What a receipt opens


def _answer(asked: FormRequest) -> Response:
    """Handle the answer page: the letter's state, the desks' answers, additions, requests to erase it."""
    if asked.do == "typed":
        return _typed_back(asked)
    code = typed_code(asked)
    if isinstance(code, FieldProblem):
        return form_page(asked, (code,), 422)
    if asked.do == "delete":
        return page(asked, "delete.html", code=code)
    return (_delete if asked.do == "delete-now" else _progress)(asked, code)


def _progress(asked: FormRequest, code: str) -> Response:
    found = lookup.look_up(asked.services, code, asked.hear)
    if found is None:
        return form_page(asked, (FieldProblem("code", lookup.why_unknown(asked.services.concerns)),), 422)
    names = {desk.id: desk.name for desk in asked.services.portal.desks}
    told: dict[str, Any] = {"progress": found.progress, "replies": found.replies, "names": names, "code": code}
    told |= {"hear": asked.hear, "faces": {desk.id: desk.picture for desk in asked.services.portal.desks}}
    if not found.sound:
        return page(asked, "progress.html", sound="", **told)
    # In the page itself: another address for it would have to name the receipt, and be fetched by a second request.
    sound = base64.b64encode(found.sound).decode()
    return page(asked, "progress.html", multiple_of=lookup.VOICE_STEP, sound=sound, **told)


def _delete(asked: FormRequest, code: str) -> Response:
    if not lookup.delete(asked.services, code, asked.today):
        return form_page(asked, (FieldProblem("code", lookup.why_unknown(asked.services.concerns)),), 422)
    return page(asked, "deleted.html")


def _typed_back(asked: FormRequest) -> Response:
    """Check the receipt that was typed again from paper against the one that was shown."""
    shown, typed = asked.code, asked.typed
    try:
        if receipts.read(typed) == receipts.read(shown):
            return page(asked, "typed-back.html")
        wrong = "other"
    except receipts.NotAReceipt as told:
        wrong = told.code
    return page(asked, "receipt.html", 422, code=_digits(shown), desks=(), wrong=wrong)


def _digits(text: str) -> str:
    """Return the digits of a receipt that one of our pages carried."""
    return "".join(char for char in text if char in "0123456789")[: receipts.DIGITS]


def _followup(asked: FormRequest) -> Response:
    """Handle an addition for the desks of the first letter. The page has its one-time value, so one step sends it."""
    code = typed_code(asked)
    found = None if isinstance(code, FieldProblem) else lookup.look_up(asked.services, code)
    if isinstance(code, FieldProblem) or found is None:
        return _ask_for_receipt(asked)
    idempotency_key = (
        asked.idempotency_key if receipts.is_idempotency_key(asked.idempotency_key) else receipts.new_idempotency_key()
    )
    if asked.do != "send":
        return form_page(asked, hidden={"code": code, "once": idempotency_key})
    return _send_followup(asked, code, found, idempotency_key)


def _send_followup(asked: FormRequest, code: str, found: LookupResult, idempotency_key: str) -> Response:
    hidden, progress = {"code": code, "once": idempotency_key}, found.progress
    store = asked.services.mailbox(found.kind).store
    asked, wrong = _taken_in(asked, asked.services.portal.receivers(progress.desks), store)
    checked = accept(asked.definition, asked.services.portal, asked.today, asked.raw, _answered(asked))
    if wrong or isinstance(checked, Rejected):
        problems = (*wrong, *(checked.problems if isinstance(checked, Rejected) else ()))
        return form_page(asked, problems, 422, hidden=hidden)
    more = Submission(
        asked.definition,
        asked.language,
        checked.values,
        idempotency_key,
        asked.today,
        parts=asked.parts,
        follows=progress.id,
        seen=newest_short_ids([reply.id for reply in found.replies if reply.id]),
    )
    try:
        sending.send_followup(asked.services, more, code, progress, found.kind)
    except PartsMissing:
        return form_page(replace(asked, parts=()), _again(asked), 422, hidden=hidden)
    except NotKept:
        return form_page(asked, (FieldProblem(asked.definition.fields[0].name, "away"),), 503, hidden=hidden)
    return page(asked, "added.html", code=code)


def _ask_for_receipt(asked: FormRequest) -> Response:
    return page(asked, "receipt-first.html", 422)


_SHOW: dict[Kind, Callable[[FormRequest], Response]] = {
    Kind.SIGNUP: signup_views.show,
    Kind.SIGNUP_CHANGE: signup_views.change,
}
_ANSWER: dict[Kind, Callable[[FormRequest], Response]] = {
    **dict.fromkeys(LETTER_KINDS, _letter),
    Kind.LOOKUP: _answer,
    Kind.FOLLOWUP: _followup,
    Kind.SIGNUP: signup_views.sign_up,
    Kind.SIGNUP_LOOKUP: signup_views.look_up,
    Kind.SIGNUP_CHANGE: signup_views.change,
}
