"""Decide which counts of a quarter to withhold so that nobody can work out a small one.

The tables of a quarter share their theme totals: month by theme, taluk by theme, kind of work by theme. Readers can
work out every sum of published counts. A withheld count is safe if there are complete tables with the same published
counts in which it is 0, and others in which it is MIN_PUBLISHED. docs/decisions/0012 says why this is enough for linked
tables.
Complementary cell suppression: Willenborg and de Waal, Elements of Statistical Disclosure Control, 2001, chapter 6.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MIN_PUBLISHED = 5
"""The smallest count that is published; 0 to 4 are all withheld."""

ALL = "all"
CellKey = tuple[str, str, str]
"""A count: its dimension ("month", "taluk", "work"; ALL for totals of a theme), category and theme; ALL sums up."""

Grid = Mapping[tuple[str, str], int]
"""Letters by category and theme, for each combination of both."""

_Node = tuple[str, str]
_Graph = dict[_Node, dict[_Node, int]]
_ROWS, _COLUMNS = ("all", "rows"), ("all", "columns")


@dataclass
class Quarter:
    """The tables of a quarter, with the cells that are hidden so far."""

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
        self.hidden.update(cell for cell, letters in self.values.items() if letters < MIN_PUBLISHED)

    def margins(self, dimension: str) -> list[CellKey]:
        """Return the keys of the totals of a dimension's categories; for ALL, of the themes."""
        return [cell for cell in self.values if cell[0] == dimension and (dimension == ALL or cell[2] == ALL)]

    def inner(self, dimension: str) -> list[CellKey]:
        return [(dimension, category, theme) for category, theme in self.grids[dimension]]

    def smallest(self, cells: list[CellKey]) -> list[CellKey]:
        """Return the smallest of these cells that is still published, as a list with one element or none."""
        published = [cell for cell in cells if cell not in self.hidden]
        return sorted(published, key=lambda cell: (self.values[cell], cell))[:1]


def _hide_partners(quarter: Quarter, dimension: str) -> None:
    """Withhold more counts where a withheld one could be worked out from the others."""
    for cell in [cell for cell in quarter.inner(dimension) if cell in quarter.hidden]:
        if not _is_safe(quarter, cell):
            quarter.hidden.update(_partners(quarter, cell))


def hidden_cells(grids: Mapping[str, Grid]) -> frozenset[CellKey]:
    """Return the cells of a quarter to withhold: small counts, and those from which a small one could be worked out.

    grids: by dimension. All hold the same letters, at least MIN_PUBLISHED: the number of all letters is published.
    """
    quarter = Quarter(grids)
    count_before = -1
    while count_before != len(quarter.hidden):
        count_before = len(quarter.hidden)
        _hide_margins(quarter)
        _hide_lines(quarter)
        for dimension in grids:
            _hide_partners(quarter, dimension)
    return frozenset(quarter.hidden)


def _hide_margins(quarter: Quarter) -> None:
    """Withhold totals until each dimension has none, or at least two that add up to at least MIN_PUBLISHED."""
    for dimension in (ALL, *quarter.grids):
        margins = quarter.margins(dimension)
        while withheld := [cell for cell in margins if cell in quarter.hidden]:
            if len(withheld) > 1 and sum(quarter.values[cell] for cell in withheld) >= MIN_PUBLISHED:
                break
            quarter.hidden.update(partners := quarter.smallest(margins))
            if not partners:
                break


def _hide_lines(quarter: Quarter) -> None:
    """Withhold all counts of each withheld total."""
    for dimension in quarter.grids:
        for cell in quarter.inner(dimension):
            if (dimension, cell[1], ALL) in quarter.hidden or (ALL, ALL, cell[2]) in quarter.hidden:
                quarter.hidden.add(cell)


def _is_safe(quarter: Quarter, cell: CellKey) -> bool:
    """Return whether the published counts fit tables in which this count is 0, and others with MIN_PUBLISHED."""
    letters = quarter.values[cell]
    row, column = ("row", cell[1]), ("column", cell[2])
    lower, higher = min(letters, MIN_PUBLISHED), max(MIN_PUBLISHED - letters, 0)
    graph = _graph(quarter, cell)
    return _flows(graph, row, column, lower) and _flows(_graph(quarter, cell), column, row, higher)


def _graph(quarter: Quarter, cell: CellKey) -> _Graph:
    """Return the graph of possible changes that keep all published sums.

    An edge from row to column raises a withheld count, the edge back lowers it, by at most its capacity.
    """
    graph: _Graph = {}
    for dimension, category, theme in quarter.hidden:
        if (dimension, category, theme) == cell or dimension not in {cell[0], ALL}:
            continue
        start = ("row", category) if category != ALL else _COLUMNS
        end = ("column", theme) if theme != ALL else _ROWS
        # The edge of a row's total is between all rows and the row, that of a column's between it and all columns.
        one, other = (end, start) if ALL in {category, theme} else (start, end)
        graph.setdefault(one, {})[other] = 1 << 30
        graph.setdefault(other, {})[one] = quarter.values[dimension, category, theme]
    return graph


def _flows(graph: _Graph, source: _Node, target: _Node, amount: int) -> bool:
    """Return whether this many letters can move from source to target (Ford and Fulkerson). Changes the graph."""
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
    came_from: dict[_Node, _Node] = {source: source}
    waiting = deque([source])
    while waiting and target not in came_from:
        node = waiting.popleft()
        for neighbour, capacity in graph.get(node, {}).items():
            if capacity > 0 and neighbour not in came_from:
                came_from[neighbour] = node
                waiting.append(neighbour)
    path = []
    while target in came_from and target != source:
        path.append((came_from[target], target))
        target = came_from[target]
    return path


def _partners(quarter: Quarter, cell: CellKey) -> list[CellKey]:
    """Return the cells to withhold with this one: the cheapest rectangle, else the smallest count, else a total."""
    dimension, category, theme = cell
    rectangles = sorted((cost, new) for cost, new in _rectangles(quarter, cell) if new)
    if rectangles:
        return rectangles[0][1]
    same_line = [one for one in quarter.inner(dimension) if one[1] == category or one[2] == theme]
    totals = [(dimension, category, ALL), (ALL, ALL, theme)]
    margins = [*quarter.margins(dimension), *quarter.margins(ALL)]
    for candidates in (same_line, quarter.inner(dimension), totals, margins):
        if found := quarter.smallest(candidates):
            return found
    return []


def _rectangles(quarter: Quarter, cell: CellKey) -> Iterator[tuple[int, list[CellKey]]]:
    """Yield the three other corners of each rectangle that protects a cell, with the letters that this withholds."""
    dimension, category, theme = cell
    letters = quarter.values[cell]
    for _, other, another in quarter.inner(dimension):
        beside, below, across = (dimension, category, another), (dimension, other, theme), (dimension, other, another)
        if other == category or another == theme:
            continue
        can_give = min(quarter.values[beside], quarter.values[below]) >= MIN_PUBLISHED - letters
        if can_give and quarter.values[across] >= min(letters, MIN_PUBLISHED):
            new = [corner for corner in (beside, below, across) if corner not in quarter.hidden]
            yield sum(quarter.values[corner] for corner in new), new
