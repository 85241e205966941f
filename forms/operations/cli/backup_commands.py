"""Commands for backups: backup, backup-key, restore, verify."""

import os
import re
from datetime import date
from pathlib import Path

import click

from forms.core import portal as portals
from forms.core.problem import Problem, Problems
from forms.core.terminal.prompts import ask_secret, new_passphrase
from forms.operations.backup import folder, making, opening, restoring, verifying
from forms.operations.backup.folder import ERASED, Rule
from forms.operations.cli.main import checkout, report_problems
from forms.operations.installation import become_owner, become_owner_of_first, settings_here
from forms.server import first_start
from forms.server.config import ServerSettings
from forms.server.districts import settings as districts

FOLDER = "PORTAL_BACKUP_FOLDER"
KEY = "PORTAL_BACKUP_KEY"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_INTO = click.option(
    "--into", envvar=FOLDER, type=click.Path(file_okay=False, path_type=Path), required=True,
    help="Folder of the backups, on another disk if there is one.",
)  # fmt: skip
_OPEN = click.option("--key", type=_FILE, help="The operator's secret key (portal backup-key), on this machine alone.")
_SERVER_KEY = re.compile("ed25519:[0-9a-f]{64}")
ANY = "any"


def _server_key(_: click.Context, option: click.Parameter, text: str) -> str:
    """Return the key in what somebody copied, like the whole line that `backup` showed; "any" as it is.

    Raises BadParameter for what holds none: each backup would be called another server's, or none would be.
    """
    found: set[str] = set(_SERVER_KEY.findall(text.lower()))
    if len(found) == 1:
        return found.pop()
    if text == (ANY if option.required else ""):
        return text
    raise click.BadParameter("It holds no key of a server: ed25519: and 64 digits and letters, as `backup` shows it.")


_SIGNER = click.option(
    "--signer", default="", callback=_server_key,
    help="The server's key, as its first `backup` showed it: ed25519:...",
)  # fmt: skip


def rule(text: str) -> Rule:
    """Return how many backups stay, from a text like 7,4,12: days, weeks, months. Raises Problem."""
    numbers = text.split(",")
    if len(numbers) != 3 or not all(one.isascii() and one.isdigit() and int(one) for one in numbers):  # noqa: PLR2004
        raise Problem("PORTAL_BACKUP_KEEP", "is no such rule.", "Write days, weeks and months, like 7,4,12.")
    return Rule(*map(int, numbers))


@click.command()
@_INTO
@click.option("--to", envvar=KEY, required=True, help="The operator's public key (age1...); several with commas.")
@click.option("--keep", envvar="PORTAL_BACKUP_KEEP", default="7,4,12", show_default=True, help="Days, weeks, months.")
@click.option("--districts", "all_", envvar="PORTAL_DISTRICTS", type=click.Path(file_okay=False, path_type=Path))
@click.option("--erasures", is_flag=True, help="Only what was erased since: small, to be taken every hour.")
def backup(into: Path, to: str, keep: str, all_: Path | None, *, erasures: bool) -> None:
    """Back up the databases, the salt, the release and the settings into one encrypted file, while letters come.

    Settings are those of the service (PORTAL_DATA and others). Only the operator's secret key opens the file. Of many
    districts (PORTAL_DISTRICTS) each into a folder of its name; what one lacks stops no other.
    """
    with report_problems():
        recipients, kept = [one.strip() for one in to.split(",")], rule(keep)
        if all_ is None:
            settings = settings_here()
            become_owner(settings.data)
            _back_up(settings, into, recipients, None if erasures else kept)
            return
        become_owner_of_first(all_)
        failed = []
        for name in districts.names(all_):
            try:
                _back_up(districts.read(all_, name).settings, into / name, recipients, None if erasures else kept)
            except Problem as problem:
                failed.append(Problem(f"district {name}", str(problem)))
            except OSError as error:
                failed.append(
                    Problem(f"district {name}", f"{error.filename or into} cannot be written ({error.strerror}).")
                )
        if failed:
            raise Problems(failed)


def _back_up(settings: ServerSettings, into: Path, recipients: list[str], kept: Rule | None) -> None:
    """Make a full backup and keep so many; without a rule the small one of what was erased."""
    today = portals.read(settings.portal).today()
    if kept is None:
        made = making.make_erasures(settings, into, recipients, today, _PATIENCE)
    else:
        made = making.make(settings, into, recipients, today, os.environ, kept, _PATIENCE)
    click.echo(f"{made.path}: {made.size} bytes, written and read back.")
    for path in made.removed:
        click.echo(f"{path.name} is older than need be and was removed.")
    click.echo(f"Keep this line with the operator's key. Signed by {made.signer}")


_PATIENCE = 600.0
"""Seconds to wait for another backup: the nightly one and the hourly one of what was erased meet each other."""


@click.command("backup-key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@new_passphrase
def backup_key(file: Path, passphrase: str) -> None:
    """Make the operator's key into FILE. On the operator's own machine, never on the server."""
    with report_problems():
        public = opening.make_key(file, passphrase)
        click.echo(f"On the server: {KEY}={public}")
        click.echo(f"{file} and its passphrase open every backup: keep two copies in two places, none on the server.")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--key", type=_FILE, required=True, help="The operator's secret key (portal backup-key).")
@click.option("--signer", required=True, callback=_server_key,
              help=f"The server's key, as its first `backup` showed it; or: {ANY}")  # fmt: skip
@click.option("--erasures", type=_FILE, help=f"The newest {ERASED}. Default: the one beside FILE.")
@click.option("--release", type=click.Path(file_okay=False, path_type=Path), help="A new folder for the site.")
@click.option("--in-place", is_flag=True, help="Replace the data folder that is there; it is kept beside.")
@click.option("--renamed", is_flag=True, help="Take a backup of a district that had another name then.")
def restore(
    file: Path, key: Path, signer: str, erasures: Path | None, release: Path | None, *, in_place: bool, renamed: bool
) -> None:
    """Bring a lost server back from the backup FILE, into PORTAL_DATA. The service must be stopped.

    What people erased since that backup is erased again: by the newest erased.age, and by the databases that are there.
    """
    with report_problems(f"The disk of {os.environ.get('PORTAL_DATA') or 'PORTAL_DATA'}"):
        settings = settings_here()
        beside = file.with_name(ERASED)
        small = erasures or (beside if beside.exists() else None)
        opens = opening.Opening(_identities(key), "" if signer == ANY else signer)
        today = _today_here()
        found = restoring.restore(
            settings, file, opens, today, erasures=small, release=release, in_place=in_place, renamed=renamed
        )  # fmt: skip
        first_start.delete_note(settings)
        purge = checkout().purge
        if release is not None and purge is not None:
            purge(release / "public")
        print_restored(found, settings.data)
        if release is not None:
            click.echo(
                f"The site of that day is in {release}: look at consents.csv, and publish what content/ says now."
            )


def print_restored(found: restoring.Restored, data: Path) -> None:
    """Print what a restore brought back, until when, and what to do next."""
    of = found.manifest
    click.echo(f"{of.district}: backup {of.number} of {of.day} is back in {data}: {found.rows} rows.")
    click.echo(_until_when(found))
    if found.unread:
        click.echo("The databases that were there could not be read: what was erased since erased.age may be back.")
    click.echo(f"Erased again, since people or desks had erased it: {found.erased_again}.")
    click.echo(f"Signed by {found.signer}.")
    if found.before is not None:
        click.echo(f"What was there before lies in {found.before}. Remove it when all is well.")
    for name, text in restoring.settings_of(data).items():
        if os.environ.get(name) != text and not name.startswith("PORTAL_SALT"):
            click.echo(f"The lost machine had {name}={_without_password(text)}")
    click.echo(f"Now: chown -R portal: {data}; start the service; then each desk: portal-desk trust --statements")


def _until_when(found: restoring.Restored) -> str:
    """Return until when it is known what people erased: an older erased.age brings back what went since."""
    small = found.erasures
    if small is None:
        return "There was no erased.age: what people erased since that day may be back. Look for a newer one."
    if small.number < found.manifest.number:
        return f"erased.age of {small.day} is older than the backup: what people erased since it may be back."
    return f"What people erased until {small.day} stays erased, as erased.age says: is there no newer one?"


def _without_password(text: str) -> str:
    before, at, after = text.rpartition("@")
    return f"...@{after}" if at and ":" in before else text


@click.command()
@click.argument("files", nargs=-1, type=_FILE)
@click.option("--into", envvar=FOLDER, type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder.")
@_OPEN
@_SIGNER
def verify(files: tuple[Path, ...], into: Path | None, key: Path | None, signer: str) -> None:
    """Check backups: without a key that they are whole, signed and in order; with it every row of them.

    FILES: those to open; without any, the newest of the folder.
    """
    with report_problems():
        where = into or (files[0].parent if files else None)
        if where is None:
            raise Problem(FOLDER, "is not set.", "Name the folder: verify --into FOLDER")
        said = verifying.problems(where, signer)
        if said:
            raise Problems(Problem("", one, "Do not rely on it: find out why.") for one in said)
        newest, *older = folder.every(where)
        whole = f"{1 + len(older)} backups are whole and signed by one server; the newest is of {newest.day}."
        click.echo(f"{where}: {whole}")
        if key is None:
            click.echo("Whether they open was not tried: that needs --key, on the operator's machine.")
            return
        identities = _identities(key)
        for path in files or [one.path for one in folder.every(where)[:1]]:
            checked = verifying.check(path, identities, signer)
            about = checked.manifest
            click.echo(
                f"{path.name}: {about.district}, {about.day}, {checked.rows} rows, {checked.files} files: all read."
            )


def _identities(key: Path) -> list[str]:
    return opening.read_identities(key, lambda: ask_secret("Passphrase of the operator's key"))


def _today_here() -> date:
    return checkout().today()
