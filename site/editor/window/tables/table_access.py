"""Reading the tables for the window: schemas, sheets, and rows with those of libraries."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import g
from sitegen.content.events import days_of
from sitegen.content.spreadsheets.csv_files import CsvFile, parse_csv

from editor.tables import rows
from editor.tables.lines import name_of
from editor.window.current import the_editor
from editor.window.words import translate
from forms.core.files.spreadsheet_csv import cell_text
from forms.core.problem import Problem


class NoTable(Problem):
    """There is no such table, or only programs write it."""


def schema_of(table: str) -> Mapping[str, Any]:
    """Return the schema of a table, in the language of the window. Raises NoTable."""
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
    """Return the rows of a table as on the site, with those of libraries; none where they cannot be read."""
    context = the_editor().content_cache.current().context
    typed_rows = context.tables[table] if context else []
    return [{name: cell_text(cell) for name, cell in row.items()} for row in typed_rows]


def row_now(table: str, sheet: CsvFile, value: str) -> dict[str, str] | None:
    """Return the cells of a row: the district's own, else a library's, which a save copies to the district."""
    keys = rows.keys_of(schema_of(table))
    rows_inherited = (row for row in inherited(table) if name_of(row, keys) == value)
    return rows.find(sheet, keys, value) or next(rows_inherited, None)


def days_of_series(table: str) -> dict[str, Sequence[date]]:
    """Return the days of each series of events by its id; none for other tables."""
    context = the_editor().content_cache.current().context if table == "events" else None
    return {row["id"]: days_of(row) for row in context.tables[table] if row["repeats"]} if context else {}
