"""Cells of consents.csv that stand in another column than they are meant for, and days written beside other words."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sitegen.content.spreadsheets import dates
from sitegen.layers.rows import WITHDRAWN

MARK = "withdrawn "
"""Before a day that stands in a cell beside something else, or in another column: it counts wherever it stands."""

_MARKED = re.compile(rf"{MARK}(\d{{4}}-\d\d-\d\d)\b")

_DAYS = ("given_on", "expires_on", "approved_on")
_SHAPES = {
    "day": (*_DAYS, WITHDRAWN),
    "truth": ("adult", "name_changed"),
    "kind": ("kind",),
    "story": ("story", "quotes"),
}
"""Columns in which cells of a shape may stand; the note may hold anything."""

_KINDS = ("survivor", "composite", "nobody")
_STORY = re.compile(r"stories/[a-z0-9-]+", re.I)


def marked_day(cells: Iterable[str]) -> str:
    """Return the day of a withdrawal that a cell states behind the word withdrawn; "" where none does."""
    return next((found[1] for cell in cells if (found := _MARKED.match(cell))), "")


def are_misplaced(row: Mapping[str, str], names: Sequence[str], columns: Sequence[str]) -> bool:
    """Return whether a cell of a row shows that it is meant for another column.

    names: of the columns, as the file has them; columns: as the schema has them. In the schema's order they are trusted
    further: elsewhere two names may have been exchanged, so a withdrawal there needs the days of a whole consent.
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
    """Return whether the names of columns stand in another order than the schema has them."""
    return any(_moved(names, columns))


def is_exchanged(name: str, names: Sequence[str], columns: Sequence[str]) -> bool:
    """Return whether a name of a column and one other stand in each other's place."""
    moved = [*_moved(names, columns)]
    return len(moved) == 2 and name in moved  # noqa: PLR2004 - this one and the other


def _moved(names: Sequence[str], columns: Sequence[str]) -> Iterator[str]:
    known = [name for name in dict.fromkeys(names) if name in columns]
    expected = (name for name in columns if name in known)
    return (name for name, there in zip(known, expected, strict=True) if name != there)


def _shape_of(cell: str) -> str:
    """Return what a cell is by its look; "" where it may be several things."""
    if cell.casefold() in {"true", "false"}:
        return "truth"
    if cell in _KINDS:
        return "kind"
    if _STORY.fullmatch(cell):
        return "story"
    return "day" if dates.parse(cell) else ""
