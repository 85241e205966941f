"""What staff get wrong in events.csv, beyond what its schema sees."""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from forms.core.i18n import locales
from forms.core.portal import COLUMN_WIDTHS, OPEN_STATES
from forms.core.problem import Problem
from sitegen.checks.did_you_mean import closest, did_you_mean
from sitegen.content.events import MOST_REPEATS, days_of, last_day_of
from sitegen.content.spreadsheets import dates
from sitegen.content.spreadsheets.dates import NO_HOUR
from sitegen.content.tables import Row, number_of, place_of
from sitegen.layers.own_files import is_kept_by_windows

FILE = "content/tables/events.csv"
RESERVED = ("in", "on", "past", "index")
"""Ids that are folders of their own under /<language>/events/; a page called index is that of its folder."""

_LONGEST = timedelta(days=31)
_YEARS_AHEAD, _YEARS_BACK = 10, 50
"""Beyond these a year is mistyped: an event is not planned for 2207, nor was one held before anybody kept a list."""

_NIGHT = range(1, 5)
"""Hours at which an event rather begins in the afternoon; 0 is midnight, and meant."""


def problems(rows: Sequence[Row], days: Sequence[Row], pages: Sequence[str], today: date) -> Iterator[Problem]:
    """Everything wrong in the rows. days: the same day by day; pages: the names of all, as "meetings/2027-01.md"."""
    every = {row["id"]: row for row in days}
    series = {row["id"]: row for row in rows if row["repeats"]}
    for row in rows:
        yield from _times(row, today)
        yield from _state(row, today)
        yield from _words(row, pages)
        yield from _repeats(row, series)
    for row in rows:
        if row["part_of"]:
            yield from _part(row, every, series)


def strays(pages: Mapping[str, str], rows: Sequence[Row], days: Sequence[Row]) -> Iterator[Problem]:
    """Pages of events that are not in the table. pages: names like "events/2027-01.md", each with its file."""
    known = [*(row["id"] for row in days), *(row["id"] for row in rows if row["repeats"])]
    for name, where in pages.items():
        folder, _, event = name.removesuffix(".md").partition("/")
        if folder == "events" and event and event not in known:
            todo = did_you_mean(event, known, "Name the file like the event's id.")
            yield Problem(where, f'there is no event "{event}" in {FILE}.', todo)


def _at(row: Row, column: str) -> str:
    return f"{place_of('events', row)} ({row['id']}), column {column}"


def _copies(rows: Sequence[Row]) -> Iterator[str]:
    """Say which rows are the same event as one above, under another id: people may sign up for either."""
    repeating = {row["id"] for row in rows if row["repeats"]}
    seen: dict[tuple[object, ...], Row] = {}
    for row in rows:
        what_it_is = tuple(row[name] for name in ("title_en", "starts", "place", "where_en", "part_of", "repeats"))
        first = seen.setdefault(what_it_is, row)
        if first is not row and row["id"][:-11] not in repeating:
            same = f"row {number_of(first)} ({first['id']}) has the same title, time and place"
            yield f"{_at(row, 'id')}: {same}. Take one of them out, or write what is different."


def _times(row: Row, today: date) -> Iterator[Problem]:
    starts, ends = row["starts"], row["ends"]
    years = starts.year - today.year
    if not -_YEARS_BACK <= years <= _YEARS_AHEAD:
        what = f"{starts.date()} is {abs(years)} years {'off' if years > 0 else 'ago'}."
        yield Problem(_at(row, "starts"), what, "Look at the year.")
    if ends and ends - starts > _LONGEST:
        todo = "Look at both days. What goes on for longer stands in campaigns.csv; what comes again, in repeats."
        yield Problem(_at(row, "ends"), f"it lasts {(ends - starts).days} days.", todo)
    if ends == starts and ends.time() != NO_HOUR:
        yield Problem(_at(row, "ends"), "it ends when it begins.", "Write when it ends, or empty this cell.")
    whole_day = ends and ends.time() == NO_HOUR and ends.date() == starts.date()
    if ends and ends < starts and not whole_day:
        yield Problem(_at(row, "ends"), "it ends before it starts.", "Look at both days and times.")


def _state(row: Row, today: date) -> Iterator[Problem]:
    if row["state"] == "moved" and not row["was"]:
        yield Problem(_at(row, "was"), "this event is moved, but from when is not said.", "Write the old day and time.")
    if row["was"] and row["state"] == "planned":
        yield Problem(_at(row, "state"), "there is an old day in the column was.", "Write moved, or empty that cell.")
    if row["was"] and row["was"] == row["starts"]:
        yield Problem(_at(row, "was"), "it is the same as starts.", "Write in was when it was to begin at first.")
    if row["state"] == "held" and row["starts"].date() > today:
        yield Problem(_at(row, "state"), "it is held, but its day is still to come.", "Write planned, or mend starts.")


def places(rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield ids of places that cannot be a page: each has one with its events."""
    for row in rows:
        yield from _no_page(
            f"{place_of('places', row)}, column id", row["id"], ("index",), "Give the place another id."
        )


def _no_page(where: str, id: str, reserved: Sequence[str], todo: str) -> Iterator[Problem]:
    if id in reserved:
        yield Problem(where, f'"{id}" is a folder of the site.', todo)
    if is_kept_by_windows(id):
        what = f'"{id}" is a name that Windows keeps for itself, so the page cannot be made there.'
        yield Problem(where, what, todo)


def _words(row: Row, pages: Sequence[str]) -> Iterator[Problem]:
    yield from _no_page(_at(row, "id"), row["id"], RESERVED, "Give the event another id.")
    for code in (row["spoken"] or "").split():
        if not locales.is_language(code):
            todo = "Write codes like ta te hi or en ml bn, with spaces between."
            yield Problem(_at(row, "spoken"), f'"{code}" is no code of a language.', todo)
    if row["map_link"] and not row["map_link"].startswith(("https://", "http://", "geo:")):
        todo = "Copy it from the browser, with https:// at its beginning."
        yield Problem(_at(row, "map_link"), "this is no address of a map.", todo)
    if row["report"] and f"{row['report']}.md" not in pages:
        yield Problem(
            _at(row, "report"), f"the page {row['report']} is not there.", _near(f"{row['report']}.md", pages)
        )


def _near(word: str, known: Sequence[str]) -> str:
    close = closest(word, known).removesuffix(".md")
    return f'Did you mean "{close}"?' if close else "Look into the folder content/en."


def _long_id(row: Row) -> Iterator[Problem]:
    """Yield what is wrong with the id of a repeating row: a day is added to it, and the database bounds its length."""
    most = COLUMN_WIDTHS["event"] - len("-2027-01-24")
    if len(row["id"]) > most:
        what = f"it has {len(row['id'])} letters, and each day of the event gets its own id from it."
        yield Problem(_at(row, "id"), what, f"Write at most {most}.")


def _repeats(row: Row, series: Mapping[str, Row]) -> Iterator[Problem]:
    if not row["repeats"]:
        for column in ("repeats_until", "except"):
            if row[column]:
                yield Problem(_at(row, column), "this event does not repeat.", "Fill in repeats, or empty this cell.")
        yield from _stray_day(row, series)
        return
    if not row["repeats_until"]:
        yield Problem(
            _at(row, "repeats_until"), "this cell is empty.", "Write the last day on which it may take place."
        )
    elif row["repeats_until"] < row["starts"].date():
        yield Problem(_at(row, "repeats_until"), "it ends before its first day.", "Look at starts and repeats_until.")
    elif not days_of(row):
        yield Problem(_at(row, "except"), "no day is left on which it takes place.", "Look at the days here.")
    elif row["ends"] and (shortest := _shortest_gap(days_of(row))) and row["ends"] - row["starts"] > shortest:
        todo = "Write when it ends on its first day."
        yield Problem(_at(row, "ends"), "it is still going on when it begins again.", todo)
    elif len(days_of(row)) == MOST_REPEATS:
        yield Problem(_at(row, "repeats_until"), f"it repeats {MOST_REPEATS} times or more.", "Write an earlier day.")
    if row["state"] in {"moved", "held"}:
        todo = "Write planned or cancelled here, and give the day that differs a row of its own."
        yield Problem(_at(row, "state"), f"a repeating row cannot be {row['state']}.", todo)
    yield from _long_id(row)
    yield from _excepted(row)


def _shortest_gap(days: Sequence[date]) -> timedelta | None:
    """Return the time between the two days that are nearest to each other; None of a single day."""
    return min((later - sooner for sooner, later in pairwise(days)), default=None)


def _excepted(row: Row) -> Iterator[Problem]:
    without = days_of({**row, "except": ""})
    for word in (row["except"] or "").split():
        day = dates.read(word)
        if day is None:
            yield Problem(
                _at(row, "except"), f'"{word}" is not a day.', "Write it like 2027-01-24, spaces between days."
            )
        elif day.date() not in without:
            yield Problem(_at(row, "except"), f"it would not take place on {word} anyway.", "Look at the calendar.")


def _stray_day(row: Row, series: Mapping[str, Row]) -> Iterator[Problem]:
    """A row with the id of a day of a repeating one, which has no such day."""
    stem, day = row["id"][:-11], dates.read(row["id"][-10:])
    if stem in series and day and day.date() not in days_of(series[stem]):
        todo = f"Its days are: {', '.join(map(str, days_of(series[stem])[:6]))} ..."
        yield Problem(_at(row, "id"), f"{stem} does not take place on {day.date()}.", todo)
    elif stem in series and day and row["state"] != "moved" and row["starts"].date() != day.date():
        todo = "Write that day; or moved into state and the old time into was."
        yield Problem(_at(row, "starts"), f"its id says {day.date()}.", todo)


def _part(row: Row, every: Mapping[str, Row], series: Mapping[str, Row]) -> Iterator[Problem]:
    whole = every.get(row["part_of"])
    if row["part_of"] in series:
        todo = f"Name one of its days, like {row['part_of']}-{series[row['part_of']]['starts'].date()}."
        yield Problem(_at(row, "part_of"), f"{row['part_of']} takes place on many days.", todo)
    elif whole is None:
        todo = did_you_mean(row["part_of"], every, "Write the id of another row.")
        yield Problem(_at(row, "part_of"), f'there is no event "{row["part_of"]}".', todo)
    elif whole["part_of"]:
        todo = "Name the event to which all parts belong."
        yield Problem(_at(row, "part_of"), f"{row['part_of']} is itself a part.", todo)
    elif row["repeats"]:
        yield Problem(_at(row, "repeats"), "a part cannot repeat.", "Give each day a row of its own.")
    elif not _within(row, whole):
        first, last = whole["starts"].date().isoformat(), last_day_of(whole).isoformat()
        days_ = first if first == last else f"from {first} to {last}"
        todo = f"{row['part_of']} is on {days_}." if first == last else f"{row['part_of']} goes {days_}."
        yield Problem(_at(row, "starts"), "this part is not on a day of its whole.", todo)


def _within(part: Row, whole: Row) -> bool:
    return bool(whole["starts"].date() <= part["starts"].date() and last_day_of(part) <= last_day_of(whole))


def _left_out(row: Row) -> Iterator[str]:
    """Yield the months, like 2027-02, in which a row that repeats on a day of the month finds no such day."""
    if row["repeats"] != "monthly-by-day" or not row["repeats_until"]:
        return
    first, until = row["starts"].date(), row["repeats_until"]
    for months in range(MOST_REPEATS):
        year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
        last = monthrange(year, month + 1)[1]
        if date(year, month + 1, last) > until:
            return
        if last < first.day:
            yield f"{year}-{month + 1:02}"


def waiting(rows: Sequence[Row], today: date) -> Iterator[str]:
    """Yield what a person should still do about events that are over, or left out in a month."""
    yield from _copies(rows)
    single = {(row["title_en"], f"{row['starts']:%Y-%m}") for row in rows if not row["repeats"]}
    for row in rows:
        months = [month for month in _left_out(row) if (row["title_en"], month) not in single]
        if months:
            what = f"{', '.join(months)} have no day {row['starts'].day}, so it does not take place then."
            yield f"{_at(row, 'starts')}: {what} Begin it on a day up to 28, or give those months rows of their own."
        if row["starts"].hour in _NIGHT and row["starts"].date() >= today:
            later = row["starts"] + timedelta(hours=12)
            yield f"{_at(row, 'starts')}: it begins at {row['starts']:%H:%M} at night. Should it be {later:%H:%M}?"
        over = last_day_of(row) < today
        if over and row["state"] in OPEN_STATES and not row["repeats"]:
            yield f"{_at(row, 'state')}: its day is over. Write held and what came of it, or cancelled."
