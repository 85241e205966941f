"""Keep the dates that a desk has seen in `day.json` (days only). The rule is in forms/core/trusted_date.py."""

from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.trusted_date import EARLIEST_DATE, TrustedDate, confirm, observe
from forms.desk.state_file import Damaged, StateFile

_ADAPTER = TypeAdapter(TrustedDate)


def state_file(folder: Path) -> StateFile[TrustedDate]:
    """Return the file with the dates."""
    return StateFile(folder / "day.json", _ADAPTER, "This machine's clock is doubted until the server's agrees.")


class DayFile:
    """What is known of the day on this machine; its second clock is the server's."""

    def __init__(self, folder: Path) -> None:
        self._file = state_file(folder)

    def look(self, today: date) -> TrustedDate:
        """Return what is known now that this machine's clock shows `today`."""
        return self._keep(observe(self._remembered(), today))

    def hear(self, today: date, told: date) -> TrustedDate:
        """Return the dates after the server's clock showed the day `told`."""
        return self._keep(confirm(observe(self._remembered(), today), told))

    def _remembered(self) -> TrustedDate | None:
        try:
            return self._file.read()
        except Damaged:
            return TrustedDate(EARLIEST_DATE)  # the clock is doubted until the server's agrees

    def _keep(self, known: TrustedDate) -> TrustedDate:
        if known != self._remembered():
            self._file.try_to_write(known)  # where the disk is full the older day errs on the safe side
        return known
