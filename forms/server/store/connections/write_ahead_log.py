"""Remove erased bytes from SQLite's write-ahead log."""

import threading
import time

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from forms.server.store.faults import NotKept

_CHECKPOINT_WAIT = 50
"""Milliseconds for which a checkpoint waits for readers, while writers wait for the checkpoint."""

_RETRY_AFTER = 1.0
"""Seconds until a write tries again to empty a log that was being read."""


class WriteAheadLog:
    """SQLite's write-ahead log, which keeps erased bytes until it is emptied. Safe to use from several threads."""

    def __init__(self, checkpoints: sa.Engine) -> None:
        """checkpoints: an engine of its own, whose connections wait only briefly."""
        self._checkpoints = checkpoints
        self._emptying = threading.Lock()
        # A process that was killed may have left something in the log: the first write checks.
        self._traces_remain, self._retry_at = True, 0.0

    def forget_traces(self) -> None:
        """Remove erased bytes now, or later if the log is being read (see `forget_when_due`). Never raises."""
        self._traces_remain = True
        self.forget_remaining_traces()

    def forget_when_due(self) -> None:
        """Try again after a write, if erased bytes remain and the pause is over."""
        if self._traces_remain and time.monotonic() >= self._retry_at:
            self.forget_remaining_traces()

    def forget_remaining_traces(self) -> None:
        """Try again now, if erased bytes remain."""
        if not self._traces_remain or self._checkpoints.dialect.name != "sqlite":
            return
        with self._emptying:
            self._retry_at = time.monotonic() + _RETRY_AFTER
            self._traces_remain = False  # before emptying: another thread may erase something meanwhile and set it
            if not self._empty():
                self._traces_remain = True

    def _empty(self) -> bool:
        """Return whether the log could be emptied."""
        try:
            with self._checkpoints.connect() as connection:
                # The passive checkpoint blocks nobody, and leaves little for the second one, which blocks writers.
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
                connection.exec_driver_sql(f"PRAGMA busy_timeout={_CHECKPOINT_WAIT}")
                return not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        except (SQLAlchemyError, NotKept):
            return False
