"""Keep what desks send: answers, their voices, entries of the case log, and copies for other readers."""

import hashlib
from datetime import date

import sqlalchemy as sa

from forms.core.crypto.encryption import require_encrypted
from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns import queries
from forms.server.store.concerns.letters import (
    MAX_ANSWERS,
    MAX_COPIES,
    MAX_ENTRIES,
    MAX_VOICES,
    EntryRow,
    WriteRefused,
)
from forms.server.store.retries import retry_idempotent
from forms.server.store.store_part import StorePart


class DeskWriting(StorePart):
    """Writes for desks. The number of rows is limited, and only a desk that may read a letter can add to it."""

    @retry_idempotent
    def add_answer(self, answer_id: str, letter_id: str, desk: str, day: date, sealed: bytes) -> bool:
        """Keep an answer that a desk encrypted for the person, once. Return False if the letter is not this desk's.

        Raises WriteRefused if the desk has MAX_ANSWERS answers to this letter.
        """
        row_id = queries.answer_row_id(desk, letter_id, answer_id)
        row = {"id": row_id, "letter": letter_id, "desk": desk, "day": day, "sealed": require_encrypted(sealed)}
        query = sa.select(t.answers.c.id).filter_by(letter=letter_id, desk=desk)
        with self._store.writing() as connection:
            if not queries.is_recipient(connection, letter_id, desk):
                return False
            existing = set(connection.execute(query).scalars())
            if not existing.isdisjoint({row_id, answer_id}):  # an older version kept it under the desk's own id
                return True
            if len(existing) >= MAX_ANSWERS:
                raise WriteRefused("store", "There are enough answers of this desk.", "Erase the case.")
            connection.execute(self._store.insert(t.answers).values(row).on_conflict_do_nothing())
        return True

    @retry_idempotent
    def add_voice(self, voice_id: str, letter_id: str, desk: str, day: date, sealed: bytes) -> bool:
        """Keep the voice of an answer, once. Return False if the letter is not this desk's.

        Raises WriteRefused if the desk has MAX_VOICES voices at this letter.
        """
        row = {"id": voice_id, "letter": letter_id, "desk": desk, "day": day, "sealed": require_encrypted(sealed)}
        query = sa.select(t.voices.c.id).filter_by(letter=letter_id, desk=desk)
        with self._store.writing() as connection:
            if not queries.is_recipient(connection, letter_id, desk):
                return False
            existing = set(connection.execute(query).scalars())
            if voice_id not in existing and len(existing) >= MAX_VOICES:
                raise WriteRefused("store", f"There are {MAX_VOICES} voices at this letter.", "Answer in writing.")
            connection.execute(self._store.insert(t.voices).values(row).on_conflict_do_nothing())
        return True

    @retry_idempotent
    def add_entry(self, entry: EntryRow, desk: str, sealed: bytes) -> bool:
        """Keep an entry of a desk's case log, once. Return False if the letter is not this desk's.

        Raises WriteRefused if the desk has MAX_ENTRIES entries about this letter.
        """
        row = {
            "id": entry.id,
            "letter": entry.letter,
            "desk": desk,
            "day": entry.day,
            "sealed": require_encrypted(sealed),
        }
        with self._store.writing() as connection:
            if not queries.is_recipient(connection, entry.letter, desk):
                return False
            count = sa.select(sa.func.count()).select_from(t.entries).filter_by(letter=entry.letter, desk=desk)
            if (connection.execute(count).scalar() or 0) >= MAX_ENTRIES:
                raise WriteRefused("store", "There are enough entries in the log of this case.", "Erase the case.")
            connection.execute(self._store.insert(t.entries).values(row).on_conflict_do_nothing())
        return True

    @retry_idempotent
    def add_copy(self, item: str, letter_id: str, maker: str, reader: str, sealed: bytes) -> bool:
        """Keep a copy of a letter, part or entry that a member encrypted for a reader (a member or a whole desk).

        A copy replaces neither an original nor another copy. A desk to which a letter is handed over becomes one of its
        recipients. Return False if the letter is not the maker's, or the item does not belong to the letter. Raises
        WriteRefused if the reader's desk has the original, was left out by the person, or has MAX_COPIES copies.
        """
        desk, reader_desk = queries.desk_of(maker), queries.desk_of(reader)
        digest = hashlib.sha256(require_encrypted(sealed)).hexdigest()
        row = {"item": item, "letter": letter_id, "reader": reader, "digest": digest, "maker": maker, "sealed": sealed}
        with self._store.writing() as connection:
            if not queries.is_recipient(connection, letter_id, desk):
                return False
            if not queries.belongs_to_letter(connection, item, letter_id, desk):
                return False
            if reader_desk != desk:
                _require_added_reader(connection, letter_id, reader_desk)
                recipient = {"letter": letter_id, "desk": reader_desk, "maker": maker}
                connection.execute(self._store.insert(t.recipients).values(recipient).on_conflict_do_nothing())
            query = sa.select(t.shared_copies.c.digest, t.shared_copies.c.maker).filter_by(item=item, reader=reader)
            copies = connection.execute(query).all()
            is_new = digest not in {copy.digest for copy in copies}
            # Counted for each maker, so that no member can use up the copies of another.
            if is_new and sum(copy.maker == maker for copy in copies) >= MAX_COPIES:
                raise WriteRefused("store", "There are enough copies for this reader.", "Erase the case, or wait.")
            connection.execute(self._store.insert(t.shared_copies).values(row).on_conflict_do_nothing())
            if item == letter_id and is_new:
                connection.execute(t.taken.delete().filter_by(letter=letter_id, member=reader))
        return True


def _require_added_reader(connection: sa.Connection, letter_id: str, desk: str) -> None:
    """Raise WriteRefused if this desk was a recipient from the start, or was left out by the person.

    A desk that is left out of the first letter is left out of all that is added to it.
    """
    first_letter = sa.select(t.letters.c.thread).filter_by(id=letter_id)
    of_thread = sa.or_(t.left_out.c.letter == letter_id, t.left_out.c.letter.in_(first_letter))
    left_out = sa.select(t.left_out.c.desk).where(of_thread, t.left_out.c.desk == desk)
    if connection.execute(left_out).first():
        raise WriteRefused("store", "The person left this desk out.", "Respect it.")
    original = sa.select(t.recipients.c.desk).filter_by(letter=letter_id, desk=desk)
    if connection.execute(original.where(t.recipients.c.maker.is_(None))).first():
        raise WriteRefused("store", "This desk has the original.", "It needs no copy.")
