"""One program at a time publishes: from the content to the release, and for the switch itself."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from forms.core.files.durable import make_open_folder
from forms.core.files.locks import AlreadyLocked, held_too_long, locked, locked_within

WORK = "work"
"""Held while content is taken, built and put into use: nobody may change it under a build."""

LONGEST_WAIT = 7200.0
"""Seconds to wait for another program that publishes: longer than the longest build waits for another one."""


@contextmanager
def at_work(
    site: Path, waiting: Callable[[], object] = lambda: None, meanwhile: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Hold the work of publishing, from the content to the release, for this program alone; wait for another's end.

    waiting: told once that another is at work; meanwhile: called every few seconds until that has ended. Raises Problem
    where it does not end, OSError.
    """
    make_open_folder(site)
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(site / WORK))
        except AlreadyLocked:
            waiting()
            _wait_for_work(site / WORK, meanwhile, stack)
        yield


def _wait_for_work(path: Path, meanwhile: Callable[[], object], stack: ExitStack) -> None:
    """Wait for another program that publishes. Raises Problem where it does not end, OSError."""
    try:
        stack.enter_context(locked_within(path, LONGEST_WAIT, meanwhile))
    except AlreadyLocked:
        raise held_too_long(path, "publishes here") from None
