"""When desks fetched last, and since when something waits for them: days only, for whoever runs the server."""

from datetime import date

import sqlalchemy as sa

from forms.server.store.concern_store import ConcernStore
from forms.server.store.concern_tables import METADATA
from forms.server.store.letters import FETCHED

_letters, _recipients = METADATA.tables["letters"], METADATA.tables["recipients"]
_taken, _access = METADATA.tables["taken"], METADATA.tables["access"]


def last_fetched(store: ConcernStore) -> dict[str, date]:
    """Return the day on which each desk fetched a letter last, of those that ever did. Raises NotKept."""
    query = sa.select(_access.c.desk, sa.func.max(_access.c.at)).where(_access.c.what == FETCHED)
    with store.reads() as connection:
        found = connection.execute(query.group_by(_access.c.desk)).all()
    return {desk: date.fromisoformat(at[:10]) for desk, at in found}


def waiting_since(store: ConcernStore) -> dict[str, date]:
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
