"""Keep the dates that a desk has seen in `day.json` (days only). The rule is in forms/core/trusted_date.py."""

import json
from contextlib import suppress
from datetime import date
from pathlib import Path

from forms.core.files.durable import write_safely
from forms.core.trusted_date import WRITTEN, TrustedDate, hear, look


class DayFile:
    """What is known of the day on this machine; its second clock is the server's."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "day.json"

    def look(self, today: date) -> TrustedDate:
        """Return what is known now that this machine's clock shows `today`."""
        return self._keep(look(self._remembered(), today))

    def hear(self, today: date, told: date) -> TrustedDate:
        """The same, after the server's clock showed the day `told`."""
        return self._keep(hear(look(self._remembered(), today), told))

    def _remembered(self) -> TrustedDate | None:
        try:
            row = json.loads(self._path.read_text(encoding="utf-8"))
            seen = row["seen"] and date.fromisoformat(row["seen"])
            return TrustedDate(date.fromisoformat(row["good"]), seen, int(row["count"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return TrustedDate(WRITTEN)  # damaged: the clock is doubted until the server's agrees

    def _keep(self, known: TrustedDate) -> TrustedDate:
        if known != self._remembered():
            row = {"good": known.good.isoformat(), "seen": known.seen and known.seen.isoformat(), "count": known.count}
            with suppress(OSError):  # a full disk keeps nobody from reading; the older day errs on the safe side
                write_safely(self._path, json.dumps(row).encode())
        return known
