"""What a district has from its libraries, what it has put in its place, and what of that has changed since.

`content/overridden.json` remembers a hash of each library's file, and of each row of its tables, at the time when the
district's own was met; the program writes it, staff do not. To say that the own one follows the library's new one, take
its line out there.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from forms.core.files.durable import write_durably
from forms.core.problem import Problem
from sitegen.content import settings
from sitegen.content.spreadsheets.csv_files import read_csv
from sitegen.content.tables import Tables, layer_of
from sitegen.languages import table_schemas
from sitegen.layers import lookup, rows

_SCHEMAS = Path(__file__).parents[2] / "schemas"
FILE = "overridden.json"
_TABLES = "tables/"


def read(content: Path) -> dict[str, str]:
    """Return the hashes of library files by name, as they were when the district's own file was met."""
    with suppress(OSError, ValueError, AttributeError):
        found = json.loads((content / FILE).read_text(encoding="utf-8"))
        return {str(name): str(digest) for name, digest in found.items()}
    return {}


def remember(content: Path) -> None:
    """Write what is overridden for the first time; nothing where there is no library."""
    known, now = read(content), _overridden(content)
    fresh = {name: known.get(name, digest) for name, digest in now.items()}
    if fresh != known:
        write_durably(content / FILE, (json.dumps(fresh, indent=1) + "\n").encode())


def _overridden(content: Path) -> dict[str, str]:
    """Return the hash of what a library has in whose place the district has its own: files, and rows of tables."""
    return dict(sorted([*_files(content).items(), *_rows(content)]))


def _rows(content: Path) -> Iterator[tuple[str, str]]:
    """Yield the names and hashes of overridden rows, like "tables/helplines.csv, 112"; none of unreadable tables."""
    tables: dict[str, list[lookup.File]] = {}
    for file in lookup.every(content, _TABLES.rstrip("/"), "*.csv"):
        tables.setdefault(file.name, []).append(file)
    for name, (first, *others) in sorted(tables.items()):
        with suppress(Problem, KeyError, OSError):  # `check` says it elsewhere
            if others and first.layer.shown == lookup.OWN:
                key = table_schemas.written(_SCHEMAS / f"{first.path.stem}.yaml")["primaryKey"]
                for row, digest in _overridden_rows(first.path, [file.path for file in others], key):
                    yield f"{name}, {' '.join(row)}", digest


def _overridden_rows(own: Path, libraries: Sequence[Path], key: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    here = {row for row, cells in _by_key(own, key) if not rows.is_dropped(cells.get(rows.DROP, ""))}
    below: dict[tuple[str, ...], dict[str, str]] = {}
    for path in reversed(libraries):  # the first library that has a row counts
        below.update(_by_key(path, key))
    for row in here & below.keys():
        text = json.dumps(below[row], ensure_ascii=False, sort_keys=True)
        yield row, hashlib.sha256(text.encode()).hexdigest()[:16]


def _by_key(path: Path, key: Sequence[str]) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Yield the key and the filled cells of each row. Raises Problem, KeyError."""
    sheet = read_csv(path)
    for cells in sheet.rows:
        row = {name: cell for name, cell in zip(sheet.header, cells, strict=False) if cell}
        yield tuple(row[name] for name in key), row


def _files(content: Path) -> dict[str, str]:
    own: set[str] = set()
    found: dict[str, str] = {}
    for file in lookup.every(content):
        if file.layer.shown == lookup.OWN:
            own.add(file.name)
        elif file.name in own and not file.name.startswith(_TABLES):
            found.setdefault(file.name, hashlib.sha256(file.path.read_bytes()).hexdigest()[:16])
    return found


def said(content: Path, tables: Tables) -> Iterator[str]:
    """Yield what is inherited and overridden, and each file of a library that has changed since it was overridden."""
    libraries = lookup.layers(content)[1:]
    if not libraries:
        return
    found = (file for file in lookup.files(content) if file.layer.shown != lookup.OWN)
    languages = settings.language_codes(content)
    names = [file.name for file in found if lookup.is_used(file.name, languages)]
    inherited = sum(layer_of(row) not in {"", lookup.OWN} for each in tables.values() for row in each)
    now, known = _overridden(content), read(content)
    shown = ", ".join(layer.shown for layer in libraries)
    yield (
        f"content/portal.yml, library: {len(names)} files and {inherited} rows of tables come from {shown}; "
        f"{len(now)} files or rows of it have the district's own in their place."
    )
    for name, digest in now.items():
        if known.get(name, digest) != digest:
            what = "row" if name.startswith(_TABLES) else "file"
            yield (
                f"content/{name}: the library's {what} has changed since this one was written in its place. Compare "
                f"them; then take the line of {name} out of content/{FILE}."
            )
