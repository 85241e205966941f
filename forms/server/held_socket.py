"""Use the socket that systemd passes to the service: while the service cannot start, close connections at once.

Otherwise they would wait in the socket. When they are closed, nginx shows "Not sent. Please try again"
(docs/decisions/0059).
"""

import os
import selectors
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from forms.core.problem import Problem

FIRST_DESCRIPTOR = 3
"""The first descriptor that systemd passes: sd_listen_fds(3)."""

RETRY_INTERVAL = 10.0
REPEAT_AFTER = 3600.0
"""Seconds until the next attempt to start, and until the same reason is reported again."""

T = TypeVar("T")


def handed_over(environment: Mapping[str, str]) -> socket.socket | None:
    """Return the socket that systemd passed to this process, or None."""
    if environment.get("LISTEN_FDS") != "1" or environment.get("LISTEN_PID") != str(os.getpid()):
        return None
    return socket.socket(fileno=os.dup(FIRST_DESCRIPTOR))


def start(
    make: Callable[[], T],
    listener: socket.socket | None,
    report: Callable[[str], object] = lambda message: print(message, file=sys.stderr, flush=True),
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """Return the result of `make`. If it raises a Problem, report it and try again until it is fixed.

    The same message is reported at most once an hour. Without a socket the program exits with the message.
    """
    reported, reported_at = "", 0.0
    while True:
        try:
            return make()
        except Problem as problem:
            message = f"The portal does not start. {problem}"
        if listener is None:
            sys.exit(message)
        if message != reported or clock() - reported_at >= REPEAT_AFTER:
            reported, reported_at = message, clock()
            report(message)
        close_connections(listener, RETRY_INTERVAL)


def close_connections(listener: socket.socket, seconds: float) -> None:
    """Close each connection that comes within so many seconds, unread."""
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:  # select.select() raises an error above 1,023 open files
        selector.register(listener, selectors.EVENT_READ)
        while (remaining := end - time.monotonic()) > 0:
            if selector.select(remaining):
                with suppress(OSError):  # the client has closed it already
                    listener.accept()[0].close()
