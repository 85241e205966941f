"""The table consents.csv: read for the build, and leniently where everything else is broken."""

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

LONGEST_CHANGE = 20.0
"""Seconds to wait for another program that changes the table."""

_SCHEMA = Path(__file__).parents[3] / "schemas" / "consents.yaml"

_OTHER_FILES = (".csv", ".xlsx", ".xlsm", ".xls", ".ods", ".numbers")


def of_rows(rows: Sequence[Row]) -> "Consents":
    """Return the rows of the table as the build reads them."""
    as_text = ({name: cell_text(cell) for name, cell in row.items()} for row in rows)
    return Consents(Path(), tuple(map(_with_marked_day, as_text)))


def _with_marked_day(row: Mapping[str, str]) -> dict[str, str]:
    """Return a row as withdrawn where any of its cells says so."""
    day = consent_cells.marked_day(row.values())
    return {**row, rows.WITHDRAWN: day} if day else dict(row)


@contextmanager
def changing(content: Path) -> Iterator[None]:
    """Read, change and write consents.csv, one program at a time: each would write over the other's withdrawal.

    Where there can be no lock, or another program does not let go of it, nobody waits: a withdrawal is more urgent.
    """
    path = content.parent / LOCK
    with ExitStack() as stack:
        with suppress(AlreadyLocked, Problem, OSError):
            path.parent.mkdir(exist_ok=True)
            stack.enter_context(locked_within(path, LONGEST_CHANGE))
        yield


def newer_file(content: Path) -> str:
    """Return the name of a file beside consents.csv that is newer and may hold a withdrawal; "" where there is none."""
    table = content / TABLE
    try:
        since = table.stat().st_mtime
        others = [path for path in table.parent.iterdir() if path.name.casefold().startswith("consents")]
        newer = [path for path in others if path.suffix.lower() in _OTHER_FILES and path.stat().st_mtime > since]
    except OSError:
        return ""
    return min((path.name for path in newer), default="")


def in_doubt(newer: str) -> Problem:
    """Return what is said where a file beside consents.csv is newer."""
    todo = _(
        "If %(file)s holds the newest state, save it as CSV in place of consents.csv. Then remove %(file)s.", file=newer
    )
    what = _("is newer than consents.csv; which of them counts is in doubt.")
    return Problem(f"content/tables/{newer}", what, todo)


def read_leniently(content: Path) -> Consents:
    """Read consents.csv without the other tables; a file that cannot be read, or is in doubt, holds no consent."""
    found = []
    for number, layer in enumerate(lookup.layers(content)):
        path = layer.folder / TABLE
        if number and not path.exists():
            continue  # a library need not have one; the district's must be there
        try:
            sheet = csv_files.read_csv(path)
        except (Problem, OSError):
            return Consents(content, ())
        if newer_file(layer.folder):
            return Consents(content, ())
        if "id" not in sheet.header:
            return Consents(content, ())
        found.append([row_of(sheet.header, cells) for cells in sheet.rows])
    merged = rows.merged_consents(found)
    ids = frozenset(row.get("id", "").casefold() for row in merged if not row.get(rows.BROKEN))
    if any(row.get(rows.BROKEN) and not _is_told(row, ids) for row in merged):
        return Consents(content, ())  # what it withdraws may be any of them
    return Consents(content, tuple(merged))


def _is_told(broken: Mapping[str, str], ids: frozenset[str]) -> bool:
    """Return whether a broken row still shows whose it is. ids: of the rows that are whole."""
    return is_id(broken.get("id", "")) or not ids.isdisjoint(names_in_broken_row(broken))


def row_of(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return a row by columns; broken where a cell may stand in another column than it was meant for."""
    row = dict(zip(header, cells, strict=False))
    sure = len(cells) == len(header) == len({*header}) and frozenset({rows.DROP, *columns()}).issuperset(header)
    sure = sure and not consent_cells.are_misplaced(row, header, columns())
    return _with_marked_day(row if sure else {**row, rows.BROKEN: " ".join(cells)})


@cache
def columns() -> tuple[str, ...]:
    """Return the names of the columns, in the order of the schema."""
    return tuple(str(field["name"]) for field in table_schemas.written(_SCHEMA)["fields"])
