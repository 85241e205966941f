"""Checks a table that is not saved yet, together with the other tables as they are saved."""

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sitegen.build import KEPT_TABLES
from sitegen.content import tables
from sitegen.content.spreadsheets import table_reader
from sitegen.content.spreadsheets.csv_files import parse_csv
from sitegen.content.tables import Row, Tables
from sitegen.layers import libraries
from sitegen.lint import consent_rules, mistakes

from editor.editor import Editor
from editor.tables import lines, rows, withdrawals
from editor.tables.lines import cells_by_column, name_of
from forms.core.problem import Problem, Problems, place_in

_ROW = re.compile(r", row (\d+)")


def table_problems(editor: Editor, table: str, text: str) -> list[Problem]:
    """Return the problems of a table's text, and the withdrawals that it would take back."""
    problems = _read_problems(editor, table, text)
    if table == "consents":
        saved = editor.store.read(editor.store.table(table))[0]
        problems = [*withdrawals.problems(editor.content, saved, text), *problems]
    return list({str(one): one for one in problems}.values())


def _read_problems(editor: Editor, table: str, text: str) -> list[Problem]:
    """Return the problems that reading the text of a table finds."""
    name = f"content/tables/{table}.csv"
    with tempfile.TemporaryDirectory(prefix="editor-") as folder:
        trial = Path(folder) / "content" / "tables"
        shutil.copytree(editor.content / "tables", trial, ignore=shutil.ignore_patterns(f"{table}.csv"))
        if (editor.content / "portal.yml").exists():
            libraries.copy_settings(editor.content, trial.parent)
        (trial / f"{table}.csv").write_bytes(editor.store.bytes_of(editor.store.table(table), text))
        try:
            read = table_reader.read_tables(trial, editor.root / "site" / "schemas", editor.root / KEPT_TABLES)
        except Problems as told:
            return [one for one in told.problems if one.where.startswith(name)]
        except Problem as problem:
            return [problem]
    found = mistakes.of_tables({table: [row for row in read[table] if tables.place_of(table, row).startswith(name)]})
    return [*found, *(_consent_problems(editor, read) if table == "consents" else ())]


def row_problems(editor: Editor, table: str, text: str, name: str) -> list[Problem]:
    """Return the problems of one row of a table's text. Problems of other rows do not keep it from being saved."""
    keys = rows.keys_of(editor.schemas[table])
    readable = lines.without_broken_rows(text, keys, name)
    number = row_number(readable, keys, name)
    problems = _read_problems(editor, table, readable)
    return [one for one in problems if (place := _ROW.search(one.where)) and int(place[1]) == number]


def row_number(text: str, keys: Sequence[str], name: str) -> int:
    """Return the number that a spreadsheet shows for a row by its name; 0 where there is none."""
    sheet = parse_csv(text.encode(), "")
    found = zip(sheet.numbers, sheet.rows, strict=True)
    return next((number for number, row in found if name_of(cells_by_column(sheet.header, row), keys) == name), 0)


def _consent_problems(editor: Editor, read: Tables) -> list[Problem]:
    """Return what the consents lack for a story to be published."""
    codes = editor.store.languages
    found = consent_rules.problems([], read, editor.content, codes, editor.today())
    return [*found, *(problem for row in read["consents"] for problem in _empty_cells(row))]


def _empty_cells(row: Row) -> list[Problem]:
    """Return the empty cells that a consent for a story needs. A person who leaves one empty has not asked yet."""
    if row["kind"] == "nobody" or row["withdrawn_on"] or not row["story"]:
        return []
    todo = "Fill it in when you know it. Until then the story stays a draft."
    required, file = ("given_on", "expires_on", "approved_by", "approved_on"), "content/tables/consents.csv"
    places = (place_in(file, row=tables.number_of(row), column=name) for name in required if not row[name])
    return [Problem(where, "this cell is empty.", todo) for where in places]
