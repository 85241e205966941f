"""Writes a table as a workbook (.xlsx) and reads it back. Each cell is text, so that no program reads it as a formula.

A cell that shows something else than the file holds is reported: nothing is guessed.
"""

import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sitegen.content.spreadsheets.csv_files import MAX_ROWS

from editor.incoming.package import xml_parts
from forms.core.files.spreadsheet_csv import cell_text
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in

SIGNATURE = b"PK\x03\x04"
"""The first bytes of a workbook."""

_MAX_COLUMNS, _MAX_ROWS = 500, 20_000
"""The size of a sheet, with cells that have only lines or colours."""

_MAX_DIGITS = 15
"""Digits of a number that a spreadsheet stores (IEEE 754); it writes 0 for the others."""

_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?\bref\s*=\s*[\"']([A-Z0-9:]{2,30})[\"']")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_STRICT_NAMESPACE = b"http://purl.oclc.org/ooxml/spreadsheetml/"
"""The namespace of a workbook saved as "Strict Open XML", in which openpyxl finds no sheet."""

_ZEROS = re.compile(r"0{2,20}")
_DIGITS_FORMAT = re.compile(r"General|@|[#0 ,]*(?:\.[0#]+)?(?:_-|_\))?(?:;.*)?", re.I)
"""Formats that show a number as its digits, grouped or rounded."""


def write(rows: Sequence[Sequence[str]]) -> bytes:
    """Return rows as a workbook."""
    from openpyxl import Workbook  # noqa: PLC0415 - large, and seldom needed
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Table")
    for row in rows:
        cells = [WriteOnlyCell(sheet, _escaped(ILLEGAL_CHARACTERS_RE.sub(" ", text))) for text in row]
        for cell in cells:
            cell.data_type, cell.number_format = "s", "@"  # else a text that begins with = becomes a formula
        sheet.append(cells)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _escaped(text: str) -> str:
    """Return a text in which _xHHHH_, which workbooks use as an escape, is escaped itself."""
    return _ESCAPED.sub(lambda match: f"_x005F{match[0]}", text)


def read(data: bytes, where: str) -> list[list[str]]:
    """Return the rows of a workbook's only sheet as text. Raises Problem where it cannot be read."""
    from openpyxl import load_workbook  # noqa: PLC0415

    todo = _("Save it again as .xlsx or as CSV UTF-8.")
    refused = Problem(where, _("is no workbook that can be read."), todo)
    try:
        for _name, xml in xml_parts(data, refused):
            _refuse_merged(xml, where)
            _refuse_strict(xml, where)
        # Read-only: row by row, and no memory for ranges whose size the file only claims.
        book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        filled = [rows for sheet in book.worksheets if (rows := list(_rows(sheet, where)))]
    except Problem:
        raise
    except Exception:  # noqa: BLE001 - the library raises many errors for a broken file
        raise refused from None
    sheets = [rows for rows in filled if len(rows) > 1 or max(map(_width, rows), default=0) > 1]
    if len(sheets) != 1:
        several = _("has %(count)s sheets with something in them.", count=len(sheets))
        what = several if sheets else _("is empty.")
        raise Problem(where, what, _("Leave the one sheet in it that is this table."))
    width = max(map(_width, sheets[0]))
    texts = [[_text(cell, where) for cell in row[:width]] for row in sheets[0]]
    return [[*row, *[""] * (width - len(row))] for row in texts]


def _refuse_strict(xml: bytes, where: str) -> None:
    """Raise Problem for a part of a workbook in which openpyxl would find no sheet."""
    if _STRICT_NAMESPACE in xml:
        todo = _('Save it again as "Excel Workbook (.xlsx)", without the word Strict.')
        raise Problem(where, _("is saved as Strict Open XML."), todo)


def _refuse_merged(xml: bytes, where: str) -> None:
    """Raise Problem for merged cells: all but the first of them are empty in the file."""
    if match := _MERGED.search(xml):
        todo = _(
            "Choose the whole sheet in the spreadsheet, split the cells, and write into each row what it is to say."
        )
        raise Problem(where, _("the cells %(cells)s are merged to one.", cells=match[1].decode()), todo)


def _rows(sheet: Any, where: str) -> Iterator[Sequence[Any]]:
    """Yield the rows of a sheet up to the last one with text.

    Raises Problem where the sheet is larger than any table, with its empty rows.
    """
    empty: list[Sequence[Any]] = []
    sheet.reset_dimensions()  # the size that the file claims
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > _MAX_ROWS or len(row) > _MAX_COLUMNS:
            todo = _("A table may have %(rows)s rows.", rows=f"{MAX_ROWS:,}")
            raise Problem(where, _("has too many rows or columns."), todo)
        empty.append(row)
        if _width(row):
            yield from empty
            empty = []


def _width(row: Sequence[Any]) -> int:
    """Return the number of cells of a row up to the last one with text: many sheets have empty formatted cells."""
    return max(
        (at for at, cell in enumerate(row, start=1) if str(cell.value or "").strip() or cell.value == 0), default=0
    )


def _text(cell: Any, where: str) -> str:
    """Return a cell as text for our tables. Raises Problem where it shows something else than the file holds."""
    value = cell.value
    if value is None or isinstance(value, bool):
        return cell_text(value)
    place = place_in(where, row=cell.row, column=cell.column_letter)
    as_text = _("Format the column as text, and type the cell again as it is to stand.")
    if cell.data_type == "f":
        todo = _("Copy the column, and paste it over itself as values only.")
        raise Problem(place, _("a formula stands there."), todo)
    if cell.data_type == "e":
        what = _("%(value)s stands there, an error of the spreadsheet.", value=str(value))
        raise Problem(place, what, _("Type what belongs there."))
    if isinstance(value, timedelta):
        raise Problem(place, _("a length of time stands there."), as_text)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, int | float):
        if abs(value) >= 10**_MAX_DIGITS:
            what = _("a number of more than %(digits)s digits stands there; its end is lost.", digits=_MAX_DIGITS)
            raise Problem(place, what, as_text)
        text = str(int(value)) if isinstance(value, int) or value.is_integer() else cell_text(value)
        if _ZEROS.fullmatch(cell.number_format):
            return text.zfill(len(cell.number_format))
        if not _DIGITS_FORMAT.fullmatch(cell.number_format):
            what = _("the file holds %(text)s there, which the spreadsheet shows otherwise.", text=text)
            raise Problem(place, what, as_text)
        return text
    return cell_text(_unescaped(value) if isinstance(value, str) else value if isinstance(value, date) else str(value))


def _unescaped(text: str) -> str:
    """Return a text with the escapes _xHHHH_ of workbooks decoded (ISO/IEC 29500-1, 22.9.2.19)."""
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return plain.replace("\r\n", "\n").replace("\r", "\n")
