"""Commands for this machine's own keys. They fetch and decrypt nothing."""

from collections.abc import Callable
from contextlib import suppress

import click

from forms.core.problem import Problem
from forms.core.terminal.prompts import SecretOption, new_passphrase
from forms.desk.cli.errors import show_problems
from forms.desk.cli.terminal import say
from forms.desk.command_line import command
from forms.desk.crypto import keys
from forms.desk.services.place import DeskPlace


def _show_lines(place: DeskPlace, public: keys.PublicKeys) -> None:
    """Show the lines for portal.yml: those of a desk with one person, or of one of several people."""
    desk, _, person = place.name.partition("/")
    if not person:
        say(f"Put these lines under `- id: {desk}` in content/portal.yml and build the site again:\n")
        say("".join(f"    {line}\n" for line in public.lines))
        say(f"For a second person at this desk, on their own machine: {command(f'--desk {desk}/NAME new-key')}\n")
        return
    say(f"Put these lines under `- id: {desk}` in content/portal.yml and build the site again:\n")
    say("".join(f"{line}\n" for line in _member_lines(person, public)))
    say("Where `people:` stands there already, leave out the first line, and put the others in the place of")
    say(f"`{person}`, if that is there, or below the last person.")
    say("Where `key:`, `pickup:` and `signing:` of one person stand there, that person joins the list as well:")
    say("write `- id: NAME` before the three lines, and move them in as these are.\n")


def _make_keys(place: DeskPlace, passphrase: str, make: Callable[[], keys.PublicKeys]) -> None:
    """Make keys and show the lines for portal.yml. If the keys exist already, only show the lines again."""
    if keys.has_token(place.folder):
        with suppress(Problem):  # a different passphrase, so other keys are meant: `make` raises Problem
            public = keys.public(place.folder, passphrase)
            say("This machine has its key already. Nothing was changed.\n")
            _show_lines(place, public)
            return
    _show_lines(place, make())


def _member_lines(person: str, public: keys.PublicKeys) -> list[str]:
    return ["    people:", f"      - id: {person}", *(f"        {line}" for line in public.lines)]


@click.command("new-key")
@new_passphrase
@click.pass_obj
@show_problems
def new_key(place: DeskPlace, passphrase: str) -> None:
    """Make this machine's key and token for real use, under a passphrase.

    Where several people work at a desk each has a key: --desk police/anita. Typed again it shows the same lines again.
    """
    _make_keys(place, passphrase, lambda: keys.make(place.folder, passphrase))
    say(f"The secret stays in {place.folder}. Keep a copy of that folder and of the passphrase in a safe.")
    say("Without them nobody can open this desk's letters, not even we.")


@click.command("change-key")
@click.option("--passphrase", cls=SecretOption, help="The present one. Asked for if not given.")
@click.pass_obj
@show_problems
def change_key(place: DeskPlace, passphrase: str) -> None:
    """Take a new key and token; the old key stays to open older letters."""
    _show_lines(place, keys.rotate(place.folder, passphrase or None))
    say("Until then the old lines go on working. Afterwards the old key opens old letters only.")


@click.command("change-passphrase")
@click.option("--old", cls=SecretOption, prompt="Old passphrase")
@new_passphrase
@click.pass_obj
@show_problems
def change_passphrase(place: DeskPlace, old: str, passphrase: str) -> None:
    """Put the same key under another passphrase."""
    keys.change_passphrase(place.folder, old, passphrase)
    say("The key stands under the new passphrase. Copies of the folder still have the old one.")


@click.command("recovery-key")
@click.pass_obj
@show_problems
def recovery_key(place: DeskPlace) -> None:
    """Show a new recovery key once, to be written down or printed and locked away. It is kept nowhere."""
    secret, public = keys.new_recovery_key()
    say(f"1. PUBLIC. Put this line under the desk {place.name} in content/portal.yml and build the site again:\n")
    say(f"    recovery: {public}\n")
    say("2. SECRET. Write this down or print it, and lock it away. It opens all letters from now on.")
    say("   Never put it into portal.yml, a message or a file. It is not shown again:\n")
    say(f"    {secret}\n")


@click.command()
@click.option("--secret", cls=SecretOption, prompt="Recovery key")
@new_passphrase
@click.pass_obj
@show_problems
def restore(place: DeskPlace, secret: str, passphrase: str) -> None:
    """Set up a new machine from the printed recovery key."""
    _make_keys(place, passphrase, lambda: keys.restore(place.folder, secret, passphrase))


KEY_COMMANDS = (new_key, change_key, change_passphrase, recovery_key, restore)
