"""Erase letters by their age, and delete the texts of letters that all their readers have."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import sqlalchemy as sa

from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns import queries
from forms.server.store.retries import retry, retry_idempotent
from forms.server.store.store_part import StorePart

_HAS_ROWS = sa.select(
    sa.or_(*(sa.exists(sa.select(sa.literal(1)).select_from(table)) for table in t.METADATA.sorted_tables))
)


class LetterRetention(StorePart):
    """Erases letters by their age, as portal.yml says."""

    @retry
    def is_empty(self) -> bool:
        """Return whether there are no rows at all, and so nothing to erase. Raises NotKept."""
        with self._store.reading() as connection:
            return not connection.execute(_HAS_ROWS).scalar()

    @retry_idempotent
    def delete_taken_texts(self, members: Mapping[str, Sequence[str]], recoverable: Collection[str] = ()) -> None:
        """Delete the texts that all current members have: those who had not fetched them may be members no longer.

        members, recoverable: as in DeskInbox.acknowledge.
        """
        with self._store.writing() as connection:
            query = sa.select(t.taken.c.letter).distinct().join(t.letters).where(t.letters.c.sealed != b"")
            letter_ids = connection.execute(query).scalars().all()
            released = [id for id in letter_ids if release_if_taken(connection, id, members, recoverable)]
        if released:
            self._store.forget_traces()

    @retry_idempotent
    def erase(self, before: date) -> int:
        """Erase the letters of days before this one that all their desks have taken, with what follows them.

        A letter stays while a desk works on its case. Return how many letters were erased.
        """
        taken_by_desk = sa.and_(
            t.taken.c.letter == t.recipients.c.letter,
            sa.or_(t.taken.c.member == t.recipients.c.desk, t.taken.c.member.startswith(t.recipients.c.desk + "/")),
        )
        untaken = sa.select(t.recipients.c.letter).outerjoin(t.taken, taken_by_desk).where(t.taken.c.letter.is_(None))
        kept = sa.select(t.letters.c.thread).where(sa.or_(t.letters.c.day >= before, t.letters.c.id.in_(untaken)))
        worked_on = sa.union_all(
            *(sa.select(table.c.letter).where(table.c.day >= before) for table in (t.answers, t.entries))
        )
        old = sa.select(t.letters.c.id).where(t.letters.c.thread.not_in(kept), t.letters.c.thread.not_in(worked_on))
        with self._store.writing() as connection:
            connection.execute(t.access.delete().where(t.access.c.at < before.isoformat()))
            count = queries.delete_letters(connection, old)
        self._store.forget_traces()
        return count

    @retry_idempotent
    def correct_future_days(self, latest: date) -> None:
        """Set days in the future, which a clock that was ahead has left, to the latest possible day."""
        future = date.fromordinal(min(latest.toordinal() + 2, date.max.toordinal()))  # UTC may be a day ahead of us
        with self._store.writing() as connection:
            for table in (t.letters, t.parts, t.answers, t.voices, t.entries):
                connection.execute(table.update().where(table.c.day > latest).values(day=latest))
            ahead = t.access.update().where(t.access.c.at >= future.isoformat())
            connection.execute(ahead.values(at=latest.isoformat()))
            # An older version stored minutes, which reveal the order of letters within a day.
            minutes = t.access.update().where(t.access.c.at.contains("T"))
            connection.execute(minutes.values(at=sa.func.substr(t.access.c.at, 1, len("2027-01-31"))))

    @retry_idempotent
    def erase_loose_parts(self, before: date) -> None:
        """Erase the parts of days before this one that no letter has claimed."""
        with self._store.writing() as connection:
            connection.execute(t.parts.delete().where(t.parts.c.letter.is_(None), t.parts.c.day < before))


def release_if_taken(
    connection: sa.Connection,
    letter_id: str,
    members: Mapping[str, Sequence[str]],
    recoverable: Collection[str],
) -> bool:
    """Delete a letter's text and copies if all members of its desks have it; return whether they were deleted."""
    desks = connection.execute(sa.select(t.recipients.c.desk).filter_by(letter=letter_id)).scalars().all()
    if not set(desks).isdisjoint(recoverable):
        return False
    taken = set(connection.execute(sa.select(t.taken.c.member).filter_by(letter=letter_id)).scalars())
    readers = {member for desk in desks for member in members.get(desk, ())}
    if not readers <= taken:
        return False
    connection.execute(t.letters.update().filter_by(id=letter_id).values(sealed=b""))
    connection.execute(t.parts.update().filter_by(letter=letter_id).values(sealed=b""))
    connection.execute(t.copies.delete().filter_by(letter=letter_id))
    connection.execute(t.shared_copies.delete().filter_by(letter=letter_id))
    return True
