"""Run the forms server on this machine, for `build.py serve`."""

from flask import Flask

from forms.server.services.retention import ClockWork
from forms.web.serving import make


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
