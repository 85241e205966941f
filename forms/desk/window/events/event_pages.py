"""Events at the desk: the list, one event, marking, the printed sheet, exports. A thin layer over forms.desk.events."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as Answer

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.core.trusted_date import machine_clock_warning
from forms.desk.events import attendance, event_export, event_views
from forms.desk.events.attendance_sheet import file_name
from forms.desk.events.attendees import COMING, WAITING, Gathering, free_places
from forms.desk.events.event_records import EventRecords
from forms.desk.events.event_retention import erase_old_names, stored_count
from forms.desk.events.visits import is_visit
from forms.desk.window import labels
from forms.desk.window.current import current_session
from forms.desk.window.events import reminder_pages, visit_pages
from forms.desk.window.events.event_access import current_event_records
from forms.desk.window.reader import gettext as _
from forms.desk.window.reader import ngettext
from forms.web.local.secret_path import redirect_to

pages = Blueprint("events", __name__, url_prefix="/events")
pages.register_blueprint(reminder_pages.pages)
pages.register_blueprint(visit_pages.pages)


def _show(template: str, **values: Any) -> str:
    return render_template(template, here="events", labels=labels, portal=current_session().portal.current, **values)


@pages.get("/")
def event_list() -> str:
    """Show all events with their counts: alarms, coming events, past ones."""
    records = current_event_records()
    erased = erase_old_names(records)
    gatherings = records.gatherings()
    past, upcoming = _past_and_upcoming(gatherings, records.today)
    visits = [case for case in current_session().cases.all() if is_visit(case.form)]
    return _show(
        "events.html", alarms=[gathering for gathering in gatherings if gathering.alarm],
        past=past, erased=erased, visits=visits, upcoming=upcoming, free_places=free_places,
        days_left=lambda gathering: _days_left(gathering, records.today),
        missing_languages=lambda gathering: [
            labels.spoken(code) for code in event_views.missing_languages(records.session.portal, gathering)
        ],
        counts={gathering.id: stored_count(records.session, gathering.id) for gathering in past},
        fetched=request.args, warning=event_export.WARNING,
        doubt=machine_clock_warning(records.known_day),
    )  # fmt: skip


def _days_left(gathering: Gathering, today: date) -> str:
    """Return the time until an event, in words; empty if it is past, or no longer in the portal."""
    event = gathering.event
    if event is None or event.last_day < today:
        return ""
    days = (event.day - today).days
    return _("today") if days <= 0 else ngettext("in %(count)s day", "in %(count)s days", days)


def _past_and_upcoming(gatherings: Iterable[Gathering], today: date) -> tuple[list[Gathering], list[Gathering]]:
    """Return the past events, and the others; those that are no longer in the portal are among the others."""
    past: list[Gathering] = []
    upcoming: list[Gathering] = []
    for gathering in gatherings:
        is_past = gathering.event is not None and gathering.event.last_day < today
        (past if is_past else upcoming).append(gathering)
    return past, upcoming


@pages.post("/fetch")
def fetch() -> Answer | tuple[str, int]:
    """Fetch what is new. Raises Problem if the server is away; what was fetched before remains."""
    fetched = current_event_records().fetch()
    if fetched.away:
        raise Problem("server", fetched.away, "You can go on with what was fetched before.")
    return redirect_to(f"/events/?new={fetched.new}&cancelled={fetched.cancelled}")


@pages.get("/<event_id>/")
def event_page(event_id: str) -> str:
    """Show one event: who comes, who waits in order, who came, and the available actions."""
    return _event(current_event_records(), event_id)


def _event(records: EventRecords, event_id: str, problem: Problem | None = None) -> str:
    gathering = records.gathering(event_id)
    parties, marked = records.parties(gathering), records.attendance_by_party(event_id)
    return _show(
        "event.html", one=gathering, marked=marked, free=free_places(gathering), problem=problem,
        coming=[party for party in parties if party.state == COMING],
        waiting=[party for party in parties if party.state == WAITING],
        walk_ins=[each for each in marked.values() if each.walk_in], came=attendance.count_people(marked.values()),
        language=event_views.sheet_language(records, event_id),
        warnings=event_views.warnings(records, gathering, parties), count=stored_count(records.session, event_id),
        warning=event_export.WARNING,
    )  # fmt: skip


# Marking


@pages.get("/<event_id>/mark")
def marking(event_id: str) -> str:
    """Show a page with one big button for each party, for a narrow window at the entrance."""
    return _marking(current_event_records(), event_id)


def _marking(records: EventRecords, event_id: str, problem: Problem | None = None) -> str:
    gathering = records.gathering(event_id)
    parties, marked = records.parties(gathering), records.attendance_by_party(event_id)
    expected = [party for party in parties if party.state in {COMING, WAITING}]
    return _show(
        "event-mark.html", one=gathering, marked=marked, came=attendance.count_people(marked.values()),
        problem=problem, most=attendance.MAX_PEOPLE,
        unmarked_parties=[party for party in expected if party.id not in marked],
        marked_parties=[party for party in expected if party.id in marked],
        walk_ins=[each for each in marked.values() if each.walk_in],
        warnings=event_views.warnings(records, gathering, parties),
    )  # fmt: skip


@pages.post("/<event_id>/mark")
def mark(event_id: str) -> Answer | tuple[str, int]:
    """Record how many of a party came; 0 takes it back. Durable before the page is shown again."""
    records, form = current_event_records(), request.form
    return _mark_and_show(records, event_id, lambda: records.mark(event_id, form.get("about", ""), _people(form)))


@pages.post("/<event_id>/walk-in")
def walk_in(event_id: str) -> Answer | tuple[str, int]:
    """Record people who came without signing up."""
    records, form = current_event_records(), request.form
    return _mark_and_show(records, event_id, lambda: records.walk_in(event_id, form.get("name", ""), _people(form)))


def _mark_and_show(records: EventRecords, event_id: str, write: Callable[[], Any]) -> Answer | tuple[str, int]:
    try:
        write()
    except Problem as problem:
        return _marking(records, event_id, problem), 400
    return redirect_to(f"/events/{event_id}/mark")


def _people(form: Mapping[str, str]) -> int:
    """Return the typed number of people. Raises Problem unless it is a number below 1,000."""
    typed = form.get("people", "").strip()
    if not typed.isdecimal() or len(typed) > len("999"):
        raise Problem(
            "people", lazy_gettext("“%(typed)s” is not a number.", typed=typed), "Write how many came, like 3."
        )
    return int(typed)


@pages.post("/<event_id>/signup")
def act(event_id: str) -> Answer | tuple[str, int]:
    """Remove a sign-up, let it in, pass it over; or let the waiting list of the event move up by itself again."""
    records, form = current_event_records(), request.form
    action = form.get("action", "")
    try:
        records.act(event_id if action == "let-go" else form.get("signup", ""), action)
    except Problem as problem:
        return _event(records, event_id, problem), 400
    return redirect_to(f"/events/{event_id}/")


# Sheets and exports


@pages.get("/<event_id>/sheet.pdf")
def sheet(event_id: str) -> Response:
    """Return the attendance sheet in a language of the portal."""
    records, language = (
        current_event_records(),
        request.args.get("language") or event_views.sheet_language(current_event_records(), event_id),
    )
    pdf = event_views.sheet_pdf(records, event_id, language)
    return _file(file_name(event_id, language, records.today), "application/pdf", pdf)


@pages.post("/<event_id>/export")
def export_one(event_id: str) -> Response:
    """Return one event, not encrypted, after the person has read what that means."""
    return _export(event_id)


@pages.post("/export")
def export_all() -> Response:
    """Return all events, not encrypted."""
    return _export(None)


def _export(event_id: str | None) -> Response:
    """Return an export of one event, or of all. Raises Problem if the warning was not confirmed."""
    records = current_event_records()
    if request.form.get("understood") != "yes":
        raise Problem("export", event_export.WARNING, "Tick that you have read this, then export.")
    name, content = event_views.export_file(records, request.form.get("format", "zip"), event_id)
    kinds = {"zip": "application/zip", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    return _file(name, kinds[name.rpartition(".")[2]], content)


def _file(name: str, media_type: str, content: bytes) -> Response:
    response = make_response(content)
    response.headers["Content-Type"] = media_type
    safe = "".join(char if char.isascii() and (char.isalnum() or char in "-.") else "-" for char in name)
    response.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    return response
