"""What is wrong with a table that is not saved yet, beside the others as they are."""

import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sitegen.content import tables
from sitegen.content.csv_files import CsvFile, sheet_of
from sitegen.content.tables import Row, Tables
from sitegen.layers import libraries
from sitegen.lint import consent_rules

from editor.editor import Editor
from forms.core.problem import Problem, Problems

_ROW = re.compile(r", row (\d+)")


def table_problems(editor: Editor, table: str, text: str) -> list[Problem]:
    """Return what is wrong with the text of a table."""
    name = f"content/tables/{table}.csv"
    with tempfile.TemporaryDirectory(prefix="editor-") as folder:
        trial = Path(folder) / "content" / "tables"
        shutil.copytree(editor.content / "tables", trial, ignore=shutil.ignore_patterns(f"{table}.csv"))
        if (editor.content / "portal.yml").exists():
            libraries.copy_settings(editor.content, trial.parent)
        (trial / f"{table}.csv").write_text(text, encoding="utf-8")
        try:
            read = tables.read(trial, editor.root / "site" / "schemas")
        except Problems as told:
            return [one for one in told.problems if one.where.startswith(name)]
        except Problem as problem:
            return [problem]
    return _consent_problems(editor, text, read) if table == "consents" else []


def row_problems(editor: Editor, table: str, text: str, key: str) -> list[Problem]:
    """Return what is wrong with one row of a table's text. Other rows may be mended one by one."""
    number = row_number(text, key, editor.schemas[table])
    found = table_problems(editor, table, text)
    return [one for one in found if (place := _ROW.search(one.where)) and int(place[1]) == number]


def row_number(text: str, key: str, schema: Mapping[str, Any]) -> int:
    """Return the number that a spreadsheet shows for the row of this key; 0 where there is none."""
    sheet = sheet_of(text.encode(), "")
    at = sheet.header.index(schema["primaryKey"][0])
    return next((number for number, row in zip(sheet.numbers, sheet.rows, strict=True) if row[at] == key), 0)


def _consent_problems(editor: Editor, text: str, read: Tables) -> list[Problem]:
    """Return what consents lack before a story may be told, and withdrawals that would be taken back."""
    codes = editor.store.languages
    rules = consent_rules.problems([], read, editor.content, codes, editor.today())
    incomplete = [problem for row in read["consents"] for problem in _incomplete(row)]
    return [*_taken_back(editor, text), *rules, *incomplete]


def _taken_back(editor: Editor, text: str) -> list[Problem]:
    """Return the withdrawals of the table as it is that this text has not: nobody but the person takes one back."""
    now = sheet_of(editor.store.read(editor.store.table("consents"))[0].encode(), "consents.csv")
    fresh = sheet_of(text.encode(), "consents.csv")
    schema = editor.schemas["consents"]
    return [
        Problem(
            f"content/tables/consents.csv, row {row_number(text, key, schema)}, column withdrawn_on",
            f"the withdrawal of {key} would be taken back.",
            "It stays. If the person agrees again, write a new row with the day of that.",
        )
        for key, day in _withdrawn(now).items()
        if day and not _withdrawn(fresh).get(key)
    ]


def _withdrawn(sheet: CsvFile) -> dict[str, str]:
    rows = (dict(zip(sheet.header, cells, strict=False)) for cells in sheet.rows)
    return {row.get("id", ""): row.get("withdrawn_on", "") for row in rows}


def _incomplete(row: Row) -> list[Problem]:
    """Return the cells that a consent for a story must have besides: who leaves one empty has not asked yet."""
    if row["kind"] == "nobody" or row["withdrawn_on"] or not row["story"]:
        return []
    where = f"content/tables/consents.csv, row {tables.number_of(row)}"
    todo = "Fill it in when you know it. Until then the story stays a draft."
    needed = ("given_on", "expires_on", "approved_by", "approved_on")
    return [Problem(f"{where}, column {name}", "this cell is empty.", todo) for name in needed if not row[name]]
