"""Days and times in letters and entries. They were written on other machines: any of them may be malformed."""

from datetime import MAXYEAR, UTC, date, datetime


def read_day(text: str) -> date | None:
    """Return a day from its text (ISO); None if it is malformed, or so late that no due day can be computed from it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year < MAXYEAR else None


def read_moment(text: str) -> datetime | None:
    """Return the moment that an entry names ("2027-01-05T10:20", UTC), None if it is malformed."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        return None
