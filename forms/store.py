"""Keeps sealed letters durably. The only file that knows SQLAlchemy; SQLite or PostgreSQL by address.

Concerns and sign-ups have a database each: no table, key or clock in common by which one could be joined to
the other. Beside a sealed letter stand a random id, its form, the day and the names of the desks that can
open it; no time of day, order of arrival (SQLite: no rowid), sender, language or true size.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from forms.problem import Problem
from forms.seal import insist

_concerns = sa.MetaData()
_letters = sa.Table(
    "letters",
    _concerns,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("lookup", sa.LargeBinary(32), unique=True, nullable=True),
    sa.Column("form", sa.String(40), nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
_recipients = sa.Table(
    "recipients",
    _concerns,
    sa.Column("letter", sa.ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("desk", sa.String(40), primary_key=True),
    sa.Column("taken", sa.Boolean, nullable=False, default=False),
    sqlite_with_rowid=False,
)
_answers = sa.Table(
    "answers",
    _concerns,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("letter", sa.ForeignKey("letters.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("desk", sa.String(40), nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

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

_MAKING_TABLES = 1976  # any number that no other program locks in this database

COMING, CANCELLED = "coming", "cancelled"


class NotKept(Problem):
    """The database is away, full or broken: nothing was kept."""


class _AlreadyThere(NotKept):
    """The id or look-up value is taken."""


@dataclass(frozen=True)
class Waiting:
    """A letter that a desk has not taken yet."""

    id: str
    form: str
    day: date


@dataclass(frozen=True)
class Answer:
    """A desk's sealed answer."""

    desk: str
    day: date
    sealed: bytes


@dataclass(frozen=True)
class Progress:
    """What a receipt shows: when the letter came, which desks have taken it, their sealed answers."""

    day: date
    taken_by: tuple[str, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Signup:
    """A sign-up as it stands in clear."""

    id: str
    event: str
    people: int
    state: str


class _Store:
    """A database that is opened late, made where missing, and complains as NotKept."""

    def __init__(self, url: str, metadata: sa.MetaData) -> None:
        # Parameters hold what people wrote: they must never stand in an error's text.
        self._engine = sa.create_engine(url, hide_parameters=True)
        self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._metadata = metadata
        self._ready = False
        self._making = threading.Lock()
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _set_up_sqlite)
            sa.event.listen(self._engine, "begin", _begin_immediate)

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """One transaction; what it did is durable when the block is left."""
        with self._complaining():
            self._make_tables()
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def _reads(self) -> Iterator[sa.Connection]:
        with self._complaining():
            self._make_tables()
            with self._reading.connect() as connection:
                yield connection

    def _make_tables(self) -> None:
        """Once per process; one at a time, or PostgreSQL complains of two that make the same table."""
        with self._making:
            if self._ready:
                return
            with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MAKING_TABLES})")
                self._metadata.create_all(connection)
            self._ready = True

    @contextmanager
    def _complaining(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise _AlreadyThere("store", "Something with this id is kept already.") from None
        except SQLAlchemyError as error:
            raise NotKept("store", f"The database did not answer ({type(error).__name__}).") from None


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy, not the driver, says when a transaction begins
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA busy_timeout=30000")


def _begin_immediate(connection: sa.Connection) -> None:
    # Taking the write lock at once means waiting for it, never failing half-way for having read first.
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class ConcernStore(_Store):
    """Sealed concerns, which desk may fetch them, and sealed answers."""

    def __init__(self, url: str) -> None:
        super().__init__(url, _concerns)

    def keep(
        self, letter_id: str, form: str, day: date, lookup: bytes | None, sealed: bytes, desks: Sequence[str]
    ) -> bool:
        """Keep a letter durably. False where this very letter was kept before. Raises NotKept."""
        row = {"id": letter_id, "lookup": lookup, "form": form, "day": day, "sealed": insist(sealed)}
        try:
            with self._writing() as connection:
                connection.execute(_letters.insert(), row)
                connection.execute(
                    _recipients.insert(), [{"letter": letter_id, "desk": desk} for desk in sorted(desks)]
                )
        except _AlreadyThere:
            if self._has(letter_id):
                return False
            raise
        return True

    def _has(self, letter_id: str) -> bool:
        with self._reads() as connection:
            return connection.execute(sa.select(_letters.c.id).filter_by(id=letter_id)).first() is not None

    def waiting(self, desk: str) -> tuple[Waiting, ...]:
        """Letters that this desk can open and has not taken yet, oldest day first."""
        query = (
            sa.select(_letters.c.id, _letters.c.form, _letters.c.day)
            .join(_recipients)
            .where(_recipients.c.desk == desk, _recipients.c.taken.is_(False))
            .order_by(_letters.c.day, _letters.c.id)
        )
        with self._reads() as connection:
            return tuple(Waiting(*row) for row in connection.execute(query))

    def sealed(self, letter_id: str, desk: str) -> bytes | None:
        """The sealed letter, or None where it is not this desk's or no longer here."""
        query = (
            sa.select(_letters.c.sealed).join(_recipients).where(_letters.c.id == letter_id, _recipients.c.desk == desk)
        )
        with self._reads() as connection:
            return connection.execute(query).scalar() or None

    def take(self, letter_id: str, desk: str) -> bool:
        """The desk has the letter safely; once all its desks do, the sealed text leaves the server.

        False where the letter is not this desk's.
        """
        mine = sa.and_(_recipients.c.letter == letter_id, _recipients.c.desk == desk)
        left = sa.select(_recipients.c.desk).filter_by(letter=letter_id, taken=False)
        with self._writing() as connection:
            if not connection.execute(_recipients.update().where(mine).values(taken=True)).rowcount:
                return False
            if connection.execute(left).first() is None:
                connection.execute(_letters.update().filter_by(id=letter_id).values(sealed=b""))
        return True

    def answer(self, answer_id: str, letter_id: str, desk: str, day: date, sealed: bytes) -> bool:
        """Keep a desk's sealed answer, once. False where the letter is not this desk's."""
        mine = sa.select(_recipients.c.desk).filter_by(letter=letter_id, desk=desk)
        row = {"id": answer_id, "letter": letter_id, "desk": desk, "day": day, "sealed": insist(sealed)}
        with self._writing() as connection:
            if connection.execute(mine).first() is None:
                return False
            connection.execute(self._insert(_answers).values(row).on_conflict_do_nothing())
        return True

    def progress(self, lookup: bytes) -> Progress | None:
        """What a receipt's look-up value shows, or None."""
        with self._reads() as connection:
            letter = connection.execute(
                sa.select(_letters.c.id, _letters.c.day).where(_letters.c.lookup == lookup)
            ).first()
            if letter is None:
                return None
            taken = connection.execute(
                sa.select(_recipients.c.desk).filter_by(letter=letter.id, taken=True).order_by("desk")
            ).scalars()
            answers = connection.execute(
                sa.select(_answers.c.desk, _answers.c.day, _answers.c.sealed)
                .filter_by(letter=letter.id)
                .order_by(_answers.c.day, _answers.c.id)
            )
            return Progress(letter.day, tuple(taken), tuple(Answer(*row) for row in answers))

    def erase(self, before: date) -> int:
        """Erase letters of days before this one that every desk has taken. Returns how many."""
        untaken = sa.select(_recipients.c.letter).where(_recipients.c.taken.is_(False))
        old = sa.and_(_letters.c.day < before, _letters.c.id.not_in(untaken))
        with self._writing() as connection:
            return connection.execute(_letters.delete().where(old)).rowcount

    @property
    def _insert(self) -> Callable[[sa.Table], Any]:
        return _dialect_insert(self._engine)


class SignupStore(_Store):
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

    @property
    def _insert(self) -> Callable[[sa.Table], Any]:
        return _dialect_insert(self._engine)


_SIGNUP_COLUMNS = (_signups.c.id, _signups.c.event, _signups.c.people, _signups.c.state)


def _dialect_insert(engine: sa.Engine) -> Callable[[sa.Table], Any]:
    """`INSERT ... ON CONFLICT`, which both databases have and SQLAlchemy offers per dialect."""
    return postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
