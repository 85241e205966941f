"""Rows of events.csv as events: a repeating row becomes one row a day, and a cancelled event cancels its parts.

checks/tables/event_checks.py reports mistakes; nothing is refused here. Repetition follows RFC 5545 (dateutil's rrule).
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from dateutil import rrule

from forms.core.portal import Event
from sitegen.content.spreadsheets import dates
from sitegen.content.tables import NumberedRow, Row, layer_of, number_of, text

MAX_REPEATS = 120
"""Days of one row at most: a little more than two years of weeks."""

_DAYS_A_WEEK, _FOURTH = 7, 4


def events_of(days: Sequence[Row]) -> tuple[Event, ...]:
    """Return all events by start time. days: the rows of `expand_series`, one event each."""
    events = [_event(row) for row in days]
    cancelled = {event.id for event in events if event.state == "cancelled"}
    events = [_cancelled(event) if event.part_of in cancelled else event for event in events]
    return tuple(sorted(events, key=lambda event: (event.starts, event.id)))


def expand_series(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows that do not repeat, then a row for each day of those that do, with the id `<id>-<YYYY-MM-DD>`.

    Where the table has a row with such an id, its cells replace those of that day.
    """
    by_id = {row["id"]: row for row in rows}
    days: dict[str, Row] = {}
    for row in rows:
        if row["repeats"]:
            for date_ in days_of(row):
                day = _row_of_day(row, date_)
                days[day["id"]] = _override(day, by_id[day["id"]]) if day["id"] in by_id else day
    for row in rows:
        if not row["repeats"] and row["id"] not in days:
            yield row
    yield from days.values()


def days_of(row: Row) -> tuple[date, ...]:
    """Return the days of a repeating row without its exceptions, MAX_REPEATS at most."""
    start: datetime = row["starts"]
    until = datetime.combine(row["repeats_until"] or start, time.max)
    excepted = {day.date() for word in (row["except"] or "").split() if (day := dates.parse(word))}
    rule = rrule.rrule(dtstart=start, until=until, **_rule(row["repeats"], start.date()))
    dates_ = islice((moment.date() for moment in rule), MAX_REPEATS + 1)
    return tuple(day for day in dates_ if day not in excepted)[:MAX_REPEATS]


def _rule(repeats: str, start: date) -> dict[str, Any]:
    """Return the arguments of rrule for a word of the column repeats. A fifth weekday counts as the month's last."""
    if repeats == "weekly":
        return {"freq": rrule.WEEKLY}
    if repeats == "monthly-by-day":
        return {"freq": rrule.MONTHLY, "bymonthday": start.day}
    nth = (start.day - 1) // _DAYS_A_WEEK + 1
    weekday = rrule.weekday(start.weekday())
    return {"freq": rrule.MONTHLY, "byweekday": weekday(nth if nth <= _FOURTH else -1)}


def _row_of_day(row: Row, day: date) -> Row:
    """Return a repeating row as the row of one of its days."""
    copy = NumberedRow(row)
    copy.sheet_row, copy.layer = number_of(row), layer_of(row)
    length: timedelta | None = row["ends"] - row["starts"] if row["ends"] else None
    copy["starts"] = datetime.combine(day, row["starts"].time())
    copy["ends"] = copy["starts"] + length if length is not None else None
    return copy | {"id": f"{row['id']}-{day}", "series": row["id"]}


def _override(day: Row, own: Row) -> Row:
    """Return the row of a day with the cells of its own row in the table; empty cells keep those of the series.

    A translation of the series is kept only where the English is the same.
    """
    merged = dict(day) | {name: cell for name, cell in own.items() if cell not in {None, ""}}
    for name in day:
        stem, _, language = name.rpartition("_")
        english = f"{stem}_en"
        if language and english in own and own[english] and own[english] != day[english]:
            merged[name] = own[name]
    if own["starts"] != day["starts"] and not own["ends"]:
        merged["ends"] = _end_of(own["starts"], day) if day["ends"] else None
    return merged


def _end_of(starts: datetime, day: Row) -> datetime:
    """Return the end of an event that begins at another time and lasts as long as this day of its series."""
    ends: datetime = starts + (day["ends"] - day["starts"])
    return datetime.combine(ends, dates.NO_HOUR) if dates.NO_HOUR in {starts.time(), day["ends"].time()} else ends


def _cancelled(event: Event) -> Event:
    return Event(**{**vars(event), "state": "cancelled"})


def _event(row: Row) -> Event:
    return Event(
        id=row["id"], title=text(row, "title"), where=text(row, "where"), place=row["place"] or "",
        starts=moment(row["starts"]), ends=moment(row["ends"]), capacity=row["capacity"], state=row["state"],
        example=bool(row["example"]), kind=row["kind"], what=text(row, "what"), part_of=row["part_of"] or "",
        series=row.get("series", ""), was=moment(row["was"]), spoken=tuple((row["spoken"] or "").split()),
        free=text(row, "free"), children=row["children"], women_officers=row["women_officers"],
        step_free=row["step_free"], map_link=row["map_link"] or "", outcome=text(row, "outcome"),
        report=row["report"] or "", source=row["source"] or "",
    )  # fmt: skip


def moment(value: datetime | None) -> str:
    """Return a time in ISO 8601, as an Event has it; only the day where no hour is known, "" for None."""
    if value is None:
        return ""
    return value.isoformat(timespec="minutes") if value.time() != dates.NO_HOUR else value.date().isoformat()


def last_day_of(row: Row) -> date:
    """Return the last day of a row's event. One that ends at midnight ends on the day before."""
    starts, ends = row["starts"], row["ends"] or row["starts"]
    day: date = ends.date()
    return day - timedelta(days=1) if ends.time() == time.min and day > starts.date() else day
