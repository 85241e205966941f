"""Make the server's daily statement: which letters have come for each desk, and which are gone."""

from contextlib import suppress
from datetime import date, timedelta

from forms.server.services.mailbox import Services
from forms.server.store.faults import NotKept


def make_statement(services: Services, today: date) -> None:
    """State what came up to yesterday, if that is not stated yet. Where the database is away, the next day does it."""
    yesterday = today - timedelta(days=1)
    with suppress(NotKept):  # also where another process was first
        last = services.statements.last_day()
        if last is None or last < yesterday:
            services.statements.state(yesterday, letters_present(services, yesterday))


def letters_present(services: Services, day: date) -> dict[str, set[str]]:
    """Return the ids of the letters of each desk that came on this day or before."""
    present: dict[str, set[str]] = {desk.id: set() for desk in services.portal.desks}
    for store in (services.concerns, services.requests):
        for desk, letter in store.inbox.held(day):
            present.setdefault(desk, set()).add(letter)
    return present
