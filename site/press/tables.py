"""The staff's tables: CSV and Table Schema in, typed rows out, or every problem at once in sentences.

A schema site/schemas/<name>.yaml belongs to content/tables/<name>.csv. Its fields' `description` tells staff what to
write, its `example` how it looks; both stand in the sentences below.
"""

import csv
import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from frictionless import Package, Schema
from frictionless.errors import CellError, ForeignKeyError
from frictionless.resources import TableResource

from forms.problem import Problem, Problems

Row = dict[str, Any]
Tables = dict[str, list[Row]]

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_AS_UTF8 = 'Save it again as "CSV UTF-8 (comma delimited)".'
_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "date": "a day",
    "datetime": "a day and time",
    "boolean": "true or false",
}


@dataclass(frozen=True)
class _Sheet:
    """A CSV file as text: header, cells, and each row's number as a spreadsheet shows it."""

    where: str
    header: list[str]
    rows: list[list[str]]
    numbers: list[int]


def read(tables: Path, schemas: Path) -> Tables:
    """Typed rows of every table, in file order. Raises Problems with everything that is wrong in any of them."""
    descriptors = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted(schemas.glob("*.yaml"))}
    problems = [
        Problem(_where(path), "has no schema, so nothing reads it.", "Remove it, or ask a developer.")
        for path in sorted(tables.glob("*.csv"))
        if path.stem not in descriptors
    ]
    sheets: dict[str, _Sheet] = {}
    for name in descriptors:
        try:
            sheets[name] = _sheet(tables / f"{name}.csv")
        except Problem as problem:
            problems.append(problem)
    if problems:
        raise Problems(problems)
    return _checked(sheets, descriptors)


def _checked(sheets: Mapping[str, _Sheet], descriptors: Mapping[str, Any]) -> Tables:
    resources = [
        TableResource(name=name, data=[sheet.header, *sheet.rows], schema=Schema.from_descriptor(descriptors[name]))
        for name, sheet in sheets.items()
    ]
    package = Package(resources=[*resources])
    problems = [
        problem
        for task in package.validate().tasks
        for problem in _problems(sheets[task.name], descriptors[task.name], task.errors, sheets)
    ]
    if problems:
        raise Problems(problems)
    return {resource.name: [row.to_dict() for row in resource.read_rows()] for resource in resources}


def _where(path: Path) -> str:
    return "/".join(path.parts[-3:])


def _sheet(path: Path) -> _Sheet:
    """A CSV file as it came from a spreadsheet. Raises Problem where it is no comma-separated UTF-8."""
    where = _where(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise Problem(where, "is missing.", "Put it back, with at least its first line.") from None
    if data.startswith(_UTF16):
        raise Problem(where, "is saved as UTF-16.", _AS_UTF8)
    try:
        text = data.decode("utf-8-sig")  # Excel's "CSV UTF-8" begins with a byte order mark: welcome
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Problem(f"{where}, row {line}", "has letters that are not UTF-8.", _AS_UTF8) from None
    first = text.partition("\n")[0]
    if ";" in first and "," not in first:
        raise Problem(where, "has semicolons between its columns.", _AS_UTF8)
    return _cells(where, text)


def _cells(where: str, text: str) -> _Sheet:
    try:
        rows = list(csv.reader(StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise Problem(
            where, f"is not well formed ({error}).", "Look for a quotation mark that is not closed."
        ) from None
    if not rows or not any(rows[0]):
        raise Problem(where, "is empty.", "It needs at least its first line, with the names of the columns.")
    filled = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    cells = [[cell.strip() for cell in row] for _, row in filled]
    return _Sheet(where, [name.strip() for name in rows[0]], cells, [number for number, _ in filled])


def _problems(
    sheet: _Sheet, descriptor: Mapping[str, Any], errors: Sequence[Any], sheets: Mapping[str, _Sheet]
) -> Iterator[Problem]:
    """Frictionless' errors as sentences: file, row, column, what is wrong, what to write instead."""
    fields = {field["name"]: field for field in descriptor["fields"]}
    headers = [error for error in errors if "label" in error.type]
    if headers:  # cells under a wrong header only add noise
        yield from (_header_problem(sheet, error, fields) for error in headers)
        return
    for error in errors:
        if isinstance(error, ForeignKeyError):
            yield from _foreign_problems(sheet, error, sheets)
        elif isinstance(error, CellError):
            yield _cell_problem(sheet, error, fields.get(error.field_name, {}))
        elif "None" not in error.note:  # an empty key is told once, as an empty cell
            yield _row_problem(sheet, error)


def _header_problem(sheet: _Sheet, error: Any, fields: Mapping[str, Any]) -> Problem:
    where = f"{sheet.where}, row 1"
    expected = ", ".join(fields)
    if error.type == "missing-label":
        return Problem(where, f"the column {error.field_name} is missing.", f"The columns are: {expected}.")
    return Problem(where, f'"{error.label}" is not the column expected here.', f"The columns are: {expected}.")


def _place(sheet: _Sheet, error: Any, column: str = "") -> str:
    number = sheet.numbers[error.row_number - 2]
    return f"{sheet.where}, row {number}" + (f", column {column}" if column else "")


def _cell_problem(sheet: _Sheet, error: Any, field: Mapping[str, Any]) -> Problem:
    where = _place(sheet, error, error.field_name)
    cell, meant = error.cell, str(field.get("description", "")).strip()
    like = f" Write it like {field['example']}." if field.get("example") else ""
    if error.type == "type-error":
        kind = _KINDS.get(field.get("type", ""), "what belongs here")
        return Problem(where, f'"{cell}" is not {kind}.', like.strip() or meant)
    if error.type in {"missing-cell", "extra-cell"}:
        return Problem(where, "the row has too few or too many cells.", "Look for a missing comma or quotation mark.")
    allowed = field.get("constraints", {}).get("enum")
    if '"required"' in error.note:
        return Problem(where, "this cell is empty.", f"{meant}{like}".strip())
    if allowed and '"enum"' in error.note:
        return Problem(where, f'"{cell}" is not one of the words used here.', _choose(cell, allowed))
    return Problem(where, f'"{cell}" does not fit.', f"{meant}{like}".strip())


def _foreign_problems(sheet: _Sheet, error: Any, sheets: Mapping[str, _Sheet]) -> Iterator[Problem]:
    there = sheets[error.reference_name]
    known = [row[there.header.index(error.reference_field_names[0])] for row in there.rows]
    for column, cell in zip(error.field_names, error.field_cells, strict=True):
        what = f'"{cell}" is not in {there.where}.'
        yield Problem(_place(sheet, error, column), what, _choose(str(cell), known))


def _row_problem(sheet: _Sheet, error: Any) -> Problem:
    if error.type == "primary-key":
        cell = sheet.rows[error.row_number - 2][0]
        return Problem(
            _place(sheet, error, sheet.header[0]),
            f'"{cell}" stands in an earlier row too.',
            "Give each row its own.",
        )
    return Problem(_place(sheet, error), f"{error.note}.", "Compare it with the rows beside it.")


def _choose(cell: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(cell, allowed, n=1)
    listed = ", ".join(allowed[:12]) + (" ..." if len(allowed) > 12 else "")  # noqa: PLR2004 - what fits a line
    return f'Did you mean "{near[0]}"?' if near else f"Write one of: {listed}."
