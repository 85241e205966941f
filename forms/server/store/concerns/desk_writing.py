"""What desks bring: answers, their voices, entries of the case log, and copies for other readers."""

import hashlib
from datetime import date

import sqlalchemy as sa

from forms.core.crypto.encryption import require_encrypted
from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns import queries
from forms.server.store.concerns.letters import (
    MOST_ANSWERS,
    MOST_COPIES,
    MOST_ENTRIES,
    MOST_VOICES,
    EntryRow,
    WriteRefused,
)
from forms.server.store.repeating import repeated_even_if_done
from forms.server.store.store_part import StorePart


class DeskWriting(StorePart):
    """Writes of desks, each limited in number, and refused where the letter is not theirs."""

    @repeated_even_if_done
    def answer(self, answer_id: str, letter_id: str, desk: str, day: date, sealed: bytes) -> bool:
        """Keep what a desk sealed for the person, once. False where the letter is not this desk's.

        Raises WriteRefused where there are enough answers of this desk.
        """
        row_id = queries.answer_row(desk, letter_id, answer_id)
        row = {"id": row_id, "letter": letter_id, "desk": desk, "day": day, "sealed": require_encrypted(sealed)}
        with self._store.writing() as connection:
            if not queries.is_for(connection, letter_id, desk):
                return False
            mine = set(connection.execute(sa.select(t.answers.c.id).filter_by(letter=letter_id, desk=desk)).scalars())
            if not mine.isdisjoint({row_id, answer_id}):  # an older version kept it under the desk's own id
                return True
            if len(mine) >= MOST_ANSWERS:
                raise WriteRefused("store", "There are enough answers of this desk.", "Erase the case.")
            connection.execute(self._store.insert(t.answers).values(row).on_conflict_do_nothing())
        return True

    @repeated_even_if_done
    def keep_voice(self, voice_id: str, letter_id: str, desk: str, day: date, sealed: bytes) -> bool:
        """Keep the voice of an answer, once. False where the letter is not this desk's. Raises WriteRefused."""
        row = {"id": voice_id, "letter": letter_id, "desk": desk, "day": day, "sealed": require_encrypted(sealed)}
        mine = sa.select(t.voices.c.id).filter_by(letter=letter_id, desk=desk)
        with self._store.writing() as connection:
            if not queries.is_for(connection, letter_id, desk):
                return False
            there = set(connection.execute(mine).scalars())
            if voice_id not in there and len(there) >= MOST_VOICES:
                raise WriteRefused("store", f"There are {MOST_VOICES} voices at this letter.", "Answer in writing.")
            connection.execute(self._store.insert(t.voices).values(row).on_conflict_do_nothing())
        return True

    @repeated_even_if_done
    def enter(self, entry: EntryRow, desk: str, sealed: bytes) -> bool:
        """Keep an entry of a desk's case log, once. False where the letter is not this desk's.

        Raises WriteRefused where there are enough entries.
        """
        row = {
            "id": entry.id,
            "letter": entry.letter,
            "desk": desk,
            "day": entry.day,
            "sealed": require_encrypted(sealed),
        }
        with self._store.writing() as connection:
            if not queries.is_for(connection, entry.letter, desk):
                return False
            mine = sa.select(sa.func.count()).select_from(t.entries).filter_by(letter=entry.letter, desk=desk)
            if (connection.execute(mine).scalar() or 0) >= MOST_ENTRIES:
                raise WriteRefused("store", "There are enough entries in the log of this case.", "Erase the case.")
            connection.execute(self._store.insert(t.entries).values(row).on_conflict_do_nothing())
        return True

    @repeated_even_if_done
    def copy(self, item: str, letter_id: str, maker: str, reader: str, sealed: bytes) -> bool:
        """Keep a copy of a letter, part or entry that a member encrypted anew for a reader (a member or a whole desk).

        A copy never stands before an original, and none replaces another. A desk to which a letter is handed over
        becomes one of its desks. False where the letter is not the maker's, or the item not the letter's. Raises
        WriteRefused where the reader's desk has the original, was left out by the person, or has enough copies.
        """
        desk, to_desk, digest = (
            queries.desk_of(maker),
            queries.desk_of(reader),
            hashlib.sha256(require_encrypted(sealed)).hexdigest(),
        )
        row = {"item": item, "letter": letter_id, "reader": reader, "digest": digest, "maker": maker, "sealed": sealed}
        with self._store.writing() as connection:
            if not (queries.is_for(connection, letter_id, desk) and queries.is_of(connection, item, letter_id, desk)):
                return False
            if to_desk != desk:
                _require_added_reader(connection, letter_id, to_desk)
                to = {"letter": letter_id, "desk": to_desk, "maker": maker}
                connection.execute(self._store.insert(t.recipients).values(to).on_conflict_do_nothing())
            same = sa.select(t.shared_copies.c.digest, t.shared_copies.c.maker).filter_by(item=item, reader=reader)
            found = connection.execute(same).all()
            there, own = {row.digest for row in found}, [row for row in found if row.maker == maker]
            if digest not in there and len(own) >= MOST_COPIES:  # of this maker: nobody uses up another's
                raise WriteRefused("store", "There are enough copies for this reader.", "Erase the case, or wait.")
            connection.execute(self._store.insert(t.shared_copies).values(row).on_conflict_do_nothing())
            if item == letter_id and digest not in there:
                connection.execute(t.taken.delete().filter_by(letter=letter_id, member=reader))
        return True


def _require_added_reader(connection: sa.Connection, letter_id: str, desk: str) -> None:
    """Raise WriteRefused where this desk was a recipient from the start, or was left out by the person.

    Whom the person left out stands with the first letter, and holds for all that was added to it.
    """
    threads = sa.select(t.letters.c.thread).filter_by(id=letter_id)
    of_all = sa.or_(t.left_out.c.letter == letter_id, t.left_out.c.letter.in_(threads))
    out = sa.select(t.left_out.c.desk).where(of_all, t.left_out.c.desk == desk)
    if connection.execute(out).first():
        raise WriteRefused("store", "The person left this desk out.", "Respect it.")
    first = sa.select(t.recipients.c.desk).filter_by(letter=letter_id, desk=desk).where(t.recipients.c.maker.is_(None))
    if connection.execute(first).first():
        raise WriteRefused("store", "This desk has the original.", "It needs no copy.")
