"""The table consents.csv: its columns and lock, and a lenient reader that works where other tables are broken."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

from forms.core.files.locks import AlreadyLocked, locked_within
from forms.core.files.spreadsheet_csv import cell_text
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.content.consent import cells as consent_cells
from sitegen.content.consent.consent_names import is_id
from sitegen.content.consent.consents import Consents, names_in_broken_row
from sitegen.content.spreadsheets import csv_files
from sitegen.content.tables import Row
from sitegen.languages import table_schemas
from sitegen.layers import lookup, rows

TABLE = Path("tables") / "consents.csv"

LOCK = Path(".build") / "consents.lock"

LOCK_TIMEOUT = 20.0
"""Seconds to wait for another program that is changing the table."""

_SCHEMA = Path(__file__).parents[3] / "schemas" / "consents.yaml"

_SPREADSHEETS = (".csv", ".xlsx", ".xlsm", ".xls", ".ods", ".numbers")


def consents_of_rows(rows: Sequence[Row]) -> "Consents":
    """Return the consents from the typed rows of the build."""
    as_text = ({name: cell_text(cell) for name, cell in row.items()} for row in rows)
    return Consents(Path(), tuple(map(_with_marked_day, as_text)))


def _with_marked_day(row: Mapping[str, str]) -> dict[str, str]:
    """Return a row as withdrawn if any of its cells states a withdrawal."""
    day = consent_cells.marked_day(row.values())
    return {**row, rows.WITHDRAWN: day} if day else dict(row)


@contextmanager
def locked_table(content: Path) -> Iterator[None]:
    """Hold the lock of consents.csv while it is read, changed and written, so that no withdrawal is overwritten.

    Goes on without the lock where there can be none, or after LOCK_TIMEOUT: a withdrawal is more urgent.
    """
    path = content.parent / LOCK
    with ExitStack() as stack:
        with suppress(AlreadyLocked, Problem, OSError):
            path.parent.mkdir(exist_ok=True)
            stack.enter_context(locked_within(path, LOCK_TIMEOUT))
        yield


def newer_file(content: Path) -> str:
    """Return the name of a spreadsheet beside consents.csv that is newer and may hold a withdrawal, or ""."""
    table = content / TABLE
    try:
        modified = table.stat().st_mtime
        candidates = [path for path in table.parent.iterdir() if path.name.casefold().startswith("consents")]
        spreadsheets = [path for path in candidates if path.suffix.lower() in _SPREADSHEETS]
        newer = [path.name for path in spreadsheets if path.stat().st_mtime > modified]
    except OSError:
        return ""
    return min(newer, default="")


def newer_file_problem(newer: str) -> Problem:
    """Return the problem of a newer spreadsheet beside consents.csv. newer: its name."""
    todo = _(
        "If %(file)s holds the newest state, save it as CSV in place of consents.csv. Then remove %(file)s.", file=newer
    )
    what = _("is newer than consents.csv; which of them counts is in doubt.")
    return Problem(f"content/tables/{newer}", what, todo)


def read_leniently(content: Path) -> Consents:
    """Return the consents of all layers without reading other tables.

    No consent is valid if one of the files cannot be read or a spreadsheet beside it is newer.
    """
    tables = []
    for number, layer in enumerate(lookup.layers(content)):
        path = layer.folder / TABLE
        if number and not path.exists():
            continue  # required in the district only
        try:
            sheet = csv_files.read_csv(path)
        except (Problem, OSError):
            return Consents(content, ())
        if newer_file(layer.folder):
            return Consents(content, ())
        if "id" not in sheet.header:
            return Consents(content, ())
        tables.append([parse_row(sheet.header, cells) for cells in sheet.rows])
    merged = rows.merged_consents(tables)
    ids = frozenset(row.get("id", "").casefold() for row in merged if not row.get(rows.BROKEN))
    if any(row.get(rows.BROKEN) and not _is_attributable(row, ids) for row in merged):
        return Consents(content, ())  # it may withdraw any of them
    return Consents(content, tuple(merged))


def _is_attributable(broken: Mapping[str, str], ids: frozenset[str]) -> bool:
    """Return whether a broken row still shows which consent it belongs to. ids: those of the other rows."""
    return is_id(broken.get("id", "")) or not ids.isdisjoint(names_in_broken_row(broken))


def parse_row(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return a row by columns, marked as broken if a cell may be in the wrong column."""
    row = dict(zip(header, cells, strict=False))
    is_regular = len(cells) == len(header) == len({*header}) and frozenset({rows.DROP, *columns()}).issuperset(header)
    is_regular = is_regular and not consent_cells.are_misplaced(row, header, columns())
    return _with_marked_day(row if is_regular else {**row, rows.BROKEN: " ".join(cells)})


@cache
def columns() -> tuple[str, ...]:
    """Return the names of the columns in the order of the schema."""
    return tuple(str(field["name"]) for field in table_schemas.read_unexpanded(_SCHEMA)["fields"])
