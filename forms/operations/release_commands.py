"""Commands for releases: publish, releases, rollback."""

import click

from forms.operations import releases as folders
from forms.operations.cli import checkout, report_problems


@click.command()
def publish() -> None:
    """Put what was built into use, pages and forms in the same moment; builds first where anything changed."""
    here = checkout()
    with report_problems():
        if here.build is not None:
            here.build()
        public, handover = here.root / "public", here.root / ".build" / "portal.json"
        release = folders.publish(here.published, public, handover, here.today(), purge=here.purge)
        click.echo(f"Release {release.number} is in use: {release.public}")


@click.command()
def releases() -> None:
    """List the releases that are there, and which is in use."""
    here = checkout()
    with report_problems():
        now = folders.current(here.published)
        for release in folders.every(here.published):
            mark = "in use" if now is not None and release.number == now.number else ""
            click.echo(f"{release.number}  built on {release.manifest.day}  {mark}".rstrip())
        if now is None:
            click.echo("Nothing is published yet: publish")


@click.command()
@click.argument("number", required=False, type=int)
def rollback(number: int | None) -> None:
    """Go back to the release before this one, or to the one with this NUMBER. What was withdrawn stays withdrawn."""
    here = checkout()
    with report_problems():
        release = folders.rollback(here.published, number, purge=here.purge)
        click.echo(f"Release {release.number} is in use again. The next publish builds on what content/ says then.")
