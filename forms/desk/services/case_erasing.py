"""Erasing cases: by staff, on the proven request of the person, or once they were kept long enough."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from threading import RLock

from forms.core.ids import is_id
from forms.core.portal import MAX_ERASED_DAYS
from forms.core.problem import Problem
from forms.desk.cases.case import Case, read_day
from forms.desk.cases.erasure import ErasureRequests, is_proof
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
class Obeyed:
    """What the notices of erasing led to: how many there were, cases gone for good, cases proven just now."""

    notices: int
    erased: int
    asked: int


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
        """Erase a case here and this desk's share of it on the server. Raises Problem (ServerAway: nothing is done)."""
        with self.busy:
            self.cases.case(case_id)
            with suppress(NotThere):  # the server may have let go of it before
                self.place.server().delete(case_id)
            self._forget(case_id)
            self.requests.forget(case_id)
            self.cases.changed()

    def dismiss_request(self, case_id: str) -> None:
        """Forget a request that is not proven: the case stays. Raises Problem where there is no such case."""
        with self.busy:
            self.cases.case(case_id)
            if self.cases.unproven_request(case_id):
                self.requests.forget(case_id)

    def old_cases(self) -> tuple[Case, ...]:
        """Return closed cases of which nothing happened for as long as portal.yml keeps concerns."""
        days, today = self.portal.current.days_kept("concerns_days"), self.clock.known_day.earliest
        return tuple(case for case in self.cases.all() if case.state.value == "closed" and _age(case, today) > days)

    # By the person

    def obey_notices(self) -> Obeyed:
        """Take in notices of erasing, and erase the cases that have rested long enough.

        What a notice is, the server says; whether it is true, its proof. All that lie here are looked at, not only
        those that just came: a line may have broken between fetching one and this.
        """
        notices = 0
        for id, label in self.store.labels().items():
            if label.get("form") == DELETION and self.store.has("letters", id):
                notices += self._take_in_notice(id)
        before = self.cases.resting()
        for thread in self.requests.all():
            self._prove(thread)
        asked = len(self.cases.resting().keys() - before.keys())
        return Obeyed(notices, self._erase_rested(), asked)

    def _take_in_notice(self, id: str) -> bool:
        """Write down what a notice asks for, and drop it. False where it is none, or does not open here."""
        try:
            notice = open_letter(self.store.read("letters", id), self.own.identities)
        except Problem:
            return False
        if notice.form != DELETION:
            self.store.unlabel(id)  # the server called a letter a notice: it stands as the letter that it is
            return False
        if is_id(notice.follows):
            self.requests.note(notice.follows, notice.proof, self.clock.known_day.latest)
        self.store.delete("letters", id)
        self.store.unlabel(id)
        return True

    def _prove(self, thread: str) -> None:
        """Compare a request with the letter that lies here. Where there is none for long, forget the request."""
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
            self.requests.prove(thread, self.clock.known_day.latest)

    def _erase_rested(self) -> int:
        """Erase for good what has rested long enough, by the earliest day that it may be. How many cases."""
        erased = 0
        for thread, last_day in self.cases.resting().items():
            if self.clock.known_day.earliest >= last_day:
                erased += self.store.has("letters", thread)
                index = self.cases.index
                for id in set(index.letter_ids(thread)) & set(index.unreadable()) - {thread}:
                    self.store.unlabel(id)  # only the server says that what does not open here belongs to it
                self._forget(thread)
                self.requests.forget(thread)
        return erased

    def _forget(self, thread: str) -> None:
        index = self.cases.fresh_index()
        parts: dict[bool, set[str]] = {True: set(), False: set()}
        for of, _, letter in index.letters():
            if isinstance(letter, Letter):
                parts[of == thread].update(part.id for part in letter.parts)
        for entry in index.entries():
            if is_id(entry.value.get("voice")):
                parts[entry.thread == thread].add(entry.value["voice"])
        for part in parts[True] - parts[False]:  # a hostile letter may name another's photo as its own
            self.store.delete("parts", part)
        gone = [entry.id for entry in index.entries() if entry.thread == thread]
        for id in gone:
            self.store.delete("entries", id)
        self.outbox.forget(thread)
        ids = set(index.letter_ids(thread))
        self.statements.forget(ids)
        for conflict in list(conflicts(self.store)):
            if conflict.item in ids | parts[True]:
                self.store.delete(CONFLICTS, conflict.name)
        with suppress(Problem):  # no portal that can be read has come here yet: nothing is pinned
            self.keys.pinned.forget([*ids, *parts[True], *gone])
        for id in ids:
            self.store.delete("letters", id)
            self.store.unlabel(id)
        index.refresh()


def _age(case: Case, today: date) -> int:
    # A letter's day is its writer's word: one that is no day, or still to come, keeps nothing from growing old.
    came = (letter.day for letter in case.letters if isinstance(letter, Letter))
    days = (read_day(text) for text in (*came, *(entry.at[:10] for entry in case.entries)))
    return (today - max((day for day in days if day and day <= today), default=date.min)).days
