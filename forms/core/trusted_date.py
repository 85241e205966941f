"""Which day it is where a clock may be wrong: one rule, for the server and for each desk's machine.

A clock that jumps is doubted. Then the day lies between two: the last one that was believed, and the one that the clock
shows. What erases or refuses goes by the earlier of them, what is kept is stamped with the later: whichever is right,
nothing is lost. The doubt ends where a second clock shows the same day, or where the clock has gone on for a while.
"""

import time
from dataclasses import dataclass, replace
from datetime import date

from forms.core.i18n.lazy_text import LazyText, lazy_gettext
from forms.core.problem import Problem

EARLIEST_DATE = date(2026, 11, 1)
"""No clock that shows an earlier day is right: there was no such program yet. Raise it with a release."""

MAX_STRIDE_DAYS = 7
"""Days between two looks at a clock after which it is believed: a long holiday without power."""

DOUBT_DAYS = 14
"""Days on which a doubted clock goes on before it is believed though no other clock was asked."""

_BESIDE = 1  # two clocks of different time zones, or near midnight


def day_here() -> date:
    """Return the day that this machine shows, by the time zone that it has now.

    Else a program whose window is open for weeks goes by the zone of its start: C libraries read it once.
    """
    if hasattr(time, "tzset"):
        time.tzset()
    return date.today()  # noqa: DTZ011 - by the machine's own zone


@dataclass(frozen=True)
class TrustedDate:
    """What is known of the day. good: the last day that was believed.

    Only while the clock is doubted, seen: the day that it shows; count: on how many days it has shown one later.
    """

    good: date
    seen: date | None = None
    count: int = 0

    @property
    def doubted(self) -> bool:
        """Whether the clock has jumped and nobody has said yet that it is right."""
        return self.seen is not None

    @property
    def shown(self) -> date:
        """The day that the clock shows."""
        return self.seen or self.good

    @property
    def earliest(self) -> date:
        """The earlier of the two days that it may be: what erases or refuses goes by it."""
        return min(self.good, self.shown)

    @property
    def latest(self) -> date:
        """The later of the two days that it may be: what is kept is stamped with it."""
        return max(self.good, self.shown)


def observe(known: TrustedDate | None, today: date) -> TrustedDate:
    """What is known after a look at the clock, which shows `today`. known: what was known before, None at first."""
    known = known or TrustedDate(max(today, EARLIEST_DATE))
    if today >= EARLIEST_DATE and abs((today - known.good).days) <= MAX_STRIDE_DAYS:
        return TrustedDate(today)
    if known.seen == today:
        return known
    count = known.count + 1 if _goes_on(known, today) else 1
    return (
        TrustedDate(today) if count > DOUBT_DAYS and today >= EARLIEST_DATE else TrustedDate(known.good, today, count)
    )


def _goes_on(known: TrustedDate, today: date) -> bool:
    """Return whether a doubted clock has gone forward, and not from one side of the last good day to the other."""
    return known.seen is not None and known.seen < today and (known.seen < known.good) == (today < known.good)


def confirm(known: TrustedDate, told: date) -> TrustedDate:
    """What is known after a second clock showed the day `told`. It has no say where the first is not in doubt."""
    if known.seen is None:
        return known
    if known.seen >= EARLIEST_DATE and abs((told - known.seen).days) <= _BESIDE:
        return TrustedDate(known.seen)
    return replace(known, count=0)


def server_clock_warning(known: TrustedDate) -> str:
    """Return why the server erases nothing for its age just now, in sentences; empty where its clock is believed."""
    return _doubt(known, lazy_gettext("The server's clock"), lazy_gettext("a desk that fetches"))


def machine_clock_warning(known: TrustedDate) -> str:
    """The same of a desk's machine."""
    return _doubt(known, lazy_gettext("This machine's clock"), lazy_gettext("the server"))


def _doubt(known: TrustedDate, which: LazyText, other: LazyText) -> str:
    if not known.doubted:
        return ""
    return Problem(
        which,
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
