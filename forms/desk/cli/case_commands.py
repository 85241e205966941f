"""Commands for cases: list, read, answer and close them, hand them over, export, erase, publish their counts."""

from collections.abc import Iterator
from pathlib import Path

import click

from forms.core.files.durable import write_or_complain
from forms.core.problem import Problem
from forms.core.terminal.prompts import ask, ask_secret
from forms.core.trusted_date import machine_clock_warning
from forms.desk.cases import plain_text
from forms.desk.cases.log.case_log import STATES, is_repeated_answer
from forms.desk.cases.publishing import publish
from forms.desk.cases.search import CaseFilter
from forms.desk.cli.errors import show_problems
from forms.desk.cli.opening import find_case, number_cases, sorted_cases, today, unlock
from forms.desk.cli.terminal import say
from forms.desk.cli.watch_commands import show_alarms
from forms.desk.command_line import command as desk_command
from forms.desk.crypto.answers import read_recording
from forms.desk.doctor.colleague_keys import record_colleague_keys
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session


@click.command("list")
@click.option("--search", "text", default="", help="Words that must all be in it.")
@click.option("--state", type=click.Choice(["", *STATES]), default="", help="Only cases in this state.")
@click.pass_obj
@show_problems
def list_command(place: DeskPlace, text: str, state: str) -> None:
    """Fetch what waits and list all cases: urgent ones first, then late ones, then the newest.

    Marks: ! urgent, c a child, L late, + added after it was closed, p photos or a recording, ? two say different
    things, = put together with another, 2 second queue.
    """
    session = unlock(place)
    synced = session.sync.run()
    erased = f" Erased for good, since the person asked: {synced.erased}." if synced.erased else ""
    say(f"{synced.away}\nThese letters were fetched before:" if synced.away else
               f"Desk {place.name}: {synced.new} new.{erased}", err=bool(synced.away))  # fmt: skip
    if synced.outdated:
        say(f"{synced.outdated} Letters were fetched, and what waited here was sent.", err=True)
    for line in _erasure_lines(session):
        say(line)
    show_alarms(session.site_watch)
    if not synced.away:
        record_colleague_keys(session)
    matches = {case.id for case in sorted_cases(session, CaseFilter(text=text, state=state, merged=True))}
    for number, case in number_cases(session):
        if case.id in matches:
            say(plain_text.case_line(number, case, today()))
    if matches:
        say(f"\nRead one: {desk_command('open 1')}     Answer it: {desk_command('answer 1')}")
    else:
        say("No letters yet." if not session.cases.all() else "No letter is like that.")


def _erasure_lines(session: Session) -> Iterator[str]:
    """Yield the notices about requests to erase a letter."""
    for case_id, last_day in sorted(session.cases.awaiting_erasure().items()):
        yield f"{case_id}: asked to be erased, goes on {last_day}."
    unproven = session.cases.unproven_requests()
    for case in session.cases.all():
        if case.id in unproven:
            yield f"{case.id}: somebody asked for erasing; not proven. Look at it in the window: {desk_command()}"


@click.command("open")
@click.argument("which")
@click.pass_obj
@show_problems
def open_command(place: DeskPlace, which: str) -> None:
    """Show one whole case, by its number in the list or its id."""
    session = unlock(place)
    case = find_case(session, which)
    for letter in case.letters:
        if isinstance(letter, Problem):
            raise letter
        say("\n".join([*plain_text.provenance_lines(case, letter), *plain_text.letter_lines(letter), ""]))
    if case.parts:
        say(f"See and hear photos and recordings in the window: {desk_command()}\n")
    say("\n".join(plain_text.log_lines(case)))
    session.log.mark_read(case.id)


@click.command()
@click.argument("which")
@click.option("--text", help="The answer. Without it you are asked.")
@click.option("--state", type=click.Choice(["", "looking", "closed"]), default="", help="What the person is told.")
@click.option("--voice", type=click.Path(path_type=Path), help="A recording that says the same, of at most a minute.")
@click.option("--again", is_flag=True, help="Also where you sent these very words before.")
@click.pass_obj
@show_problems
def answer(place: DeskPlace, which: str, text: str | None, state: str, voice: Path | None, again: bool) -> None:
    """Answer a letter. The person reads it with the receipt; write in the person's language.

    Whoever does not read hears a recording; write what it says all the same, so that it can be read and exported.
    """
    recording = read_recording(voice) if voice else b""
    session = unlock(place)
    case = find_case(session, which)
    words = text if text is not None else ask("Answer", or_else="or give it with --text")
    if not again and is_repeated_answer(case.entries, session.keys.member, words, with_voice=bool(recording)):
        say("You sent these very words already: they are not sent twice. To say them once more, type the same with "
            f"--again. To change the state by itself: {desk_command(f'state {which} STATE')}")  # fmt: skip
        return
    session.log.answer(case.id, words, state, recording)
    waiting = session.outbox.waiting
    say("Your answer is sealed. The server is away: it is sent at the next fetch." if waiting else
               "Your answer is sealed and left for the person.")  # fmt: skip


@click.command()
@click.argument("which")
@click.argument("state", type=click.Choice(STATES[1:]))
@click.option("--outcome", default="", help="What came of it, where it is closed.")
@click.pass_obj
@show_problems
def state(place: DeskPlace, which: str, state: str, outcome: str) -> None:
    """Put a case into a state; "looking" and "closed" are shown to the person."""
    session = unlock(place)
    session.log.write(find_case(session, which).id, "state", state=state, outcome=outcome)
    say(f"Written down: {state}.")


@click.command()
@click.argument("which")
@click.argument("text")
@click.pass_obj
@show_problems
def note(place: DeskPlace, which: str, text: str) -> None:
    """Add a note to a case's log, for this desk only."""
    session = unlock(place)
    session.log.write(find_case(session, which).id, "note", text=text)
    say("Written down.")


@click.command()
@click.argument("which")
@click.argument("into")
@click.pass_obj
@show_problems
def merge(place: DeskPlace, which: str, into: str) -> None:
    """Put a case that tells the same into another; both keep what they hold."""
    session = unlock(place)
    case, target = find_case(session, which), find_case(session, into)
    session.log.merge(case.id, target.id)
    say("Written down: it belongs to the other case now. To part them again: the window.")


@click.command("hand-over")
@click.argument("which")
@click.argument("to")
@click.pass_obj
@show_problems
def hand_over(place: DeskPlace, which: str, to: str) -> None:
    """Seal a case anew for another desk; never for one that the person left out."""
    session = unlock(place)
    session.sharing.hand_over(find_case(session, which).id, to)
    say(f"Sealed for {to}.")


@click.command()
@click.argument("which")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", help="The age key of the office that gets it; without it a passphrase is asked for.")
@click.pass_obj
@show_problems
def export(place: DeskPlace, which: str, file: Path, to: str | None) -> None:
    """Write one case into a sealed file for a court, with the SHA-256 of everything in it."""
    session = unlock(place)
    key = to or ask_secret("Passphrase of the file", or_else="or give an age key with --to", confirm=True)
    write_or_complain(file, session.sharing.export(find_case(session, which).id, key))
    say(f"Sealed into {file}. Open it with any age tool: age -d {file.name} > case.zip")


@click.command()
@click.argument("which", required=False)
@click.option("--old", is_flag=True, help="All closed cases that have been kept long enough.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.pass_obj
@show_problems
def erase(place: DeskPlace, which: str | None, old: bool, yes: bool) -> None:
    """Erase a case here and on the server; this cannot be taken back."""
    session = unlock(place)
    cases = list(session.erasing.old_cases()) if old else [find_case(session, which or "")]
    doubt = machine_clock_warning(session.clock.known_day)
    if old and doubt:
        say(doubt)
    if cases and not yes:
        click.confirm(f"Erase {len(cases)} case(s) for ever?", abort=True)
    for case in cases:
        session.erasing.erase(case.id)
    say(f"Erased: {len(cases)}.")


@click.command("publish")
@click.option("--content", type=click.Path(path_type=Path), default=Path("content"), show_default=True,
              help="The folder in which portal.yml stands.")  # fmt: skip
@click.pass_obj
@show_problems
def publish_command(place: DeskPlace, content: Path) -> None:
    """Write the counts of every quarter that is over into content/tables/heard.csv, small ones withheld."""
    session = unlock(place)
    session.sync.run()
    say(publish(session.cases.all(), session.portal.current, content, today()))


CASE_COMMANDS = (list_command, open_command, answer, state, note, merge, hand_over, export, erase, publish_command)
