"""The desk's API: sealed letters only. A desk sees its own letters and cannot learn that others exist."""

import hashlib
import hmac
import json
from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from forms.delivery import Office
from forms.headers import NEVER_KEPT
from forms.portal import Desk
from forms.seal import is_sealed

desk_api = Blueprint("pickup", __name__, url_prefix="/pickup/v1")

SIGNUP = "signup"


def _office() -> Office:
    office: Office = current_app.extensions["office"]
    return office


class _Refused(HTTPException):
    """An answer in JSON: what is wrong, for the desk's software to say."""

    def __init__(self, code: int, problem: str) -> None:
        super().__init__(response=_json({"problem": problem}, code))


def _json(data: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(data), status, mimetype="application/json")


def _age_file(sealed: bytes | None) -> Response:
    if sealed is None:
        raise _Refused(404, "There is no such letter for this desk.")
    return Response(sealed, mimetype="application/octet-stream")


def desk_of(authorization: str, desks: tuple[Desk, ...]) -> Desk | None:
    """The desk whose token this Authorization header bears (RFC 6750), or None."""
    scheme, _, token = authorization.partition(" ")
    digest = "sha256:" + hashlib.sha256(token.strip().encode()).hexdigest()
    if scheme.lower() != "bearer":
        return None
    return next((desk for desk in desks if desk.pickup and hmac.compare_digest(desk.pickup, digest)), None)


def _desk() -> Desk:
    desk = desk_of(request.headers.get("Authorization", ""), _office().portal.desks)
    if desk is None:
        raise _Refused(401, "This token is not known here.")
    return desk


def _signups_desk() -> Desk:
    desk = _desk()
    if SIGNUP not in desk.reads:
        raise _Refused(404, "This desk does not read sign-ups.")
    return desk


@desk_api.after_request
def _never_kept(response: Response) -> Response:
    response.headers["Cache-Control"] = NEVER_KEPT
    return response


@desk_api.get("/letters")
def letters() -> Response:
    """Letters that this desk can open and has not acknowledged."""
    desk = _desk()
    waiting = _office().concerns.waiting(desk.id)
    rows = [{"id": item.id, "form": item.form, "day": item.day.isoformat()} for item in waiting]
    return _json({"desk": desk.id, "letters": rows})


@desk_api.get("/letters/<letter_id>")
def letter(letter_id: str) -> Response:
    """One sealed letter."""
    return _age_file(_office().concerns.sealed(letter_id, _desk().id))


@desk_api.post("/letters/<letter_id>/acknowledge")
def acknowledge(letter_id: str) -> Response:
    """The desk has it safely on its own disk."""
    if not _office().concerns.take(letter_id, _desk().id):
        raise _Refused(404, "There is no such letter for this desk.")
    return Response(status=204)


@desk_api.put("/letters/<letter_id>/answers/<answer_id>")
def answer(letter_id: str, answer_id: str) -> Response:
    """A sealed answer; sending it again changes nothing."""
    desk, sealed = _desk(), request.get_data()
    if not is_sealed(sealed):
        raise _Refused(400, "This is not a sealed letter. Nothing was kept.")
    today = current_app.extensions["today"]()
    if not _office().concerns.answer(answer_id[:64], letter_id, desk.id, today, sealed):
        raise _Refused(404, "There is no such letter for this desk.")
    return Response(status=204)


@desk_api.get("/signups")
def signups() -> Response:
    """All sign-ups as they stand in clear."""
    desk = _signups_desk()
    rows = [
        {"id": item.id, "event": item.event, "people": item.people, "state": item.state}
        for item in _office().signups.listed()
    ]
    return _json({"desk": desk.id, "signups": rows})


@desk_api.get("/signups/<signup_id>")
def signup(signup_id: str) -> Response:
    """The sealed part of one sign-up."""
    _signups_desk()
    return _age_file(_office().signups.sealed(signup_id))
