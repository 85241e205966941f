"""The book of events of the unlocked desk, for the pages about events."""

from collections.abc import Callable
from datetime import date

from flask import current_app

from forms.desk.events.event_records import EventBook, open_book
from forms.desk.events.event_session import EventDesk
from forms.desk.window.access.authentication import current_session


def the_book() -> EventBook:
    """Return the event records of the unlocked desk. Raises Locked, or Problem at one that does not read sign-ups."""
    today: Callable[[], date] = current_app.extensions["today"]
    return open_book(EventDesk(current_session()), today)
