"""Group merged cases: each case is either listed, or shown on the page of exactly one listed case. In memory only.

A merge names a case by its id. That case can be erased, merged itself, or merged in the other direction on a second
machine; the rule holds in all these situations.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from forms.desk.cases.case import Case


def group_cases(cases: Iterable[Case]) -> tuple[Case, ...]:
    """Return the cases, each with the listed case that it is shown with (`Case.listed_under`)."""
    by_id = {case.id: case for case in cases}
    return tuple(_with_root(case, _root(case.id, by_id)) for case in by_id.values())


def _with_root(case: Case, root: str) -> Case:
    return case if case.listed_under == root else replace(case, listed_under=root)


def cases_grouped_with(cases: Sequence[Case], case_id: str) -> list[Case]:
    """Return the cases that are shown with this one and so are not listed themselves."""
    return [case for case in cases if case.merged_into == case_id]


def _root(case_id: str, cases: Mapping[str, Case]) -> str:
    """Return the id of the last case in a chain of merges; empty if that is the case itself.

    Two machines can write merges that form a cycle. Then the case with the smallest id is listed, on every machine.
    """
    path = [case_id]
    while target := _target(cases[path[-1]], cases):
        if target in path:
            root = min(path[path.index(target) :])
            return "" if root == case_id else root
        path.append(target)
    return "" if path[-1] == case_id else path[-1]


def _target(case: Case, cases: Mapping[str, Case]) -> str:
    """Return the id of the case into which this one was merged, if it exists and nothing was added here since."""
    target = case.merge_target
    return target if target in cases and target != case.id and not case.added_since_merged else ""
