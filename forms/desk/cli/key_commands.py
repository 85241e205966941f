"""The desk's commands about its keys alone: nothing is fetched or opened. forms.desk.cli adds them to its group."""

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


def _say_public(here: DeskPlace, public: keys.PublicKeys) -> None:
    """Say what to paste into portal.yml: a desk of one person has its lines, one of several a list of people."""
    desk, _, person = here.name.partition("/")
    if not person:
        say(f"Put these lines under `- id: {desk}` in content/portal.yml and build the site again:\n")
        say("".join(f"    {line}\n" for line in public.lines))
        say(f"For a second person at this desk, on their own machine: {command(f'--desk {desk}/NAME new-key')}\n")
        return
    say(f"Put these lines under `- id: {desk}` in content/portal.yml and build the site again:\n")
    say("".join(f"{line}\n" for line in _as_one_of_several(person, public)))
    say("Where `people:` stands there already, leave out the first line, and put the others in the place of")
    say(f"`{person}`, if that is there, or below the last person.")
    say("Where `key:`, `pickup:` and `signing:` of one person stand there, that person joins the list as well:")
    say("write `- id: NAME` before the three lines, and move them in as these are.\n")


def _say_made(here: DeskPlace, passphrase: str, make: Callable[[], keys.PublicKeys]) -> None:
    """Make keys and say what to paste; where that was done, but perhaps never read, only say it again."""
    if keys.has_token(here.folder):
        with suppress(Problem):  # another passphrase: this is about other keys, and `make` says so
            public = keys.public(here.folder, passphrase)
            say("This machine has its key already. Nothing was changed.\n")
            _say_public(here, public)
            return
    _say_public(here, make())


def _as_one_of_several(person: str, public: keys.PublicKeys) -> list[str]:
    return ["    people:", f"      - id: {person}", *(f"        {line}" for line in public.lines)]


@click.command("new-key")
@new_passphrase
@click.pass_obj
@show_problems
def new_key(here: DeskPlace, passphrase: str) -> None:
    """Make this machine's key and token for real use, under a passphrase.

    Where several people work at a desk each has a key: --desk police/anita. Typed again it shows the same lines again.
    """
    _say_made(here, passphrase, lambda: keys.make(here.folder, passphrase))
    say(f"The secret stays in {here.folder}. Keep a copy of that folder and of the passphrase in a safe.")
    say("Without them nobody can open this desk's letters, not even we.")


@click.command("change-key")
@click.option("--passphrase", cls=SecretOption, help="The present one. Asked for if not given.")
@click.pass_obj
@show_problems
def change_key(here: DeskPlace, passphrase: str) -> None:
    """Take a new key and token; the old key stays to open older letters."""
    _say_public(here, keys.rotate(here.folder, passphrase or None))
    say("Until then the old lines go on working. Afterwards the old key opens old letters only.")


@click.command("change-passphrase")
@click.option("--old", cls=SecretOption, prompt="Old passphrase")
@new_passphrase
@click.pass_obj
@show_problems
def change_passphrase(here: DeskPlace, old: str, passphrase: str) -> None:
    """Put the same key under another passphrase."""
    keys.change_passphrase(here.folder, old, passphrase)
    say("The key stands under the new passphrase. Copies of the folder still have the old one.")


@click.command("recovery-key")
@click.pass_obj
@show_problems
def recovery_key(here: DeskPlace) -> None:
    """Show a new recovery key once, to be written down or printed and locked away. It is kept nowhere."""
    secret, public = keys.new_recovery_key()
    say(f"1. PUBLIC. Put this line under the desk {here.name} in content/portal.yml and build the site again:\n")
    say(f"    recovery: {public}\n")
    say("2. SECRET. Write this down or print it, and lock it away. It opens all letters from now on.")
    say("   Never put it into portal.yml, a message or a file. It is not shown again:\n")
    say(f"    {secret}\n")


@click.command()
@click.option("--secret", cls=SecretOption, prompt="Recovery key")
@new_passphrase
@click.pass_obj
@show_problems
def restore(here: DeskPlace, secret: str, passphrase: str) -> None:
    """Set up a new machine from the printed recovery key."""
    _say_made(here, passphrase, lambda: keys.restore(here.folder, secret, passphrase))


KEY_COMMANDS = (new_key, change_key, change_passphrase, recovery_key, restore)
