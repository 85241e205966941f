"""gunicorn for the endpoint: `gunicorn -c deploy/gunicorn.conf.py` in the project's folder (docs/deploy.md).

No access log, no address, no word of a request in the error log, nothing on a disk.
"""

import ctypes
import fcntl
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger


class QuietLogger(Logger):
    """Says what went wrong inside gunicorn, never with whom or in which request."""

    def exception(self, *_: object, **__: object) -> None:
        """The kind of an error only: its text may quote a request."""
        kind = sys.exc_info()[0]
        self.error_log.error("%s", kind.__name__ if kind else "error")

    def warning(self, *_: object, **__: object) -> None:
        """Nothing: gunicorn warns of broken requests with the address they came from."""

    def access(self, *_: object) -> None:
        """Nothing."""


def number(name: str, usual: int) -> int:
    """A variable that is a number from 1 on; else this ends with a sentence."""
    text = os.environ.get(name) or str(usual)
    if not (text.isascii() and text.isdigit() and int(text)):
        sys.exit(f"The portal does not start. variable {name}: is no number. Write digits only, like {usual}.")
    return int(text)


def hold_environment() -> int | None:
    """Return an open file that says: build.py must not remove the packages that this runs with."""
    try:
        held = os.open(Path(sys.prefix) / "in-use", os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return None  # not made by build.py, or by an older one
    return held


held = hold_environment()
root = Path(__file__).parents[1]
chdir = str(root)
pythonpath = str(root)
wsgi_app = "deploy.wsgi:app"

bind = os.environ.get("PORTAL_BIND", "unix:/run/portal/portal.sock")
umask = 0o007
workers = number("PORTAL_WORKERS", 2)
# At most 18 of 20 are in look-ups and photos at once (forms/server/services/flood/limiters.py). Of several districts
# one holds 24 at most (forms/server/districts/fair_turns.py): two that hang leave room for the others.
threads = 72 if os.environ.get("PORTAL_DISTRICTS") else 20
worker_class = "gthread"
preload_app = True  # made once, then forked: all workers share one pressure (forms/server/services/flood)


def give_memory_back() -> None:
    """Have glibc give large blocks back at once: each receipt takes 19 MB for a moment, in whatever thread it is made.

    Else each thread's arena keeps the most that it ever had.
    """
    with suppress(OSError, AttributeError):  # another C library
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 1024 * 1024)
        mallopt(_M_ARENA_MAX, 2)


_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h
give_memory_back()


def when_ready(_server: Any) -> None:
    """What was loaded before workers fork stays shared: no garbage collection writes into it."""
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """Each worker erases what is too old, also on days on which nobody comes (a thread does not outlive a fork)."""
    from forms.server.run import start_retention_everywhere  # noqa: PLC0415 - only now is the project on the path

    start_retention_everywhere(worker.wsgi)


accesslog = None
errorlog = "-"
loglevel = "error"
logger_class = QuietLogger
capture_output = False

worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - memory: the heartbeat's empty file
control_socket_disable = True
timeout = 120  # a recording is cleaned in this time
graceful_timeout = 30
limit_request_line = 2048
limit_request_fields = 40
