"""Run a command of build.py for every district whose content is on this machine, each in its own process."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import click

from forms.core.problem import Problem, Problems
from forms.operations.cli.main import Checkout
from forms.operations.districts import forked, site_folders
from forms.operations.districts.forked import RunResult
from forms.server.districts import settings as districts
from forms.server.districts.settings import District

FOLDER = "PORTAL_DISTRICTS"
MAX_SECONDS = 1800
"""Seconds that a command for one of many districts may take."""


def run(here: Checkout, folder: Path, command: Callable[[District], Sequence[str]]) -> None:
    """Run a command for each district of a folder, as many at once as there are processors; print their output.

    command: returns the name and the arguments for a district. What a build needs is loaded when the first of them has
    something to build. A district that fails stops no other. Raises Problems.
    """
    if not here.program:
        raise Problem("districts", "need the program's own folder.", "Run it there: python3 build.py update")
    found, failed = _with_content(folder)
    here.preload_looks()
    for name, result in _run_all(here, found, command):
        try:
            click.echo(f"{name}: {_output_of(result)}")
            _require_in_use(found[name])
        except Problem as problem:
            failed.append(Problem(f"district {name}", str(problem)))
    if failed:
        raise Problems(failed)


def _with_content(folder: Path) -> tuple[dict[str, District], list[Problem]]:
    """Return the districts whose content is here, and the problems of those that cannot be read. Raises Problem."""
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


def _run_all(
    here: Checkout, found: Mapping[str, District], command: Callable[[District], Sequence[str]]
) -> Iterator[tuple[str, RunResult]]:
    """Yield the result of the command for each district.

    Of two content folders with the same name the second runs after the first, so that it finds the place where its site
    is built taken, and is refused (sitegen/layers/site_root.py).
    """
    first: dict[str, str] = {}
    for name, one in found.items():
        first.setdefault(site_folders.name_of(one), name)
    both = [[name for name in found if name in first.values()], [name for name in found if name not in first.values()]]
    preload = cache(here.preload)
    for names in both:
        tasks = {name: ["--content", str(found[name].content), *command(found[name])] for name in names}
        yield from forked.run_each(
            Path(here.program[-1]), tasks, at_once=os.cpu_count() or 1, longest=MAX_SECONDS, without=[FOLDER],
            prepare=preload,
        )  # fmt: skip


def _output_of(result: RunResult) -> str:
    """Return the output of a command. Raises Problem where it failed."""
    if result.code is None:
        raise Problem("", f"It was not done within {MAX_SECONDS // 60} minutes.", "Try it by hand.")
    if result.code:
        raise Problem("", result.errors.removeprefix("Error: ") or "It ended without a word.")
    return result.output


def _require_in_use(district: District) -> None:
    """Raise Problem where a district's portal.json is not where its release was published."""
    is_there = False
    with suppress(OSError):  # another user's, or a name that is too long: it ends no other district's build
        is_there = district.settings.portal.exists()
    if not is_there:
        todo = f"Change it: portal district update {district.name} --set portal=..."
        raise Problem(str(district.settings.portal), "is not what was published.", todo)
