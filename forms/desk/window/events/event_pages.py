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
from forms.desk.events.event_retention import count, erase_old_names
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
    return render_template(
        template, here="events", labels=labels, portal=current_session().portal.current, told=event_views.told, **values
    )


@pages.get("/")
def listed() -> str:
    """Return all events with their counts: what must be said loudly, what comes, what is past."""
    book = current_event_records()
    erased = erase_old_names(book)
    found = book.gatherings()
    past, upcoming = _parted(found, book.today)
    visits = [case for case in current_session().cases.all() if is_visit(case.form)]
    return _show(
        "events.html", alarms=[one for one in found if one.alarm], past=past, erased=erased, visits=visits,
        upcoming=upcoming, free_places=free_places, days_left=lambda one: _days_left(one, book.today),
        missing_languages=lambda one: [
            labels.spoken(code) for code in event_views.missing_languages(book.session.portal, one)
        ],
        kept={one.id: count(book.session, one.id) for one in past}, told_by=request.args, warning=event_export.WARNING,
        doubt=machine_clock_warning(book.known_day),
    )  # fmt: skip


def _days_left(one: Gathering, today: date) -> str:
    """Return how far off an event is; empty where it is past, or no longer in the portal."""
    if one.event is None or one.event.last_day < today:
        return ""
    days = (one.event.day - today).days
    return _("today") if days <= 0 else ngettext("in %(count)s day", "in %(count)s days", days)


def _parted(found: Iterable[Gathering], today: date) -> tuple[list[Gathering], list[Gathering]]:
    parts: tuple[list[Gathering], list[Gathering]] = ([], [])
    for one in found:
        parts[one.event is None or one.event.last_day >= today].append(one)
    return parts


@pages.post("/fetch")
def fetch() -> Answer | tuple[str, int]:
    """Fetch what is new; where the server is away it is said and what was fetched before stays.

    Raises Problem where the server is away.
    """
    fetched = current_event_records().fetch()
    if fetched.away:
        raise Problem("server", fetched.away, "You can go on with what was fetched before.")
    return redirect_to(f"/events/?new={fetched.new}&cancelled={fetched.cancelled}")


@pages.get("/<event_id>/")
def one(event_id: str) -> str:
    """Return one event: who comes, who waits in order, who came, and what can be done."""
    return _event(current_event_records(), event_id)


def _event(book: EventRecords, event_id: str, problem: Problem | None = None) -> str:
    gathering = book.gathering(event_id)
    parties, found = book.parties(gathering), book.attendance_by_party(event_id)
    return _show(
        "event.html", one=gathering, found=found, free=free_places(gathering), problem=problem,
        coming=[party for party in parties if party.state == COMING],
        waiting=[party for party in parties if party.state == WAITING],
        walked=[each for each in found.values() if each.walk_in], came=attendance.came(found.values()),
        language=event_views.sheet_language(book, event_id),
        warnings=event_views.warnings(book, gathering, parties), kept=count(book.session, event_id),
        warning=event_export.WARNING,
    )  # fmt: skip


# Marking


@pages.get("/<event_id>/mark")
def marking(event_id: str) -> str:
    """Return a page with one big button for each party, for a narrow window at the entrance."""
    return _marking(current_event_records(), event_id)


def _marking(book: EventRecords, event_id: str, problem: Problem | None = None) -> str:
    gathering = book.gathering(event_id)
    parties, found = book.parties(gathering), book.attendance_by_party(event_id)
    listed = [party for party in parties if party.state in {COMING, WAITING}]
    return _show(
        "event-mark.html", one=gathering, found=found, came=attendance.came(found.values()), problem=problem,
        left=[party for party in listed if party.id not in found], most=attendance.MAX_PEOPLE,
        done=[party for party in listed if party.id in found],
        walked=[each for each in found.values() if each.walk_in],
        warnings=event_views.warnings(book, gathering, parties),
    )  # fmt: skip


@pages.post("/<event_id>/mark")
def mark(event_id: str) -> Answer | tuple[str, int]:
    """Write down how many of a party came; 0 takes it back. Durable before the page is shown again."""
    book, form = current_event_records(), request.form
    return _written(book, event_id, lambda: book.mark(event_id, form.get("about", ""), _people(form)))


@pages.post("/<event_id>/walk-in")
def walk_in(event_id: str) -> Answer | tuple[str, int]:
    """Write down people who came without signing up."""
    book, form = current_event_records(), request.form
    return _written(book, event_id, lambda: book.walk_in(event_id, form.get("name", ""), _people(form)))


def _written(book: EventRecords, event_id: str, write: Callable[[], Any]) -> Answer | tuple[str, int]:
    try:
        write()
    except Problem as problem:
        return _marking(book, event_id, problem), 400
    return redirect_to(f"/events/{event_id}/mark")


def _people(form: Mapping[str, str]) -> int:
    """Return how many came, as typed. Raises Problem for what is not a number below 1,000."""
    typed = form.get("people", "").strip()
    if not typed.isdecimal() or len(typed) > len("999"):
        raise Problem(
            "people", lazy_gettext("“%(typed)s” is not a number.", typed=typed), "Write how many came, like 3."
        )
    return int(typed)


@pages.post("/<event_id>/signup")
def act(event_id: str) -> Answer | tuple[str, int]:
    """Remove a sign-up, let it in, pass it over; or let the line of the event move up by itself again."""
    book, form = current_event_records(), request.form
    action = form.get("action", "")
    try:
        book.act(event_id if action == "let-go" else form.get("signup", ""), action)
    except Problem as problem:
        return _event(book, event_id, problem), 400
    return redirect_to(f"/events/{event_id}/")


# Papers


@pages.get("/<event_id>/sheet.pdf")
def sheet(event_id: str) -> Response:
    """Return the attendance sheet in a language of the portal."""
    book, language = (
        current_event_records(),
        request.args.get("language") or event_views.sheet_language(current_event_records(), event_id),
    )
    pdf = event_views.sheet_pdf(book, event_id, language)
    return _file(file_name(event_id, language, book.today), "application/pdf", pdf)


@pages.post("/<event_id>/export")
def export_one(event_id: str) -> Response:
    """Return one event, opened, after the person has read what that means."""
    return _export(event_id)


@pages.post("/export")
def export_all() -> Response:
    """Return all events, opened."""
    return _export(None)


def _export(event_id: str | None) -> Response:
    """Return the list of an event as a file. Raises Problem where the warning was not ticked."""
    book = current_event_records()
    if request.form.get("understood") != "yes":
        raise Problem("export", event_export.WARNING, "Tick that you have read this, then export.")
    name, content = event_views.export_file(book, request.form.get("format", "zip"), event_id)
    kinds = {"zip": "application/zip", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    return _file(name, kinds[name.rpartition(".")[2]], content)


def _file(name: str, media_type: str, content: bytes) -> Response:
    response = make_response(content)
    response.headers["Content-Type"] = media_type
    safe = "".join(char if char.isascii() and (char.isalnum() or char in "-.") else "-" for char in name)
    response.headers["Content-Disposition"] = f'attachment; filename="{safe}"'
    return response
