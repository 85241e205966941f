"""Read what a receipt opens: the progress of its letter, and the desks' answers to it."""

import sqlalchemy as sa

from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns import queries
from forms.server.store.concerns.letters import Answer, Progress
from forms.server.store.retries import retry
from forms.server.store.store_part import StorePart


class ReceiptAnswers(StorePart):
    """Finds a letter by the look-up value of its receipt, with the answers to it."""

    @retry
    def progress(self, lookup: bytes) -> Progress | None:
        """Return the progress of the letter with a receipt's look-up value, or None."""
        with self._store.reading() as connection:
            first = connection.execute(
                sa.select(t.letters.c.id).where(t.letters.c.lookup == queries.lookup_hash(lookup))
            ).scalar()
            if first is None:
                return None
            days = connection.execute(sa.select(t.letters.c.day).filter_by(thread=first).order_by(t.letters.c.day))
            desks = connection.execute(sa.select(t.recipients.c.desk).filter_by(letter=first).order_by("desk"))
            members = connection.execute(sa.select(t.taken.c.member).filter_by(letter=first))
            answers = connection.execute(
                sa.select(t.answers.c.desk, t.answers.c.day, t.answers.c.sealed)
                .filter_by(letter=first)
                .order_by(t.answers.c.day, t.answers.c.id)
            )
            return Progress(
                id=first,
                days=tuple(days.scalars()),
                desks=tuple(desks.scalars()),
                taken_by=tuple(sorted({queries.desk_of(member) for member in members.scalars()})),
                answers=tuple(Answer(*row) for row in answers),
            )

    @retry
    def sealed_voice(self, letter_id: str, voice_id: str) -> bytes | None:
        """Return the encrypted voice of an answer to this first letter, or None."""
        query = sa.select(t.voices.c.sealed).filter_by(id=voice_id, letter=letter_id)
        with self._store.reading() as connection:
            return connection.execute(query).scalar() or None
