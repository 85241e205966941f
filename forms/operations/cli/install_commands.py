"""Commands that install a server and uninstall it."""

import subprocess
from pathlib import Path

import click

from forms.core.problem import Problem
from forms.operations.cli.main import checkout, report_problems
from forms.operations.installing.conditions import require_tools
from forms.operations.installing.next_steps import next_steps
from forms.operations.installing.server_installation import ServerInstallation

ROOT = click.option("--root", type=click.Path(path_type=Path), default=Path("/"), help="Folder of the machine's files.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")


@click.command("install-server")
@click.option("--name", required=True, help="Name of the site, like help.example.org.")
@click.option("--serves-only", is_flag=True, help="Install no packages for building: the site comes from elsewhere.")
@click.option("--districts", type=click.Path(file_okay=False, path_type=Path),
              help="Folder of many districts; --name is then the machine's own.")  # fmt: skip
@click.option("--office", default="", help="Serve the staff's editor under this name too. Once given it is known.")
@ROOT
@DRY_RUN
def install_server(
    name: str, serves_only: bool, districts: Path | None, office: str, root: Path, dry_run: bool
) -> None:
    """Make this machine a server: user, folders, service, nginx, a first certificate. It may be run again.

    With another --root files are written below it, and commands are only said.
    """
    with report_problems():
        installation = _installation(name, root, dry_run, builds=not serves_only, districts=districts)
        installation.office = office
        _print_outcome(installation.install(), dry_run=dry_run)
        if not dry_run:
            click.echo(next_steps(name, installation.place, installation.office))


@click.command("uninstall-server")
@ROOT
@DRY_RUN
def uninstall_server(root: Path, dry_run: bool) -> None:
    """Take the installation away. Letters, certificates and settings stay."""
    with report_problems():
        _print_outcome(_installation("portal.example", root, dry_run).uninstall(), dry_run=dry_run)
        click.echo("What people sent lies in /var/lib/portal, and stays until you remove it.")


def _print_outcome(changes: list[str], *, dry_run: bool) -> None:
    click.echo("Nothing was to be done." if not changes else "Nothing was changed." if dry_run else "Done.")


def _installation(
    name: str, root: Path, dry_run: bool, *, builds: bool = True, districts: Path | None = None
) -> ServerInstallation:
    is_real = root == Path("/")
    if is_real and not dry_run:
        require_tools()
    run, place = _run if is_real else _ignore, checkout().root
    return ServerInstallation(root, place, name, click.echo, run, dry_run, builds, districts)


def _run(command: str) -> None:
    """Run a shell command of the installation. Raises Problem with its last lines where it fails."""
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours
    if result.returncode:
        last = "\n".join(f"  | {line}" for line in result.stderr.strip().splitlines()[-5:])
        raise Problem(command, f"failed.\n{last}\n", "Mend it, then run the same command again; it goes on from there.")


def _ignore(command: str) -> None:
    """Do nothing: with another --root, commands for the whole machine are only printed."""
