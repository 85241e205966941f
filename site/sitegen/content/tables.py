"""The staff's tables: CSV and Table Schema in, typed rows out, or every problem at once in sentences.

A schema site/schemas/<name>.yaml belongs to content/tables/<name>.csv. Its fields' `description` tells staff what to
write, its `example` how it looks; both stand in the sentences below.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from forms.core import i18n
from forms.core.i18n import digits, locales
from forms.core.i18n.lazy_text import joined
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import Text
from forms.core.problem import Problem, Problems, place_in
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.content import kept_tables, settings
from sitegen.content.spreadsheets import csv_headers, dates
from sitegen.content.spreadsheets.csv_files import CsvFile, file_of, lost_letters, read_sheet
from sitegen.languages import table_schemas
from sitegen.layers import lookup, rows, typed_rows

Row = kept_tables.Row
NumberedRow = kept_tables.NumberedRow
Tables = kept_tables.Tables

KINDS = "kinds"
"""The table whose rows are the words that other tables may use for kinds."""

_CODE = re.compile(locales.CODE)
_DIALLED = "[0-9]{3,15}"
"""The pattern of a column whose digits a phone calls."""

_KINDS = {
    "integer": _("a whole number"),
    "number": _("a number"),
    "date": _("a day"),
    "datetime": _("a day and time"),
    "boolean": _("true or false"),
}


def text(row: Row, column: str) -> Text:
    """Return the columns <column>_en ... of all languages as one text; those whose cell is empty are left out."""
    prefix = f"{column}_"
    return {name.removeprefix(prefix): cell for name, cell in row.items() if name.startswith(prefix) and cell}


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Return rows by their column `order`."""
    return sorted(rows, key=lambda row: row["order"])


def number_of(row: Row) -> int:
    """Return the row's number as a spreadsheet shows it; 0 for a row that did not come from a file."""
    return row.sheet_row if isinstance(row, NumberedRow) else 0


def layer_of(row: Row) -> str:
    """Return the folder of content that a row comes from, as sentences call it; "" for a row not from a file."""
    return row.layer if isinstance(row, NumberedRow) else ""


def place_of(table: str, row: Row) -> str:
    """Return where a row stands, like "content/tables/places.csv, row 3"; of a library its own table."""
    return place_in(f"{layer_of(row) or lookup.OWN}/tables/{table}.csv", row=number_of(row))


def every_cell(tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> Iterator[tuple[str, Any, str, Any]]:
    """Yield each cell of all tables: the table's name, the row, the column's name, the cell."""
    for name, each in tables.items():
        for row in each:
            for column, cell in row.items():
                yield name, row, column, cell


def read(tables: Path, schemas: Path, kept: Path | None = None) -> Tables:
    """Return typed rows of every table, in file order. Raises Problems with everything that is wrong in any of them.

    kept: a folder in which rows are kept that were found right, so that the same bytes are not checked twice.
    """
    languages = settings.language_codes(tables.parent)
    paths = [*schemas.glob("*.yaml"), *(file.path for file in _files(tables))]
    key = kept_tables.key_of(paths, repr([languages, _layers(tables)])) if kept else ""
    return (kept and kept_tables.load(kept, key)) or _kept(_checked_anew(tables, schemas, languages), kept, key)


def _layers(tables: Path) -> list[str]:
    return [layer.label for layer in lookup.layers(tables.parent)]


def _files(tables: Path) -> list[lookup.File]:
    found = lookup.every(tables.parent, tables.name, "*.csv")
    return [file for file in found if file.path.parent.name == tables.name]


def _kept(rows: Tables, kept: Path | None, key: str) -> Tables:
    if kept:
        kept_tables.keep(kept, key, rows)
    return rows


def _checked_anew(tables: Path, schemas: Path, languages: Sequence[str]) -> Tables:
    """Return tables, typed and checked. Raises Problems."""
    known = {path.stem for path in schemas.glob("*.yaml")}
    problems = [
        Problem(file.where, _("has no schema, so nothing reads it."), _("Remove it, or ask a developer."))
        for file in _files(tables)
        if file.path.stem not in known
    ]
    optional = {name for name in known if table_schemas.read_unexpanded(schemas / f"{name}.yaml").get("optional")}
    found, wrong = _sheets(tables, sorted(known), optional)
    problems += wrong
    descriptors = table_schemas.read_all(schemas, languages or _languages_of_columns(schemas, found))
    sheets: dict[str, CsvFile] = {}
    for name, descriptor in descriptors.items():
        several = table_schemas.language_prefixes(table_schemas.read_unexpanded(schemas / f"{name}.yaml"))
        of_layers, wrong = _looked_at(found[name], descriptor, several)
        problems += [*wrong, *rows.problems(name, of_layers, descriptor)]
        empty = _without_rows(tables, name, descriptor)
        sheets[name] = rows.merge_layers(name, of_layers, descriptor) if of_layers else empty
    if problems:
        raise Problems(problems)
    kinds = _kinds(sheets[KINDS]) if KINDS in sheets else {}
    return _checked(sheets, {name: table_schemas.with_kinds(one, kinds) for name, one in descriptors.items()})


def _kinds(sheet: CsvFile) -> dict[str, list[str]]:
    """Return the ids of kinds by what they are a kind of."""
    columns = [sheet.header.index(name) for name in ("of", "id")]
    found: dict[str, list[str]] = {}
    for row in sheet.rows:
        of, kind = (row[at] for at in columns)
        found.setdefault(of, []).append(kind)
    return found


def _without_rows(tables: Path, name: str, descriptor: Mapping[str, Any]) -> CsvFile:
    fields = [field["name"] for field in descriptor["fields"]]
    return CsvFile(file_of(tables / f"{name}.csv"), fields, [], [])


def _sheets(
    tables: Path, names: Sequence[str], optional: Collection[str]
) -> tuple[dict[str, list[CsvFile]], list[Problem]]:
    """Return the sheets of each table, layer by layer, and what is wrong with those that cannot be read."""
    found: dict[str, list[CsvFile]] = {name: [] for name in names}
    problems = []
    for name in names:
        for layer in _layers_with(tables, name, optional):
            path = layer.folder / tables.name / f"{name}.csv"
            try:
                sheet = read_sheet(path)
                own = layer.label == lookup.OWN
                found[name].append(replace(sheet, layer=layer.label, where=sheet.where if own else layer.where(path)))
            except Problem as problem:
                problems.append(problem)
    return found, problems


def _layers_with(tables: Path, name: str, optional: Collection[str]) -> list[lookup.Layer]:
    """Return the layers that have a table; where none has one that is needed, the district's, so that it is missed.

    The district itself must have the table of consents: a withdrawal in it must not be lost with its file.
    """
    own, *libraries = lookup.layers(tables.parent)
    there = [layer for layer in (own, *libraries) if (layer.folder / tables.name / f"{name}.csv").exists()]
    missed = name not in optional if not there else name == rows.CONSENTS and own not in there
    return [own, *there] if missed else there


def _languages_of_columns(schemas: Path, sheets: Mapping[str, Sequence[CsvFile]]) -> list[str]:
    """Return the languages for which tables have columns: where portal.yml cannot say which there are."""
    codes: dict[str, None] = {i18n.SOURCE_LANGUAGE: None}
    for name, of_layers in sheets.items():
        begin = table_schemas.language_prefixes(table_schemas.read_unexpanded(schemas / f"{name}.yaml"))
        for column in (column for sheet in of_layers for column in sheet.header):
            codes |= {column.removeprefix(one): None for one in begin if column.startswith(one)}
    return [code for code in codes if _CODE.fullmatch(code)]


def _looked_at(
    sheets: Sequence[CsvFile], descriptor: Mapping[str, Any], several: Sequence[str]
) -> tuple[list[CsvFile], list[Problem]]:
    """Return the sheets of a table as its schema has them, and what is wrong with them."""
    arranged, problems = [], []
    for sheet in sheets:
        columns = [field["name"] for field in descriptor["fields"]]
        own = rows.without_drops(rows.without_languages(sheet, columns, several))
        wrong = [*lost_letters(own), *csv_headers.problems(own, descriptor), *_days_in_doubt(own, descriptor)]
        wrong += _joined_digits(own, descriptor)
        problems += wrong
        arranged += [] if wrong else [_arranged(own, descriptor)]
    return arranged, problems


def _checked(sheets: Mapping[str, CsvFile], descriptors: Mapping[str, Any]) -> Tables:
    """Return sheets as typed tables. Raises Problems with everything that the schemas refuse."""
    typed, errors = typed_rows.read(sheets, descriptors)
    problems = [
        problem
        for name, found in errors.items()
        for problem in _problems(sheets[name], descriptors[name], found, sheets)
    ]
    if problems:
        raise Problems(problems)
    return {name: list(_numbered(typed.get(name, []), sheet)) for name, sheet in sheets.items()}


def _numbered(rows: Sequence[Row], sheet: CsvFile) -> Iterator[Row]:
    for at, (number, cells) in enumerate(zip(sheet.numbers, rows, strict=True)):
        row = NumberedRow(cells)
        row.sheet_row, row.layer = number, sheet.layer_of(at)
        row |= {name: dates.without_hour(row[name]) for place, name in sheet.without_hour if place == at}
        yield row


def _days_in_doubt(sheet: CsvFile, descriptor: Mapping[str, Any]) -> Iterator[Problem]:
    """Every cell of a column in which a machine wrote the month first: each could be either of two days."""
    for field in descriptor["fields"]:
        if field["type"] not in {"date", "datetime"} or field["name"] not in sheet.header:
            continue
        column = sheet.header.index(field["name"])
        cells = [row[column] if column < len(row) else "" for row in sheet.rows]
        for at in sorted(dates.in_doubt(cells)):
            where = place_in(sheet.where, row=sheet.numbers[at], column=field["name"])
            what = _(
                '"%(cell)s" is not %(kind)s without doubt: this column has the month first in a row.',
                cell=cells[at],
                kind=_KINDS[field["type"]],
            )
            yield Problem(where, what, _("Write it like %(example)s.", example=field.get("example", "2027-01-24")))


def _joined_digits(sheet: CsvFile, descriptor: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield cells like 2_0, which Python and the library that checks tables take for twenty."""
    numbers = {field["name"]: field for field in descriptor["fields"] if field["type"] in {"integer", "number"}}
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        for column, cell in zip(sheet.header, row, strict=False):
            if column in numbers and "_" in cell:
                what = _('"%(cell)s" is not %(kind)s.', cell=cell, kind=_KINDS[numbers[column]["type"]])
                where = place_in(sheet.where, row=number, column=column)
                yield Problem(where, what, _("Write digits only, like 20."))


def _arranged(sheet: CsvFile, descriptor: Mapping[str, Any]) -> CsvFile:
    """The sheet as its schema has it: columns in its order, those left out empty, days and times in its writing."""
    fields = {field["name"]: _kind_of(field) for field in descriptor["fields"]}
    rows, without_hour = [], set()
    for at, row in enumerate(sheet.rows):
        cells = dict(zip(sheet.header, row, strict=True))
        rows.append([_rewritten(cells.get(name, ""), kind) for name, kind in fields.items()])
        moments = (name for name, kind in fields.items() if kind == "datetime" and cells.get(name))
        without_hour |= {(at, name) for name in moments if not dates.tells_hour(cells[name])}
    return replace(sheet, header=list(fields), rows=rows, without_hour=frozenset(without_hour))


def _kind_of(field: Mapping[str, Any]) -> str:
    """Return the type of a field; "dialled" for digits that a phone calls, which are a text (its zeros count)."""
    return "dialled" if field.get("constraints", {}).get("pattern") == _DIALLED else str(field["type"])


def _rewritten(cell: str, kind: str) -> str:
    """Return the cell in the form that its schema requires: a day in ISO 8601, a number with the digits 0 to 9."""
    if kind in {"integer", "number"} and cell:
        return digits.plain_number(cell)
    if kind == "dialled":
        dialled = re.sub(r"[ ()-]", "", digits.plain_number(cell))
        return dialled if dialled.isdecimal() else cell
    return dates.rewritten(cell, kind)


def _problems(
    sheet: CsvFile, descriptor: Mapping[str, Any], errors: Sequence[Any], sheets: Mapping[str, CsvFile]
) -> Iterator[Problem]:
    """Yield Frictionless' errors as sentences: file, row, column, what is wrong, what to write instead."""
    from frictionless.errors import CellError, ForeignKeyError  # noqa: PLC0415

    fields = {field["name"]: field for field in descriptor["fields"]}
    for error in errors:
        if isinstance(error, ForeignKeyError):
            yield from _foreign_problems(sheet, error, sheets)
        elif isinstance(error, CellError):
            yield _cell_problem(sheet, error, fields.get(error.field_name, {}))
        elif "None" not in error.note:  # an empty key is reported once, as an empty cell
            yield _row_problem(sheet, error)


def _place(sheet: CsvFile, error: Any, column: str = "") -> str:
    at = error.row_number - 2
    return place_in(sheet.where_of(at), row=sheet.numbers[at], column=column)


class CellProblem(Problem):
    """A cell that its column does not take. like: what to write, without what the column means."""

    def __init__(self, where: str, what: str, meant: str = "", like: str = "") -> None:
        super().__init__(where, what, joined(meant, like))
        self.like = like


def _cell_problem(sheet: CsvFile, error: Any, field: Mapping[str, Any]) -> Problem:
    where = _place(sheet, error, error.field_name)
    cell, meant = str(error.cell or ""), field.get("description", "")
    like = _("Write it like %(example)s.", example=str(field["example"])) if field.get("example") else ""
    if error.type == "type-error":
        kind = _KINDS.get(field.get("type", ""), _("what belongs here"))
        what = _('"%(cell)s" is not %(kind)s.', cell=cell, kind=kind)
        if field.get("type") == "boolean":
            return CellProblem(where, what, like=_("Write true or false."))
        hint = dates.hint(cell) if field.get("type") in {"date", "datetime"} else ""
        return CellProblem(where, what, "" if like else meant, joined(hint, like))
    allowed = field.get("constraints", {}).get("enum")
    most = field.get("constraints", {}).get("maxLength")
    if most and '"maxLength"' in error.note:
        what = _('"%(cell)s..." has %(count)s letters.', cell=cell[:40], count=len(cell))
        return CellProblem(where, what, like=_("Write at most %(most)s.", most=most))
    if '"required"' in error.note:
        return CellProblem(where, _("this cell is empty."), meant, like)
    if allowed and '"enum"' in error.note:
        return CellProblem(
            where, _('"%(cell)s" is not one of the words used here.', cell=cell), like=_choose(cell, allowed)
        )
    return CellProblem(where, _('"%(cell)s" does not fit.', cell=cell), meant, like)


def _foreign_problems(sheet: CsvFile, error: Any, sheets: Mapping[str, CsvFile]) -> Iterator[Problem]:
    there = sheets[error.reference_name]
    known = [row[there.header.index(error.reference_field_names[0])] for row in there.rows]
    for column, cell in zip(error.field_names, error.field_cells, strict=True):
        what = _('"%(cell)s" is not in %(file)s.', cell=str(cell), file=there.where)
        yield CellProblem(_place(sheet, error, column), what, like=_choose(str(cell), known))


def _row_problem(sheet: CsvFile, error: Any) -> Problem:
    if error.type == "primary-key":
        cell = sheet.rows[error.row_number - 2][0]
        what = _('"%(cell)s" stands in an earlier row too.', cell=cell)
        return CellProblem(_place(sheet, error, sheet.header[0]), what, like=_("Give each row its own."))
    return Problem(_place(sheet, error), _("%(why)s.", why=error.note), _("Compare it with the rows beside it."))


def _choose(cell: str, allowed: Sequence[str]) -> str:
    listed = ", ".join(allowed[:12]) + (" ..." if len(allowed) > 12 else "")  # noqa: PLR2004 - what fits a line
    return did_you_mean(cell, allowed, _("Write one of: %(words)s.", words=listed))
