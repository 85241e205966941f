"""Sign-ups: a database of their own, with no table, key or clock in common with concerns.

Event, number of people and state stand in clear, since places are counted in one transaction; the rest is sealed.
"""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from forms.seal import insist
from forms.store.base import Store

_signups_metadata = sa.MetaData()
_places = sa.Table(
    "places",
    _signups_metadata,
    sa.Column("event", sa.String(80), primary_key=True),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sqlite_with_rowid=False,
)
_signups = sa.Table(
    "signups",
    _signups_metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("lookup", sa.LargeBinary(32), unique=True, nullable=False),
    sa.Column("event", sa.ForeignKey("places.event"), nullable=False),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

COMING, CANCELLED = "coming", "cancelled"


@dataclass(frozen=True)
class Signup:
    """A sign-up as it stands in clear."""

    id: str
    event: str
    people: int
    state: str


class SignupStore(Store):
    """Sign-ups: event, number of people and state in clear, the rest sealed; places counted exactly."""

    def __init__(self, url: str) -> None:
        super().__init__(url, _signups_metadata)

    def keep(self, signup: Signup, lookup: bytes, sealed: bytes, *, capacity: int, last_day: date) -> bool:
        """Take places and keep the sign-up in one transaction. False where too few places are left.

        Keeping the very same sign-up again changes nothing and is True. Raises NotKept.
        """
        room = sa.and_(_places.c.event == signup.event, _places.c.taken + signup.people <= capacity)
        with self._writing() as connection:
            first = {"event": signup.event, "taken": 0, "last_day": last_day}
            connection.execute(self._insert(_places).values(first).on_conflict_do_nothing())
            # Locks the event's row in PostgreSQL (SQLite has one writer), so the look below is safe.
            taken = _places.c.taken + signup.people
            took = connection.execute(_places.update().where(room).values(taken=taken, last_day=last_day))
            if connection.execute(sa.select(_signups.c.id).filter_by(id=signup.id)).first() is not None:
                connection.rollback()
                return True
            if not took.rowcount:
                connection.rollback()
                return False
            row = {"id": signup.id, "event": signup.event, "people": signup.people, "state": COMING}
            connection.execute(_signups.insert(), {**row, "lookup": lookup, "sealed": insist(sealed)})
        return True

    def find(self, lookup: bytes) -> Signup | None:
        """The sign-up with this look-up value, or None."""
        query = sa.select(*_SIGNUP_COLUMNS).where(_signups.c.lookup == lookup)
        with self._reads() as connection:
            row = connection.execute(query).first()
        return Signup(*row) if row else None

    def cancel(self, lookup: bytes) -> bool:
        """Give the places back and erase what was sealed, once. False where there was nothing to cancel."""
        mine = sa.and_(_signups.c.lookup == lookup, _signups.c.state == COMING)
        with self._writing() as connection:
            row = connection.execute(
                _signups.update()
                .where(mine)
                .values(state=CANCELLED, sealed=b"")
                .returning(_signups.c.event, _signups.c.people)
            ).first()
            if row is None:
                return False
            freed = _places.c.taken - row.people
            connection.execute(_places.update().filter_by(event=row.event).values(taken=freed))
        return True

    def listed(self) -> tuple[Signup, ...]:
        """All sign-ups, by event."""
        query = sa.select(*_SIGNUP_COLUMNS).order_by(_signups.c.event, _signups.c.id)
        with self._reads() as connection:
            return tuple(Signup(*row) for row in connection.execute(query))

    def sealed(self, signup_id: str) -> bytes | None:
        """The sealed part of a sign-up, or None."""
        query = sa.select(_signups.c.sealed).filter_by(id=signup_id)
        with self._reads() as connection:
            return connection.execute(query).scalar() or None

    def taken(self, event: str) -> int:
        """How many places of an event are taken."""
        with self._reads() as connection:
            query = sa.select(_places.c.taken).filter_by(event=event)
            return connection.execute(query).scalar() or 0

    def erase(self, before: date) -> int:
        """Erase the sign-ups of events whose last day was before this one. Returns how many."""
        over = sa.select(_places.c.event).where(_places.c.last_day < before)
        with self._writing() as connection:
            gone = connection.execute(_signups.delete().where(_signups.c.event.in_(over))).rowcount
            connection.execute(_places.delete().where(_places.c.last_day < before))
        return gone


_SIGNUP_COLUMNS = (_signups.c.id, _signups.c.event, _signups.c.people, _signups.c.state)
