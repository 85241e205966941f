"""Checks of events.csv beyond its schema, and of places and pages of events."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from forms.core.i18n import locales
from forms.core.i18n.lazy_text import LazyText
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import OPEN_STATES
from forms.core.problem import Problem, place_in
from sitegen.checks.did_you_mean import closest, did_you_mean
from sitegen.checks.tables import repeat_checks
from sitegen.checks.tables.repeat_checks import cell_of
from sitegen.content.events import last_day_of
from sitegen.content.spreadsheets.dates import NO_HOUR
from sitegen.content.tables import Row, number_of, place_of
from sitegen.layers.own_files import is_kept_by_windows

FILE = "content/tables/events.csv"
RESERVED = ("in", "on", "past", "index")
"""Ids that are folders below /<language>/events/, and index, which would be the page of that folder."""

_MAX_LENGTH = timedelta(days=31)
_YEARS_AHEAD, _YEARS_BACK = 10, 50
"""Beyond these, a year like 2207 or 1207 is mistyped."""

_ANOTHER_ID = _("Give the event another id.")
_NIGHT = range(1, 5)
"""Hours that are probably meant as afternoon. Midnight is not one of them."""


def problems(rows: Sequence[Row], days: Sequence[Row], pages: Sequence[str], today: date) -> Iterator[Problem]:
    """Yield problems of the rows. days: a row for each day; pages: names of all pages, like "meetings/2027-01.md"."""
    by_id = {row["id"]: row for row in days}
    series = {row["id"]: row for row in rows if row["repeats"]}
    for row in rows:
        yield from _times(row, today)
        yield from _state(row, today)
        yield from _words(row, pages)
        yield from repeat_checks.problems(row, series)
    for row in rows:
        if row["part_of"]:
            yield from _part(row, by_id, series)


def pages_without_event(pages: Mapping[str, str], rows: Sequence[Row], days: Sequence[Row]) -> Iterator[Problem]:
    """Yield pages of events that are not in the table. pages: files by name, like "events/2027-01.md"."""
    known = [*(row["id"] for row in days), *(row["id"] for row in rows if row["repeats"])]
    for name, where in pages.items():
        folder, _slash, event = name.removesuffix(".md").partition("/")
        if folder == "events" and event and event not in known:
            todo = did_you_mean(event, known, _("Name the file like the event's id."))
            yield Problem(where, _('there is no event "%(event)s" in %(file)s.', event=event, file=FILE), todo)


def _duplicates(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a message for each row that repeats an event under another id: people may sign up for either."""
    repeating = {row["id"] for row in rows if row["repeats"]}
    seen: dict[tuple[object, ...], Row] = {}
    for row in rows:
        identity = tuple(row[name] for name in ("title_en", "starts", "place", "where_en", "part_of", "repeats"))
        first = seen.setdefault(identity, row)
        if first is not row and row["id"][:-11] not in repeating:
            message = f"row {number_of(first)} ({first['id']}) has the same title, time and place"
            yield f"{cell_of(row, 'id')}: {message}. Take one of them out, or write what is different."


def _times(row: Row, today: date) -> Iterator[Problem]:
    """Yield improbable years and lengths, and ends that are not after the start."""
    starts, ends = row["starts"], row["ends"]
    years = starts.year - today.year
    if not -_YEARS_BACK <= years <= _YEARS_AHEAD:
        day, count = str(starts.date()), abs(years)
        what = (
            _("%(day)s is %(count)s years off.", day=day, count=count)
            if years > 0
            else _("%(day)s is %(count)s years ago.", day=day, count=count)
        )
        yield Problem(cell_of(row, "starts"), what, _("Look at the year."))
    if ends and ends - starts > _MAX_LENGTH:
        todo = _("Look at both days. What goes on for longer stands in campaigns.csv; what comes again, in repeats.")
        yield Problem(cell_of(row, "ends"), _("it lasts %(count)s days.", count=(ends - starts).days), todo)
    if ends == starts and ends.time() != NO_HOUR:
        yield Problem(cell_of(row, "ends"), _("it ends when it begins."), _("Write when it ends, or empty this cell."))
    is_whole_day = ends and ends.time() == NO_HOUR and ends.date() == starts.date()
    if ends and ends < starts and not is_whole_day:
        yield Problem(cell_of(row, "ends"), _("it ends before it starts."), _("Look at both days and times."))


def _state(row: Row, today: date) -> Iterator[Problem]:
    """Yield states that do not fit the days of an event."""
    if row["state"] == "moved" and not row["was"]:
        what = _("this event is moved, but from when is not said.")
        yield Problem(cell_of(row, "was"), what, _("Write the old day and time."))
    if row["was"] and row["state"] == "planned":
        what = _("there is an old day in the column was.")
        yield Problem(cell_of(row, "state"), what, _("Write moved, or empty that cell."))
    if row["was"] and row["was"] == row["starts"]:
        todo = _("Write in was when it was to begin at first.")
        yield Problem(cell_of(row, "was"), _("it is the same as starts."), todo)
    if row["state"] == "held" and row["starts"].date() > today:
        what = _("it is held, but its day is still to come.")
        yield Problem(cell_of(row, "state"), what, _("Write planned, or mend starts."))


def place_problems(rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield ids of places that cannot be addresses: each place has a page with its events."""
    for row in rows:
        where = place_in(place_of("places", row), column="id")
        yield from _bad_id(where, row["id"], ("index",), _("Give the place another id."))


def _bad_id(where: str, id: str, reserved: Sequence[str], todo: str) -> Iterator[Problem]:
    if id in reserved:
        yield Problem(where, _('"%(id)s" is a folder of the site.', id=id), todo)
    if is_kept_by_windows(id):
        what = _('"%(id)s" is a name that Windows keeps for itself, so the page cannot be made there.', id=id)
        yield Problem(where, what, todo)


def _words(row: Row, pages: Sequence[str]) -> Iterator[Problem]:
    yield from _bad_id(cell_of(row, "id"), row["id"], RESERVED, _ANOTHER_ID)
    for code in (row["spoken"] or "").split():
        if not locales.is_language(code):
            todo = _("Write codes like ta te hi or en ml bn, with spaces between.")
            yield Problem(cell_of(row, "spoken"), _('"%(code)s" is no code of a language.', code=code), todo)
    if row["map_link"] and not row["map_link"].startswith(("https://", "http://", "geo:")):
        todo = _("Copy it from the browser, with https:// at its beginning.")
        yield Problem(cell_of(row, "map_link"), _("this is no address of a map."), todo)
    if row["report"] and f"{row['report']}.md" not in pages:
        what = _("the page %(page)s is not there.", page=row["report"])
        yield Problem(cell_of(row, "report"), what, _suggest(f"{row['report']}.md", pages))


def _suggest(word: str, known: Sequence[str]) -> str:
    close = closest(word, known).removesuffix(".md")
    return _('Did you mean "%(word)s"?', word=close) if close else _("Look into the folder content/en.")


def _part(row: Row, by_id: Mapping[str, Row], series: Mapping[str, Row]) -> Iterator[Problem]:
    """Yield what is wrong with a part of another event. by_id: rows of days; series: rows that repeat, by id."""
    whole = by_id.get(row["part_of"])
    if row["part_of"] in series:
        id = f"{row['part_of']}-{series[row['part_of']]['starts'].date()}"
        what = _("%(event)s takes place on many days.", event=row["part_of"])
        yield Problem(cell_of(row, "part_of"), what, _("Name one of its days, like %(id)s.", id=id))
    elif whole is None:
        todo = did_you_mean(row["part_of"], by_id, _("Write the id of another row."))
        yield Problem(cell_of(row, "part_of"), _('there is no event "%(event)s".', event=row["part_of"]), todo)
    elif whole["part_of"]:
        todo = _("Name the event to which all parts belong.")
        yield Problem(cell_of(row, "part_of"), _("%(event)s is itself a part.", event=row["part_of"]), todo)
    elif row["repeats"]:
        yield Problem(cell_of(row, "repeats"), _("a part cannot repeat."), _("Give each day a row of its own."))
    elif not _is_within(row, whole):
        yield Problem(cell_of(row, "starts"), _("this part is not on a day of its whole."), _days_of(whole))


def _days_of(event: Row) -> LazyText:
    first, last = event["starts"].date(), last_day_of(event)
    if first == last:
        return _("%(event)s is on %(day)s.", event=event["id"], day=str(first))
    return _("%(event)s goes from %(first)s to %(last)s.", event=event["id"], first=str(first), last=str(last))


def _is_within(part: Row, whole: Row) -> bool:
    return bool(whole["starts"].date() <= part["starts"].date() and last_day_of(part) <= last_day_of(whole))


def warnings(rows: Sequence[Row], today: date) -> Iterator[str]:
    """Yield messages about duplicates, skipped months, improbable hours, and past events without a result."""
    yield from _duplicates(rows)
    single = {(row["title_en"], f"{row['starts']:%Y-%m}") for row in rows if not row["repeats"]}
    for row in rows:
        months = [month for month in repeat_checks.skipped_months(row) if (row["title_en"], month) not in single]
        if months:
            where, day = cell_of(row, "starts"), row["starts"].day
            message = f"{', '.join(months)} have no day {day}, so it does not take place then."
            yield f"{where}: {message} Begin it on a day up to 28, or give those months rows of their own."
        if row["starts"].hour in _NIGHT and row["starts"].date() >= today:
            later = row["starts"] + timedelta(hours=12)
            yield f"{cell_of(row, 'starts')}: it begins at {row['starts']:%H:%M} at night. Should it be {later:%H:%M}?"
        is_over = last_day_of(row) < today
        if is_over and row["state"] in OPEN_STATES and not row["repeats"]:
            yield f"{cell_of(row, 'state')}: its day is over. Write held and what came of it, or cancelled."
