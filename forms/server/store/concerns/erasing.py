"""Erase letters for a person or for one desk."""

from collections.abc import Collection

import sqlalchemy as sa

from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns import queries
from forms.server.store.concerns.intake import Intake
from forms.server.store.concerns.letters import NewLetter
from forms.server.store.database import Store
from forms.server.store.repeating import repeated
from forms.server.store.store_part import StorePart


class Erasing(StorePart):
    """Erases a letter and all that belongs to it, or one desk's share of it."""

    def __init__(self, store: Store, intake: Intake) -> None:
        super().__init__(store)
        self._intake = intake

    @repeated
    def forget(self, thread: str, notice: NewLetter | None, taken_by: Collection[str] = ()) -> frozenset[str]:
        """Erase a letter and all that belongs to it, and leave the notice of it for the desks that have it.

        taken_by: the desks that are known to have it. Where more have fetched it, nothing is erased and all that have
        are returned: they need the notice too.
        """
        if notice:
            self._intake.save(notice)  # first: a second notice does no harm, a missing one would
        theirs = sa.select(t.letters.c.id).filter_by(thread=thread)
        with self._store.writing() as connection:
            connection.execute(theirs.with_for_update())  # a desk that is just taking it waits, or was first
            desks = queries.that_have(connection, theirs)
            if not desks <= set(taken_by):
                return desks
            self._store.mark_erased(connection, thread)
            queries.delete_letters(connection, theirs)
        self._store.forget_traces()
        return frozenset()

    @repeated
    def delete(self, thread: str, desk: str) -> bool:
        """Erase a desk's share of a letter and what follows it; the rest goes with its last desk. False: not its."""
        theirs = sa.select(t.letters.c.id).filter_by(thread=thread)
        with self._store.writing() as connection:
            gone = connection.execute(
                t.recipients.delete().where(t.recipients.c.desk == desk, t.recipients.c.letter.in_(theirs))
            ).rowcount
            connection.execute(t.entries.delete().where(t.entries.c.desk == desk, t.entries.c.letter.in_(theirs)))
            if gone:
                self._store.mark_erased(connection, thread, desk)
            read = sa.select(t.recipients.c.letter)
            queries.delete_letters(
                connection, sa.select(t.letters.c.id).where(t.letters.c.thread == thread, t.letters.c.id.not_in(read))
            )
        self._store.forget_traces()
        return bool(gone)

    @repeated
    def threads(self) -> dict[str, frozenset[str]]:
        """Return the id of each first letter, and the desks that have a share of it."""
        query = sa.select(t.letters.c.thread, t.recipients.c.desk).join(t.recipients).distinct()
        found: dict[str, set[str]] = {}
        with self._store.reads() as connection:
            for thread, desk in connection.execute(query):
                found.setdefault(thread, set()).add(desk)
        return {thread: frozenset(desks) for thread, desks in found.items()}

    @repeated
    def that_have(self, thread: str) -> frozenset[str]:
        """Return the desks that have this letter, or something that was added to it."""
        with self._store.reads() as connection:
            return queries.that_have(connection, sa.select(t.letters.c.id).filter_by(thread=thread))
