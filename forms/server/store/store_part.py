"""One task of a store: reads and writes some tables of its database."""

from forms.server.store.database import Store
from forms.server.store.retries import OnFault


class StorePart:
    """A part of a store, with the methods for one group of callers. It shares the store's connections."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def on_fault(self) -> OnFault:
        """The function that is called with each fault of the database."""
        return self._store.on_fault
