"""Erase letters: for a person, for one desk, or once they were kept long enough."""

from collections.abc import Collection
from datetime import date
from typing import Any

import sqlalchemy as sa

from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns import queries
from forms.server.store.concerns.letters import NewLetter
from forms.server.store.concerns.received_letters import ReceivedLetters
from forms.server.store.repeating import repeated, repeated_even_if_done

_ANYTHING = sa.select(
    sa.or_(*(sa.exists(sa.select(sa.literal(1)).select_from(table)) for table in t.METADATA.sorted_tables))
)


class Erasing(ReceivedLetters):
    """Erasing of letters and of all that belongs to them."""

    @repeated
    def forget(self, thread: str, notice: NewLetter | None, taken_by: Collection[str] = ()) -> frozenset[str]:
        """Erase a letter and all that belongs to it, and leave the notice of it for the desks that have it.

        taken_by: the desks that are known to have it. Where more have fetched it, nothing is erased and all that have
        are returned: they need the notice too.
        """
        if notice:
            self.save(notice)  # first: a second notice does no harm, a missing one would
        theirs = sa.select(t.letters.c.id).filter_by(thread=thread)
        with self.writing() as connection:
            connection.execute(theirs.with_for_update())  # a desk that is just taking it waits, or was first
            desks = queries.that_have(connection, theirs)
            if not desks <= set(taken_by):
                return desks
            self.mark_erased(connection, thread)
            self._delete(connection, theirs)
        self.forget_traces()
        return frozenset()

    @repeated
    def delete(self, thread: str, desk: str) -> bool:
        """Erase a desk's share of a letter and what follows it; the rest goes with its last desk. False: not its."""
        theirs = sa.select(t.letters.c.id).filter_by(thread=thread)
        with self.writing() as connection:
            gone = connection.execute(
                t.recipients.delete().where(t.recipients.c.desk == desk, t.recipients.c.letter.in_(theirs))
            ).rowcount
            connection.execute(t.entries.delete().where(t.entries.c.desk == desk, t.entries.c.letter.in_(theirs)))
            if gone:
                self.mark_erased(connection, thread, desk)
            read = sa.select(t.recipients.c.letter)
            self._delete(
                connection, sa.select(t.letters.c.id).where(t.letters.c.thread == thread, t.letters.c.id.not_in(read))
            )
        self.forget_traces()
        return bool(gone)

    @repeated
    def threads(self) -> dict[str, frozenset[str]]:
        """Return the id of each first letter, and the desks that have a share of it."""
        query = sa.select(t.letters.c.thread, t.recipients.c.desk).join(t.recipients).distinct()
        found: dict[str, set[str]] = {}
        with self.reads() as connection:
            for thread, desk in connection.execute(query):
                found.setdefault(thread, set()).add(desk)
        return {thread: frozenset(desks) for thread, desks in found.items()}

    @repeated
    def that_have(self, thread: str) -> frozenset[str]:
        """Return the desks that have this letter, or something that was added to it."""
        with self.reads() as connection:
            return queries.that_have(connection, sa.select(t.letters.c.id).filter_by(thread=thread))

    @repeated
    def is_empty(self) -> bool:
        """Return whether nothing is kept here that could ever be erased. Raises NotKept."""
        with self.reads() as connection:
            return not connection.execute(_ANYTHING).scalar()

    @repeated_even_if_done
    def erase(self, before: date) -> int:
        """Erase letters of days before this one that all their desks have taken, with what follows. How many."""
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
        with self.writing() as connection:
            connection.execute(t.access.delete().where(t.access.c.at < before.isoformat()))
            gone = self._delete(connection, old)
        self.forget_traces()
        return gone

    @repeated_even_if_done
    def bring_back(self, latest: date) -> None:
        """Set dates in the future, left by a clock that was ahead, to the latest possible day."""
        to_come = date.fromordinal(min(latest.toordinal() + 2, date.max.toordinal()))  # UTC may be a day ahead of us
        with self.writing() as connection:
            for table in (t.letters, t.parts, t.answers, t.voices, t.entries):
                connection.execute(table.update().where(table.c.day > latest).values(day=latest))
            ahead = t.access.update().where(t.access.c.at >= to_come.isoformat())
            connection.execute(ahead.values(at=latest.isoformat()))
            # An older version wrote minutes, by which letters could be told apart within their day.
            minutes = t.access.update().where(t.access.c.at.contains("T"))
            connection.execute(minutes.values(at=sa.func.substr(t.access.c.at, 1, len("2027-01-31"))))

    @repeated_even_if_done
    def erase_loose_parts(self, before: date) -> None:
        """Erase parts of days before this one that no letter has claimed."""
        with self.writing() as connection:
            connection.execute(t.parts.delete().where(t.parts.c.letter.is_(None), t.parts.c.day < before))

    def _delete(self, connection: sa.Connection, ids: sa.Select[Any]) -> int:
        # The ids first: SQLite may look into the table anew while it deletes.
        found = connection.execute(ids).scalars().all()
        for start in range(0, len(found), 500):
            connection.execute(t.letters.delete().where(t.letters.c.id.in_(found[start : start + 500])))
        return len(found)
