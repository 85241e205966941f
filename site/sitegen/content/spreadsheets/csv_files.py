"""Reading CSV files as spreadsheets write them: bytes in, cells out, or a message about how to save the file."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from forms.core.files.spreadsheet_csv import separator_of
from forms.core.i18n.lazy_text import joined
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""The first bytes of .xlsx and .ods, and of .xls."""

SAVE_AS_UTF8 = _('Save it again as "CSV UTF-8 (comma delimited)".')
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")
MAX_ROWS = 5_000
"""Rows of a table at most: more would be an export of another program, and every build would take minutes."""

_LOST_LETTERS = re.compile(r"\?{3,}")


@dataclass(frozen=True)
class CsvFile:
    """A CSV file as text: header, cells, and each row's number as a spreadsheet shows it."""

    where: str
    header: list[str]
    rows: list[list[str]]
    numbers: list[int]
    without_hour: frozenset[tuple[int, str]] = frozenset()
    """Cells (index of the row, column) with a day and no hour, in columns of days and times."""
    layer: str = "content"
    """The content folder that it comes from, as messages name it (sitegen/layers/lookup.py)."""
    dropped: frozenset[int] = frozenset()
    """Indexes of rows that remove a row of a library."""
    wheres: tuple[tuple[str, str], ...] = ()
    """File and layer of each row, if the rows come from several files."""

    def where_of(self, index: int) -> str:
        """Return the file of a row."""
        return self.wheres[index][0] if self.wheres else self.where

    def layer_of(self, index: int) -> str:
        """Return the layer of a row."""
        return self.wheres[index][1] if self.wheres else self.layer


def display_name(path: Path) -> str:
    """Return a path as messages name it, like content/tables/events.csv."""
    return "/".join(path.parts[-3:])


def read_csv(path: Path) -> CsvFile:
    """Return the cells of a CSV file. Raises Problem where it is missing, unreadable, or not UTF-8.

    No other encoding is tried: a spreadsheet that saves plain CSV has already replaced Indian letters by "?".
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise Problem(display_name(path), _("is missing."), _("Put it back, with at least its first line.")) from None
    except OSError as error:
        todo = _("Put the file itself there, and close it in other programs.")
        raise Problem(display_name(path), _("cannot be opened (%(why)s).", why=error.strerror), todo) from None
    return parse_csv(data, display_name(path))


def parse_csv(data: bytes, where: str) -> CsvFile:
    """Return the cells of a CSV file from its bytes. Raises Problem where they are not CSV in UTF-8."""
    if data.startswith(WORKBOOKS):
        raise Problem(where, _("is a workbook, not CSV."), SAVE_AS_UTF8)
    if data.startswith(_UTF16):
        raise Problem(where, _("is saved as UTF-16."), SAVE_AS_UTF8)
    try:
        text = data.decode("utf-8-sig")  # Excel's "CSV UTF-8" begins with a byte order mark
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Problem(place_in(where, row=line), _("has letters that are not UTF-8."), SAVE_AS_UTF8) from None
    if match := _NOT_TEXT.search(text):
        line = text[: match.start()].count("\n") + 1
        what = _("holds signs that are no letters: the file is damaged.")
        raise Problem(place_in(where, row=line), what, SAVE_AS_UTF8)
    return _parse(where, text)


def lost_letters(sheet: CsvFile) -> Iterator[Problem]:
    """Yield a problem for each row where a spreadsheet wrote ??? for letters that plain CSV cannot hold."""
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        columns = [name for name, cell in zip(sheet.header, row, strict=False) if _LOST_LETTERS.search(cell)]
        if columns:
            todo = joined(_("Take an older copy of the file, or write it again."), SAVE_AS_UTF8)
            where = place_in(sheet.where, row=number, column=columns[0])
            yield Problem(where, _("its letters were lost on saving."), todo)


def _without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    """Return rows without the columns at the end that have neither a name nor cells, which spreadsheets add.

    Where a row is shorter or longer than the first, cells may have moved: all rows stay, and csv_headers reports it.
    """
    width = len(rows[0])
    if any(len(row) != width for row in rows if any(cell.strip() for cell in row)):
        return rows
    used = max(index for row in rows for index, cell in enumerate(["x", *row]) if cell.strip())
    return [row[:used] for row in rows]


_SEPARATOR_LINE = re.compile(r'"?sep=.?"?[,;\t]*\r?$', re.I)


def _parse(place: str, text: str) -> CsvFile:
    """Return the cells of a CSV text. Raises Problem if it is empty, broken or too long, or has Excel's `sep=`."""
    if _SEPARATOR_LINE.match(first := text.partition("\n")[0]):
        what = _("%(line)s stands there, which only some spreadsheets know.", line=first.strip())
        todo = _("Take that line out: the table begins with the names of the columns.")
        raise Problem(place_in(place, row=1), what, todo)
    separator, rows = separator_of(text.partition("\n")[0]), list[list[str]]()
    try:
        for row in csv.reader(StringIO(text, newline=""), strict=True, delimiter=separator):
            rows.append(row)
    except csv.Error as error:
        what = _("is not well formed (%(why)s).", why=str(error))
        todo = _("Look for a quotation mark that is not closed.")
        raise Problem(place_in(place, row=len(rows) + 1), what, todo) from None
    if not rows or not any(cell.strip() for cell in rows[0]):
        if any(cell.strip() for row in rows for cell in row):
            todo = _("Take out what stands above the line with the names of the columns.")
            raise Problem(place_in(place, row=1), _("the first line is empty."), todo)
        raise Problem(place, _("is empty."), _("It needs at least its first line, with the names of the columns."))
    rows = _without_empty_columns(rows)
    filled = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    if len(filled) > MAX_ROWS:
        count, most = f"{len(filled):,}", f"{MAX_ROWS:,}"
        what = _("has %(count)s rows, and a table may have %(most)s.", count=count, most=most)
        raise Problem(place, what, _("Is it another program's file? Take out what the site does not show."))
    cells = [[cell.strip() for cell in row] for _, row in filled]
    return CsvFile(place, [name.strip() for name in rows[0]], cells, [number for number, _ in filled])
