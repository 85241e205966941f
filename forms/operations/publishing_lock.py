"""The lock that one publishing program holds at a time, from reading the content to switching the release."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from forms.core.files.durable import make_open_folder
from forms.core.files.locks import AlreadyLocked, held_too_long, locked, locked_within

WORK = "work"
"""The lock file. While it is held no other program may change the content: a build reads it."""

MAX_WAIT_SECONDS = 7200.0
"""Seconds to wait for another program that publishes: longer than the longest build waits for another one."""


@contextmanager
def publishing_lock(
    site: Path, on_wait: Callable[[], object] = lambda: None, while_waiting: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Hold the lock of publishing; wait until another program releases it.

    on_wait: called once if another program holds it; while_waiting: called every few seconds until it is released.
    Raises Problem where it is not released in time, OSError.
    """
    make_open_folder(site)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(site / WORK))
        except AlreadyLocked:
            on_wait()
            _wait(site / WORK, while_waiting, stack)
        yield


def _wait(path: Path, while_waiting: Callable[[], object], stack: ExitStack) -> None:
    """Wait for another program that publishes. Raises Problem where it does not end, OSError."""
    try:
        stack.enter_context(locked_within(path, MAX_WAIT_SECONDS, while_waiting))
    except AlreadyLocked:
        raise held_too_long(path, "publishes here") from None
