"""The tables of sign-ups, with no key or clock in common with concerns, and the values that their store returns."""

from dataclasses import dataclass

import sqlalchemy as sa

from forms.core.problem import Problem

METADATA = sa.MetaData()
places = sa.Table(
    "places",
    METADATA,
    sa.Column("event", sa.String(80), primary_key=True),
    sa.Column("taken", sa.Integer, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.Column("turns", sa.Integer, nullable=False, server_default="0"),
    sa.Column("held", sa.Integer, nullable=False, server_default="0"),  # 1: only staff give out places
    sqlite_with_rowid=False,
)
signups = sa.Table(
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
    # Has all plaintext columns, so that lists and waiting lists are read without reading the sealed parts.
    sa.Index("signups_line", "event", "state", "turn", "id", "people", "version"),
    sqlite_with_rowid=False,
)

COMING, WAITING, CANCELLED = "coming", "waiting", "cancelled"
"""The states of a sign-up: it has places, it is on the waiting list, or it was cancelled."""

CHANGED, TOO_MANY, NOT_THERE = "changed", "too many", "not there"
"""The outcomes of a change: done, not enough places, or no such sign-up."""


class LineFull(Problem):
    """The waiting list of this event is full: nothing was stored."""


@dataclass(frozen=True)
class Signup:
    """The plaintext part of a sign-up.

    turn: the position on the waiting list, a running number per event; 0 if it does not wait. version: how often the
    sealed part was replaced.
    """

    id: str
    event: str
    people: int
    state: str
    turn: int = 0
    version: int = 0


@dataclass(frozen=True)
class Occupancy:
    """How full an event is. waiting: how many groups wait. held: only staff give out places, since sign-ups surged."""

    taken: int
    waiting: int
    held: bool = False


COLUMNS = (
    signups.c.id, signups.c.event, signups.c.people, signups.c.state, signups.c.turn, signups.c.version,
)  # fmt: skip
"""The plaintext columns, in the order of Signup's fields."""
