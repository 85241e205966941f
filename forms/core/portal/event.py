"""A public event of the portal."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from forms.core.portal.text import Text

OPEN_STATES = frozenset({"planned", "moved"})
"""States of an event that has not taken place yet."""


@dataclass(frozen=True)
class Event:
    """A public event, or a part of one; no capacity, no sign-up.

    starts, ends: local times like 2027-01-24T10:00, or days if no hour is known. was: the start before it was moved.
    state: planned, moved, cancelled or held. series: id of the repeating row that this is a day of. spoken: BCP 47
    codes. children, women_officers, step_free: None if unknown. report: name of the page about its outcome, like
    meetings/2027-01.
    """

    id: str
    title: Text
    where: Text
    place: str
    starts: str
    ends: str
    capacity: int | None
    state: str
    example: bool
    kind: str = ""
    what: Text = field(default_factory=dict)
    part_of: str = ""
    series: str = ""
    was: str = ""
    spoken: tuple[str, ...] = ()
    free: Text = field(default_factory=dict)
    children: bool | None = None
    women_officers: bool | None = None
    step_free: bool | None = None
    map_link: str = ""
    outcome: Text = field(default_factory=dict)
    report: str = ""
    source: str = ""

    @property
    def takes_place(self) -> bool:
        """Whether it is still to take place, on this day or another: neither cancelled nor held."""
        return self.state in OPEN_STATES

    def takes_signups(self, today: date) -> bool:
        """Return whether people can sign up: until the day before it starts. Its day itself is for walk-ins."""
        return self.capacity is not None and self.takes_place and self.day > today

    @property
    def time(self) -> str:
        """The time when it starts, like 10:00; empty if only the day is known."""
        return self.starts[11:16]

    @property
    def end_time(self) -> str:
        """The time when it ends, or empty. Midnight is 24:00, the end of its last day."""
        return "24:00" if self._ends_at_midnight else self.ends[11:16]

    @property
    def day(self) -> date:
        """The day it starts."""
        return datetime.fromisoformat(self.starts).date()

    @property
    def last_day(self) -> date:
        """The day when it ends. An event that ends at midnight ends on the day before."""
        day = datetime.fromisoformat(self.ends or self.starts).date()
        return day - timedelta(days=1) if self._ends_at_midnight else day

    @property
    def _ends_at_midnight(self) -> bool:
        return self.ends[11:16] == "00:00" and self.ends[:10] > self.starts[:10]
