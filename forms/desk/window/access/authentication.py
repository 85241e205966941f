"""Authentication of the desk's window: the entrance of a window on this machine, a passphrase, an automatic lock.

All state is in memory and ends with the program. Pages only need `current_session()`.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import RLock

from forms.core.i18n.lazy_text import lazy_gettext
from forms.core.problem import Problem
from forms.desk.services.place import DeskPlace
from forms.desk.services.synchronising import SyncResult
from forms.desk.session import Session
from forms.web.local.entrance import Entrance

MAX_WAIT_SECONDS = 60
"""Seconds of the longest wait after wrong passphrases."""

HELD_FORM_PATHS = ("/case/", "/events/")
"""Paths of the forms whose input is kept while the desk is locked."""


def elapsed_seconds() -> float:
    """Return seconds from an arbitrary start, including the time while the machine sleeps with its lid closed.

    Python's own monotonic clock stops during sleep on Linux and macOS.
    """
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):  # for Linux and macOS; Windows has neither and needs none
        if hasattr(time, name):
            return time.clock_gettime(getattr(time, name))
    return time.monotonic()


class Locked(Exception):
    """The desk is locked: nobody has unlocked it, or it was idle for too long."""


@dataclass
class Authenticator(Entrance):
    """Authenticates the window's user, and holds the session while the desk is unlocked.

    clock: returns elapsed seconds. held_form: a form (its path and fields) that was sent while the desk was locked,
    until it is sent again or discarded. return_path: the page that was requested then. last_used: when the session was
    last used. wrong_attempts: the number of wrong passphrases in a row. not_before: the time before which no passphrase
    is accepted.
    """

    place: DeskPlace
    unlock: Callable[[DeskPlace, str | None], Session]
    idle_seconds: float
    clock: Callable[[], float] = elapsed_seconds
    session: Session | None = None
    synced: SyncResult | None = None
    held_form: tuple[str, list[tuple[str, str]]] | None = None
    return_path: str = "/"
    last_used: float = 0.0
    wrong_attempts: int = 0
    not_before: float = 0.0
    busy: RLock = field(default_factory=RLock)

    def open(self, passphrase: str | None) -> Session:
        """Unlock the desk. Raises Problem; after each wrong passphrase the next must wait twice as long."""
        with self.busy:
            wait = self.not_before - self.clock()
            if wait > 0:
                raise Problem(
                    "passphrase",
                    lazy_gettext("Please wait %(seconds)s seconds.", seconds=math.ceil(wait)),
                    "Then type it again.",
                )
            try:
                session = self.unlock(self.place, passphrase)
            except Problem as problem:
                if problem.where == "passphrase":
                    self.wrong_attempts += 1
                    self.not_before = self.clock() + min(MAX_WAIT_SECONDS, 2 ** (self.wrong_attempts - 1))
                raise
            self.session, self.wrong_attempts, self.last_used = session, 0, self.clock()
            return session

    def hold(self, path: str, fields: Iterable[tuple[str, str]]) -> None:
        """Keep the form of a case or an event until the desk is unlocked. Others, like passphrases, are not kept."""
        pairs = [(name, value) for name, value in fields if name != "form_token"]
        if pairs and path.startswith(HELD_FORM_PATHS):
            self.held_form = (path, pairs)

    def drop(self) -> None:
        """Delete the held form, after it was sent or discarded."""
        self.held_form = None

    def lock(self) -> None:
        """Drop the session and everything that it has decrypted."""
        with self.busy:
            if self.session is not None:
                self.session.lock()
            self.session = self.synced = None

    def lock_if_idle(self) -> None:
        """Lock the desk if it was idle for too long."""
        with self.busy:
            if self.session is not None and self.clock() - self.last_used > self.idle_seconds:
                self.lock()
