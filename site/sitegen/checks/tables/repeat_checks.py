"""Checks of rows of events.csv that repeat, and of rows that replace one day of a repeating row."""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import COLUMN_WIDTHS
from forms.core.problem import Problem, place_in
from sitegen.content.events import MAX_REPEATS, days_of
from sitegen.content.spreadsheets import dates
from sitegen.content.tables import Row, place_of


def cell_of(row: Row, column: str) -> str:
    """Return where a cell of events.csv is."""
    return place_in(place_of("events", row), row_id=row["id"], column=column)


def problems(row: Row, series: Mapping[str, Row]) -> Iterator[Problem]:
    """Yield problems of how a row repeats, or of the day that it replaces. series: the rows that repeat, by id."""
    if not row["repeats"]:
        for column in ("repeats_until", "except"):
            if row[column]:
                todo = _("Fill in repeats, or empty this cell.")
                yield Problem(cell_of(row, column), _("this event does not repeat."), todo)
        yield from _bad_override(row, series)
        return
    if not row["repeats_until"]:
        todo = _("Write the last day on which it may take place.")
        yield Problem(cell_of(row, "repeats_until"), _("this cell is empty."), todo)
    elif row["repeats_until"] < row["starts"].date():
        todo = _("Look at starts and repeats_until.")
        yield Problem(cell_of(row, "repeats_until"), _("it ends before its first day."), todo)
    elif not days_of(row):
        yield Problem(cell_of(row, "except"), _("no day is left on which it takes place."), _("Look at the days here."))
    elif row["ends"] and (shortest := _shortest_gap(days_of(row))) and row["ends"] - row["starts"] > shortest:
        todo = _("Write when it ends on its first day.")
        yield Problem(cell_of(row, "ends"), _("it is still going on when it begins again."), todo)
    elif len(days_of(row)) == MAX_REPEATS:
        what = _("it repeats %(count)s times or more.", count=MAX_REPEATS)
        yield Problem(cell_of(row, "repeats_until"), what, _("Write an earlier day."))
    if row["state"] in {"moved", "held"}:
        todo = _("Write planned or cancelled here, and give the day that differs a row of its own.")
        yield Problem(cell_of(row, "state"), _("a repeating row cannot be %(state)s.", state=row["state"]), todo)
    yield from _long_id(row)
    yield from _bad_exceptions(row)


def _long_id(row: Row) -> Iterator[Problem]:
    """Yield an id that is too long for the database column with the day of a repeating event added to it."""
    most = COLUMN_WIDTHS["event"] - len("-2027-01-24")
    if len(row["id"]) > most:
        what = _(
            "it has %(count)s letters, and each day of the event gets its own id from it.",
            count=len(row["id"]),
        )
        yield Problem(cell_of(row, "id"), what, _("Write at most %(most)s.", most=most))


def _shortest_gap(days: Sequence[date]) -> timedelta | None:
    """Return the shortest time between two of these sorted days; None if there is only one."""
    return min((later - earlier for earlier, later in pairwise(days)), default=None)


def _bad_exceptions(row: Row) -> Iterator[Problem]:
    """Yield exceptions that are no days, or on which the event would not take place anyway."""
    all_days = days_of({**row, "except": ""})
    for word in (row["except"] or "").split():
        day = dates.parse(word)
        if day is None:
            todo = _("Write it like 2027-01-24, spaces between days.")
            yield Problem(cell_of(row, "except"), _('"%(cell)s" is not a day.', cell=word), todo)
        elif day.date() not in all_days:
            what = _("it would not take place on %(day)s anyway.", day=word)
            yield Problem(cell_of(row, "except"), what, _("Look at the calendar."))


def _bad_override(row: Row, series: Mapping[str, Row]) -> Iterator[Problem]:
    """Yield a problem for a row whose id is a day of a repeating row that has no such day, or another start."""
    stem, day = row["id"][:-11], dates.parse(row["id"][-10:])
    if stem in series and day and day.date() not in days_of(series[stem]):
        todo = _("Its days are: %(days)s ...", days=", ".join(map(str, days_of(series[stem])[:6])))
        what = _("%(event)s does not take place on %(day)s.", event=stem, day=str(day.date()))
        yield Problem(cell_of(row, "id"), what, todo)
    elif stem in series and day and row["state"] != "moved" and row["starts"].date() != day.date():
        todo = _("Write that day; or moved into state and the old time into was.")
        yield Problem(cell_of(row, "starts"), _("its id says %(day)s.", day=str(day.date())), todo)


def skipped_months(row: Row) -> Iterator[str]:
    """Yield the months, like 2027-02, that lack the day of the month on which a row repeats."""
    if row["repeats"] != "monthly-by-day" or not row["repeats_until"]:
        return
    first, until = row["starts"].date(), row["repeats_until"]
    for months in range(MAX_REPEATS):
        year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
        last = monthrange(year, month + 1)[1]
        if date(year, month + 1, last) > until:
            return
        if last < first.day:
            yield f"{year}-{month + 1:02}"
