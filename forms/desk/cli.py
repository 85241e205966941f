"""The desk's commands: the window, and the same work in a terminal."""

from datetime import date
from pathlib import Path

import click

from forms.days import machines_doubt
from forms.desk import doctor, keys, listing
from forms.desk.casework import STATES, Case
from forms.desk.event_commands import wire
from forms.desk.finding import Wanted, find
from forms.desk.opening import Letter
from forms.desk.publishing import publish
from forms.desk.session import Place, Session
from forms.desk.telling import telling
from forms.problem import Problem

DEFAULT_HOME = Path("var") / "desk"


def unlock(here: Place) -> Session:
    """The desk, opened; asks for the passphrase where its key has one. Raises Problem."""
    asked = keys.has_passphrase(here.folder)
    return Session.unlock(here, click.prompt("Passphrase", hide_input=True) if asked else None)


def listed(session: Session, wanted: Wanted | None = None) -> list[Case]:
    """The cases in the order of the list."""
    return find(session.cases(), wanted or Wanted(merged=True), _today())


def find_case(session: Session, which: str) -> Case:
    """The case with this number in the list, or this id. Raises Problem."""
    numbered = {str(number): case for number, case in enumerate(listed(session), start=1)}
    found = numbered.get(which) or next((case for case in session.cases() if case.id == which), None)
    if found is None:
        raise Problem(which, "There is no such letter here.", "See the numbers with: python3 build.py desk list")
    return found


def _today() -> date:
    return date.today()  # noqa: DTZ011 - a day, not a moment


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
@telling
def desk(context: click.Context, name: str, home: Path, address: str) -> None:
    """Open the desk: fetch sealed letters, read and answer them on this machine.

    Without a command a window opens in the browser. Letters are kept sealed; what is opened is shown and never
    written to disk.
    """
    context.obj = Place(name, home / name, address)
    if context.invoked_subcommand is None:
        context.invoke(window)


@desk.command()
@click.option("--port", default=0, help="Where the window listens on this machine; any free port if not given.")
@click.option("--browser/--no-browser", default=True, help="Open the browser, or only print the address.")
@click.pass_obj
@telling
def window(here: Place, port: int = 0, browser: bool = True) -> None:
    """Open the desk in a browser window on this machine."""
    from forms.desk.window.start import open_window  # noqa: PLC0415 - commands without a window start faster

    keys.token(here.folder)
    open_window(here, port=port, open_browser=browser)


@desk.command("list")
@click.option("--search", "text", default="", help="Words that must all be in it.")
@click.option("--state", type=click.Choice(["", *STATES]), default="", help="Only cases in this state.")
@click.pass_obj
@telling
def list_command(here: Place, text: str, state: str) -> None:
    """Fetch what waits and list all cases: urgent ones first, then late ones, then the newest."""
    session = unlock(here)
    synced = session.sync()
    click.echo(f"{synced.away}\nThese letters were fetched before:" if synced.away else
               f"Desk {here.name}: {synced.new} new.", err=bool(synced.away))  # fmt: skip
    if not synced.away:
        doctor.note_colleagues(session)
    wanted = {case.id for case in listed(session, Wanted(text=text, state=state, merged=True))}
    for number, case in enumerate(listed(session), start=1):
        if case.id in wanted:
            click.echo(listing.one_line(number, case, _today()))
    if wanted:
        click.echo("\nRead one: python3 build.py desk open 1     Answer it: python3 build.py desk answer 1")
    else:
        click.echo("No letters yet." if not session.cases() else "No letter is like that.")


@desk.command("open")
@click.argument("which")
@click.pass_obj
@telling
def open_command(here: Place, which: str) -> None:
    """Show one whole case, by its number in the list or its id."""
    session = unlock(here)
    case = find_case(session, which)
    for letter in case.letters:
        if isinstance(letter, Problem):
            raise letter
        click.echo("\n".join(listing.whole(letter)))
    click.echo("\n".join(listing.log(case)))


@desk.command()
@click.argument("which")
@click.option("--text", help="The answer. Without it you are asked.")
@click.option("--state", type=click.Choice(["", "looking", "closed"]), default="", help="What the person is told.")
@click.pass_obj
@telling
def answer(here: Place, which: str, text: str | None, state: str) -> None:
    """Answer a letter. The person reads it with the receipt; write in the person's language."""
    session = unlock(here)
    case = find_case(session, which)
    session.answer(case.id, text if text is not None else click.prompt("Answer"), state)
    waiting = session.outbox.waiting
    click.echo("Your answer is sealed. The server is away: it is sent at the next fetch." if waiting else
               "Your answer is sealed and left for the person.")  # fmt: skip


@desk.command()
@click.argument("which")
@click.argument("state", type=click.Choice(STATES[1:]))
@click.option("--outcome", default="", help="What came of it, where it is closed.")
@click.pass_obj
@telling
def state(here: Place, which: str, state: str, outcome: str) -> None:
    """Put a case into a state; "looking" and "closed" are shown to the person."""
    session = unlock(here)
    session.write(find_case(session, which).id, "state", state=state, outcome=outcome)
    click.echo(f"Written down: {state}.")


@desk.command()
@click.argument("which")
@click.argument("text")
@click.pass_obj
@telling
def note(here: Place, which: str, text: str) -> None:
    """Add a note to a case's log, for this desk only."""
    session = unlock(here)
    session.write(find_case(session, which).id, "note", text=text)
    click.echo("Written down.")


@desk.command("hand-over")
@click.argument("which")
@click.argument("to")
@click.pass_obj
@telling
def hand_over(here: Place, which: str, to: str) -> None:
    """Seal a case anew for another desk; never for one that the person left out."""
    session = unlock(here)
    session.hand_over(find_case(session, which).id, to)
    click.echo(f"Sealed for {to}.")


@desk.command()
@click.argument("which")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", help="The age key of the office that gets it; without it a passphrase is asked for.")
@click.pass_obj
@telling
def export(here: Place, which: str, file: Path, to: str | None) -> None:
    """Write one case into a sealed file for a court, with the SHA-256 of everything in it."""
    session = unlock(here)
    key = to or click.prompt("Passphrase of the file", hide_input=True, confirmation_prompt=True)
    keys.write_safely(file, session.export(find_case(session, which).id, key))
    click.echo(f"Sealed into {file}. Open it with any age tool: age -d {file.name} > case.zip")


@desk.command()
@click.argument("which", required=False)
@click.option("--old", is_flag=True, help="All closed cases that have been kept long enough.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.pass_obj
@telling
def erase(here: Place, which: str | None, old: bool, yes: bool) -> None:
    """Erase a case here and on the server; this cannot be taken back."""
    session = unlock(here)
    found = list(session.old_cases()) if old else [find_case(session, which or "")]
    doubt = machines_doubt(session.known_day)
    if old and doubt:
        click.echo(doubt)
    if found and not yes:
        click.confirm(f"Erase {len(found)} case(s) for ever?", abort=True)
    for case in found:
        session.erase(case.id)
    click.echo(f"Erased: {len(found)}.")


@desk.command("doctor")
@click.pass_obj
@telling
def doctor_command(here: Place) -> None:
    """Say what is wrong at this desk, and what to do."""
    findings = doctor.examine(unlock(here))
    for finding in findings:
        click.echo(f"{'well ' if finding.ok else 'MEND '} {finding.sentence}")
    raise SystemExit(0 if all(finding.ok for finding in findings) else 1)


@desk.command()
@click.argument("member")
@click.pass_obj
@telling
def reseal(here: Place, member: str) -> None:
    """Seal all open cases anew for a colleague with a new key, like police/anita."""
    session = unlock(here)
    session.sync()
    count = session.reseal(member)
    doctor.note_colleagues(session, member)
    click.echo(f"{count} open cases are sealed for {member}.")


@desk.command()
@click.pass_obj
@telling
def access(here: Place) -> None:
    """Who of this desk did what with which letter, as the server wrote it down."""
    for row in unlock(here).who_did_what():
        click.echo("  ".join(listing.plain(row.get(name, "")) for name in ("at", "member", "what", "letter")))


@desk.command()
@click.pass_obj
@telling
def signups(here: Place) -> None:
    """Who comes, by event (the events desk only): python3 build.py desk --desk events signups."""
    session = unlock(here)
    event = None
    for row in session.signups():
        if row["event"] != event:
            event = row["event"]
            click.echo(f"\n{listing.plain(event)}")
        told = "" if row["state"] == "cancelled" else _told(session.signup_letter(row["id"]))
        click.echo(f"  {row['people']:>3}  {listing.plain(row['state']):<10} {told}")


def _told(letter: Letter) -> str:
    return ", ".join(listing.plain(value) for value in letter.answers.values() if value)


@desk.command("publish")
@click.option("--content", type=click.Path(path_type=Path), default=Path("content"), show_default=True,
              help="The folder in which portal.yml stands.")  # fmt: skip
@click.pass_obj
@telling
def publish_command(here: Place, content: Path) -> None:
    """Write the counts of every quarter that is over into content/tables/heard.csv, small ones withheld."""
    session = unlock(here)
    session.sync()
    click.echo(publish(session, content, _today()))


_PASSPHRASE = click.option(
    "--passphrase", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for if not given."
)


def _say_public(here: Place, public: keys.Public) -> None:
    click.echo(f"Put these two lines under the desk {here.name} in content/portal.yml and build the site again:\n")
    click.echo(f"    key: {public.key}\n    pickup: {public.pickup}\n")


@desk.command("new-key")
@_PASSPHRASE
@click.pass_obj
@telling
def new_key(here: Place, passphrase: str) -> None:
    """Make this machine's key and token for real use, under a passphrase.

    Where several people work at a desk each has a key: --desk police/anita.
    """
    _say_public(here, keys.make(here.folder, passphrase))
    click.echo(f"The secret stays in {here.folder}. Keep a copy of that folder and of the passphrase in a safe.")
    click.echo("Without them nobody can open this desk's letters, not even we.")


@desk.command("change-key")
@click.option("--passphrase", prompt=True, hide_input=True, help="The present one. Asked for if not given.")
@click.pass_obj
@telling
def change_key(here: Place, passphrase: str) -> None:
    """Take a new key and token; the old key stays to open older letters."""
    _say_public(here, keys.rotate(here.folder, passphrase or None))
    click.echo("Until then the old lines go on working. Afterwards the old key opens old letters only.")


@desk.command("change-passphrase")
@click.option("--old", prompt="Old passphrase", hide_input=True, help="Asked for if not given.")
@_PASSPHRASE
@click.pass_obj
@telling
def change_passphrase(here: Place, old: str, passphrase: str) -> None:
    """Put the same key under another passphrase."""
    keys.change_passphrase(here.folder, old, passphrase)
    click.echo("The key stands under the new passphrase. Copies of the folder still have the old one.")


@desk.command("recovery-key")
@click.pass_obj
@telling
def recovery_key(here: Place) -> None:
    """Show a new recovery key once, to be written down or printed and locked away. It is kept nowhere."""
    secret, public = keys.recovery()
    click.echo(f"Print this or write it down, and lock it away. It opens all letters from now on:\n\n    {secret}\n")
    click.echo(f"Put this line under the desk {here.name} in content/portal.yml and build the site again:\n")
    click.echo(f"    recovery: {public}\n")


@desk.command()
@click.option("--secret", prompt="Recovery key", hide_input=True, help="Asked for if not given.")
@_PASSPHRASE
@click.pass_obj
@telling
def restore(here: Place, secret: str, passphrase: str) -> None:
    """Set up a new machine from the printed recovery key."""
    _say_public(here, keys.restore(here.folder, secret, passphrase))


wire(desk, unlock, find_case)


def main() -> None:
    """The installed command `portal-desk`: keys and letters in the folder of this user."""
    home = Path.home() / ".portal-desk"
    desk.params = [replace_default(parameter, home) for parameter in desk.params]
    desk(prog_name="portal-desk")


def replace_default(parameter: click.Parameter, home: Path) -> click.Parameter:
    """The same option, but for `home`, whose default becomes this folder."""
    if parameter.name != "home":
        return parameter
    return click.Option(
        ["--home"], type=click.Path(path_type=Path), default=home, envvar="PORTAL_DESK_HOME", show_default=True,
        help="Folder of the desks' keys and letters.",
    )  # fmt: skip
