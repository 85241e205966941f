"""Which backup a database is being brought back from: from before its first row until its data folder is in place.

A restore that is killed leaves a part of the rows behind where the database is not a file in that folder, as with
PostgreSQL. The mark tells the next run of the same restore that they are its own, and keeps every service away: what
people had erased since that backup may be there again.
"""

import sqlalchemy as sa

from forms.server.store import installation as ours
from forms.server.store.database import Store
from forms.server.store.migrations.schema import BEING_RESTORED


def of(store: Store) -> bytes | None:
    """Return the identity of that backup; None for a database that is whole. Raises NotKept."""
    with store.reads() as connection:
        return connection.execute(sa.select(ours.probe.c.filler).where(ours.probe.c.id == BEING_RESTORED)).scalar()


def begin(store: Store, backup: bytes) -> None:
    """Record durably that rows of this backup are about to be written. Raises NotKept."""
    row = {"id": BEING_RESTORED, "filler": backup}
    with store.writing() as connection:
        written = store.insert(ours.probe).values(row)
        connection.execute(written.on_conflict_do_update(index_elements=["id"], set_=row))


def end(store: Store) -> None:
    """Record that all is back. Raises NotKept."""
    with store.writing() as connection:
        connection.execute(ours.probe.delete().where(ours.probe.c.id == BEING_RESTORED))
