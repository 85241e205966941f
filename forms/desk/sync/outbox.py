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
        self._local_store, self._server = local_store, server

    @property
    def waiting(self) -> int:
        """The number of requests that wait."""
        return len(self._local_store.ids("outbox"))

    def post(self, method: str, path: str, sealed: bytes, reader: str = "") -> str:
        """Store a request durably, to be sent; return its name in the outbox. Raises Problem if the disk fails."""
        # Names increase, so that requests are sent in order, even if the clock was put back. Only this machine sees
        # them.
        last = max(map(int, filter(str.isdecimal, self._local_store.ids("outbox"))), default=0)
        name = f"{max(time.time_ns(), last + 1):020}"
        self._local_store.post(QueuedRequest(name, method, path, reader, sealed))
        return name

    def drop(self, name: str) -> None:
        """Remove a request that was just posted, because its counterpart here could not be stored."""
        self._local_store.delete("outbox", name)

    def send(self) -> int:
        """Send the waiting requests; return how many. Raises ServerAway: the rest stays in the outbox."""
        sent, server = 0, self._server()
        for queued in self._local_store.queued_requests():
            try:
                server.send(queued.method, queued.path, queued.sealed, queued.reader)
            except NotThere:
                pass  # the person has erased the letter meanwhile: there is nobody to send it to
            except RequestRefused:
                self._local_store.save("refused", queued.name, queued.sealed)  # the doctor reports it; go on
            self._local_store.delete("outbox", queued.name)
            sent += 1
        return sent

    def try_to_send(self) -> None:
        """Send the waiting requests if the server can be reached."""
        with suppress(ServerAway):
            self.send()

    def forget(self, thread: str) -> None:
        """Remove the requests about a letter that is erased."""
        for queued in list(self._local_store.queued_requests()):
            if queued.path.startswith(f"letters/{thread}/"):
                self._local_store.delete("outbox", queued.name)
