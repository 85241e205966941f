"""Keep letters as people send them, once and durably, with their parts."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from forms.core.crypto.encryption import require_encrypted
from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns import queries
from forms.server.store.concerns.letters import LetterGone, NewLetter, PartsMissing
from forms.server.store.database import Store
from forms.server.store.faults import DuplicateId
from forms.server.store.retries import retry, retry_idempotent
from forms.server.store.store_part import StorePart

# The statements of every letter are built once: building them takes longer than running them.
_INSERT_LEFT_OUT = t.left_out.insert()
_HAS = sa.select(t.letters.c.id).where(t.letters.c.id == sa.bindparam("id"))
_INSERT_RECIPIENT = t.recipients.insert()


class Intake(StorePart):
    """Keeps new letters and their attachments."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        # A duplicate id must not be an error of the database: PostgreSQL would log the id with the time.
        self._insert_letter = self._store.insert(t.letters).on_conflict_do_nothing().returning(t.letters.c.id)

    @retry_idempotent
    def save(self, letter: NewLetter) -> bool:
        """Keep a letter durably, and claim its parts. Return False if this very letter was kept before.

        Raises NotKept (DuplicateId: another letter has its id or look-up value; LetterGone), or PartsMissing if a part
        is not here. Then nothing is kept.
        """
        row: dict[str, Any] = {name: getattr(letter, name) for name in ("id", "thread", "form", "day", "tray")}
        row["lookup"] = letter.lookup and queries.lookup_hash(letter.lookup)
        recipients = [{"letter": letter.id, "desk": desk} for desk in sorted(letter.desks)]
        left_out = [{"letter": letter.id, "desk": desk} for desk in sorted(letter.left_out)]
        try:
            with self._store.writing() as connection:
                if letter.thread != letter.id:
                    _require_first_letter(connection, letter.thread)
                if letter.parts:  # before the look-up value: only the sender of the parts can learn whether it is taken
                    _require_parts(connection, letter)
                result = connection.execute(self._insert_letter, {**row, "sealed": require_encrypted(letter.sealed)})
                _require_inserted(result.first())
                connection.execute(_INSERT_RECIPIENT, recipients)
                if left_out:
                    connection.execute(_INSERT_LEFT_OUT, left_out)
                if letter.parts:
                    _claim_parts(connection, letter)
        except DuplicateId:
            if self._is_kept(row):
                self._store.wait_for_replicas()
                return False
            raise
        return True

    def _is_kept(self, row: Mapping[str, Any]) -> bool:
        """Return whether this letter is stored. Its bytes are not compared: sending it again encrypts it again."""
        same = {name: row[name] for name in ("id", "thread", "form", "lookup")}
        with self._store.reading() as connection:
            return connection.execute(sa.select(t.letters.c.id).filter_by(**same)).first() is not None

    @retry
    def has(self, letter_id: str) -> bool:
        """Return whether there is a letter with this id."""
        with self._store.reading() as connection:
            return connection.execute(_HAS, {"id": letter_id}).first() is not None

    @retry
    def count(self, queue: int | None = None, since: date | None = None) -> int:
        """Return how many letters there are: all, those of a queue, or those since a day. Raises NotKept."""
        conditions = [] if queue is None else [t.letters.c.tray == queue]
        conditions += [] if since is None else [t.letters.c.day >= since]
        query = sa.select(sa.func.count()).select_from(t.letters).where(*conditions)
        with self._store.reading() as connection:
            return connection.execute(query).scalar() or 0

    @retry_idempotent
    def save_part(self, part_id: str, day: date, desks: Sequence[str], sealed: bytes) -> None:
        """Keep a sealed part until its letter claims it, for two days at most. The same part again changes nothing."""
        row = {
            "id": part_id,
            "letter": None,
            "desks": queries.join_desks(desks),
            "day": day,
            "sealed": require_encrypted(sealed),
        }
        with self._store.writing() as connection:
            connection.execute(self._store.insert(t.parts).values(row).on_conflict_do_nothing())

    @retry
    def has_parts(self, part_ids: Sequence[str], desks: Sequence[str]) -> bool:
        """Return whether all these parts are here, unclaimed, and sealed for exactly these desks."""
        query = sa.select(sa.func.count()).where(
            t.parts.c.id.in_(part_ids), t.parts.c.letter.is_(None), t.parts.c.desks == queries.join_desks(desks)
        )
        with self._store.reading() as connection:
            return connection.execute(query).scalar() == len(set(part_ids))


def _require_inserted(row: object) -> None:
    """Raise DuplicateId if a row was not inserted, since its id or look-up value is taken."""
    if row is None:
        raise DuplicateId("store", "Another letter has this id or look-up value.")


def _require_first_letter(connection: sa.Connection, thread: str) -> None:
    """Raise LetterGone if the first letter is not here. If it is, nobody can erase it before this transaction ends."""
    query = sa.select(t.letters.c.id).filter_by(id=thread).with_for_update(read=True)
    if connection.execute(query).first() is None:
        raise LetterGone("store", "The letter that this one follows is not here.", "It may be erased.")


def _require_parts(connection: sa.Connection, letter: NewLetter) -> None:
    """Raise PartsMissing if a part is not here, was sealed for other desks, or belongs to another letter."""
    is_free = sa.or_(t.parts.c.letter.is_(None), t.parts.c.letter == letter.id)
    query = sa.select(t.parts.c.id).where(
        t.parts.c.id.in_(letter.parts), t.parts.c.desks == queries.join_desks(letter.desks), is_free
    )
    missing = set(letter.parts) - set(connection.execute(query).scalars())
    if missing:
        raise PartsMissing(sorted(missing))


def _claim_parts(connection: sa.Connection, letter: NewLetter) -> None:
    """Give a letter its parts. Raises PartsMissing if one is not here, was sealed for other desks, or is claimed."""
    is_unclaimed = sa.and_(
        t.parts.c.id.in_(letter.parts), t.parts.c.letter.is_(None), t.parts.c.desks == queries.join_desks(letter.desks)
    )
    claimed = connection.execute(
        t.parts.update().where(is_unclaimed).values(letter=letter.id).returning(t.parts.c.id)
    ).scalars()
    missing = set(letter.parts) - set(claimed)
    if missing:
        raise PartsMissing(sorted(missing))
