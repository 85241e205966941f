"""Serves the endpoint on this machine, for `build.py serve`.

Writes no access log: it would hold addresses and times.
"""

from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from forms.erasing import ClockWork


class QuietHandler(WSGIRequestHandler):
    """Handles requests and says nothing about who asked for what, when."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log nothing: neither requests nor client errors, which quote what was sent."""

    def version_string(self) -> str:
        """Name no software and no versions."""
        return "portal"


def make(app: Flask, host: str, port: int) -> BaseWSGIServer:
    """A server ready to `serve_forever()`; raises OSError where the port is taken."""
    return make_server(host, port, app, threaded=True, request_handler=QuietHandler)


def start_clock_work(app: Flask) -> ClockWork:
    """Erase what is too old from now on, also on days on which nobody comes; what is wrong with the clock is logged."""
    clock_work = ClockWork(app.extensions["erase"], app.logger.error)
    clock_work.start()
    return clock_work


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until interrupted. Meanwhile what is too old is erased."""
    server = make(app, host, port)
    clock_work = start_clock_work(app)
    try:
        server.serve_forever()
    finally:
        clock_work.stop()
        server.server_close()
        app.extensions["office"].close()
