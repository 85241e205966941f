"""The staff's tables: CSV and Table Schema in, typed rows out, or every problem at once in sentences.

A schema site/schemas/<name>.yaml belongs to content/tables/<name>.csv. Its fields' `description` tells staff what to
write, its `example` how it looks; both stand in the sentences below.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from forms.core.portal import Text
from forms.core.problem import place_in
from sitegen.layers import lookup

Row = dict[str, Any]

Tables = dict[str, list[Row]]


class NumberedRow(Row):
    """A row with its number in the spreadsheet, under a name that no column has: templates ask for columns."""

    sheet_row: int = 0
    layer: str = ""
    """The folder of content that it comes from, as sentences call it."""


def text(row: Row, column: str) -> Text:
    """Return the columns <column>_en ... of all languages as one text; those whose cell is empty are left out."""
    prefix = f"{column}_"
    return {name.removeprefix(prefix): cell for name, cell in row.items() if name.startswith(prefix) and cell}


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Return rows by their column `order`."""
    return sorted(rows, key=lambda row: row["order"])


def number_of(row: Row) -> int:
    """Return the row's number as a spreadsheet shows it; 0 for a row that did not come from a file."""
    return row.sheet_row if isinstance(row, NumberedRow) else 0


def layer_of(row: Row) -> str:
    """Return the folder of content that a row comes from, as sentences call it; "" for a row not from a file."""
    return row.layer if isinstance(row, NumberedRow) else ""


def place_of(table: str, row: Row) -> str:
    """Return where a row stands, like "content/tables/places.csv, row 3"; of a library its own table."""
    return place_in(f"{layer_of(row) or lookup.OWN}/tables/{table}.csv", row=number_of(row))


def every_cell(tables: Mapping[str, Iterable[Mapping[str, Any]]]) -> Iterator[tuple[str, Any, str, Any]]:
    """Yield each cell of all tables: the table's name, the row, the column's name, the cell."""
    for name, each in tables.items():
        for row in each:
            for column, cell in row.items():
                yield name, row, column, cell
