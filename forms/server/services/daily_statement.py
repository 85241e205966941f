"""Make the server's daily statement: which letters came for each desk, and which were erased."""

from contextlib import suppress
from datetime import date, timedelta

from forms.server.services.services import Services
from forms.server.store.faults import NotKept


def make_statement(services: Services, today: date) -> None:
    """Make the statement of everything up to yesterday, unless there is one already.

    If the database is unreachable, the next day's statement includes it.
    """
    yesterday = today - timedelta(days=1)
    with suppress(NotKept):  # raised too if another process was first
        last_day = services.statements.last_day()
        if last_day is None or last_day < yesterday:
            services.statements.add_statement(yesterday, letters_present(services, yesterday))


def letters_present(services: Services, day: date) -> dict[str, set[str]]:
    """Return, for each desk, the ids of its letters that came on this day or before."""
    present: dict[str, set[str]] = {desk.id: set() for desk in services.portal.desks}
    for store in (services.concerns, services.requests):
        for desk, letter_id in store.inbox.letters_until(day):
            present.setdefault(desk, set()).add(letter_id)
    return present
