"""Tell the operator of the server when no letter can be kept, and when it can again.

A thread that checks every ten seconds logs one sentence, at most once an hour for each kind of fault. So the time of a
line in the log is that of a check, and not of a letter. Faults that only a request met are logged minutes later.
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

REPEAT_AFTER = 3600.0
"""Seconds until the same sentence is logged again."""

MAX_DELAY = 600
"""Seconds within which a fault that only a request met is logged, at a random time."""

WHERE = ("concerns", "sign-ups and requests")
PORTAL = "portal"

_MEANINGS = {**MEANINGS, "budget": "the budget of disk is used up. Let desks fetch, or raise PORTAL_BUDGET"}
_KINDS = [(where, fault) for where in WHERE for fault in (*FAULTS, "budget")]
_SLOT = struct.Struct("ddd")


@dataclass
class _Slot:
    """For one kind of fault: when it occurred last, when it may first be logged, and when it was logged (0: never)."""

    occurred: float = 0.0
    due: float = 0.0
    logged: float = 0.0


@dataclass
class OperatorLog:
    """Collects faults from all threads and, in memory that forked processes share, from all workers.

    watched: whether a thread checks regularly. If none does, a fault that a request meets is logged at once.
    """

    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    watched: bool = False
    _shared: mmap.mmap = field(default_factory=lambda: mmap.mmap(-1, _SLOT.size * len(_KINDS)))
    _portal_logged: tuple[str, float] = ("", 0.0)
    _salt_logged: tuple[str, float] = ("", 0.0)

    def record_request_fault(self, where: str, fault: str) -> None:
        """Record a fault that a request met."""
        slot = self._read(where, fault)
        slot.occurred = self.clock()
        slot.due = slot.due or (slot.occurred + secrets.randbelow(MAX_DELAY) if self.watched else slot.occurred)
        self._write(where, fault, slot)
        if not self.watched:
            self.log_faults()

    def record_check_fault(self, where: str, fault: str) -> None:
        """Record a fault that a regular check found."""
        now = self.clock()
        self._write(where, fault, _Slot(now, now, self._read(where, fault).logged))

    def record_success(self, where: str) -> None:
        """Record that a regular check found no fault; log it for faults that were logged before.

        A fault stays that occurred since the last check.
        """
        for fault in (fault for other, fault in _KINDS if other == where):
            slot = self._read(where, fault)
            if slot.logged and self.clock() - slot.occurred > 2 * CHECK_INTERVAL:
                self._write(where, fault, _Slot())
                self.tell(f"The database of {where} takes letters again ({fault}: mended).")

    @property
    def is_troubled(self) -> bool:
        """Whether there is a fault that is not mended yet."""
        return any(self._read(where, fault).due for where, fault in _KINDS)

    def log_faults(self) -> None:
        """Log the faults that are due and were not logged within the hour."""
        now = self.clock()
        for where, fault in _KINDS:
            slot = self._read(where, fault)
            is_new = slot.due and slot.occurred > slot.logged and now >= slot.due
            if is_new and (not slot.logged or now - slot.logged >= REPEAT_AFTER):
                self._write(where, fault, _Slot(slot.occurred, slot.due, now))
                self.tell(f"The database of {where}: {_MEANINGS[fault]}. Until then people are told: not sent.")

    def log_portal(self, problem: str) -> None:
        """Log what is wrong with portal.json, or that it is mended."""
        previous, logged_at = self._portal_logged
        now = self.clock()
        if problem and (problem != previous or now - logged_at >= REPEAT_AFTER):
            self._portal_logged = problem, now
            self.tell(f"The new portal.json is not taken, the one before stays in force. {problem}")
        elif previous and not problem:
            self._portal_logged = "", now
            self.tell("The new portal.json is in force.")

    def log_salt(self, problem: str) -> None:
        """Log what is wrong with the salt on the disk, while the service still has it in memory, or that it is back."""
        previous, logged_at = self._salt_logged
        now = self.clock()
        if problem and (problem != previous or now - logged_at >= REPEAT_AFTER):
            self._salt_logged = problem, now
            self.tell(problem)
        elif previous and not problem:
            self._salt_logged = "", now
            self.tell("The salt is back.")

    def _read(self, where: str, fault: str) -> _Slot:
        return _Slot(*_SLOT.unpack_from(self._shared, _KINDS.index((where, fault)) * _SLOT.size))

    def _write(self, where: str, fault: str, slot: _Slot) -> None:
        offset = _KINDS.index((where, fault)) * _SLOT.size
        _SLOT.pack_into(self._shared, offset, slot.occurred, slot.due, slot.logged)


CHECK_INTERVAL = 10.0
"""Seconds between two checks."""


class Leader:
    """Whether this process is the one of several that runs the checks: the one with a lock on the data folder.

    The system releases the lock when the process ends, however it ends. Without such locks, every process is the one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock_file: int | None = None

    def __call__(self) -> bool:
        """Return whether this process has the lock, and take it if it is free."""
        if self._lock_file is None:
            with suppress(OSError):
                self._lock_file = _lock(self._folder)
        return self._lock_file is not None

    def close(self) -> None:
        """Release the lock, so that another process can take it."""
        if self._lock_file is not None and self._lock_file >= 0:
            os.close(self._lock_file)
        self._lock_file = None


def _lock(folder: Path) -> int:
    """Return the descriptor of the lock, -1 without such locks. Raises OSError if another process has it."""
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
