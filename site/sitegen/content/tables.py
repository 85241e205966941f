"""Rows of the staff's tables: texts by language, order, and where a row is in its file.

spreadsheets/table_reader.py reads them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from forms.core.portal import Text
from forms.core.problem import place_in
from sitegen.layers import lookup

Row = dict[str, Any]
Tables = dict[str, list[Row]]


class NumberedRow(Row):
    """A row with its number in the spreadsheet, as attributes: the keys are columns only."""

    sheet_row: int = 0
    layer: str = ""
    """The content folder that it comes from, as messages name it."""


def text(row: Row, column: str) -> Text:
    """Return the cells of the columns <column>_en ... by language, without empty ones."""
    prefix = f"{column}_"
    return {name.removeprefix(prefix): cell for name, cell in row.items() if name.startswith(prefix) and cell}


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Return rows by their column `order`."""
    return sorted(rows, key=lambda row: row["order"])


def number_of(row: Row) -> int:
    """Return the row's number as a spreadsheet shows it; 0 for a row that is not from a file."""
    return row.sheet_row if isinstance(row, NumberedRow) else 0


def layer_of(row: Row) -> str:
    """Return the content folder that a row comes from, as messages name it; "" for a row that is not from a file."""
    return row.layer if isinstance(row, NumberedRow) else ""


def place_of(table: str, row: Row) -> str:
    """Return where a row is, like "content/tables/places.csv, row 3", or in the table of its library."""
    return place_in(f"{layer_of(row) or lookup.OWN}/tables/{table}.csv", row=number_of(row))


def every_cell(tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> Iterator[tuple[str, Any, str, Any]]:
    """Yield each cell of all tables: the table's name, the row, the column's name, the cell."""
    for name, rows in tables.items():
        for row in rows:
            for column, cell in row.items():
                yield name, row, column, cell
