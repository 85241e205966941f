"""Commands that back up and restore the desk's folder. They decrypt nothing."""

from pathlib import Path

import click

from forms.desk import folder_copy
from forms.desk.cli.errors import show_problems
from forms.desk.cli.terminal import say
from forms.desk.services.place import DeskPlace


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
@show_problems
def backup(place: DeskPlace, file: Path) -> None:
    """Copy this desk's folder into FILE, like a stick. All in it is encrypted; it opens with this desk's passphrase."""
    count = folder_copy.make_copy(place.folder, file)
    say(f"{file}: {count} files, written and read back. Keep it locked away, apart from the passphrase.")
    say("Cases that are erased later stay in it: replace it, and destroy the one before.")


@click.command("bring-back")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
@show_problems
def bring_back(place: DeskPlace, file: Path) -> None:
    """Make this desk's folder on a new machine from the copy in FILE."""
    count = folder_copy.bring_back(file, place.folder)
    say(f"{place.folder}: {count} files are back. Fetch now: what came since is on the server.")
    say("Cases that were erased since the copy are here again: erase them.")


FOLDER_COMMANDS = (backup, bring_back)
