"""Erase cases: by a decision of staff, on the proven request of the person, or at the end of retention."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from threading import RLock

from forms.core.ids import is_id
from forms.core.portal import MAX_ERASED_DAYS
from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.cases.erasure import ErasureRequests, is_proof
from forms.desk.cases.index import Index
from forms.desk.cases.log.dates import read_day
from forms.desk.crypto.decryption import Letter, open_letter
from forms.desk.services.case_list import CaseList
from forms.desk.services.clock import Clock
from forms.desk.services.keys.desk_keys import DeskKeys
from forms.desk.services.keys.own_keys import OwnKeys
from forms.desk.services.place import DeskPlace
from forms.desk.services.portal_copy import PortalCopy
from forms.desk.sync.fetching import CONFLICTS, conflicts
from forms.desk.sync.local_store import DELETION, LocalStore
from forms.desk.sync.outbox import Outbox
from forms.desk.sync.responses import NotThere
from forms.desk.sync.statements import Statements


@dataclass(frozen=True)
class NoticeResult:
    """The result of processing erasure notices: notices read, cases erased, and requests proven just now."""

    notices: int
    erased: int
    newly_proven: int


@dataclass(frozen=True)
class CaseErasing:
    """Erases cases of one desk, here and on the server."""

    place: DeskPlace
    own: OwnKeys
    portal: PortalCopy
    keys: DeskKeys
    cases: CaseList
    requests: ErasureRequests
    store: LocalStore
    outbox: Outbox
    statements: Statements
    clock: Clock
    busy: RLock

    # By staff

    def erase(self, case_id: str) -> None:
        """Erase a case here, and this desk's copy on the server. Raises Problem (ServerAway: nothing is erased)."""
        with self.busy:
            self.cases.case(case_id)
            with suppress(NotThere):  # the server may have erased it already
                self.place.server().delete(case_id)
            self._forget(case_id)
            self.requests.forget(case_id)
            self.cases.invalidate()

    def dismiss_request(self, case_id: str) -> None:
        """Delete a request that is not proven: the case stays. Raises Problem if there is no such case."""
        with self.busy:
            self.cases.case(case_id)
            if self.cases.unproven_request(case_id):
                self.requests.forget(case_id)

    def old_cases(self) -> tuple[Case, ...]:
        """Return closed cases in which nothing has happened for longer than portal.yml keeps concerns."""
        days, today = self.portal.current.days_kept("concerns_days"), self.clock.known_day.earliest
        return tuple(case for case in self.cases.all() if case.state.value == "closed" and _age(case, today) > days)

    # By the person

    def process_erasure_notices(self) -> NoticeResult:
        """Read erasure notices, and erase the cases whose waiting period is over.

        The server says which letter is a notice; the proof in it decides whether it is valid. All notices on this
        machine are read, not only new ones: an earlier run may have been interrupted between fetching and reading.
        """
        notices = 0
        for id, label in self.store.labels().items():
            if label.get("form") == DELETION and self.store.has("letters", id):
                notices += self._read_notice(id)
        previous = self.cases.awaiting_erasure()
        for thread in self.requests.all():
            self._prove(thread)
        newly_proven = len(self.cases.awaiting_erasure().keys() - previous.keys())
        return NoticeResult(notices, self._erase_due_cases(), newly_proven)

    def _read_notice(self, id: str) -> bool:
        """Store the request in a notice, and delete the notice. Return False if it is not one or cannot be opened."""
        try:
            notice = open_letter(self.store.read("letters", id), self.own.identities)
        except Problem:
            return False
        if notice.form != DELETION:
            self.store.unlabel(id)  # the server labelled a letter as a notice: keep it as a letter
            return False
        if is_id(notice.follows):
            self.requests.add(notice.follows, notice.proof, self.clock.known_day.latest)
        self.store.delete("letters", id)
        self.store.unlabel(id)
        return True

    def _prove(self, thread: str) -> None:
        """Check the proof of a request against the letter. Delete a request whose letter has been missing for long."""
        request = self.requests.of(thread)
        if request is None or request.proven:
            return
        if not self.store.has("letters", thread):
            if self.clock.known_day.earliest > request.last_day(MAX_ERASED_DAYS):
                self.requests.forget(thread)
            return
        try:
            first = open_letter(self.store.read("letters", thread), self.own.identities)
        except Problem:
            return  # another key may open it later
        if first.id == thread and is_proof(request.proof, first.erase_hash):
            self.outbox.forget(thread)
            self.requests.mark_proven(thread, self.clock.known_day.latest)

    def _erase_due_cases(self) -> int:
        """Erase the cases whose waiting period is over by the earliest possible day; return how many."""
        erased = 0
        for thread, last_day in self.cases.awaiting_erasure().items():
            if self.clock.known_day.earliest >= last_day:
                erased += self.store.has("letters", thread)
                index = self.cases.index
                for id in set(index.letter_ids(thread)) & set(index.unreadable()) - {thread}:
                    self.store.unlabel(id)  # only the server says that this unreadable letter belongs to the case
                self._forget(thread)
                self.requests.forget(thread)
        return erased

    def _forget(self, thread: str) -> None:
        """Delete all that this machine stores of a case."""
        index = self.cases.refresh_index()
        own_parts, other_parts = self._part_ids(index, thread)
        for part in own_parts - other_parts:  # a hostile letter may name another's photo as its own
            self.store.delete("parts", part)
        entry_ids = [entry.id for entry in index.entries() if entry.thread == thread]
        for id in entry_ids:
            self.store.delete("entries", id)
        self.outbox.forget(thread)
        letter_ids = set(index.letter_ids(thread))
        self.statements.forget(letter_ids)
        for conflict in list(conflicts(self.store)):
            if conflict.item in letter_ids | own_parts:
                self.store.delete(CONFLICTS, conflict.name)
        with suppress(Problem):  # no readable portal has come here yet: nothing is pinned
            self.keys.pinned.forget([*letter_ids, *own_parts, *entry_ids])
        for id in letter_ids:
            self.store.delete("letters", id)
            self.store.unlabel(id)
        index.refresh()

    def _part_ids(self, index: Index, thread: str) -> tuple[set[str], set[str]]:
        """Return the ids of the photos and recordings of a case, and those of all other cases."""
        own: set[str] = set()
        others: set[str] = set()
        for letter_thread, _, letter in index.letters():
            if isinstance(letter, Letter):
                (own if letter_thread == thread else others).update(part.id for part in letter.parts)
        for entry in index.entries():
            if is_id(entry.value.get("voice")):
                (own if entry.thread == thread else others).add(entry.value["voice"])
        return own, others


def _age(case: Case, today: date) -> int:
    """Return the days since anything happened in a case."""
    # The day in a letter is not verified: a malformed or future day must not keep a case from growing old.
    letter_days = (letter.day for letter in case.letters if isinstance(letter, Letter))
    days = (read_day(text) for text in (*letter_days, *(entry.at[:10] for entry in case.entries)))
    return (today - max((day for day in days if day and day <= today), default=date.min)).days
