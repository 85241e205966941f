"""The public forms: a form, a look at what was typed, a receipt; and what a receipt opens.

No letter is kept until the second press: the first shows what will be sent and who will read it, and gives
the page its one-time value. So a reload or a double tap, with no script and no cookie, sends the same letter,
not two. Photos and recordings that come with the first press are sealed at once and wait, two days at most.
"""

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from forms import attachments, delivery, receipts
from forms.delivery import Sending
from forms.drawing import summary
from forms.intake import Accepted, FieldProblem, Rejected, accept, clean
from forms.pages import Asked, form_page, has_files, page, read_request
from forms.portal import Desk
from forms.store.base import NotKept
from forms.store.concerns import PartsMissing, Progress
from forms.store.signups import CANCELLED

pages = Blueprint("pages", __name__, url_prefix="/forms")


@pages.route("/<language>/<form>", methods=["GET", "POST"])
def form(language: str, form: str) -> Response:
    """Any form: GET shows it, POST takes what was typed into it."""
    asked = read_request(language, form)
    if request.method == "GET":
        return form_page(asked)
    if not asked.definition.files and has_files():
        return form_page(asked, (FieldProblem(asked.definition.fields[0].name, "files"),), 422)
    return _ANSWER[form](asked)


# A concern, a sign-up


def _with_answers(asked: Asked) -> Response:
    """A concern or a sign-up: mend it, look at it, or send it."""
    asked, wrong = _taken_in(asked, _desks(asked))
    checked = accept(asked.definition, asked.office.portal, asked.today, asked.raw, _answered(asked))
    problems = (*wrong, *(checked.problems if isinstance(checked, Rejected) else ()))
    if problems or isinstance(checked, Rejected):
        return form_page(asked, problems, 422)
    if asked.do == "change":
        return form_page(asked)
    if asked.do not in {"send", "send-without"} or not receipts.is_once(asked.once):
        return _check_page(asked, checked)
    try:
        return _SEND[asked.definition.name](asked, checked)
    except PartsMissing:
        return _parts_again(asked)
    except NotKept:
        return _check_page(asked, checked, failed=True)


def _desks(asked: Asked) -> tuple[Desk, ...]:
    """Who will be able to read it, as far as what was typed makes sense."""
    return delivery.readers(asked.office.portal, asked.definition, asked.raw.get("hide_from", ()))


def _taken_in(asked: Asked, desks: tuple[Desk, ...]) -> tuple[Asked, tuple[FieldProblem, ...]]:
    """Take in the photos and recordings that came: sealed and kept, or named as problems. What was typed stays."""
    parts, problems = list(asked.parts), []
    if asked.do not in {"send", "send-without"} and not _still_wait(asked, desks):
        problems += _again(asked)
        parts = []
    for field in asked.definition.files:
        for content in asked.files.get(field.name, ()):
            try:
                attachments.insist_on_few(field.file, sum(part.kind == field.file for part in parts))
                parts.append(
                    delivery.take_part(asked.office, attachments.clean(field.file, content), desks, asked.today)
                )
            except attachments.NotTaken as wrong:
                problems.append(FieldProblem(field.name, wrong.code))
            except NotKept:
                problems.append(FieldProblem(field.name, "full"))
    return replace(asked, parts=tuple(parts)), tuple(dict.fromkeys(problems))


def _still_wait(asked: Asked, desks: tuple[Desk, ...]) -> bool:
    """Whether what was taken in before is here: not sealed for other desks than those chosen now, nor erased."""
    ids = [part.id for part in asked.parts]
    return not ids or asked.office.concerns.has_parts(ids, [desk.id for desk in desks])


def _again(asked: Asked) -> list[FieldProblem]:
    kinds = {part.kind for part in asked.parts}
    return [FieldProblem(field.name, "again") for field in asked.definition.files if field.file in kinds]


def _parts_again(asked: Asked) -> Response:
    return form_page(replace(asked, parts=()), _again(asked), 422)


def _answered(asked: Asked) -> frozenset[str]:
    kinds = {part.kind for part in asked.parts}
    return frozenset(field.name for field in asked.definition.files if field.file in kinds)


def _send_concern(asked: Asked, checked: Accepted) -> Response:
    code = delivery.send_concern(asked.office, _sending(asked, checked))
    return page(asked, "receipt.html", code=code, desks=_desks(asked), wrong="")


def _send_signup(asked: Asked, checked: Accepted) -> Response:
    event = asked.office.event(checked.values["event"])
    if event is None or event.capacity is None:
        raise NotFound  # the schema let only events through that take sign-ups
    code = delivery.send_signup(asked.office, _sending(asked, checked), event, event.capacity)
    if code is None:
        return form_page(asked, (FieldProblem("event", "full"),), 409)
    kept = delivery.look_up_signup(asked.office, code)
    if kept and kept.state == CANCELLED:  # an old page, loaded again after the sign-up was cancelled
        return page(asked, "signup.html", signup=kept, event=event, code=code)
    return page(asked, "signed-up.html", code=code, event=event, people=checked.values["people"])


_SEND: dict[str, Callable[[Asked, Accepted], Response]] = {"concern": _send_concern, "signup": _send_signup}


def _sending(asked: Asked, checked: Accepted) -> Sending:
    return Sending(
        asked.definition,
        asked.language,
        checked.values,
        asked.once,
        asked.today,
        asked.do != "send-without",
        asked.parts,
    )


def _check_page(asked: Asked, checked: Accepted, *, failed: bool = False) -> Response:
    context = {
        "rows": summary(
            asked.definition, asked.office.portal, asked.language, asked.today, checked.values, asked.parts
        ),
        "hidden": [(name, text) for name, texts in asked.raw.items() for text in texts],
        "parts": asked.parts,
        "desks": _desks(asked),
        # A page that failed keeps its value: had the letter been kept after all, sending again finds it.
        "once": asked.once if failed else receipts.new_once(),
        "failed": failed,
    }
    return page(asked, "check.html", 503 if failed else 200, **context)


# What a receipt opens


def _typed_code(asked: Asked) -> str | FieldProblem:
    typed = next(iter(asked.raw.get("code", ())), asked.code)
    if not clean(typed):
        return FieldProblem("code", "required")
    try:
        return receipts.read(typed)
    except receipts.NotAReceipt as wrong:
        return FieldProblem("code", wrong.code)


def _answer(asked: Asked) -> Response:
    """Come back: how the letter stands, what the desks wrote, adding to it, asking that it be erased."""
    if asked.do == "typed":
        return _typed_back(asked)
    code = _typed_code(asked)
    if isinstance(code, FieldProblem):
        return form_page(asked, (code,), 422)
    if asked.do == "delete":
        return page(asked, "delete.html", code=code)
    return (_delete if asked.do == "delete-now" else _progress)(asked, code)


def _progress(asked: Asked, code: str) -> Response:
    found = delivery.look_up_concern(asked.office, code)
    if found is None:
        return form_page(asked, (FieldProblem("code", "unknown"),), 422)
    progress, replies = found
    names = {desk.id: desk.name for desk in asked.office.portal.desks}
    return page(asked, "progress.html", progress=progress, replies=replies, names=names, code=code)


def _delete(asked: Asked, code: str) -> Response:
    if not delivery.delete_concern(asked.office, code, asked.today):
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
    code = _typed_code(asked)
    found = None if isinstance(code, FieldProblem) else delivery.look_up_concern(asked.office, code)
    if isinstance(code, FieldProblem) or found is None:
        return _ask_for_receipt(asked)
    progress, _ = found
    once = asked.once if receipts.is_once(asked.once) else receipts.new_once()
    if asked.do != "send":
        return form_page(asked, hidden={"code": code, "once": once})
    return _send_followup(asked, code, progress, once)


def _send_followup(asked: Asked, code: str, progress: Progress, once: str) -> Response:
    hidden = {"code": code, "once": once}
    asked, wrong = _taken_in(asked, asked.office.portal.named(progress.desks))
    checked = accept(asked.definition, asked.office.portal, asked.today, asked.raw, _answered(asked))
    if wrong or isinstance(checked, Rejected):
        problems = (*wrong, *(checked.problems if isinstance(checked, Rejected) else ()))
        return form_page(asked, problems, 422, hidden=hidden)
    sending = Sending(
        asked.definition, asked.language, checked.values, once, asked.today, parts=asked.parts, follows=progress.id
    )
    try:
        delivery.send_followup(asked.office, sending, code, progress)
    except PartsMissing:
        return form_page(replace(asked, parts=()), _again(asked), 422, hidden=hidden)
    except NotKept:
        return form_page(asked, (FieldProblem(asked.definition.fields[0].name, "away"),), 503, hidden=hidden)
    return page(asked, "added.html", code=code)


def _ask_for_receipt(asked: Asked) -> Response:
    return page(asked, "receipt-first.html", 422)


def _signup(asked: Asked) -> Response:
    code = _typed_code(asked)
    if isinstance(code, FieldProblem):
        return form_page(asked, (code,), 422)
    if asked.do == "cancel":
        delivery.cancel_signup(asked.office, code)
    found = delivery.look_up_signup(asked.office, code)
    if found is None:
        return form_page(asked, (FieldProblem("code", "unknown"),), 422)
    return page(asked, "signup.html", signup=found, event=asked.office.event(found.event), code=code)


_ANSWER: dict[str, Callable[[Asked], Response]] = {
    "concern": _with_answers,
    "signup": _with_answers,
    "answer": _answer,
    "followup": _followup,
    "cancel": _signup,
}
