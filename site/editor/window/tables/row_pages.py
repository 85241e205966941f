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
from editor.window.current import the_editor
from editor.window.home import translate, translated, writer
from editor.window.tables.table_access import days_of_series, row_now, schema_of, sheet_now
from editor.window.tables.table_pages import pages
from forms.core.problem import Problem
from forms.web.local.secret_path import redirect_to

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
        days=days_of_series(table),
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
