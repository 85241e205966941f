"""Queries about concerns that reading, writing and erasing share, and the ids and hashes under which rows are kept."""

import hashlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns.letters import FETCHED


def desks_with(connection: sa.Connection, letters: sa.Select[Any]) -> frozenset[str]:
    """Return the desks that acknowledged one of these letters, or fetched it without acknowledging it."""
    members = connection.execute(sa.select(t.taken.c.member).where(t.taken.c.letter.in_(letters))).scalars()
    fetched = sa.select(t.access.c.desk).where(t.access.c.letter.in_(letters), t.access.c.what == FETCHED)
    return frozenset([*map(desk_of, members), *connection.execute(fetched).scalars()])


def is_recipient(connection: sa.Connection, letter_id: str, desk: str) -> bool:
    """Return whether this desk may read a letter."""
    query = sa.select(t.recipients.c.desk).filter_by(letter=letter_id, desk=desk)
    return connection.execute(query).first() is not None


def belongs_to_letter(connection: sa.Connection, item: str, letter_id: str, desk: str) -> bool:
    """Return whether an item is the letter, one of its parts, or an entry or a voice of the desk about it."""
    voices = sa.select(t.voices.c.id).filter_by(id=item, letter=letter_id, desk=desk)
    parts = sa.select(t.parts.c.id).filter_by(id=item, letter=letter_id)
    entries = sa.select(t.entries.c.id).filter_by(id=item, letter=letter_id, desk=desk)
    return item == letter_id or any(connection.execute(query).first() for query in (parts, entries, voices))


def copies_of(letters: sa.Select[Any], desk: str, member: str, item: str) -> Any:
    """Return the query for the copies of an item of these letters: for this member, then for its desk.

    Copies that were made before 1.0 come last.
    """
    queries = (
        sa.select(table.c.sealed).where(table.c.item == item, table.c.letter.in_(letters), table.c.reader == reader)
        for table in (t.shared_copies, t.copies)
        for reader in dict.fromkeys((member, desk))
    )
    return sa.union_all(*queries)


def delete_letters(connection: sa.Connection, ids: sa.Select[Any]) -> int:
    """Delete the letters with these ids, and all rows that belong to them; return how many letters."""
    letter_ids = connection.execute(ids).scalars().all()  # read first: SQLite may evaluate a subquery while it deletes
    for start in range(0, len(letter_ids), 500):
        connection.execute(t.letters.delete().where(t.letters.c.id.in_(letter_ids[start : start + 500])))
    return len(letter_ids)


def lookup_hash(lookup: bytes) -> bytes:
    """Return the hash of a look-up value, which the table stores.

    Somebody who has copied the table cannot look a letter up or have it erased with it.
    """
    return hashlib.sha256(lookup).digest()


def answer_row_id(desk: str, letter: str, answer_id: str) -> str:
    """Return the id under which an answer is kept.

    A desk can compute the id of another desk's future answer. With the desk in the row's id, it cannot take that id.
    """
    return hashlib.sha256(f"{desk}\0{letter}\0{answer_id}".encode()).hexdigest()


def desk_of(member: str) -> str:
    """Return the desk of a member: that of "police/anita" is "police". A desk with one key is its own only member."""
    return member.partition("/")[0]


def join_desks(desks: Sequence[str]) -> str:
    """Return desks as one sorted text, as parts are stored with it and compared with their letter."""
    return ",".join(sorted(desks))
