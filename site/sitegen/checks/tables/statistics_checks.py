"""Checks of heard.csv, in case somebody changed it by hand: small counts, and sums that do not add up."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import reduce

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from forms.core.statistics.counts import UNKNOWN, months_of
from forms.core.statistics.suppression import MIN_PUBLISHED
from sitegen.content.feedback import ALL
from sitegen.content.tables import Row, Tables

_REPUBLISH = _("Nobody writes this table by hand: take it from the last commit and publish again at the desk.")
DIMENSIONS = {"taluk": "places", "work": "work", "theme": "themes"}


def problems(tables: Tables, today: date) -> Iterator[Problem]:
    """Yield problems of the counts and sums. today: a quarter that is not over must not be published."""
    known = {column: {ALL, UNKNOWN, *(row["id"] for row in tables[table])} for column, table in DIMENSIONS.items()}
    by_quarter: dict[str, dict[tuple[str, ...], int]] = {}
    for row in tables["heard"]:
        values = (row["month"], row["taluk"], row["work"], row["theme"])
        where = f"content/tables/heard.csv, {row['quarter']}, {' '.join(values)}"
        for column, names in known.items():
            if row[column] not in names:
                file = f"content/tables/{DIMENSIONS[column]}.csv"
                what = _('"%(cell)s" is not in %(file)s.', cell=row[column], file=file)
                yield Problem(place_in(where, column=column), what, _REPUBLISH)
        problem = _count_problem(row, today)
        if problem:
            yield Problem(where, problem, _REPUBLISH)
        by_quarter.setdefault(row["quarter"], {})[values] = row["letters"] or 0
    for quarter, cells in by_quarter.items():
        yield from _sums(quarter, cells)


def _count_problem(row: Row, today: date) -> str:
    """Return what is wrong with a row, or ""."""
    months = months_of(row["quarter"])
    dimensions = [column for column in ("month", "taluk", "work") if row[column] != ALL]
    is_total = not dimensions and row["theme"] == ALL
    if row["letters"] is None and not is_total:
        return _("this count is empty.")
    if row["letters"] is not None and row["letters"] < MIN_PUBLISHED:
        return _("this count is under %(least)s and could show who wrote.", least=MIN_PUBLISHED)
    if len(dimensions) > 1:
        return _("this counts by %(columns)s at once, which is never published.", columns=_join(dimensions))
    if row["month"] not in {ALL, *months}:
        return _("this month is not of this quarter.")
    if months[-1] >= f"{today:%Y-%m}":
        return _("this quarter is not over.")
    return ""


def _join(columns: Sequence[str]) -> str:
    """Return two or more names joined by "and"."""
    return reduce(lambda before, name: _("%(before)s and %(name)s", before=before, name=name), columns)


def _sums(quarter: str, cells: Mapping[tuple[str, ...], int]) -> Iterator[Problem]:
    """Yield totals that are less than their parts, or that reveal a withheld count under MIN_PUBLISHED.

    cells: the counts by month, taluk, work and theme.
    """
    where = f"content/tables/heard.csv, {quarter}"
    total = cells.get((ALL,) * 4)
    if total is None:
        yield Problem(where, _("the number of all letters is missing."), _REPUBLISH)
    for values, whole in cells.items():
        for index in range(4):
            if values[index] != ALL or (index < 3 and any(value != ALL for value in values[:3])):  # noqa: PLR2004 - the theme is the fourth
                continue
            parts = [
                letters
                for other, letters in cells.items()
                if other[index] != ALL and _without(other, index) == _without(values, index)
            ]
            rest = whole - sum(parts)
            if parts and (rest < 0 or 0 < rest < MIN_PUBLISHED):
                small_rest = _("the rest of %(rest)s can be worked out.", rest=rest)
                what = _("the parts are more than the whole.") if rest < 0 else small_rest
                yield Problem(f"{where}, {' '.join(values)}", what, _REPUBLISH)


def _without(values: tuple[str, ...], index: int) -> tuple[str, ...]:
    return values[:index] + values[index + 1 :]
