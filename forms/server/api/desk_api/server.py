"""Give every desk the keys of all desks, the portal, the server's date, and its daily statements."""

import re
from dataclasses import asdict
from datetime import date

from flask import Blueprint, Response, request

from forms.core import handover_version
from forms.core.builds import publishing_report
from forms.core.portal import as_json
from forms.server.api.desk_api.requests import authenticate
from forms.server.web.current import current_services, current_state
from forms.server.web.json_responses import ApiError, json_answer

views = Blueprint("server", __name__)

_NUMBER = re.compile(r"[0-9]{1,9}")


@views.get("/desks")
def desks() -> Response:
    """Return the desks and their current keys. All of it is public."""
    authenticate()
    rows = [
        {
            "id": desk.id, "name": desk.name, "reads": desk.reads, "recovery": desk.recovery,
            "members": [{"id": member.id, "key": member.key} for member in desk.members],
        }
        for desk in current_services().portal.desks
    ]  # fmt: skip
    return json_answer({"desks": rows})


@views.get("/portal")
def portal() -> Response:
    """Return the portal as the build handed it over: names, events, tables, keys. All of it is public."""
    authenticate()
    current = current_services().portal
    has_versions = handover_version.HEADER in request.headers
    return json_answer(as_json(current) if has_versions else handover_version.for_first_version(current))


@views.post("/day")
def day() -> Response:
    """Return the day that the server's clock shows, and the last day that was believed.

    `Portal-Day`: the day of the desk's clock. If the server's clock is in doubt, a desk's clock that shows the same day
    ends the doubt.
    """
    authenticate()
    desk_day, today, days = _desk_day(), current_state().retention.clock(), current_services().days
    known = days.record_desk_day(today, desk_day) if desk_day else days.record_server_day(today)
    return json_answer({"shown": known.shown.isoformat(), "believed": known.good.isoformat()})


def _desk_day() -> date | None:
    """Return the day that the desk's clock shows, or None if it sends none. Raises ApiError 400 for a malformed day."""
    text = request.headers.get("Portal-Day", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ApiError(400, "Portal-Day is no day like 2027-01-31.") from None


@views.get("/publishing")
def publishing() -> Response:
    """Return the day of the last attempt to publish what staff have pushed, and what was wrong, or empty texts."""
    authenticate()
    report = publishing_report.read(current_state().portal_file.published)
    return json_answer({"day": report.day if report else "", "problem": report.problem if report else ""})


@views.get("/statements")
def statements() -> Response:
    """Return the server's daily statements after a number (`after`), or the last one, with this desk's part of each.

    Raises ApiError for a malformed number.
    """
    desk, _ = authenticate()
    after = request.args.get("after")
    if after is not None and not (_NUMBER.fullmatch(after)):
        raise ApiError(400, "`after` is no number.")
    store = current_services().statements
    rows = [
        {**asdict(stated.statement), **asdict(stated.part), "signature": stated.signature}
        for stated in store.statements(desk.id, None if after is None else int(after))
    ]
    return json_answer({"desk": desk.id, "key": store.public_key(), "statements": rows})
