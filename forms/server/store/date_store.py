"""What the server knows of today's date: one row in the database of concerns, without a time of day."""

from collections.abc import Callable
from datetime import date

import sqlalchemy as sa

from forms.core.trusted_date import TrustedDate, confirm, observe
from forms.server.store.database import Store
from forms.server.store.retries import retry, retry_idempotent

_days_metadata = sa.MetaData()
_known_day = sa.Table(
    "known_day",
    _days_metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("good", sa.Date, nullable=False),
    sa.Column("seen", sa.Date, nullable=True),
    sa.Column("count", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)
_ROW_ID = 1


class DateStore(Store):
    """What is known of today's date, shared by all workers and kept over restarts."""

    def __init__(self, url: str, same_database: Store | None = None) -> None:
        super().__init__(url, _days_metadata, same_database)

    def record_server_day(self, today: date) -> TrustedDate:
        """Record that the server's clock shows `today`; return what is known of the date then. Raises NotKept."""
        return self._update(lambda known: observe(known, today))

    def record_desk_day(self, today: date, desk_day: date) -> TrustedDate:
        """Record likewise that a desk's clock shows `desk_day` while the server's shows `today`. Raises NotKept."""
        return self._update(lambda known: confirm(observe(known, today), desk_day))

    @retry
    def last_known(self) -> TrustedDate | None:
        """Return what was known of the date when a clock was recorded last. Changes nothing. Raises NotKept."""
        with self.reading() as connection:
            return _read(connection)

    @retry_idempotent
    def _update(self, update: Callable[[TrustedDate | None], TrustedDate]) -> TrustedDate:
        with self.reading() as connection:
            before = _read(connection)
        if before is not None and update(before) == before:
            return before  # the usual case: no need to wait for other writers
        with self.writing() as connection:
            known = update(_read(connection))
            row = {"good": known.good, "seen": known.seen, "count": known.count}
            statement = self.insert(_known_day).values(id=_ROW_ID, **row)
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
        return known


def _read(connection: sa.Connection) -> TrustedDate | None:
    query = sa.select(_known_day.c.good, _known_day.c.seen, _known_day.c.count).filter_by(id=_ROW_ID)
    row = connection.execute(query.with_for_update()).first()
    return TrustedDate(*row) if row else None
