"""Rows of a table that is in several layers: a district's row counts before a library's with the same key.

A column `drop` takes a row of a library away. A consent is never weakened: of its rows a district may only say that it
was withdrawn.
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
"""Under this name, which no column has, a row of consents that cannot be read keeps all its cells (consents.py)."""

_KEPT = frozenset({"", "false", "no", "0"})


def is_dropped(cell: str) -> bool:
    """Return whether a cell of the column `drop` takes its row away."""
    return cell.strip().lower() not in _KEPT


def without_drops(sheet: CsvFile) -> CsvFile:
    """Return a sheet without the column `drop`, knowing the rows that it takes away."""
    if DROP not in sheet.header:
        return sheet
    at = sheet.header.index(DROP)
    gone = frozenset(place for place, row in enumerate(sheet.rows) if at < len(row) and is_dropped(row[at]))
    rows = [row[:at] + row[at + 1 :] for row in sheet.rows]
    return replace(sheet, header=sheet.header[:at] + sheet.header[at + 1 :], rows=rows, dropped=gone)


def without_languages(sheet: CsvFile, known: Sequence[str], several: Sequence[str]) -> CsvFile:
    """Return a sheet without its columns in languages that this site does not have: one may be taken out of portal.yml.

    known: all columns of the table here; several: the beginnings of columns that stand in each language.
    """
    left = [at for at, name in enumerate(sheet.header) if name in known or not _of_language(name, several)]
    rows = [[row[at] for at in left] if len(row) == len(sheet.header) else row for row in sheet.rows]
    return replace(sheet, header=[sheet.header[at] for at in left], rows=rows)


def _of_language(column: str, several: Sequence[str]) -> bool:
    """Return whether a column is one of several languages, like name_bn, and not a slip of the pen."""
    codes = (column.removeprefix(begin) for begin in several if column.startswith(begin))
    return any(locales.is_language(code) for code in codes)


@dataclass
class _Placed:
    sheet: CsvFile
    at: int

    @property
    def cells(self) -> list[str]:
        return self.sheet.rows[self.at]


def joined(name: str, sheets: Sequence[CsvFile], descriptor: Mapping[str, Any]) -> CsvFile:
    """Return the rows that count, as one sheet. sheets: as the schema has them, the district's first."""
    if len(sheets) == 1 and not sheets[0].dropped:
        return sheets[0]
    found: dict[Any, _Placed] = {}
    for sheet in reversed(sheets):
        here: set[Any] = set()
        for at, key in enumerate(_keys(sheet, descriptor)):
            if at in sheet.dropped:
                found.pop(key, None)
            else:
                placed = _Placed(sheet, at)
                placed = _consent(found[key], placed) if name == CONSENTS and key in found else placed
                found[(key, at) if key in here else key] = placed  # twice in one layer: said when rows are checked
                here.add(key)
    return _sheet(sheets[0], list(found.values()))


def _keys(sheet: CsvFile, descriptor: Mapping[str, Any]) -> list[tuple[str, ...]]:
    columns = [sheet.header.index(name) for name in descriptor["primaryKey"]]
    return [tuple(row[at] for at in columns) for row in sheet.rows]


def _sheet(first: CsvFile, placed: Sequence[_Placed]) -> CsvFile:
    hours = frozenset(
        (at, column) for at, one in enumerate(placed) for place, column in one.sheet.without_hour if place == one.at
    )
    return replace(
        first,
        rows=[one.cells for one in placed],
        numbers=[one.sheet.numbers[one.at] for one in placed],
        wheres=tuple((one.sheet.where, one.sheet.layer) for one in placed),
        without_hour=hours,
        dropped=frozenset(),
    )


def _consent(below: _Placed, own: _Placed) -> _Placed:
    """Return the row of the library, withdrawn where either says so."""
    at = below.sheet.header.index(WITHDRAWN)
    cells = list(below.cells)
    cells[at] = cells[at] or own.cells[at]
    return _Placed(replace(below.sheet, rows=[cells], numbers=[below.sheet.numbers[below.at]]), 0)


def problems(name: str, sheets: Sequence[CsvFile], descriptor: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield rows that take nothing away, and rows of consents that would weaken a library's."""
    for place, sheet in enumerate(sheets):
        below = {key: row for other in reversed(sheets[place + 1 :])
                 for key, row in zip(_keys(other, descriptor), other.rows, strict=True)}  # fmt: skip
        for at, key in enumerate(_keys(sheet, descriptor)):
            if name == CONSENTS:
                yield from _weakened(sheet, at, below.get(key))
            elif at in sheet.dropped and key not in below:
                what = _("no library has the row %(name)s.", name=" ".join(key))
                yield Problem(_cell(sheet, at, DROP), what, _("Take this row out."))


def _cell(sheet: CsvFile, at: int, column: str) -> str:
    return place_in(sheet.where, row=sheet.numbers[at], column=column)


def _weakened(sheet: CsvFile, at: int, below: Sequence[str] | None) -> Iterator[Problem]:
    if at in sheet.dropped:
        what = _("a consent cannot be taken away, since nobody would know then that it was withdrawn.")
        todo = _("Write the day into %(column)s, and empty this cell.", column=WITHDRAWN)
        yield Danger(_cell(sheet, at, DROP), what, todo)
    for column, cell, was in zip(sheet.header, sheet.rows[at], below or (), strict=False):
        if cell and cell != was and column != WITHDRAWN:
            what = _("the consent is a library's, and a district cannot change it.")
            todo = _(
                "Write as the library does, or leave the cell empty; only %(column)s may be added.", column=WITHDRAWN
            )
            yield Danger(_cell(sheet, at, column), what, todo)


def merged_consents(layers: Sequence[Sequence[Mapping[str, str]]]) -> list[dict[str, str]]:
    """Return the rows of consents of all layers, the district's first, as far as they can be read.

    A row that is in two layers counts once and as the lower one has it: what a district would change in it does
    not count. It is withdrawn where any of them says so, or would drop it. A broken row stays a row of its own: it
    hides what it names (content/consents.py).
    """
    merged: list[dict[str, str]] = []
    for rows in reversed(layers):
        by_id = {row.get("id", "").casefold(): row for row in merged if not row.get(BROKEN)}
        for row in rows:
            gone = row.get(WITHDRAWN) or ("dropped" if is_dropped(row.get(DROP, "")) else "")
            below = None if row.get(BROKEN) else by_id.get(row.get("id", "").casefold())
            if below is None:
                merged.append({**row, WITHDRAWN: gone} if gone else dict(row))
            elif gone:
                below[WITHDRAWN] = below.get(WITHDRAWN) or gone
    return merged
