"""Rows of the staff's tables, one at a time: what a form shows, and a save that leaves other people's rows alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sitegen.content.spreadsheets.csv_files import CsvFile, parse_csv

from editor.incoming import documents, workbook
from editor.tables.lines import name_of, named
from forms.core.files.spreadsheet_csv import BOM, Dialect, csv_text, separator_of, text_of, unguarded
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem

WRITTEN_BY_PROGRAMS = frozenset({"heard"})
"""Tables that no person writes."""

_LEFT_OVER = "+"
"""Under this name, which no column has, a change shows what a row has beyond its columns."""

_LONG = ("what_", "note", "why_", "outcome_", "asked_", "promised_", "text_")
_KINDS = {"integer": "number", "date": "date", "datetime": "datetime", "boolean": "flag"}


@dataclass(frozen=True)
class Control:
    """A field of a row as a form asks for it. `kind`: text, long, number, date, datetime, flag or choice."""

    name: str
    title: str
    help: str
    kind: str
    required: bool
    example: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Touched:
    """A cell that two people changed: what is in the form, and what is in the file."""

    column: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class RowChange:
    """A row that a table from elsewhere would add, change or take away; `cells`: column, before, after."""

    key: str
    kind: str
    cells: tuple[tuple[str, str, str], ...] = field(default=())


def controls(schema: Mapping[str, Any], sheets: Mapping[str, CsvFile]) -> list[Control]:
    """Return the fields of a table in its schema's order. sheets: the tables in which its keys are looked up."""
    keys = {key["fields"][0]: key["reference"] for key in schema.get("foreignKeys", ())}
    return [_control(one, keys.get(one["name"]), sheets) for one in schema["fields"]]


def _control(one: Mapping[str, Any], reference: Mapping[str, Any] | None, sheets: Mapping[str, CsvFile]) -> Control:
    limits = one.get("constraints", {})
    choices = [str(word) for word in limits.get("enum", ())]
    if reference and reference["resource"] in sheets:
        choices = column_of(sheets[reference["resource"]], reference["fields"][0])
    kind = "choice" if choices else _KINDS.get(one["type"], "long" if one["name"].startswith(_LONG) else "text")
    required = bool(limits.get("required"))
    return Control(
        one["name"],
        str(one["title"]),
        str(one.get("description", "")).strip(),
        kind,
        required,
        str(one.get("example", "")),
        tuple(choices),
    )


def column_of(sheet: CsvFile, name: str) -> list[str]:
    """Return the cells of a column; none where there is no such column."""
    at = sheet.header.index(name) if name in sheet.header else -1
    return [row[at] for row in sheet.rows if len(row) > at] if at >= 0 else []


def keys_of(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that name a row."""
    return tuple(schema["primaryKey"])


def titles_of(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return what each column is called, by its name."""
    return {one["name"]: str(one["title"]) for one in schema["fields"]}


def found(sheet: CsvFile, keys: Sequence[str], name: str) -> dict[str, str] | None:
    """Return the cells of the row of this name; None where there is none."""
    rows = (named(sheet.header, row) for row in sheet.rows)
    return next((row for row in rows if name_of(row, keys) == name), None)


def merged(
    ours: Mapping[str, str], base: Mapping[str, str] | None, theirs: Mapping[str, str] | None
) -> tuple[dict[str, str], list[Touched]]:
    """Return a row of which two people changed cells since `base`, and the cells that both changed."""
    row, touched = dict(theirs or {}), []
    for column, cell in ours.items():
        before, now = (base or {}).get(column, ""), (theirs or {}).get(column, "")
        if cell in {now, before, " ".join(before.split())}:
            continue
        if now != before:
            touched.append(Touched(column, cell, now))
        row[column] = cell
    return row, touched


def _text(header: Sequence[str], rows: Sequence[Sequence[str]], like: str) -> str:
    """Return a table as CSV, with what stands between its cells in `like`."""
    return text_of([header, *rows], Dialect(b"", separator_of(like.partition("\n")[0]), "\n"))


def for_download(sheet: CsvFile) -> bytes:
    """Return a table for a spreadsheet: with a byte order mark, and no cell that it would take for a formula."""
    return BOM + csv_text([sheet.header, *sheet.rows]).encode()


def for_workbook(sheet: CsvFile) -> bytes:
    """Return a table as a workbook."""
    return workbook.write([sheet.header, *sheet.rows])


def from_upload(data: bytes, where: str, like: str) -> str:
    """Return the text of a table that came from a spreadsheet. Raises Problem where it cannot be read."""
    if data.startswith(workbook.MARK):
        data = csv_text(documents.workbook(data, where)).encode()
    sheet = parse_csv(data, where)
    return _text(sheet.header, [[unguarded(cell) for cell in row] for row in sheet.rows], like)


def emptied(sheet: CsvFile) -> CsvFile:
    """Return a table with the same columns and no rows."""
    return CsvFile(sheet.where, sheet.header, [], [])


def changes(before: CsvFile, after: CsvFile, keys: Sequence[str]) -> list[RowChange]:
    """Return what a table would become, row by row. Raises Problem where two rows have one name."""
    todo = _("Mend that in the spreadsheet, and choose the file again.")
    if missing := [key for key in keys if key not in after.header]:
        raise Problem(after.where, _("it has no column %(column)s.", column=missing[0]), todo)
    there = Counter(name_of(named(after.header, row), keys) for row in after.rows)
    if twice := next((name for name, count in there.items() if count > 1), None):
        what = _('two rows have "%(cell)s" in the column %(column)s.', cell=twice, column=" + ".join(keys))
        raise Problem(after.where, what, todo)
    old, new = _by_name(before, keys), _by_name(after, keys)
    names = list(dict.fromkeys([*before.header, *after.header, _LEFT_OVER]))
    made = [_change(name, old.get(name), new.get(name), names) for name in dict.fromkeys([*old, *new])]
    return [change for change in made if change]


def _by_name(sheet: CsvFile, keys: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return rows by their names; what a row has beyond the columns of the table is in it too."""
    width = len(sheet.header)
    rows = ({**named(sheet.header, row), _LEFT_OVER: " ".join(row[width:])} for row in sheet.rows)
    return {name_of(row, keys): row for row in rows}


def _change(
    value: str, old: Mapping[str, str] | None, new: Mapping[str, str] | None, names: Sequence[str]
) -> RowChange | None:
    kind = "added" if old is None else "gone" if new is None else "changed"
    pairs = ((name, (old or {}).get(name, ""), (new or {}).get(name, "")) for name in names)
    cells = tuple(pair for pair in pairs if pair[1] != pair[2])
    return RowChange(value, kind, cells) if cells else None
