"""The commands for whoever works on the program: packages, handbook, tests."""

import os
import subprocess
import sys
from pathlib import Path

import click

from commands.site import this_site


@click.command("docs")
@click.option(
    "--out", type=click.Path(path_type=Path), default=lambda: this_site().root / ".build" / "handbook",
    help="Folder of the pages.",
)  # fmt: skip
def docs(out: Path) -> None:
    """Build the handbook for staff, operators and developers from docs/, with a search."""
    settings = this_site().program.root / "handbook.yml"
    arguments = ["build", "--strict", "--quiet", "-f", str(settings), "-d", str(out.absolute())]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    if subprocess.call([sys.executable, "-m", "mkdocs", *arguments], env=quiet):  # noqa: S603 - our own arguments
        raise click.ClickException("The handbook has the faults above. The pages built before may be incomplete.")
    click.echo(f"The handbook is in {out / 'index.html'}.")


@click.command("install")
@click.argument("groups", nargs=-1)
def install(groups: tuple[str, ...]) -> None:
    """Install packages only, like: install server. That is all a machine needs that serves forms and builds nothing."""
    program = this_site().program  # build.py has installed them already, and refused a group that does not exist
    click.echo(f"Installed in {program.environment}: {', '.join(groups or program.everyday)}.")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run all tests, in a real browser too. What follows `test` goes to pytest, like: test -k receipt."""
    import pytest  # noqa: PLC0415 - installed for this command only

    root = this_site().program.root
    os.chdir(root)
    failed = subprocess.call([sys.executable, str(root / "tests" / "browser.py")])  # noqa: S603
    # Two workers a core: many tests wait for a browser or a server. See tests/conftest.py. A few start faster alone.
    workers = ["-n", str(min(8, 2 * (os.cpu_count() or 1))), "--dist", "loadscope"]
    sys.exit(failed or int(pytest.main(list(arguments) or workers)))
