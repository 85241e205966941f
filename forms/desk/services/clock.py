"""This machine's clock, and what is known of the day beyond what it shows."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from forms.core.trusted_date import TrustedDate
from forms.desk.sync.client import Server
from forms.desk.sync.date_file import DayFile


class Clock:
    """The clock of one desk's machine. today: returns the day that it shows."""

    def __init__(self, folder: Path, today: Callable[[], date]) -> None:
        self.today = today
        self._days = DayFile(folder)

    @property
    def known_day(self) -> TrustedDate:
        """The day by this machine and what the server has confirmed of it: retention uses it."""
        return self._days.look(self.today())

    def compare(self, server: Server) -> TrustedDate:
        """Compare this machine's clock and the server's; return the day that is believed.

        A clock that one of them doubts is believed where the other shows the same day. Raises Problem.
        """
        today, here = self.today(), server.is_this_machine
        there = server.day(None if here else today)
        if not here:
            self._days.hear(today, there.shown)
        return there
