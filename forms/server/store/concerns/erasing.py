"""Erase letters for a person or for one desk."""

from collections.abc import Collection

import sqlalchemy as sa

from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns import queries
from forms.server.store.concerns.intake import Intake
from forms.server.store.concerns.letters import NewLetter
from forms.server.store.database import Store
from forms.server.store.erasures import mark_erased
from forms.server.store.retries import retry
from forms.server.store.store_part import StorePart


class Erasing(StorePart):
    """Erases a letter and all that belongs to it, or one desk's share of it."""

    def __init__(self, store: Store, intake: Intake) -> None:
        super().__init__(store)
        self._intake = intake

    @retry
    def erase_thread(self, thread: str, notice: NewLetter | None, notified: Collection[str] = ()) -> frozenset[str]:
        """Erase a letter and all that belongs to it; keep the notice that asks the desks that have it to erase theirs.

        notified: the desks that get the notice. If other desks have fetched the letter too, nothing is erased, and all
        desks that have it are returned: they need the notice. Otherwise no desk is returned.
        """
        if notice:
            self._intake.save(notice)  # before erasing: a second notice does no harm, a missing one would
        letters = sa.select(t.letters.c.id).filter_by(thread=thread)
        with self._store.writing() as connection:
            connection.execute(letters.with_for_update())  # a desk that fetches it now waits, or was first
            desks = queries.desks_with(connection, letters)
            if not desks <= set(notified):
                return desks
            mark_erased(self._store, connection, thread)
            queries.delete_letters(connection, letters)
        self._store.forget_traces()
        return frozenset()

    @retry
    def erase_share(self, thread: str, desk: str) -> bool:
        """Erase a desk's share of a letter and of what follows it. Return False if it has none.

        The letters themselves are erased with the share of their last desk.
        """
        letters = sa.select(t.letters.c.id).filter_by(thread=thread)
        with self._store.writing() as connection:
            deleted = connection.execute(
                t.recipients.delete().where(t.recipients.c.desk == desk, t.recipients.c.letter.in_(letters))
            ).rowcount
            connection.execute(t.entries.delete().where(t.entries.c.desk == desk, t.entries.c.letter.in_(letters)))
            if deleted:
                mark_erased(self._store, connection, thread, desk)
            with_recipient = sa.select(t.recipients.c.letter)
            queries.delete_letters(connection, letters.where(t.letters.c.id.not_in(with_recipient)))
        self._store.forget_traces()
        return bool(deleted)

    @retry
    def threads(self) -> dict[str, frozenset[str]]:
        """Return the desks that have a share of each letter, by the id of the first letter."""
        query = sa.select(t.letters.c.thread, t.recipients.c.desk).join(t.recipients).distinct()
        threads: dict[str, set[str]] = {}
        with self._store.reading() as connection:
            for thread, desk in connection.execute(query):
                threads.setdefault(thread, set()).add(desk)
        return {thread: frozenset(desks) for thread, desks in threads.items()}

    @retry
    def desks_with(self, thread: str) -> frozenset[str]:
        """Return the desks that have fetched this letter, or something that was added to it."""
        with self._store.reading() as connection:
            return queries.desks_with(connection, sa.select(t.letters.c.id).filter_by(thread=thread))
