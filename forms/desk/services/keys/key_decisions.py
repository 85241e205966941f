"""What a person decides about keys: which ones this machine trusts, and when it takes a new one."""

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
    """The decisions of whoever sits at this machine."""

    place: DeskPlace
    own: OwnKeys
    portal: PortalCopy
    keys: DeskKeys
    cases: CaseList
    busy: RLock

    def trust(self, who: str = "", *, stolen: bool = False) -> int:
        """A person has compared fingerprints: take over the changes of a person or desk (all if empty); how many.

        stolen: what comes signed by the old key counts no more; what is here already does. Raises Problem.
        """
        with self.busy:
            pinned = self.keys.read_again()
            count = pinned.confirm(self.portal.current.desks, who, self._proven_ids(), stolen=stolen)
            if not who:
                pinned.mark_compared()
            self.cases.changed()
            return count

    def _proven_ids(self) -> list[str]:
        """Return the ids of entries and copies here that count now: they go on counting after a change of keys."""
        verifier, index = self.cases.verifier, self.cases.fresh_index()
        letters = (letter for _, _, letter in index.letters() if isinstance(letter, Letter) and letter.copy)
        found = ((letter.id, verifier.provenance(letter)) for letter in letters)
        copies = [id for id, provenance in found if provenance and provenance.is_proven]
        return [*copies, *(entry.id for entry in verifier.split(index.entries())[0])]

    def refuse(self, who: str) -> int:
        """Keep the keys that this machine knows for a person or desk; how many changes are refused. Raises Problem."""
        with self.busy:
            return self.keys.read_again().refuse(self.portal.current.desks, who)

    def accept_unsigned(self) -> int:
        """Let entries and copies count that are here and not proven, as after a restore; how many. Raises Problem."""
        with self.busy:
            pinned = self.keys.read_again()
            ids = [*(entry.id for entry in self.cases.unproven()), *self.cases.unproven_copies()]
            pinned.accept(ids)
            self.cases.changed()
            return len(ids)

    def change_key(self, passphrase: str | None) -> key_files.Public:
        """Take a new key and token; see `keys.rotate`. Raises Problem."""
        with self.busy:
            public = key_files.rotate(self.place.folder, passphrase)
            self._read_keys_again(passphrase)
            return public

    def forget_old_keys(self, passphrase: str | None) -> int:
        """Forget all keys of this machine but the present one; how many. Raises Problem.

        What they alone open is shut for good, in memory too: ask key_retirement.py first what that is.
        """
        with self.busy:
            count = key_files.forget_old(self.place.folder, passphrase)
            self._read_keys_again(passphrase)
            return count

    def _read_keys_again(self, passphrase: str | None) -> None:
        self.own.read_again(passphrase)
        self.cases.reopen()
