"""Waiting in tests: until something is so, however slow this machine is just now; and ports that nobody else takes.

A test that sleeps for a while and hopes fails on a busy machine. tests/test_patience.py keeps such sleeps out.
"""

import fcntl
import os
import random
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")

PATIENCE = 300.0
"""Seconds after which a test gives up on what must happen. Where all is well nobody waits for them."""

PORTS = range(20_000, 32_000)
"""Below those that the system gives to connections by itself (32,768 and more): none of them takes one meanwhile."""

_reserved: list[int] = []


def until(ask: Callable[[], Found], page: Any = None, times: int = 1) -> Found:
    """Ask until the answer is true, and return it; give up after so many times PATIENCE.

    page: lets the events of this page through meanwhile (routes, requests), which a sleep would hold up.
    """
    give_up = time.monotonic() + times * PATIENCE
    while not (found := ask()):
        assert time.monotonic() < give_up, f"it did not happen within {times * PATIENCE:.0f} seconds"
        if page is None:
            time.sleep(0.02)
        else:
            page.wait_for_timeout(50)
    return found


def free_port() -> int:
    """A port of 127.0.0.1 that this process alone has till it ends, although its server may start later or twice.

    A port that the system names is free again at once, and is given to the next connection of any test beside this one.
    """
    folder = Path(tempfile.gettempdir()) / f"ports-of-tests-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        lock = os.open(folder / str(port), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            os.close(lock)
            continue
        _reserved.append(lock)
        return port
    raise AssertionError("no port is free")
