"""Rows of the tables: the fields of a row's form, merging a row, spreadsheets, and differences of tables."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sitegen.content.spreadsheets.csv_files import CsvFile, parse_csv

from editor.incoming import documents, workbook
from editor.tables.lines import cells_by_column, name_of
from forms.core.files.spreadsheet_csv import BOM, Dialect, csv_text, separator_of, text_of, unescape_formula
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

WRITTEN_BY_PROGRAMS = frozenset({"heard"})
"""Tables that only programs write."""

_EXTRA_CELLS = "+"
"""The name, which no column has, for the cells of a row beyond its columns."""

_LONG = ("what_", "note", "why_", "outcome_", "asked_", "promised_", "text_")
_KINDS = {"integer": "number", "date": "date", "datetime": "datetime", "boolean": "flag"}


@dataclass(frozen=True)
class Control:
    """A field of a row's form. kind: text, long, number, date, datetime, flag or choice."""

    name: str
    title: str
    help: str
    kind: str
    required: bool
    example: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class CellConflict:
    """A cell that two people changed. ours: in the form; theirs: in the file."""

    column: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class RowChange:
    """A row that a new version of a table would change. kind: added, changed or gone; cells: column, before, after."""

    key: str
    kind: str
    cells: tuple[tuple[str, str, str], ...] = field(default=())


def controls(schema: Mapping[str, Any], sheets: Mapping[str, CsvFile]) -> list[Control]:
    """Return the fields of a table's form, in the order of its schema. sheets: the tables of its foreign keys."""
    keys = {key["fields"][0]: key["reference"] for key in schema.get("foreignKeys", ())}
    return [_control(column, keys.get(column["name"]), sheets) for column in schema["fields"]]


def _control(
    descriptor: Mapping[str, Any], reference: Mapping[str, Any] | None, sheets: Mapping[str, CsvFile]
) -> Control:
    limits = descriptor.get("constraints", {})
    choices = [str(word) for word in limits.get("enum", ())]
    if reference and reference["resource"] in sheets:
        choices = column_of(sheets[reference["resource"]], reference["fields"][0])
    by_type = "long" if descriptor["name"].startswith(_LONG) else "text"
    kind = "choice" if choices else _KINDS.get(descriptor["type"], by_type)
    required = bool(limits.get("required"))
    return Control(
        descriptor["name"],
        str(descriptor["title"]),
        str(descriptor.get("description", "")).strip(),
        kind,
        required,
        str(descriptor.get("example", "")),
        tuple(choices),
    )


def column_of(sheet: CsvFile, name: str) -> list[str]:
    """Return the cells of a column; none where there is no such column."""
    at = sheet.header.index(name) if name in sheet.header else -1
    return [row[at] for row in sheet.rows if len(row) > at] if at >= 0 else []


def keys_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the key columns of a table, whose cells name a row."""
    return tuple(schema["primaryKey"])


def titles_of(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the title of each column by its name."""
    return {column["name"]: str(column["title"]) for column in schema["fields"]}


def find(sheet: CsvFile, keys: Sequence[str], name: str) -> dict[str, str] | None:
    """Return the cells of a row by its name; None where there is none."""
    rows = (cells_by_column(sheet.header, row) for row in sheet.rows)
    return next((row for row in rows if name_of(row, keys) == name), None)


def merge(
    ours: Mapping[str, str], base: Mapping[str, str] | None, theirs: Mapping[str, str] | None
) -> tuple[dict[str, str], list[CellConflict]]:
    """Merge a row that two people changed since `base`; return it with the cells that both changed."""
    row, conflicts = dict(theirs or {}), []
    for column, cell in ours.items():
        before, now = (base or {}).get(column, ""), (theirs or {}).get(column, "")
        if cell in {now, before, " ".join(before.split())}:
            continue
        if now != before:
            conflicts.append(CellConflict(column, cell, now))
        row[column] = cell
    return row, conflicts


def _csv_text(header: Sequence[str], rows: Sequence[Sequence[str]], like: str) -> str:
    """Return a table as CSV, with the separator of the text `like`."""
    return text_of([header, *rows], Dialect(b"", separator_of(like.partition("\n")[0]), "\n"))


def for_download(sheet: CsvFile) -> bytes:
    """Return a table as CSV for a spreadsheet: with a byte order mark, and cells guarded against formulas."""
    return BOM + csv_text([sheet.header, *sheet.rows]).encode()


def for_workbook(sheet: CsvFile) -> bytes:
    """Return a table as a workbook."""
    return workbook.write([sheet.header, *sheet.rows])


def from_upload(data: bytes, where: str, like: str) -> str:
    """Return the text of a table that a spreadsheet saved. Raises Problem where it cannot be read."""
    if data.startswith(workbook.SIGNATURE):
        data = csv_text(documents.workbook(data, where)).encode()
    sheet = parse_csv(data, where)
    return _csv_text(sheet.header, [[unescape_formula(cell) for cell in row] for row in sheet.rows], like)


def without_rows(sheet: CsvFile) -> CsvFile:
    """Return a table with the same columns and no rows."""
    return CsvFile(sheet.where, sheet.header, [], [])


def changes(before: CsvFile, after: CsvFile, keys: Sequence[str]) -> list[RowChange]:
    """Return the rows that differ between two versions of a table. Raises Problem where two rows have one name."""
    todo = _("Mend that in the spreadsheet, and choose the file again.")
    if missing := [key for key in keys if key not in after.header]:
        raise Problem(after.where, _("it has no column %(column)s.", column=missing[0]), todo)
    counts = Counter(name_of(cells_by_column(after.header, row), keys) for row in after.rows)
    if repeated := next((name for name, count in counts.items() if count > 1), None):
        what = _('two rows have "%(cell)s" in the column %(column)s.', cell=repeated, column=" + ".join(keys))
        raise Problem(after.where, what, todo)
    old, new = _by_name(before, keys), _by_name(after, keys)
    names = list(dict.fromkeys([*before.header, *after.header, _EXTRA_CELLS]))
    changed = [_change(name, old.get(name), new.get(name), names) for name in dict.fromkeys([*old, *new])]
    return [change for change in changed if change]


def _by_name(sheet: CsvFile, keys: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return rows by their names, with the cells beyond the columns of the table under _EXTRA_CELLS."""
    width = len(sheet.header)
    rows = ({**cells_by_column(sheet.header, row), _EXTRA_CELLS: " ".join(row[width:])} for row in sheet.rows)
    return {name_of(row, keys): row for row in rows}


def _change(
    value: str, old: Mapping[str, str] | None, new: Mapping[str, str] | None, names: Sequence[str]
) -> RowChange | None:
    kind = "added" if old is None else "gone" if new is None else "changed"
    pairs = ((name, (old or {}).get(name, ""), (new or {}).get(name, "")) for name in names)
    cells = tuple(pair for pair in pairs if pair[1] != pair[2])
    return RowChange(value, kind, cells) if cells else None
