"""Sign-ups: tables of their own, with no key or clock in common with concerns.

Event, number of people, state and place in the line stand in clear, since places are counted in one transaction; the
rest is sealed. Every change locks the event's row of `places` first, so changes to one event come one after another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from forms.core.crypto.encryption import require_encrypted
from forms.core.problem import Problem
from forms.server.store.connections.engines import Limit
from forms.server.store.database import Store
from forms.server.store.repeating import repeated, repeated_even_if_done

METADATA = sa.MetaData()
_places = sa.Table(
    "places",
    METADATA,
    sa.Column("event", sa.String(80), primary_key=True),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.Column("turns", sa.Integer, nullable=False, server_default="0"),
    sa.Column("held", sa.Integer, nullable=False, server_default="0"),  # 1: only staff give places out
    sqlite_with_rowid=False,
)
_signups = sa.Table(
    "signups",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("lookup", sa.LargeBinary(32), unique=True, nullable=False),
    sa.Column("event", sa.ForeignKey("places.event"), nullable=False),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("turn", sa.Integer, nullable=False, server_default="0"),
    sa.Column("version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    # Holds all that is in clear, so that lists and lines are read without passing over the sealed parts.
    sa.Index("signups_line", "event", "state", "turn", "id", "people", "version"),
    sqlite_with_rowid=False,
)

COMING, WAITING, CANCELLED = "coming", "waiting", "cancelled"
CHANGED, TOO_MANY, NOT_THERE = "changed", "too many", "not there"


class LineFull(Problem):
    """The waiting list of this event is full: nothing was stored."""


@dataclass(frozen=True)
class Signup:
    """The plaintext part of a sign-up.

    turn: a running number per event, only while it waits (else 0); version: how often the sealed part was replaced.
    """

    id: str
    event: str
    people: int
    state: str
    turn: int = 0
    version: int = 0


@dataclass(frozen=True)
class Occupancy:
    """How full an event is: places taken, how many groups wait, and whether only staff give places out."""

    taken: int
    waiting: int
    held: bool = False


class SignupStore(Store):
    """Sign-ups: places counted exactly, and a waiting list that moves up in order."""

    def __init__(self, url: str, beside: Store | None = None, limit: Limit | None = None) -> None:
        super().__init__(url, METADATA, beside, limit)

    @repeated_even_if_done
    def save(
        self, signup: Signup, lookup: bytes, sealed: bytes, *, capacity: int, last_day: date, hold: bool = False
    ) -> Signup | None:
        """Take places, or else the last position on the waiting list, in one transaction; return the resulting sign-up.

        hold: sign-ups surge; from now on only staff give the places of this event out, until they let go. None where
        the group is larger than the whole event: it could only wait in vain. Keeping the very same sign-up again
        changes nothing. Raises NotKept, LineFull.
        """
        with self.writing() as connection:
            first = {"event": signup.event, "taken": 0, "last_day": last_day}
            connection.execute(self.insert(_places).values(first).on_conflict_do_nothing())
            _lock(connection, signup.event, last_day=last_day)
            kept = connection.execute(sa.select(*_COLUMNS).where(_signups.c.id == signup.id)).first()
            if kept is not None:
                return Signup(*kept)
            if signup.people > capacity:
                connection.rollback()
                return None
            if _waiting(connection, signup.event) >= most_waiting(capacity):
                raise LineFull("sign-ups", "The line of this event is full.", "Choose another event.")
            if hold:
                _lock(connection, signup.event, held=1)
            _move_up(connection, signup.event, capacity)
            row = {"id": signup.id, "event": signup.event, "people": signup.people, "state": WAITING}
            row |= {"turn": _next_turn(connection, signup.event), "lookup": lookup, "sealed": require_encrypted(sealed)}
            connection.execute(_signups.insert(), row)
            _move_up(connection, signup.event, capacity)
            return Signup(*connection.execute(sa.select(*_COLUMNS).where(_signups.c.id == signup.id)).one())

    @repeated
    def find(self, lookup: bytes) -> Signup | None:
        """Return the sign-up with this look-up value, or None."""
        with self.reads() as connection:
            row = connection.execute(sa.select(*_COLUMNS).where(_signups.c.lookup == lookup)).first()
        return Signup(*row) if row else None

    @repeated
    def before(self, signup: Signup) -> int:
        """Return how many groups are before this one on the waiting list."""
        ahead = _line(signup.event).where(_signups.c.turn < signup.turn)
        with self.reads() as connection:
            return connection.execute(ahead.with_only_columns(sa.func.count())).scalar() or 0

    @repeated
    def line(self, event: str) -> Occupancy:
        """Return how full an event is."""
        with self.reads() as connection:
            return Occupancy(_taken(connection, event), _waiting(connection, event), _is_held(connection, event))

    @repeated
    def held(self) -> tuple[str, ...]:
        """Return the events whose places only staff give out, since sign-ups surged."""
        with self.reads() as connection:
            return tuple(connection.execute(sa.select(_places.c.event).filter_by(held=1)).scalars())

    # What the events desk does

    @repeated
    def remove(self, signup_id: str, capacity: int | None) -> bool:
        """Remove a sign-up, as if the person had cancelled it; its places are free. False if there is none."""
        with self.reads() as connection:
            lookup = connection.execute(sa.select(_signups.c.lookup).filter_by(id=signup_id)).scalar()
        return lookup is not None and self.cancel(lookup, capacity=capacity)

    @repeated
    def let_in(self, signup_id: str, capacity: int) -> bool:
        """Give places to a group that waits, whoever stands before it. False where they are not free or it is gone."""
        with self.writing() as connection:
            signup = _locked_by_id(connection, signup_id)
            if signup is None or signup.state != WAITING or _taken(connection, signup.event) + signup.people > capacity:
                return False
            _change(connection, signup, state=COMING, turn=0)
            _take(connection, signup.event, signup.people)
            return True

    @repeated
    def pass_over(self, signup_id: str, capacity: int | None) -> bool:
        """Send a waiting group to the end, so that those behind it can move up. False if it is gone."""
        with self.writing() as connection:
            signup = _locked_by_id(connection, signup_id)
            if signup is None or signup.state != WAITING:
                return False
            _change(connection, signup, turn=_next_turn(connection, signup.event))
            _move_up(connection, signup.event, capacity)
            return True

    @repeated_even_if_done
    def let_go(self, event: str, capacity: int | None) -> None:
        """Let the waiting list of an event move up by itself again."""
        with self.writing() as connection:
            _lock(connection, event, held=0)
            _move_up(connection, event, capacity)

    @repeated
    def cancel(self, lookup: bytes, *, capacity: int | None = None) -> bool:
        """Free the places, erase the encrypted part, move the waiting list up. False if there was nothing to cancel.

        capacity: places of the event now; None where the waiting list does not move up (event gone, over or cancelled).
        """
        with self.writing() as connection:
            signup = _locked(connection, lookup)
            if signup is None or signup.state == CANCELLED:
                return False
            self.mark_erased(connection, signup.id)
            _change(connection, signup, state=CANCELLED, turn=0, sealed=b"")
            if signup.state == COMING:
                _take(connection, signup.event, -signup.people)
            _move_up(connection, signup.event, capacity)
        self.forget_traces()
        return True

    @repeated
    def change(self, lookup: bytes, people: int, sealed: bytes | None, *, capacity: int | None) -> str:
        """Change the number of people and, where `sealed` is given, what was told: both or neither.

        Returns CHANGED; TOO_MANY where there are fewer places than that (nothing is changed); NOT_THERE. A group that
        waits keeps its turn. A group that comes grows only where nobody waits for these places.
        """
        with self.writing() as connection:
            signup = _locked(connection, lookup)
            if signup is None or signup.state == CANCELLED:
                return NOT_THERE
            if people > signup.people and not _may_grow(connection, signup, people, capacity):
                return TOO_MANY
            anew = {} if sealed is None else {"sealed": require_encrypted(sealed), "version": signup.version + 1}
            _change(connection, signup, people=people, **anew)
            if signup.state == COMING:
                _take(connection, signup.event, people - signup.people)
            _move_up(connection, signup.event, capacity)
        if sealed is not None:
            self.forget_traces()
        return CHANGED

    @repeated_even_if_done
    def settle(self, capacities: Mapping[str, int]) -> None:
        """Move up whoever has room now, since events may have become larger. Writes only where there is a line."""
        lines = sa.select(_signups.c.event).where(_signups.c.state == WAITING).distinct()
        with self.reads() as connection:
            events = set(connection.execute(lines).scalars()) & set(capacities)
            events = {event for event in events if _may_move(connection, event, capacities[event])}
        for event in sorted(events):
            with self.writing() as connection:
                _lock(connection, event)
                _move_up(connection, event, capacities[event])

    @repeated
    def listed(self) -> tuple[Signup, ...]:
        """Return all sign-ups, by event; those who wait in their order, after those who come."""
        query = sa.select(*_COLUMNS).order_by(_signups.c.event, _signups.c.state, _signups.c.turn, _signups.c.id)
        with self.reads() as connection:
            return tuple(Signup(*row) for row in connection.execute(query))

    @repeated
    def sealed(self, signup_id: str) -> bytes | None:
        """Return the sealed part of a sign-up, or None."""
        query = sa.select(_signups.c.sealed).filter_by(id=signup_id)
        with self.reads() as connection:
            return connection.execute(query).scalar() or None

    @repeated
    def taken(self, event: str) -> int:
        """Return how many places of an event are taken."""
        with self.reads() as connection:
            return _taken(connection, event)

    @repeated
    def people(self) -> int:
        """Return how many people all sign-ups have asked places for, of all events. Raises NotKept."""
        with self.reads() as connection:
            return int(connection.execute(sa.select(sa.func.sum(_signups.c.people))).scalar() or 0)

    @repeated_even_if_done
    def erase(self, before: date, last_days: Mapping[str, date] | None = None) -> int:
        """Erase the sign-ups of events whose last day was before this one. Returns how many.

        last_days: the days as the table says now: an event that was moved keeps its sign-ups for its new day. An event
        that left the table goes by the last day that was known of it.
        """
        with self.writing() as connection:
            known = connection.execute(sa.select(_places.c.event, _places.c.last_day).with_for_update()).all()
            days = {event: (last_days or {}).get(event, day) for event, day in known}
            for event, day in known:
                if days[event] != day:
                    connection.execute(_places.update().filter_by(event=event).values(last_day=days[event]))
            over = [event for event, day in days.items() if day < before]
            gone = 0
            for event in over:
                gone += connection.execute(_signups.delete().filter_by(event=event)).rowcount
                connection.execute(_places.delete().filter_by(event=event))
        if over:
            self.forget_traces()
        if gone:
            self.rewrite(_signups.name, _places.name)
        return gone


_COLUMNS = (
    _signups.c.id, _signups.c.event, _signups.c.people, _signups.c.state, _signups.c.turn, _signups.c.version,
)  # fmt: skip


def _line(event: str) -> sa.Select[Any]:
    """Return those who wait for this event, in order."""
    waits = sa.and_(_signups.c.event == event, _signups.c.state == WAITING)
    return sa.select(*_COLUMNS).where(waits)


def most_waiting(capacity: int) -> int:
    """Return how many groups may wait for an event: twice its places, and 100 at least."""
    return max(100, 2 * capacity)


def _waiting(connection: sa.Connection, event: str) -> int:
    return connection.execute(_line(event).with_only_columns(sa.func.count())).scalar() or 0


def _is_held(connection: sa.Connection, event: str) -> bool:
    return bool(connection.execute(sa.select(_places.c.held).filter_by(event=event)).scalar())


def _locked_by_id(connection: sa.Connection, signup_id: str) -> Signup | None:
    lookup = connection.execute(sa.select(_signups.c.lookup).filter_by(id=signup_id)).scalar()
    return _locked(connection, lookup) if lookup else None


def _taken(connection: sa.Connection, event: str) -> int:
    return connection.execute(sa.select(_places.c.taken).filter_by(event=event)).scalar() or 0


def _lock(connection: sa.Connection, event: str, **values: Any) -> None:
    """Wait for the event's turn: PostgreSQL locks the row that is written, SQLite has one writer anyway."""
    connection.execute(_places.update().filter_by(event=event).values(values or {"taken": _places.c.taken}))


def _locked(connection: sa.Connection, lookup: bytes) -> Signup | None:
    """Return the sign-up, read after its event was locked (its event never changes, so it may be read before)."""
    mine = sa.select(*_COLUMNS).where(_signups.c.lookup == lookup)
    found = connection.execute(mine).first()
    if found is None:
        return None
    _lock(connection, found.event)
    row = connection.execute(mine).first()
    return Signup(*row) if row else None


def _change(connection: sa.Connection, signup: Signup, **values: Any) -> None:
    connection.execute(_signups.update().where(_signups.c.id == signup.id).values(values))


def _take(connection: sa.Connection, event: str, people: int) -> None:
    connection.execute(_places.update().filter_by(event=event).values(taken=_places.c.taken + people))


def _next_turn(connection: sa.Connection, event: str) -> int:
    turns = _places.update().filter_by(event=event).values(turns=_places.c.turns + 1).returning(_places.c.turns)
    return int(connection.execute(turns).scalar_one())


def _first(connection: sa.Connection, event: str, capacity: int) -> Signup | None:
    """Return the first group that waits. Groups larger than the whole event are skipped, and keep their turn."""
    row = connection.execute(
        _line(event).where(_signups.c.people <= capacity).order_by(_signups.c.turn, _signups.c.id).limit(1)
    ).first()
    return Signup(*row) if row else None


def _may_move(connection: sa.Connection, event: str, capacity: int) -> bool:
    first = None if _is_held(connection, event) else _first(connection, event, capacity)
    return first is not None and _taken(connection, event) + first.people <= capacity


def _move_up(connection: sa.Connection, event: str, capacity: int | None) -> None:
    """Give free places to the waiting list in strict order: a group that does not fit stops those behind it."""
    while capacity is not None and not _is_held(connection, event):
        first = _first(connection, event, capacity)
        if first is None or _taken(connection, event) + first.people > capacity:
            return
        _change(connection, first, state=COMING, turn=0)
        _take(connection, event, first.people)


def _may_grow(connection: sa.Connection, signup: Signup, people: int, capacity: int | None) -> bool:
    if capacity is None or people > capacity:
        return False
    if signup.state == WAITING:
        return True
    fits = _taken(connection, signup.event) + people - signup.people <= capacity
    return fits and _first(connection, signup.event, capacity) is None
