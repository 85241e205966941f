"""Which cases are in the list, and which are shown with a similar one. In memory only.

A merge names a case by its id, and that case can be erased, be merged itself, or be merged the other way round on a
second machine. Whatever happens to it, each case is either in the list or on the page of exactly one that is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from forms.desk.cases.case import Case


def grouped(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Return the cases, each with the case of the list with which it stands (`Case.under`)."""
    found = tuple(cases)
    here = {case.id: case for case in found}
    return tuple(case if case.under == (root := _root(case.id, here)) else replace(case, under=root) for case in found)


def together(cases: Sequence[Case], case_id: str) -> list[Case]:
    """Return the cases that stand with this one and so are not in the list."""
    return [case for case in cases if case.merged_into == case_id]


def _root(case_id: str, here: Mapping[str, Case]) -> str:
    """Return the last case of a chain of merges; empty where that is the case itself.

    Two machines can write merges that form a circle. Then the smallest id in it is in the list, on every machine.
    """
    path = [case_id]
    while target := _target(here[path[-1]], here):
        if target in path:
            root = min(path[path.index(target) :])
            return "" if root == case_id else root
        path.append(target)
    return "" if path[-1] == case_id else path[-1]


def _target(case: Case, here: Mapping[str, Case]) -> str:
    """Return the case into which this one was merged, if that is here and nothing was added to this one since."""
    into = case.merge_written
    return into if into in here and into != case.id and not case.added_since_merged else ""
