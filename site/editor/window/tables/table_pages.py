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
from editor.window.current import the_editor, writer
from editor.window.problem_pages import problem_page
from editor.window.tables.table_access import NoTable, days_of_series, inherited, schema_of, sheet_now
from editor.window.words import translate, translated
from forms.core.i18n.characters import without_surrogates
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

pages = Blueprint("tables", __name__)
"""Also the pages of row_pages.py."""


@pages.get("/tables/")
def listed() -> str:
    """List all tables."""
    titles = [(name, translate(title)) for name, title in the_editor().titles]
    return render_template("tables.html", tables=titles)


@pages.get("/tables/<table>/")
def show(table: str) -> str:
    """List the rows of a table."""
    schema = schema_of(table)
    keys, done = rows.keys_of(schema), request.args.get("done", "")
    problems: list[Problem] = []
    found: Sequence[Mapping[str, str]]
    if table == "consents":  # without checks: a withdrawal does not wait until other problems are fixed
        found = lenient_table.rows_of_district(the_editor().content)
        problems = _problems_of(table, of_rows=bool(done))
    else:
        sheet, _, _ = sheet_now(table)
        found = [cells_by_column(sheet.header, cells) for cells in sheet.rows]
    own = {name_of(row, keys) for row in found}
    found = [*found, *(row for row in inherited(table) if name_of(row, keys) not in own)]
    shown = [
        (*map(without_surrogates, (name_of(row, keys), *_description(row))), _withdrawal_key(row, found))
        for row in found
    ]
    return render_template(
        "table.html", table=table, title=schema["title"], rows=shown, saved="saved" in request.args,
        days=days_of_series(table), done=done, problems=problems,
        is_live=the_editor().publisher.destination.is_live, is_pushed=the_editor().remote is not None,
    )  # fmt: skip


def _problems_of(table: str, *, of_rows: bool) -> list[Problem]:
    """Return why a table cannot be read; of_rows: else the problems of its rows."""
    try:
        _, text, _ = sheet_now(table)
        return [translated(one) for one in checks.table_problems(the_editor(), table, text)] if of_rows else []
    except Problem as problem:
        return [translated(problem)]


def _withdrawal_key(row: Mapping[str, str], all_rows: Sequence[Mapping[str, str]]) -> str:
    """Return the name by which a row of consents can be withdrawn; "" where it is withdrawn. found: all rows."""
    withdrawn_stories = {
        consent_names.story_name(one["story"]) for one in all_rows if one.get("story") and lenient_table.day_of(one)
    }
    stories = broken_rows.stories_in(row)
    if lenient_table.day_of(row) or (stories and stories <= withdrawn_stories):
        return ""
    id = row.get("id", "")
    is_unique = consent_names.is_id(id) and sum(one.get("id") == id for one in all_rows) == 1
    by_id = [id] if is_unique and not stories else []
    media = consent_names.media_names(row.get("media", ""))
    names = [*by_id, *sorted(stories), row.get("story"), *sorted(media), row.get("id")]
    return next((name for name in names if name and without_surrogates(name) == name), "")


def _description(row: Mapping[str, str]) -> tuple[str, str]:
    """Return the column and the cell that describe a row: its first one in English, else its second cell."""
    english = [(name, cell) for name, cell in row.items() if name.endswith("_en") and cell]
    return (english or [*row.items(), ("", ""), ("", "")][1:2])[0]


@pages.get("/tables/<table>/download")
def download(table: str) -> Response:
    """Download a table as CSV for a spreadsheet."""
    return _file(rows.for_download(sheet_now(table)[0]), f"{table}.csv", "text/csv; charset=utf-8")


@pages.get("/tables/<table>/workbook")
def workbook(table: str) -> Response:
    """Download a table as a workbook for Excel or LibreOffice."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(rows.for_workbook(sheet_now(table)[0]), f"{table}.xlsx", kind)


def _file(data: bytes, name: str, kind: str) -> Response:
    response = make_response(data)
    response.headers["Content-Type"] = kind
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@pages.post("/tables/<table>/upload")
def upload(table: str) -> str:
    """Show what an uploaded table would change. Nothing is saved yet. Raises Problem where no file was sent."""
    file = request.files.get("file")
    data = file.read() if file else b""
    if not data:
        raise Problem("", translate("No file was chosen."), translate("Choose one, then go on."))
    _, text, base = sheet_now(table)
    return _upload_page(table, rows.from_upload(data, f"{table}.csv", text), base)


def _upload_page(table: str, new_text: str, base: str) -> str:
    editor = the_editor()
    schema = schema_of(table)
    changes = rows.changes(sheet_now(table)[0], parse_csv(new_text.encode(), f"{table}.csv"), rows.keys_of(schema))
    problems = checks.table_problems(editor, table, new_text)
    return render_template(
        "upload.html", table=table, changes=changes, titles=rows.titles_of(schema), text=new_text, base=base,
        problems=problems,
    )  # fmt: skip


@pages.post("/tables/<table>/replace")
def replace(table: str) -> Answer | str:
    """Save an uploaded table as it was shown; show it again where the table has changed since."""
    editor, new_text = the_editor(), request.form.get("text", "").replace("\r\n", "\n")
    with editor.store.lock:
        _, _, base = sheet_now(table)
        problems = checks.table_problems(editor, table, new_text)
        if base != request.form.get("base") or problems:
            return _upload_page(table, new_text, base)
        editor.store.replace(editor.store.table(table), new_text, base, writer(), f"Table {table} from a spreadsheet")
    return redirect_to(f"/tables/{table}/?saved=yes")


@pages.post("/consents/withdraw")
def withdraw() -> Answer:
    """Take a story off the site at once and write the day into its row, whatever other problems there are."""
    editor, consent = the_editor(), request.form.get("consent", "")
    with editor.store.lock, ExitStack() as afterwards:  # run even if the withdrawal here fails
        if editor.remote is not None:
            afterwards.callback(editor.publisher.withdraw, g.who or "?", editor.today().isoformat())
        afterwards.callback(editor.store.record_external_changes, g.who or "?", f"Withdraw consent {consent[:80]}")
        editor.withdraw(consent)  # first, and for everybody: it needs neither a name nor room on the disk
    return redirect_to("/tables/consents/?done=withdrawn")


@pages.errorhandler(NoTable)
def no_table(problem: NoTable) -> tuple[str, int]:
    """Show that there is no such table, or that only programs write it."""
    return problem_page([problem], 404)
