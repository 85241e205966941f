"""Styles and scripts of earlier builds, kept for pages that a phone or a proxy still has.

Their names hold a hash, so a page that was loaded before a new build asks for a name that the new build does not have.
"""

import json
import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

FOLDER = "assets"
LIST = "earlier.json"
KEPT = timedelta(days=30)
"""How long a file stays after the last build that uses it."""

_ENDINGS = frozenset({".css", ".js", ".svg", ".br", ".gz"})


def keep(before: Path, fresh: Path, today: date) -> list[str]:
    """Copy the assets of earlier builds into a new one; return the names. Records when each may be removed.

    before: the site that stands now, if there is one; fresh: the one that takes its place, with its own assets.
    """
    old, new = before / FOLDER, fresh / FOLDER
    until = _until(old)
    kept = {}
    for path in sorted(old.iterdir()) if old.is_dir() else ():
        last = until.get(path.name, today + KEPT)
        if _is_asset(path) and not (new / path.name).exists() and today <= last <= today + KEPT:
            shutil.copy2(path, new / path.name)
            kept[path.name] = last.isoformat()
    if kept:
        (new / LIST).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return list(kept)


def read_names(public: Path) -> frozenset[str]:
    """Return the names of what a built site keeps of earlier builds."""
    return frozenset(_until(public / FOLDER))


def _is_asset(path: Path) -> bool:
    return path.suffix in _ENDINGS and path.is_file() and not path.is_symlink()


def _until(folder: Path) -> Mapping[str, date]:
    """Return the last day of each earlier file; none where the list is damaged: all stay a while longer then."""
    try:
        rows = json.loads((folder / LIST).read_text(encoding="utf-8"))
        return {str(name): date.fromisoformat(day) for name, day in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
