"""The cases of an unlocked desk, as its letters and its case log have them. Reads only."""

from collections.abc import Mapping
from datetime import date
from threading import RLock

from forms.core.crypto.encryption import part_id
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.cases.case import Case, cases
from forms.desk.cases.erasure import ErasureRequest, ErasureRequests, visible
from forms.desk.cases.index import Index
from forms.desk.cases.log.case_log import Entry
from forms.desk.cases.log.verification import Verifier
from forms.desk.cases.search import alike
from forms.desk.crypto.copies import read_any_mark
from forms.desk.services.keys.desk_keys import DeskKeys
from forms.desk.services.keys.own_keys import OwnKeys
from forms.desk.services.place import DeskPlace
from forms.desk.services.portal_copy import PortalCopy
from forms.desk.sync.local_store import LocalStore


class CaseList:
    """All cases, opened in memory. `changed` is called after each change of letters, entries or trusted keys."""

    def __init__(
        self,
        place: DeskPlace,
        own: OwnKeys,
        portal: PortalCopy,
        keys: DeskKeys,
        store: LocalStore,
        requests: ErasureRequests,
        busy: RLock,
    ) -> None:
        self._place, self._own, self._portal, self._keys = place, own, portal, keys
        self._store, self._requests, self._busy = store, requests, busy
        self._index: Index | None = Index(store, own.identities)
        self._cases: tuple[Case, ...] | None = None
        self._alike: Mapping[str, tuple[str, ...]] | None = None
        self._alike_of: frozenset[tuple[str, bool]] = frozenset()

    # What is held in memory

    @property
    def index(self) -> Index:
        """Return the opened letters and entries. Raises Problem where the desk is locked."""
        if self._index is None:
            raise Problem("desk", "is locked.", "Type the passphrase.")
        return self._index

    def fresh_index(self) -> Index:
        """Return the index with what has come to the disk since. Raises Problem where the desk is locked."""
        self.index.refresh()
        return self.index

    def changed(self) -> None:
        """Compute the cases again when they are next needed."""
        self._cases = None

    def reopen(self) -> None:
        """Open all letters again: this machine's keys have changed."""
        self._index = Index(self._store, self._own.identities)
        self._cases = self._alike = None

    def close(self) -> None:
        """Forget all that was opened: the desk is locked."""
        self._index = self._cases = self._alike = None

    # Cases

    def all(self) -> tuple[Case, ...]:
        """Return all cases, newest first, but those that rest until they are erased."""
        with self._busy:
            if self._cases is None:
                self._cases = visible(self._folded(), self._requests.all())
            return self._cases

    def _folded(self) -> list[Case]:
        index = self.fresh_index()
        days = self._portal.current.days_kept("answer_days")
        verifier = self.verifier
        proven, unproven = verifier.split(index.entries())
        return cases(index.letters(), proven, days, unproven, verifier.provenance)

    def case(self, case_id: str) -> Case:
        """Return one case. Raises Problem where there is none of this id."""
        if last_day := self.resting().get(case_id):
            what = lazy_gettext(
                "The person asked that it be erased. It goes for good on %(last_day)s.", last_day=last_day
            )
            raise Problem(case_id, what, "Nothing needs to be done.")
        found = next((case for case in self.all() if case.id == case_id), None)
        if found is None:
            raise Problem(case_id, "There is no such case here.", "It may be erased, or not fetched yet.")
        return found

    def alike(self) -> Mapping[str, tuple[str, ...]]:
        """Return cases that look alike, by case."""
        with self._busy:
            found = self.all()
            letters = frozenset((case.id, case.first is not None) for case in found)
            if self._alike is None or letters != self._alike_of:  # entries change nothing of what was told
                self._alike, self._alike_of = alike(found), letters
            return self._alike

    # Requests to erase

    def resting(self) -> dict[str, date]:
        """Return the ids of cases that the person has asked to be erased, and the day on which each goes for good."""
        days = self._portal.current.erased_days
        return {id: one.last_day(days) for id, one in self._requests.all().items() if one.proven}

    def unproven_requests(self) -> frozenset[str]:
        """Return the ids of letters that somebody asked to be erased and nobody has proven with the receipt."""
        return frozenset(id for id, request in self._requests.all().items() if not request.proven)

    def unproven_request(self, case_id: str) -> ErasureRequest | None:
        """Return a request to erase this case which nobody has proven with its receipt, or None."""
        request = self._requests.of(case_id)
        return request if request and not request.proven else None

    # What does not open, and what is not proven

    def unreadable(self) -> tuple[str, ...]:
        """Return the ids of letters and entries here that do not open with this machine's keys."""
        self.all()
        return self.index.unreadable()

    @property
    def verifier(self) -> Verifier:
        """What this machine checks signatures by. Raises Problem."""
        keys = self._keys
        return Verifier(keys.pinned, self._place.desk, keys.member, frozenset(self._own.signing_keys))

    def unproven(self) -> tuple[Entry, ...]:
        """Return entries whose writer is not proved; they change nothing. Raises Problem."""
        return tuple(entry for case in self.all() for entry in case.unproven)

    def unproven_copies(self) -> tuple[str, ...]:
        """Return the ids of letters and parts that are copies without a right signature. Raises Problem."""
        copies = [id for case in self.all() for id, found in case.provenance.items() if not found.is_proven]
        return (*copies, *(id for case in self.all() if case.provenance for id in self.unproven_parts(case)))

    def unproven_parts(self, case: Case) -> frozenset[str]:
        """Return the ids of photos and recordings that are copies without a right signature. Raises Problem."""
        parts = (*(part for _, part in case.parts), *case.spoken_answers)
        return frozenset(part.id for part in parts if self._is_unproven_part(case.id, part.id))

    def _is_unproven_part(self, thread: str, id: str) -> bool:
        if not self._store.has("parts", id) or self._keys.pinned.is_accepted(id):
            return False
        sealed = self._store.read("parts", id)
        return part_id(sealed) != id and not self.is_proven_copy(thread, id, sealed)

    def is_proven_copy(self, letter: str, item: str, sealed: bytes) -> bool:
        """Return whether a copy that came bears the signature of somebody whose key this machine knows."""
        try:
            return self.verifier.is_mark_proven(read_any_mark(self._own.open(sealed)), letter, item)
        except Problem:
            return False
