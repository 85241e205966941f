"""The store of concerns, or of requests: all that one database keeps of letters, for the services that use it."""

from forms.server.store.concerns.access_log import AccessLog
from forms.server.store.concerns.desk_reading import DeskReading
from forms.server.store.concerns.desk_writing import DeskWriting
from forms.server.store.concerns.erasing import Erasing


class ConcernStore(DeskReading, DeskWriting, Erasing, AccessLog):
    """Letters, who may fetch them, what the desks wrote: one database, and a base class for each concern."""
