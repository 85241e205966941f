"""Verify the signatures of entries and copies: this machine accepts what a pinned key has signed.

Entries that were on this machine before signatures were required remain valid. Any other entry without the signature
of the person whose name it bears is shown as not proven and changes nothing.
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
    """Verifies signatures for one machine. member: the person who uses it; own: its signing keys."""

    pinned: PinnedKeys
    desk: str
    member: str
    own: frozenset[str]

    def _keys(self, desk: str, member: str) -> frozenset[str]:
        own = self.own if (desk, member) == (self.desk, self.member) else frozenset()
        return self.pinned.signing_keys(desk, member) | own

    def split(self, entries: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
        """Return the proven entries, and those that are not proven."""
        proven: list[Entry] = []
        unproven: list[Entry] = []
        for entry in entries:
            (proven if self.is_proven(entry) else unproven).append(entry)
        return proven, unproven

    def is_proven(self, entry: Entry) -> bool:
        """Return whether an entry was written by the person it names, or is older than signatures on this machine.

        The entries of a person for whom no signing key is published count without a signature.
        """
        if self.pinned.is_accepted(entry.id):
            return True
        keys = self._keys(self.desk, entry.member)
        if is_signed_by_any(statement_of(entry, self.desk), entry.signature, keys):
            return True
        if entry.copy is not None and self._is_copy_proven(entry.copy, entry.thread, entry.id, [self.desk]):
            return True  # a colleague vouches for it
        return not self.pinned.signing_keys(self.desk, entry.member) and self.pinned.has_member(self.desk, entry.member)

    def _is_copy_proven(self, mark: CopyMark, letter: str, item: str, desks: Iterable[str] | None = None) -> bool:
        is_for_this_machine = mark.reader in {self.desk, self.member}
        is_from_desks = desks is None or mark.desk in desks
        return (
            is_for_this_machine
            and is_from_desks
            and mark.is_signed_by_any(letter, item, self._keys(mark.desk, mark.by))
        )

    def provenance(self, letter: Letter) -> Provenance | None:
        """Return where a copy came from; None for an original. The server or the letter says that it is a copy."""
        mark = letter.copy
        if mark is not None and self._is_copy_proven(mark, letter.thread, letter.id):
            return Provenance(mark.by, mark.day, is_proven=True)
        is_from_elsewhere = bool(letter.desks) and self.desk not in letter.desks
        if self.pinned.is_accepted(letter.id) or not (mark or letter.copied_by or is_from_elsewhere):
            return None
        return Provenance(mark.by if mark else letter.copied_by, mark.day if mark else "", is_proven=False)

    def is_mark_proven(self, mark: CopyMark | None, letter: str, item: str) -> bool:
        """Return whether the person named in the mark copied this item of this letter for this machine."""
        return mark is not None and self._is_copy_proven(mark, letter, item)
