"""What every command of a desk needs: the desk, opened; a case by its number or id; the day."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
from pydantic import TypeAdapter

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.core.terminal.prompts import ask_secret
from forms.core.trusted_date import day_here
from forms.desk.cases.case import Case
from forms.desk.cases.search import CaseFilter, find_cases
from forms.desk.command_line import command as typed
from forms.desk.crypto import keys
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.desk.state_file import StateFile

MIN_ID_DIGITS = 8
"""Digits of an id that name a case on every machine."""

CLOCK = "forms.desk.clock"
"""Where click's context keeps the clock of the commands. Whoever calls `desk` in a program gives one as `obj`."""


@dataclass(frozen=True)
class ShownList:
    """The ids of the list last shown, in its order."""

    ids: tuple[str, ...] = ()


def unlock(here: DeskPlace) -> Session:
    """Return the desk, opened; asks for the passphrase where its key has one. Raises Problem."""
    return Session.unlock(here, ask_passphrase(here), clock())


def ask_passphrase(here: DeskPlace) -> str | None:
    """Return the passphrase, typed; None where the key has none."""
    return ask_secret("Passphrase") if keys.has_passphrase(here.folder) else None


def listed(session: Session, wanted: CaseFilter | None = None) -> list[Case]:
    """Return the cases in the order of the list."""
    return find_cases(session.cases.all(), wanted or CaseFilter(merged=True), today())


def numbered(session: Session) -> list[tuple[int, Case]]:
    """Return the cases with the numbers by which commands name them from now on: the list is about to be shown."""
    found = listed(session)
    _remember(session, found)
    return list(enumerate(found, start=1))


def find_case(session: Session, which: str) -> Case:
    """Return the case with this number in the list last shown here, or with an id that begins so. Raises Problem.

    Numbers are this machine's own: another of the desk may not have fetched, or has read, something else. The first
    eight digits of an id are the same on all.
    """
    of_number = _as_shown(session) if which.isdecimal() and len(which) < MIN_ID_DIGITS else {}
    wanted = which.lower()
    begins = [case for case in session.cases.all() if len(wanted) >= MIN_ID_DIGITS and case.id.startswith(wanted)]
    found = [of_number[which]] if which in of_number else begins
    if len(found) != 1:
        raise _no_such_letter(session, which, many=len(found) > 1)
    return found[0]


def _as_shown(session: Session) -> dict[str, Case]:
    """Return the cases by their numbers in the list last shown; in one of now, kept from now on, where there is none.

    A list of now would be another after each answer and each fetch: the same command twice would write to two people.
    """
    known = list_file(session.place.folder).read()
    if known is None:
        return {str(number): case for number, case in numbered(session)}
    cases = {case.id: case for case in session.cases.all()}
    return {str(number): cases[id] for number, id in enumerate(known.ids, start=1) if id in cases}


def _remember(session: Session, cases: list[Case]) -> None:
    file = list_file(session.place.folder)
    try:
        file.write(ShownList(tuple(case.id for case in cases)))
    except Problem:  # a full disk: no list is better than an older one
        with suppress(OSError):
            file.remove()


def list_file(folder: Path) -> StateFile[ShownList]:
    """Return the file with the list last shown."""
    lost = lazy_gettext("Show the list again, and use its numbers: %(command)s", command=typed("list"))
    return StateFile(folder / "list.json", _SHOWN, lost)


_SHOWN = TypeAdapter(ShownList)


def _no_such_letter(session: Session, which: str, *, many: bool) -> Problem:
    if not session.cases.all():
        return Problem(which, "No letter was fetched to this machine yet.", f"Fetch and list them: {typed('list')}")
    what = "Several letters begin like this." if many else "There is no such letter here."
    todo = f"See this machine's numbers, and the ids that are the same on all: {typed('list')}"
    return Problem(which, what, todo)


def clock() -> Callable[[], date]:
    """Return what tells this machine's day: the clock that the desk was called with, as tests do, or the machine's."""
    clock: Callable[[], date] = click.get_current_context().meta.get(CLOCK, day_here)
    return clock


def today() -> date:
    return clock()()
