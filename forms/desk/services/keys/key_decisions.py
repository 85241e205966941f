"""Decisions of staff about keys: which ones this machine trusts, and when it changes its own."""

from dataclasses import dataclass
from threading import RLock

from forms.desk.crypto import keys as key_files
from forms.desk.crypto.decryption import Letter
from forms.desk.services.case_list import CaseList
from forms.desk.services.keys.desk_keys import DeskKeys
from forms.desk.services.keys.own_keys import OwnKeys
from forms.desk.services.place import DeskPlace
from forms.desk.services.portal_copy import PortalCopy


@dataclass(frozen=True)
class KeyDecisions:
    """Carries out the decisions of the person at this machine."""

    place: DeskPlace
    own: OwnKeys
    portal: PortalCopy
    keys: DeskKeys
    cases: CaseList
    busy: RLock

    def trust(self, who: str = "", *, stolen: bool = False) -> int:
        """Accept the invalidate keys of a person or desk (all if empty), after comparing fingerprints; return how many.

        stolen: reject what arrives signed by the old key; what is on this machine remains valid. Raises Problem.
        """
        with self.busy:
            pinned = self.keys.reload()
            count = pinned.confirm(self.portal.current.desks, who, self._proven_ids(), stolen=stolen)
            if not who:
                pinned.mark_compared()
            self.cases.invalidate()
            return count

    def _proven_ids(self) -> list[str]:
        """Return the ids of entries and copies that are proven now: they remain valid after a change of keys."""
        verifier, index = self.cases.verifier, self.cases.refresh_index()
        letters = (letter for _, _, letter in index.letters() if isinstance(letter, Letter) and letter.copy)
        provenances = ((letter.id, verifier.provenance(letter)) for letter in letters)
        copies = [id for id, provenance in provenances if provenance and provenance.is_proven]
        return [*copies, *(entry.id for entry in verifier.split(index.entries())[0])]

    def refuse(self, who: str) -> int:
        """Refuse the changed keys of a person or desk; return how many changes. Raises Problem."""
        with self.busy:
            return self.keys.reload().refuse(self.portal.current.desks, who)

    def accept_unsigned(self) -> int:
        """Let unproven entries and copies here count, as after a restore; return how many. Raises Problem."""
        with self.busy:
            pinned = self.keys.reload()
            ids = [*(entry.id for entry in self.cases.unproven()), *self.cases.unproven_copies()]
            pinned.accept(ids)
            self.cases.invalidate()
            return len(ids)

    def change_key(self, passphrase: str | None) -> key_files.PublicKeys:
        """Make a new key and token for this machine; see `keys.rotate`. Raises Problem."""
        with self.busy:
            public = key_files.rotate(self.place.folder, passphrase)
            self._reload_keys(passphrase)
            return public

    def forget_old_keys(self, passphrase: str | None) -> int:
        """Delete all keys of this machine but the present one; return how many. Raises Problem.

        Whatever only they decrypt becomes unreadable, in memory too: see key_retirement.py for what that is.
        """
        with self.busy:
            count = key_files.forget_old_keys(self.place.folder, passphrase)
            self._reload_keys(passphrase)
            return count

    def _reload_keys(self, passphrase: str | None) -> None:
        self.own.reload(passphrase)
        self.cases.reopen()
