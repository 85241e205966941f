"""Type and check the rows of tables with Frictionless; a table that has not changed is not checked again.

Opening a table in Frictionless costs more than its rows do, and staff who save one cell change one of about thirty.
"""

import copy
import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from sitegen.content.spreadsheets.csv_files import CsvFile

_MAX_ERRORS = 200
"""Errors reported of one table: finding more takes minutes, and nobody reads them."""

_CACHE: dict[tuple[str, bytes], list[dict[str, Any]]] = {}
"""The typed rows of each table without errors, by its name and a hash of all that they depend on."""

_CACHE_SIZE = 64
"""Tables in the cache: those of two districts, or of one district before and after an edit."""


def read(
    sheets: Mapping[str, CsvFile], descriptors: Mapping[str, Any]
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[Any]]]:
    """Return the typed rows of each table without errors, and Frictionless' errors of the others.

    sheets: with the columns of their schemas; descriptors: those schemas, with the kinds of this district.
    """
    keys = {name: (name, _hash(name, sheets, descriptors)) for name in _tables_to_check(sheets, descriptors)}
    cached = {name: copy.deepcopy(rows) for name, key in keys.items() if (rows := _cached(key)) is not None}
    typed, errors = check_tables(sheets, descriptors, [name for name in keys if name not in cached])
    for name, rows in typed.items():
        if name not in errors:
            _store(keys[name], copy.deepcopy(rows))
    return {**cached, **typed}, errors


def _cached(key: tuple[str, bytes]) -> list[dict[str, Any]] | None:
    """Return the cached rows of a table, which count as the newest from now on; None where there are none."""
    rows = _CACHE.get(key)
    if rows is not None:
        _store(key, rows)
    return rows


def _store(key: tuple[str, bytes], rows: list[dict[str, Any]]) -> None:
    _CACHE.pop(key, None)
    _CACHE[key] = rows
    for oldest in list(_CACHE)[:-_CACHE_SIZE]:
        _CACHE.pop(oldest, None)


def _hash(name: str, sheets: Mapping[str, CsvFile], descriptors: Mapping[str, Any]) -> bytes:
    """Return a hash of a table, its schema, and the tables to which its foreign keys refer."""
    tables = (name, *sorted(_referenced_tables(name, descriptors)))
    cells = [(sheets[table].header, sheets[table].rows) for table in tables if table in sheets]
    return hashlib.sha256(repr((descriptors[name], cells)).encode("utf-8", "surrogatepass")).digest()


def _referenced_tables(name: str, descriptors: Mapping[str, Any]) -> set[str]:
    """Return the other tables to which a table's foreign keys refer."""
    return {key["reference"]["resource"] for key in descriptors[name].get("foreignKeys", ())} - {"", name}


def _tables_to_check(sheets: Mapping[str, CsvFile], descriptors: Mapping[str, Any]) -> list[str]:
    """Return the tables that have rows, and those to which their foreign keys refer."""
    with_rows = {name for name, sheet in sheets.items() if sheet.rows}
    referenced = {
        key["reference"]["resource"] for name in with_rows for key in descriptors[name].get("foreignKeys", ())
    }
    return [name for name in sheets if name in with_rows | referenced]


def check_tables(
    sheets: Mapping[str, CsvFile], descriptors: Mapping[str, Any], names: Collection[str]
) -> tuple[dict[str, list[dict[str, Any]]], dict[str, list[Any]]]:
    """Check these tables with Frictionless; return its typed rows of those without errors, and the others' errors."""
    if not any(sheets[name].rows for name in names):
        return {name: [] for name in names}, {}  # a table without rows costs as much as one with many
    from frictionless import Package  # noqa: PLC0415 - takes longer than all else, and is seldom needed

    from sitegen.layers.frictionless_tables import table_of  # noqa: PLC0415

    referenced = {table for name in names for table in _referenced_tables(name, descriptors)}
    needed = [name for name in sheets if name in names or name in referenced]
    resources: dict[str, Any] = {
        name: table_of(name, [sheets[name].header, *sheets[name].rows], descriptors[name]) for name in needed
    }
    Package(resources=[*resources.values()])  # in a package the tables find each other's keys
    read_rows = {name: _read_rows(resources[name]) if sheets[name].rows else [] for name in names}
    errors = {name: [error for row in rows for error in row.errors] for name, rows in read_rows.items()}
    typed = {name: [row.to_dict() for row in rows] for name, rows in read_rows.items() if not errors[name]}
    return typed, {name: row_errors for name, row_errors in errors.items() if row_errors}


def _read_rows(resource: Any) -> list[Any]:
    """Return the typed rows of a table, up to the row with which it has more than _MAX_ERRORS errors."""
    rows, error_count = [], 0
    with resource.open():
        for row in resource.row_stream:  # reading a row finds its errors
            rows.append(row)
            error_count += len(row.errors)
            if error_count > _MAX_ERRORS:
                break
    return rows
