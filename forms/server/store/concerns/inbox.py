"""Read what desks fetch: letters, parts, copies and entries that a member may read. Record what they have taken."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns import queries
from forms.server.store.concerns.letters import Copy, EntryRow, WaitingLetter
from forms.server.store.concerns.retention import release_if_taken
from forms.server.store.retries import retry, retry_idempotent
from forms.server.store.store_part import StorePart

# The queries of every fetch are built once: building them takes longer than running them.
_PARTS_OF_DESK = (
    sa.select(t.parts.c.letter, t.parts.c.id)
    .join(t.recipients, t.recipients.c.letter == t.parts.c.letter)
    .where(t.recipients.c.desk == sa.bindparam("desk"))
    .order_by(t.parts.c.id)
)
_ENTRIES = (
    sa.select(t.entries.c.id, t.entries.c.letter, t.entries.c.day)
    .where(t.entries.c.desk == sa.bindparam("desk"), t.entries.c.day >= sa.bindparam("since"))
    .order_by(t.entries.c.day, t.entries.c.id)
)


@cache
def _waiting_query(*, everything: bool) -> sa.Select[Any]:
    """Return the query for the letters that a `member` of a `desk` can fetch (see DeskInbox.waiting)."""
    desk: sa.BindParameter[str] = sa.bindparam("desk")
    member: sa.BindParameter[str] = sa.bindparam("member")
    taken = sa.select(t.taken.c.letter).where(t.taken.c.member == member)
    copied = sa.union_all(
        sa.select(t.shared_copies.c.item).where(t.shared_copies.c.reader.in_([desk, member])),
        sa.select(t.copies.c.item).where(t.copies.c.reader.in_([desk, member])),
    )
    return (
        sa.select(
            t.letters.c.id,
            t.letters.c.thread,
            t.letters.c.form,
            t.letters.c.day,
            t.letters.c.tray,
            sa.func.coalesce(t.recipients.c.maker, "").label("maker"),
            t.letters.c.id.in_(copied).label("copies"),
        )
        .join(t.recipients)
        .where(t.recipients.c.desk == desk, sa.true() if everything else t.letters.c.id.not_in(taken))
        .where(sa.or_(t.letters.c.sealed != b"", t.letters.c.id.in_(copied)))
        .order_by(t.letters.c.tray, t.letters.c.day, t.letters.c.id)
    )


class DeskInbox(StorePart):
    """Gives a desk the letters that it may read, and records what its members have."""

    @retry
    def waiting(self, desk: str, member: str, *, everything: bool = False) -> tuple[WaitingLetter, ...]:
        """Return the letters that this member can fetch, those of the priority queue first, then by day.

        everything: also those that the member has acknowledged.
        """
        with self._store.reading() as connection:
            parts: dict[str, list[str]] = {}
            for letter, part in connection.execute(_PARTS_OF_DESK, {"desk": desk}):
                parts.setdefault(letter, []).append(part)
            query = _waiting_query(everything=everything)
            rows = connection.execute(query, {"desk": desk, "member": member}).mappings()
            return tuple(
                WaitingLetter(**{**row, "copies": bool(row["copies"]), "parts": tuple(parts.get(row["id"], ()))})
                for row in rows
            )

    @retry
    def letters_until(self, day: date) -> tuple[tuple[str, str], ...]:
        """Return the desk and the id of each letter of this day or before, also if all desks have taken it."""
        query = sa.select(t.recipients.c.desk, t.letters.c.id).join(t.letters)
        with self._store.reading() as connection:
            rows = connection.execute(query.where(t.letters.c.day <= day, t.letters.c.form != "deletion"))
            return tuple((row.desk, row.id) for row in rows)

    @retry
    def sealed_letter(self, letter_id: str, desk: str, member: str) -> bytes | None:
        """Return the encrypted letter: the original for a desk that was a recipient from the start, else a copy.

        None if it is not this desk's, or was erased.
        """
        return self._for_reader(t.letters, t.letters.c.id, letter_id, desk, member)

    @retry
    def sealed_part(self, part_id: str, desk: str, member: str) -> bytes | None:
        """Return likewise an encrypted part, or the voice of an answer of this desk."""
        query = sa.select(t.voices.c.sealed).filter_by(id=part_id, desk=desk)
        with self._store.reading() as connection:
            voice: bytes | None = connection.execute(query).scalar()
        return voice or self._for_reader(t.parts, t.parts.c.letter, part_id, desk, member)

    def _for_reader(
        self, table: sa.Table, letter: sa.ColumnElement[str], item: str, desk: str, member: str
    ) -> bytes | None:
        """Return the encrypted bytes of a letter or part; letter: the column of the table with the letter's id."""
        own_letters = sa.select(t.recipients.c.letter).filter_by(desk=desk)
        query = sa.select(table.c.sealed).where(
            table.c.id == item, letter.in_(own_letters.where(t.recipients.c.maker.is_(None))), table.c.sealed != b""
        )
        with self._store.reading() as connection:
            original = connection.execute(query).scalar()
            return original or connection.execute(queries.copies_of(own_letters, desk, member, item)).scalars().first()

    @retry
    def copies(self, letter_id: str, desk: str, member: str) -> tuple[Copy, ...]:
        """Return the copies of a letter, its parts and entries that were made for this member or its whole desk.

        Those that were made before 1.0 have no maker.
        """
        query = sa.select(t.shared_copies.c.item, t.shared_copies.c.digest, t.shared_copies.c.maker).where(
            t.shared_copies.c.letter == letter_id, t.shared_copies.c.reader.in_((desk, member))
        )
        old_query = sa.select(t.copies.c.item, t.copies.c.sealed).where(
            t.copies.c.letter == letter_id, t.copies.c.reader.in_((desk, member))
        )
        with self._store.reading() as connection:
            copies = [Copy(*row) for row in connection.execute(query)]
            old_rows = connection.execute(old_query)
            copies += [Copy(row.item, hashlib.sha256(row.sealed).hexdigest(), "") for row in old_rows]
        return tuple(sorted(copies, key=lambda copy: (copy.item, copy.digest)))

    @retry
    def sealed_copy(self, item: str, digest: str, desk: str, member: str) -> bytes | None:
        """Return the copy with this digest that was made for this member or its whole desk, or None."""
        own_letters = sa.select(t.recipients.c.letter).filter_by(desk=desk)
        with self._store.reading() as connection:
            copies = connection.execute(queries.copies_of(own_letters, desk, member, item)).scalars()
            return next((sealed for sealed in copies if hashlib.sha256(sealed).hexdigest() == digest), None)

    @retry
    def entries(self, desk: str, since: date) -> tuple[EntryRow, ...]:
        """Return the entries of a desk's case log of this day or later."""
        with self._store.reading() as connection:
            return tuple(EntryRow(*row) for row in connection.execute(_ENTRIES, {"desk": desk, "since": since}))

    @retry
    def sealed_entry(self, entry_id: str, desk: str) -> bytes | None:
        """Return an encrypted entry of this desk's log, or None."""
        query = sa.select(t.entries.c.sealed).filter_by(id=entry_id, desk=desk)
        with self._store.reading() as connection:
            return connection.execute(query).scalar() or None

    @retry_idempotent
    def acknowledge(
        self,
        letter_id: str,
        desk: str,
        member: str,
        members: Mapping[str, Sequence[str]],
        recoverable: Collection[str] = (),
    ) -> bool:
        """Record that a member has the letter. Once all members of its desks have it, delete its encrypted text.

        members: the current members by desk. recoverable: desks with a printed recovery key; their letters stay until
        they are erased, so that a lost machine loses nothing. Return False if the letter is not this desk's.
        """
        with self._store.writing() as connection:
            if not queries.is_recipient(connection, letter_id, desk):
                return False
            row = {"letter": letter_id, "member": member}
            connection.execute(self._store.insert(t.taken).values(row).on_conflict_do_nothing())
            released = release_if_taken(connection, letter_id, members, recoverable)
        if released:
            self._store.forget_traces()
        return True
