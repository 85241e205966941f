"""A cache of checked tables, under a hash of everything that their rows depend on.

An entry is never stale: its name is a hash of the bytes of every table and schema, of the code that reads them, and of
the versions of Python and Frictionless. If one of these changes, the tables are checked again.
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

from forms.core.files.durable import atomic_replacement
from sitegen.content.tables import NumberedRow, Row, Tables

MAX_FILES = 8
"""Entries that are kept, the newest: undoing a change of a table finds the earlier one again."""

_CODE_FILES = (
    "content/tables.py", "content/spreadsheets/table_reader.py", "content/spreadsheets/table_cache.py",
    "content/spreadsheets/csv_files.py", "content/spreadsheets/cell_problems.py", "content/spreadsheets/csv_headers.py",
    "content/spreadsheets/dates.py", "languages/table_schemas.py",
    "layers/lookup.py", "layers/rows.py", "layers/own_files.py", "layers/typed_rows.py",
    "layers/frictionless_tables.py",
)  # fmt: skip
"""The modules that decide what a row holds, below the package sitegen."""
_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "number": Decimal,
}


def key_of(paths: Iterable[Path], other: str = "") -> str:
    """Return a hash of these files' names and bytes, and of the code that reads them; "" where one cannot be read.

    Paths do not count, so that a table which the editor tried in another folder is a hit here. Files of the same name
    must be in the order of their layers. other: what else the rows depend on.
    """
    digest = hashlib.sha256(f"{code_version()}\0{other}\0".encode())
    try:
        for path in sorted(paths, key=lambda path: (path.parent.name, path.name)):
            digest.update(f"{path.name}\0{path.parent.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    except OSError:
        return ""  # table_reader reports it
    return digest.hexdigest()


@cache
def code_version() -> str:
    """Return a string that changes with the code that reads tables, Python and Frictionless."""
    package = Path(__file__).parents[2]
    hashes = [hashlib.sha256((package / name).read_bytes()).hexdigest() for name in _CODE_FILES]
    return " ".join([*hashes, version("frictionless"), sys.version])


def load(folder: Path, key: str) -> Tables | None:
    """Return the cached tables of this key; None where there are none, or the file cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        tables = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        return {name: [_row(number, layer, cells) for number, layer, cells in rows] for name, rows in tables.items()}
    return None


def _row(number: int, layer: str, cells: dict[str, Any]) -> Row:
    row = NumberedRow({name: _cell(value) for name, value in cells.items()})
    row.sheet_row, row.layer = number, layer
    return row


def _cell(value: Any) -> Any:
    """Return a cell from its JSON: values that JSON lacks are written as {type: text}."""
    if not isinstance(value, dict):
        return value
    [(kind, text)] = value.items()
    return _FROM_TEXT[kind](text)


def _as_json(value: object) -> dict[str, str]:
    """Return a value that JSON lacks as {type: text}. Raises TypeError for other types, as json.dumps requires."""
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    raise TypeError(value)


def save(folder: Path, key: str, tables: Tables) -> None:
    """Write checked tables into the cache. If that fails, they are checked again the next time."""
    entry = {
        name: [(getattr(row, "sheet_row", 0), getattr(row, "layer", ""), row) for row in rows]
        for name, rows in tables.items()
    }
    with suppress(OSError, TypeError):
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(entry, ensure_ascii=False, default=_as_json)
        if key:
            with atomic_replacement(folder / f"{key}.json") as temporary:
                temporary.write_text(text, encoding="utf-8")
        for path in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)[:-MAX_FILES]:
            path.unlink(missing_ok=True)
