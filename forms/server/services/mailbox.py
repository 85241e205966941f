"""A mailbox: where the letters of one kind are kept, and by which rules. No request, no HTML."""

from dataclasses import dataclass

from forms.core.form_schema import Kind
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.faults import NotKept

PARTS_SHARE, SECOND_QUEUE_SHARE, DESKS_SHARE = 0.7, 0.9, 0.95
"""Shares of the disk budget for photos and recordings, for letters of the second queue, and for what desks send.

So photos cannot crowd out words, a flood cannot keep desks from answering, and the rest is for the priority queue.
"""


class Full(NotKept):
    """The mailbox has reached its disk budget."""


@dataclass(frozen=True)
class Mailbox:
    """Where the letters of one kind are kept, what happens in a flood, and how long they are kept.

    kind: also the purpose for which keys are derived from receipts, so that the same digits never open two things.
    has_queues: in a flood letters go to the second queue, and browsers need proof of work. keep: the name of the number
    of days in portal.yml.
    """

    kind: Kind
    store: ConcernStore
    has_queues: bool
    keep: str
