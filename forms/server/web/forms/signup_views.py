"""The pages of sign-ups: sign up, look a sign-up up with its number, change it, cancel it."""

from contextlib import suppress
from dataclasses import replace

from flask import Response
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from forms.core.crypto import receipts
from forms.core.portal import Event
from forms.core.rendering.answers import message
from forms.core.rendering.environment import render
from forms.core.validation import Accepted, FieldProblem, Rejected
from forms.server.services import signup_service
from forms.server.services.lookup import why_unknown
from forms.server.services.signup_service import SignupStatus
from forms.server.services.submissions import Submission
from forms.server.store.faults import NotKept
from forms.server.store.signups.signup_tables import CANCELLED, CHANGED, COMING, TOO_MANY, WAITING, LineFull
from forms.server.web.forms.form_pages import check_page, form_page, page, turn_page
from forms.server.web.forms.requests import FormRequest, check_answers, submission, typed_code


def show(form_request: FormRequest) -> Response:
    """Return the empty form, with a note if the address names an event that is full or closed."""
    return form_page(form_request, above=_event_note(form_request))


def _event_note(form_request: FormRequest) -> Markup | None:
    chosen = next(iter(form_request.raw.get("event", ())), "")
    if not chosen:
        return None
    why = signup_service.why_closed(form_request.services, chosen, form_request.today)
    event, reason = form_request.services.event(chosen), ""
    if why:
        reason = message(form_request.definition, FieldProblem("event", why), form_request.language)
    is_full = bool(event and not why and _groups_in_line(form_request, event, 1) is not None)
    return render(form_request.language, "event-note.html", event=event, said=reason, full=is_full)


def _groups_in_line(form_request: FormRequest, event: Event, people: int) -> int | None:
    """Return how many groups wait; None if there are places, or if the database is unreachable."""
    with suppress(NotKept):
        return signup_service.groups_in_line(form_request.services, event, people)
    return None


def sign_up(form_request: FormRequest) -> Response:
    """Ask the next questions of a sign-up, or correct, check or send it."""
    if "no" in form_request.raw.get("adult", ()):
        hidden = [(name, text) for name, texts in form_request.raw.items() if name != "adult" for text in texts]
        return page(form_request, "under-18.html", 422, hidden=hidden, step=form_request.step)
    if form_request.step is not None and form_request.do in {"next", "back"}:
        return turn_page(
            form_request, form_request.step, lambda rejected: _problems_with_reason(form_request, rejected)
        )
    return _complete_sign_up(form_request)


def _complete_sign_up(form_request: FormRequest) -> Response:
    """Handle a complete sign-up: have it corrected, show it for checking, or send it.

    Raises NotFound for an event without places.
    """
    checked = check_answers(form_request)
    if isinstance(checked, Rejected):
        return form_page(form_request, _problems_with_reason(form_request, checked), 422)
    event = form_request.services.event(checked.values["event"])
    if event is None or event.capacity is None:
        raise NotFound  # cannot happen: the schema accepts only events that take sign-ups
    if form_request.do == "change":
        return form_page(form_request if form_request.step is None else replace(form_request, step=0))
    if checked.values["people"] > event.capacity:
        return form_page(form_request, (FieldProblem("people", "larger"),), 422)
    if form_request.do != "send" or not receipts.is_idempotency_key(form_request.idempotency_key):
        return check_page(form_request, checked, waits=_groups_in_line(form_request, event, checked.values["people"]))
    return _send(form_request, checked, event)


def _problems_with_reason(form_request: FormRequest, rejected: Rejected) -> tuple[FieldProblem, ...]:
    """Return the problems, with the reason why an event cannot be chosen."""
    chosen = next(iter(form_request.raw.get("event", ())), "")
    why = signup_service.why_closed(form_request.services, chosen, form_request.today)
    unknown_event = FieldProblem("event", "enum")
    return tuple(
        FieldProblem("event", why) if why and problem == unknown_event else problem for problem in rejected.problems
    )


def _send(form_request: FormRequest, checked: Accepted, event: Event) -> Response:
    try:
        result = signup_service.sign_up(form_request.services, submission(form_request, checked), event)
    except LineFull:
        return form_page(form_request, (FieldProblem("event", "line-full"),), 409)
    except NotKept:
        return check_page(form_request, checked, failed=True, waits=None)
    if result is None:
        return form_page(form_request, (FieldProblem("people", "larger"),), 422)
    code, signup = result
    status = SignupStatus(signup, event, 0, too_large=False, over=False)
    with suppress(NotKept):  # the sign-up is kept: no failure from here on may be reported as "not sent"
        status = signup_service.status_of(form_request.services, signup, event, form_request.today)
    if status.signup.state in {COMING, WAITING}:
        return page(form_request, "signed-up.html", code=code, signup_status=status, event=event)
    # An old page was sent again after the sign-up was cancelled.
    return page(form_request, "signup.html", signup_status=status, code=code, changed=False)


# With the number


def look_up(form_request: FormRequest) -> Response:
    """Show the current state of a sign-up and its event, or cancel it."""
    code = typed_code(form_request)
    if isinstance(code, FieldProblem):
        return form_page(form_request, (code,), 422)
    if form_request.do == "cancel":
        return _cancel(form_request, code)
    return _status_page(form_request, code, signup_service.look_up(form_request.services, code, form_request.today))


def _cancel(form_request: FormRequest, code: str) -> Response:
    """Cancel and show the sign-up, without reading it again: a failure after cancelling must not show the opposite."""
    status = signup_service.look_up(form_request.services, code, form_request.today)
    if status and signup_service.cancel(form_request.services, code, status):
        status = replace(status, signup=replace(status.signup, state=CANCELLED), before=0, too_large=False)
    return _status_page(form_request, code, status)


def _status_page(
    form_request: FormRequest, code: str, status: SignupStatus | None, *, changed: bool = False
) -> Response:
    if status is None:
        return form_page(form_request, (FieldProblem("code", why_unknown(form_request.services.signups)),), 422)
    return page(form_request, "signup.html", signup_status=status, code=code, changed=changed)


def change(form_request: FormRequest) -> Response:
    """Change the number of people, the phone number or a need, in one step."""
    code = typed_code(form_request)
    status = (
        None
        if isinstance(code, FieldProblem)
        else signup_service.look_up(form_request.services, code, form_request.today)
    )
    if isinstance(code, FieldProblem) or status is None:
        return page(form_request, "number-first.html", 422)
    if not status.changeable:
        return page(form_request, "signup.html", signup_status=status, code=code, changed=False)
    if form_request.do != "send":
        with_people = replace(form_request, raw={"people": [str(status.signup.people)]})
        return form_page(with_people, hidden={"code": code})
    return _change(form_request, code, status)


def _change(form_request: FormRequest, code: str, status: SignupStatus) -> Response:
    hidden = {"code": code}
    checked = check_answers(form_request)
    if isinstance(checked, Rejected):
        return form_page(form_request, checked.problems, 422, hidden=hidden)
    changes = Submission(
        form_request.definition,
        form_request.language,
        checked.values,
        receipts.new_idempotency_key(),
        form_request.today,
    )
    try:
        outcome = signup_service.change(form_request.services, code, changes, status)
    except NotKept:
        return form_page(form_request, (FieldProblem("people", "away"),), 503, hidden=hidden)
    if outcome == TOO_MANY:
        return form_page(form_request, (FieldProblem("people", "too-many"),), 409, hidden=hidden)
    if outcome == CHANGED:
        status = replace(status, signup=replace(status.signup, people=checked.values["people"]))
    with suppress(NotKept):  # the sign-up is changed, whatever fails now
        status = signup_service.status_after_change(form_request.services, code, status, form_request.today)
    return _status_page(form_request, code, status, changed=outcome == CHANGED)
