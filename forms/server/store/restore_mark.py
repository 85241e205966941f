"""The mark of a restore that is under way, and the note of the last one.

The mark is set before the first row is written and removed when the data folder is in place. A restore that is killed
leaves some rows behind if the database is not a file in that folder, as with PostgreSQL. The mark tells the next run of
the same restore that these rows are its own, and keeps every service away: what people erased since that backup may be
in them.
"""

from datetime import date

import sqlalchemy as sa

from forms.server.store import system_tables
from forms.server.store.database import Store
from forms.server.store.migrations.schema import BEING_RESTORED


def read(store: Store) -> bytes | None:
    """Return the identity of the backup that is being restored, or None. Raises NotKept."""
    query = sa.select(system_tables.probe.c.filler).where(system_tables.probe.c.id == BEING_RESTORED)
    with store.reading() as connection:
        return connection.execute(query).scalar()


def begin(store: Store, backup: bytes) -> None:
    """Record durably that rows of this backup are about to be written. Raises NotKept."""
    row = {"id": BEING_RESTORED, "filler": backup}
    with store.writing() as connection:
        statement = store.insert(system_tables.probe).values(row)
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))


def end(store: Store) -> None:
    """Record that the restore is complete. Raises NotKept."""
    with store.writing() as connection:
        connection.execute(system_tables.probe.delete().where(system_tables.probe.c.id == BEING_RESTORED))


def last_restore(store: Store) -> tuple[date, date] | None:
    """Return the day of the backup that was restored last, and the day of that restore; or None. Raises NotKept."""
    with store.reading() as connection:
        row = connection.execute(sa.select(system_tables.restored.c.since, system_tables.restored.c.day)).first()
        return (row.since, row.day) if row else None


def note_restored(store: Store, since: date, day: date) -> None:
    """Record that a backup of the day `since` was restored on `day`. Raises NotKept."""
    with store.writing() as connection:
        connection.execute(system_tables.restored.delete())
        store.add_rows(connection, system_tables.restored, [{"id": 1, "since": since, "day": day}])
