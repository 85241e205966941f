"""What a district takes from its libraries, what it overrides, and which of the overridden has changed since.

For each file or table row of a library that the district overrides, `content/overridden.json` records a hash of the
library's version when the override was first seen. The program writes this file. Staff take a line out once they have
compared their version with the library's new one.
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
    """Return the recorded hashes of library files and rows by name; none where the file cannot be read."""
    with suppress(OSError, ValueError, AttributeError):
        recorded = json.loads((content / FILE).read_text(encoding="utf-8"))
        return {str(name): str(digest) for name, digest in recorded.items()}
    return {}


def remember(content: Path) -> None:
    """Record what is newly overridden, and forget what is overridden no longer."""
    before, current = read(content), _overridden(content)
    updated = {name: before.get(name, digest) for name, digest in current.items()}
    if updated != before:
        write_durably(content / FILE, (json.dumps(updated, indent=1) + "\n").encode())


def _overridden(content: Path) -> dict[str, str]:
    """Return the current hash of each library file and table row that the district overrides, by name."""
    return dict(sorted([*_overridden_files(content).items(), *_overridden_rows(content)]))


def _overridden_rows(content: Path) -> Iterator[tuple[str, str]]:
    """Yield the names and hashes of overridden rows, like "tables/helplines.csv, 112"; none of unreadable tables."""
    tables: dict[str, list[lookup.File]] = {}
    for file in lookup.every(content, _TABLES.rstrip("/"), "*.csv"):
        tables.setdefault(file.name, []).append(file)
    for name, (first, *others) in sorted(tables.items()):
        with suppress(Problem, KeyError, OSError):  # `check` reports unreadable tables
            if others and first.layer.label == lookup.OWN:
                key = table_schemas.read_unexpanded(_SCHEMAS / f"{first.path.stem}.yaml")["primaryKey"]
                for row, digest in _overridden_rows_of(first.path, [file.path for file in others], key):
                    yield f"{name}, {' '.join(row)}", digest


def _overridden_rows_of(
    own: Path, libraries: Sequence[Path], key: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the key and hash of each library row that the district's own table overrides. Raises Problem, KeyError."""
    own_keys = {row for row, cells in _by_key(own, key) if not rows.is_dropped(cells.get(rows.DROP, ""))}
    library_rows: dict[tuple[str, ...], dict[str, str]] = {}
    for path in reversed(libraries):  # the first library that has a row counts
        library_rows.update(_by_key(path, key))
    for row in own_keys & library_rows.keys():
        text = json.dumps(library_rows[row], ensure_ascii=False, sort_keys=True)
        yield row, hashlib.sha256(text.encode()).hexdigest()[:16]


def _by_key(path: Path, key: Sequence[str]) -> Iterator[tuple[tuple[str, ...], dict[str, str]]]:
    """Yield the key and the filled cells of each row. Raises Problem, KeyError."""
    sheet = read_csv(path)
    for cells in sheet.rows:
        row = {name: cell for name, cell in zip(sheet.header, cells, strict=False) if cell}
        yield tuple(row[name] for name in key), row


def _overridden_files(content: Path) -> dict[str, str]:
    own: set[str] = set()
    digests: dict[str, str] = {}
    for file in lookup.every(content):
        if file.layer.label == lookup.OWN:
            own.add(file.name)
        elif file.name in own and not file.name.startswith(_TABLES):
            digests.setdefault(file.name, hashlib.sha256(file.path.read_bytes()).hexdigest()[:16])
    return digests


def warnings(content: Path, tables: Tables) -> Iterator[str]:
    """Yield how much is inherited and overridden, then each library file or row that has changed since."""
    libraries = lookup.layers(content)[1:]
    if not libraries:
        return
    library_files = (file for file in lookup.files(content) if file.layer.label != lookup.OWN)
    languages = settings.language_codes(content)
    names = [file.name for file in library_files if lookup.is_used(file.name, languages)]
    inherited = sum(layer_of(row) not in {"", lookup.OWN} for table in tables.values() for row in table)
    current, recorded = _overridden(content), read(content)
    labels = ", ".join(layer.label for layer in libraries)
    yield (
        f"content/portal.yml, library: {len(names)} files and {inherited} rows of tables come from {labels}; "
        f"{len(current)} files or rows of it have the district's own in their place."
    )
    for name, digest in current.items():
        if recorded.get(name, digest) != digest:
            kind = "row" if name.startswith(_TABLES) else "file"
            yield (
                f"content/{name}: the library's {kind} has changed since this one was written in its place. Compare "
                f"them; then take the line of {name} out of content/{FILE}."
            )
