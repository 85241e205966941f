"""Queries of `portal status`: when desks fetched, what waits, in days, and whether letters are safe.

They change nothing.
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
    """Return the last day on which each desk fetched a letter, for desks that ever did. Raises NotKept."""
    query = sa.select(_access.c.desk, sa.func.max(_access.c.at)).where(_access.c.what == FETCHED)
    with store.reading() as connection:
        rows = connection.execute(query.group_by(_access.c.desk)).all()
    return {desk: date.fromisoformat(at[:10]) for desk, at in rows}


def waiting_since(store: Store) -> dict[str, date]:
    """Return, for each desk that has such a letter, the day of the oldest that none of its members has taken.

    Raises NotKept.
    """
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
    with store.reading() as connection:
        return {row.desk: row.day for row in connection.execute(query)}


MAX_COMMIT_SECONDS = 5
"""A commit that takes longer counts as waiting for a replica."""


def durability_doubt(store: Store) -> str:
    """Return why PostgreSQL may lose what it has committed, and what to do; empty if it does not.

    Raises NotKept.
    """
    if store.engine.dialect.name != "postgresql":
        return ""
    with store.reading() as connection:
        if connection.exec_driver_sql("SHOW fsync").scalar() == "off":
            return "does not wait for its disk. Set fsync = on."
        streams = connection.exec_driver_sql("SELECT count(*) FROM pg_stat_replication").scalar()
        if streams and not _synchronous_standbys(connection):
            return "does not wait for its replica. Set synchronous_standby_names."
    return ""


def commits_wait(store: Store) -> str:
    """Return a sentence if each commit waits for a replica that does not answer, with what to do; else an empty text.

    It tries a commit that changes no table: a message in the write-ahead log that none of our programs reads. Raises
    NotKept.
    """
    if store.engine.dialect.name != "postgresql":
        return ""
    with store.connected() as connection:
        standbys = _synchronous_standbys(connection)
    if not standbys or _is_commit_quick(store):
        return ""
    return _NO_REPLICA.format(standbys)


_NO_REPLICA = (
    "waits with each commit for a replica that does not answer (synchronous_standby_names = {}): nobody who sends"
    " something gets a receipt. Start that replica; which are there says: SELECT * FROM pg_stat_replication. If it is"
    " lost: ALTER SYSTEM SET synchronous_standby_names = '' and SELECT pg_reload_conf(), and set it again once there is"
    " another: meanwhile letters are on one disk only."
)


def _synchronous_standbys(connection: sa.Connection) -> str:
    return str(connection.exec_driver_sql("SHOW synchronous_standby_names").scalar() or "")


def _is_commit_quick(store: Store) -> bool:
    """Return whether a commit takes less than MAX_COMMIT_SECONDS; a slower one is cancelled."""
    begin, timer = time.monotonic(), threading.Timer(MAX_COMMIT_SECONDS, lambda: None)
    try:
        with store.engine.begin() as connection:
            connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'portal', '')")
            # PostgreSQL's statement_timeout does not apply to the commit.
            timer.function = getattr(connection.connection.driver_connection, "cancel", timer.function)
            timer.start()
    finally:
        timer.cancel()
    return time.monotonic() - begin < MAX_COMMIT_SECONDS
