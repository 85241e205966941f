"""Several letter boxes as one, for the desks: concerns and requests lie apart, and are fetched alike.

A letter is in one box only; the other answers that it has no such letter.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from forms.server.services.mailbox import Office
from forms.server.store.concern_store import Access, Copy, Entry, Waiting


class LetterBoxes:
    """What the pickup API asks of a letter box, asked of both. Raises NotKept."""

    def __init__(self, office: Office) -> None:
        self._boxes = (office.concerns, office.requests)

    def waiting(self, desk: str, member: str, *, everything: bool = False) -> list[Waiting]:
        """Return letters that this member can fetch: first tray first, then oldest day."""
        found = [item for box in self._boxes for item in box.waiting(desk, member, everything=everything)]
        return sorted(found, key=lambda item: (item.tray, item.day, item.id))

    def sealed(self, letter_id: str, desk: str, member: str) -> bytes | None:
        """The sealed letter, or None where it is not this desk's or gone."""
        return next((found for box in self._boxes if (found := box.sealed(letter_id, desk, member))), None)

    def part(self, part_id: str, desk: str, member: str) -> bytes | None:
        """A sealed part, likewise."""
        return next((found for box in self._boxes if (found := box.part(part_id, desk, member))), None)

    def entry(self, entry_id: str, desk: str) -> bytes | None:
        """Return an encrypted entry of this desk's log, or None."""
        return next((found for box in self._boxes if (found := box.entry(entry_id, desk))), None)

    def copies(self, letter_id: str, desk: str, member: str) -> list[Copy]:
        """Return the copies that were made for this member or its whole desk."""
        return [copy for box in self._boxes for copy in box.copies(letter_id, desk, member)]

    def copied(self, item: str, digest: str, desk: str, member: str) -> bytes | None:
        """Return one of these copies, or None."""
        return next((found for box in self._boxes if (found := box.copied(item, digest, desk, member))), None)

    def take(
        self,
        letter_id: str,
        desk: str,
        member: str,
        members: Mapping[str, Sequence[str]],
        recoverable: Collection[str],
    ) -> bool:
        """Record that the member has the letter. False where it is not this desk's; so with all that follow."""
        return any(box.take(letter_id, desk, member, members, recoverable) for box in self._boxes)

    def drop(self, thread: str, desk: str) -> bool:
        """Erase a desk's share of a letter and what follows it."""
        return any(box.drop(thread, desk) for box in self._boxes)

    def answer(self, answer_id: str, letter_id: str, desk: str, day: date, sealed: bytes) -> bool:
        """Keep what a desk sealed for the person, once."""
        return any(box.answer(answer_id, letter_id, desk, day, sealed) for box in self._boxes)

    def enter(self, entry: Entry, desk: str, sealed: bytes) -> bool:
        """Keep an entry of a desk's case log, once."""
        return any(box.enter(entry, desk, sealed) for box in self._boxes)

    def entries(self, desk: str, since: date) -> list[Entry]:
        """The entries of a desk's case log of this day or later."""
        found = [item for box in self._boxes for item in box.entries(desk, since)]
        return sorted(found, key=lambda item: (item.day, item.id))

    def copy(self, item: str, letter_id: str, maker: str, reader: str, sealed: bytes) -> bool:
        """Keep a copy that a member made for a reader. Raises CopyRefused."""
        return any(box.copy(item, letter_id, maker, reader, sealed) for box in self._boxes)

    def note_access(self, access_id: str, desk: str, access: Access) -> None:
        """Write down what a member did, where the letter lies (of one just erased: with the concerns)."""
        box = next((box for box in self._boxes if box.has(access.letter)), self._boxes[0])
        box.note_access(access_id, desk, access)

    def accesses(self, desk: str) -> list[Access]:
        """What the members of a desk did, oldest first."""
        return sorted((one for box in self._boxes for one in box.accesses(desk)), key=lambda one: one.at)
