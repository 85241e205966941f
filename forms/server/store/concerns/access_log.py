"""The access log: what the members of a desk did, by the day."""

import sqlalchemy as sa

from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns.letters import Access
from forms.server.store.retries import retry
from forms.server.store.store_part import StorePart


class AccessLog(StorePart):
    """Records which member of a desk did what."""

    @retry
    def note_access(self, access_id: str, desk: str, access: Access) -> None:
        """Record what a member did."""
        row = {"id": access_id, "desk": desk, "at": access.at, "member": access.member, "what": access.what}
        with self._store.writing() as connection:
            connection.execute(t.access.insert(), {**row, "letter": access.letter})

    @retry
    def accesses(self, desk: str) -> tuple[Access, ...]:
        """Return what the members of a desk did, oldest first."""
        query = sa.select(t.access.c.at, t.access.c.member, t.access.c.what, t.access.c.letter).filter_by(desk=desk)
        with self._store.reading() as connection:
            return tuple(Access(*row) for row in connection.execute(query.order_by(t.access.c.at, t.access.c.id)))
