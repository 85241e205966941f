"""Pages of one row of a table: its form, and saving it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta

from flask import render_template, request
from sitegen.content.spreadsheets.cell_problems import CellProblem
from sitegen.content.spreadsheets.csv_files import parse_csv
from werkzeug.wrappers import Response as Answer

from editor.tables import checks, lines, rows
from editor.tables.lines import name_of
from editor.tables.rows import CellConflict
from editor.window.current import the_editor, writer
from editor.window.tables.table_access import days_of_series, row_now, schema_of, sheet_now
from editor.window.tables.table_pages import pages
from editor.window.words import translate, translated
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

FOUR_WEEKS = timedelta(weeks=4)
"""From one meeting to the next of the same weekday."""

_NOT_COPIED = ("was", "repeats_until", "except", "report")
"""Columns of events that a copy leaves empty, like those that begin with outcome_."""


@dataclass
class RowForm:
    """The fields of a row's form. base: the id of the table from which it was made; key: "" for a new row."""

    cells: dict[str, str]
    base: str
    key: str = ""
    conflicts: list[CellConflict] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    saved: bool = False


@pages.get("/tables/<table>/row")
def edit(table: str) -> str:
    """Show the form of the row `key`, or of a new row copied from `like`. Raises Problem where there is no such row."""
    sheet, _, base = sheet_now(table)
    keys, value = rows.keys_of(schema_of(table)), request.args.get("key", "")
    like = row_now(table, sheet, request.args.get("like", "")) if "like" in request.args else None
    cells = row_now(table, sheet, value) if value else _copy_of_event(like, keys) if like else {}
    if cells is None:
        raise Problem(value[:80], translate("There is no such row here."), translate("Choose one from the list."))
    preset = {name: cell for name, cell in request.args.items() if name not in {"key", "like"}}
    return render_form(table, RowForm({**cells, **preset}, base, value, saved="saved" in request.args))


def _copy_of_event(like: dict[str, str], keys: Sequence[str]) -> dict[str, str]:
    """Return the cells of a copy of an event, four weeks later on the same weekday."""
    copied = {name: cell for name, cell in like.items() if not name.startswith("outcome_") and name not in _NOT_COPIED}
    dates = {name: _four_weeks_later(cell) for name, cell in copied.items() if name in {"starts", "ends"}}
    return {**copied, **dates, keys[-1]: "", **({"state": "planned"} if "state" in copied else {})}


def _four_weeks_later(cell: str) -> str:
    try:
        return (date.fromisoformat(cell[:10]) + FOUR_WEEKS).isoformat() + cell[10:]
    except ValueError:
        return ""


def render_form(table: str, form: RowForm) -> str:
    """Return the page with the form."""
    schema = schema_of(table)
    names = [key["reference"]["resource"] for key in schema.get("foreignKeys", ())]
    sheets = {}
    for name in names:
        with suppress(Problem):  # a key of a table that cannot be read is typed, not chosen
            sheets[name] = sheet_now(name)[0]
    fields = rows.controls(schema, sheets)
    columns = {one.name for one in fields}
    of_cells = {one: column for one in form.problems if (column := one.where.rpartition("column ")[2]) in columns}
    by_column = {column: _problem_of_field(one) for one, column in of_cells.items()}
    return render_template(
        "row.html", table=table, title=schema["title"], form=form, fields=fields, by_column=by_column,
        others=[one for one in form.problems if one not in of_cells],
        touched={one.column: one for one in form.conflicts}, keys=rows.keys_of(schema),
        days=days_of_series(table),
    )  # fmt: skip


def _problem_of_field(problem: Problem) -> Problem:
    """Return a problem for display beside its field, whose help already explains it."""
    return translated(Problem("", problem.what, problem.like if isinstance(problem, CellProblem) else problem.todo))


@pages.post("/tables/<table>/row")
def save(table: str) -> Answer | str | tuple[str, int]:
    """Save one row; other rows stay as they are in the file."""
    fields = schema_of(table)["fields"]
    sent = {one["name"]: " ".join(request.form.get(one["name"], "").split()) for one in fields}
    form = RowForm(sent, request.form.get("base", ""), request.form.get("key", ""))
    try:
        with the_editor().store.lock:
            status = _save(table, form)
    except Problem as problem:
        form.problems = [problem]
        return render_form(table, form), 400
    return (render_form(table, form), status) if status else redirect_to(f"/tables/{table}/?saved=yes")


def _save(table: str, form: RowForm) -> int:
    """Save a row; return 0, or 409 where two people changed a cell, or 400 where a cell has a problem.

    Raises Problem where a new row's name is taken.
    """
    editor, keys = the_editor(), rows.keys_of(schema_of(table))
    sheet, text, current_id = sheet_now(table)
    before = editor.store.history.read(form.base)
    base = parse_csv(before, table) if before else None
    name_typed = name_of(form.cells, keys)
    # A library's row is neither in this file before its first save, nor in the table from which the form was made.
    theirs = rows.find(sheet, keys, form.key or name_typed)
    original = rows.find(base, keys, form.key) if base and form.key else None
    if original and not theirs:
        return _row_removed(form, current_id)
    if (theirs and not form.key) or (name_typed != form.key and rows.find(sheet, keys, name_typed)):
        todo = translate("Choose another, or open that row from the list.")
        raise Problem(f"column {keys[-1]}", translate("There is a row of this name already."), todo)
    row, form.conflicts = rows.merge(form.cells, original, theirs)
    form.base = current_id
    if form.conflicts:
        form.cells = {**row, **{one.column: one.ours for one in form.conflicts}}
        return 409
    name = name_of(row, keys)
    updated = lines.with_row(text, keys, form.key or name, row, f"content/tables/{table}.csv")
    form.problems = checks.row_problems(editor, table, updated, name)
    if form.problems:
        return 400
    editor.store.replace(editor.store.table(table), updated, current_id, writer(), f"Row {name} of {table}")
    return 0


def _row_removed(form: RowForm, table_id: str) -> int:
    """Add the problem that the row was removed; another save of the form makes a new row. Return 409."""
    what = translate("Somebody else took this row away, or gave it another name, while you wrote.")
    todo = translate("What you wrote is still here. Look at the table; save again where it should be a row of its own.")
    form.problems, form.base, form.key = [Problem(form.key, what, todo)], table_id, ""
    return 409
