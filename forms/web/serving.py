"""A development server for Flask apps on this machine, for `build.py serve` and the desk window.

It writes no access log, which would hold addresses and times.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class NoTraceRequestHandler(WSGIRequestHandler):
    """Handles requests without logging who requested what, when.

    timeout: seconds between two pieces of a request; a connection that hangs longer is closed, and its thread ends.
    """

    timeout = 60

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing: neither requests nor client errors, which quote what was sent."""

    def version_string(self) -> str:
        """Name no software and no versions."""
        return "portal"


def closing(app: "WSGIApplication") -> "WSGIApplication":
    """Return an app that closes what it answered from, a file say, however the connection ends.

    Werkzeug leaves it open where a browser breaks off between the last piece and the end.
    """

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterator[bytes]:
        answered: Iterable[bytes] = app(environ, start_response)
        try:
            yield from answered
        finally:
            getattr(answered, "close", lambda: None)()

    return answer


def make(app: Flask, host: str, port: int) -> BaseWSGIServer:
    """Return a server ready to `serve_forever()`; raises OSError where the port is taken."""
    return make_server(host, port, closing(app), threaded=True, request_handler=NoTraceRequestHandler)
