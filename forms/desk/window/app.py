"""Create the Flask app of the desk's window. start.py binds it to 127.0.0.1."""

import logging
from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Flask, g, render_template, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.media.attachments import MAX_FILE_BYTES
from forms.core.problem import Problem
from forms.core.rendering.environment import CompiledTemplates
from forms.core.trusted_date import day_here
from forms.desk import language
from forms.desk.command_line import command
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.desk.watch.site_findings import WHAT_TO_DO
from forms.desk.window import case_actions, case_pages, inbox, key_pages, labels, reader, retention_pages
from forms.desk.window.access import unlock_pages
from forms.desk.window.access.authentication import Authenticator, Locked, elapsed_seconds
from forms.desk.window.current import DeskWindow, current_authenticator, store_window
from forms.desk.window.events import event_pages
from forms.web.local import request_guard
from forms.web.no_trace import NoTraceFlask

IDLE_SECONDS = 600
"""Seconds without a request after which the desk locks itself."""

LARGEST_ANSWER = 4 * MAX_FILE_BYTES["answer"]
"""Bytes of an answer with its recording. The form is read even if the recording is too large, to keep its text."""

SENTENCES = {
    401: (
        lazy_gettext("This browser was not opened with the desk's address."),
        lazy_gettext("Start the desk again and use the address that it shows. Each address works once."),
    ),
    403: (
        lazy_gettext("This was not sent from a page of this window."),
        lazy_gettext("Go back to the letters and try again."),
    ),
    404: (lazy_gettext("There is no such page here."), lazy_gettext("Go back to the letters.")),
    413: (
        lazy_gettext("This is more than can be taken at once."),
        lazy_gettext("Write less, or choose smaller files."),
    ),
    421: (
        lazy_gettext("This window is reached under 127.0.0.1 only."),
        lazy_gettext("Use the address that the desk showed when it started."),
    ),
}


def create_window(
    place: DeskPlace,
    today: Callable[[], date] = day_here,
    idle_seconds: float = IDLE_SECONDS,
    unlock: Callable[[DeskPlace, str | None], Session] = Session.unlock,
    clock: Callable[[], float] = elapsed_seconds,
) -> Flask:
    """Return the app of a desk's window. `unlock` and `clock` are for tests."""
    app = NoTraceFlask("forms.desk.window")
    app.logger.setLevel(logging.ERROR)
    authenticator = Authenticator(place, unlock, idle_seconds, clock, program="desk")
    store_window(app, DeskWindow(authenticator, today))
    _set_up_templates(app)
    app.before_request(_choose_language)
    app.before_request(_allow_recordings)
    request_guard.protect(app, authenticator)
    for pages in (
        unlock_pages.pages,
        inbox.pages,
        case_pages.pages,
        case_actions.pages,
        key_pages.pages,
        retention_pages.pages,
        event_pages.pages,
    ):
        app.register_blueprint(pages)
    app.after_request(unlock_pages.drop_what_was_sent)
    app.register_error_handler(Locked, unlock_pages.locked)
    app.register_error_handler(Problem, _problem)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _choose_language() -> None:
    """Use the language that was chosen on this machine."""
    g.reader = language.chosen_language(current_authenticator().place.folder)


def _allow_recordings() -> None:
    """Raise the size limit of a form with a recording, before it is read."""
    if request.path.endswith("/answer"):
        request.max_content_length = LARGEST_ANSWER


_COMPILED = CompiledTemplates()


def _set_up_templates(app: Flask) -> None:
    # Letters are hostile: everything that a template shows is sanitised here, so that no page can forget it.
    reader.set_up(app.jinja_env)
    app.jinja_env.bytecode_cache = _COMPILED
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals["zip"] = zip
    app.context_processor(_template_context)


def _template_context() -> dict[str, Any]:
    """Return the variables of all templates. Before authentication they reveal nothing about the desk."""
    authenticator, inside = current_authenticator(), bool(g.get("inside"))
    return {
        "session": authenticator.session if inside else None,
        "form_token": authenticator.form_token if inside else "",
        "idle_seconds": int(authenticator.idle_seconds),
        "desk_name": _desk_name(authenticator.session if inside else None)
        or reader.gettext("Desk %(desk)s", desk=authenticator.place.name),
        "has_events": _has_events(authenticator.session if inside else None),
        "site_alarms": authenticator.session.site_watch.state.alarms if inside and authenticator.session else (),
        "site_todo": WHAT_TO_DO,
        "here": "",
        "root": request.script_root,
        "labels": labels,
        "reader": reader.reader(),
        "is_reviewed": reader.reader() in language.REVIEWED,
        "typed": command,
    }


def _has_events(session: Session | None) -> bool:
    """Return whether this desk reads sign-ups."""
    try:
        return session is not None and any(
            "signup" in desk.reads for desk in session.portal.current.desks_with_ids([session.place.desk])
        )
    except Problem:
        return False


def _desk_name(session: Session | None) -> str:
    """Return the desk's name for the top of every page; empty if there is no session or no portal."""
    try:
        return labels.desk_name(session.portal.current, session.place.desk) if session else ""
    except Problem:
        return ""


def _problem(problem: Problem) -> tuple[str, int]:
    return _problem_page(problem, 400)


def _problem_page(problem: Problem, code: int) -> tuple[str, int]:
    """Show a problem, with the texts that were typed into the form of a case or an event."""
    return render_template("problem.html", problem=problem, typed=unlock_pages.typed_texts()), code


def _http_error(error: HTTPException) -> tuple[str, int]:
    code = error.code or 500
    what, todo = SENTENCES.get(
        code, (lazy_gettext("Something went wrong."), lazy_gettext("Go back to the letters and try again."))
    )
    return _problem_page(Problem("", what, todo), code)
