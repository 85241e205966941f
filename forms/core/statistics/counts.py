"""Public counts of what was heard: only those that reveal nothing about a single letter.

Counts are by quarter of a year. A quarter is published once, after its end: the month of a letter is the month in which
a desk gave it its theme, so no letter comes late. docs/decisions/0012 says what this hides, and what it does not.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from forms.core.files.durable import write_durably
from forms.core.files.spreadsheet_csv import csv_text
from forms.core.problem import Problem
from forms.core.statistics.suppression import ALL, MIN_PUBLISHED, CellKey, Grid, hidden_cells

UNKNOWN = "unknown"
"""For a taluk or kind of work that the letter does not name."""

COLUMNS = ("quarter", "month", "taluk", "work", "theme", "letters", "example")
DIMENSIONS = ("month", "taluk", "work")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Heard:
    """A letter without its words: the month in which a desk gave it its theme ("2027-01"), and ids of the tables."""

    month: str
    taluk: str
    work: str
    theme: str


@dataclass(frozen=True, order=True)
class Cell:
    """One count of heard.csv; ALL for a total. letters: None where the quarter had fewer than MIN_PUBLISHED."""

    quarter: str
    month: str
    taluk: str
    work: str
    theme: str
    letters: int | None


def quarter_of(month: str) -> str:
    """Return the quarter of a month: "2027-q1" for "2027-02". Raises Problem for any other text."""
    if not _MONTH.fullmatch(month):
        raise Problem("counts", f'"{month}" is not a month.', "Write it like 2027-01.")
    return f"{month[:4]}-q{(int(month[5:]) + 2) // 3}"


def months_of(quarter: str) -> tuple[str, ...]:
    """Return the three months of a quarter: 2027-01, 2027-02 and 2027-03 for "2027-q1"."""
    last = int(quarter[-1]) * 3
    return tuple(f"{quarter[:4]}-{month:02}" for month in range(last - 2, last + 1))


def publishable(letters: Iterable[Heard], today: date | None = None) -> tuple[Cell, ...]:
    """Return the counts that may be published of all past quarters, sorted.

    Each letter counts once. A quarter between the first letter and today with fewer than MIN_PUBLISHED letters has one
    cell without a number. today: the machine's day by default. Raises Problem for a malformed month.
    """
    current_day = today or datetime.now().astimezone().date()
    current = quarter_of(f"{current_day:%Y-%m}")
    by_quarter: dict[str, list[Heard]] = {}
    for letter in letters:
        by_quarter.setdefault(quarter_of(letter.month), []).append(letter)
    quarters = _quarters(min(by_quarter), current) if by_quarter else []
    return tuple(sorted(cell for quarter in quarters for cell in _cells(quarter, by_quarter.get(quarter, []))))


def _quarters(first: str, current: str) -> list[str]:
    """Return the quarters from the first one to the one before the current one."""
    all_quarters = [
        f"{year}-q{number}" for year in range(int(first[:4]), int(current[:4]) + 1) for number in range(1, 5)
    ]
    return [quarter for quarter in all_quarters if first <= quarter < current]


def _cells(quarter: str, letters: Sequence[Heard]) -> list[Cell]:
    if len(letters) < MIN_PUBLISHED:
        return [Cell(quarter, ALL, ALL, ALL, ALL, None)]
    grids = {dimension: _grid(dimension, quarter, letters) for dimension in DIMENSIONS}
    withheld = hidden_cells(grids)
    shown: dict[CellKey, int] = Counter()
    for dimension, grid in grids.items():
        for (category, theme), count in grid.items():
            shown[dimension, category, theme] += count
            shown[dimension, category, ALL] += count
            if dimension == DIMENSIONS[0]:
                shown[ALL, ALL, theme] += count
    total = Cell(quarter, ALL, ALL, ALL, ALL, len(letters))
    return [total, *(_cell(quarter, spot, count) for spot, count in shown.items() if spot not in withheld)]


def _grid(dimension: str, quarter: str, letters: Sequence[Heard]) -> Grid:
    """Return the counts of each category with each theme. All three months are included, with letters or without."""
    counts = Counter((getattr(letter, dimension) or UNKNOWN, letter.theme) for letter in letters)
    categories = {category for category, _ in counts}
    if dimension == "month":
        categories.update(months_of(quarter))
    themes = {theme for _, theme in counts}
    return {(category, theme): counts[category, theme] for category in sorted(categories) for theme in sorted(themes)}


def _cell(quarter: str, spot: CellKey, letters: int) -> Cell:
    dimension, category, theme = spot
    place: Mapping[str, str] = {**dict.fromkeys(DIMENSIONS, ALL), **({} if dimension == ALL else {dimension: category})}
    return Cell(quarter, **place, theme=theme, letters=letters)


def write_heard(cells: Iterable[Cell], path: Path) -> tuple[str, ...]:
    """Add quarters to heard.csv atomically. Return those that were new.

    A quarter in the file is never changed: a second count of it could reveal a single letter. Examples are removed as
    soon as there is a real quarter. Raises Problem if this program did not write the file.
    """
    existing = [row for row in _rows(path) if row["example"] != "true"]
    published = {row["quarter"] for row in existing}
    added = [cell for cell in cells if cell.quarter not in published]
    rows = [[row[column] for column in COLUMNS] for row in existing]
    rows += [
        [cell.quarter, cell.month, cell.taluk, cell.work, cell.theme, _number(cell.letters), "false"] for cell in added
    ]
    if added:
        write_durably(path, csv_text([COLUMNS, *sorted(rows)], "\n").encode())
    return tuple(sorted({cell.quarter for cell in added}))


def _number(letters: int | None) -> str:
    return "" if letters is None else str(letters)


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file of counts. Raises Problem if the desk did not write it."""
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows, header = list(reader), tuple(reader.fieldnames or ())
    except (UnicodeDecodeError, csv.Error):
        rows, header = [], ()
    if header != COLUMNS or any(None in row.values() or None in row for row in rows):
        raise Problem(str(path), "is not as the desk wrote it.", "Take it from the last commit, then publish again.")
    return rows
