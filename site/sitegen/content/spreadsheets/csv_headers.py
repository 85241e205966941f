"""Checks of the first line of a CSV file against its schema, and of the length of its rows."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.content.spreadsheets.csv_files import CsvFile

_ROWS_SEARCHED = 10
"""Rows in which the names of the columns are searched if the first line does not have them."""

_MIN_NAMES = 2
"""Names of columns that a row must have to be taken for the header."""


def problems(sheet: CsvFile, descriptor: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield unknown, repeated and missing columns, and rows of another length. Columns may be in any order."""
    fields = {field["name"]: field for field in descriptor["fields"]}
    if not {*map(_normalise, sheet.header)} & {*fields}:
        yield _missing_header(sheet, fields)
        return
    yield from _columns(sheet, fields)
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        if len(row) != len(sheet.header):
            what = _("the row has too few or too many cells.")
            todo = _("Look for a missing comma or quotation mark.")
            yield Problem(place_in(sheet.where, row=number), what, todo)


def _columns(sheet: CsvFile, fields: Mapping[str, Any]) -> Iterator[Problem]:
    where, expected = place_in(sheet.where, row=1), _expected(fields)
    corrected = {_normalise(name) for name in sheet.header if name not in fields}
    for name in dict.fromkeys(sheet.header):
        if name not in fields:
            correct = _normalise(name) if _normalise(name) in fields else ""
            what = _('"%(name)s" is not the column expected here.', name=name)
            yield Problem(where, what, _("Write %(name)s.", name=correct) if correct else expected)
        elif sheet.header.count(name) > 1:
            what = _("the column %(name)s stands there twice.", name=name)
            yield Problem(where, what, _("Take one of them away."))
    for name, field in fields.items():
        if field.get("constraints", {}).get("required") and name not in {*sheet.header, *corrected}:
            yield Problem(where, _("the column %(name)s is missing.", name=name), expected)


def _missing_header(sheet: CsvFile, fields: Collection[str]) -> Problem:
    """Return the problem of a file whose first line names no column: it has a title above, or is no such table."""
    where, first = place_in(sheet.where, row=1), " ".join(filter(None, sheet.header))
    for number, row in zip(sheet.numbers[:_ROWS_SEARCHED], sheet.rows, strict=False):
        if len({*map(_normalise, row)} & {*fields}) >= _MIN_NAMES:
            what = _(
                '"%(words)s" stands above the names of the columns, which are in row %(row)s.',
                words=first[:60],
                row=number,
            )
            return Problem(where, what, _("Take out what stands above them: the table begins with their line."))
    what = _('"%(words)s" are not the names of the columns.', words=first[:60])
    return Problem(where, what, _expected(fields))


def _expected(fields: Collection[str]) -> str:
    return _("The columns are: %(names)s.", names=", ".join(fields))


def _normalise(name: str) -> str:
    """Return the name of a column in lower case, without invisible characters, with _ for spaces and hyphens."""
    visible = "".join(char for char in name if unicodedata.category(char) != "Cf")
    return re.sub(r"[\s-]+", "_", visible.strip().casefold())
