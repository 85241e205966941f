"""Tell the staff's files in content/ from those that a system, an editor or a spreadsheet leaves beside them."""

import re
from functools import lru_cache
from pathlib import Path

from forms.core.i18n.characters import without_surrogates

_SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r", "__macosx", "4913"})
_LEFT_BEHIND = re.compile(
    r"^\.|^~\$|^~WRL\d+\.tmp$|^#.*#$|~$|\.(?:tmp|swp|swo|lnk|part|crdownload|[0-9a-f]{8}\.new)$", re.I
)

_RESERVED_BY_WINDOWS = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.I)


def is_kept_by_windows(part: str) -> bool:
    """Return whether Windows reserves a name, with any ending (Microsoft, Naming Files and Paths)."""
    return _RESERVED_BY_WINDOWS.fullmatch(part) is not None


def is_passed_over(path: Path, start: Path) -> bool:
    """Return whether a file, or a folder between it and `start`, is hidden, a lock or a system's own."""
    return any(map(is_left_name, path.relative_to(start).parts))


@lru_cache(maxsize=10_000)
def is_left_name(part: str) -> bool:
    """Return whether a file or folder of this name is hidden, a lock or a system's own."""
    return part.lower() in _SYSTEM_NAMES or _LEFT_BEHIND.search(part) is not None


def shown_name(name: str) -> str:
    """Return a file's name as a person can read it on one line, whatever bytes it has."""
    return "".join(sign if sign.isprintable() else "?" for sign in without_surrogates(name))
