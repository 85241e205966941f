"""Rows of a table that is in several layers: a district's row overrides a library's with the same key.

A column `drop` removes a library's row. A consent is never weakened: all that a district may change in a library's
consent is to withdraw it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forms.core.i18n import locales
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Danger, Problem, place_in
from sitegen.content.spreadsheets.csv_files import CsvFile

DROP = "drop"
CONSENTS = "consents"
WITHDRAWN = "withdrawn_on"
BROKEN = "(broken)"
"""The name, which no column has, under which an unreadable row of consents keeps all its cells (consents.py)."""

_NOT_DROPPED = frozenset({"", "false", "no", "0"})


def is_dropped(cell: str) -> bool:
    """Return whether a cell of the column `drop` removes its row."""
    return cell.strip().lower() not in _NOT_DROPPED


def without_drops(sheet: CsvFile) -> CsvFile:
    """Return a sheet without the column `drop`, and with `dropped` set to the rows that the column removes."""
    if DROP not in sheet.header:
        return sheet
    column = sheet.header.index(DROP)
    dropped = frozenset(index for index, row in enumerate(sheet.rows) if column < len(row) and is_dropped(row[column]))
    rows = [row[:column] + row[column + 1 :] for row in sheet.rows]
    return replace(sheet, header=sheet.header[:column] + sheet.header[column + 1 :], rows=rows, dropped=dropped)


def without_languages(sheet: CsvFile, columns: Sequence[str], prefixes: Sequence[str]) -> CsvFile:
    """Return a sheet without its columns in languages that this site does not have, or has no longer.

    columns: all columns that the table has on this site; prefixes: those of columns in each language, like "name_".
    """
    indexes = [
        index for index, name in enumerate(sheet.header) if name in columns or not _is_in_a_language(name, prefixes)
    ]
    rows = [[row[index] for index in indexes] if len(row) == len(sheet.header) else row for row in sheet.rows]
    return replace(sheet, header=[sheet.header[index] for index in indexes], rows=rows)


def _is_in_a_language(column: str, prefixes: Sequence[str]) -> bool:
    """Return whether a column is for a language, like name_bn; a mistyped column name is not."""
    codes = (column.removeprefix(prefix) for prefix in prefixes if column.startswith(prefix))
    return any(locales.is_language(code) for code in codes)


@dataclass
class _SheetRow:
    """A row of a sheet, by its index there."""

    sheet: CsvFile
    index: int

    @property
    def cells(self) -> list[str]:
        return self.sheet.rows[self.index]


def merge_layers(name: str, sheets: Sequence[CsvFile], descriptor: Mapping[str, Any]) -> CsvFile:
    """Return the rows that count, as one sheet. sheets: with the columns of the schema, the district's first."""
    if len(sheets) == 1 and not sheets[0].dropped:
        return sheets[0]
    merged: dict[Any, _SheetRow] = {}
    for sheet in reversed(sheets):
        layer_keys: set[Any] = set()
        for index, key in enumerate(_keys(sheet, descriptor)):
            if index in sheet.dropped:
                merged.pop(key, None)
            else:
                row = _SheetRow(sheet, index)
                row = _merged_consent(merged[key], row) if name == CONSENTS and key in merged else row
                merged[(key, index) if key in layer_keys else key] = row  # a key used twice: reported by the checks
                layer_keys.add(key)
    return _sheet_of(sheets[0], list(merged.values()))


def _keys(sheet: CsvFile, descriptor: Mapping[str, Any]) -> list[tuple[str, ...]]:
    columns = [sheet.header.index(name) for name in descriptor["primaryKey"]]
    return [tuple(row[column] for column in columns) for row in sheet.rows]


def _sheet_of(first: CsvFile, rows: Sequence[_SheetRow]) -> CsvFile:
    """Return a sheet like `first` with these rows, each with the file and line that it comes from."""
    without_hour = frozenset(
        (number, column)
        for number, row in enumerate(rows)
        for index, column in row.sheet.without_hour
        if index == row.index
    )
    return replace(
        first,
        rows=[row.cells for row in rows],
        numbers=[row.sheet.numbers[row.index] for row in rows],
        wheres=tuple((row.sheet.where, row.sheet.layer) for row in rows),
        without_hour=without_hour,
        dropped=frozenset(),
    )


def _merged_consent(library: _SheetRow, own: _SheetRow) -> _SheetRow:
    """Return the library's consent, withdrawn if either row is."""
    column = library.sheet.header.index(WITHDRAWN)
    cells = list(library.cells)
    cells[column] = cells[column] or own.cells[column]
    return _SheetRow(replace(library.sheet, rows=[cells], numbers=[library.sheet.numbers[library.index]]), 0)


def problems(name: str, sheets: Sequence[CsvFile], descriptor: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each row that drops nothing, and for each change that would weaken a library's consent."""
    for position, sheet in enumerate(sheets):
        lower_rows = {key: row for lower in reversed(sheets[position + 1 :])
                      for key, row in zip(_keys(lower, descriptor), lower.rows, strict=True)}  # fmt: skip
        for index, key in enumerate(_keys(sheet, descriptor)):
            if name == CONSENTS:
                yield from _weakening_problems(sheet, index, lower_rows.get(key))
            elif index in sheet.dropped and key not in lower_rows:
                what = _("no library has the row %(name)s.", name=" ".join(key))
                yield Problem(_place_of_cell(sheet, index, DROP), what, _("Take this row out."))


def _place_of_cell(sheet: CsvFile, index: int, column: str) -> str:
    return place_in(sheet.where, row=sheet.numbers[index], column=column)


def _weakening_problems(sheet: CsvFile, index: int, library_row: Sequence[str] | None) -> Iterator[Problem]:
    """Yield a danger for dropping a consent, and for each cell that differs from the library's."""
    if index in sheet.dropped:
        what = _("a consent cannot be taken away, since nobody would know then that it was withdrawn.")
        todo = _("Write the day into %(column)s, and empty this cell.", column=WITHDRAWN)
        yield Danger(_place_of_cell(sheet, index, DROP), what, todo)
    for column, cell, library_cell in zip(sheet.header, sheet.rows[index], library_row or (), strict=False):
        if cell and cell != library_cell and column != WITHDRAWN:
            what = _("the consent is a library's, and a district cannot change it.")
            todo = _(
                "Write as the library does, or leave the cell empty; only %(column)s may be added.", column=WITHDRAWN
            )
            yield Danger(_place_of_cell(sheet, index, column), what, todo)


def merged_consents(layers: Sequence[Sequence[Mapping[str, str]]]) -> list[dict[str, str]]:
    """Merge the readable rows of consents of all layers. layers: the district's first.

    Of a consent that is in two layers the lower layer's row counts, whatever a district would change in it. It is
    withdrawn if any layer withdraws or drops it. A broken row stays separate: it hides what it names
    (content/consent/consents.py).
    """
    merged: list[dict[str, str]] = []
    for rows in reversed(layers):
        by_id = {row.get("id", "").casefold(): row for row in merged if not row.get(BROKEN)}
        for row in rows:
            withdrawn = row.get(WITHDRAWN) or ("dropped" if is_dropped(row.get(DROP, "")) else "")
            lower = None if row.get(BROKEN) else by_id.get(row.get("id", "").casefold())
            if lower is None:
                merged.append({**row, WITHDRAWN: withdrawn} if withdrawn else dict(row))
            elif withdrawn:
                lower[WITHDRAWN] = lower.get(WITHDRAWN) or withdrawn
    return merged
