"""Pages of a whole table: the list of rows, download, upload, and withdrawing a consent."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from flask import Blueprint, Response, g, make_response, render_template, request
from sitegen.content.consent import consent_names
from sitegen.content.spreadsheets.csv_files import parse_csv
from sitegen.publish.withdrawals import broken_rows, lenient_table
from werkzeug.wrappers import Response as Answer

from editor.tables import checks, rows
from editor.tables.lines import cells_by_column, name_of
from editor.window.current import the_editor
from editor.window.home import problem_page, translate, translated, writer
from editor.window.tables.table_access import NoTable, days_of_series, inherited, schema_of, sheet_now
from forms.core.i18n.characters import without_surrogates
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("tables", __name__)
"""Also the pages of row_pages.py."""


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
        days=days_of_series(table), done=done, problems=problems,
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


def _words(row: Mapping[str, str]) -> tuple[str, str]:
    """Return the column and the cell by which a row is known: its first in English, or its second cell."""
    english = [(name, cell) for name, cell in row.items() if name.endswith("_en") and cell]
    return (english or [*row.items(), ("", ""), ("", "")][1:2])[0]


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
