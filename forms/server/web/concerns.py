"""The public forms: a form, a look at what was typed, a receipt; and what a receipt opens.

No letter is kept until the second press: the first shows what will be sent and who will read it, and gives
the page its one-time value. So a reload or a double tap, with no script and no cookie, sends the same letter,
not two. Photos and recordings that come with the first press are sealed at once and wait, two days at most.
"""

import sys
from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException, NotFound, ServiceUnavailable

from forms.core import receipts
from forms.core.media import attachments
from forms.core.portal import Desk
from forms.core.problem import Problem
from forms.core.validation import FieldProblem, Rejected, accept
from forms.server.services import lookup, mailbox
from forms.server.services.flood_control import Busy
from forms.server.services.lookup import Found
from forms.server.services.mailbox import Part, Sending
from forms.server.store.concern_store import ConcernStore, PartsMissing
from forms.server.store.database import NotKept
from forms.server.web import signup_views
from forms.server.web.requests import (
    Asked,
    check_page,
    failed_page,
    form_page,
    has_files,
    page,
    read_request,
    readers,
    sending,
    too_large_page,
    typed_code,
)

pages = Blueprint("pages", __name__, url_prefix="/forms")


@pages.route("/<language>/<form>", methods=["GET", "POST"])
def form(language: str, form: str) -> Response:
    """Any form: GET shows it, POST takes what was typed into it."""
    asked = read_request(language, form)
    if form in _LETTERS and not asked.office.portal.readers(form):
        # Either the district has no desk that reads such letters, or none of them has a key that can be used.
        raise ServiceUnavailable if any(form in desk.reads for desk in asked.office.portal.desks) else NotFound
    if request.method == "GET":
        return _SHOW.get(form, form_page)(asked)
    if asked.too_large:
        return too_large_page(asked)
    if not asked.definition.files and has_files():
        return form_page(asked, (FieldProblem(asked.definition.fields[0].name, "files"),), 422)
    return _answered_with_words(_ANSWER[form], asked)


def _answered_with_words(answer: Callable[[Asked], Response], asked: Asked) -> Response:
    """The answer; where anything fails on the way to it, the page that was sent with all that was typed."""
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


def _turned_away(asked: Asked) -> Response:
    """Too many look up receipts: the page once more, with all that was typed and the number, to be sent again."""
    names = {field.name for field in asked.definition.fields}
    code = next(iter(asked.raw.get("code", ())), asked.code)
    if "code" in names:
        again = replace(asked, raw={**asked.raw, "code": [code]})
        return form_page(again, (FieldProblem("code", "lookups"),), 503)
    once = asked.once if receipts.is_once(asked.once) else receipts.new_once()
    problem = FieldProblem(asked.definition.fields[0].name, "lookups")
    return form_page(asked, (problem,), 503, hidden={"code": code, "once": once})


# A letter: a concern, or a request


def _letter(asked: Asked) -> Response:
    """A letter: mend it, look at it, or send it."""
    asked, wrong = _taken_in(asked, readers(asked), asked.office.concerns)
    checked = accept(asked.definition, asked.office.portal, asked.today, asked.raw, _answered(asked))
    problems = (*wrong, *(checked.problems if isinstance(checked, Rejected) else ()))
    if problems or isinstance(checked, Rejected):
        return form_page(asked, problems, 422)
    if asked.do == "change":
        return form_page(asked)
    if asked.do not in {"send", "send-without"} or not receipts.is_once(asked.once):
        return check_page(asked, checked)
    try:
        code = mailbox.send_concern(asked.office, sending(asked, checked))
    except PartsMissing:
        return _parts_again(asked)
    except NotKept:
        return check_page(asked, checked, failed=True)
    return page(asked, "receipt.html", code=code, desks=readers(asked), wrong="")


def _taken_in(asked: Asked, desks: tuple[Desk, ...], store: ConcernStore) -> tuple[Asked, tuple[FieldProblem, ...]]:
    """Take in the photos and recordings that came: sealed and kept, or named as problems. What was typed stays."""
    parts, problems = _few(asked)
    if not desks:  # everybody is left out: said of that question; nothing can be sealed
        return replace(asked, parts=tuple(parts)), (*problems, *(FieldProblem(name, "again") for name in asked.files))
    if asked.do not in {"send", "send-without"} and not _still_wait(asked, desks, store):
        problems += _again(asked)
        parts = []
    for field in asked.definition.files:
        busy = FieldProblem(field.name, "busy")
        for content in asked.files.get(field.name, ()):
            try:
                attachments.insist_on_few(field.file, sum(part.kind == field.file for part in parts))
                with asked.office.files.one() as wait:
                    cleaned = attachments.clean(field.file, content, 0 if busy in problems else wait)
                parts.append(mailbox.take_part(asked.office, cleaned, desks, asked.today, store))
            except attachments.NotTaken as wrong:
                problems.append(FieldProblem(field.name, wrong.code))
            except Busy:
                problems.append(busy)
            except NotKept:
                problems.append(FieldProblem(field.name, "full"))
    return replace(asked, parts=tuple(parts)), tuple(dict.fromkeys(problems))


def _few(asked: Asked) -> tuple[list[Part], list[FieldProblem]]:
    """As many of the parts that the page names as a letter may have, and what is said of the others."""
    kept: list[Part] = []
    for part in asked.parts:
        if sum(one.kind == part.kind for one in kept) < attachments.MOST[part.kind]:
            kept.append(part)
    too_many = {part.kind for part in asked.parts if part not in kept}
    return kept, [FieldProblem(field.name, "many") for field in asked.definition.files if field.file in too_many]


def _still_wait(asked: Asked, desks: tuple[Desk, ...], store: ConcernStore) -> bool:
    """Whether what was taken in before is here: not sealed for other desks than those chosen now, nor erased."""
    ids = [part.id for part in asked.parts]
    try:
        return not ids or store.has_parts(ids, [desk.id for desk in desks])
    except NotKept:
        return True  # sending will tell


def _again(asked: Asked) -> list[FieldProblem]:
    kinds = {part.kind for part in asked.parts}
    return [FieldProblem(field.name, "again") for field in asked.definition.files if field.file in kinds]


def _parts_again(asked: Asked) -> Response:
    return form_page(replace(asked, parts=()), _again(asked), 422)


def _answered(asked: Asked) -> frozenset[str]:
    kinds = {part.kind for part in asked.parts}
    return frozenset(field.name for field in asked.definition.files if field.file in kinds)


# What a receipt opens


def _answer(asked: Asked) -> Response:
    """Come back: how the letter stands, what the desks wrote, adding to it, asking that it be erased."""
    if asked.do == "typed":
        return _typed_back(asked)
    code = typed_code(asked)
    if isinstance(code, FieldProblem):
        return form_page(asked, (code,), 422)
    if asked.do == "delete":
        return page(asked, "delete.html", code=code)
    return (_delete if asked.do == "delete-now" else _progress)(asked, code)


def _progress(asked: Asked, code: str) -> Response:
    found = lookup.look_up(asked.office, code)
    if found is None:
        return form_page(asked, (FieldProblem("code", "unknown"),), 422)
    names = {desk.id: desk.name for desk in asked.office.portal.desks}
    return page(asked, "progress.html", progress=found.progress, replies=found.replies, names=names, code=code)


def _delete(asked: Asked, code: str) -> Response:
    if not lookup.delete(asked.office, code, asked.today):
        return form_page(asked, (FieldProblem("code", "unknown"),), 422)
    return page(asked, "deleted.html")


def _typed_back(asked: Asked) -> Response:
    """The receipt typed once more from the paper: is it the one that was shown?"""
    shown, typed = asked.code, asked.typed
    try:
        if receipts.read(typed) == receipts.read(shown):
            return page(asked, "typed-back.html")
        wrong = "other"
    except receipts.NotAReceipt as told:
        wrong = told.code
    return page(asked, "receipt.html", 422, code=_digits(shown), desks=(), wrong=wrong)


def _digits(text: str) -> str:
    """A receipt as it came back in a page of ours: its digits and nothing else."""
    return "".join(char for char in text if char in "0123456789")[: receipts.DIGITS]


def _followup(asked: Asked) -> Response:
    """Something more for the desks that have the first letter. Its page has its one-time value: one press sends."""
    code = typed_code(asked)
    found = None if isinstance(code, FieldProblem) else lookup.look_up(asked.office, code)
    if isinstance(code, FieldProblem) or found is None:
        return _ask_for_receipt(asked)
    once = asked.once if receipts.is_once(asked.once) else receipts.new_once()
    if asked.do != "send":
        return form_page(asked, hidden={"code": code, "once": once})
    return _send_followup(asked, code, found, once)


def _send_followup(asked: Asked, code: str, found: Found, once: str) -> Response:
    hidden, progress = {"code": code, "once": once}, found.progress
    box = lookup.box(asked.office, found.kind)
    asked, wrong = _taken_in(asked, asked.office.portal.receivers(progress.desks), box)
    checked = accept(asked.definition, asked.office.portal, asked.today, asked.raw, _answered(asked))
    if wrong or isinstance(checked, Rejected):
        problems = (*wrong, *(checked.problems if isinstance(checked, Rejected) else ()))
        return form_page(asked, problems, 422, hidden=hidden)
    more = Sending(
        asked.definition, asked.language, checked.values, once, asked.today, parts=asked.parts, follows=progress.id
    )
    try:
        mailbox.send_followup(asked.office, more, code, progress, found.kind)
    except PartsMissing:
        return form_page(replace(asked, parts=()), _again(asked), 422, hidden=hidden)
    except NotKept:
        return form_page(asked, (FieldProblem(asked.definition.fields[0].name, "away"),), 503, hidden=hidden)
    return page(asked, "added.html", code=code)


def _ask_for_receipt(asked: Asked) -> Response:
    return page(asked, "receipt-first.html", 422)


_LETTERS = frozenset({"concern", "visit", "enquiry"})
_SHOW: dict[str, Callable[[Asked], Response]] = {"signup": signup_views.show, "change": signup_views.change}
_ANSWER: dict[str, Callable[[Asked], Response]] = {
    **dict.fromkeys(_LETTERS, _letter),
    "answer": _answer,
    "followup": _followup,
    "signup": signup_views.sign_up,
    "cancel": signup_views.look_up,
    "change": signup_views.change,
}
