"""Commands for whoever runs the office's machine: who is invited, who may do what, who is removed."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from editor.office import office, withdrawals
from editor.office.accounts import DAYS, Accounts
from editor.office.passkeys import Passkeys
from editor.office.state import PUBLISHER, ROLES, Account
from editor.remotes.place import SIGNERS
from forms.core.builds import passkey_commits
from forms.core.crypto.fingerprints import publisher_fingerprint


def group(  # noqa: PLR0915 - one short command after the other
    memory: Path, languages: Callable[[], tuple[str, ...]], guard: Callable[[], object]
) -> click.Group:
    """Return the group `office`. languages: of the site; guard: a context that says problems in sentences."""
    role = click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="Once for each.")
    language = click.option("--language", "named", multiple=True, help="Once for each; a writer without writes all.")
    days = click.option(
        "--days", type=click.IntRange(1, 30), default=DAYS, show_default=True, help="How long it works."
    )
    anyway = click.option("--anyway", is_flag=True, help="Also where nobody is left who publishes.")

    def accounts() -> Accounts:
        return office.accounts_of(memory, languages())

    @click.group("office")
    def commands() -> None:
        """Accounts of the office: only a person at this machine gives and takes them."""

    @commands.command("invite")
    @click.argument("name")
    @role
    @language
    @days
    def invite(name: str, roles: tuple[str, ...], named: tuple[str, ...], days: int) -> None:
        """Make an account, and print an address that works once. Like: invite "M. Devi" --role writer"""
        with guard():  # type: ignore[attr-defined]
            here = accounts()
            _say(here, here.invite(name, roles, named, days), days)

    @commands.command("reset")
    @click.argument("name")
    @days
    def reset(name: str, days: int) -> None:
        """End every way in of a person who has lost theirs, and print a new address."""
        with guard():  # type: ignore[attr-defined]
            here = accounts()
            _say(here, here.reset(name, days), days)

    @commands.command("list")
    def listed() -> None:
        """Show each account: roles, languages, ways to sign in, browsers that are signed in."""
        with guard():  # type: ignore[attr-defined]
            state = accounts().kept.read()
            for one in state.accounts:
                ways = [f"{len(one.passkeys)} passkeys"] if one.passkeys else []
                ways += ["passphrase"] if one.passphrase else []
                ways = ways or ["has not come yet"]
                browsers = sum(session.account == one.id for session in state.sessions)
                what = ", ".join(one.roles) + (f" ({', '.join(one.languages)})" if one.languages else "")
                click.echo(f"{one.name}: {what}; {', '.join(ways)}; {browsers} browsers")
            if not state.accounts:
                click.echo('Nobody yet. Like: edit office invite "M. Devi" --role writer --role publisher')

    @commands.command("publisher-keys")
    def publisher_keys() -> None:
        """Show the lines for portal.yml by which publishers sign with their passkeys."""
        with guard():  # type: ignore[attr-defined]
            state = accounts().kept.read()
            publishers = [one for one in state.accounts if PUBLISHER in one.roles]
            for line in (line for one in publishers for line in _keys(state.name, one, memory)):
                click.echo(line)
            if not any(one.passkeys for one in publishers):
                click.echo("No publisher has a passkey here yet. Each makes one in the office, under their name.")

    @commands.command("roles")
    @click.argument("name")
    @role
    @language
    @anyway
    def roles_of(name: str, roles: tuple[str, ...], named: tuple[str, ...], anyway: bool) -> None:
        """Give an account these roles and languages in place of those it has."""
        with guard():  # type: ignore[attr-defined]
            accounts().change(name, roles, named, anyway=anyway)
            click.echo(f"{name}: {', '.join(roles)}, from the next page on.")

    @commands.command("remove")
    @click.argument("name")
    @anyway
    def remove(name: str, anyway: bool) -> None:
        """Take an account away; its browsers are out at once. What its person wrote stays."""
        with guard():  # type: ignore[attr-defined]
            accounts().remove(name, anyway=anyway)
            click.echo(f"{name} has no account here any more.")

    @commands.command("withdrawal-key")
    def withdrawal_key() -> None:
        """Make the key with which this office pushes withdrawals, and show its line for the server."""
        with guard():  # type: ignore[attr-defined]
            _say_key(memory, accounts().kept.read().name)

    return commands


def _say_key(memory: Path, name: str) -> None:
    click.echo("Whoever runs the server writes this line into its allowed_signers, as it is:\n")
    click.echo(f"    {withdrawals.line(name, withdrawals.make(memory))}\n")
    click.echo("With it this machine takes stories off the site, and can do nothing else.")


def _keys(office: str, account: Account, memory: Path) -> Iterator[str]:
    """Yield a sentence for each passkey of a publisher: what portal.yml names, and what to compare by phone."""
    keys = Passkeys(office, f"https://{office}")
    for one in account.passkeys:
        named = f"{account.name} ({one.label or one.added_on})"
        if text := keys.publisher_key(one):
            yield f'{named}: under publishers in content/portal.yml: "{text}"\n    {publisher_fingerprint(text)}'
            line = passkey_commits.signers_line(re.sub(r"\W+", "-", account.name), text)
            yield f"    where the site is published by a push, in allowed_signers and {memory / SIGNERS}: {line}"
        else:
            yield f"{named}: this kind of passkey signs no build. Make another on another device."


def _say(here: Accounts, token: str, days: int) -> None:
    name = here.kept.read().name or "<the office's name>"
    click.echo(f"This address works once, for {days} days. Bring it to that person and to nobody else:\n")
    click.echo(f"    https://{name}/invited/{token}\n")
