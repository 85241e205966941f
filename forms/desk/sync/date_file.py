"""Store the trusted date of a desk in `day.json` (days only). The rule is in forms/core/trusted_date.py."""

from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from forms.core.trusted_date import EARLIEST_DATE, TrustedDate, confirm, observe
from forms.desk.state_file import DamagedFile, StateFile

_ADAPTER = TypeAdapter(TrustedDate)


def state_file(folder: Path) -> StateFile[TrustedDate]:
    """Return the file with the trusted date."""
    return StateFile(folder / "day.json", _ADAPTER, "This machine's clock is doubted until the server's agrees.")


class DateFile:
    """The trusted date of this machine; the server's clock is its second clock."""

    def __init__(self, folder: Path) -> None:
        self._file = state_file(folder)

    def update(self, today: date) -> TrustedDate:
        """Return and store the trusted date, now that this machine's clock shows `today`."""
        return self._save(observe(self._stored(), today))

    def update_from_server(self, today: date, server_day: date) -> TrustedDate:
        """Return and store the trusted date, now that the server's clock shows `server_day`."""
        return self._save(confirm(observe(self._stored(), today), server_day))

    def _stored(self) -> TrustedDate | None:
        try:
            return self._file.read()
        except DamagedFile:
            return TrustedDate(EARLIEST_DATE)  # the clock is doubted until the server's agrees

    def _save(self, known: TrustedDate) -> TrustedDate:
        if known != self._stored():
            self._file.try_to_write(known)  # if the disk is full, the older day is on the safe side
        return known
