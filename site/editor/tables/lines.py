"""Edits one row in the text of a table: all other rows stay byte for byte."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forms.core.files.spreadsheet_csv import Dialect, separator_of, text_of
from forms.core.problem import Problem, place_in

LINE_END = "\n"
"""The line end of texts that store.py has read."""


@dataclass(frozen=True)
class Line:
    """A row of a table and its place in the text. number: as a spreadsheet shows it."""

    cells: list[str]
    start: int
    end: int
    number: int

    @property
    def is_blank(self) -> bool:
        """Return whether all cells are empty."""
        return not any(cell.strip() for cell in self.cells)


def lines_of(text: str) -> list[Line]:
    """Return the rows of well-formed CSV, the header first."""
    return list(_lines(text))


def _lines(text: str) -> Iterator[Line]:
    physical = list(io.StringIO(text, newline=""))
    reader = csv.reader(physical, delimiter=separator_of(text.partition("\n")[0]))
    physical_line, start = 0, 0
    for number, cells in enumerate(reader, start=1):
        end = start + sum(map(len, physical[physical_line : reader.line_num]))
        yield Line(cells, start, end, number)
        physical_line, start = reader.line_num, end


def cells_by_column(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return stripped cells by the names of their columns."""
    return dict(zip(header, (cell.strip() for cell in cells), strict=False))


def name_of(row: Mapping[str, str], keys: Sequence[str]) -> str:
    """Return the name of a row: the cells of its key columns."""
    return " ".join(row.get(key, "") for key in keys).strip()


def with_row(text: str, keys: Sequence[str], name: str, row: Mapping[str, str], where: str) -> str:
    """Return the text of a table in which the row of this name has these cells; a new row is added at the end.

    Raises Problem where cells cannot be assigned to columns, now or after the change.
    """
    first, *others = lines_of(text)
    header = [cell.strip() for cell in first.cells]
    lines = [line for line in others if not line.is_blank]
    existing = next((line for line in lines if name_of(cells_by_column(header, line.cells), keys) == name), None)
    more = [column for column, cell in row.items() if column not in header and cell]
    for line in lines if more else [existing] if existing else []:
        _require_all_cells(line, header, where)
    columns = [*header, *more]
    before = cells_by_column(header, existing.cells) if existing else {}
    written = _csv_row([{**before, **row}.get(column, "") for column in columns], text)
    if more:  # every row gets a cell for each new column
        rows = [first.cells + more, *([*line.cells, *[""] * len(more)] for line in lines)]
        text, existing = _replace_rows(text, rows, existing)
    if existing:
        return text[: existing.start] + written + text[existing.end :]
    return text + ("" if text.endswith(LINE_END) else LINE_END) + written


def _require_all_cells(line: Line, header: Sequence[str], where: str) -> None:
    """Raise Problem for a row with too few or too many cells."""
    if len(line.cells) != len(header):
        what = f"has too {'few' if len(line.cells) < len(header) else 'many'} cells: which belongs where is in doubt."
        todo = "Download the table, put that row right in a spreadsheet, and choose the file here again."
        raise Problem(place_in(where, row=line.number), what, todo)


def _replace_rows(text: str, rows: Sequence[Sequence[str]], tracked: Line | None) -> tuple[str, Line | None]:
    """Return a text with these rows in place of its own, blank lines kept, and the new place of the tracked row."""
    parts, moved, at, remaining = [], tracked, 0, iter(rows)
    for line in lines_of(text):
        part = text[line.start : line.end] if line.is_blank else _csv_row(next(remaining), text)
        if tracked and line.number == tracked.number:
            moved = Line(line.cells, at, at + len(part), line.number)
        parts.append(part)
        at += len(part)
    return "".join(parts), moved


def _csv_row(cells: Sequence[str], like: str) -> str:
    """Return a row as CSV, with the separator of the text `like`."""
    return text_of([cells], Dialect(b"", separator_of(like.partition("\n")[0]), LINE_END))


def without_broken_rows(text: str, keys: Sequence[str], name: str) -> str:
    """Return the text of a table without the rows that have too few or too many cells, except the row of this name.

    Broken rows hide the problems of others. A blank line takes their place, so that rows keep their numbers.
    """
    first, *others = lines_of(text)
    header = [cell.strip() for cell in first.cells]
    parts = [text[first.start : first.end]]
    for line in others:
        is_kept = len(line.cells) == len(header) or name_of(cells_by_column(header, line.cells), keys) == name
        parts.append(text[line.start : line.end] if is_kept else LINE_END)
    return "".join(parts)
