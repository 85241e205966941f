"""What every command of a desk needs: the desk, opened; a case by its number or id; the day."""

from collections.abc import Callable
from datetime import date

import click

from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.cases.search import Wanted, find
from forms.desk.command_line import command as typed
from forms.desk.crypto import keys
from forms.desk.services.place import Place
from forms.desk.session import Session

LEAST_OF_ID = 8
"""Digits of an id that name a case on every machine."""

CLOCK = "forms.desk.clock"
"""Where click's context keeps the clock of the commands. Whoever calls `desk` in a program gives one as `obj`."""


def unlock(here: Place) -> Session:
    """Return the desk, opened; asks for the passphrase where its key has one. Raises Problem."""
    return Session.unlock(here, ask_passphrase(here), clock())


def ask_passphrase(here: Place) -> str | None:
    """Return the passphrase, typed; None where the key has none."""
    return click.prompt("Passphrase", hide_input=True) if keys.has_passphrase(here.folder) else None


def listed(session: Session, wanted: Wanted | None = None) -> list[Case]:
    """Return the cases in the order of the list."""
    return find(session.cases.all(), wanted or Wanted(merged=True), today())


def find_case(session: Session, which: str) -> Case:
    """Return the case with this number in this machine's list, or with an id that begins like this. Raises Problem.

    Numbers are this machine's own: another of the desk may not have fetched, or has read, something else. The first
    eight digits of an id are the same on all.
    """
    numbered = {str(number): case for number, case in enumerate(listed(session), start=1)}
    wanted = which.lower()
    begins = [case for case in session.cases.all() if len(wanted) >= LEAST_OF_ID and case.id.startswith(wanted)]
    found = [numbered[which]] if which in numbered else begins
    if len(found) != 1:
        raise _no_such_letter(session, which, many=len(found) > 1)
    return found[0]


def _no_such_letter(session: Session, which: str, *, many: bool) -> Problem:
    if not session.cases.all():
        return Problem(which, "No letter was fetched to this machine yet.", f"Fetch and list them: {typed('list')}")
    what = "Several letters begin like this." if many else "There is no such letter here."
    todo = f"See this machine's numbers, and the ids that are the same on all: {typed('list')}"
    return Problem(which, what, todo)


def clock() -> Callable[[], date]:
    """Return what tells this machine's day: the clock that the desk was called with, as tests do, or the machine's."""
    clock: Callable[[], date] = click.get_current_context().meta.get(CLOCK, date.today)
    return clock


def today() -> date:
    return clock()()
