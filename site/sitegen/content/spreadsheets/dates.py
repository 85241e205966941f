"""Days and times as spreadsheets and people write them, converted to ISO 8601.

A spreadsheet in India turns 2027-01-24T10:00 into 24-01-2027 10:00, with the day first. Offices write 24.01.2027, 9.30
and 10 am. A year of two digits or a second number over 12 is ambiguous: it is not parsed, and the check of the table
asks for another form.
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
_PATTERNS = tuple(re.compile(day + _TIME) for day in (_YEAR_FIRST, _DAY_FIRST, _MONTH_BY_NAME))
_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip
_NOON, _END_OF_DAY = 12, 24

NO_HOUR = time(0, 0, 1)
"""The time in rows whose hour is unknown. No cell can have it: cells have no seconds, and midnight is a known hour."""


def parse(cell: str) -> datetime | None:
    """Return the day and time of a cell, midnight where it has only a day; None where it is not clearly a day."""
    plain = plain_number(cell)  # spreadsheets use look-alikes of spaces, hyphens and digits
    for pattern in _PATTERNS:
        match = pattern.fullmatch(plain)
        if match:
            try:
                year, month, day = int(match["year"]), _month(match["month"]), int(match["day"])
                hour, minute = _clock(match)
                days, hour = divmod(hour, _END_OF_DAY) if (hour, minute) == (_END_OF_DAY, 0) else (0, hour)
                local = datetime(year, month, day, hour, minute)  # noqa: DTZ001 - in the district's time zone (portal.yml)
                return local + timedelta(days=days)
            except (ValueError, OverflowError):
                return None
    return None


def with_unknown_hour(day: datetime) -> datetime:
    """Return a day with the time that marks its hour as unknown."""
    return datetime.combine(day, NO_HOUR)


def has_hour(cell: str) -> bool:
    """Return whether a cell with a day also has an hour, which may be midnight."""
    plain = plain_number(cell)
    return any(match["hour"] is not None for pattern in _PATTERNS if (match := pattern.fullmatch(plain)))


def _month(word: str) -> int:
    """Return the number of a month from its digits, its English name or the beginning of its name."""
    if word.isdigit():
        return int(word)
    word = word.lower()
    return next(number for number, name in enumerate((*_MONTHS, word), start=1) if name.startswith(word))


def _clock(match: re.Match[str]) -> tuple[int, int]:
    """Return the hour and minute of a time. Raises ValueError for an hour like 13 pm."""
    hour, minute, half = int(match["hour"] or 0), int(match["minute"] or 0), match["half"] or match["full"]
    if half:
        if not 1 <= hour <= _NOON:
            raise ValueError(hour)
        hour = hour % _NOON + (_NOON if half[0] in "Pp" else 0)
    return hour, minute


_SERIAL_NUMBER = re.compile(r"(?P<days>[3-7]\d{4})(?:[.,]\d+)?", re.A)
_SHORT_YEAR = re.compile(r"\d{1,2}[-/. ](?:\d{1,2}|[A-Za-z]{3,9})[-/. ]\d\d(?!\d).*")
_WITH_TIME_ZONE = re.compile(r".*\d(?:Z|[+-]\d\d:?\d\d)", re.I)
_EPOCH = date(1899, 12, 30)
"""Day 0 of spreadsheets (ECMA-376, 18.17.4.1, the 1900 date base)."""


def hint(cell: str) -> str:
    """Return how to correct a cell that is no day, if it looks like a known mistake, else ""."""
    cell = plain_number(cell)
    if match := _SERIAL_NUMBER.fullmatch(cell):
        day = _EPOCH + timedelta(days=int(match["days"]))
        return _(
            "A spreadsheet counts %(day)s like this: give the column the format of a date, and save again.", day=day
        )
    if _SHORT_YEAR.fullmatch(cell):
        return _("Write the year with four digits.")
    if ":" in cell and _WITH_TIME_ZONE.fullmatch(cell):
        return _("Write what the clock in the district shows, without Z or the hours after it.")
    return ""


_MONTH_FIRST = re.compile(r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/]\d{4}\b")


def ambiguous_days(cells: Sequence[str]) -> frozenset[int]:
    """Return the indexes of the cells of a column in which day and month may be exchanged.

    2/3/2027 is the second of March; but in a column with 2/13/2027, which a machine set to American English wrote, it
    may be the third of February.
    """
    matches = {index: match for index, cell in enumerate(cells) if (match := _MONTH_FIRST.match(plain_number(cell)))}
    if not any(int(match["month"]) <= _NOON < int(match["day"]) for match in matches.values()):
        return frozenset()
    return frozenset(index for index, match in matches.items() if match["month"] != match["day"])


def to_iso(cell: str, kind: str) -> str:
    """Return the cell in ISO 8601 as a field of this kind requires; unchanged where it is not clearly a day."""
    moment = parse(cell) if cell and kind in {"date", "datetime"} else None
    if moment is None:
        return cell
    if kind == "datetime":
        return moment.strftime("%Y-%m-%dT%H:%M")
    return cell if (moment.hour, moment.minute) != (0, 0) else moment.strftime("%Y-%m-%d")
