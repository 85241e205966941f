"""Commands for the districts of one service: district add, list, update, remove, nginx."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from forms.core.files.durable import make_open_folder
from forms.core.problem import Problem
from forms.operations.cli.main import report_problems
from forms.operations.districts import server_districts
from forms.server.districts import settings
from forms.server.districts.settings import District

FOLDER = "PORTAL_DISTRICTS"
_FOLDER = click.option(
    "--folder", envvar=FOLDER, type=click.Path(file_okay=False, path_type=Path), required=True,
    help="Folder of the districts.",
)  # fmt: skip
_HOSTS = click.option(
    "--host", "hosts", multiple=True, help="A name by which the district is asked for; more than one."
)
_SETS = click.option(
    "--set", "sets", multiple=True, help="A setting, like budget=4294967296 or data=/srv/data/riverside"
)


@click.group()
def district() -> None:
    """Have many districts in one service: each a folder of settings and a name, told apart by host."""


@district.command()
@click.argument("name")
@_FOLDER
@_HOSTS
@_SETS
def add(name: str, folder: Path, hosts: tuple[str, ...], sets: tuple[str, ...]) -> None:
    """Add a district. The running service takes it within a second."""
    with report_problems(), ExitStack() as stack:
        settings.require_name(name)
        make_open_folder(folder)
        stack.enter_context(settings.changing(folder))
        if (folder / name / settings.FILE).exists():
            raise Problem(f"district {name}", "is there already.", f"Change it: portal district update {name}")
        _put(folder, name, hosts, _read_sets(sets), "is added")


@district.command()
@click.argument("name")
@_FOLDER
@_HOSTS
@_SETS
def update(name: str, folder: Path, hosts: tuple[str, ...], sets: tuple[str, ...]) -> None:
    """Change hosts or settings of a district; an empty value takes a setting back, like budget="""
    with report_problems(), settings.changing(folder):
        before_hosts, before = settings.read_options(folder, name)
        merged = {**before, **_read_sets(sets)}
        _put(
            folder,
            name,
            hosts or before_hosts,
            {key: value for key, value in merged.items() if value != ""},
            "is changed",
        )


@district.command()
@click.argument("name")
@_FOLDER
def remove(name: str, folder: Path) -> None:
    """Take a district out of the service. What people sent stays on the disk."""
    with report_problems(), settings.changing(folder):
        path = folder / settings.require_name(name) / settings.FILE
        try:
            where = f"in {settings.read(folder, name).settings.data}"
        except Problem:
            if not path.exists():
                raise
            where = f"where {path}.removed says"  # a district that cannot be read must be able to go too
        path.rename(path.with_name(f"{settings.FILE}.removed"))
        click.echo(f"{name} is not served any more. Its data stays {where}: back it up, then remove it.")


@district.command("list")
@_FOLDER
def list_(folder: Path) -> None:
    """List the districts, and what is wrong with any."""
    with report_problems():
        taken: list[District] = []
        for name in settings.names(folder):
            try:
                found = settings.read(folder, name)
                settings.require_apart(found, taken)
            except Problem as problem:
                click.echo(f"{name}: {problem}")
                continue
            taken.append(found)
            click.echo(f"{name}: {', '.join(found.hosts)}; data in {found.settings.data}")


@district.command()
@_FOLDER
def nginx(folder: Path) -> None:
    """Print nginx's part for all districts, as install-server --districts writes it."""
    with report_problems():
        click.echo("\n".join(map(server_districts.nginx_of, server_districts.all_apart(folder))))


def _put(folder: Path, name: str, hosts: tuple[str, ...], given: dict[str, Any], done: str) -> None:
    """Write a district's file once all of it has been found good beside the others. Raises Problem.

    The running service takes within a second what is written, and would take what a killed command left.
    """
    found = settings.preview(folder, name, hosts, given)
    settings.require_apart(found, _others(folder, name))
    settings.write(folder, name, hosts, given)
    click.echo(f"{name} {done}: {', '.join(found.hosts)}.")
    click.echo(f"Its data: {found.settings.data}; its release: {found.settings.portal}")


def _others(folder: Path, name: str) -> list[District]:
    found = []
    for other in settings.names(folder):
        if other != name:
            try:
                found.append(settings.read(folder, other))
            except Problem:
                continue  # it is not served, and `list` says why
    return found


_LONGEST_NUMBER = 18
"""Digits that TOML and a database take; what is longer is said like any other text that is no number."""


def _read_sets(sets: tuple[str, ...]) -> dict[str, Any]:
    """Return settings from texts like budget=4294967296. Raises Problem."""
    found: dict[str, Any] = {}
    for text in sets:
        key, is_set, value = text.partition("=")
        if not is_set or key not in settings.SETTABLE:
            known = ", ".join(sorted(settings.SETTABLE))
            raise Problem(f"--set {key}", "is not known.", f"Write a setting and its value, of: {known}.")
        is_number = value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER
        found[key] = int(value) if is_number and key in settings.NUMBERS else value
    return found
