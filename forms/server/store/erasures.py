"""Marks of what was erased, so that no backup of an earlier day brings it back."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime

import sqlalchemy as sa

from forms.core.trusted_date import EARLIEST_DATE
from forms.server.store import system_tables
from forms.server.store.database import Store

MARKS_KEPT_DAYS = 400
"""Days for which the marks stay: longer than the oldest backup that the usual rule keeps."""


def mark_erased(store: Store, connection: sa.Connection, *ids: str) -> None:
    """Record that something was erased, in the transaction that erases it."""
    newest = connection.execute(sa.select(sa.func.max(system_tables.erased.c.day))).scalar() or EARLIEST_DATE
    # With the day of a clock that was set back the mark would expire at once.
    day = max(datetime.now(UTC).date(), newest, EARLIEST_DATE)
    row = {"mark": _mark(store.salt_mark, *ids), "day": day.replace(day=1)}  # the month is enough to delete it by age
    store.add_rows(connection, system_tables.erased, [row])


def erasure_check(store: Store) -> Callable[..., bool]:
    """Return a function that returns whether ids were erased before now. Raises NotKept."""
    with store.reading() as connection:
        marks = frozenset(connection.execute(sa.select(system_tables.erased.c.mark)).scalars())
    return lambda *ids: _mark(store.salt_mark, *ids) in marks


def _mark(salt_mark: str, *ids: str) -> str:
    """Return the mark of something erased. It depends on random ids alone, so that no receipt leads to it.

    An older backup contains the id, so that a restore can tell that it was erased since. On a stolen disk there is
    neither the id, which was deleted with its row, nor a way from a receipt to the mark.
    """
    return hmac.digest(salt_mark.encode(), "\0".join(("erased v1", *ids)).encode(), hashlib.sha256).hex()


def delete_old_marks(
    store: Store, *, erased_before: date = date.min, restored_before: date = date.min, latest: date = date.max
) -> None:
    """Delete the marks of earlier erasures, and the note of an earlier restore. Raises NotKept.

    erased_before: no backup is older than this day. restored_before: what a restore before this day lost would have
    been erased by now. latest: the latest day that today may be. Marks of a clock that was ahead are dated back to it;
    otherwise they, and all that were made after them, would stay until that clock's year.
    """
    with store.writing() as connection:
        ahead = system_tables.erased.update().where(system_tables.erased.c.day > latest)
        connection.execute(ahead.values(day=latest.replace(day=1)))
        old_marks = system_tables.erased.delete().where(system_tables.erased.c.day < erased_before)
        old_restores = system_tables.restored.delete().where(system_tables.restored.c.day < restored_before)
        deleted = connection.execute(old_marks).rowcount + connection.execute(old_restores).rowcount
    if deleted:
        store.forget_traces()
