"""Commands that install a server and take the installation away again."""

import subprocess
from pathlib import Path

import click

from forms.core.problem import Problem
from forms.operations.cli.main import checkout, report_problems
from forms.operations.installing.conditions import require_tools
from forms.operations.installing.next_steps import what_is_next
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
        here = _installation(name, root, dry_run, builds=not serves_only, districts=districts)
        here.office = office
        done = here.install()
        click.echo("Nothing was to be done." if not done else "Nothing was changed." if dry_run else "Done.")
        if not dry_run:
            click.echo(what_is_next(name, here.place, here.office))


@click.command("uninstall-server")
@ROOT
@DRY_RUN
def uninstall_server(root: Path, dry_run: bool) -> None:
    """Take the installation away. Letters, certificates and settings stay."""
    with report_problems():
        done = _installation("portal.example", root, dry_run).uninstall()
        click.echo("Nothing was to be done." if not done else "Nothing was changed." if dry_run else "Done.")
        click.echo("What people sent lies in /var/lib/portal, and stays until you remove it.")


def _installation(
    name: str, root: Path, dry_run: bool, *, builds: bool = True, districts: Path | None = None
) -> ServerInstallation:
    real = root == Path("/")
    if real and not dry_run:
        require_tools()
    run, place = _run if real else _only_said, checkout().root
    return ServerInstallation(root, place, name, click.echo, run, dry_run, builds, districts)


def _run(command: str) -> None:
    """Run a command of the installation. Raises Problem with its last lines where it fails."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours
    if done.returncode:
        last = "\n".join(f"  | {line}" for line in done.stderr.strip().splitlines()[-5:])
        raise Problem(command, f"failed.\n{last}\n", "Mend it, then run the same command again; it goes on from there.")


def _only_said(command: str) -> None:
    """A command for the whole machine, where only a folder is written to."""
