"""Tables that every database has: the salt to which it belongs, what was erased, a probe, and the last restore."""

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
"""One row after `portal restore`: the day of the backup and the day on which it was restored."""

NO_BACKUP = date(1, 1, 1)
"""The day of the backup in `restored` if a database was lost and no backup was restored."""
