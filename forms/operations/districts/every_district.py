"""One command of build.py for every district whose content is on this machine: a process of its own for each."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import click

from forms.core.problem import Problem, Problems
from forms.operations.cli.main import Checkout
from forms.operations.districts import forked, site_folders
from forms.operations.districts.forked import Ended
from forms.server.districts import settings as districts
from forms.server.districts.settings import District

FOLDER = "PORTAL_DISTRICTS"
LONGEST = 1800
"""Seconds that a command for one of many districts may take."""


def run(here: Checkout, folder: Path, command: Callable[[District], Sequence[str]]) -> None:
    """Run a command for each district of a folder, as many at once as there are processors; say what each said.

    command: its name and its arguments. What a build needs is loaded when the first of them has something to build.
    What one district lacks stops no other. Raises Problems.
    """
    if not here.program:
        raise Problem("districts", "need the program's own folder.", "Run it there: python3 build.py update")
    found, failed = _with_content(folder)
    here.preload_looks()
    for name, ended in _ended(here, found, command):
        try:
            click.echo(f"{name}: {_said(ended)}")
            _require_in_use(found[name])
        except Problem as problem:
            failed.append(Problem(f"district {name}", str(problem)))
    if failed:
        raise Problems(failed)


def _with_content(folder: Path) -> tuple[dict[str, District], list[Problem]]:
    """Return the districts whose content is here, and what is wrong with others. Raises Problem."""
    found, failed = {}, []
    for name in districts.names(folder):
        try:
            district = districts.read(folder, name)
        except Problem as problem:
            failed.append(Problem(f"district {name}", str(problem)))
            continue
        if district.content is None:
            click.echo(f"{name}: its content is not on this machine (content=... in district.toml).")
        else:
            found[name] = district
    return found, failed


def _ended(
    here: Checkout, found: Mapping[str, District], command: Callable[[District], Sequence[str]]
) -> Iterator[tuple[str, Ended]]:
    """Yield how the command ended for each district. Of two in folders of one name the second is run after the first.

    So that the place where its site is built is taken, and it is refused (sitegen/layers/site_root.py).
    """
    first: dict[str, str] = {}
    for name, one in found.items():
        first.setdefault(site_folders.name_of(one), name)
    both = [[name for name in found if name in first.values()], [name for name in found if name not in first.values()]]
    preload = cache(here.preload)
    for names in both:
        tasks = {name: ["--content", str(found[name].content), *command(found[name])] for name in names}
        yield from forked.run_each(
            Path(here.program[-1]), tasks, at_once=os.cpu_count() or 1, longest=LONGEST, without=[FOLDER],
            prepare=preload,
        )  # fmt: skip


def _said(ended: Ended) -> str:
    """Return what a command said. Raises Problem where it failed."""
    if ended.code is None:
        raise Problem("", f"It was not done within {LONGEST // 60} minutes.", "Try it by hand.")
    if ended.code:
        raise Problem("", ended.wrong.removeprefix("Error: ") or "It ended without a word.")
    return ended.said


def _require_in_use(district: District) -> None:
    """Raise Problem where a district does not serve what was published for it."""
    is_there = False
    with suppress(OSError):  # another user's, or a name that is too long: it ends no other district's build
        is_there = district.settings.portal.exists()
    if not is_there:
        todo = f"Change it: portal district update {district.name} --set portal=..."
        raise Problem(str(district.settings.portal), "is not what was published.", todo)
