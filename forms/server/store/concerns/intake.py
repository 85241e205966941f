"""Letters as people send them: kept once and durably, with their parts."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from forms.core.crypto.encryption import require_encrypted
from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns import queries
from forms.server.store.concerns.letters import LetterGone, NewLetter, PartsMissing
from forms.server.store.database import Store
from forms.server.store.faults import AlreadyThere
from forms.server.store.repeating import repeated, repeated_even_if_done
from forms.server.store.store_part import StorePart

# What every letter asks of the tables is put together once: that takes longer than the answer.
_NEW_LEFT_OUT = t.left_out.insert()
_HAS = sa.select(t.letters.c.id).where(t.letters.c.id == sa.bindparam("id"))
_NEW_RECIPIENT = t.recipients.insert()


class Intake(StorePart):
    """Keeps new letters and their attachments."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        # No error of the database where it is there already: PostgreSQL would write its id and the time into a log.
        self._new_letter = self._store.insert(t.letters).on_conflict_do_nothing().returning(t.letters.c.id)

    @repeated_even_if_done
    def save(self, coming: NewLetter) -> bool:
        """Keep a letter and claim its parts durably. False where this very letter was kept before.

        Raises NotKept (AlreadyThere: another letter has its id or look-up value; LetterGone), or PartsMissing where a
        part is not here; then nothing is kept.
        """
        row: dict[str, Any] = {name: getattr(coming, name) for name in ("id", "thread", "form", "day", "tray")}
        row["lookup"] = coming.lookup and queries.hashed(coming.lookup)
        try:
            with self._store.writing() as connection:
                if coming.thread != coming.id:
                    _require_first(connection, coming.thread)
                if coming.parts:  # before the look-up value: who has no parts learns nothing of another's
                    _require_parts(connection, coming)
                written = connection.execute(self._new_letter, {**row, "sealed": require_encrypted(coming.sealed)})
                _require_written(written.first())
                connection.execute(
                    _NEW_RECIPIENT, [{"letter": coming.id, "desk": desk} for desk in sorted(coming.desks)]
                )
                if coming.left_out:
                    connection.execute(
                        _NEW_LEFT_OUT, [{"letter": coming.id, "desk": desk} for desk in sorted(coming.left_out)]
                    )
                if coming.parts:
                    _claim(connection, coming)
        except AlreadyThere:
            if self._is_kept(row):
                self._store.wait_for_replicas()
                return False
            raise
        return True

    def _is_kept(self, row: Mapping[str, Any]) -> bool:
        """Return whether this letter is stored; its bytes cannot be compared, since sending again encrypts again."""
        same = {name: row[name] for name in ("id", "thread", "form", "lookup")}
        with self._store.reads() as connection:
            return connection.execute(sa.select(t.letters.c.id).filter_by(**same)).first() is not None

    @repeated
    def has(self, letter_id: str) -> bool:
        """Return whether this letter is here."""
        with self._store.reads() as connection:
            return connection.execute(_HAS, {"id": letter_id}).first() is not None

    @repeated
    def number(self, tray: int | None = None, day: date | None = None) -> int:
        """Return how many letters there are: all, those of a queue, or those since a day. Raises NotKept."""
        chosen = [] if tray is None else [t.letters.c.tray == tray]
        chosen += [] if day is None else [t.letters.c.day >= day]
        with self._store.reads() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(t.letters).where(*chosen)).scalar() or 0

    @repeated_even_if_done
    def save_part(self, part_id: str, day: date, desks: Sequence[str], sealed: bytes) -> None:
        """Keep a sealed part until its letter claims it, or two days. The same part again changes nothing."""
        row = {
            "id": part_id,
            "letter": None,
            "desks": queries.listed(desks),
            "day": day,
            "sealed": require_encrypted(sealed),
        }
        with self._store.writing() as connection:
            connection.execute(self._store.insert(t.parts).values(row).on_conflict_do_nothing())

    @repeated
    def has_parts(self, part_ids: Sequence[str], desks: Sequence[str]) -> bool:
        """Return whether all these parts are here, unclaimed, and sealed for just these desks."""
        query = sa.select(sa.func.count()).where(
            t.parts.c.id.in_(part_ids), t.parts.c.letter.is_(None), t.parts.c.desks == queries.listed(desks)
        )
        with self._store.reads() as connection:
            return connection.execute(query).scalar() == len(set(part_ids))


def _require_written(row: object) -> None:
    """Raise AlreadyThere where a row was not written, since its id or look-up value is taken."""
    if row is None:
        raise AlreadyThere("store", "Another letter has this id or look-up value.")


def _require_first(connection: sa.Connection, thread: str) -> None:
    """Raise LetterGone where the first letter is not here; where it is, whoever erases it waits for us."""
    first = sa.select(t.letters.c.id).filter_by(id=thread).with_for_update(read=True)
    if connection.execute(first).first() is None:
        raise LetterGone("store", "The letter that this one follows is not here.", "It may be erased.")


def _require_parts(connection: sa.Connection, coming: NewLetter) -> None:
    """Raise PartsMissing where a part is not here, was sealed for other desks, or is another letter's."""
    free = sa.or_(t.parts.c.letter.is_(None), t.parts.c.letter == coming.id)
    here = sa.select(t.parts.c.id).where(
        t.parts.c.id.in_(coming.parts), t.parts.c.desks == queries.listed(coming.desks), free
    )
    missing = set(coming.parts) - set(connection.execute(here).scalars())
    if missing:
        raise PartsMissing(sorted(missing))


def _claim(connection: sa.Connection, coming: NewLetter) -> None:
    """Give a letter its parts. Raises PartsMissing where one is not here, or was sealed for other desks."""
    loose = sa.and_(
        t.parts.c.id.in_(coming.parts), t.parts.c.letter.is_(None), t.parts.c.desks == queries.listed(coming.desks)
    )
    claimed = connection.execute(
        t.parts.update().where(loose).values(letter=coming.id).returning(t.parts.c.id)
    ).scalars()
    missing = set(coming.parts) - set(claimed)
    if missing:
        raise PartsMissing(sorted(missing))
