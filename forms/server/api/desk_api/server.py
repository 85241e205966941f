"""What the server tells every desk: keys, the portal, its day, its daily statements."""

import re
from dataclasses import asdict
from datetime import date

from flask import Blueprint, Response, request

from forms.core import handover_version
from forms.core.builds import publishing_report
from forms.core.portal import as_json
from forms.server.api.desk_api.requests import authenticated
from forms.server.web.current import current_services, current_state
from forms.server.web.json_responses import ApiError, json_answer

views = Blueprint("server", __name__)

_NUMBER = re.compile(r"[0-9]{1,9}")


@views.get("/desks")
def desks() -> Response:
    """Return the desks and their present keys: all of it public."""
    authenticated()
    rows = [
        {
            "id": one.id, "name": one.name, "reads": one.reads, "recovery": one.recovery,
            "members": [{"id": member.id, "key": member.key} for member in one.members],
        }
        for one in current_services().portal.desks
    ]  # fmt: skip
    return json_answer({"desks": rows})


@views.get("/portal")
def portal() -> Response:
    """Return the portal as the build handed it over: names, events, tables, keys; all of it public."""
    authenticated()
    here = current_services().portal
    knows_its_version = handover_version.HEADER in request.headers
    return json_answer(as_json(here) if knows_its_version else handover_version.for_first_version(here))


@views.post("/day")
def day() -> Response:
    """The day that the server's clock shows and the last that was believed; `Portal-Day`: the day of the desk's clock.

    While the server's clock is doubted, a desk's clock that shows the same day ends the doubt.
    """
    authenticated()
    told, today, days = _told_day(), current_state().retention.clock(), current_services().days
    known = days.record_desk_day(today, told) if told else days.record_server_day(today)
    return json_answer({"shown": known.shown.isoformat(), "believed": known.good.isoformat()})


def _told_day() -> date | None:
    """Return the day that the desk's clock shows, None where it sends none. Raises ApiError 400 for what is no day."""
    text = request.headers.get("Portal-Day", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ApiError(400, "Portal-Day is no day like 2027-01-31.") from None


@views.get("/publishing")
def publishing() -> Response:
    """Return what came of the last try to publish what staff have pushed: its day, and what was wrong, or empty."""
    authenticated()
    report = publishing_report.read(current_state().portal_file.published)
    return json_answer({"day": report.day if report else "", "problem": report.problem if report else ""})


@views.get("/statements")
def statements() -> Response:
    """Return the server's daily statements after a number (`after`), or the last one, with this desk's part of each.

    Raises ApiError for a malformed number.
    """
    desk, _ = authenticated()
    after = request.args.get("after")
    if after is not None and not (_NUMBER.fullmatch(after)):
        raise ApiError(400, "`after` is no number.")
    store = current_services().statements
    rows = [
        {**asdict(found.statement), **asdict(found.part), "signature": found.signature}
        for found in store.statements(desk.id, None if after is None else int(after))
    ]
    return json_answer({"desk": desk.id, "key": store.public_key(), "statements": rows})
