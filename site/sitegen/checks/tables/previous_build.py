"""What people who signed up would lose: the table beside the events that the last build handed to the forms."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from forms.core import portal as portals
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import Event
from forms.core.problem import Problem
from sitegen.checks.tables.event_checks import FILE

_PUT_BACK = _("Put the row back and write cancelled into state: those who signed up see it.")


def last_built(path: Path) -> tuple[Event, ...]:
    """The events of the last build, which people may have signed up for; none where there is no build to read."""
    try:
        return portals.read(path).events
    except Problem:
        return ()


def lost(before: Sequence[Event], now: Sequence[Event], today: date) -> Iterator[Problem]:
    """Yield events for which people may have signed up and that are no longer in the table."""
    there = {event.id for event in now}
    for event in before:
        if event.takes_signups(today) and event.id not in there and not event.example:
            what = _("is gone, and people may have signed up for it.")
            yield Problem(_("%(file)s, event %(event)s", file=FILE, event=event.id), what, _PUT_BACK)


def changed(before: Sequence[Event], now: Sequence[Event], today: date) -> Iterator[str]:
    """What changed since the last build for people who may have signed up, said as a sentence."""
    there = {event.id: event for event in now}
    for old in (event for event in before if event.takes_signups(today)):
        new, where = there.get(old.id), f"{FILE}, event {old.id}"
        if new is None:
            if old.example:
                yield f"{where}: is gone. {_PUT_BACK}"
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
