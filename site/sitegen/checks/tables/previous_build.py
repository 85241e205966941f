"""Checks of events against those of the previous build, for which people may have signed up."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from forms.core import portal as portals
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import Event
from forms.core.problem import Problem
from sitegen.checks.tables.event_checks import FILE

_RESTORE = _("Put the row back and write cancelled into state: those who signed up see it.")


def previous_events(path: Path) -> tuple[Event, ...]:
    """Return the events in the portal.json of the previous build, () if it cannot be read."""
    try:
        return portals.read(path).events
    except Problem:
        return ()


def removed_events(previous: Sequence[Event], current: Sequence[Event], today: date) -> Iterator[Problem]:
    """Yield events for which people may have signed up and that are no longer in the table."""
    ids = {event.id for event in current}
    for event in previous:
        if event.takes_signups(today) and event.id not in ids and not event.example:
            what = _("is gone, and people may have signed up for it.")
            yield Problem(_("%(file)s, event %(event)s", file=FILE, event=event.id), what, _RESTORE)


def changes(previous: Sequence[Event], current: Sequence[Event], today: date) -> Iterator[str]:
    """Yield a message for each change since the previous build that concerns people who may have signed up."""
    by_id = {event.id: event for event in current}
    for old in (event for event in previous if event.takes_signups(today)):
        new, where = by_id.get(old.id), f"{FILE}, event {old.id}"
        if new is None:
            if old.example:
                yield f"{where}: is gone. {_RESTORE}"
            continue
        assert old.capacity is not None  # noqa: S101 - it takes sign-ups
        if new.capacity is None:
            yield f"{where}, column capacity: it is empty now. Nobody can sign up; those who did keep their places."
        elif new.capacity < old.capacity:
            yield (
                f"{where}, column capacity: {old.capacity} before, {new.capacity} now. Those who signed up keep their "
                "places, even if they are more than that."
            )
        if new.starts != old.starts and new.state == "planned":
            yield f"{where}, column starts: {old.starts} before. Write moved into state and the old time into was."
