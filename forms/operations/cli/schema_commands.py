"""The command that tries a new version of the program on the databases that are there."""

import os

import click

from forms.operations.cli.main import report_problems
from forms.server import config
from forms.server.store.migrations.rehearsal import rehearse


@click.command("rehearse-upgrade")
def rehearse_upgrade() -> None:
    """Try on copies what the next start of the service would do to its databases; settings as the service has them.

    Like: sudo -u portal env PORTAL_DATA=/var/lib/portal PORTAL_PORTAL=published/current/portal.json python3 build.py
    rehearse-upgrade
    """
    with report_problems():
        settings = config.read(config.from_environment(os.environ))
        for name, url in (("concerns", settings.concerns_url), ("sign-ups", settings.signups_url)):
            tried = rehearse(url)
            done = f"would become {tried.newest}" if tried.current != tried.newest else "is the newest"
            click.echo(f"{name}: schema {tried.current or 'from before 1.0'} {done}; {tried.rows} rows stay.")
