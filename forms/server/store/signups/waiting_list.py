"""Places and waiting lists of events, within a transaction that the store begins.

Every function that changes something needs the lock of the event's row of `places` (see `lock_event`).
"""

from typing import Any

import sqlalchemy as sa

from forms.server.store.signups import signup_tables as t
from forms.server.store.signups.signup_tables import COLUMNS, COMING, WAITING, Signup


def max_groups(capacity: int) -> int:
    """Return how many groups may wait for an event: twice its places, and at least 100."""
    return max(100, 2 * capacity)


def lock_event(connection: sa.Connection, event: str, **values: Any) -> None:
    """Wait until no other transaction changes this event, and write these columns of its row.

    PostgreSQL locks the row that is written; SQLite has one writer anyway.
    """
    connection.execute(t.places.update().filter_by(event=event).values(values or {"taken": t.places.c.taken}))


def lock_signup(connection: sa.Connection, lookup: bytes) -> Signup | None:
    """Lock the event of the sign-up with this look-up value, and return the sign-up as it is then; or None.

    The event of a sign-up never changes, so it may be read before it is locked.
    """
    query = sa.select(*COLUMNS).where(t.signups.c.lookup == lookup)
    unlocked = connection.execute(query).first()
    if unlocked is None:
        return None
    lock_event(connection, unlocked.event)
    row = connection.execute(query).first()
    return Signup(*row) if row else None


def lock_signup_by_id(connection: sa.Connection, signup_id: str) -> Signup | None:
    """Like `lock_signup`, by the sign-up's id."""
    lookup = connection.execute(sa.select(t.signups.c.lookup).filter_by(id=signup_id)).scalar()
    return lock_signup(connection, lookup) if lookup else None


def change_signup(connection: sa.Connection, signup: Signup, **values: Any) -> None:
    """Change some columns of a sign-up."""
    connection.execute(t.signups.update().where(t.signups.c.id == signup.id).values(values))


def waiting_groups(event: str) -> sa.Select[Any]:
    """Return the query for the groups that wait for an event."""
    is_waiting = sa.and_(t.signups.c.event == event, t.signups.c.state == WAITING)
    return sa.select(*COLUMNS).where(is_waiting)


def count_waiting(connection: sa.Connection, event: str) -> int:
    """Return how many groups wait for an event."""
    return connection.execute(waiting_groups(event).with_only_columns(sa.func.count())).scalar() or 0


def places_taken(connection: sa.Connection, event: str) -> int:
    """Return how many places of an event are taken."""
    return connection.execute(sa.select(t.places.c.taken).filter_by(event=event)).scalar() or 0


def take_places(connection: sa.Connection, event: str, people: int) -> None:
    """Count places of an event as taken; as free if `people` is negative."""
    connection.execute(t.places.update().filter_by(event=event).values(taken=t.places.c.taken + people))


def next_turn(connection: sa.Connection, event: str) -> int:
    """Return the number of the last position on the waiting list of an event."""
    statement = t.places.update().filter_by(event=event).values(turns=t.places.c.turns + 1).returning(t.places.c.turns)
    return int(connection.execute(statement).scalar_one())


def is_held(connection: sa.Connection, event: str) -> bool:
    """Return whether only staff give out the places of an event."""
    return bool(connection.execute(sa.select(t.places.c.held).filter_by(event=event)).scalar())


def first_group(connection: sa.Connection, event: str, capacity: int) -> Signup | None:
    """Return the first group that waits. Groups larger than the whole event are skipped, and keep their turn."""
    query = waiting_groups(event).where(t.signups.c.people <= capacity)
    row = connection.execute(query.order_by(t.signups.c.turn, t.signups.c.id).limit(1)).first()
    return Signup(*row) if row else None


def can_move_up(connection: sa.Connection, event: str, capacity: int) -> bool:
    """Return whether there are places for the first group that waits."""
    group = None if is_held(connection, event) else first_group(connection, event, capacity)
    return group is not None and places_taken(connection, event) + group.people <= capacity


def move_up(connection: sa.Connection, event: str, capacity: int | None) -> None:
    """Give free places to the waiting list in strict order: a group that does not fit stops those behind it.

    capacity: the places of the event; None if the waiting list does not move up.
    """
    while capacity is not None and not is_held(connection, event):
        group = first_group(connection, event, capacity)
        if group is None or places_taken(connection, event) + group.people > capacity:
            return
        change_signup(connection, group, state=COMING, turn=0)
        take_places(connection, event, group.people)


def may_grow(connection: sa.Connection, signup: Signup, people: int, capacity: int | None) -> bool:
    """Return whether a group may grow to so many people.

    A group that waits may, up to the size of the event. One that has places may if they are free and nobody waits.
    """
    if capacity is None or people > capacity:
        return False
    if signup.state == WAITING:
        return True
    fits = places_taken(connection, signup.event) + people - signup.people <= capacity
    return fits and first_group(connection, signup.event, capacity) is None
