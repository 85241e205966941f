"""Run the forms server on this machine, for `build.py serve`."""

import sys
from functools import partial

from flask import Flask

from forms.core.media.decoder_process import missing_layers
from forms.server.districts.dispatch import Districts
from forms.server.maintenance import watch
from forms.server.services.retention import RetentionThread
from forms.server.web.current import state_of
from forms.web.serving import make


def start_retention(app: Flask) -> RetentionThread:
    """Start the daily erasing, which needs no traffic. A problem with the clock is logged."""
    state = state_of(app)
    state.operator_log.watched = True
    thread = RetentionThread(
        state.retention, state.tell, watch=partial(watch, state), on_error=lambda: app.log_exception(sys.exc_info())
    )
    state.retention_thread = thread
    thread.start()
    return thread


def start_retention_everywhere(application: Flask | Districts) -> None:
    """Start a thread for each district, also for those added later, so that none waits for another's database."""
    if isinstance(application, Flask):
        start_retention(application)
        return
    application.on_start = start_retention
    for app in application.apps:
        start_retention(app)


def log_missing_confinement(app: Flask) -> None:
    """Log which layers of confinement for the decoder of photos and recordings this machine lacks."""
    missing = missing_layers()
    if missing:
        app.logger.error(
            "The decoder of photos and recordings is not fully confined: this system lacks %s. "
            "Use a Linux kernel of 5.13 or newer, and allow these calls to the service (docs/deploy.md).",
            ", ".join(missing),
        )


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until interrupted. Meanwhile erase what is too old."""
    log_missing_confinement(app)
    server = make(app, host, port)
    thread = start_retention(app)
    try:
        server.serve_forever()
    finally:
        thread.stop()
        server.server_close()
        state_of(app).services.close()
