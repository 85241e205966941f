"""What was heard, counted for the public: letters in, only such counts out as tell nothing of one letter.

Counts are by quarter of a year. A quarter is published once, when it is over, and never again: the month of a letter is
the month in which a desk gave it its theme, so nothing comes late. docs/decisions/0012 tells what this hides, what not.
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
"""Stands for a taluk or kind of work that the letter does not tell."""

COLUMNS = ("quarter", "month", "taluk", "work", "theme", "letters", "example")
DIMENSIONS = ("month", "taluk", "work")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Heard:
    """One letter without its words: the month in which it was given its theme ("2027-01"), and ids of the tables."""

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
    """ "2027-02" stands in "2027-q1". Raises Problem for what is no month."""
    if not _MONTH.fullmatch(month):
        raise Problem("counts", f'"{month}" is not a month.', "Write it like 2027-01.")
    return f"{month[:4]}-q{(int(month[5:]) + 2) // 3}"


def months_of(quarter: str) -> tuple[str, ...]:
    """ "2027-q1" has the months 2027-01, 2027-02 and 2027-03."""
    last = int(quarter[-1]) * 3
    return tuple(f"{quarter[:4]}-{month:02}" for month in range(last - 2, last + 1))


def publishable(letters: Iterable[Heard], today: date | None = None) -> tuple[Cell, ...]:
    """Return the counts that may be published, of every quarter that is over, sorted.

    Each letter counts once. A quarter between the first letter and today with fewer than MIN_PUBLISHED letters has one
    cell without a number. today: the machine's day, unless given. Raises Problem for a malformed month.
    """
    day = today or datetime.now().astimezone().date()
    now = quarter_of(f"{day:%Y-%m}")
    by_quarter: dict[str, list[Heard]] = {}
    for letter in letters:
        by_quarter.setdefault(quarter_of(letter.month), []).append(letter)
    over = _quarters(min(by_quarter), now) if by_quarter else []
    return tuple(sorted(cell for quarter in over for cell in _cells(quarter, by_quarter.get(quarter, []))))


def _quarters(first: str, now: str) -> list[str]:
    """Return the quarters from the first on that are over before the present one."""
    every = [f"{year}-q{number}" for year in range(int(first[:4]), int(now[:4]) + 1) for number in range(1, 5)]
    return [quarter for quarter in every if first <= quarter < now]


def _cells(quarter: str, letters: Sequence[Heard]) -> list[Cell]:
    if len(letters) < MIN_PUBLISHED:
        return [Cell(quarter, ALL, ALL, ALL, ALL, None)]
    grids = {dimension: _grid(dimension, quarter, letters) for dimension in DIMENSIONS}
    away = hidden_cells(grids)
    shown: dict[CellKey, int] = Counter()
    for dimension, grid in grids.items():
        for (category, theme), count in grid.items():
            shown[dimension, category, theme] += count
            shown[dimension, category, ALL] += count
            if dimension == DIMENSIONS[0]:
                shown[ALL, ALL, theme] += count
    total = Cell(quarter, ALL, ALL, ALL, ALL, len(letters))
    return [total, *(_cell(quarter, spot, count) for spot, count in shown.items() if spot not in away)]


def _grid(dimension: str, quarter: str, letters: Sequence[Heard]) -> Grid:
    """Return every category with every theme; all three months, letters or none: that they exist is no news."""
    found = Counter((getattr(letter, dimension) or UNKNOWN, letter.theme) for letter in letters)
    categories = {category for category, _ in found}
    if dimension == "month":
        categories.update(months_of(quarter))
    themes = {theme for _, theme in found}
    return {(category, theme): found[category, theme] for category in sorted(categories) for theme in sorted(themes)}


def _cell(quarter: str, spot: CellKey, letters: int) -> Cell:
    dimension, category, theme = spot
    place: Mapping[str, str] = {**dict.fromkeys(DIMENSIONS, ALL), **({} if dimension == ALL else {dimension: category})}
    return Cell(quarter, **place, theme=theme, letters=letters)


def write_heard(cells: Iterable[Cell], path: Path) -> tuple[str, ...]:
    """Add quarters to heard.csv, whole or not at all; the quarters that were new.

    A quarter that is there stays as it is: a second count of it beside the first could tell one letter. Examples
    go as soon as there is a real quarter. Raises Problem where the file is not one that this wrote.
    """
    kept = [row for row in _rows(path) if row["example"] != "true"]
    published = {row["quarter"] for row in kept}
    fresh = [cell for cell in cells if cell.quarter not in published]
    rows = [[row[column] for column in COLUMNS] for row in kept]
    rows += [
        [cell.quarter, cell.month, cell.taluk, cell.work, cell.theme, _number(cell.letters), "false"] for cell in fresh
    ]
    if fresh:
        write_durably(path, csv_text([COLUMNS, *sorted(rows)], "\n").encode())
    return tuple(sorted({cell.quarter for cell in fresh}))


def _number(letters: int | None) -> str:
    return "" if letters is None else str(letters)


def _rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a file of counts. Raises Problem where the desk did not write it so."""
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
