"""This machine's clock, and the day as confirmed by the server's clock."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from forms.core.trusted_date import TrustedDate
from forms.desk.sync.client import Server
from forms.desk.sync.date_file import DateFile


class Clock:
    """The clock of one desk's machine. today: a function that returns the day by this clock."""

    def __init__(self, folder: Path, today: Callable[[], date]) -> None:
        self.today = today
        self._dates = DateFile(folder)

    @property
    def known_day(self) -> TrustedDate:
        """The day by this machine's clock and as confirmed by the server, which retention relies on."""
        return self._dates.update(self.today())

    def compare(self, server: Server) -> TrustedDate:
        """Compare this machine's clock with the server's; return the server's day.

        A doubted clock is trusted again once the other clock shows the same day. Raises Problem.
        """
        today, is_local = self.today(), server.is_this_machine
        server_day = server.day(None if is_local else today)
        if not is_local:
            self._dates.update_from_server(today, server_day.shown)
        return server_day
