"""The command that takes what staff have pushed."""

from pathlib import Path

import click

from forms.operations import releases
from forms.operations.cli import Checkout, checkout, report_problems
from forms.operations.installation import become_owner
from forms.operations.release_commands import publish_newest, say_waiting
from forms.operations.updating import Source
from forms.operations.updating import update as take_newest


@click.command()
@click.option("--signers", type=click.Path(path_type=Path), default=Path("/etc/portal/allowed_signers"),
              show_default=True, help="Whose signature counts: a name and an SSH key a line.")  # fmt: skip
@click.option("--remote", default="origin", show_default=True, help="Where staff push to, as the clone names it.")
@click.option("--branch", default="main", show_default=True, help="The branch that is published.")
def update(signers: Path, remote: str, branch: str) -> None:
    """Take the newest content that a named person signed; check, build, put into use.

    What fails changes nothing, and is shown to staff at their desks. Where there is no clone of a repository in
    var/content.git, what content/ holds is published.
    """
    here = checkout()
    content, clone = here.root / "content", here.root / "var" / "content.git"
    with report_problems():
        become_owner(here.published)
        keep = here.keep_withdrawals
        source = Source(content, clone, signers, remote, branch, keep) if clone.exists() else None
        with releases.at_work(here.published, say_waiting):
            said = take_newest(
                source, lambda: publish_newest(here), here.published, here.today(), purge=lambda: _purge_all(here),
                held=releases.is_held(here.published),
            )  # fmt: skip
        click.echo(said)


def _purge_all(here: Checkout) -> None:
    for release in releases.every(here.published):
        if here.purge is not None:
            here.purge(release.public)
