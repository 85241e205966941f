"""Tables that every database has, whatever it keeps: to which salt it belongs, what was erased, a probe."""

import hashlib
import hmac
from datetime import date

import sqlalchemy as sa

METADATA = sa.MetaData()

installation = sa.Table(
    "installation",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("salt_mark", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
)
probe = sa.Table(
    "probe",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("filler", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
erased = sa.Table(
    "erased",
    METADATA,
    sa.Column("mark", sa.String(64), primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sqlite_with_rowid=False,
)
restored = sa.Table(
    "restored",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sqlite_with_rowid=False,
)
"""One row after `portal restore`: the day of the backup and the day on which it was brought back."""

EVERYTHING = date(1, 1, 1)
"""Stands for the day of the backup where a database was gone and none was brought back."""

MARKS_KEPT_DAYS = 400
"""Days for which marks of what was erased stay: longer than the oldest backup that the usual rule keeps."""


def erased_mark(salt_mark: str, *what: str) -> str:
    """Return the mark of something erased: by its random id alone, so that no receipt leads to it.

    A backup of before holds the id, so that whoever brings it back can tell that this was erased since. Whoever takes
    the disk has neither the id, which went with its row, nor any way from a receipt to it.
    """
    return hmac.digest(salt_mark.encode(), "\0".join(("erased v1", *what)).encode(), hashlib.sha256).hex()
