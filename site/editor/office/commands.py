"""Commands for the operator of the office's machine: inviting people, their roles, removing them."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import click

from editor.office import office, withdrawal_keys
from editor.office.accounts import INVITATION_DAYS, Accounts
from editor.office.passkeys import Passkeys
from editor.office.state import PUBLISHER, ROLES, Account
from editor.remotes.signed_branch import SIGNERS
from forms.core.builds import passkey_commits
from forms.core.crypto.fingerprints import publisher_fingerprint

_ROLE = click.option("--role", "roles", multiple=True, type=click.Choice(ROLES), help="Once for each.")
_LANGUAGE = click.option("--language", "named", multiple=True, help="Once for each; a writer without writes all.")
_DAYS = click.option(
    "--days", type=click.IntRange(1, 30), default=INVITATION_DAYS, show_default=True, help="How long it works."
)
_ANYWAY = click.option("--anyway", is_flag=True, help="Also where nobody is left who publishes.")


@dataclass(frozen=True)
class Machine:
    """The machine of an office. languages: of the site; guard: a context manager that reports problems."""

    memory: Path
    languages: Callable[[], tuple[str, ...]]
    guard: Callable[[], AbstractContextManager[object]]

    @property
    def accounts(self) -> Accounts:
        """The accounts of this machine's office."""
        return office.accounts_of(self.memory, self.languages())


def group(
    memory: Path, languages: Callable[[], tuple[str, ...]], guard: Callable[[], AbstractContextManager[object]]
) -> click.Group:
    """Return the group `office` for a machine (see Machine)."""
    about = "Accounts of the office: only a person at this machine gives and takes them."
    commands = click.Group("office", help=about, context_settings={"obj": Machine(memory, languages, guard)})
    for command in (invite, reset, list_accounts, publisher_keys, change_roles, remove, withdrawal_key):
        commands.add_command(command)
    return commands


def _with_machine(function: Callable[..., None]) -> Callable[..., None]:
    """Pass a command its machine, and report problems."""

    @wraps(function)
    def run(machine: Machine, *arguments: object, **options: object) -> None:
        with machine.guard():
            function(machine, *arguments, **options)

    return click.pass_obj(run)


@click.command("invite")
@click.argument("name")
@_ROLE
@_LANGUAGE
@_DAYS
@_with_machine
def invite(machine: Machine, name: str, roles: tuple[str, ...], named: tuple[str, ...], days: int) -> None:
    """Make an account, and print an address that works once. Like: invite "M. Devi" --role writer"""
    accounts = machine.accounts
    _print_invitation(accounts, accounts.invite(name, roles, named, days), days)


@click.command("reset")
@click.argument("name")
@_DAYS
@_with_machine
def reset(machine: Machine, name: str, days: int) -> None:
    """End every way in of a person who has lost theirs, and print a new address."""
    accounts = machine.accounts
    _print_invitation(accounts, accounts.reset(name, days), days)


@click.command("list")
@_with_machine
def list_accounts(machine: Machine) -> None:
    """Show each account: roles, languages, ways to sign in, browsers that are signed in."""
    state = machine.accounts.state_store.read()
    for one in state.accounts:
        click.echo(_description(one, browsers=sum(session.account == one.id for session in state.sessions)))
    if not state.accounts:
        click.echo('Nobody yet. Like: edit office invite "M. Devi" --role writer --role publisher')


@click.command("publisher-keys")
@_with_machine
def publisher_keys(machine: Machine) -> None:
    """Show the lines for portal.yml by which publishers sign with their passkeys."""
    state = machine.accounts.state_store.read()
    publishers = [one for one in state.accounts if PUBLISHER in one.roles]
    for line in (line for one in publishers for line in _key_lines(state.name, one, machine.memory)):
        click.echo(line)
    if not any(one.passkeys for one in publishers):
        click.echo("No publisher has a passkey here yet. Each makes one in the office, under their name.")


@click.command("roles")
@click.argument("name")
@_ROLE
@_LANGUAGE
@_ANYWAY
@_with_machine
def change_roles(machine: Machine, name: str, roles: tuple[str, ...], named: tuple[str, ...], anyway: bool) -> None:
    """Give an account these roles and languages in place of those it has."""
    machine.accounts.change(name, roles, named, anyway=anyway)
    click.echo(f"{name}: {', '.join(roles)}, from the next page on.")


@click.command("remove")
@click.argument("name")
@_ANYWAY
@_with_machine
def remove(machine: Machine, name: str, anyway: bool) -> None:
    """Take an account away; its browsers are out at once. What its person wrote stays."""
    machine.accounts.remove(name, anyway=anyway)
    click.echo(f"{name} has no account here any more.")


@click.command("withdrawal-key")
@_with_machine
def withdrawal_key(machine: Machine) -> None:
    """Make the key with which this office pushes withdrawals, and show its line for the server."""
    _print_key(machine.memory, machine.accounts.state_store.read().name)


def _description(account: Account, browsers: int) -> str:
    ways = [f"{len(account.passkeys)} passkeys"] if account.passkeys else []
    ways += ["passphrase"] if account.passphrase else []
    what = ", ".join(account.roles) + (f" ({', '.join(account.languages)})" if account.languages else "")
    return f"{account.name}: {what}; {', '.join(ways or ['has not come yet'])}; {browsers} browsers"


def _print_key(memory: Path, name: str) -> None:
    click.echo("Whoever runs the server writes this line into its allowed_signers, as it is:\n")
    click.echo(f"    {withdrawal_keys.line(name, withdrawal_keys.ensure_key(memory))}\n")
    click.echo("With it this machine takes stories off the site, and can do nothing else.")


def _key_lines(office: str, account: Account, memory: Path) -> Iterator[str]:
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


def _print_invitation(accounts: Accounts, token: str, days: int) -> None:
    name = accounts.state_store.read().name or "<the office's name>"
    click.echo(f"This address works once, for {days} days. Bring it to that person and to nobody else:\n")
    click.echo(f"    https://{name}/invited/{token}\n")
