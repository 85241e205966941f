"""Let the desks that read sign-ups fetch and change them."""

from dataclasses import asdict

from flask import Blueprint, Response

from forms.core.form_schema import Kind
from forms.core.ids import new_id
from forms.core.portal import Desk
from forms.server.api.desk_api.requests import access_day, age_file, authenticate, empty_response
from forms.server.services import signup_service
from forms.server.services.signup_service import move_lines_up
from forms.server.store.concerns.letters import Access
from forms.server.web.current import current_services
from forms.server.web.json_responses import ApiError, json_answer

views = Blueprint("signups", __name__)


def _signups_desk() -> Desk:
    """Return the desk of this request. Raises ApiError 404 if it does not read sign-ups."""
    desk, _ = authenticate()
    if Kind.SIGNUP not in desk.reads:
        raise ApiError(404, "This desk does not read sign-ups.")
    return desk


@views.get("/signups")
def signups() -> Response:
    """Return the plaintext part of all sign-ups: coming, waiting (by turn) or cancelled.

    `version` grows when a person changes their answers: then the desk must fetch the sealed part again.
    """
    desk = _signups_desk()
    move_lines_up(current_services())
    rows = [asdict(row) for row in current_services().signups.all_signups()]
    return json_answer({"desk": desk.id, "signups": rows, "held": list(current_services().signups.held_events())})


@views.post("/signups/<signup_id>/<action>")
def act_on_signup(signup_id: str, action: str) -> Response:
    """Remove a sign-up, let a waiting group in, or move it to the end of the line; `let-go` takes an event's id."""
    desk, member = _signups_desk(), authenticate()[1]
    is_done = signup_service.act(current_services(), signup_id, action)
    if is_done:
        current_services().requests.access_log.note_access(
            new_id(), desk.id, Access(access_day(), member.id, f"sign-up: {action}", signup_id[:32])
        )
    return empty_response(is_done)


@views.get("/signups/<signup_id>")
def signup(signup_id: str) -> Response:
    """Return the sealed part of one sign-up."""
    _signups_desk()
    return age_file(current_services().signups.sealed_part(signup_id))
