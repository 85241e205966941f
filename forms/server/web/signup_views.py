"""The pages of sign-ups: signing up, looking it up with its number, changing, cancelling."""

from contextlib import suppress
from dataclasses import replace

from flask import Response
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from forms.core.crypto import receipts
from forms.core.portal import Event
from forms.core.rendering.answers import message
from forms.core.rendering.environment import render
from forms.core.validation import Accepted, FieldProblem, Rejected, accept
from forms.server.services import signup_service
from forms.server.services.lookup import why_unknown
from forms.server.services.signup_service import SignupStatus
from forms.server.services.submissions import Submission
from forms.server.store.faults import NotKept
from forms.server.store.signups.signup_tables import CANCELLED, CHANGED, COMING, TOO_MANY, WAITING, LineFull
from forms.server.web.form_pages import check_page, form_page, page, turn_page
from forms.server.web.requests import FormRequest, submission, typed_code


def show(asked: FormRequest) -> Response:
    """Return the empty form, with a note if the address names an event that is full or takes nobody."""
    return form_page(asked, above=_about_event(asked))


def _about_event(asked: FormRequest) -> Markup | None:
    chosen = next(iter(asked.raw.get("event", ())), "")
    if not chosen:
        return None
    why = signup_service.why_closed(asked.services, chosen, asked.today)
    event, said = asked.services.event(chosen), ""
    if why:
        said = message(asked.definition, FieldProblem("event", why), asked.language)
    full = bool(event and not why and _line_before(asked, event, 1) is not None)
    return render(asked.language, "event-note.html", event=event, said=said, full=full)


def _line_before(asked: FormRequest, event: Event, people: int) -> int | None:
    """Return how many groups wait already; None if there is room, or if the database is unreachable."""
    with suppress(NotKept):
        return signup_service.groups_in_line(asked.services, event, people)
    return None


def sign_up(asked: FormRequest) -> Response:
    """Ask the next questions of a sign-up, or correct, check or send it."""
    if "no" in asked.raw.get("adult", ()):
        hidden = [(name, text) for name, texts in asked.raw.items() if name != "adult" for text in texts]
        return page(asked, "under-18.html", 422, hidden=hidden, step=asked.step)
    if asked.step is not None and asked.do in {"next", "back"}:
        return turn_page(asked, asked.step, lambda wrong: _with_reason(asked, wrong))
    return _whole_sign_up(asked)


def _whole_sign_up(asked: FormRequest) -> Response:
    """Return the answer to a whole form: refused, to be checked, or sent.

    Raises NotFound for an event without places.
    """
    checked = accept(asked.definition, asked.services.portal, asked.today, asked.raw)
    if isinstance(checked, Rejected):
        return form_page(asked, _with_reason(asked, checked), 422)
    event = asked.services.event(checked.values["event"])
    if event is None or event.capacity is None:
        raise NotFound  # the schema let only events through that take sign-ups
    if asked.do == "change":
        return form_page(asked if asked.step is None else replace(asked, step=0))
    if checked.values["people"] > event.capacity:
        return form_page(asked, (FieldProblem("people", "larger"),), 422)
    if asked.do != "send" or not receipts.is_idempotency_key(asked.idempotency_key):
        return check_page(asked, checked, waits=_line_before(asked, event, checked.values["people"]))
    return _send(asked, checked, event)


def _with_reason(asked: FormRequest, wrong: Rejected) -> tuple[FieldProblem, ...]:
    """Return the problems, with the reason why an event cannot be chosen."""
    chosen = next(iter(asked.raw.get("event", ())), "")
    why = signup_service.why_closed(asked.services, chosen, asked.today)
    return tuple(
        FieldProblem("event", why) if one == FieldProblem("event", "enum") and why else one for one in wrong.problems
    )


def _send(asked: FormRequest, checked: Accepted, event: Event) -> Response:
    try:
        kept = signup_service.sign_up(asked.services, submission(asked, checked), event)
    except LineFull:
        return form_page(asked, (FieldProblem("event", "line-full"),), 409)
    except NotKept:
        return check_page(asked, checked, failed=True, waits=None)
    if kept is None:
        return form_page(asked, (FieldProblem("people", "larger"),), 422)
    code, signup = kept
    standing = SignupStatus(signup, event, 0, too_large=False, over=False)
    with suppress(NotKept):  # it is kept: whatever fails now, it is never called "not sent"
        standing = signup_service.status_of(asked.services, signup, event, asked.today)
    if standing.signup.state in {COMING, WAITING}:
        return page(asked, "signed-up.html", code=code, standing=standing, event=event)
    # An old page, loaded again after the sign-up was cancelled.
    return page(asked, "signup.html", standing=standing, code=code, changed=False)


# With the number


def look_up(asked: FormRequest) -> Response:
    """Show the present state of a sign-up and its event; cancel it."""
    code = typed_code(asked)
    if isinstance(code, FieldProblem):
        return form_page(asked, (code,), 422)
    if asked.do == "cancel":
        return _cancel(asked, code)
    return _shown(asked, code, signup_service.look_up(asked.services, code, asked.today))


def _cancel(asked: FormRequest, code: str) -> Response:
    """Cancel and show the sign-up: after cancelling, no later failure may report the opposite."""
    standing = signup_service.look_up(asked.services, code, asked.today)
    if standing and signup_service.cancel(asked.services, code, standing):
        standing = replace(standing, signup=replace(standing.signup, state=CANCELLED), before=0, too_large=False)
    return _shown(asked, code, standing)


def _shown(asked: FormRequest, code: str, standing: SignupStatus | None, *, changed: bool = False) -> Response:
    if standing is None:
        return form_page(asked, (FieldProblem("code", why_unknown(asked.services.signups)),), 422)
    return page(asked, "signup.html", standing=standing, code=code, changed=changed)


def change(asked: FormRequest) -> Response:
    """Change the number of people, the phone number or a need, in one step."""
    code = typed_code(asked)
    standing = None if isinstance(code, FieldProblem) else signup_service.look_up(asked.services, code, asked.today)
    if isinstance(code, FieldProblem) or standing is None:
        return page(asked, "number-first.html", 422)
    if not standing.changeable:
        return page(asked, "signup.html", standing=standing, code=code, changed=False)
    if asked.do != "send":
        filled = replace(asked, raw={"people": [str(standing.signup.people)]})
        return form_page(filled, hidden={"code": code})
    return _change(asked, code, standing)


def _change(asked: FormRequest, code: str, standing: SignupStatus) -> Response:
    hidden = {"code": code}
    checked = accept(asked.definition, asked.services.portal, asked.today, asked.raw)
    if isinstance(checked, Rejected):
        return form_page(asked, checked.problems, 422, hidden=hidden)
    new = Submission(asked.definition, asked.language, checked.values, receipts.new_idempotency_key(), asked.today)
    try:
        outcome = signup_service.change(asked.services, code, new, standing)
    except NotKept:
        return form_page(asked, (FieldProblem("people", "away"),), 503, hidden=hidden)
    if outcome == TOO_MANY:
        return form_page(asked, (FieldProblem("people", "too-many"),), 409, hidden=hidden)
    if outcome == CHANGED:
        standing = replace(standing, signup=replace(standing.signup, people=checked.values["people"]))
    with suppress(NotKept):  # it is changed, whatever fails now
        standing = signup_service.status_after_change(asked.services, code, standing, asked.today)
    return _shown(asked, code, standing, changed=outcome == CHANGED)
