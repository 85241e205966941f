"""Authentication of the desk's window: the entrance of a window on this machine, a passphrase, an automatic lock.

All of it lives in memory and ends with the program. Pages ask `current_session()`; who adds pages needs that, and
nothing else from here.
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

LONGEST_WAIT = 60
"""Seconds to wait at most after wrong passphrases."""

HELD_FORM_PATHS = ("/case/", "/events/")
"""Where the forms stand whose words are held while the desk is locked."""


def passed() -> float:
    """Return seconds from anywhere, which go on while the machine sleeps: its lid may be closed over an open desk.

    Python's own monotonic clock stands still then on Linux and macOS.
    """
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):  # Linux' and macOS' own; Windows has neither, and needs none
        if hasattr(time, name):
            return time.clock_gettime(getattr(time, name))
    return time.monotonic()


class Locked(Exception):
    """Nobody has unlocked the desk, or it was left alone for too long."""


@dataclass
class Authenticator(Entrance):
    """Who may come in, and the unlocked session while there is one.

    `clock` counts seconds from anywhere; `held` is a form (its path and fields) that came after the lock had fallen,
    until it is sent or thrown away; `back` the page asked for then.
    """

    place: DeskPlace
    unlock: Callable[[DeskPlace, str | None], Session]
    idle_seconds: float
    clock: Callable[[], float] = passed
    session: Session | None = None
    synced: SyncResult | None = None
    held: tuple[str, list[tuple[str, str]]] | None = None
    back: str = "/"
    used: float = 0.0
    wrong: int = 0
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
                    self.wrong += 1
                    self.not_before = self.clock() + min(LONGEST_WAIT, 2 ** (self.wrong - 1))
                raise
            self.session, self.wrong, self.used = session, 0, self.clock()
            return session

    def hold(self, path: str, fields: Iterable[tuple[str, str]]) -> None:
        """Hold a form of a case or an event until the desk is unlocked. Others, passphrases above all, are not held."""
        pairs = [(name, value) for name, value in fields if name != "form_token"]
        if pairs and path.startswith(HELD_FORM_PATHS):
            self.held = (path, pairs)

    def drop(self) -> None:
        """Throw away what is held: it was sent, or nobody wants it."""
        self.held = None

    def lock(self) -> None:
        """Drop the session and all that it has opened."""
        with self.busy:
            if self.session is not None:
                self.session.lock()
            self.session = self.synced = None

    def lock_if_idle(self) -> None:
        """Lock where nothing was asked for too long."""
        with self.busy:
            if self.session is not None and self.clock() - self.used > self.idle_seconds:
                self.lock()
