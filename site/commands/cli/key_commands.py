"""The command that makes a publisher's key."""

import click

from commands.site import this_site
from forms.core.builds import git_signatures
from forms.core.crypto.fingerprints import publisher_fingerprint
from forms.core.terminal.prompts import new_passphrase
from forms.desk.crypto import keys


@click.command("new-publisher-key")
@new_passphrase
def new_publisher_key(passphrase: str) -> None:
    """Make the key with which this machine signs what it builds, so that desks notice a changed site.

    Keep it off the server. `build` asks for its passphrase, or takes PORTAL_PUBLISHER_PASSPHRASE.
    """
    site = this_site()
    with site.report_problems():
        public = keys.make(site.publisher_keys, passphrase)
        click.echo(f'Put this line into content/portal.yml and build the site:\n\npublishers: ["{public.signing}"]\n')
        line = git_signatures.public_line("NAME", public.signing)
        click.echo(f"Where a server takes what you push, whoever runs it adds to its allowed_signers:\n\n{line}\n")
        click.echo(f"Its fingerprint, to be read to each desk by phone: {publisher_fingerprint(public.signing)}")
        click.echo(
            f"The secret stays in {site.publisher_keys}. Keep a copy of that folder and of the passphrase in a safe."
        )
