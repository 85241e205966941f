"""A table as a workbook (.xlsx) and back: each cell as text, so that no program takes it for a number or a formula."""

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sitegen.content.csv_files import MOST_ROWS

from editor.incoming.package import xml_of
from forms.core.files.spreadsheet_csv import cell_text
from forms.core.problem import Problem

MARK = b"PK\x03\x04"
"""How a workbook begins."""

_MOST_COLUMNS, _MOST_DRAWN = 500, 20_000
"""Cells that a sheet may be drawn to: lines and colours count as much as words."""


def write(rows: Sequence[Sequence[str]]) -> bytes:
    """Return rows as a workbook."""
    from openpyxl import Workbook  # noqa: PLC0415 - large, and seldom needed
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Table")
    for row in rows:
        cells = [WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub(" ", text)) for text in row]
        for cell in cells:
            cell.data_type, cell.number_format = "s", "@"  # else it takes what begins with = for a formula
        sheet.append(cells)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def read(data: bytes, where: str) -> list[list[str]]:
    """Return the rows of a workbook's one sheet as text. Raises Problem where it is no such workbook."""
    from openpyxl import load_workbook  # noqa: PLC0415

    refused = Problem(where, "is no workbook that can be read.", "Save it again as .xlsx or as CSV UTF-8.")
    try:
        for _ in xml_of(data, refused):
            pass
        book = load_workbook(io.BytesIO(data), keep_links=False)
        sheets = [sheet for sheet in book.worksheets if sheet.max_row > 1 or sheet.max_column > 1]
    except Problem:
        raise
    except Exception:  # noqa: BLE001 - a broken file breaks the library in many ways, and each is the same to who chose it
        raise refused from None
    if len(sheets) != 1:
        what = f"has {len(sheets)} sheets with something in them." if sheets else "is empty."
        raise Problem(where, what, "Leave the one sheet in it that is this table.")
    return _trimmed([[_text(cell, where) for cell in row] for row in _rows(sheets[0], where)])


def _rows(sheet: Any, where: str) -> Any:
    """Return the rows of a sheet. Raises Problem where it is larger than any table, with those that are only drawn."""
    if sheet.max_row > _MOST_DRAWN or sheet.max_column > _MOST_COLUMNS:
        raise Problem(where, "has too many rows or columns.", f"A table may have {MOST_ROWS:,} rows.")
    return sheet.iter_rows()


def _trimmed(rows: list[list[str]]) -> list[list[str]]:
    """Return rows without the empty cells beyond the last one that says something: many sheets are drawn further."""
    width = max((at for row in rows for at, text in enumerate(row, start=1) if text.strip()), default=0)
    return [row[:width] for row in rows]


def _text(cell: Any, where: str) -> str:
    """Return a cell as our tables have it. Raises Problem for a formula: what it shows is not in the file for sure."""
    value = cell.value
    if cell.data_type == "f":
        todo = "Copy the column, and paste it over itself as values only."
        raise Problem(f"{where}, row {cell.row}, column {cell.column_letter}", "a formula stands there.", todo)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return cell_text(value if isinstance(value, str | bool | int | float | date | None) else str(value))
