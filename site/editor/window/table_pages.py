"""Tables: their rows, the form of one row, and a whole table from a spreadsheet and back."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request
from sitegen.content.consent import consent_names
from sitegen.content.events import days_of
from sitegen.content.spreadsheets.cell_problems import CellProblem
from sitegen.content.spreadsheets.csv_files import CsvFile, parse_csv
from sitegen.publish.withdrawals import broken_rows, lenient_table
from werkzeug.wrappers import Response as Answer

from editor.tables import checks, lines, rows
from editor.tables.lines import cells_by_column, name_of
from editor.tables.rows import CellConflict
from editor.window.current import the_editor
from editor.window.home import problem_page, translate, translated, writer
from forms.core.files.spreadsheet_csv import cell_text
from forms.core.i18n.characters import without_surrogates
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("tables", __name__)

FOUR_WEEKS = timedelta(weeks=4)
"""From one meeting to the next of the same weekday."""

_OF_ONE_DAY = ("was", "repeats_until", "except", "report")
"""Columns of events that a new one does not take over; those that begin with outcome_ too."""


@dataclass
class RowForm:
    """What is in the form of a row; `base`: the id of the table it was made from; `key`: "" for a new row."""

    cells: dict[str, str]
    base: str
    key: str = ""
    conflicts: list[CellConflict] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    saved: bool = False


class NoTable(Problem):
    """There is no such table, or no person writes it."""


def schema_of(table: str) -> Mapping[str, Any]:
    """Return the schema of a table, in the words of whoever reads the window. Raises NoTable."""
    try:
        return the_editor().schema_in(g.language, table)
    except KeyError:
        todo = translate("Choose one from the list.")
        raise NoTable("", translate("There is no such table here."), todo) from None


def sheet_now(table: str) -> tuple[CsvFile, str, str]:
    """Return a table, its text and its id. Raises Problem where it cannot be read."""
    editor = the_editor()
    header = ",".join(one["name"] for one in schema_of(table)["fields"])
    text, base = editor.store.read(editor.store.table(table))
    return parse_csv((text or header).encode(), f"content/tables/{table}.csv"), text or header, base


def inherited(table: str) -> list[dict[str, str]]:
    """Return the rows of a table as the site has them, with a library's; none where they cannot be read."""
    context = the_editor().content_cache.current().context
    found = context.tables[table] if context else []
    return [{name: cell_text(cell) for name, cell in row.items()} for row in found]


def row_now(table: str, sheet: CsvFile, value: str) -> dict[str, str] | None:
    """Return the cells of a row: the district's own, else the library's, of which a save makes the district's own."""
    keys = rows.keys_of(schema_of(table))
    there = (row for row in inherited(table) if name_of(row, keys) == value)
    return rows.find(sheet, keys, value) or next(there, None)


@pages.get("/tables/")
def listed() -> str:
    """All tables."""
    titles = [(name, translate(title)) for name, title in the_editor().titles]
    return render_template("tables.html", tables=titles)


@pages.get("/tables/<table>/")
def show(table: str) -> str:
    """The rows of a table."""
    schema = schema_of(table)
    keys, done = rows.keys_of(schema), request.args.get("done", "")
    problems: list[Problem] = []
    found: Sequence[Mapping[str, str]]
    if table == "consents":  # as they stand: whoever takes something back does not wait until all else is mended
        found = lenient_table.rows_of_district(the_editor().content)
        problems = _problems_of(table, of_rows=bool(done))
    else:
        sheet, _, _ = sheet_now(table)
        found = [cells_by_column(sheet.header, cells) for cells in sheet.rows]
    own = {name_of(row, keys) for row in found}
    found = [*found, *(row for row in inherited(table) if name_of(row, keys) not in own)]
    shown = [(*map(without_surrogates, (name_of(row, keys), *_words(row))), _told(row, found)) for row in found]
    return render_template(
        "table.html", table=table, title=schema["title"], rows=shown, saved="saved" in request.args,
        days=_days(table), done=done, problems=problems,
        is_live=the_editor().publisher.destination.is_live, is_pushed=the_editor().remote is not None,
    )  # fmt: skip


def _problems_of(table: str, *, of_rows: bool) -> list[Problem]:
    """Return why a table cannot be read; of_rows: else what is wrong in its rows, to be mended in peace."""
    try:
        _, text, _ = sheet_now(table)
        return [translated(one) for one in checks.table_problems(the_editor(), table, text)] if of_rows else []
    except Problem as problem:
        return [translated(problem)]


def _told(row: Mapping[str, str], found: Sequence[Mapping[str, str]]) -> str:
    """Return by what a row of consents is withdrawn; "" where it is. found: all rows."""
    gone = {consent_names.story_name(one["story"]) for one in found if one.get("story") and lenient_table.day_of(one)}
    stories = broken_rows.stories_in(row)
    if lenient_table.day_of(row) or (stories and stories <= gone):
        return ""
    named = row.get("id", "")
    is_one = consent_names.is_id(named) and sum(one.get("id") == named for one in found) == 1
    by_id = [named] if is_one and not stories else []
    media = consent_names.media_names(row.get("media", ""))
    names = [*by_id, *sorted(stories), row.get("story"), *sorted(media), row.get("id")]
    return next((name for name in names if name and without_surrogates(name) == name), "")


def _days(table: str) -> dict[str, Sequence[date]]:
    """Return the days of each series of events as the site shows them; none of another table."""
    context = the_editor().content_cache.current().context if table == "events" else None
    return {row["id"]: days_of(row) for row in context.tables[table] if row["repeats"]} if context else {}


def _words(row: Mapping[str, str]) -> tuple[str, str]:
    """Return the column and the cell by which a row is known: its first in English, or its second cell."""
    english = [(name, cell) for name, cell in row.items() if name.endswith("_en") and cell]
    return (english or [*row.items(), ("", ""), ("", "")][1:2])[0]


@pages.get("/tables/<table>/row")
def edit(table: str) -> str:
    """The form of one row: of `key`, or a new one made like `like`. Raises Problem where there is no such row."""
    sheet, _, base = sheet_now(table)
    keys, value = rows.keys_of(schema_of(table)), request.args.get("key", "")
    like = row_now(table, sheet, request.args.get("like", "")) if "like" in request.args else None
    cells = row_now(table, sheet, value) if value else _next(like, keys) if like else {}
    if cells is None:
        raise Problem(value[:80], translate("There is no such row here."), translate("Choose one from the list."))
    given = {name: cell for name, cell in request.args.items() if name not in {"key", "like"}}
    return shown(table, RowForm({**cells, **given}, base, value, saved="saved" in request.args))


def _next(like: dict[str, str], keys: Sequence[str]) -> dict[str, str]:
    """Return the cells of an event like this one, four weeks later: the same weekday."""
    kept = {name: cell for name, cell in like.items() if not name.startswith("outcome_") and name not in _OF_ONE_DAY}
    moved = {name: _later(cell) for name, cell in kept.items() if name in {"starts", "ends"}}
    return {**kept, **moved, keys[-1]: "", **({"state": "planned"} if "state" in kept else {})}


def _later(cell: str) -> str:
    try:
        return (date.fromisoformat(cell[:10]) + FOUR_WEEKS).isoformat() + cell[10:]
    except ValueError:
        return ""


def shown(table: str, form: RowForm) -> str:
    """Return the page with the form."""
    schema = schema_of(table)
    names = [key["reference"]["resource"] for key in schema.get("foreignKeys", ())]
    sheets = {}
    for name in names:
        with suppress(Problem):  # of a table that cannot be read nothing can be chosen: it is typed
            sheets[name] = sheet_now(name)[0]
    fields = rows.controls(schema, sheets)
    columns = {one.name for one in fields}
    of_cells = {one: column for one in form.problems if (column := one.where.rpartition("column ")[2]) in columns}
    by_column = {column: _beside(one) for one, column in of_cells.items()}
    return render_template(
        "row.html", table=table, title=schema["title"], form=form, fields=fields, by_column=by_column,
        others=[one for one in form.problems if one not in of_cells],
        touched={one.column: one for one in form.conflicts}, keys=rows.keys_of(schema),
        days=_days(table),
    )  # fmt: skip


def _beside(problem: Problem) -> Problem:
    """Return what is said of a cell beside its field, where its help says already what it means."""
    return translated(Problem("", problem.what, problem.like if isinstance(problem, CellProblem) else problem.todo))


@pages.post("/tables/<table>/row")
def save(table: str) -> Answer | str | tuple[str, int]:
    """Save one row; other rows stay as they are in the file now."""
    fields = schema_of(table)["fields"]
    sent = {one["name"]: " ".join(request.form.get(one["name"], "").split()) for one in fields}
    form = RowForm(sent, request.form.get("base", ""), request.form.get("key", ""))
    try:
        with the_editor().store.lock:
            status = _save(table, form)
    except Problem as problem:
        form.problems = [problem]
        return shown(table, form), 400
    return (shown(table, form), status) if status else redirect_to(f"/tables/{table}/?saved=yes")


def _save(table: str, form: RowForm) -> int:
    """Save what is right; return 409 where two people changed a cell, 400 where one is wrong, 0 where it is saved.

    Raises Problem where a new row's name is taken.
    """
    editor, keys = the_editor(), rows.keys_of(schema_of(table))
    sheet, text, now = sheet_now(table)
    before = editor.store.history.read(form.base)
    base = parse_csv(before, table) if before else None
    typed = name_of(form.cells, keys)
    # A library's row has no place in this file before its first save, and no place in what the form was made from.
    theirs = rows.find(sheet, keys, form.key or typed)
    mine = rows.find(base, keys, form.key) if base and form.key else None
    if mine and not theirs:
        return _gone(form, now)
    if (theirs and not form.key) or (typed != form.key and rows.find(sheet, keys, typed)):
        todo = translate("Choose another, or open that row from the list.")
        raise Problem(f"column {keys[-1]}", translate("There is a row of this name already."), todo)
    row, form.conflicts = rows.merge(form.cells, mine, theirs)
    form.base = now
    if form.conflicts:
        form.cells = {**row, **{one.column: one.ours for one in form.conflicts}}
        return 409
    name = name_of(row, keys)
    fresh = lines.with_row(text, keys, form.key or name, row, f"content/tables/{table}.csv")
    form.problems = checks.row_problems(editor, table, fresh, name)
    if form.problems:
        return 400
    editor.store.replace(editor.store.table(table), fresh, now, writer(), f"Row {name} of {table}")
    return 0


def _gone(form: RowForm, now: str) -> int:
    """Say that the row is not there any more; saved again as it is shown then, it is a row of its own."""
    what = translate("Somebody else took this row away, or gave it another name, while you wrote.")
    todo = translate("What you wrote is still here. Look at the table; save again where it should be a row of its own.")
    form.problems, form.base, form.key = [Problem(form.key, what, todo)], now, ""
    return 409


@pages.get("/tables/<table>/download")
def download(table: str) -> Response:
    """The whole table, for a spreadsheet."""
    return _file(rows.for_download(sheet_now(table)[0]), f"{table}.csv", "text/csv; charset=utf-8")


@pages.get("/tables/<table>/workbook")
def workbook(table: str) -> Response:
    """The whole table, as a workbook of Excel or LibreOffice."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(rows.for_workbook(sheet_now(table)[0]), f"{table}.xlsx", kind)


def _file(data: bytes, name: str, kind: str) -> Response:
    response = make_response(data)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@pages.post("/tables/<table>/upload")
def upload(table: str) -> str:
    """Show what a table from a spreadsheet would change. Nothing is saved yet. Raises Problem where no file came."""
    file = request.files.get("file")
    data = file.read() if file else b""
    if not data:
        raise Problem("", translate("No file was chosen."), translate("Choose one, then go on."))
    _, text, base = sheet_now(table)
    return _compared(table, rows.from_upload(data, f"{table}.csv", text), base)


def _compared(table: str, fresh: str, base: str) -> str:
    editor = the_editor()
    schema = schema_of(table)
    found = rows.changes(sheet_now(table)[0], parse_csv(fresh.encode(), f"{table}.csv"), rows.keys_of(schema))
    problems = checks.table_problems(editor, table, fresh)
    return render_template(
        "upload.html", table=table, changes=found, titles=rows.titles_of(schema), text=fresh, base=base,
        problems=problems,
    )  # fmt: skip


@pages.post("/tables/<table>/replace")
def replace(table: str) -> Answer | str:
    """Save a table from a spreadsheet, as it was shown; shown again where the table has changed since."""
    editor, fresh = the_editor(), request.form.get("text", "").replace("\r\n", "\n")
    with editor.store.lock:
        _, _, now = sheet_now(table)
        problems = checks.table_problems(editor, table, fresh)
        if now != request.form.get("base") or problems:
            return _compared(table, fresh, now)
        editor.store.replace(editor.store.table(table), fresh, now, writer(), f"Table {table} from a spreadsheet")
    return redirect_to(f"/tables/{table}/?saved=yes")


@pages.post("/consents/withdraw")
def withdraw() -> Answer:
    """Take a story off the site at once, and write the day into its row: whatever else is wrong."""
    editor, told = the_editor(), request.form.get("consent", "")
    with editor.store.lock, ExitStack() as afterwards:  # whatever could not be done before
        if editor.remote is not None:
            afterwards.callback(editor.publisher.withdraw, g.who or "?", editor.today().isoformat())
        afterwards.callback(editor.store.record_external_changes, g.who or "?", f"Withdraw consent {told[:80]}")
        editor.withdraw(told)  # first, and whoever asks: no name and no full disk is a hindrance
    return redirect_to("/tables/consents/?done=withdrawn")


@pages.errorhandler(NoTable)
def no_table(problem: NoTable) -> tuple[str, int]:
    """A table that is not there, or that no person writes."""
    return problem_page([problem], 404)
