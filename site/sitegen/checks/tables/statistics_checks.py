"""What is wrong in heard.csv where somebody changed it by hand: small counts, and sums that do not fit."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import reduce

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from forms.core.statistics.counts import UNKNOWN, months_of
from forms.core.statistics.suppression import MIN_PUBLISHED
from sitegen.content.feedback import ALL
from sitegen.content.tables import Row, Tables

_AGAIN = _("Nobody writes this table by hand: take it from the last commit and publish again at the desk.")
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
                what = _('"%(cell)s" is not in %(file)s.', cell=row[column], file=file)
                yield Problem(place_in(where, column=column), what, _AGAIN)
        wrong = _count_wrong(row, today)
        if wrong:
            yield Problem(where, wrong, _AGAIN)
        by_quarter.setdefault(row["quarter"], {})[place] = row["letters"] or 0
    for quarter, cells in by_quarter.items():
        yield from _sums(quarter, cells)


def _count_wrong(row: Row, today: date) -> str:
    months = months_of(row["quarter"])
    named = [column for column in ("month", "taluk", "work") if row[column] != ALL]
    whole = not named and row["theme"] == ALL
    if row["letters"] is None and not whole:
        return _("this count is empty.")
    if row["letters"] is not None and row["letters"] < MIN_PUBLISHED:
        return _("this count is under %(least)s and could show who wrote.", least=MIN_PUBLISHED)
    if len(named) > 1:
        return _("this counts by %(columns)s at once, which is never published.", columns=_all_of(named))
    if row["month"] not in {ALL, *months}:
        return _("this month is not of this quarter.")
    if months[-1] >= f"{today:%Y-%m}":
        return _("this quarter is not over.")
    return ""


def _all_of(columns: Sequence[str]) -> str:
    """Return two names of columns or more, with "and" between them."""
    return reduce(lambda before, name: _("%(before)s and %(name)s", before=before, name=name), columns)


def _sums(quarter: str, cells: Mapping[tuple[str, ...], int]) -> Iterator[Problem]:
    """Every line of the tables: the parts are no more than the whole, and what is kept back is 5 or more, or none."""
    where = f"content/tables/heard.csv, {quarter}"
    total = cells.get((ALL,) * 4)
    if total is None:
        yield Problem(where, _("the number of all letters is missing."), _AGAIN)
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
            if parts and (rest < 0 or 0 < rest < MIN_PUBLISHED):
                small = _("the rest of %(rest)s can be worked out.", rest=rest)
                what = _("the parts are more than the whole.") if rest < 0 else small
                yield Problem(f"{where}, {' '.join(place)}", what, _AGAIN)
