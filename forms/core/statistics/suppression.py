"""Which counts of one quarter must be withheld so that nobody can work out a small one.

The tables of a quarter share their theme totals: month by theme, taluk by theme, kind of work by theme. Whoever has
what is published knows every sum. A withheld count is safe when there are other whole tables, with the same published
figures, in which it is 0, and in which it is MIN_PUBLISHED. docs/decisions/0012 tells why this is enough for linked
tables.
Complementary cell suppression: Willenborg and de Waal, Elements of Statistical Disclosure Control, 2001, chapter 6.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MIN_PUBLISHED = 5
"""The least count that is published; 0 to 4 look alike."""

ALL = "all"
CellKey = tuple[str, str, str]
"""A count: its dimension ("month", "taluk", "work"; ALL for totals of a theme), category and theme; ALL sums up."""

Grid = Mapping[tuple[str, str], int]
"""Letters by category and theme; every category is there with every theme."""

_Node = tuple[str, str]
_Graph = dict[_Node, dict[_Node, int]]
_ROWS, _COLUMNS = ("all", "rows"), ("all", "columns")


@dataclass
class Quarter:
    """The tables of a quarter while it is worked out which of their cells are hidden."""

    grids: Mapping[str, Grid]
    hidden: set[CellKey] = field(default_factory=set)
    values: dict[CellKey, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for dimension, grid in self.grids.items():
            for (category, theme), letters in grid.items():
                self.values[dimension, category, theme] = letters
                row = (dimension, category, ALL)
                self.values[row] = self.values.get(row, 0) + letters
        for (_, theme), letters in next(iter(self.grids.values())).items():
            column = (ALL, ALL, theme)
            self.values[column] = self.values.get(column, 0) + letters
        self.hidden.update(spot for spot, letters in self.values.items() if letters < MIN_PUBLISHED)

    def margins(self, dimension: str) -> list[CellKey]:
        """Return the totals of a dimension's categories; for ALL, those of the themes."""
        return [spot for spot in self.values if spot[0] == dimension and (dimension == ALL or spot[2] == ALL)]

    def inner(self, dimension: str) -> list[CellKey]:
        return [(dimension, category, theme) for category, theme in self.grids[dimension]]

    def smallest(self, spots: list[CellKey]) -> list[CellKey]:
        """Return the smallest of these that is still published, as a list of one, or none."""
        open_ = [spot for spot in spots if spot not in self.hidden]
        return sorted(open_, key=lambda spot: (self.values[spot], spot))[:1]


def _hide_partners(quarter: Quarter, dimension: str) -> None:
    """Withhold more counts where a withheld one could be worked out from the others."""
    for spot in [spot for spot in quarter.inner(dimension) if spot in quarter.hidden]:
        if not _is_safe(quarter, spot):
            quarter.hidden.update(_partners(quarter, spot))


def hidden_cells(grids: Mapping[str, Grid]) -> frozenset[CellKey]:
    """Return the counts of a quarter that are withheld: small ones, and those by which a small one could be worked out.

    grids: by dimension. All hold the same letters, at least MIN_PUBLISHED: the number of all letters is published.
    """
    quarter = Quarter(grids)
    known = -1
    while known != len(quarter.hidden):
        known = len(quarter.hidden)
        _hide_margins(quarter)
        _hide_lines(quarter)
        for dimension in grids:
            _hide_partners(quarter, dimension)
    return frozenset(quarter.hidden)


def _hide_margins(quarter: Quarter) -> None:
    """Withhold totals of one dimension: none, or at least two that together are at least MIN_PUBLISHED."""
    for dimension in (ALL, *quarter.grids):
        margins = quarter.margins(dimension)
        while away := [spot for spot in margins if spot in quarter.hidden]:
            if len(away) > 1 and sum(quarter.values[spot] for spot in away) >= MIN_PUBLISHED:
                break
            quarter.hidden.update(more := quarter.smallest(margins))
            if not more:
                break


def _hide_lines(quarter: Quarter) -> None:
    """Withhold everything that a withheld total sums up."""
    for dimension in quarter.grids:
        for spot in quarter.inner(dimension):
            if (dimension, spot[1], ALL) in quarter.hidden or (ALL, ALL, spot[2]) in quarter.hidden:
                quarter.hidden.add(spot)


def _is_safe(quarter: Quarter, spot: CellKey) -> bool:
    """Return whether other tables fit what is published, in which this count is lower and higher by enough."""
    letters = quarter.values[spot]
    row, column = ("row", spot[1]), ("column", spot[2])
    lower, higher = min(letters, MIN_PUBLISHED), max(MIN_PUBLISHED - letters, 0)
    graph = _graph(quarter, spot)
    return _flows(graph, row, column, lower) and _flows(_graph(quarter, spot), column, row, higher)


def _graph(quarter: Quarter, spot: CellKey) -> _Graph:
    """Return what may change while every published sum stays: an edge forth raises a withheld count, back lowers it."""
    graph: _Graph = {}
    for dimension, category, theme in quarter.hidden:
        if (dimension, category, theme) == spot or dimension not in {spot[0], ALL}:
            continue
        start = ("row", category) if category != ALL else _COLUMNS
        end = ("column", theme) if theme != ALL else _ROWS
        # A row's total hangs between all rows and the row; a column's between the column and all columns.
        one, other = (end, start) if ALL in {category, theme} else (start, end)
        graph.setdefault(one, {})[other] = 1 << 30
        graph.setdefault(other, {})[one] = quarter.values[dimension, category, theme]
    return graph


def _flows(graph: _Graph, source: _Node, target: _Node, amount: int) -> bool:
    """Return whether so many letters can be moved from source to target (Ford and Fulkerson; changes the graph)."""
    while amount > 0:
        path = _path(graph, source, target)
        if not path:
            return False
        moved = min(amount, *(graph[one][other] for one, other in path))
        for one, other in path:
            graph[one][other] -= moved
            graph[other][one] += moved
        amount -= moved
    return True


def _path(graph: _Graph, source: _Node, target: _Node) -> list[tuple[_Node, _Node]]:
    came: dict[_Node, _Node] = {source: source}
    waiting = deque([source])
    while waiting and target not in came:
        here = waiting.popleft()
        for there, room in graph.get(here, {}).items():
            if room > 0 and there not in came:
                came[there] = here
                waiting.append(there)
    path = []
    while target in came and target != source:
        path.append((came[target], target))
        target = came[target]
    return path


def _partners(quarter: Quarter, spot: CellKey) -> list[CellKey]:
    """Return what to withhold besides: the cheapest rectangle around it, else the next smallest count, else a total."""
    dimension, category, theme = spot
    rectangles = sorted((cost, new) for cost, new in _rectangles(quarter, spot) if new)
    if rectangles:
        return rectangles[0][1]
    near = [one for one in quarter.inner(dimension) if one[1] == category or one[2] == theme]
    totals = [(dimension, category, ALL), (ALL, ALL, theme)]
    every = [*quarter.margins(dimension), *quarter.margins(ALL)]
    for among in (near, quarter.inner(dimension), totals, every):
        if found := quarter.smallest(among):
            return found
    return []


def _rectangles(quarter: Quarter, spot: CellKey) -> Iterator[tuple[int, list[CellKey]]]:
    """Three other corners that can give and take enough, with the letters that withholding them costs."""
    dimension, category, theme = spot
    letters = quarter.values[spot]
    for _, other, another in quarter.inner(dimension):
        beside, below, across = (dimension, category, another), (dimension, other, theme), (dimension, other, another)
        if other == category or another == theme:
            continue
        gives = min(quarter.values[beside], quarter.values[below]) >= MIN_PUBLISHED - letters
        if gives and quarter.values[across] >= min(letters, MIN_PUBLISHED):
            new = [corner for corner in (beside, below, across) if corner not in quarter.hidden]
            yield sum(quarter.values[corner] for corner in new), new
