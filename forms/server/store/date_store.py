"""The days that the server has recorded: one row, with no time of day. It stands beside the concerns."""

from collections.abc import Callable
from datetime import date

import sqlalchemy as sa

from forms.core.trusted_date import TrustedDate, confirm, observe
from forms.server.store.database import Store
from forms.server.store.repeating import repeated, repeated_even_if_done

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
_THE_ROW = 1


class DayStore(Store):
    """What is known of the day, for all workers and over every restart."""

    def __init__(self, url: str, beside: Store | None = None) -> None:
        super().__init__(url, _days_metadata, beside)

    def look(self, today: date) -> TrustedDate:
        """Return what is known now that the server's clock shows `today`. Raises NotKept."""
        return self._step(lambda known: observe(known, today))

    def hear(self, today: date, told: date) -> TrustedDate:
        """The same, after a desk's clock showed the day `told`. Raises NotKept."""
        return self._step(lambda known: confirm(observe(known, today), told))

    @repeated
    def remembered(self) -> TrustedDate | None:
        """Return what was known when the day was looked at last; changes nothing. Raises NotKept."""
        with self.reads() as connection:
            return _remembered(connection)

    @repeated_even_if_done
    def _step(self, step: Callable[[TrustedDate | None], TrustedDate]) -> TrustedDate:
        with self.reads() as connection:
            before = _remembered(connection)
        if before is not None and step(before) == before:
            return before  # most looks change nothing, and need no turn to write
        with self.writing() as connection:
            known = step(_remembered(connection))
            row = {"good": known.good, "seen": known.seen, "count": known.count}
            written = self.insert(_known_day).values(id=_THE_ROW, **row)
            connection.execute(written.on_conflict_do_update(index_elements=["id"], set_=row))
        return known


def _remembered(connection: sa.Connection) -> TrustedDate | None:
    query = sa.select(_known_day.c.good, _known_day.c.seen, _known_day.c.count).filter_by(id=_THE_ROW)
    row = connection.execute(query.with_for_update()).first()
    return TrustedDate(*row) if row else None
