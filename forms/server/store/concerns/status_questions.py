"""What `portal status` asks databases: when desks fetched and what waits, in days; whether letters are safe.

Nothing is changed by it.
"""

import threading
import time
from datetime import date

import sqlalchemy as sa

from forms.server.store.concerns.concern_tables import METADATA
from forms.server.store.concerns.letters import FETCHED
from forms.server.store.database import Store

_letters, _recipients = METADATA.tables["letters"], METADATA.tables["recipients"]
_taken, _access = METADATA.tables["taken"], METADATA.tables["access"]


def last_fetched(store: Store) -> dict[str, date]:
    """Return the day on which each desk fetched a letter last, of those that ever did. Raises NotKept."""
    query = sa.select(_access.c.desk, sa.func.max(_access.c.at)).where(_access.c.what == FETCHED)
    with store.reads() as connection:
        found = connection.execute(query.group_by(_access.c.desk)).all()
    return {desk: date.fromisoformat(at[:10]) for desk, at in found}


def waiting_since(store: Store) -> dict[str, date]:
    """Return the day of the oldest letter that no member of a desk has fetched, of desks with one. Raises NotKept."""
    of_desk = sa.or_(
        _taken.c.member == _recipients.c.desk, _taken.c.member.startswith(_recipients.c.desk + "/", autoescape=False)
    )
    taken = sa.exists().where(_taken.c.letter == _recipients.c.letter, of_desk)
    query = (
        sa.select(_recipients.c.desk, sa.func.min(_letters.c.day).label("day"))
        .join(_letters, _letters.c.id == _recipients.c.letter)
        .where(~taken, _letters.c.sealed != b"")
        .group_by(_recipients.c.desk)
    )
    with store.reads() as connection:
        return {row.desk: row.day for row in connection.execute(query)}


LONGEST_COMMIT = 5
"""Seconds after which a commit is taken for one that waits."""


def durability_doubt(store: Store) -> str:
    """Return why PostgreSQL may lose what it has answered as kept, and what to do; empty where it does not.

    Raises NotKept.
    """
    if store.engine.dialect.name != "postgresql":
        return ""
    with store.reads() as connection:
        if connection.exec_driver_sql("SHOW fsync").scalar() == "off":
            return "does not wait for its disk. Set fsync = on."
        streams = connection.exec_driver_sql("SELECT count(*) FROM pg_stat_replication").scalar()
        if streams and not _awaited(connection):
            return "does not wait for its replica. Set synchronous_standby_names."
    return ""


def commits_wait(store: Store) -> str:
    """Return that each commit waits for a replica that does not answer, and what to do; empty where none does.

    Tried with a commit of nothing: a message in the log of changes that no table and no program of ours takes up.
    Raises NotKept.
    """
    if store.engine.dialect.name != "postgresql":
        return ""
    with store.reads() as connection:
        awaited = _awaited(connection)
    if not awaited or _is_quick(store):
        return ""
    return _NO_REPLICA.format(awaited)


_NO_REPLICA = (
    "waits with each commit for a replica that does not answer (synchronous_standby_names = {}): nobody who sends"
    " something gets a receipt. Start that replica; which are there says: SELECT * FROM pg_stat_replication. If it is"
    " lost: ALTER SYSTEM SET synchronous_standby_names = '' and SELECT pg_reload_conf(), and set it again once there is"
    " another: meanwhile letters are on one disk only."
)


def _awaited(connection: sa.Connection) -> str:
    return str(connection.exec_driver_sql("SHOW synchronous_standby_names").scalar() or "")


def _is_quick(store: Store) -> bool:
    """Return whether a commit is answered in time. One that is not is given up; it would change nothing either."""
    begun, giving_up = time.monotonic(), threading.Timer(LONGEST_COMMIT, lambda: None)
    try:
        with store.engine.begin() as connection:
            connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'portal', '')")
            # PostgreSQL's own statement_timeout ends before the commit does.
            giving_up.function = getattr(connection.connection.driver_connection, "cancel", giving_up.function)
            giving_up.start()
    finally:
        giving_up.cancel()
    return time.monotonic() - begun < LONGEST_COMMIT
