"""The socket that systemd holds for the service: while the service cannot start, connections are closed at once.

Without this they would wait in the socket; so nginx shows "Not sent. Please try again" (docs/decisions/0059).
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

FIRST = 3
"""The first file that systemd hands over: sd_listen_fds(3)."""

TRY_AGAIN = 10.0
SAY_AGAIN = 3600.0
"""Seconds until the start is tried again, and until the same reason is said again."""

Made = TypeVar("Made")


def handed_over(environment: Mapping[str, str]) -> socket.socket | None:
    """Return the socket that systemd handed to this process, or None."""
    if environment.get("LISTEN_FDS") != "1" or environment.get("LISTEN_PID") != str(os.getpid()):
        return None
    return socket.socket(fileno=os.dup(FIRST))


def start(
    make: Callable[[], Made],
    held: socket.socket | None,
    say: Callable[[str], object] = lambda words: print(words, file=sys.stderr, flush=True),
    clock: Callable[[], float] = time.monotonic,
) -> Made:
    """Return what `make` makes. If a Problem prevents it, report it and try again until it is fixed.

    The same is said at most once an hour. Without a socket the program ends with the sentence.
    """
    said, at = "", 0.0
    while True:
        try:
            return make()
        except Problem as problem:
            told = f"The portal does not start. {problem}"
        if held is None:
            sys.exit(told)
        if told != said or clock() - at >= SAY_AGAIN:
            said, at = told, clock()
            say(told)
        turn_away(held, TRY_AGAIN)


def turn_away(held: socket.socket, seconds: float) -> None:
    """Close each connection that comes within some seconds, unread."""
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as waiting:  # select() itself ends in an error above 1,023 open files
        waiting.register(held, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0:
            if waiting.select(left):
                with suppress(OSError):  # gone already
                    held.accept()[0].close()
