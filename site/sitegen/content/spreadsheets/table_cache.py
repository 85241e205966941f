"""Rows of tables that were checked and found right, kept under a hash of all that they were made from.

What is kept is never stale: its name is a hash of the bytes of every table and schema, of the code that reads them, and
of the versions of Python and of the library that checks them. Whatever of these changes, the tables are checked anew.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from forms.core.files.durable import replaced
from sitegen.content.tables import NumberedRow, Row, Tables

MOST = 8
"""Files that are kept, the newest: whoever changes a table and takes it back meets one of them."""

_READERS = (
    "content/tables.py", "content/spreadsheets/table_reader.py", "content/spreadsheets/table_cache.py",
    "content/spreadsheets/csv_files.py", "content/spreadsheets/dates.py", "languages/table_schemas.py",
    "layers/lookup.py", "layers/rows.py", "layers/own_files.py", "layers/typed_rows.py",
    "layers/frictionless_tables.py",
)  # fmt: skip
"""Modules that decide what a row holds, below the package sitegen."""
_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "number": Decimal,
}


def key_of(paths: Iterable[Path], beside: str = "") -> str:
    """Return a hash of these files' names and bytes, and of what reads them; "" where one cannot be read.

    Where their folders lie does not count: a table that was tried elsewhere, before it is saved, is known here. Files
    of the same name are in the order of their layers. beside: what else the rows depend on.
    """
    digest = hashlib.sha256(f"{readers()}\0{beside}\0".encode())
    try:
        for path in sorted(paths, key=lambda one: (one.parent.name, one.name)):
            digest.update(f"{path.name}\0{path.parent.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    except OSError:
        return ""  # the sentence about it comes from where tables are read
    return digest.hexdigest()


@cache
def readers() -> str:
    """Return what identifies the code that reads tables."""
    package = Path(__file__).parents[2]
    own = [hashlib.sha256((package / name).read_bytes()).hexdigest() for name in _READERS]
    return " ".join([*own, version("frictionless"), sys.version])


def load(folder: Path, key: str) -> Tables | None:
    """Return the rows that are kept under this key; None where there is no such file, or it cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        found = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        return {name: [_row(number, layer, cells) for number, layer, cells in rows] for name, rows in found.items()}
    return None


def _row(number: int, layer: str, cells: dict[str, Any]) -> Row:
    row = NumberedRow({name: _cell(value) for name, value in cells.items()})
    row.sheet_row, row.layer = number, layer
    return row


def _cell(value: Any) -> Any:
    """Return a cell: what JSON has no kind for is written as {kind: text}."""
    if not isinstance(value, dict):
        return value
    [(kind, text)] = value.items()
    return _FROM_TEXT[kind](text)


def _as_json(value: object) -> dict[str, str]:
    """Return a value of ours as JSON has it. Raises TypeError for any other, as json.dumps asks."""
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    raise TypeError(value)


def keep(folder: Path, key: str, tables: Tables) -> None:
    """Keep rows that were found right. Where they cannot be written, they are checked again the next time."""
    rows = {
        name: [(getattr(row, "sheet_row", 0), getattr(row, "layer", ""), row) for row in found]
        for name, found in tables.items()
    }
    with suppress(OSError, TypeError):
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(rows, ensure_ascii=False, default=_as_json)
        if key:
            with replaced(folder / f"{key}.json") as fresh:
                fresh.write_text(text, encoding="utf-8")
        for path in sorted(folder.glob("*.json"), key=lambda one: one.stat().st_mtime)[:-MOST]:
            path.unlink(missing_ok=True)
