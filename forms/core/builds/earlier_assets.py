"""Styles and scripts of earlier builds, kept for pages that a phone or a proxy still has.

Their names hold a hash, so a page that was loaded before a new build asks for names that the new build does not have.
"""

import json
import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

FOLDER = "assets"
LIST = "earlier.json"
RETENTION = timedelta(days=30)
"""How long a file stays after the last build that uses it."""

_ENDINGS = frozenset({".css", ".js", ".svg", ".br", ".gz"})


def keep(current_site: Path, new_site: Path, today: date) -> list[str]:
    """Copy the assets of earlier builds into a new one; return their names. Records the last day of each.

    current_site: the published site, if there is one; new_site: the build that replaces it, with its own assets.
    """
    current, new = current_site / FOLDER, new_site / FOLDER
    expiry = _read_expiry(current)
    copied = {}
    for path in sorted(current.iterdir()) if current.is_dir() else ():
        last_day = expiry.get(path.name, today + RETENTION)
        if _is_asset(path) and not (new / path.name).exists() and today <= last_day <= today + RETENTION:
            shutil.copy2(path, new / path.name)
            copied[path.name] = last_day.isoformat()
    if copied:
        (new / LIST).write_text(json.dumps(copied, indent=1) + "\n", encoding="utf-8")
    return list(copied)


def read_names(public: Path) -> frozenset[str]:
    """Return the names of the files that a built site keeps of earlier builds."""
    return frozenset(_read_expiry(public / FOLDER))


def _is_asset(path: Path) -> bool:
    return path.suffix in _ENDINGS and path.is_file() and not path.is_symlink()


def _read_expiry(folder: Path) -> Mapping[str, date]:
    """Return the last day of each earlier file. A damaged list is read as empty: then all files stay for a while."""
    try:
        rows = json.loads((folder / LIST).read_text(encoding="utf-8"))
        return {str(name): date.fromisoformat(day) for name, day in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
