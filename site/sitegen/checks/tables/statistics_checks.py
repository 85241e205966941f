"""What is wrong in heard.csv where somebody changed it by hand: small counts, and sums that do not fit."""

from collections.abc import Iterator, Mapping
from datetime import date

from forms.core.problem import Problem
from forms.core.statistics.counts import UNKNOWN, months_of
from forms.core.statistics.suppression import LEAST
from sitegen.content.feedback import ALL
from sitegen.content.tables import Row, Tables

_AGAIN = "Nobody writes this table by hand: take it from the last commit and publish again at the desk."
DIMENSIONS = {"taluk": "places", "work": "work", "theme": "themes"}


def problems(tables: Tables, today: date) -> Iterator[Problem]:
    """Every cell and every sum of the table of counts. today: a quarter that is not over is not published."""
    known = {column: {ALL, UNKNOWN, *(row["id"] for row in tables[table])} for column, table in DIMENSIONS.items()}
    by_quarter: dict[str, dict[tuple[str, ...], int]] = {}
    for row in tables["heard"]:
        place = (row["month"], row["taluk"], row["work"], row["theme"])
        where = f"content/tables/heard.csv, {row['quarter']}, {' '.join(place)}"
        for column, names in known.items():
            if row[column] not in names:
                file = f"content/tables/{DIMENSIONS[column]}.csv"
                yield Problem(f"{where}, column {column}", f'"{row[column]}" is not in {file}.', _AGAIN)
        what = _count_wrong(row, today)
        if what:
            yield Problem(where, what, _AGAIN)
        by_quarter.setdefault(row["quarter"], {})[place] = row["letters"] or 0
    for quarter, cells in by_quarter.items():
        yield from _sums(quarter, cells)


def _count_wrong(row: Row, today: date) -> str:
    months = months_of(row["quarter"])
    named = [column for column in ("month", "taluk", "work") if row[column] != ALL]
    whole = not named and row["theme"] == ALL
    if row["letters"] is None and not whole:
        return "this count is empty."
    if row["letters"] is not None and row["letters"] < LEAST:
        return f"this count is under {LEAST} and could show who wrote."
    if len(named) > 1:
        return f"this counts by {' and '.join(named)} at once, which is never published."
    if row["month"] not in {ALL, *months}:
        return "this month is not of this quarter."
    if months[-1] >= f"{today:%Y-%m}":
        return "this quarter is not over."
    return ""


def _sums(quarter: str, cells: Mapping[tuple[str, ...], int]) -> Iterator[Problem]:
    """Every line of the tables: the parts are no more than the whole, and what is kept back is 5 or more, or none."""
    where = f"content/tables/heard.csv, {quarter}"
    total = cells.get((ALL,) * 4)
    if total is None:
        yield Problem(where, "the number of all letters is missing.", _AGAIN)
    for place, whole in cells.items():
        for at in range(4):
            if place[at] != ALL or (at < 3 and any(name != ALL for name in place[:3])):  # noqa: PLR2004 - three kinds
                continue
            parts = [
                letters
                for other, letters in cells.items()
                if other[at] != ALL and other[:at] + other[at + 1 :] == place[:at] + place[at + 1 :]
            ]
            rest = whole - sum(parts)
            if parts and (rest < 0 or 0 < rest < LEAST):
                what = "the parts are more than the whole" if rest < 0 else f"the rest of {rest} can be worked out"
                yield Problem(f"{where}, {' '.join(place)}", f"{what}.", _AGAIN)
