"""The event records of the unlocked desk, for the pages about events."""

from forms.desk.events.event_records import EventRecords, open_event_records
from forms.desk.events.event_session import EventDesk
from forms.desk.window.current import clock, current_session


def current_event_records() -> EventRecords:
    """Return the event records of the unlocked desk. Raises Locked, or Problem if the desk does not read sign-ups."""
    return open_event_records(EventDesk(current_session()), clock())
