"""The book of events of the unlocked desk, for the pages about events."""

from collections.abc import Callable
from datetime import date

from flask import current_app

from forms.desk.event_book import EventBook
from forms.desk.window.door import current_session
from forms.problem import Problem


def the_book() -> EventBook:
    """The papers of the unlocked desk. Raises Problem at a desk that does not read sign-ups."""
    session = current_session()
    if "signup" not in session.own_desk.reads:
        readers = ", ".join(desk.id for desk in session.portal.readers("signup")) or "none"
        raise Problem(f"desk {session.desk}", "does not read sign-ups.", f"Open this window at desk: {readers}.")
    today: Callable[[], date] = current_app.extensions["today"]
    return EventBook(session, today)
