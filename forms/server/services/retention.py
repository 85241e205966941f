"""Erase what was kept as long as portal.yml says; the server does it by itself, even without traffic."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta

from forms.core.trusted_date import TrustedDate, observe, server_clock_warning
from forms.server.services.daily_statement import make_statement
from forms.server.services.services import Services
from forms.server.store.erasures import MARKS_KEPT_DAYS, delete_old_marks
from forms.server.store.faults import NotKept

LOOSE_PART_DAYS = 2
"""Days for which a photo waits for its letter."""

CHECK_INTERVAL = 10.0
"""Seconds until the thread checks again whether a new day has begun, and whether letters can be kept."""


def erase_old(services: Services, known: TrustedDate) -> None:
    """Erase what was kept as long as portal.yml says, by the earliest day that it may be. Raises NotKept."""
    days_kept, today = services.portal.days_kept, known.earliest
    restored_before = today - timedelta(days=days_kept("concerns_days"))
    for store in (services.concerns, services.signups):
        delete_old_marks(
            store,
            erased_before=today - timedelta(days=MARKS_KEPT_DAYS),
            restored_before=restored_before,
            latest=known.latest,
        )
    last_days = {event.id: event.last_day for event in services.portal.events}
    services.signups.erase(today - timedelta(days=days_kept("signups_days")), last_days)
    for mailbox in services.mailboxes:
        letters = mailbox.store.retention
        if letters.is_empty():
            continue  # the usual case at the first start
        letters.correct_future_days(known.latest)
        letters.erase_loose_parts(today - timedelta(days=LOOSE_PART_DAYS))
        letters.delete_taken_texts(services.portal.members, services.portal.recoverable)
        letters.erase(today - timedelta(days=days_kept(mailbox.keep)))


class DailyRetention:
    """Tracks the day and erases at most once a day; if the store is unreachable, the next call tries again.

    clock: returns the day by this machine's clock, in the portal's time zone. While the clock is in doubt, each call
    checks it again. Safe to use from several threads.
    """

    def __init__(self, services: Callable[[], Services], clock: Callable[[], date]) -> None:
        self._services, self.clock = services, clock
        self._known: TrustedDate | None = None
        self._erased_on: TrustedDate | None = None
        self._erasing = threading.Lock()

    @property
    def known(self) -> TrustedDate:
        """What is known of today's date. Reads no store, so it works while the database is unreachable."""
        return observe(self._known, self.clock())

    def __call__(self) -> str:
        """Erase, unless that was done today. Return a sentence about a doubtful clock for the operator, or ""."""
        if not self._is_done():
            with self._erasing, suppress(NotKept):
                if not self._is_done():
                    self._erase()
        return server_clock_warning(self.known)

    def _is_done(self) -> bool:
        return self._erased_on == TrustedDate(self.clock())

    def _erase(self) -> None:
        services = self._services()
        self._known = services.days.record_server_day(self.clock())
        if self._known != self._erased_on:
            erase_old(services, self._known)
            make_statement(services, self._known.earliest)
            self._erased_on = self._known


class RetentionThread(threading.Thread):
    """Erases without a request: a thread that checks every ten seconds for a new day, and whether letters can be kept.

    This thread writes the log instead of requests: each line of a log has a time, which would be that of a request.
    """

    def __init__(
        self,
        erase: Callable[[], str],
        tell: Callable[[str], None],
        interval: float = CHECK_INTERVAL,
        watch: Callable[[], None] = lambda: None,
        on_error: Callable[[], object] = lambda: None,
    ) -> None:
        """on_error: called in the handler of an unforeseen error, after which the thread continues."""
        super().__init__(name="erasing", daemon=True)
        self._erase, self._tell, self.interval, self._watch, self._on_error = erase, tell, interval, watch, on_error
        self._logged = ""
        self.end = threading.Event()

    def run(self) -> None:
        """Check at once, then at intervals until stopped. A message that has not changed is logged once."""
        while True:
            for step in (self._erase_and_log, self._watch):
                try:
                    step()
                except Exception:  # noqa: BLE001 - otherwise nothing would be erased or checked until the next start
                    self._on_error()
            if self.end.wait(self.interval):
                return

    def _erase_and_log(self) -> None:
        message = self._erase()
        if message and message != self._logged:
            self._tell(message)
        self._logged = message

    def stop(self) -> None:
        """End the thread, and wait until it has ended."""
        self.end.set()
        self.join()
