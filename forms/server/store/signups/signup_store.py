"""The store of sign-ups: places are counted exactly, and a waiting list moves up in order.

The event, the number of people, the state and the position on the waiting list are stored in plaintext, since places
are counted in one transaction; the rest is sealed. Every change locks the event's row of `places` first, so that
changes to one event come one after another.
"""

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa

from forms.core.crypto.encryption import require_encrypted
from forms.server.store.connections.limits import ConnectionLimit
from forms.server.store.database import Store
from forms.server.store.erasures import mark_erased
from forms.server.store.retries import retry, retry_idempotent
from forms.server.store.signups import signup_tables as t
from forms.server.store.signups import waiting_list
from forms.server.store.signups.signup_tables import (
    CANCELLED,
    CHANGED,
    COLUMNS,
    COMING,
    NOT_THERE,
    TOO_MANY,
    WAITING,
    LineFull,
    Occupancy,
    Signup,
)


class SignupStore(Store):
    """Sign-ups, their places and their waiting lists."""

    def __init__(self, url: str, same_database: Store | None = None, limit: ConnectionLimit | None = None) -> None:
        super().__init__(url, t.METADATA, same_database, limit)

    @retry_idempotent
    def save(
        self, signup: Signup, lookup: bytes, sealed: bytes, *, capacity: int, last_day: date, hold: bool = False
    ) -> Signup | None:
        """Take places, or else the last position on the waiting list, in one transaction; return the resulting sign-up.

        hold: sign-ups surge; from now on only staff give out the places of this event, until they let go. Return None
        if the group is larger than the whole event: it could only wait in vain. The very same sign-up again changes
        nothing. Raises NotKept, LineFull.
        """
        query = sa.select(*COLUMNS).where(t.signups.c.id == signup.id)
        with self.writing() as connection:
            place_row = {"event": signup.event, "taken": 0, "last_day": last_day}
            connection.execute(self.insert(t.places).values(place_row).on_conflict_do_nothing())
            waiting_list.lock_event(connection, signup.event, last_day=last_day)
            existing = connection.execute(query).first()
            if existing is not None:
                return Signup(*existing)
            if signup.people > capacity:
                connection.rollback()
                return None
            if waiting_list.count_waiting(connection, signup.event) >= waiting_list.max_groups(capacity):
                raise LineFull("sign-ups", "The line of this event is full.", "Choose another event.")
            if hold:
                waiting_list.lock_event(connection, signup.event, held=1)
            waiting_list.move_up(connection, signup.event, capacity)
            row = {"id": signup.id, "event": signup.event, "people": signup.people, "state": WAITING, "lookup": lookup}
            row |= {"turn": waiting_list.next_turn(connection, signup.event), "sealed": require_encrypted(sealed)}
            connection.execute(t.signups.insert(), row)
            waiting_list.move_up(connection, signup.event, capacity)
            return Signup(*connection.execute(query).one())

    @retry
    def find(self, lookup: bytes) -> Signup | None:
        """Return the sign-up with this look-up value, or None."""
        with self.reading() as connection:
            row = connection.execute(sa.select(*COLUMNS).where(t.signups.c.lookup == lookup)).first()
        return Signup(*row) if row else None

    @retry
    def groups_before(self, signup: Signup) -> int:
        """Return how many groups are before this one on the waiting list."""
        ahead = waiting_list.waiting_groups(signup.event).where(t.signups.c.turn < signup.turn)
        with self.reading() as connection:
            return connection.execute(ahead.with_only_columns(sa.func.count())).scalar() or 0

    @retry
    def occupancy(self, event: str) -> Occupancy:
        """Return how full an event is."""
        with self.reading() as connection:
            return Occupancy(
                waiting_list.places_taken(connection, event),
                waiting_list.count_waiting(connection, event),
                waiting_list.is_held(connection, event),
            )

    @retry
    def held_events(self) -> tuple[str, ...]:
        """Return the events whose places only staff give out, since sign-ups surged."""
        with self.reading() as connection:
            return tuple(connection.execute(sa.select(t.places.c.event).filter_by(held=1)).scalars())

    # For the events desk

    @retry
    def remove(self, signup_id: str, capacity: int | None) -> bool:
        """Remove a sign-up, as if the person had cancelled it; its places are free. Return False if there is none."""
        with self.reading() as connection:
            lookup = connection.execute(sa.select(t.signups.c.lookup).filter_by(id=signup_id)).scalar()
        return lookup is not None and self.cancel(lookup, capacity=capacity)

    @retry
    def let_in(self, signup_id: str, capacity: int) -> bool:
        """Give places to a group that waits, also if others wait before it.

        Return False if the places are not free, or the group does not wait any more.
        """
        with self.writing() as connection:
            signup = waiting_list.lock_signup_by_id(connection, signup_id)
            if signup is None or signup.state != WAITING:
                return False
            if waiting_list.places_taken(connection, signup.event) + signup.people > capacity:
                return False
            waiting_list.change_signup(connection, signup, state=COMING, turn=0)
            waiting_list.take_places(connection, signup.event, signup.people)
            return True

    @retry
    def pass_over(self, signup_id: str, capacity: int | None) -> bool:
        """Move a waiting group to the end, so that those behind it can move up. Return False if it does not wait."""
        with self.writing() as connection:
            signup = waiting_list.lock_signup_by_id(connection, signup_id)
            if signup is None or signup.state != WAITING:
                return False
            waiting_list.change_signup(connection, signup, turn=waiting_list.next_turn(connection, signup.event))
            waiting_list.move_up(connection, signup.event, capacity)
            return True

    @retry_idempotent
    def let_go(self, event: str, capacity: int | None) -> None:
        """Let the waiting list of an event move up by itself again."""
        with self.writing() as connection:
            waiting_list.lock_event(connection, event, held=0)
            waiting_list.move_up(connection, event, capacity)

    @retry
    def cancel(self, lookup: bytes, *, capacity: int | None = None) -> bool:
        """Free the places, erase the sealed part and move the waiting list up.

        Return False if there was nothing to cancel. capacity: the places of the event; None if the waiting list does
        not move up (event removed, over or cancelled).
        """
        with self.writing() as connection:
            signup = waiting_list.lock_signup(connection, lookup)
            if signup is None or signup.state == CANCELLED:
                return False
            mark_erased(self, connection, signup.id)
            waiting_list.change_signup(connection, signup, state=CANCELLED, turn=0, sealed=b"")
            if signup.state == COMING:
                waiting_list.take_places(connection, signup.event, -signup.people)
            waiting_list.move_up(connection, signup.event, capacity)
        self.forget_traces()
        return True

    @retry
    def change(self, lookup: bytes, people: int, sealed: bytes | None, *, capacity: int | None) -> str:
        """Change the number of people and, if given, the sealed part: both or neither.

        Return CHANGED; TOO_MANY if there are not so many places, and then change nothing; NOT_THERE. A group that waits
        keeps its turn. A group that has places grows only if nobody waits for them.
        """
        with self.writing() as connection:
            signup = waiting_list.lock_signup(connection, lookup)
            if signup is None or signup.state == CANCELLED:
                return NOT_THERE
            if people > signup.people and not waiting_list.may_grow(connection, signup, people, capacity):
                return TOO_MANY
            new_part = {} if sealed is None else {"sealed": require_encrypted(sealed), "version": signup.version + 1}
            waiting_list.change_signup(connection, signup, people=people, **new_part)
            if signup.state == COMING:
                waiting_list.take_places(connection, signup.event, people - signup.people)
            waiting_list.move_up(connection, signup.event, capacity)
        if sealed is not None:
            self.forget_traces()
        return CHANGED

    @retry_idempotent
    def move_lines_up(self, capacities: Mapping[str, int]) -> None:
        """Give places to waiting groups of events that have become larger. Writes only if there are such groups.

        capacities: the places of each event.
        """
        with_line = sa.select(t.signups.c.event).where(t.signups.c.state == WAITING).distinct()
        with self.reading() as connection:
            events = set(connection.execute(with_line).scalars()) & set(capacities)
            events = {event for event in events if waiting_list.can_move_up(connection, event, capacities[event])}
        for event in sorted(events):
            with self.writing() as connection:
                waiting_list.lock_event(connection, event)
                waiting_list.move_up(connection, event, capacities[event])

    @retry
    def all_signups(self) -> tuple[Signup, ...]:
        """Return all sign-ups, by event; those that have places before those that wait, which are in their order."""
        query = sa.select(*COLUMNS).order_by(t.signups.c.event, t.signups.c.state, t.signups.c.turn, t.signups.c.id)
        with self.reading() as connection:
            return tuple(Signup(*row) for row in connection.execute(query))

    @retry
    def sealed_part(self, signup_id: str) -> bytes | None:
        """Return the sealed part of a sign-up, or None."""
        query = sa.select(t.signups.c.sealed).filter_by(id=signup_id)
        with self.reading() as connection:
            return connection.execute(query).scalar() or None

    @retry
    def places_taken(self, event: str) -> int:
        """Return how many places of an event are taken."""
        with self.reading() as connection:
            return waiting_list.places_taken(connection, event)

    @retry
    def count_people(self) -> int:
        """Return for how many people places of any event were asked. Raises NotKept."""
        with self.reading() as connection:
            return int(connection.execute(sa.select(sa.func.sum(t.signups.c.people))).scalar() or 0)

    @retry_idempotent
    def erase(self, before: date, last_days: Mapping[str, date] | None = None) -> int:
        """Erase the sign-ups of events whose last day was before this one. Return how many.

        last_days: the days in the table of events: an event that was moved keeps its sign-ups for its new day. For an
        event that was removed from the table, the last day that was known counts.
        """
        with self.writing() as connection:
            known = connection.execute(sa.select(t.places.c.event, t.places.c.last_day).with_for_update()).all()
            days = {event: (last_days or {}).get(event, day) for event, day in known}
            for event, day in known:
                if days[event] != day:
                    connection.execute(t.places.update().filter_by(event=event).values(last_day=days[event]))
            past_events = [event for event, day in days.items() if day < before]
            count = 0
            for event in past_events:
                count += connection.execute(t.signups.delete().filter_by(event=event)).rowcount
                connection.execute(t.places.delete().filter_by(event=event))
        if past_events:
            self.forget_traces()
        if count:
            self.vacuum(t.signups.name, t.places.name)
        return count
