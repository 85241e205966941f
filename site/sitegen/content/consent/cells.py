"""Cells of consents.csv that are in the wrong column, and withdrawals that are written into any cell."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sitegen.content.spreadsheets import dates
from sitegen.layers.rows import WITHDRAWN

WITHDRAWN_PREFIX = "withdrawn "
"""The word before a day that states a withdrawal in any cell of a row."""

_WITHDRAWN_ON = re.compile(rf"{WITHDRAWN_PREFIX}(\d{{4}}-\d\d-\d\d)\b")

_DAYS = ("given_on", "expires_on", "approved_on")
_SHAPES = {
    "day": (*_DAYS, WITHDRAWN),
    "truth": ("adult", "name_changed"),
    "kind": ("kind",),
    "story": ("story", "quotes"),
}
"""Columns that may have cells of each kind. The note may have any."""

_KINDS = ("survivor", "composite", "nobody")
_STORY = re.compile(r"stories/[a-z0-9-]+", re.I)


def marked_day(cells: Iterable[str]) -> str:
    """Return the day of a withdrawal that one of the cells states ("withdrawn 2027-01-24"), or ""."""
    return next((match[1] for cell in cells if (match := _WITHDRAWN_ON.match(cell))), "")


def are_misplaced(row: Mapping[str, str], names: Sequence[str], columns: Sequence[str]) -> bool:
    """Return whether a cell of a row is evidently in the wrong column.

    names: the columns of the file; columns: those of the schema. If their order differs, two names may have been
    exchanged: then a day of withdrawal is trusted only beside the other days of a complete consent.
    """
    for name, cell in row.items():
        shape = _shape_of(cell)
        if shape and name in columns and name not in (*_SHAPES[shape], "note"):
            return True
    withdrawn = row.get(WITHDRAWN, "")
    if not withdrawn or not is_reordered(names, columns):
        return False
    return not (dates.parse(withdrawn) and all(row.get(day) for day in _DAYS))


def is_reordered(names: Sequence[str], columns: Sequence[str]) -> bool:
    """Return whether the columns are in another order than in the schema."""
    return any(_moved(names, columns))


def is_exchanged(name: str, names: Sequence[str], columns: Sequence[str]) -> bool:
    """Return whether this column and one other are in each other's place."""
    moved = [*_moved(names, columns)]
    return len(moved) == 2 and name in moved  # noqa: PLR2004 - this one and the other


def _moved(names: Sequence[str], columns: Sequence[str]) -> Iterator[str]:
    known = [name for name in dict.fromkeys(names) if name in columns]
    expected = (name for name in columns if name in known)
    return (name for name, wanted in zip(known, expected, strict=True) if name != wanted)


def _shape_of(cell: str) -> str:
    """Return the kind of a cell, judged by its text alone; "" if it is not clear."""
    if cell.casefold() in {"true", "false"}:
        return "truth"
    if cell in _KINDS:
        return "kind"
    if _STORY.fullmatch(cell):
        return "story"
    return "day" if dates.parse(cell) else ""
