"""Messages for staff about cells that their schema refuses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from forms.core.i18n.lazy_text import joined
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.checks.did_you_mean import did_you_mean
from sitegen.content.spreadsheets import dates
from sitegen.content.spreadsheets.csv_files import CsvFile

TYPE_WORDS = {
    "integer": _("a whole number"),
    "number": _("a number"),
    "date": _("a day"),
    "datetime": _("a day and time"),
    "boolean": _("true or false"),
}


def problems_of_errors(
    sheet: CsvFile, descriptor: Mapping[str, Any], errors: Sequence[Any], sheets: Mapping[str, CsvFile]
) -> Iterator[Problem]:
    """Yield a problem for each error of Frictionless: file, row, column, what is wrong, what to write instead."""
    from frictionless.errors import CellError, ForeignKeyError  # noqa: PLC0415

    fields = {field["name"]: field for field in descriptor["fields"]}
    for error in errors:
        if isinstance(error, ForeignKeyError):
            yield from _foreign_problems(sheet, error, sheets)
        elif isinstance(error, CellError):
            yield _cell_problem(sheet, error, fields.get(error.field_name, {}))
        elif "None" not in error.note:  # an empty key is already reported as an empty cell
            yield _row_problem(sheet, error)


def _place(sheet: CsvFile, error: Any, column: str = "") -> str:
    index = error.row_number - 2  # Frictionless counts from 1 and includes the header
    return place_in(sheet.where_of(index), row=sheet.numbers[index], column=column)


class CellProblem(Problem):
    """A cell that its column does not accept. meant: what the column means; like: what to write."""

    def __init__(self, where: str, what: str, meant: str = "", like: str = "") -> None:
        super().__init__(where, what, joined(meant, like))
        self.like = like


def _cell_problem(sheet: CsvFile, error: Any, field: Mapping[str, Any]) -> Problem:
    where = _place(sheet, error, error.field_name)
    cell, meant = str(error.cell or ""), field.get("description", "")
    like = _("Write it like %(example)s.", example=str(field["example"])) if field.get("example") else ""
    if error.type == "type-error":
        kind = TYPE_WORDS.get(field.get("type", ""), _("what belongs here"))
        what = _('"%(cell)s" is not %(kind)s.', cell=cell, kind=kind)
        if field.get("type") == "boolean":
            return CellProblem(where, what, like=_("Write true or false."))
        hint = dates.hint(cell) if field.get("type") in {"date", "datetime"} else ""
        return CellProblem(where, what, "" if like else meant, joined(hint, like))
    allowed = field.get("constraints", {}).get("enum")
    most = field.get("constraints", {}).get("maxLength")
    if most and '"maxLength"' in error.note:
        what = _('"%(cell)s..." has %(count)s letters.', cell=cell[:40], count=len(cell))
        return CellProblem(where, what, like=_("Write at most %(most)s.", most=most))
    if '"required"' in error.note:
        return CellProblem(where, _("this cell is empty."), meant, like)
    if allowed and '"enum"' in error.note:
        return CellProblem(
            where, _('"%(cell)s" is not one of the words used here.', cell=cell), like=_suggest(cell, allowed)
        )
    return CellProblem(where, _('"%(cell)s" does not fit.', cell=cell), meant, like)


def _foreign_problems(sheet: CsvFile, error: Any, sheets: Mapping[str, CsvFile]) -> Iterator[Problem]:
    target = sheets[error.reference_name]
    known = [row[target.header.index(error.reference_field_names[0])] for row in target.rows]
    for column, cell in zip(error.field_names, error.field_cells, strict=True):
        what = _('"%(cell)s" is not in %(file)s.', cell=str(cell), file=target.where)
        yield CellProblem(_place(sheet, error, column), what, like=_suggest(str(cell), known))


def _row_problem(sheet: CsvFile, error: Any) -> Problem:
    if error.type == "primary-key":
        cell = sheet.rows[error.row_number - 2][0]
        what = _('"%(cell)s" stands in an earlier row too.', cell=cell)
        return CellProblem(_place(sheet, error, sheet.header[0]), what, like=_("Give each row its own."))
    return Problem(_place(sheet, error), _("%(why)s.", why=error.note), _("Compare it with the rows beside it."))


def _suggest(cell: str, allowed: Sequence[str]) -> str:
    words = ", ".join(allowed[:12]) + (" ..." if len(allowed) > 12 else "")  # noqa: PLR2004 - what fits a line
    return did_you_mean(cell, allowed, _("Write one of: %(words)s.", words=words))
