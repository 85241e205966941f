"""The daily statements of the server, its key for them, and which letters it has stated; in the database of concerns.

A statement has the ids of letters, which are random numbers, also of letters that were erased since.
"""

import json
import secrets
from collections.abc import Collection, Mapping
from datetime import date, timedelta

import sqlalchemy as sa

from forms.core.crypto.signing import private_key, public_text, sign_bytes
from forms.core.proofs.statements import KEPT_DAYS, MAX_STATEMENTS, DailyStatement, DeskPart, StatementForDesk
from forms.server.store.database import Store
from forms.server.store.retries import retry, retry_idempotent

_metadata = sa.MetaData()


def _table(name: str, *columns: sa.Column[object]) -> sa.Table:
    return sa.Table(name, _metadata, *columns, sqlite_with_rowid=False)


def _number() -> sa.Column[object]:
    return sa.Column("number", sa.Integer, primary_key=True, autoincrement=False)


_key = _table(
    "statement_key",
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("secret", sa.String(64), nullable=False),
)
_statements = _table(
    "statements",
    _number(),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("before", sa.String(64), nullable=False),
    sa.Column("parts", sa.Text, nullable=False),
    sa.Column("signature", sa.String(128), nullable=False),
)
_parts = _table(
    "statement_parts",
    _number(),
    sa.Column("desk", sa.String(40), primary_key=True),
    sa.Column("nonce", sa.String(32), nullable=False),
    sa.Column("arrived", sa.Text, nullable=False),
    sa.Column("gone", sa.Text, nullable=False),
)
_stated = _table(
    "stated",
    sa.Column("desk", sa.String(40), primary_key=True),
    sa.Column("letter", sa.String(32), primary_key=True),
)
_ROW_ID = 1


class StatementStore(Store):
    """The statements made so far, shared by all workers and kept over restarts."""

    def __init__(self, url: str, same_database: Store | None = None) -> None:
        super().__init__(url, _metadata, same_database)

    @retry
    def last_day(self) -> date | None:
        """Return the day of the last statement, or None. Raises NotKept."""
        with self.reading() as connection:
            return connection.execute(sa.select(sa.func.max(_statements.c.day))).scalar()

    @retry_idempotent
    def add_statement(self, day: date, present: Mapping[str, Collection[str]]) -> None:
        """Make and keep the statement of everything up to this day, unless there is one already. Raises NotKept.

        present: the ids of the letters that each desk has on the server.
        """
        with self.writing() as connection:
            last = connection.execute(sa.select(_statements).order_by(_statements.c.number.desc()).limit(1)).first()
            if last is not None and last.day >= day:
                return
            parts = {desk: _part(connection, desk, set(ids)) for desk, ids in present.items()}
            previous = _read(last) if last is not None else None
            hashes = {desk: part.hash_for(desk) for desk, part in parts.items()}
            number = previous.number + 1 if previous else 1
            statement = DailyStatement(number, day.isoformat(), previous.hash if previous else "", hashes)
            signature = sign_bytes(statement.as_bytes(), private_key(self.signing_secret(connection)))
            row = {"number": number, "day": day, "before": statement.before, "parts": json.dumps(hashes)}
            connection.execute(_statements.insert(), {**row, "signature": signature})
            for desk, part in parts.items():
                self._add_part(connection, number, desk, part)
            self._delete_old(connection, day - timedelta(days=KEPT_DAYS))

    def signing_secret(self, connection: sa.Connection) -> str:
        """Return the key that signs statements, made now if there is none. It opens no letter."""
        row = {"id": _ROW_ID, "secret": secrets.token_hex(32)}
        connection.execute(self.insert(_key).values(row).on_conflict_do_nothing())
        return str(connection.execute(sa.select(_key.c.secret)).scalar())

    def _add_part(self, connection: sa.Connection, number: int, desk: str, part: DeskPart) -> None:
        row = {"number": number, "desk": desk, "nonce": part.nonce}
        connection.execute(_parts.insert(), {**row, "arrived": json.dumps(part.arrived), "gone": json.dumps(part.gone)})
        if part.gone:
            is_letter = _stated.c.letter == sa.bindparam("id")
            ids = [{"id": id} for id in part.gone]
            connection.execute(_stated.delete().where(_stated.c.desk == desk, is_letter), ids)
        if part.arrived:
            connection.execute(_stated.insert(), [{"desk": desk, "letter": id} for id in part.arrived])

    def _delete_old(self, connection: sa.Connection, before: date) -> None:
        old = sa.select(_statements.c.number).where(_statements.c.day < before)
        connection.execute(_parts.delete().where(_parts.c.number.in_(old)))
        connection.execute(_statements.delete().where(_statements.c.day < before))

    @retry
    def public_key(self) -> str:
        """Return the public half of the key ("ed25519:..."), empty before the first statement. Raises NotKept."""
        with self.reading() as connection:
            secret = connection.execute(sa.select(_key.c.secret)).scalar()
            return public_text(private_key(secret)) if secret else ""

    @retry
    def statements(self, desk: str, after: int | None) -> tuple[StatementForDesk, ...]:
        """Return the statements after this number, oldest first, with the desk's parts; for None, only the last one.

        MAX_STATEMENTS statements at most.
        """
        query = sa.select(_statements).order_by(_statements.c.number)
        if after is None:
            query = sa.select(_statements).order_by(_statements.c.number.desc()).limit(1)
        else:
            query = query.where(_statements.c.number > after).limit(MAX_STATEMENTS)
        with self.reading() as connection:
            rows = connection.execute(query).all()
            numbers = [row.number for row in rows]
            parts_query = sa.select(_parts).where(_parts.c.desk == desk, _parts.c.number.in_(numbers))
            parts = {row.number: _read_part(row) for row in connection.execute(parts_query)}
        return tuple(StatementForDesk(_read(row), row.signature, parts.get(row.number, DeskPart())) for row in rows)


def _part(connection: sa.Connection, desk: str, present: set[str]) -> DeskPart:
    """Return which letters of a desk came since the last statement, and which were erased."""
    stated = set(connection.execute(sa.select(_stated.c.letter).filter_by(desk=desk)).scalars())
    return DeskPart(secrets.token_hex(16), tuple(sorted(present - stated)), tuple(sorted(stated - present)))


def _read(row: sa.Row[tuple[object, ...]]) -> DailyStatement:
    return DailyStatement(row.number, row.day.isoformat(), row.before, json.loads(row.parts))


def _read_part(row: sa.Row[tuple[object, ...]]) -> DeskPart:
    return DeskPart(row.nonce, tuple(json.loads(row.arrived)), tuple(json.loads(row.gone)))
