"""The date on a machine whose clock may be wrong: one rule for the server and for each desk's machine.

A clock that jumps is not trusted. The date then lies between the last trusted one and the one that the clock shows.
Code that erases or refuses uses the earlier of both, and new data is stamped with the later: whichever is right,
nothing is lost. The clock is trusted again once a second clock shows the same day, or after it has run on for
DOUBT_DAYS.
"""

import time
from dataclasses import dataclass, replace
from datetime import date

from forms.core.i18n.lazy_text import LazyText, lazy_gettext
from forms.core.problem import Problem

EARLIEST_DATE = date(2026, 11, 1)
"""A clock that shows an earlier day is wrong: this program did not exist then. Raise it with a release."""

MAX_STRIDE_DAYS = 7
"""Days between two readings after which a clock is still trusted: a long holiday without power."""

DOUBT_DAYS = 14
"""Days that a doubted clock must run on before it is trusted without a second clock."""

_MAX_DIFFERENCE = 1  # days between two clocks of different time zones, or near midnight


def day_here() -> date:
    """Return the machine's date in its current time zone.

    C libraries read the zone once: without tzset, a program that runs for weeks would use that of its start.
    """
    if hasattr(time, "tzset"):
        time.tzset()
    return date.today()  # noqa: DTZ011 - by the machine's own zone


@dataclass(frozen=True)
class TrustedDate:
    """The known date. good: the last trusted day.

    Only while the clock is doubted, seen: the day that it shows; count: the days on which it has run on since.
    """

    good: date
    seen: date | None = None
    count: int = 0

    @property
    def doubted(self) -> bool:
        """Whether the clock has jumped and is not confirmed yet."""
        return self.seen is not None

    @property
    def shown(self) -> date:
        """The day that the clock shows."""
        return self.seen or self.good

    @property
    def earliest(self) -> date:
        """The earlier of the two possible days, for code that erases or refuses."""
        return min(self.good, self.shown)

    @property
    def latest(self) -> date:
        """The later of the two possible days, the stamp of new data."""
        return max(self.good, self.shown)


def observe(known: TrustedDate | None, today: date) -> TrustedDate:
    """Return the known date after the clock showed `today`. known: the one before, None at first."""
    known = known or TrustedDate(max(today, EARLIEST_DATE))
    if today >= EARLIEST_DATE and abs((today - known.good).days) <= MAX_STRIDE_DAYS:
        return TrustedDate(today)
    if known.seen == today:
        return known
    count = known.count + 1 if _continues(known, today) else 1
    return (
        TrustedDate(today) if count > DOUBT_DAYS and today >= EARLIEST_DATE else TrustedDate(known.good, today, count)
    )


def _continues(known: TrustedDate, today: date) -> bool:
    """Return whether a doubted clock has gone forward without crossing the last trusted day."""
    return known.seen is not None and known.seen < today and (known.seen < known.good) == (today < known.good)


def confirm(known: TrustedDate, reading: date) -> TrustedDate:
    """Return the known date after a second clock showed the day `reading`. It only ends a doubt, and starts none."""
    if known.seen is None:
        return known
    if known.seen >= EARLIEST_DATE and abs((reading - known.seen).days) <= _MAX_DIFFERENCE:
        return TrustedDate(known.seen)
    return replace(known, count=0)


def server_clock_warning(known: TrustedDate) -> str:
    """Return why the server does not erase old data now, in sentences; empty while its clock is trusted."""
    return _doubt(known, lazy_gettext("The server's clock"), lazy_gettext("a desk that fetches"))


def machine_clock_warning(known: TrustedDate) -> str:
    """Return why a desk's machine does not erase old data now; empty while its clock is trusted."""
    return _doubt(known, lazy_gettext("This machine's clock"), lazy_gettext("the server"))


def _doubt(known: TrustedDate, clock: LazyText, other: LazyText) -> str:
    if not known.doubted:
        return ""
    return Problem(
        clock,
        lazy_gettext(
            "It shows %(shown)s, and the last day that it surely had was %(good)s.", shown=known.shown, good=known.good
        ),
        lazy_gettext(
            "Until that is clear, nothing is erased for its age. If %(shown)s is wrong, set the clock right: nothing "
            "is "
            "lost. If it is right, it is believed once %(other)s shows the same day, or else after %(number)s days.",
            shown=known.shown,
            other=other,
            number=DOUBT_DAYS,
        ),
    ).sentence
