"""Tables of sealed concerns, of the parts and answers that belong to them, and of the desks' sealed case log.

A letter is stored with a random id, the letter that it follows, its form, the day, its queue (`tray`) and the names of
the desks that can open it; without a time of day, the order of arrival (SQLite: no rowid), the sender, the language or
its real size.
"""

from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData()


def _table(name: str, *columns: sa.Column[Any] | sa.Index) -> sa.Table:
    return sa.Table(name, METADATA, *columns, sqlite_with_rowid=False)


def _of_letter(**options: Any) -> sa.Column[Any]:
    return sa.Column("letter", sa.ForeignKey("letters.id", ondelete="CASCADE"), **options)


def _desk(**options: Any) -> sa.Column[Any]:
    return sa.Column("desk", sa.String(40), **options)


def _day() -> sa.Column[Any]:
    return sa.Column("day", sa.Date, nullable=False)


def _sealed() -> sa.Column[Any]:
    return sa.Column("sealed", sa.LargeBinary, nullable=False)


letters = _table(
    "letters",
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("thread", sa.String(32), nullable=False, index=True),
    sa.Column("lookup", sa.LargeBinary(32), unique=True, nullable=True),
    sa.Column("form", sa.String(40), nullable=False),
    _day(),
    sa.Column("tray", sa.Integer, nullable=False),
    _sealed(),
)
recipients = _table(
    "recipients",
    _of_letter(primary_key=True),
    _desk(primary_key=True),
    sa.Column("maker", sa.String(80), nullable=True),  # the member who handed it over; NULL: a recipient from the start
)
left_out = _table("left_out", _of_letter(primary_key=True), _desk(primary_key=True))
taken = _table("taken", _of_letter(primary_key=True), sa.Column("member", sa.String(80), primary_key=True))
parts = _table(
    "parts",
    sa.Column("id", sa.String(32), primary_key=True),
    _of_letter(nullable=True, index=True),
    sa.Column("desks", sa.String(400), nullable=False),
    _day(),
    _sealed(),
)
answers = _table(
    "answers",
    sa.Column("id", sa.String(64), primary_key=True),
    _of_letter(nullable=False, index=True),
    _desk(nullable=False),
    _day(),
    _sealed(),
)
voices = _table(
    "voices",
    sa.Column("id", sa.String(32), primary_key=True),
    _of_letter(nullable=False, index=True),
    _desk(nullable=False),
    _day(),
    _sealed(),
)
entries = _table(
    "entries",
    sa.Column("id", sa.String(32), primary_key=True),
    _of_letter(nullable=False, index=True),
    _desk(nullable=False, index=True),
    _day(),
    _sealed(),
)
copies = _table(
    "copies",
    sa.Column("item", sa.String(32), primary_key=True),
    sa.Column("reader", sa.String(80), primary_key=True),
    _of_letter(nullable=False, index=True),
    _sealed(),
)
shared_copies = _table(
    "shared_copies",
    sa.Column("item", sa.String(32), primary_key=True),
    sa.Column("reader", sa.String(80), primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    _of_letter(nullable=False, index=True),
    sa.Column("maker", sa.String(80), nullable=False),
    _sealed(),
)
access = _table(
    "access",
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("at", sa.String(16), nullable=False, index=True),
    sa.Column("member", sa.String(80), nullable=False),
    _desk(nullable=False),
    sa.Column("what", sa.String(20), nullable=False),
    sa.Column("letter", sa.String(32), nullable=False),
)
