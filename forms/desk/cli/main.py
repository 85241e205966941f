"""The desk's commands: the window, and the same work in a terminal."""

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import click
from click.core import ParameterSource

from forms.core.builds.version import VERSION
from forms.core.files.durable import write_or_complain
from forms.core.problem import Problem
from forms.core.trusted_date import machines_doubt
from forms.desk import doctor, notifications
from forms.desk.cases import plain_text
from forms.desk.cases.case import STATES, Case
from forms.desk.cases.publishing import publish
from forms.desk.cases.search import Wanted, find
from forms.desk.cli.errors import show_problems
from forms.desk.cli.event_commands import register_event_commands
from forms.desk.cli.folder_commands import FOLDER_COMMANDS
from forms.desk.cli.key_commands import KEY_COMMANDS
from forms.desk.cli.terminal import say
from forms.desk.command_line import command as typed
from forms.desk.command_line import forget_start, note_start
from forms.desk.crypto import key_sheet, keys
from forms.desk.crypto.answers import read_recording
from forms.desk.events.gateways import Gateway, http_gateway
from forms.desk.services.place import Place
from forms.desk.session import Session
from forms.desk.watch.site_watch import WHAT_TO_DO, SiteWatch, findings, last_portal

DEFAULT_HOME = Path("var") / "desk"
DEFAULT_DESK = "police"

LEAST_OF_ID = 8
"""Digits of an id that name a case on every machine."""

CLOCK = "forms.desk.clock"
"""Where click's context keeps the clock of the commands. Whoever calls `desk` in a program gives one as `obj`."""


def unlock(here: Place) -> Session:
    """Return the desk, opened; asks for the passphrase where its key has one. Raises Problem."""
    return Session.unlock(here, ask_passphrase(here), _clock())


def ask_passphrase(here: Place) -> str | None:
    """Return the passphrase, typed; None where the key has none."""
    return click.prompt("Passphrase", hide_input=True) if keys.has_passphrase(here.folder) else None


def listed(session: Session, wanted: Wanted | None = None) -> list[Case]:
    """Return the cases in the order of the list."""
    return find(session.cases.all(), wanted or Wanted(merged=True), _today())


def find_case(session: Session, which: str) -> Case:
    """Return the case with this number in this machine's list, or with an id that begins like this. Raises Problem.

    Numbers are this machine's own: another of the desk may not have fetched, or has read, something else. The first
    eight digits of an id are the same on all.
    """
    numbered = {str(number): case for number, case in enumerate(listed(session), start=1)}
    wanted = which.lower()
    begins = [case for case in session.cases.all() if len(wanted) >= LEAST_OF_ID and case.id.startswith(wanted)]
    found = [numbered[which]] if which in numbered else begins
    if len(found) != 1:
        raise _no_such_letter(session, which, many=len(found) > 1)
    return found[0]


def _no_such_letter(session: Session, which: str, *, many: bool) -> Problem:
    if not session.cases.all():
        return Problem(which, "No letter was fetched to this machine yet.", f"Fetch and list them: {typed('list')}")
    what = "Several letters begin like this." if many else "There is no such letter here."
    todo = f"See this machine's numbers, and the ids that are the same on all: {typed('list')}"
    return Problem(which, what, todo)


def _started_as(context: click.Context) -> str:
    """Return how this desk was called: `python3 build.py desk --desk legal --server https://portal.example`."""
    given = [option for option in context.command.params if _was_given(context, option.name or "")]
    words = [word for option in given for word in (option.opts[0], str(context.params[option.name or ""]))]
    quoted = subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
    return f"{context.command_path} {quoted}".strip()


def _was_given(context: click.Context, name: str) -> bool:
    """Return whether somebody gave an option here, or the environment did: another terminal may not have it."""
    return context.get_parameter_source(name) in {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}


def _clock() -> Callable[[], date]:
    """Return what tells this machine's day: the clock that the desk was called with, as tests do, or the machine's."""
    clock: Callable[[], date] = click.get_current_context().meta.get(CLOCK, date.today)
    return clock


def _today() -> date:
    return _clock()()


@click.group(invoke_without_command=True)
@click.option("--desk", "name", default=DEFAULT_DESK, show_default=True, help="Which desk this is, as in portal.yml.")
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
@click.version_option(VERSION, message="%(version)s")
@click.pass_context
@show_problems
def desk(context: click.Context, name: str, home: Path, address: str) -> None:
    """Open the desk: fetch sealed letters, read and answer them on this machine.

    Without a command a window opens in the browser. Letters are kept sealed; what is opened is shown and never
    written to disk.
    """
    if callable(context.obj):
        context.meta[CLOCK] = context.obj
    context.obj = Place(name, home / name, address)
    note_start(_started_as(context))
    context.call_on_close(forget_start)
    if context.invoked_subcommand is None:
        context.invoke(window)


@desk.command()
@click.option("--port", default=0, help="Where the window listens on this machine; any free port if not given.")
@click.option("--browser/--no-browser", default=True, help="Open the browser, or only print the address.")
@click.pass_obj
@show_problems
def window(here: Place, port: int = 0, browser: bool = True) -> None:
    """Open the desk in a browser window on this machine."""
    from forms.desk.window.start import open_window  # noqa: PLC0415 - commands without a window start faster

    keys.token(here.folder)
    open_window(here, port=port, open_browser=browser)


@desk.command("waiting")
@click.option("--by-sms", is_flag=True, help="To PORTAL_NOTICE_NUMBER, by the provider that PORTAL_SMS_URL names.")
@click.pass_obj
@show_problems
def waiting_command(here: Place, by_sms: bool) -> None:
    """For a scheduler, once a day: one sentence if anything waits here, else nothing. Opens and fetches nothing.

    It needs no passphrase and asks once a day at most. The exit code is 0 whether or not something waits, so that no
    log of the machine tells it; 1 where the server could not be asked.
    """
    # Settings are looked at before the server is asked: a complaint about them must not tell that something waits.
    way_out = _way_out(os.environ) if by_sms else None
    said = notifications.notice(here.server(), here.folder, _today())
    if said and way_out:
        gateway, number, template = way_out
        # An operator drops a text that is not the one registered under the template, and says so to nobody.
        language = os.environ.get("PORTAL_NOTICE_LANGUAGE", "en" if template else "")
        notifications.send_notice(gateway, number, notifications.in_language(language) if language else said, template)
    elif said:
        say(said)


def _way_out(settings: Mapping[str, str]) -> tuple[Gateway, str, str]:
    gateway = http_gateway(settings)
    if gateway is None:
        raise Problem("PORTAL_SMS_URL", "is not set.", "Set it to the provider's address, or leave out --by-sms.")
    number = notifications.number_of(settings.get("PORTAL_NOTICE_NUMBER", ""))
    return gateway, number, settings.get("PORTAL_NOTICE_TEMPLATE", "")


@desk.command("list")
@click.option("--search", "text", default="", help="Words that must all be in it.")
@click.option("--state", type=click.Choice(["", *STATES]), default="", help="Only cases in this state.")
@click.pass_obj
@show_problems
def list_command(here: Place, text: str, state: str) -> None:
    """Fetch what waits and list all cases: urgent ones first, then late ones, then the newest.

    Marks: ! urgent, c a child, L late, + added after it was closed, p photos or a recording, ? two say different
    things, = put together with another, 2 second tray.
    """
    session = unlock(here)
    synced = session.sync.run()
    erased = f" Erased for good, since the person asked: {synced.erased}." if synced.erased else ""
    say(f"{synced.away}\nThese letters were fetched before:" if synced.away else
               f"Desk {here.name}: {synced.new} new.{erased}", err=bool(synced.away))  # fmt: skip
    if synced.outdated:
        say(f"{synced.outdated} Letters were fetched, and what waited here was sent.", err=True)
    for line in _erasure_lines(session):
        say(line)
    say_alarms(session.site_watch)
    if not synced.away:
        doctor.note_colleagues(session)
    wanted = {case.id for case in listed(session, Wanted(text=text, state=state, merged=True))}
    for number, case in enumerate(listed(session), start=1):
        if case.id in wanted:
            say(plain_text.one_line(number, case, _today()))
    if wanted:
        say(f"\nRead one: {typed('open 1')}     Answer it: {typed('answer 1')}")
    else:
        say("No letters yet." if not session.cases.all() else "No letter is like that.")


def _erasure_lines(session: Session) -> Iterator[str]:
    """Yield what staff must know of requests to erase a letter."""
    for case_id, last_day in sorted(session.cases.resting().items()):
        yield f"{case_id}: asked to be erased, goes on {last_day}."
    unproven = session.cases.unproven_requests()
    for case in session.cases.all():
        if case.id in unproven:
            yield f"{case.id}: somebody asked for erasing; not proven. Look at it in the window: {typed()}"


@desk.command("open")
@click.argument("which")
@click.pass_obj
@show_problems
def open_command(here: Place, which: str) -> None:
    """Show one whole case, by its number in the list or its id."""
    session = unlock(here)
    case = find_case(session, which)
    for letter in case.letters:
        if isinstance(letter, Problem):
            raise letter
        say("\n".join([*plain_text.came_by(case, letter), *plain_text.whole(letter), ""]))
    if case.parts:
        say(f"See and hear photos and recordings in the window: {typed()}\n")
    say("\n".join(plain_text.log(case)))
    session.log.mark_read(case.id)


@desk.command()
@click.argument("which")
@click.option("--text", help="The answer. Without it you are asked.")
@click.option("--state", type=click.Choice(["", "looking", "closed"]), default="", help="What the person is told.")
@click.option("--voice", type=click.Path(path_type=Path), help="A recording that says the same, of at most a minute.")
@click.pass_obj
@show_problems
def answer(here: Place, which: str, text: str | None, state: str, voice: Path | None) -> None:
    """Answer a letter. The person reads it with the receipt; write in the person's language.

    Whoever does not read hears a recording; write what it says all the same, so that it can be read and exported.
    """
    recording = read_recording(voice) if voice else b""
    session = unlock(here)
    case = find_case(session, which)
    session.log.answer(case.id, text if text is not None else click.prompt("Answer"), state, recording)
    waiting = session.outbox.waiting
    say("Your answer is sealed. The server is away: it is sent at the next fetch." if waiting else
               "Your answer is sealed and left for the person.")  # fmt: skip


@desk.command()
@click.argument("which")
@click.argument("state", type=click.Choice(STATES[1:]))
@click.option("--outcome", default="", help="What came of it, where it is closed.")
@click.pass_obj
@show_problems
def state(here: Place, which: str, state: str, outcome: str) -> None:
    """Put a case into a state; "looking" and "closed" are shown to the person."""
    session = unlock(here)
    session.log.write(find_case(session, which).id, "state", state=state, outcome=outcome)
    say(f"Written down: {state}.")


@desk.command()
@click.argument("which")
@click.argument("text")
@click.pass_obj
@show_problems
def note(here: Place, which: str, text: str) -> None:
    """Add a note to a case's log, for this desk only."""
    session = unlock(here)
    session.log.write(find_case(session, which).id, "note", text=text)
    say("Written down.")


@desk.command()
@click.argument("which")
@click.argument("into")
@click.pass_obj
@show_problems
def merge(here: Place, which: str, into: str) -> None:
    """Put a case that tells the same into another; both keep what they hold."""
    session = unlock(here)
    one, other = find_case(session, which), find_case(session, into)
    session.log.merge(one.id, other.id)
    say("Written down: it belongs to the other case now. To part them again: the window.")


@desk.command("hand-over")
@click.argument("which")
@click.argument("to")
@click.pass_obj
@show_problems
def hand_over(here: Place, which: str, to: str) -> None:
    """Seal a case anew for another desk; never for one that the person left out."""
    session = unlock(here)
    session.sharing.hand_over(find_case(session, which).id, to)
    say(f"Sealed for {to}.")


@desk.command()
@click.argument("which")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", help="The age key of the office that gets it; without it a passphrase is asked for.")
@click.pass_obj
@show_problems
def export(here: Place, which: str, file: Path, to: str | None) -> None:
    """Write one case into a sealed file for a court, with the SHA-256 of everything in it."""
    session = unlock(here)
    key = to or click.prompt("Passphrase of the file", hide_input=True, confirmation_prompt=True)
    write_or_complain(file, session.sharing.export(find_case(session, which).id, key))
    say(f"Sealed into {file}. Open it with any age tool: age -d {file.name} > case.zip")


@desk.command()
@click.argument("which", required=False)
@click.option("--old", is_flag=True, help="All closed cases that have been kept long enough.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.pass_obj
@show_problems
def erase(here: Place, which: str | None, old: bool, yes: bool) -> None:
    """Erase a case here and on the server; this cannot be taken back."""
    session = unlock(here)
    found = list(session.erasing.old_cases()) if old else [find_case(session, which or "")]
    doubt = machines_doubt(session.clock.known_day)
    if old and doubt:
        say(doubt)
    if found and not yes:
        click.confirm(f"Erase {len(found)} case(s) for ever?", abort=True)
    for case in found:
        session.erasing.erase(case.id)
    say(f"Erased: {len(found)}.")


@desk.command("keys")
@click.pass_obj
@show_problems
def keys_command(here: Place) -> None:
    """Show the fingerprints of all desks' keys, to be compared with the printed sheet or on the telephone."""
    session = unlock(here)
    away = session.sync.run().away
    if away:
        say(away, err=True)
    _show_keys(session)


def _show_keys(session: Session, who: str = "") -> None:
    for line in key_sheet.lines(session.keys.pinned, session.portal.current.desks, session.keys.member, who):
        say(plain_text.plain(line))


@desk.command()
@click.argument("who", required=False, default="")
@click.option("--all", "everybody", is_flag=True, help="All keys, after you compared them with the printed sheet.")
@click.option("--refuse", is_flag=True, help="The new key is not right: go on with the one that this machine knows.")
@click.option("--stolen", is_flag=True, help="The old key may be in wrong hands: its signatures count no more.")
@click.option("--old-entries", is_flag=True, help="Let entries count that are here and not proven, as after a restore.")
@click.option("--statements", is_flag=True, help="Let the server's daily statements begin anew, after you asked why.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.pass_obj
@show_problems
def trust(
    here: Place, who: str, everybody: bool, refuse: bool, stolen: bool, old_entries: bool, statements: bool, yes: bool
) -> None:
    """Confirm the changed keys of a person or desk, like police/anita, after comparing fingerprints."""
    session = unlock(here)
    if statements:
        _begin_statements_anew(session, yes)
        return
    if old_entries:
        _accept_old_entries(session, yes)
        return
    if bool(who) == everybody or (refuse and everybody):
        raise Problem("trust", "Whose keys?", f"Name one person or desk, or give --all. See: {typed('keys')}")
    _show_keys(session, who)
    if refuse:
        say(f"Refused: {session.key_decisions.refuse(who)}. Tell whoever builds the site.")
        return
    if not yes:
        click.confirm("Are these the numbers on the printed sheet, or as you were told on the telephone?", abort=True)
    say(f"Confirmed: {session.key_decisions.trust(who, stolen=stolen)}.")


def _begin_statements_anew(session: Session, yes: bool) -> None:
    for sentence in session.withheld.statements.known().findings():
        say(sentence)
    if not yes:
        click.confirm("Has whoever runs the server told you why, and do you believe it?", abort=True)
    was_there = session.withheld.statements.begin_anew()
    say("They begin anew at the next fetch." if was_there else "There were none.")


def _accept_old_entries(session: Session, yes: bool) -> None:
    found = session.cases.unproven()
    for entry in found:
        say(f"{entry.thread[:8]}  {plain_text.plain(entry.at)}  {plain_text.plain(entry.member)}  {entry.kind}")
    for id in (copies := session.cases.unproven_copies()):
        say(f"{id[:8]}  a copy without a right signature")
    if (found or copies) and not yes:
        click.confirm("Did these people write this, and make these copies?", abort=True)
    say(f"They count now: {session.key_decisions.accept_unsigned()}.")


@desk.command("doctor")
@click.pass_obj
@show_problems
def doctor_command(here: Place) -> None:
    """Say what is wrong at this desk, and what to do."""
    findings = doctor.examine(unlock(here))
    for finding in findings:
        say(f"{'well ' if finding.ok else 'MEND '} {finding.sentence}")
    raise SystemExit(0 if all(finding.ok for finding in findings) else 1)


@desk.command("watch")
@click.option("--all", "everything", is_flag=True, help="Every page in every language, not a few at random.")
@click.option("--seen", is_flag=True, help="Forget the alarms: somebody has dealt with them.")
@click.option("--trust", is_flag=True, help="Trust the publishers' keys that the portal names now.")
@click.pass_obj
@show_problems
def watch_command(here: Place, everything: bool, seen: bool, trust: bool) -> None:
    """Compare the public site with what its publishers signed, as a visitor. Needs no passphrase.

    Run it from other networks too, like a phone's: a server may know this machine by its network address.
    """
    watch, portal = SiteWatch(here.folder, here.address), last_portal(here.folder)
    if trust:
        say("\n".join(["Trusted from now on:", *(watch.trust_publishers(portal) or ["no key"])]))
    if seen or trust:
        say(f"Alarms forgotten: {watch.dismiss()}.")
    watch.look(portal, _today(), everything=everything)
    said = list(findings(watch, portal, _today()))
    for ok, sentence in said:
        say(f"{'well ' if ok else 'MEND '} {sentence}")
    raise SystemExit(0 if all(ok for ok, _ in said) else 1)


def say_alarms(watch: SiteWatch) -> None:
    """Say loudly, on the error stream, what was changed on the public site."""
    alarms = watch.state.alarms
    if alarms:
        lines = [
            "THE PUBLIC SITE IS NOT WHAT ITS PUBLISHERS SIGNED:",
            *(f"  {one.day}: {one.sentence}" for one in alarms),
        ]
        say("\n".join([*lines, WHAT_TO_DO, f"When it is dealt with: {typed('watch --seen')}"]), fg="red", err=True)


@desk.command()
@click.argument("member")
@click.pass_obj
@show_problems
def reseal(here: Place, member: str) -> None:
    """Seal all open cases anew for a colleague with a new key, like police/anita."""
    session = unlock(here)
    session.sync.run()
    count = session.sharing.reseal(member)
    doctor.note_colleagues(session, member)
    say(f"{count} open cases are sealed for {member}.")


@desk.command()
@click.pass_obj
@show_problems
def access(here: Place) -> None:
    """Who of this desk did what with which letter, as the server wrote it down."""
    for row in unlock(here).place.server().access():
        say("  ".join(plain_text.plain(row.get(name, "")) for name in ("at", "member", "what", "letter")))


@desk.command("publish")
@click.option("--content", type=click.Path(path_type=Path), default=Path("content"), show_default=True,
              help="The folder in which portal.yml stands.")  # fmt: skip
@click.pass_obj
@show_problems
def publish_command(here: Place, content: Path) -> None:
    """Write the counts of every quarter that is over into content/tables/heard.csv, small ones withheld."""
    session = unlock(here)
    session.sync.run()
    say(publish(session.cases.all(), session.portal.current, content, _today()))


@desk.command("forget-old-keys")
@click.option("--seal-anew", is_flag=True, help="First seal for the present key what only old ones open.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.pass_obj
@show_problems
def forget_old_keys(here: Place, seal_anew: bool, yes: bool) -> None:
    """Forget the old keys of this machine, after saying what will not open any more; this cannot be taken back."""
    passphrase = ask_passphrase(here)
    session = Session.unlock(here, passphrase, _clock())
    if len(session.own_keys.identities) == 1:
        say("This machine has no old key.")
        return
    session.key_retirement.require_that_new_key_is_known()
    found = session.key_retirement.needing()
    say(found.sentence)
    for number, case in enumerate(listed(session), start=1):
        if case in found.cases:
            say(plain_text.one_line(number, case, _today()))
    if found.files:
        say("They are sealed for the present key first." if seal_anew else
                   "They will not open any more on this machine. To keep them: --seal-anew.")  # fmt: skip
    if not yes:
        click.confirm("Forget the old keys for ever?", abort=True)
    if seal_anew:
        session.key_retirement.seal_anew(found)
    say(f"Forgotten: {session.key_decisions.forget_old_keys(passphrase)}. Copies of the folder still have them.")


register_event_commands(desk, unlock, find_case, _today)
for command in (*KEY_COMMANDS, *FOLDER_COMMANDS):
    desk.add_command(command)


def main() -> None:
    """Run the installed command `portal-desk`: keys and letters in the folder of this user."""
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
