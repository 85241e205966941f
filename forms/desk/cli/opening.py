"""Common steps of desk commands: unlock the desk, find a case by its number or id, get the day."""

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
from forms.desk.command_line import command as desk_command
from forms.desk.crypto import keys
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.desk.state_file import StateFile

MIN_ID_DIGITS = 8
"""Digits of an id that identify a case on every machine."""

CLOCK = "forms.desk.clock"
"""The key of the commands' clock in click's context. A program that calls `desk` passes one as `obj`."""


@dataclass(frozen=True)
class ShownList:
    """The ids of the list last shown, in its order."""

    ids: tuple[str, ...] = ()


def unlock(place: DeskPlace) -> Session:
    """Unlock the desk; ask for the passphrase if its key has one. Raises Problem."""
    return Session.unlock(place, ask_passphrase(place), clock())


def ask_passphrase(place: DeskPlace) -> str | None:
    """Ask for the passphrase; return None if the key has none."""
    return ask_secret("Passphrase") if keys.has_passphrase(place.folder) else None


def sorted_cases(session: Session, wanted: CaseFilter | None = None) -> list[Case]:
    """Return the matching cases (all if None) in the order of the list."""
    return find_cases(session.cases.all(), wanted or CaseFilter(merged=True), today())


def number_cases(session: Session) -> list[tuple[int, Case]]:
    """Number the cases for a list that is about to be shown, and store it: commands use these numbers from now on."""
    cases = sorted_cases(session)
    _store_list(session, cases)
    return list(enumerate(cases, start=1))


def find_case(session: Session, which: str) -> Case:
    """Return the case with this number in the list last shown, or whose id begins with these digits. Raises Problem.

    Numbers are only valid on this machine: another machine of the desk may have fetched or read other letters. The
    first eight digits of an id are the same on all machines.
    """
    by_number = _last_list(session) if which.isdecimal() and len(which) < MIN_ID_DIGITS else {}
    prefix = which.lower()
    by_id = [case for case in session.cases.all() if len(prefix) >= MIN_ID_DIGITS and case.id.startswith(prefix)]
    matches = [by_number[which]] if which in by_number else by_id
    if len(matches) != 1:
        raise _no_match(session, which, many=len(matches) > 1)
    return matches[0]


def _last_list(session: Session) -> dict[str, Case]:
    """Return the cases by their numbers in the list last shown; if none was, in a new list, which is stored.

    A new list each time would change after each answer and each fetch: a repeated command would write to another
    person.
    """
    shown = list_file(session.place.folder).read()
    if shown is None:
        return {str(number): case for number, case in number_cases(session)}
    cases = {case.id: case for case in session.cases.all()}
    return {str(number): cases[id] for number, id in enumerate(shown.ids, start=1) if id in cases}


def _store_list(session: Session, cases: list[Case]) -> None:
    file = list_file(session.place.folder)
    try:
        file.write(ShownList(tuple(case.id for case in cases)))
    except Problem:  # the disk is full: no list is better than an older one
        with suppress(OSError):
            file.remove()


def list_file(folder: Path) -> StateFile[ShownList]:
    """Return the file with the list last shown."""
    lost = lazy_gettext("Show the list again, and use its numbers: %(command)s", command=desk_command("list"))
    return StateFile(folder / "list.json", _ADAPTER, lost)


_ADAPTER = TypeAdapter(ShownList)


def _no_match(session: Session, which: str, *, many: bool) -> Problem:
    if not session.cases.all():
        return Problem(
            which, "No letter was fetched to this machine yet.", f"Fetch and list them: {desk_command('list')}"
        )
    what = "Several letters begin like this." if many else "There is no such letter here."
    todo = f"See this machine's numbers, and the ids that are the same on all: {desk_command('list')}"
    return Problem(which, what, todo)


def clock() -> Callable[[], date]:
    """Return the function that returns the day: the one that `desk` was called with, as in tests, or this machine's."""
    clock: Callable[[], date] = click.get_current_context().meta.get(CLOCK, day_here)
    return clock


def today() -> date:
    """Return the day by the clock of the commands."""
    return clock()()
