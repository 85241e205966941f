"""What whoever runs the server must know: that no letter can be kept, and when it can again.

Said in one sentence, at most once an hour for each kind, by a thread that looks every ten seconds by itself: the time
of a line in the log is that of a look, not of a letter. Faults that only a request met are said minutes later.
"""

import mmap
import os
import secrets
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from forms.server.store.faults import FAULTS, MEANINGS

AGAIN = 3600.0
"""Seconds until the same is said once more."""

LATER = 600
"""Seconds within which a fault is said that no look of our own has met, at a moment of chance."""

WHERE = ("concerns", "sign-ups and requests")
PORTAL = "portal"

_WHAT = {**MEANINGS, "budget": "the budget of disk is used up. Let desks fetch, or raise PORTAL_BUDGET"}
_KINDS = [(where, what) for where in WHERE for what in (*FAULTS, "budget")]
_SLOT = struct.Struct("ddd")


@dataclass
class _Slot:
    """Of one kind of fault: when it occurred last, when it may next be logged, and when it was logged (0: never)."""

    met: float = 0.0
    due: float = 0.0
    said: float = 0.0


@dataclass
class OperatorLog:
    """Collects faults from all threads and, in memory that forked processes share, from all workers.

    watched: whether a thread looks regularly; where none does, what a request meets is said at once.
    """

    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    watched: bool = False
    _shared: mmap.mmap = field(default_factory=lambda: mmap.mmap(-1, _SLOT.size * len(_KINDS)))
    _portal_said: tuple[str, float] = ("", 0.0)
    _salt_said: tuple[str, float] = ("", 0.0)

    def met(self, where: str, what: str) -> None:
        """Record a fault that a request met."""
        slot = self._read(where, what)
        slot.met = self.clock()
        slot.due = slot.due or (slot.met + secrets.randbelow(LATER) if self.watched else slot.met)
        self._write(where, what, slot)
        if not self.watched:
            self.say()

    def found(self, where: str, what: str) -> None:
        """Record a fault that a check of our own found."""
        now = self.clock()
        self._write(where, what, _Slot(now, now, self._read(where, what).said))

    def works(self, where: str) -> None:
        """A look of our own wrote there and found nothing wrong. Faults met since the last look are left standing."""
        for what in (what for one, what in _KINDS if one == where):
            slot = self._read(where, what)
            if slot.said and self.clock() - slot.met > 2 * LOOK_EVERY:
                self._write(where, what, _Slot())
                self.tell(f"The database of {where} takes letters again ({what}: mended).")

    @property
    def is_troubled(self) -> bool:
        """Return whether something was met that is not mended yet."""
        return any(self._read(where, what).due for where, what in _KINDS)

    def say(self) -> None:
        """Say what is due and was not said within the hour."""
        now = self.clock()
        for where, what in _KINDS:
            slot = self._read(where, what)
            if slot.due and slot.met > slot.said and now >= slot.due and (not slot.said or now - slot.said >= AGAIN):
                self._write(where, what, _Slot(slot.met, slot.due, now))
                self.tell(f"The database of {where}: {_WHAT[what]}. Until then people are told: not sent.")

    def say_of_portal(self, problem: str) -> None:
        """Say what is wrong with portal.json, or that it is mended."""
        before, at = self._portal_said
        now = self.clock()
        if problem and (problem != before or now - at >= AGAIN):
            self._portal_said = problem, now
            self.tell(f"The new portal.json is not taken, the one before stays in force. {problem}")
        elif before and not problem:
            self._portal_said = "", now
            self.tell("The new portal.json is in force.")

    def say_of_salt(self, problem: str) -> None:
        """Say what is wrong with the salt on the disk, while the service still has it, or that it is back."""
        before, at = self._salt_said
        now = self.clock()
        if problem and (problem != before or now - at >= AGAIN):
            self._salt_said = problem, now
            self.tell(problem)
        elif before and not problem:
            self._salt_said = "", now
            self.tell("The salt is back.")

    def _read(self, where: str, what: str) -> _Slot:
        return _Slot(*_SLOT.unpack_from(self._shared, _KINDS.index((where, what)) * _SLOT.size))

    def _write(self, where: str, what: str, slot: _Slot) -> None:
        at = _KINDS.index((where, what)) * _SLOT.size
        _SLOT.pack_into(self._shared, at, slot.met, slot.due, slot.said)


LOOK_EVERY = 10.0
"""Seconds between two looks."""


class Leader:
    """Whether this process is the one of several that looks: whoever holds a lock on the data folder.

    The system takes the lock back when the process ends, however it ends. Where there are no such locks, each is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: int | None = None

    def __call__(self) -> bool:
        """Whether it is, from now on."""
        if self._held is None:
            with suppress(OSError):
                self._held = _lock(self._folder)
        return self._held is not None

    def close(self) -> None:
        """Leave it to another process."""
        if self._held is not None and self._held >= 0:
            os.close(self._held)
        self._held = None


def _lock(folder: Path) -> int:
    """Return a descriptor that holds the lock; raises OSError where another process does."""
    try:
        import fcntl  # noqa: PLC0415 - POSIX has it

        descriptor = os.open(folder, os.O_RDONLY)
    except (ImportError, FileNotFoundError):
        return -1
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
