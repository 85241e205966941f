"""Reading the staff's tables: CSV files and Table Schemas in, typed rows out, or all problems at once.

The schema of content/tables/<name>.csv is site/schemas/<name>.yaml. Messages use the `description` of a field, which
says what to write, and its `example`.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from forms.core import i18n
from forms.core.i18n import digits, locales
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, Problems, place_in
from sitegen.content import settings
from sitegen.content.spreadsheets import cell_problems, csv_headers, dates, table_cache
from sitegen.content.spreadsheets.csv_files import CsvFile, display_name, lost_letters, read_csv
from sitegen.content.tables import NumberedRow, Row, Tables
from sitegen.languages import table_schemas
from sitegen.layers import lookup, rows, typed_rows

KINDS_TABLE = "kinds"
"""The table of the words that other tables may use for kinds."""

_CODE = re.compile(locales.CODE)
_DIALLED = "[0-9]{3,15}"
"""The pattern, in a schema, of a column with digits that a phone dials."""


def read_tables(tables: Path, schemas: Path, cache: Path | None = None) -> Tables:
    """Return the typed rows of every table, in file order. Raises Problems with everything wrong in any of them.

    cache: a folder for checked rows, so that the same bytes are not checked twice.
    """
    languages = settings.language_codes(tables.parent)
    paths = [*schemas.glob("*.yaml"), *(file.path for file in _files(tables))]
    key = table_cache.key_of(paths, repr([languages, _layers(tables)])) if cache else ""
    if cache and (rows_by_table := table_cache.load(cache, key)):
        return rows_by_table
    rows_by_table = _read_and_check(tables, schemas, languages)
    if cache:
        table_cache.save(cache, key, rows_by_table)
    return rows_by_table


def _layers(tables: Path) -> list[str]:
    return [layer.label for layer in lookup.layers(tables.parent)]


def _files(tables: Path) -> list[lookup.File]:
    files = lookup.every(tables.parent, tables.name, "*.csv")
    return [file for file in files if file.path.parent.name == tables.name]


def _read_and_check(tables: Path, schemas: Path, languages: Sequence[str]) -> Tables:
    """Return the typed rows of every table from its files. Raises Problems."""
    known = {path.stem for path in schemas.glob("*.yaml")}
    problems = [
        Problem(file.where, _("has no schema, so nothing reads it."), _("Remove it, or ask a developer."))
        for file in _files(tables)
        if file.path.stem not in known
    ]
    optional = {name for name in known if table_schemas.read_unexpanded(schemas / f"{name}.yaml").get("optional")}
    by_table, unreadable = _read_sheets(tables, sorted(known), optional)
    problems += unreadable
    descriptors = table_schemas.read_all(schemas, languages or _languages_of_columns(schemas, by_table))
    sheets: dict[str, CsvFile] = {}
    for name, descriptor in descriptors.items():
        prefixes = table_schemas.language_prefixes(table_schemas.read_unexpanded(schemas / f"{name}.yaml"))
        layer_sheets, mistakes = _check_sheets(by_table[name], descriptor, prefixes)
        problems += [*mistakes, *rows.problems(name, layer_sheets, descriptor)]
        empty = _empty_sheet(tables, name, descriptor)
        sheets[name] = rows.merge_layers(name, layer_sheets, descriptor) if layer_sheets else empty
    if problems:
        raise Problems(problems)
    kinds = _kinds(sheets[KINDS_TABLE]) if KINDS_TABLE in sheets else {}
    return _to_rows(sheets, {name: table_schemas.with_kinds(each, kinds) for name, each in descriptors.items()})


def _kinds(sheet: CsvFile) -> dict[str, list[str]]:
    """Return the ids of kinds by what they are kinds of: events, places, services or help numbers."""
    columns = [sheet.header.index(name) for name in ("of", "id")]
    kinds: dict[str, list[str]] = {}
    for row in sheet.rows:
        category, kind = (row[index] for index in columns)
        kinds.setdefault(category, []).append(kind)
    return kinds


def _empty_sheet(tables: Path, name: str, descriptor: Mapping[str, Any]) -> CsvFile:
    fields = [field["name"] for field in descriptor["fields"]]
    return CsvFile(display_name(tables / f"{name}.csv"), fields, [], [])


def _read_sheets(
    tables: Path, names: Sequence[str], optional: Collection[str]
) -> tuple[dict[str, list[CsvFile]], list[Problem]]:
    """Return the sheets of each table, layer by layer, and problems of those that cannot be read."""
    sheets: dict[str, list[CsvFile]] = {name: [] for name in names}
    problems = []
    for name in names:
        for layer in _layers_with(tables, name, optional):
            path = layer.folder / tables.name / f"{name}.csv"
            try:
                sheet = read_csv(path)
                where = sheet.where if layer.label == lookup.OWN else layer.where(path)
                sheets[name].append(replace(sheet, layer=layer.label, where=where))
            except Problem as problem:
                problems.append(problem)
    return sheets, problems


def _layers_with(tables: Path, name: str, optional: Collection[str]) -> list[lookup.Layer]:
    """Return the layers that have a table, and the district's where the table is required but missing.

    Reading it there reports that it is missing. The district itself must have the table of consents: if its file is
    lost, its withdrawals are lost too.
    """
    own, *libraries = lookup.layers(tables.parent)
    existing = [layer for layer in (own, *libraries) if (layer.folder / tables.name / f"{name}.csv").exists()]
    is_missing = name not in optional if not existing else name == rows.CONSENTS and own not in existing
    return [own, *existing] if is_missing else existing


def _languages_of_columns(schemas: Path, sheets: Mapping[str, Sequence[CsvFile]]) -> list[str]:
    """Return the languages in which tables have columns, for a portal.yml that cannot be read."""
    codes: dict[str, None] = {i18n.SOURCE_LANGUAGE: None}
    for name, layer_sheets in sheets.items():
        prefixes = table_schemas.language_prefixes(table_schemas.read_unexpanded(schemas / f"{name}.yaml"))
        for column in (column for sheet in layer_sheets for column in sheet.header):
            codes |= {column.removeprefix(prefix): None for prefix in prefixes if column.startswith(prefix)}
    return [code for code in codes if _CODE.fullmatch(code)]


def _check_sheets(
    sheets: Sequence[CsvFile], descriptor: Mapping[str, Any], prefixes: Sequence[str]
) -> tuple[list[CsvFile], list[Problem]]:
    """Return the sheets of a table without mistakes, normalised, and the problems of the others.

    prefixes: how the names of the columns begin that each language has, like name_.
    """
    normalised, problems = [], []
    for sheet in sheets:
        columns = [field["name"] for field in descriptor["fields"]]
        used = rows.without_drops(rows.without_languages(sheet, columns, prefixes))
        mistakes = [*lost_letters(used), *csv_headers.problems(used, descriptor), *_ambiguous_days(used, descriptor)]
        mistakes += _digits_with_underscore(used, descriptor)
        problems += mistakes
        normalised += [] if mistakes else [_normalise(used, descriptor)]
    return normalised, problems


def _to_rows(sheets: Mapping[str, CsvFile], descriptors: Mapping[str, Any]) -> Tables:
    """Return sheets as tables of typed rows. Raises Problems with everything that the schemas refuse."""
    typed, errors = typed_rows.read(sheets, descriptors)
    problems = [
        problem
        for name, table_errors in errors.items()
        for problem in cell_problems.problems_of_errors(sheets[name], descriptors[name], table_errors, sheets)
    ]
    if problems:
        raise Problems(problems)
    return {name: list(_numbered_rows(typed.get(name, []), sheet)) for name, sheet in sheets.items()}


def _numbered_rows(rows: Sequence[Row], sheet: CsvFile) -> Iterator[Row]:
    for index, (number, cells) in enumerate(zip(sheet.numbers, rows, strict=True)):
        row = NumberedRow(cells)
        row.sheet_row, row.layer = number, sheet.layer_of(index)
        row |= {column: dates.with_unknown_hour(row[column]) for at, column in sheet.without_hour if at == index}
        yield row


def _ambiguous_days(sheet: CsvFile, descriptor: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each cell that may be either of two days, in a column where one has the month first."""
    for field in descriptor["fields"]:
        if field["type"] not in {"date", "datetime"} or field["name"] not in sheet.header:
            continue
        column = sheet.header.index(field["name"])
        cells = [row[column] if column < len(row) else "" for row in sheet.rows]
        for index in sorted(dates.ambiguous_days(cells)):
            where = place_in(sheet.where, row=sheet.numbers[index], column=field["name"])
            what = _(
                '"%(cell)s" is not %(kind)s without doubt: this column has the month first in a row.',
                cell=cells[index],
                kind=cell_problems.TYPE_WORDS[field["type"]],
            )
            yield Problem(where, what, _("Write it like %(example)s.", example=field.get("example", "2027-01-24")))


def _digits_with_underscore(sheet: CsvFile, descriptor: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each cell like 2_0, which Python and Frictionless read as twenty."""
    numbers = {field["name"]: field for field in descriptor["fields"] if field["type"] in {"integer", "number"}}
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        for column, cell in zip(sheet.header, row, strict=False):
            if column in numbers and "_" in cell:
                what = _(
                    '"%(cell)s" is not %(kind)s.', cell=cell, kind=cell_problems.TYPE_WORDS[numbers[column]["type"]]
                )
                where = place_in(sheet.where, row=number, column=column)
                yield Problem(where, what, _("Write digits only, like 20."))


def _normalise(sheet: CsvFile, descriptor: Mapping[str, Any]) -> CsvFile:
    """Return the sheet with the columns of its schema in that order, and cells in the form that it requires."""
    fields = {field["name"]: _kind_of(field) for field in descriptor["fields"]}
    rows, without_hour = [], set()
    for index, row in enumerate(sheet.rows):
        cells = dict(zip(sheet.header, row, strict=True))
        rows.append([_normalise_cell(cells.get(name, ""), kind) for name, kind in fields.items()])
        times = (name for name, kind in fields.items() if kind == "datetime" and cells.get(name))
        without_hour |= {(index, name) for name in times if not dates.has_hour(cells[name])}
    return replace(sheet, header=list(fields), rows=rows, without_hour=frozenset(without_hour))


def _kind_of(field: Mapping[str, Any]) -> str:
    """Return the type of a field; "dialled" for digits that a phone dials, which are text since leading zeros count."""
    return "dialled" if field.get("constraints", {}).get("pattern") == _DIALLED else str(field["type"])


def _normalise_cell(cell: str, kind: str) -> str:
    """Return the cell in the form that its schema requires: days in ISO 8601, numbers with the digits 0 to 9."""
    if kind in {"integer", "number"} and cell:
        return digits.plain_number(cell)
    if kind == "dialled":
        dialled = re.sub(r"[ ()-]", "", digits.plain_number(cell))
        return dialled if dialled.isdecimal() else cell
    return dates.to_iso(cell, kind)
