"""Queries about concerns that reading, writing and erasing share, and the ids under which rows are kept."""

import hashlib
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns.letters import FETCHED


def that_have(connection: sa.Connection, letters: sa.Select[Any]) -> frozenset[str]:
    """Return the desks that acknowledged one of these letters, or fetched it without acknowledging it."""
    members = connection.execute(sa.select(t.taken.c.member).where(t.taken.c.letter.in_(letters))).scalars()
    fetched = sa.select(t.access.c.desk).where(t.access.c.letter.in_(letters), t.access.c.what == FETCHED)
    return frozenset([*map(desk_of, members), *connection.execute(fetched).scalars()])


def is_for(connection: sa.Connection, letter_id: str, desk: str) -> bool:
    """Return whether this desk is a reader of a letter."""
    query = sa.select(t.recipients.c.desk).filter_by(letter=letter_id, desk=desk)
    return connection.execute(query).first() is not None


def is_of(connection: sa.Connection, item: str, letter_id: str, desk: str) -> bool:
    """Return whether this is the letter, one of its parts, or an entry or a voice of the desk about it."""
    voices = sa.select(t.voices.c.id).filter_by(id=item, letter=letter_id, desk=desk)
    parts = sa.select(t.parts.c.id).filter_by(id=item, letter=letter_id)
    entries = sa.select(t.entries.c.id).filter_by(id=item, letter=letter_id, desk=desk)
    return item == letter_id or any(connection.execute(query).first() for query in (parts, entries, voices))


def copies_of(mine: sa.Select[Any], desk: str, member: str, item: str) -> Any:
    """Return the query for the copies of an item for this member, then for its desk; older ones last."""
    queries = (
        sa.select(table.c.sealed).where(table.c.item == item, table.c.letter.in_(mine), table.c.reader == reader)
        for table in (t.shared_copies, t.copies)
        for reader in dict.fromkeys((member, desk))
    )
    return sa.union_all(*queries)


def delete_letters(connection: sa.Connection, ids: sa.Select[Any]) -> int:
    """Delete the letters of these ids, with all rows that belong to them; return how many."""
    found = connection.execute(ids).scalars().all()  # first: SQLite may look into the table anew while it deletes
    for start in range(0, len(found), 500):
        connection.execute(t.letters.delete().where(t.letters.c.id.in_(found[start : start + 500])))
    return len(found)


def hashed(lookup: bytes) -> bytes:
    """Return the hash that the table stores: a copy of it is not enough to look a letter up or have it erased."""
    return hashlib.sha256(lookup).digest()


def answer_row(desk: str, letter: str, answer_id: str) -> str:
    """Return the id under which an answer is kept.

    A desk can work out the id that another desk's answer will have, and must not be able to take its place before.
    """
    return hashlib.sha256(f"{desk}\0{letter}\0{answer_id}".encode()).hexdigest()


def desk_of(member: str) -> str:
    """Return the desk of a member: "police/anita" is the police desk's; a desk with one key is its own only member."""
    return member.partition("/")[0]


def listed(desks: Sequence[str]) -> str:
    """Return desks as one sorted text, by which parts are compared with their letter."""
    return ",".join(sorted(desks))
