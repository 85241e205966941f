"""The first line of a CSV file against its schema, and rows of another length: one sentence for one mistake."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.content.spreadsheets.csv_files import CsvFile

_LOOKED_AT = 10
"""Rows in which the names of the columns are looked for, where the first does not have them."""

_ENOUGH = 2
"""Names of columns in a row that make it the line with the names."""


def problems(sheet: CsvFile, descriptor: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield unknown columns, missing columns, and rows of another length. Their order is the staff's."""
    fields = {field["name"]: field for field in descriptor["fields"]}
    if not {*map(_plain, sheet.header)} & {*fields}:
        yield _without_names(sheet, fields)
        return
    yield from _columns(sheet, fields)
    for number, row in zip(sheet.numbers, sheet.rows, strict=True):
        if len(row) != len(sheet.header):
            what = _("the row has too few or too many cells.")
            todo = _("Look for a missing comma or quotation mark.")
            yield Problem(place_in(sheet.where, row=number), what, todo)


def _columns(sheet: CsvFile, fields: Mapping[str, Any]) -> Iterator[Problem]:
    where, expected = place_in(sheet.where, row=1), _listed(fields)
    meant = {_plain(name) for name in sheet.header if name not in fields}
    for name in dict.fromkeys(sheet.header):
        if name not in fields:
            almost = _plain(name) if _plain(name) in fields else ""
            what = _('"%(name)s" is not the column expected here.', name=name)
            yield Problem(where, what, _("Write %(name)s.", name=almost) if almost else expected)
        elif sheet.header.count(name) > 1:
            what = _("the column %(name)s stands there twice.", name=name)
            yield Problem(where, what, _("Take one of them away."))
    for name, field in fields.items():
        if field.get("constraints", {}).get("required") and name not in {*sheet.header, *meant}:
            yield Problem(where, _("the column %(name)s is missing.", name=name), expected)


def _without_names(sheet: CsvFile, fields: Collection[str]) -> Problem:
    """Return what is wrong with a file whose first line names no column: a title is there, or it is no table."""
    where, first = place_in(sheet.where, row=1), " ".join(filter(None, sheet.header))
    for number, row in zip(sheet.numbers[:_LOOKED_AT], sheet.rows, strict=False):
        if len({*map(_plain, row)} & {*fields}) >= _ENOUGH:
            what = _(
                '"%(words)s" stands above the names of the columns, which are in row %(row)s.',
                words=first[:60],
                row=number,
            )
            return Problem(where, what, _("Take out what stands above them: the table begins with their line."))
    what = _('"%(words)s" are not the names of the columns.', words=first[:60])
    return Problem(where, what, _listed(fields))


def _listed(fields: Collection[str]) -> str:
    return _("The columns are: %(names)s.", names=", ".join(fields))


def _plain(name: str) -> str:
    """Return the name of a column in small letters without invisible signs, with _ for spaces and hyphens."""
    seen = "".join(char for char in name if unicodedata.category(char) != "Cf")
    return re.sub(r"[\s-]+", "_", seen.strip().casefold())
