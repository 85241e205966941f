"""Detect that the server withholds letters: late ones, missing ones, and statements that do not match."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from forms.core.problem import Problem
from forms.desk.cases.arrivals import Arrivals
from forms.desk.cases.erasure import ErasureRequests
from forms.desk.cases.log.case_log import Entry
from forms.desk.services.case_list import CaseList
from forms.desk.services.clock import Clock
from forms.desk.services.place import DeskPlace
from forms.desk.sync.local_store import LocalStore
from forms.desk.sync.statements import Statements


@dataclass(frozen=True)
class Withheld:
    """Compares the letters on this machine with the server's statements and with colleagues' entries.

    arrivals: the letters that came late or twice.
    """

    place: DeskPlace
    cases: CaseList
    requests: ErasureRequests
    store: LocalStore
    statements: Statements
    arrivals: Arrivals
    clock: Clock

    def record_arrivals(self, new: Collection[str]) -> None:
        """Record the letters (ids) of a fetch that brought everything that was waiting."""
        letters, today = list(self.cases.refresh_index().new_letters(new)), self.clock.known_day.earliest
        self.arrivals.record(letters, today)
        self.statements.record_received(((letter.id, letter.written) for letter in letters), today.isoformat())

    def follow_statements(self) -> None:
        """Fetch the server's daily statements, and check them against earlier ones and the letters on this machine."""
        known = self.statements.known()
        with suppress(Problem):  # an older server has none
            key, rows = self.place.server().statements(known.number - 1 if known.number else None)
            index = self.cases.index
            erased = {id for thread in self.requests.all() for id in index.letter_ids(thread)}
            self.statements.follow(key, rows, self.place.desk, lambda id: self.store.has("letters", id), erased)

    def contradicting_statements(self) -> tuple[Entry, ...]:
        """Return entries of colleagues whose machines were shown a different statement of the same number."""
        known = self.statements.known()
        entries = (entry for case in self.cases.all() for entry in case.entries)
        return tuple(entry for entry in entries if known.contradicts(entry.value.get("head")))

    def missing_letters(self) -> tuple[str, ...]:
        """Return the ids of letters in whose cases colleagues wrote, and which never came to this machine."""
        index, requested = self.cases.refresh_index(), self.requests.all().keys()
        return tuple(id for id in index.entries_without_letter() if id not in requested)
