"""Rows of tables as Frictionless types and checks them; a table in which nothing has changed is not checked again.

Opening a table in Frictionless costs more than its rows do, and staff who save one cell change one of about thirty.
"""

import copy
import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from sitegen.content.spreadsheets.csv_files import CsvFile

_MOST_WRONG = 200
"""Cells of one table of which it is said that they are wrong: finding more takes minutes and helps nobody."""

_RIGHT: dict[tuple[str, bytes], list[dict[str, Any]]] = {}
"""The rows of each table in which nothing was wrong, by its name and a hash of all that they depend on."""

_MOST_KEPT = 64
"""Tables that this program remembers: those of two districts, or of what one is and is about to be."""


def read(
    sheets: Mapping[str, CsvFile], descriptors: Mapping[str, Any]
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[Any]]]:
    """Return the typed rows of each table in which nothing is wrong, and Frictionless' errors of the others.

    sheets: as their schemas have them; descriptors: those schemas, with the words that are kinds.
    """
    keys = {name: (name, _hash(name, sheets, descriptors)) for name in _to_be_checked(sheets, descriptors)}
    known = {name: copy.deepcopy(_RIGHT[key]) for name, key in keys.items() if key in _RIGHT}
    fresh, errors = checked(sheets, descriptors, [name for name in keys if name not in known])
    for name, rows in fresh.items():
        if name not in errors:
            _remember(keys[name], copy.deepcopy(rows))
    return {**known, **fresh}, errors


def _remember(key: tuple[str, bytes], rows: list[dict[str, Any]]) -> None:
    _RIGHT[key] = rows
    for oldest in list(_RIGHT)[:-_MOST_KEPT]:
        _RIGHT.pop(oldest, None)


def _hash(name: str, sheets: Mapping[str, CsvFile], descriptors: Mapping[str, Any]) -> bytes:
    """Return a hash of a table, its schema, and the tables in which its keys are looked up."""
    used = [sheets[one] for one in (name, *sorted(_looked_up(name, descriptors))) if one in sheets]
    cells = [(sheet.header, sheet.rows) for sheet in used]
    return hashlib.sha256(repr((descriptors[name], cells)).encode("utf-8", "surrogatepass")).digest()


def _looked_up(name: str, descriptors: Mapping[str, Any]) -> set[str]:
    """Return the other tables in which keys of a table are looked up."""
    return {key["reference"]["resource"] for key in descriptors[name].get("foreignKeys", ())} - {"", name}


def _to_be_checked(sheets: Mapping[str, CsvFile], descriptors: Mapping[str, Any]) -> list[str]:
    """Return the tables that have rows, and those in which their keys are looked up."""
    with_rows = {name for name, sheet in sheets.items() if sheet.rows}
    looked_up = {key["reference"]["resource"] for name in with_rows for key in descriptors[name].get("foreignKeys", ())}
    return [name for name in sheets if name in with_rows | looked_up]


def checked(
    sheets: Mapping[str, CsvFile], descriptors: Mapping[str, Any], names: Collection[str]
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[Any]]]:
    """Return the rows of these tables as Frictionless types them, and its errors."""
    if not any(sheets[name].rows for name in names):
        return {name: [] for name in names}, {}  # a table without rows costs as much as one with many
    from frictionless import Package  # noqa: PLC0415 - takes longer than all else, and is seldom needed

    from sitegen.layers.frictionless_tables import table_of  # noqa: PLC0415

    needed = [name for name in sheets if name in names or any(name in _looked_up(one, descriptors) for one in names)]
    resources: dict[str, Any] = {
        name: table_of(name, [sheets[name].header, *sheets[name].rows], descriptors[name]) for name in needed
    }
    Package(resources=[*resources.values()])  # in it they find each other's keys
    read_rows = {name: _rows(resources[name]) if sheets[name].rows else [] for name in names}
    errors = {name: [error for row in rows for error in row.errors] for name, rows in read_rows.items()}
    typed = {name: [row.to_dict() for row in rows] for name, rows in read_rows.items() if not errors[name]}
    return typed, {name: found for name, found in errors.items() if found}


def _rows(resource: Any) -> list[Any]:
    """Return the typed rows of a table; not all of one that has more wrong than anybody reads at once."""
    rows, wrong = [], 0
    with resource.open():
        for row in resource.row_stream:  # read once, each row has its errors
            rows.append(row)
            wrong += len(row.errors)
            if wrong > _MOST_WRONG:
                break
    return rows
