"""Encrypted requests to the server: durable on this machine first, sent when the server is reachable."""

import time
from collections.abc import Callable
from contextlib import suppress

from forms.desk.sync.client import Server
from forms.desk.sync.local_store import LocalStore, QueuedRequest
from forms.desk.sync.responses import NotThere, RequestRefused, ServerAway


class Outbox:
    """The encrypted requests of one desk that have not reached its server yet, oldest first."""

    def __init__(self, local_store: LocalStore, server: Callable[[], Server]) -> None:
        self._cabinet, self._server = local_store, server

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._cabinet.ids("outbox"))

    def post(self, method: str, path: str, sealed: bytes, reader: str = "") -> str:
        """Store it durably, to be sent; return its name in the outbox. Raises Problem if the disk fails."""
        # A growing name: what was written first is sent first. Nobody but this machine sees it.
        # The clock may have been put back since the last one.
        last = max(map(int, filter(str.isdecimal, self._cabinet.ids("outbox"))), default=0)
        name = f"{max(time.time_ns(), last + 1):020}"
        self._cabinet.post(QueuedRequest(name, method, path, reader, sealed))
        return name

    def drop(self, name: str) -> None:
        """Remove what has just been posted, since what belongs to it could not be stored."""
        self._cabinet.delete("outbox", name)

    def send(self) -> int:
        """Send what waits; return how many. Raises ServerAway: the rest is kept."""
        sent, server = 0, self._server()
        for queued in self._cabinet.posted():
            try:
                server.send(queued.method, queued.path, queued.sealed, queued.reader)
            except NotThere:
                pass  # the person erased the letter meanwhile: nobody is left to whom it could go
            except RequestRefused:
                self._cabinet.save("refused", queued.name, queued.sealed)  # desk doctor tells; the rest goes on
            self._cabinet.delete("outbox", queued.name)
            sent += 1
        return sent

    def try_to_send(self) -> None:
        """Send what waits, if the server is there; else the window says how much waits."""
        with suppress(ServerAway):
            self.send()

    def forget(self, thread: str) -> None:
        """Drop what waits for a letter that is erased."""
        for queued in list(self._cabinet.posted()):
            if queued.path.startswith(f"letters/{thread}/"):
                self._cabinet.delete("outbox", queued.name)
