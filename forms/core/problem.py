"""The base error of messages to people: each says where, what, and what to do next."""

from collections.abc import Iterable, Iterator

from forms.core.i18n.lazy_text import LazyText, as_lazy, joined
from forms.core.i18n.lazy_text import lazy_gettext as _


class Problem(Exception):
    """An error that a person must know about and can correct.

    where: file, row, field or part, without a full stop; what: what is wrong; todo: what to do next. Plain sentences.
    """

    def __init__(self, where: str, what: str, todo: str = "") -> None:
        super().__init__(where, what, todo)
        self.where, self.what, self.todo = where, what, todo

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text} {self.todo}".strip()

    @property
    def sentence(self) -> LazyText:
        """The whole message, which can be translated for its reader."""
        located = _("%(where)s: %(what)s", where=as_lazy(self.where), what=as_lazy(self.what))
        return joined(located if self.where else self.what, self.todo)


def place_in(place: str, *, row: int | None = None, row_id: str = "", line: int | None = None, column: str = "") -> str:
    """Return a place like "content/tables/events.csv, row 3, column starts", which can be translated for its reader.

    place: a file, or a place in it; row_id: the id of the row.
    """
    if row is not None:
        place = _("%(place)s, row %(row)s", place=place, row=row)
    if row_id:
        place = _("%(place)s (%(name)s)", place=place, name=row_id)
    if line is not None:
        place = _("%(place)s, line %(line)s", place=place, line=line)
    return _("%(place)s, column %(column)s", place=place, column=column) if column else place


class Danger(Problem):
    """A problem that may harm a person. It is reported before all others."""


def as_dangers(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Return these problems as dangers."""
    return (Danger(problem.where, problem.what, problem.todo) for problem in problems)


class Problems(Exception):
    """Several problems, dangers first, reported together so that a person can correct all of them at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: not isinstance(problem, Danger)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)
