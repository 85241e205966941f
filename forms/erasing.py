"""What has been kept as long as portal.yml says is erased: by the server itself, whether or not anybody asks."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta

from forms.delivery import Office
from forms.store.base import NotKept

LOOSE_PART_DAYS = 2
"""Days that a photo waits for its letter."""

LOOK_AGAIN = 3600.0
"""Seconds until the clock-work looks whether a new day has come, or tries again where the store was away."""


def erase_old(office: Office, today: date) -> None:
    """Erase what has been kept as long as portal.yml says. Raises NotKept."""
    keep = office.portal.keep
    last_days = {event.id: event.last_day for event in office.portal.events}
    office.signups.erase(today - timedelta(days=keep["signups_days"]), last_days)
    stores = {"concerns_days": office.concerns, "requests_days": office.requests}
    for name, store in stores.items():
        store.erase_loose_parts(today - timedelta(days=LOOSE_PART_DAYS))
        store.release(office.portal.members)
        store.erase(today - timedelta(days=keep.get(name, keep["concerns_days"])))


class OnceADay:
    """Erases at most once a day; where the store is away, the next call tries again. Safe from several threads."""

    def __init__(self, office: Callable[[], Office], today: Callable[[], date]) -> None:
        self._office, self._today = office, today
        self._done: date | None = None
        self._one = threading.Lock()

    def __call__(self) -> None:
        """Erase if this day has not seen it yet."""
        today = self._today()
        if self._done == today:
            return
        with self._one, suppress(NotKept):
            if self._done != today:
                erase_old(self._office(), today)
                self._done = today


class ClockWork(threading.Thread):
    """Erases while nobody asks: a thread that looks every hour whether a new day has come."""

    def __init__(self, erase: Callable[[], None], every: float = LOOK_AGAIN) -> None:
        super().__init__(name="erasing", daemon=True)
        self._erase, self._every = erase, every
        self._end = threading.Event()

    def run(self) -> None:
        """Look now, and then again and again until stopped."""
        while True:
            self._erase()
            if self._end.wait(self._every):
                return

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self._end.set()
        self.join()
