"""Checks of the tables and pages of the feedback loop: commitments, meetings, themes, goods and honours."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from forms.core.i18n.lazy_text import LazyText
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.checks.personal_details import SMALL_PLACE, find_private
from sitegen.checks.tables import statistics_checks
from sitegen.content.feedback import MEETINGS, meeting_id, state_of
from sitegen.content.pages import AllPages, PageSource, day_of
from sitegen.content.tables import Row, Tables
from sitegen.layers import lookup
from sitegen.render.feedback_blocks import TABLE_OF

_REMOVE = _("Take it out.")
_IN_FUTURE = _("this day is still to come.")
_REQUIRED = {
    "promised_en": _("nobody says what was promised."),
    "who_en": _("nobody says who promised it."),
    "due": _("nobody says by when."),
}
"""The columns that every promise needs, with the message for an empty one."""


def problems(library: AllPages, tables: Tables, days: Sequence[Row], today: date, media: Path) -> Iterator[Problem]:
    """Yield everything that stops a build. days: a row for each day of each event; media: the folder content/media."""
    yield from _themes(tables, library)
    yield from statistics_checks.problems(tables, today)
    for row in tables["commitments"]:
        yield from _commitment(row, library, today)
    for row in tables["honours"]:
        if row["day"] > today:
            where = place_in(f"content/tables/honours.csv, {row['id']}", column="day")
            yield Problem(where, _IN_FUTURE, _("Write the day on which they were honoured."))
    for row in tables["goods"]:
        yield from _goods(row, media)
    for pages in library.by_language.values():
        for page in pages.values():
            yield from _arguments(page, library, tables)
            if page.name.startswith(MEETINGS):
                yield from _meeting(page, tables, days, today)


def _looks_like(what: str) -> LazyText:
    return _("this looks like %(what)s.", what=what)


def warnings(tables: Tables, today: date) -> Iterator[str]:
    """Yield a message for each promise that is late."""
    for row in tables["commitments"]:
        if state_of(row, today) == "late":
            yield f"content/tables/commitments.csv, {row['id']}: late since {row['due']}; the site says so."


def _themes(tables: Tables, library: AllPages) -> Iterator[Problem]:
    signs = {row["id"] for row in tables["signs"]}
    for row in tables["themes"]:
        where = f"content/tables/themes.csv, {row['id']}"
        for sign in (row["signs"] or "").split():
            if sign not in signs:
                what = _('"%(cell)s" is not in %(file)s.', cell=sign, file="content/tables/signs.csv")
                yield Problem(place_in(where, column="signs"), what, _("Look there."))
        if row["page"] and f"{row['page']}.md" not in library.names:
            what = _("the page %(page)s is not there.", page=row["page"])
            yield Problem(place_in(where, column="page"), what, _("Write it, or empty this."))


def _commitment(row: Row, library: AllPages, today: date) -> Iterator[Problem]:
    where = f"content/tables/commitments.csv, {row['id']}"
    for column, what, todo in _commitment_gaps(row, today):
        yield Problem(place_in(where, column=column), what, todo)
    for column, page in (("evidence", row["evidence"]), ("meeting", row["meeting"] and MEETINGS + row["meeting"])):
        if page and f"{page}.md" not in library.names:
            what = _("the page %(page)s is not there.", page=page)
            yield Problem(place_in(where, column=column), what, _("Write it, or empty this cell."))
    for column, cell in row.items():
        if column.startswith(("asked_", "promised_", "who_", "why_")) and isinstance(cell, str):
            for _position, what in find_private(cell):
                yield Problem(place_in(where, column=column), _looks_like(what), _REMOVE)


def _commitment_gaps(row: Row, today: date) -> Iterator[tuple[str, str, str]]:
    """Yield the column, what is wrong and what to do, for each cell that does not fit the state of a commitment."""
    state = row["state"]
    if row["asked_on"] > today:
        yield "asked_on", _IN_FUTURE, _("Write the day on which it was asked.")
    if row["due"] and row["due"] < row["asked_on"]:
        yield "due", _("it was promised for a day before it was asked."), _("Look at both days.")
    if state == "not-possible":
        if not row["why_en"]:
            yield "why_en", _("it is not possible, and nobody says why."), _("People asked: tell them why.")
        return
    for column, what in _REQUIRED.items():
        if not row[column]:
            yield column, what, _("A promise says who, what and by when.")
    if state == "done" and not row["done_on"]:
        yield "done_on", _("it is done, and nobody says when."), _("Write the day.")
    if row["done_on"] and (state != "done" or row["done_on"] > today):
        yield "done_on", _("this day does not fit."), _("Write it when it is done, with state done.")


def _goods(row: Row, media: Path) -> Iterator[Problem]:
    where = f"content/tables/goods.csv, {row['id']}"
    if row["picture"] and not lookup.medium(media, row["picture"]).is_file():
        what = _("%(file)s is not there.", file=row["picture"])
        yield Problem(place_in(where, column="picture"), what, _("Put it into content/media."))
    if row["picture"] and not row["no_person"]:
        todo = _("Look at the picture. Write true if it shows nobody; else take another.")
        what = _("nobody says that the picture shows no person.")
        yield Problem(place_in(where, column="no_person"), what, todo)
    for column, cell in row.items():
        if column.startswith(("name_", "group_", "where_")) and isinstance(cell, str):
            details = (
                detail for _position, detail in find_private(cell) if detail != SMALL_PLACE
            )  # shops have streets
            for detail in details:
                yield Problem(place_in(where, column=column), _looks_like(detail), _("Name the group only."))


def _arguments(page: PageSource, library: AllPages, tables: Tables) -> Iterator[Problem]:
    """Yield blocks that name a row or a meeting that does not exist."""
    for block in page.blocks:
        table = TABLE_OF.get(block.name)
        if table and block.argument not in {row["id"] for row in tables[table]}:
            what = _('"%(cell)s" is not in %(file)s.', cell=block.argument, file=f"content/tables/{table}.csv")
            yield Problem(place_in(page.where, line=block.line), what, _("Write an id from there."))
        if block.name == "came-of-it" and f"{MEETINGS}{block.argument}.md" not in library.names:
            what = _("there is no page %(page)s.", page=f"{MEETINGS}{block.argument}")
            yield Problem(place_in(page.where, line=block.line), what, _("Write this page's own name."))


def _meeting(page: PageSource, tables: Tables, days: Sequence[Row], today: date) -> Iterator[Problem]:
    """Yield problems of a page about a meeting: its front matter, its block, and private details."""
    for key, what, todo in _meeting_gaps(page, tables, days, today):
        yield Problem(f"{page.where}, {key}", what, todo)
    if not any(block.name == "came-of-it" for block in page.blocks):
        todo = _("Write [[ came-of-it: %(meeting)s ]] at its end.", meeting=meeting_id(page))
        yield Problem(page.where, _("it does not show what came of the meeting."), todo)
    for position, what in find_private(page.text):
        where = place_in(page.where, line=page.line_of(position))
        yield Problem(where, _looks_like(what), _("Take it out, or say it in other words."))
    for key in ("title", "description"):
        for _position, what in find_private(str(page.meta.get(key, ""))):
            yield Problem(f"{page.where}, {key}", _looks_like(what), _REMOVE)


def _meeting_gaps(page: PageSource, tables: Tables, days: Sequence[Row], today: date) -> Iterator[tuple[str, str, str]]:
    """Yield the key, what is wrong and what to do, for the front matter of a page about a meeting."""
    held, themes = day_of(page.meta.get("held")), page.meta.get("themes")
    event = next((row for row in days if row["id"] == meeting_id(page)), None)
    if held is None:
        yield "held", _("nobody says when the meeting was."), _("Write the day, like held: 2027-01-24.")
    elif held > today:
        yield "held", _IN_FUTURE, _("Write about a meeting after it was.")
    elif event and event["starts"].date() != held:
        what = _("events.csv says %(day)s.", day=str(event["starts"].date()))
        yield "held", what, _("Write the same day in both.")
    if event and event["state"] == "cancelled":
        yield "held", _("events.csv says that this event is cancelled."), _("Look at its state there.")
    if not event and not page.meta.get("example"):
        what = _("there is no event %(event)s.", event=meeting_id(page))
        yield "name", what, _("Name the page as the event in events.csv.")
    if str(page.meta.get("taluk")) not in {row["id"] for row in tables["places"]}:
        yield "taluk", _("there is no such taluk."), _("Write an id from content/tables/places.csv.")
    known = {row["id"] for row in tables["themes"]}
    if not isinstance(themes, list) or not set(map(str, themes)) <= known:
        yield "themes", _("these are not all in themes.csv."), _("Write them like themes: [debt-bondage].")
