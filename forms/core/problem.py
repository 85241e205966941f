"""The one base error: every message to a person says where, what, and what to do next."""

from collections.abc import Iterable, Iterator

from forms.core.i18n.lazy_text import LazyText, as_lazy, joined
from forms.core.i18n.lazy_text import lazy_gettext as _


class Problem(Exception):
    """Something that a person must know and can correct.

    where: file, row, field or part; what: what is wrong; todo: what to do next. Plain sentences
    without a closing full stop in `where`.
    """

    def __init__(self, where: str, what: str, todo: str = "") -> None:
        super().__init__(where, what, todo)
        self.where, self.what, self.todo = where, what, todo

    def __str__(self) -> str:
        said = f"{self.where}: {self.what}" if self.where else self.what
        return f"{said} {self.todo}".strip()

    @property
    def sentence(self) -> LazyText:
        """All of it, for whoever reads it in another language."""
        placed = _("%(where)s: %(what)s", where=as_lazy(self.where), what=as_lazy(self.what))
        return joined(placed if self.where else self.what, self.todo)


def place_in(place: str, *, row: int | None = None, named: str = "", line: int | None = None, column: str = "") -> str:
    """Return where something is, like "content/tables/events.csv, row 3, column starts", for readers of any language.

    place: a file, or a place in it; named: the id of the row.
    """
    if row is not None:
        place = _("%(place)s, row %(row)s", place=place, row=row)
    if named:
        place = _("%(place)s (%(name)s)", place=place, name=named)
    if line is not None:
        place = _("%(place)s, line %(line)s", place=place, line=line)
    return _("%(place)s, column %(column)s", place=place, column=column) if column else place


class Danger(Problem):
    """A problem that may harm somebody: reported before all others."""


def as_dangers(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Return these problems as ones by which somebody may come to harm."""
    return (Danger(problem.where, problem.what, problem.todo) for problem in problems)


class Problems(Exception):
    """Several problems, reported at once so that a person can correct them in one go: dangers first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: not isinstance(problem, Danger)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
