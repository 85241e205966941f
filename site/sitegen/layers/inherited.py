"""What a district has from its libraries, what it has put in its place, and what of that has changed since.

`content/overridden.json` remembers a hash of each library's file at the time when the district's own was met; the
program writes it, staff do not. To say that an own file follows the library's new one, take its line out there.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from forms.core.files.durable import write_durably
from sitegen.content import settings
from sitegen.content.tables import Tables, layer_of
from sitegen.layers import lookup

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
    """Return the hash of each file of a library in whose place the district has its own. Tables go row by row."""
    own: set[str] = set()
    found: dict[str, str] = {}
    for file in lookup.every(content):
        if file.layer.shown == lookup.OWN:
            own.add(file.name)
        elif file.name in own and not file.name.startswith(_TABLES):
            found.setdefault(file.name, hashlib.sha256(file.path.read_bytes()).hexdigest()[:16])
    return dict(sorted(found.items()))


def said(content: Path, tables: Tables) -> Iterator[str]:
    """Yield what is inherited and overridden, and each file of a library that has changed since it was overridden."""
    libraries = lookup.layers(content)[1:]
    if not libraries:
        return
    found = (file for file in lookup.files(content) if file.layer.shown != lookup.OWN)
    languages = settings.language_codes(content)
    names = [file.name for file in found if lookup.is_used(file.name, languages)]
    rows = sum(layer_of(row) not in {"", lookup.OWN} for each in tables.values() for row in each)
    now, known = _overridden(content), read(content)
    shown = ", ".join(layer.shown for layer in libraries)
    yield (
        f"content/portal.yml, library: {len(names)} files and {rows} rows of tables come from {shown}; "
        f"{len(now)} files of it have the district's own in their place."
    )
    for name, digest in now.items():
        if known.get(name, digest) != digest:
            yield (
                f"content/{name}: the library's file has changed since this one was written in its place. Compare "
                f"them; then take the line of {name} out of content/{FILE}."
            )
