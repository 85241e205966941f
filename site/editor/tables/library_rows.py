"""Rows of a library's tables that a district may replace by its own, to change their words.

A district's row hides the library's for good, also its later changes. Tables of facts that somebody checks (with a
column checked_on: numbers, services, links) are left out: their words are corrected in the library.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from sitegen.content.spreadsheets.csv_files import read_csv
from sitegen.layers import lookup
from sitegen.layers.rows import DROP

from editor.saving.store import ContentStore
from editor.tables import rows
from editor.tables.lines import cells_by_column, name_of
from forms.core.problem import Problem

_CHECKED = "checked_on"


def rows_of(store: ContentStore, table: str, schema: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield the rows of the libraries that are not hidden by others, by the columns of the table."""
    names = [one["name"] for one in schema["fields"]]
    if _CHECKED in names:
        return
    keys, seen = rows.keys_of(schema), set[str]()
    for layer in lookup.layers(store.content):
        with suppress(Problem, FileNotFoundError):  # the page Publish reports a file that cannot be read
            sheet = read_csv(layer.folder / "tables" / f"{table}.csv")
            found = [cells_by_column(sheet.header, cells) for cells in sheet.rows]
            if layer.label != lookup.OWN:
                fresh = (row for row in found if name_of(row, keys) not in seen and not row.get(DROP))
                yield from ({name: row.get(name, "") for name in names} for row in fresh)
            seen |= {name_of(row, keys) for row in found}


def find(store: ContentStore, table: str, schema: Mapping[str, Any], value: str) -> dict[str, str] | None:
    """Return a row of a library by its name; None where there is none, or where the district has its own."""
    keys = rows.keys_of(schema)
    return next((row for row in rows_of(store, table, schema) if name_of(row, keys) == value), None)
