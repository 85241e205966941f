"""Read consents.csv line by line, and keep its faults: any bytes are a table.

So a withdrawal can be written into its row before somebody corrects a quotation mark, a letter or another row.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from forms.core.files.spreadsheet_csv import BOM, Dialect, separator_of, text_of
from forms.core.i18n import gettext_noop as _
from forms.core.problem import Problem
from sitegen.content.consent import cells as consent_cells
from sitegen.content.consent import consent_table
from sitegen.content.spreadsheets import csv_files, dates
from sitegen.layers.rows import BROKEN, WITHDRAWN

_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_HALF_MARKS = frozenset({b"\xff", b"\xfe"})
_HEADER_LINES = 10
"""The line with the names of the columns is looked for among the first lines."""

_BYTES_PER_ZERO = 4
"""A table is UTF-16 if at least every fourth byte is 0: in the names of columns and in days every second one is."""

_NEEDED = frozenset({"id", "kind", "story", "media", WITHDRAWN})
_MIN_NAMES = 2
"""The names of columns that a line must have to be the header."""

Row = Mapping[str, str]


@dataclass(frozen=True)
class ConsentLine:
    """A row and its position in the text. is_sure: whether its cells could be separated without doubt."""

    cells: Sequence[str]
    start: int
    end: int
    is_sure: bool = True


@dataclass(frozen=True)
class ConsentTable:
    """A consents.csv with its faults. names: of its columns; header: the index of the line with them, or -1."""

    text: str
    encoding: str
    mark: bytes
    separator: str
    names: Sequence[str]
    header: int
    lines: Sequence[ConsentLine]

    @property
    def bytes(self) -> bytes:
        """The bytes of the file."""
        return self.mark + self.text.encode(self.encoding, "surrogateescape" if self.encoding == "utf-8" else "strict")

    @property
    def has_columns(self) -> bool:
        """Whether the columns allow a row that says which consent is withdrawn."""
        return len({*self.names}) == len(self.names) and _NEEDED <= {*self.names} <= {*consent_table.columns()}

    @property
    def row_lines(self) -> list[ConsentLine]:
        """The lines that are rows."""
        return [line for line in self.lines[self.header + 1 :] if any(cell.strip() for cell in line.cells)]

    @property
    def rows(self) -> list[Row]:
        """The rows by their columns; see `row`."""
        return [self.row(line) for line in self.row_lines]

    def row(self, line: ConsentLine) -> Row:
        """Return a row by its columns; also all its cells under BROKEN where it is in doubt which cell is which."""
        width = len(self.names)
        cells = [cell.strip() for cell in line.cells]
        if self.header >= 0 and len(cells) == len(self.lines[self.header].cells) and not any(cells[width:]):
            cells = cells[:width]  # columns without a name at the end, as spreadsheets add them
        row = dict(zip(self.names, cells, strict=False))
        if self.names.count(WITHDRAWN) > 1:  # one of the columns was meant for something else
            days = (cell for name, cell in zip(self.names, cells, strict=False) if name == WITHDRAWN)
            row[WITHDRAWN] = next((cell for cell in days if dates.parse(cell)), "")
        is_sure = line.is_sure and len(cells) == width
        is_sure = is_sure and not consent_cells.are_misplaced(row, self.names, consent_table.columns())
        return row if is_sure else {**row, BROKEN: " ".join(cells)}

    def is_complete(self, line: ConsentLine) -> bool:
        """Return whether a line has a cell for each column."""
        return line.is_sure and len(line.cells) in {len(self.names), len(self.lines[self.header].cells)}

    @property
    def is_exchanged(self) -> bool:
        """Whether the column of days may hold another column's cells."""
        return consent_cells.is_exchanged(WITHDRAWN, self.names, consent_table.columns())

    def csv_line(self, cells: Sequence[str]) -> str:
        """Return cells as a line of this table."""
        first = self.text.partition("\n")[0]
        return text_of([cells], Dialect(b"", self.separator, "\r\n" if first.endswith("\r") else "\n"))

    def with_texts(self, texts: Mapping[int, str], appended: str = "") -> "ConsentTable":
        """Return the table with lines replaced and text appended. texts: the new texts, by the start of the line."""
        parts = [texts.get(line.start, self.text[line.start : line.end]) for line in self.lines]
        text = "".join(parts)
        gap = "" if not appended or not text or text.endswith(("\n", "\r")) else self.csv_line([])
        return read(replace(self, text=f"{text}{gap}{appended}").bytes)


def read(data: bytes) -> ConsentTable:
    """Return the table of a file's bytes."""
    encoding = _encoding_of(data)
    mark = data[:2] if data[:2] in _UTF16 else BOM if data.startswith(BOM) else b""
    if encoding != "utf-8" and not mark and len(data) % 2:  # half of the mark is lost, or of the last letter
        mark = data[:1] if data[:1] in _HALF_MARKS else b""
        data = data if mark else data[:-1]
    text = data[len(mark) :].decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
    first_lines = text.splitlines()[:_HEADER_LINES]
    header_line = next((line for line in first_lines if _is_header(line.split(separator_of(line)))), "")
    separator = separator_of(header_line or "".join(first_lines[:1]))
    lines = _lines(text, separator)
    header = next((index for index, line in enumerate(lines[:_HEADER_LINES]) if _is_header(line.cells)), -1)
    names = (
        [_column_name(cell.strip()) for cell in lines[header].cells] if header >= 0 else list(consent_table.columns())
    )
    while names and not names[-1]:  # as spreadsheets add them
        names.pop()
    return ConsentTable(text, encoding, mark, separator, names, header, lines)


def _encoding_of(data: bytes) -> str:
    """Return the encoding of a table. UTF-16 is recognised even if its mark, or half of it, is lost."""
    if data[:2] in _UTF16:
        return _UTF16[data[:2]]
    units = data[len(data) % 2 :] if data[:1] in _HALF_MARKS else data
    even_zeros, odd_zeros = units[::2].count(0), units[1::2].count(0)
    if max(even_zeros, odd_zeros) * _BYTES_PER_ZERO < len(data):
        return "utf-8"
    return "utf-16-be" if even_zeros > odd_zeros else "utf-16-le"


def _column_name(name: str) -> str:
    """Return the name of a column as the schema writes it, where only the case differs: ID, Story."""
    return name.casefold() if name.casefold() in consent_table.columns() else name


def _is_header(cells: Sequence[str]) -> bool:
    return len({_column_name(cell.strip(' "\r\n')) for cell in cells} & {*consent_table.columns()}) >= _MIN_NAMES


def _lines(text: str, separator: str) -> list[ConsentLine]:
    try:
        return list(_csv_rows(text, separator))
    except csv.Error:  # a quotation mark that is not closed includes the rest of the file: read line by line
        return list(_single_lines(text, separator))


def _csv_rows(text: str, separator: str) -> Iterator[ConsentLine]:
    """Yield the rows of well-formed CSV. Raises csv.Error."""
    physical_lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(physical_lines, strict=True, delimiter=separator)
    line_number, start = 0, 0
    for cells in reader:
        end = start + sum(map(len, physical_lines[line_number : reader.line_num]))
        yield ConsentLine(cells, start, end)
        line_number, start = reader.line_num, end


def _single_lines(text: str, separator: str) -> Iterator[ConsentLine]:
    """Yield each physical line as a row."""
    start = 0
    for line in io.StringIO(text, newline=""):
        end = start + len(line)
        try:
            cells = next(csv.reader([line], strict=True, delimiter=separator), [])
            yield ConsentLine(cells, start, end)
        except csv.Error:
            yield ConsentLine(line.rstrip("\r\n").split(separator), start, end, is_sure=False)
        start = end


def day_of(row: Row) -> str:
    """Return the day on which a row was withdrawn, or ""; of a broken row only a day that this program wrote.

    Any other day in a broken row may belong to another column, like the last day of the consent.
    """
    marked = consent_cells.marked_day(row.values())
    return marked or ("" if BROKEN in row else row.get(WITHDRAWN, ""))


def is_table(data: bytes) -> bool:
    """Return whether a file may be a table: it is not empty, and no workbook."""
    return bool(data.strip()) and not data.startswith(csv_files.WORKBOOKS)


def read_file(path: Path) -> ConsentTable:
    """Return the district's consents.csv. Raises Problem where it is missing, empty or a workbook."""
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    if not is_table(data):
        what = _("is no table, so the day could not be written. Nothing that needs a consent is on the site meanwhile.")
        todo = _("Put it back as CSV, then withdraw this again, or it comes back with the next build.")
        raise Problem(csv_files.display_name(path), what, todo)
    return read(data)


def rows_of_district(content: Path) -> list[Row]:
    """Return the rows of the district's consents.csv, whatever is wrong there; none where there is no table."""
    with suppress(Problem):
        return read_file(content / consent_table.TABLE).rows
    return []
