"""The text of a table, row by row: one row is written anew, all others stay as they are, to the byte."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forms.core.files.spreadsheet_csv import Dialect, separator_of, text_of
from forms.core.problem import Problem, place_in

LINE_END = "\n"
"""How lines end in a text that store.py has read."""


@dataclass(frozen=True)
class Line:
    """A row of a table and where it is in the text. number: as a spreadsheet shows it."""

    cells: list[str]
    start: int
    end: int
    number: int

    @property
    def is_blank(self) -> bool:
        """Return whether nothing is in the row."""
        return not any(cell.strip() for cell in self.cells)


def lines_of(text: str) -> list[Line]:
    """Return the rows of a text that is well-formed CSV, the names of the columns first."""
    return list(_lines(text))


def _lines(text: str) -> Iterator[Line]:
    physical = list(io.StringIO(text, newline=""))
    reader = csv.reader(physical, delimiter=separator_of(text.partition("\n")[0]))
    read, start = 0, 0
    for number, cells in enumerate(reader, start=1):
        end = start + sum(map(len, physical[read : reader.line_num]))
        yield Line(cells, start, end, number)
        read, start = reader.line_num, end


def named(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return cells by the names of their columns, without spaces around them."""
    return dict(zip(header, (cell.strip() for cell in cells), strict=False))


def name_of(row: Mapping[str, str], keys: Sequence[str]) -> str:
    """Return what a row is called: the cells of its key."""
    return " ".join(row.get(key, "") for key in keys).strip()


def with_row(text: str, keys: Sequence[str], name: str, row: Mapping[str, str], where: str) -> str:
    """Return the text of a table in which the row of this name has these cells; added at the end where there is none.

    Raises Problem where it is in doubt which cell of the row belongs to which column, or would be after the save.
    """
    first, *others = lines_of(text)
    header = [cell.strip() for cell in first.cells]
    lines = [line for line in others if not line.is_blank]
    there = next((line for line in lines if name_of(named(header, line.cells), keys) == name), None)
    more = [column for column, cell in row.items() if column not in header and cell]
    for line in lines if more else [there] if there else []:
        _require_whole(line, header, where)
    columns = [*header, *more]
    before = named(header, there.cells) if there else {}
    fresh = _written([{**before, **row}.get(column, "") for column in columns], text)
    if more:  # every row gets a cell for each of them
        text, there = _widened(text, [first.cells + more, *([*line.cells, *[""] * len(more)] for line in lines)], there)
    if there:
        return text[: there.start] + fresh + text[there.end :]
    return text + ("" if text.endswith(LINE_END) else LINE_END) + fresh


def _require_whole(line: Line, header: Sequence[str], where: str) -> None:
    """Raise Problem for a row with too few or too many cells."""
    if len(line.cells) != len(header):
        what = f"has too {'few' if len(line.cells) < len(header) else 'many'} cells: which belongs where is in doubt."
        todo = "Download the table, put that row right in a spreadsheet, and choose the file here again."
        raise Problem(place_in(where, row=line.number), what, todo)


def _widened(text: str, rows: Sequence[Sequence[str]], there: Line | None) -> tuple[str, Line | None]:
    """Return a text with rows of more cells in place of its own, blank lines kept, and where a row is in it."""
    parts, moved, at, left = [], there, 0, iter(rows)
    for line in lines_of(text):
        part = text[line.start : line.end] if line.is_blank else _written(next(left), text)
        if there and line.number == there.number:
            moved = Line(line.cells, at, at + len(part), line.number)
        parts.append(part)
        at += len(part)
    return "".join(parts), moved


def _written(cells: Sequence[str], like: str) -> str:
    """Return a row with what parts the cells of `like`."""
    return text_of([cells], Dialect(b"", separator_of(like.partition("\n")[0]), LINE_END))


def without_broken(text: str, keys: Sequence[str], name: str) -> str:
    """Return the text of a table without the rows that have too few or too many cells, but for the one of this name.

    They hide what is wrong with others. A blank line takes their place, so that rows keep their numbers.
    """
    first, *others = lines_of(text)
    header = [cell.strip() for cell in first.cells]
    parts = [text[first.start : first.end]]
    for line in others:
        whole = len(line.cells) == len(header) or name_of(named(header, line.cells), keys) == name
        parts.append(text[line.start : line.end] if whole else LINE_END)
    return "".join(parts)
