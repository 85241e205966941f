"""Days and times as a spreadsheet writes them, brought into the one way that the tables use (ISO 8601).

A spreadsheet in India turns 2027-01-24T10:00 into 24-01-2027 10:00: the day stands first. Where the number in second
place is over 12, or the year has two digits, there is doubt; nothing is guessed, and the table's own sentence asks.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

_YEAR_FIRST = r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"
_DAY_FIRST = r"(?P<day>\d{1,2})[-/](?P<month>\d{1,2})[-/](?P<year>\d{4})"
_TIME = r"(?:(?:T|,? +)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::00)? *(?P<half>[AaPp]\.?[Mm]\.?)?)?"
_WAYS = tuple(re.compile(day + _TIME) for day in (_YEAR_FIRST, _DAY_FIRST))
_NOON, _END_OF_DAY = 12, 24

NO_HOUR = time(0, 0, 1)
"""How the rows of a table say that no hour is known. No cell says this: cells know hours and minutes, and midnight."""
_ZONE = re.compile(r"^timezone:[ \t]*[\"']?([\w/+-]+)", re.M)


def today_in(content: Path, now: datetime | None = None) -> date:
    """Return the day in the district's time zone, even where the rest of portal.yml is broken.

    now: with its time zone; without one, this moment. Where no zone can be read it is the day on this machine.
    """
    moment = now or datetime.now().astimezone()
    with suppress(OSError, ValueError):  # no file; not UTF-8; no such zone (ZoneInfoNotFoundError is a KeyError)
        found = _ZONE.search((content / "portal.yml").read_text(encoding="utf-8-sig"))
        with suppress(KeyError):
            moment = moment.astimezone(ZoneInfo(found[1])) if found else moment
    return moment.date()


def read(cell: str) -> datetime | None:
    """The day and time of a cell, midnight where it gives only a day; None where it cannot be read without doubt."""
    for way in _WAYS:
        match = way.fullmatch(cell.strip())
        if match:
            year, month, day = (int(match[name]) for name in ("year", "month", "day"))
            try:
                hour, minute = _clock(match)
                days, hour = divmod(hour, _END_OF_DAY) if (hour, minute) == (_END_OF_DAY, 0) else (0, hour)
                here = datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the district's own clock (portal.yml, timezone)
                return here + timedelta(days=days)
            except (ValueError, OverflowError):
                return None
    return None


def without_hour(day: datetime) -> datetime:
    """Return a day as rows have it that know no hour."""
    return datetime.combine(day, NO_HOUR)


def tells_hour(cell: str) -> bool:
    """Return whether a cell with a day gives its hour too: midnight is one."""
    return ":" in cell


def _clock(match: re.Match[str]) -> tuple[int, int]:
    hour, minute = int(match["hour"] or 0), int(match["minute"] or 0)
    if match["half"]:
        if not 1 <= hour <= _NOON:
            raise ValueError(hour)
        hour = hour % _NOON + (_NOON if match["half"][0] in "Pp" else 0)
    return hour, minute


_MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/]\d{4}\b")


def in_doubt(cells: Sequence[str]) -> frozenset[int]:
    """Return which cells of one column may have day and month the other way round: a cell beside them has.

    2/3/2027 is the second of March; beside 2/13/2027, which a machine set to American English wrote, nobody knows.
    """
    found = {at: match for at, cell in enumerate(cells) if (match := _MONTH_FIRST.match(cell.strip()))}
    if not any(int(match["month"]) <= _NOON < int(match["day"]) for match in found.values()):
        return frozenset()
    return frozenset(at for at, match in found.items() if match["month"] != match["day"])


def rewritten(cell: str, kind: str) -> str:
    """Return the cell of a field of this kind as the schema wants it; unchanged where it is no day, or one in doubt."""
    found = read(cell) if cell and kind in {"date", "datetime"} else None
    if found is None:
        return cell
    if kind == "datetime":
        return found.strftime("%Y-%m-%dT%H:%M")
    return cell if (found.hour, found.minute) != (0, 0) else found.strftime("%Y-%m-%d")
