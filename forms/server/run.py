"""Run the forms server on this machine, for `build.py serve`."""

import sys
from functools import partial

from flask import Flask

from forms.core.media.decoder_process import missing_layers
from forms.server.app import tell, watch
from forms.server.districts.dispatch import Districts
from forms.server.services.retention import RetentionThread
from forms.web.serving import make


def start_clock_work(app: Flask) -> RetentionThread:
    """Start the daily erasing, which runs even without traffic; what is wrong with the clock is logged."""
    app.extensions["operator_log"].watched = True
    clock_work = RetentionThread(
        app.extensions["erase"], partial(tell, app), watch=partial(watch, app),
        failed=lambda: app.log_exception(sys.exc_info()),
    )  # fmt: skip
    app.extensions["clock_work"] = clock_work
    clock_work.start()
    return clock_work


def start_clock_works(served: Flask | Districts) -> None:
    """Start one for each district, also for those added later, so that none waits for another's database."""
    if isinstance(served, Flask):
        start_clock_work(served)
        return
    served.on_start = start_clock_work
    for app in served.apps:
        start_clock_work(app)


def log_missing_confinement(app: Flask) -> None:
    """Log which layers around the decoder of photos and recordings this machine lacks, once at start."""
    missing = missing_layers()
    if missing:
        app.logger.error(
            "The decoder of photos and recordings is not fully confined: this system lacks %s. "
            "Use a Linux kernel of 5.13 or newer, and allow these calls to the service (docs/deploy.md).",
            ", ".join(missing),
        )


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until interrupted. Meanwhile what is too old is erased."""
    log_missing_confinement(app)
    server = make(app, host, port)
    clock_work = start_clock_work(app)
    try:
        server.serve_forever()
    finally:
        clock_work.stop()
        server.server_close()
        app.extensions["services"].close()
