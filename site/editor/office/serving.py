"""Serves the office with gunicorn, behind nginx: one process, threads, no log of who asked for what."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 16


def serve(app: "WSGIApplication", bind: str, begin: Callable[[], object]) -> None:
    """Serve until ended. bind: unix:/a/path or 127.0.0.1:port; a socket that systemd passes is used in its place.

    begin: starts the background work, in the worker process.

    One process, since the editor's history has one writer and builds run in it.
    """
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415 - of the server's packages
    from gunicorn.glogging import Logger  # noqa: PLC0415

    class Quiet(Logger):  # type: ignore[misc]
        """Logs no requests: gunicorn's own warnings quote what was sent."""

        def exception(self, *_: object, **__: object) -> None:
            self.error_log.error("a request failed")

        def warning(self, *_: object, **__: object) -> None:
            pass

        def access(self, *_: object) -> None:
            pass

    class Server(BaseApplication):  # type: ignore[misc]
        """An application with only our settings: no file and no environment variable."""

        def load_config(self) -> None:
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> "WSGIApplication":
            begin()
            return app

    settings: dict[str, Any] = {
        "bind": bind, "workers": 1, "worker_class": "gthread", "threads": THREADS, "umask": 0o007,
        "logger_class": Quiet, "loglevel": "error", "accesslog": None, "errorlog": "-", "control_socket_disable": True,
        "timeout": 300, "graceful_timeout": 120, "limit_request_line": 4094, "limit_request_fields": 60,
        "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None, "proc_name": "portal-office",  # noqa: PTH112, S108
    }  # fmt: skip
    Server().run()
