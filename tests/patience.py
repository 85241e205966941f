"""Wait in tests for a condition, however slow the machine is; and reserve ports that no other process takes.

A test that sleeps for a fixed time fails on a busy machine. tests/test_patience.py refuses such sleeps.
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

Result = TypeVar("Result")

PATIENCE = 300.0
"""Seconds after which a test gives up. A passing test never waits that long."""

PORTS = range(20_000, 32_000)
"""Below the ephemeral ports that the system gives to connections (32,768 and more), so that none of those takes one."""

_reserved: list[int] = []


def until(condition: Callable[[], Result], page: Any = None, times: int = 1) -> Result:
    """Evaluate a condition until it is true, and return its value. Fails after `times` PATIENCE.

    page: handle the events of this page meanwhile (routes, requests), which a sleep would block.
    """
    deadline = time.monotonic() + times * PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, f"it did not happen within {times * PATIENCE:.0f} seconds"
        if page is None:
            time.sleep(0.02)
        else:
            page.wait_for_timeout(50)
    return result


def free_port() -> int:
    """Return a port of 127.0.0.1 reserved for this process until it ends; its server may start later or twice.

    A port chosen by the system is free again at once, and may be given to the next connection of another test.
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
