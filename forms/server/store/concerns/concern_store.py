"""The store of concerns, or of requests: one database, with a part for each group of callers (decision 0081)."""

from forms.server.store.concerns import concern_tables as t
from forms.server.store.concerns.access_log import AccessLog
from forms.server.store.concerns.desk_writing import DeskWriting
from forms.server.store.concerns.erasing import Erasing
from forms.server.store.concerns.inbox import DeskInbox
from forms.server.store.concerns.intake import Intake
from forms.server.store.concerns.receipt_answers import ReceiptAnswers
from forms.server.store.concerns.retention import LetterRetention
from forms.server.store.connections.limits import ConnectionLimit
from forms.server.store.database import Store


class ConcernStore(Store):
    """The database of letters.

    intake: keeps what people send. receipts: what a receipt shows. inbox: what desks fetch. desk_writing: what desks
    send. access_log: what members of desks did. erasing: erases for a person or a desk. retention: erases by age.
    """

    def __init__(self, url: str, same_database: Store | None = None, limit: ConnectionLimit | None = None) -> None:
        super().__init__(url, t.METADATA, same_database, limit)
        self.intake = Intake(self)
        self.receipts = ReceiptAnswers(self)
        self.inbox = DeskInbox(self)
        self.desk_writing = DeskWriting(self)
        self.access_log = AccessLog(self)
        self.erasing = Erasing(self, self.intake)
        self.retention = LetterRetention(self)
