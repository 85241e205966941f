"""The desk's commands: fetch and list letters, read one, answer it, see sign-ups, make keys."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any

import click
import pyrage

from forms.desk import keys, listing
from forms.desk.answering import sealed_answer
from forms.desk.cabinet import Cabinet
from forms.desk.fetch import Server, ServerAway
from forms.desk.opening import Letter, open_letter
from forms.problem import Problem

DEFAULT_HOME = Path("var") / "desk"


@dataclass(frozen=True)
class Desk:
    """One desk on this machine: its name, its folder, its server."""

    name: str
    folder: Path
    address: str

    def server(self) -> Server:
        """The server, with this desk's token."""
        return Server(self.address, keys.token(self.folder))

    def identity(self) -> pyrage.x25519.Identity:
        """The desk's key; asks for its passphrase where it has one."""
        return keys.identity(self.folder, lambda: click.prompt("Passphrase", hide_input=True))

    def letters(self) -> list[tuple[str, Letter | Problem]]:
        """All letters kept here, in the order of the list."""
        return listing.ordered(list(Cabinet(self.folder).opened(self.identity())))

    def find(self, which: str) -> Letter:
        """The letter with this number in the list, or this id. Raises Problem."""
        letters = self.letters()
        numbered = {str(number): letter for number, (_, letter) in enumerate(letters, start=1)}
        found = numbered.get(which) or dict(letters).get(which)
        if found is None:
            raise Problem(which, "There is no such letter here.", "See the numbers with: python3 build.py desk")
        if isinstance(found, Problem):
            raise found
        return found


def _telling(command: Callable[..., Any]) -> Callable[..., Any]:
    """Show a Problem as its sentence, with exit code 1."""

    @wraps(command)
    def tell(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Problem as problem:
            raise click.ClickException(str(problem)) from None

    return tell


@click.group(invoke_without_command=True)
@click.option("--desk", "name", default="police", show_default=True, help="Which desk this is, as in portal.yml.")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=DEFAULT_HOME,
    envvar="PORTAL_DESK_HOME",
    help="Folder of the desks' keys and letters.",
)
@click.option(
    "--server", "address", default="http://127.0.0.1:8000", envvar="PORTAL_SERVER", show_default=True,
    help="Address of the portal.",
)  # fmt: skip
@click.pass_context
@_telling
def desk(context: click.Context, name: str, home: Path, address: str) -> None:
    """Fetch sealed letters, open them on this machine, answer them.

    Without a command: fetch what waits and list all letters, newest day first. Letters are kept sealed; what is
    opened is shown and never written to disk.
    """
    context.obj = Desk(name, home / name, address)
    if context.invoked_subcommand is None:
        _fetch_and_list(context.obj)


def _fetch_and_list(here: Desk) -> None:
    letters_key = here.identity()
    try:
        count = Cabinet(here.folder).fetch(here.server())
        click.echo(f"Desk {here.name}: {count} new.")
    except ServerAway as away:
        click.echo(f"{away}\nThese letters were fetched before:", err=True)
    letters = listing.ordered(list(Cabinet(here.folder).opened(letters_key)))
    for number, (_, letter) in enumerate(letters, start=1):
        click.echo(listing.one_line(number, letter))
    if letters:
        click.echo("\nRead one: python3 build.py desk open 1     Answer it: python3 build.py desk answer 1")
    else:
        click.echo("No letters yet.")


@desk.command("open")
@click.argument("which")
@click.pass_obj
@_telling
def open_command(here: Desk, which: str) -> None:
    """Show one whole letter, by its number in the list or its id."""
    for line in listing.whole(here.find(which)):
        click.echo(line)


@desk.command()
@click.argument("which")
@click.option("--text", help="The answer. Without it you are asked.")
@click.pass_obj
@_telling
def answer(here: Desk, which: str, text: str | None) -> None:
    """Answer a letter. The person reads it with the receipt; write in the person's language."""
    letter = here.find(which)
    words = text if text is not None else click.prompt("Answer")
    answer_id, sealed = sealed_answer(letter, here.name, date.today(), words)  # noqa: DTZ011 - a day, not a moment
    here.server().answer(letter.id, answer_id, sealed)
    click.echo("Your answer is sealed and left for the person.")


@desk.command()
@click.pass_obj
@_telling
def signups(here: Desk) -> None:
    """Who comes, by event (the events desk only): python3 build.py desk --desk events signups."""
    server, identity = here.server(), here.identity()
    event = None
    for row in server.signups():
        if row["event"] != event:
            event = row["event"]
            click.echo(f"\n{listing.plain(event)}")
        told = "" if row["state"] != "coming" else _told(open_letter(server.signup(row["id"]), identity))
        click.echo(f"  {row['people']:>3}  {listing.plain(row['state']):<10} {told}")


def _told(letter: Letter) -> str:
    said = ("name", "phone", "interpreter", "needs")
    return ", ".join(listing.plain(letter.answers[name]) for name in said if letter.answers.get(name))


@desk.command("new-key")
@click.option("--passphrase", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for if not given.")
@click.pass_obj
@_telling
def new_key(here: Desk, passphrase: str) -> None:
    """Make this desk's key and token for real use, under a passphrase."""
    public = keys.make(here.folder, passphrase)
    click.echo(f"Put these two lines under the desk {here.name} in content/portal.yml and build the site again:\n")
    click.echo(f"    key: {public.key}\n    pickup: {public.pickup}\n")
    click.echo(f"The secret stays in {here.folder}. Keep a copy of that folder and of the passphrase in a safe.")
    click.echo("Without them nobody can open this desk's letters, not even we.")
