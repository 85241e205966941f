"""Days and times as a spreadsheet writes them, brought into the one way that the tables use (ISO 8601).

A spreadsheet in India turns 2027-01-24T10:00 into 24-01-2027 10:00: the day stands first. Offices write 24.01.2027,
9.30 and 10 am. Where the number in second place is over 12, or the year has two digits, there is doubt; nothing is
guessed, and the table's own sentence asks.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from forms.core.i18n.digits import plain_number
from forms.core.i18n.lazy_text import lazy_gettext as _

_YEAR_FIRST = r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
_DAY_FIRST = r"(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4})"
_MONTH_BY_NAME = r"(?P<day>\d{1,2})(?:[-/.]| *)(?P<month>[A-Za-z]{3,9})(?:[-/.]|,? *)(?P<year>\d{4})"
_HALF = r"(?P<half>[AaPp]\.?[Mm]\.?)"
_FULL_HOUR = _HALF.replace("half", "full")
_TIME = rf"(?:(?:T|,? +)(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d\d)(?:[:.]00)?(?: *{_HALF})?| *{_FULL_HOUR}))?"
_WAYS = tuple(re.compile(day + _TIME) for day in (_YEAR_FIRST, _DAY_FIRST, _MONTH_BY_NAME))
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip
_NOON, _END_OF_DAY = 12, 24

NO_HOUR = time(0, 0, 1)
"""How the rows of a table say that no hour is known. No cell says this: cells know hours and minutes, and midnight."""


def read(cell: str) -> datetime | None:
    """The day and time of a cell, midnight where it gives only a day; None where it cannot be read without doubt."""
    plain = plain_number(cell)  # spreadsheets write spaces, hyphens and digits that only look like the usual ones
    for way in _WAYS:
        match = way.fullmatch(plain)
        if match:
            try:
                year, month, day = int(match["year"]), _month(match["month"]), int(match["day"])
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
    plain = plain_number(cell)
    return any(match["hour"] is not None for way in _WAYS if (match := way.fullmatch(plain)))


def _month(word: str) -> int:
    """Return the number of a month that is written in digits or, in English, by its name or its first letters."""
    if word.isdigit():
        return int(word)
    return next(at for at, name in enumerate((*_MONTHS, word.lower()), start=1) if name.startswith(word.lower()))


def _clock(match: re.Match[str]) -> tuple[int, int]:
    """Return hour and minute of a time. Raises ValueError for an hour that no clock of twelve hours shows."""
    hour, minute, half = int(match["hour"] or 0), int(match["minute"] or 0), match["half"] or match["full"]
    if half:
        if not 1 <= hour <= _NOON:
            raise ValueError(hour)
        hour = hour % _NOON + (_NOON if half[0] in "Pp" else 0)
    return hour, minute


_STORED = re.compile(r"(?P<days>[3-7]\d{4})(?:[.,]\d+)?", re.A)
_SHORT_YEAR = re.compile(r"\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\d\d(?!\d).*")
_OF_A_ZONE = re.compile(r".*\d(?:Z|[+-]\d\d:?\d\d)", re.I)
_EPOCH = date(1899, 12, 30)
"""Day 0 of spreadsheets (ECMA-376, 18.17.4.1, the 1900 date base)."""


def hint(cell: str) -> str:
    """Return what to do about a cell that is no day, by what it looks like; "" where it looks like nothing known."""
    cell = plain_number(cell)
    if stored := _STORED.fullmatch(cell):
        day = _EPOCH + timedelta(days=int(stored["days"]))
        return _(
            "A spreadsheet counts %(day)s like this: give the column the format of a date, and save again.", day=day
        )
    if _SHORT_YEAR.fullmatch(cell):
        return _("Write the year with four digits.")
    if ":" in cell and _OF_A_ZONE.fullmatch(cell):
        return _("Write what the clock in the district shows, without Z or the hours after it.")
    return ""


_MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/]\d{4}\b")


def in_doubt(cells: Sequence[str]) -> frozenset[int]:
    """Return which cells of one column may have day and month the other way round: a cell beside them has.

    2/3/2027 is the second of March; beside 2/13/2027, which a machine set to American English wrote, nobody knows.
    """
    found = {at: match for at, cell in enumerate(cells) if (match := _MONTH_FIRST.match(plain_number(cell)))}
    if not any(int(match["month"]) <= _NOON < int(match["day"]) for match in found.values()):
        return frozenset()
    return frozenset(at for at, match in found.items() if match["month"] != match["day"])


def rewritten(cell: str, kind: str) -> str:
    """Return the cell in the form that the schema requires; unchanged where it is no day, or one in doubt."""
    found = read(cell) if cell and kind in {"date", "datetime"} else None
    if found is None:
        return cell
    if kind == "datetime":
        return found.strftime("%Y-%m-%dT%H:%M")
    return cell if (found.hour, found.minute) != (0, 0) else found.strftime("%Y-%m-%d")
