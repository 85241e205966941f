"""What is wrong in the tables and pages of the feedback loop, in sentences; late promises for a person to see to."""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from forms.core.problem import Problem
from sitegen.checks.personal_details import SMALL_PLACE, private
from sitegen.checks.tables import statistics_checks
from sitegen.content.feedback import MEETINGS, meeting_id, state_of
from sitegen.content.pages import AllPages, PageSource, day_of
from sitegen.content.tables import Row, Tables
from sitegen.layers import lookup
from sitegen.render.feedback_blocks import TABLE_OF


def problems(library: AllPages, tables: Tables, days: Sequence[Row], today: date, media: Path) -> Iterator[Problem]:
    """Yield everything that stops the build. days: the rows of events day by day; media: the folder content/media."""
    yield from _themes(tables, library)
    yield from statistics_checks.problems(tables, today)
    for row in tables["commitments"]:
        yield from _commitment(row, library, today)
    for row in tables["honours"]:
        if row["day"] > today:
            where = f"content/tables/honours.csv, {row['id']}, column day"
            yield Problem(where, "this day is still to come.", "Write the day on which they were honoured.")
    for row in tables["goods"]:
        yield from _goods(row, media)
    for pages in library.by_language.values():
        for page in pages.values():
            yield from _arguments(page, library, tables)
            if page.name.startswith(MEETINGS):
                yield from _meeting(page, tables, days, today)


def warnings(tables: Tables, today: date) -> Iterator[str]:
    """Yield what waits for a person: promises that are late."""
    for row in tables["commitments"]:
        if state_of(row, today) == "late":
            yield f"content/tables/commitments.csv, {row['id']}: late since {row['due']}; the site says so."


def _themes(tables: Tables, library: AllPages) -> Iterator[Problem]:
    signs = {row["id"] for row in tables["signs"]}
    for row in tables["themes"]:
        where = f"content/tables/themes.csv, {row['id']}"
        for sign in (row["signs"] or "").split():
            if sign not in signs:
                yield Problem(f"{where}, column signs", f'"{sign}" is not in content/tables/signs.csv.', "Look there.")
        if row["page"] and f"{row['page']}.md" not in library.names:
            yield Problem(f"{where}, column page", f"the page {row['page']} is not there.", "Write it, or empty this.")


def _commitment(row: Row, library: AllPages, today: date) -> Iterator[Problem]:
    where = f"content/tables/commitments.csv, {row['id']}"
    for column, what, todo in _commitment_gaps(row, today):
        yield Problem(f"{where}, column {column}", what, todo)
    for column, page in (("evidence", row["evidence"]), ("meeting", row["meeting"] and MEETINGS + row["meeting"])):
        if page and f"{page}.md" not in library.names:
            yield Problem(
                f"{where}, column {column}", f"the page {page} is not there.", "Write it, or empty this cell."
            )
    for column, cell in row.items():
        if column.startswith(("asked_", "promised_", "who_", "why_")) and isinstance(cell, str):
            for _, what in private(cell):
                yield Problem(f"{where}, column {column}", f"this looks like {what}.", "Take it out.")


def _commitment_gaps(row: Row, today: date) -> Iterator[tuple[str, str, str]]:
    state = row["state"]
    if row["asked_on"] > today:
        yield "asked_on", "this day is still to come.", "Write the day on which it was asked."
    if row["due"] and row["due"] < row["asked_on"]:
        yield "due", "it was promised for a day before it was asked.", "Look at both days."
    if state == "not-possible":
        if not row["why_en"]:
            yield "why_en", "it is not possible, and nobody says why.", "People asked: tell them why."
        return
    for column, what in (("promised_en", "what was promised"), ("who_en", "who promised it"), ("due", "by when")):
        if not row[column]:
            yield column, f"nobody says {what}.", "A promise says who, what and by when."
    if state == "done" and not row["done_on"]:
        yield "done_on", "it is done, and nobody says when.", "Write the day."
    if row["done_on"] and (state != "done" or row["done_on"] > today):
        yield "done_on", "this day does not fit.", "Write it when it is done, with state done."


def _goods(row: Row, media: Path) -> Iterator[Problem]:
    where = f"content/tables/goods.csv, {row['id']}"
    if row["picture"] and not lookup.medium(media, row["picture"]).is_file():
        yield Problem(f"{where}, column picture", f"{row['picture']} is not there.", "Put it into content/media.")
    if row["picture"] and not row["no_person"]:
        todo = "Look at the picture. Write true if it shows nobody; else take another."
        yield Problem(f"{where}, column no_person", "nobody says that the picture shows no person.", todo)
    for column, cell in row.items():
        if column.startswith(("name_", "group_", "where_")) and isinstance(cell, str):
            told = (what for _, what in private(cell) if what != SMALL_PLACE)  # where to buy may be a street
            for what in told:
                yield Problem(f"{where}, column {column}", f"this looks like {what}.", "Name the group only.")


def _arguments(page: PageSource, library: AllPages, tables: Tables) -> Iterator[Problem]:
    """Yield blocks that name a row or a meeting."""
    for block in page.blocks:
        where = f"{page.where}, line {block.line}"
        table = TABLE_OF.get(block.name)
        if table and block.argument not in {row["id"] for row in tables[table]}:
            yield Problem(where, f'"{block.argument}" is not in content/tables/{table}.csv.', "Write an id from there.")
        if block.name == "came-of-it" and f"{MEETINGS}{block.argument}.md" not in library.names:
            yield Problem(where, f"there is no page {MEETINGS}{block.argument}.", "Write this page's own name.")


def _meeting(page: PageSource, tables: Tables, days: Sequence[Row], today: date) -> Iterator[Problem]:
    """The template of a meeting held: front matter held, taluk, themes; no names, no place smaller than the taluk."""
    for key, what, todo in _meeting_gaps(page, tables, days, today):
        yield Problem(f"{page.where}, {key}", what, todo)
    if not any(block.name == "came-of-it" for block in page.blocks):
        todo = f"Write [[ came-of-it: {meeting_id(page)} ]] at its end."
        yield Problem(page.where, "it does not show what came of the meeting.", todo)
    for position, what in private(page.text):
        where = f"{page.where}, line {page.line_of(position)}"
        yield Problem(where, f"this looks like {what}.", "Take it out, or say it in other words.")
    for key in ("title", "description"):
        for _, what in private(str(page.meta.get(key, ""))):
            yield Problem(f"{page.where}, {key}", f"this looks like {what}.", "Take it out.")


def _meeting_gaps(page: PageSource, tables: Tables, days: Sequence[Row], today: date) -> Iterator[tuple[str, str, str]]:
    held, themes = day_of(page.meta.get("held")), page.meta.get("themes")
    event = next((row for row in days if row["id"] == meeting_id(page)), None)
    if held is None:
        yield "held", "nobody says when the meeting was.", "Write the day, like held: 2027-01-24."
    elif held > today:
        yield "held", "this day is still to come.", "Write about a meeting after it was."
    elif event and event["starts"].date() != held:
        yield "held", f"events.csv says {event['starts'].date()}.", "Write the same day in both."
    if event and event["state"] == "cancelled":
        yield "held", "events.csv says that this event is cancelled.", "Look at its state there."
    if not event and not page.meta.get("example"):
        yield "name", f"there is no event {meeting_id(page)}.", "Name the page as the event in events.csv."
    if str(page.meta.get("taluk")) not in {row["id"] for row in tables["places"]}:
        yield "taluk", "there is no such taluk.", "Write an id from content/tables/places.csv."
    known = {row["id"] for row in tables["themes"]}
    if not isinstance(themes, list) or not set(map(str, themes)) <= known:
        yield "themes", "these are not all in themes.csv.", "Write them like themes: [debt-bondage]."
