"""Which entries and copies this machine accepts: those signed by a pinned key.

What was on this machine before entries had to be signed goes on counting. Whatever else is not signed by the person in
whose name it stands is shown as not proven and changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from forms.core.crypto.signing import is_signed_by_any
from forms.desk.cases.log.case_log import Entry, statement_of
from forms.desk.crypto.copies import CopyMark, Provenance
from forms.desk.crypto.decryption import Letter
from forms.desk.crypto.pinned_keys import PinnedKeys


@dataclass(frozen=True)
class Verifier:
    """Checks for one machine. member: whose it is; own: the signing keys of this machine."""

    pinned: PinnedKeys
    desk: str
    member: str
    own: frozenset[str]

    def _keys(self, desk: str, who: str) -> frozenset[str]:
        own = self.own if (desk, who) == (self.desk, self.member) else frozenset()
        return self.pinned.signing_keys(desk, who) | own

    def split(self, entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
        """Return the entries that count, and those that are not proven."""
        proven: list[Entry] = []
        unproven: list[Entry] = []
        for entry in entries:
            (proven if self.is_proven(entry) else unproven).append(entry)
        return proven, unproven

    def is_proven(self, entry: Entry) -> bool:
        """Return whether an entry is by the person in whose name it stands, or was here before that had to be proved.

        A person for whom no signing key is published is believed without one, as before there were signatures.
        """
        if self.pinned.is_accepted(entry.id):
            return True
        keys = self._keys(self.desk, entry.member)
        if is_signed_by_any(statement_of(entry, self.desk), entry.signature, keys):
            return True
        if entry.copy is not None and self._is_copy_proven(entry.copy, entry.thread, entry.id, [self.desk]):
            return True  # a colleague vouches for it
        return not self.pinned.signing_keys(self.desk, entry.member) and self.pinned.knows(self.desk, entry.member)

    def _is_copy_proven(self, mark: CopyMark, letter: str, item: str, desks: Iterable[str] | None = None) -> bool:
        for_us = mark.reader in {self.desk, self.member}
        from_them = desks is None or mark.desk in desks
        return for_us and from_them and mark.is_signed_by_any(letter, item, self._keys(mark.desk, mark.by))

    def provenance(self, letter: Letter) -> Provenance | None:
        """Return where a copy came from; None for an original. That it is a copy, the server or the letter says."""
        mark = letter.copy
        if mark is not None and self._is_copy_proven(mark, letter.thread, letter.id):
            return Provenance(mark.by, mark.day, is_proven=True)
        is_from_elsewhere = bool(letter.desks) and self.desk not in letter.desks
        if self.pinned.is_accepted(letter.id) or not (mark or letter.copied_by or is_from_elsewhere):
            return None
        return Provenance(mark.by if mark else letter.copied_by, mark.day if mark else "", is_proven=False)

    def is_mark_proven(self, mark: CopyMark | None, letter: str, item: str) -> bool:
        """Return whether a copy of this item of this letter was made for this machine by whom it names."""
        return mark is not None and self._is_copy_proven(mark, letter, item)
