"""What has been kept as long as portal.yml says is erased: by the server itself, whether or not anybody asks."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta

from forms.core.trusted_date import TrustedDate, observe, server_clock_warning
from forms.server.services.daily_statement import make_statement
from forms.server.services.mailbox import Services
from forms.server.store.erasures import MARKS_KEPT_DAYS, delete_old_marks
from forms.server.store.faults import NotKept

LOOSE_PART_DAYS = 2
"""Days that a photo waits for its letter."""

LOOK_AGAIN = 10.0
"""Seconds until the thread checks again whether a new day has come and all is well."""


def erase_old(services: Services, known: TrustedDate) -> None:
    """Erase what has been kept as long as portal.yml says, by the earliest day that it may be. Raises NotKept."""
    keep, today = services.portal.days_kept, known.earliest
    restored = today - timedelta(days=keep("concerns_days"))
    for store in (services.concerns, services.signups):
        delete_old_marks(
            store,
            erased_before=today - timedelta(days=MARKS_KEPT_DAYS),
            restored_before=restored,
            latest=known.latest,
        )
    last_days = {event.id: event.last_day for event in services.portal.events}
    services.signups.erase(today - timedelta(days=keep("signups_days")), last_days)
    for box in services.mailboxes:
        letters = box.store.retention
        if letters.is_empty():
            continue  # as at the first start
        letters.correct_future_days(known.latest)
        letters.erase_loose_parts(today - timedelta(days=LOOSE_PART_DAYS))
        letters.delete_taken_texts(services.portal.members, services.portal.recoverable)
        letters.erase(today - timedelta(days=keep(box.keep)))


class DailyRetention:
    """Tracks the day and erases at most once a day; where the store is away, the next call tries again.

    clock: returns the day that this machine shows, in the portal's time zone. While it is doubted, each call looks
    whether it still is. Safe from several threads.
    """

    def __init__(self, services: Callable[[], Services], clock: Callable[[], date]) -> None:
        self._services, self.clock = services, clock
        self._known: TrustedDate | None = None
        self._erased: TrustedDate | None = None
        self._one = threading.Lock()

    @property
    def known(self) -> TrustedDate:
        """What is known of the day; reads no store, so it works while the database is away."""
        return observe(self._known, self.clock())

    def __call__(self) -> str:
        """Erase unless that was done today. Return a sentence for the operator, or ""."""
        if not self._is_done():
            with self._one, suppress(NotKept):
                if not self._is_done():
                    self._erase()
        return server_clock_warning(self.known)

    def _is_done(self) -> bool:
        return self._erased == TrustedDate(self.clock())

    def _erase(self) -> None:
        services = self._services()
        self._known = services.days.record_server_day(self.clock())
        if self._known != self._erased:
            erase_old(services, self._known)
            make_statement(services, self._known.earliest)
            self._erased = self._known


class RetentionThread(threading.Thread):
    """Erases while nobody asks: a thread that looks every ten seconds whether a new day has come, and all is well.

    This thread writes the log, and no request does: each line of a log has a time, which would be a request's.
    """

    def __init__(
        self,
        erase: Callable[[], str],
        tell: Callable[[str], None],
        every: float = LOOK_AGAIN,
        watch: Callable[[], None] = lambda: None,
        failed: Callable[[], object] = lambda: None,
    ) -> None:
        """failed: called while an unforeseen error is handled; the thread goes on."""
        super().__init__(name="erasing", daemon=True)
        self._erase, self._tell, self.every, self._watch, self._failed = erase, tell, every, watch, failed
        self._told = ""
        self.end = threading.Event()

    def run(self) -> None:
        """Look at once, then at intervals until stopped. A message that has not changed is logged once."""
        while True:
            for step in (self._look, self._watch):
                try:
                    step()
                except Exception:  # noqa: BLE001 - else nobody would erase or watch until the next start
                    self._failed()
            if self.end.wait(self.every):
                return

    def _look(self) -> None:
        said = self._erase()
        if said and said != self._told:
            self._tell(said)
        self._told = said

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self.end.set()
        self.join()
