"""Rows of events.csv as events: texts by language, repeating rows day by day, parts that share their whole's fate.

Nothing is refused here: checks/tables/event_checks.py says what is wrong. A repeating row follows RFC 5545 (dateutil's
rrule).
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from dateutil import rrule

from forms.core.portal import Event
from sitegen.content.spreadsheets import dates
from sitegen.content.tables import NumberedRow, Row, layer_of, number_of, text

MOST_REPEATS = 120
"""Of one row: two years of weeks and some more."""

_WEEK, _FOURTH = 7, 4


def events_of(days: Sequence[Row]) -> tuple[Event, ...]:
    """All events by the time at which they start. days: the rows of `expanded`, each of them one event."""
    found = [_event(row) for row in days]
    called_off = {event.id for event in found if event.state == "cancelled"}
    whole = [_with_its_whole(event) if event.part_of in called_off else event for event in found]
    return tuple(sorted(whole, key=lambda event: (event.starts, event.id)))


def expanded(rows: Sequence[Row]) -> Iterator[Row]:
    """Each row, and in place of a repeating one a row for each of its days, `<id>-<YYYY-MM-DD>`.

    A day with a row of its own takes what is there.
    """
    own = {row["id"]: row for row in rows}
    taken: dict[str, Row] = {}
    for row in rows:
        if row["repeats"]:
            for day in days_of(row):
                made = _on(row, day)
                taken[made["id"]] = _inherited(own[made["id"]], made) if made["id"] in own else made
    for row in rows:
        if not row["repeats"] and row["id"] not in taken:
            yield row
    yield from taken.values()


def days_of(row: Row) -> tuple[date, ...]:
    """Return the days of a repeating row, without those excepted; MOST_REPEATS at most."""
    start: datetime = row["starts"]
    until = datetime.combine(row["repeats_until"] or start, time.max)
    left_out = {day.date() for word in (row["except"] or "").split() if (day := dates.read(word))}
    rule = rrule.rrule(dtstart=start, until=until, **_rule(row["repeats"], start.date()))
    found = islice((moment.date() for moment in rule), MOST_REPEATS + 1)
    return tuple(day for day in found if day not in left_out)[:MOST_REPEATS]


def _rule(repeats: str, start: date) -> dict[str, Any]:
    if repeats == "weekly":
        return {"freq": rrule.WEEKLY}
    if repeats == "monthly-by-day":
        return {"freq": rrule.MONTHLY, "bymonthday": start.day}
    place = (start.day - 1) // _WEEK + 1
    weekday = rrule.weekday(start.weekday())
    return {"freq": rrule.MONTHLY, "byweekday": weekday(place if place <= _FOURTH else -1)}  # the fifth is the last


def _on(row: Row, day: date) -> Row:
    made = NumberedRow(row)
    made.sheet_row, made.layer = number_of(row), layer_of(row)
    length: timedelta | None = row["ends"] - row["starts"] if row["ends"] else None
    made["starts"] = datetime.combine(day, row["starts"].time())
    made["ends"] = made["starts"] + length if length is not None else None
    return made | {"id": f"{row['id']}-{day}", "series": row["id"]}


def _inherited(own: Row, series: Row) -> Row:
    """A day with a row of its own: what it leaves empty is as on other days; a translation only of the same English."""
    made = dict(series) | {name: cell for name, cell in own.items() if cell not in {None, ""}}
    for name in series:
        stem, _, language = name.rpartition("_")
        english = f"{stem}_en"
        if language and english in own and own[english] and own[english] != series[english]:
            made[name] = own[name]
    if own["starts"] != series["starts"] and not own["ends"]:
        made["ends"] = _after(own["starts"], series) if series["ends"] else None
    return made


def _after(starts: datetime, series: Row) -> datetime:
    """Return when a day ends that begins at another time than the others of its series."""
    ends: datetime = starts + (series["ends"] - series["starts"])
    return datetime.combine(ends, dates.NO_HOUR) if dates.NO_HOUR in {starts.time(), series["ends"].time()} else ends


def _with_its_whole(part: Event) -> Event:
    return Event(**{**vars(part), "state": "cancelled"})


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
    """Return a time as an Event has it: only its day where no hour is known."""
    if value is None:
        return ""
    return value.isoformat(timespec="minutes") if value.time() != dates.NO_HOUR else value.date().isoformat()


def last_day_of(row: Row) -> date:
    """Return the day on which a row's event ends: the day before, where it ends at midnight."""
    starts, ends = row["starts"], row["ends"] or row["starts"]
    day: date = ends.date()
    return day - timedelta(days=1) if ends.time() == time.min and day > starts.date() else day
