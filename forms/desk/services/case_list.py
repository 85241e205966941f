"""The cases of an unlocked desk, computed from its letters and its case log. Read-only."""

from collections.abc import Mapping
from datetime import date
from threading import RLock

from forms.core.crypto.encryption import part_id
from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.cases.case_builder import build_cases
from forms.desk.cases.erasure import ErasureRequest, ErasureRequests, visible_cases
from forms.desk.cases.index import Index
from forms.desk.cases.log.case_log import Entry
from forms.desk.cases.log.verification import Verifier
from forms.desk.cases.search import similar_cases
from forms.desk.crypto.copies import read_any_mark
from forms.desk.services.keys.desk_keys import DeskKeys
from forms.desk.services.keys.own_keys import OwnKeys
from forms.desk.services.place import DeskPlace
from forms.desk.services.portal_copy import PortalCopy
from forms.desk.sync.local_store import LocalStore


class CaseList:
    """All cases, decrypted in memory. Call `invalidate` after a change of letters, entries or trusted keys."""

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
        self._similar: Mapping[str, tuple[str, ...]] | None = None
        self._similar_basis: frozenset[tuple[str, bool]] = frozenset()

    # The decrypted data in memory

    @property
    def index(self) -> Index:
        """The decrypted letters and entries. Raises Problem if the desk is locked."""
        if self._index is None:
            raise Problem("desk", "is locked.", "Type the passphrase.")
        return self._index

    def refresh_index(self) -> Index:
        """Bring the index up to date with the files, and return it. Raises Problem if the desk is locked."""
        self.index.refresh()
        return self.index

    def invalidate(self) -> None:
        """Let the cases be computed again when they are next needed."""
        self._cases = None

    def reopen(self) -> None:
        """Decrypt all letters again, after this machine's keys have changed."""
        self._index = Index(self._store, self._own.identities)
        self._cases = self._similar = None

    def close(self) -> None:
        """Drop everything decrypted, when the desk is locked."""
        self._index = self._cases = self._similar = None

    # Cases

    def all(self) -> tuple[Case, ...]:
        """Return all cases, newest first, without those that are about to be erased."""
        with self._busy:
            if self._cases is None:
                self._cases = visible_cases(self._build(), self._requests.all())
            return self._cases

    def _build(self) -> list[Case]:
        index = self.refresh_index()
        days = self._portal.current.days_kept("answer_days")
        verifier = self.verifier
        proven, unproven = verifier.split(index.entries())
        return build_cases(index.letters(), proven, days, unproven, verifier.provenance)

    def case(self, case_id: str) -> Case:
        """Return one case. Raises Problem if there is none with this id."""
        if last_day := self.awaiting_erasure().get(case_id):
            what = lazy_gettext(
                "The person asked that it be erased. It goes for good on %(last_day)s.", last_day=last_day
            )
            raise Problem(case_id, what, "Nothing needs to be done.")
        case = next((case for case in self.all() if case.id == case_id), None)
        if case is None:
            raise Problem(case_id, "There is no such case here.", "It may be erased, or not fetched yet.")
        return case

    def similar_cases(self) -> Mapping[str, tuple[str, ...]]:
        """Return the ids of similar cases, by case."""
        with self._busy:
            cases = self.all()
            letters = frozenset((case.id, case.first is not None) for case in cases)
            if self._similar is None or letters != self._similar_basis:  # entries do not change first letters
                self._similar, self._similar_basis = similar_cases(cases), letters
            return self._similar

    # Requests to erase

    def awaiting_erasure(self) -> dict[str, date]:
        """Return the ids of cases with a proven request, and the day on which each will be erased."""
        days = self._portal.current.erased_days
        return {id: request.last_day(days) for id, request in self._requests.all().items() if request.proven}

    def unproven_requests(self) -> frozenset[str]:
        """Return the ids of letters with a request to erase that is not proven by the receipt."""
        return frozenset(id for id, request in self._requests.all().items() if not request.proven)

    def unproven_request(self, case_id: str) -> ErasureRequest | None:
        """Return the request to erase this case that is not proven by its receipt, or None."""
        request = self._requests.of(case_id)
        return request if request and not request.proven else None

    # Unreadable and unproven items

    def unreadable(self) -> tuple[str, ...]:
        """Return the ids of letters and entries that cannot be decrypted with this machine's keys."""
        self.all()
        return self.index.unreadable()

    @property
    def verifier(self) -> Verifier:
        """The verifier of signatures on this machine. Raises Problem."""
        keys = self._keys
        return Verifier(keys.pinned, self._place.desk, keys.member, frozenset(self._own.signing_keys))

    def unproven(self) -> tuple[Entry, ...]:
        """Return entries whose writer is not proven; they change nothing. Raises Problem."""
        return tuple(entry for case in self.all() for entry in case.unproven)

    def unproven_copies(self) -> tuple[str, ...]:
        """Return the ids of letters and parts that are copies without a valid signature. Raises Problem."""
        copies = [id for case in self.all() for id, provenance in case.provenance.items() if not provenance.is_proven]
        return (*copies, *(id for case in self.all() if case.provenance for id in self.unproven_parts(case)))

    def unproven_parts(self, case: Case) -> frozenset[str]:
        """Return the ids of photos and recordings that are copies without a valid signature. Raises Problem."""
        parts = (*(part for _, part in case.parts), *case.answer_recordings)
        return frozenset(part.id for part in parts if self._is_unproven_part(case.id, part.id))

    def _is_unproven_part(self, thread: str, id: str) -> bool:
        if not self._store.has("parts", id) or self._keys.pinned.is_accepted(id):
            return False
        sealed = self._store.read("parts", id)
        return part_id(sealed) != id and not self.is_proven_copy(thread, id, sealed)

    def is_proven_copy(self, letter: str, item: str, sealed: bytes) -> bool:
        """Return whether a copy has a valid signature by a key that this machine knows."""
        try:
            return self.verifier.is_mark_proven(read_any_mark(self._own.open(sealed)), letter, item)
        except Problem:
            return False
