"""All mailboxes as one, for the desks: concerns and requests are stored apart, and fetched in the same way.

A letter is in one mailbox only; the other has no letter with its id.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from forms.server.services.services import Services
from forms.server.store.concerns.letters import Access, Copy, EntryRow, WaitingLetter


class CombinedMailbox:
    """The mailbox that the API of desks uses, made of all. Each method raises NotKept."""

    def __init__(self, services: Services) -> None:
        stores = tuple(mailbox.store for mailbox in services.mailboxes)
        self._inboxes = tuple(store.inbox for store in stores)
        self._writings = tuple(store.desk_writing for store in stores)
        self._erasings = tuple(store.erasing for store in stores)
        self._logs = tuple((store.intake, store.access_log) for store in stores)

    def waiting(self, desk: str, member: str, *, everything: bool = False) -> list[WaitingLetter]:
        """Return the letters that this member can fetch, those of the priority queue first, then by day."""
        letters = [letter for inbox in self._inboxes for letter in inbox.waiting(desk, member, everything=everything)]
        return sorted(letters, key=lambda letter: (letter.tray, letter.day, letter.id))

    def sealed_letter(self, letter_id: str, desk: str, member: str) -> bytes | None:
        """Return the encrypted letter, or None if this desk may not read it or it is erased."""
        return next(
            (sealed for inbox in self._inboxes if (sealed := inbox.sealed_letter(letter_id, desk, member))), None
        )

    def sealed_part(self, part_id: str, desk: str, member: str) -> bytes | None:
        """Return an encrypted attachment, or None if this desk may not read it."""
        return next((sealed for inbox in self._inboxes if (sealed := inbox.sealed_part(part_id, desk, member))), None)

    def sealed_entry(self, entry_id: str, desk: str) -> bytes | None:
        """Return an encrypted entry of this desk's log, or None."""
        return next((sealed for inbox in self._inboxes if (sealed := inbox.sealed_entry(entry_id, desk))), None)

    def copies(self, letter_id: str, desk: str, member: str) -> list[Copy]:
        """Return the copies that were made for this member or its whole desk."""
        return [copy for inbox in self._inboxes for copy in inbox.copies(letter_id, desk, member)]

    def sealed_copy(self, item: str, digest: str, desk: str, member: str) -> bytes | None:
        """Return the copy with this digest, or None."""
        return next(
            (sealed for inbox in self._inboxes if (sealed := inbox.sealed_copy(item, digest, desk, member))), None
        )

    def acknowledge(
        self,
        letter_id: str,
        desk: str,
        member: str,
        members: Mapping[str, Sequence[str]],
        recoverable: Collection[str],
    ) -> bool:
        """Record that the member has the letter. Return False if it is not this desk's, as the methods below do."""
        return any(inbox.acknowledge(letter_id, desk, member, members, recoverable) for inbox in self._inboxes)

    def erase_share(self, thread: str, desk: str) -> bool:
        """Erase a desk's share of a letter and of what follows it."""
        return any(erasing.erase_share(thread, desk) for erasing in self._erasings)

    def add_answer(self, answer_id: str, letter_id: str, desk: str, day: date, sealed: bytes) -> bool:
        """Keep an answer that a desk encrypted for the person, once."""
        return any(writing.add_answer(answer_id, letter_id, desk, day, sealed) for writing in self._writings)

    def add_voice(self, voice_id: str, letter_id: str, desk: str, day: date, sealed: bytes) -> bool:
        """Keep the voice of an answer, once. Raises WriteRefused."""
        return any(writing.add_voice(voice_id, letter_id, desk, day, sealed) for writing in self._writings)

    def add_entry(self, entry: EntryRow, desk: str, sealed: bytes) -> bool:
        """Keep an entry of a desk's case log, once."""
        return any(writing.add_entry(entry, desk, sealed) for writing in self._writings)

    def entries(self, desk: str, since: date) -> list[EntryRow]:
        """Return the entries of a desk's case log of this day or later."""
        entries = [entry for inbox in self._inboxes for entry in inbox.entries(desk, since)]
        return sorted(entries, key=lambda entry: (entry.day, entry.id))

    def add_copy(self, item: str, letter_id: str, maker: str, reader: str, sealed: bytes) -> bool:
        """Keep a copy that a member made for a reader. Raises WriteRefused."""
        return any(writing.add_copy(item, letter_id, maker, reader, sealed) for writing in self._writings)

    def note_access(self, access_id: str, desk: str, access: Access) -> None:
        """Record what a member did, in the mailbox of the letter; for one that was just erased, among the concerns."""
        log = next((log for intake, log in self._logs if intake.has(access.letter)), self._logs[0][1])
        log.note_access(access_id, desk, access)

    def accesses(self, desk: str) -> list[Access]:
        """Return what the members of a desk did, oldest first."""
        accesses = (access for _intake, log in self._logs for access in log.accesses(desk))
        return sorted(accesses, key=lambda access: access.at)
