"""Signs that the server withholds letters: late ones, missing ones, and statements that do not match."""

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
    """Compares what came to this machine with what the server and colleagues say. arrivals: letters late or twice."""

    place: DeskPlace
    cases: CaseList
    requests: ErasureRequests
    store: LocalStore
    statements: Statements
    arrivals: Arrivals
    clock: Clock

    def note_arrivals(self, new: Collection[str]) -> None:
        """Record what is unusual about the letters of a fetch that brought everything that was waiting."""
        arrived, today = list(self.cases.fresh_index().arrived(new)), self.clock.known_day.earliest
        self.arrivals.note(arrived, today)
        self.statements.note_given(((one.id, one.written) for one in arrived), today.isoformat())

    def follow_statements(self) -> None:
        """Compare the server's daily statements with those before and with what came here."""
        known = self.statements.known()
        with suppress(Problem):  # an older server has none
            key, rows = self.place.server().statements(known.number - 1 if known.number else None)
            index = self.cases.index
            erased = {id for thread in self.requests.all() for id in index.letter_ids(thread)}
            self.statements.take(key, rows, self.place.desk, lambda id: self.store.has("letters", id), erased)

    def contradicting_statements(self) -> tuple[Entry, ...]:
        """Return entries of colleagues whose machines were shown another statement than this one."""
        known = self.statements.known()
        found = (entry for case in self.cases.all() for entry in case.entries)
        return tuple(entry for entry in found if known.contradicts(entry.value.get("head")))

    def missing_letters(self) -> tuple[str, ...]:
        """Return the ids of letters that a colleague wrote about and that never came to this machine."""
        index, resting = self.cases.fresh_index(), self.requests.all().keys()
        return tuple(id for id in index.entries_without_letter() if id not in resting)
