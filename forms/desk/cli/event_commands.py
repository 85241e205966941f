"""Commands for events. register_event_commands adds them to the desk's group."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from forms.core.files.durable import write_or_complain
from forms.core.problem import Problem
from forms.core.trusted_date import day_here, machine_clock_warning
from forms.desk.cases.case import Case
from forms.desk.cases.plain_text import printable
from forms.desk.cli.errors import show_problems
from forms.desk.cli.terminal import say
from forms.desk.events import event_export as exporting
from forms.desk.events import event_views as views
from forms.desk.events.event_records import ACTIONS, EventRecords, open_event_records
from forms.desk.events.event_retention import erase_old_names
from forms.desk.events.event_session import EventDesk, current_minute
from forms.desk.events.messaging.gateways import FileOutbox, http_gateway
from forms.desk.events.messaging.reminders import SENT, SendResult, count_unreachable, send, with_states
from forms.desk.events.messaging.sms import price
from forms.desk.events.visits import EventPlan, append_row, event_row
from forms.desk.session import Session

Opener = Callable[[Any], EventRecords]
"""Returns the event records of the unlocked desk from click's object."""

Finder = Callable[[Session, str], Case]
"""Returns a case of an unlocked session from a typed number of the list or an id."""


def register_event_commands(
    desk: click.Group, unlock: Callable[[Any], Session], find_case: Finder, today: Callable[[], date] = day_here
) -> None:
    """Add the commands to the desk's group. unlock: returns a session from click's object; may ask for a passphrase."""

    def open_records(here: Any) -> EventRecords:
        return open_event_records(EventDesk(unlock(here)), today)

    for command in (
        _events(open_records), _sheet(open_records), _walk_in(open_records), _export(open_records),
        _remind(open_records), _visit(unlock, find_case, today), _signup(open_records),
    ):  # fmt: skip
        desk.add_command(command)


def fetch_lines(records: EventRecords) -> list[str]:
    """Fetch, and erase names that were kept long enough; return lines about both."""
    fetched = records.fetch()
    lines = [f"{fetched.away} You see what was fetched before."] if fetched.away else []
    if fetched.new or fetched.cancelled:
        lines.append(f"{fetched.new} new or changed sign-ups, {fetched.cancelled} cancelled.")
    lines += [
        f"Names of {printable(count.event)} are erased: {count.signed_up} had signed up, {count.came} came."
        for count in erase_old_names(records)
    ]
    doubt = machine_clock_warning(records.known_day)
    return [*lines, doubt] if doubt else lines


def _events(open_records: Opener) -> click.Command:
    @click.command("events")
    @click.argument("event", required=False)
    @click.option("--names", is_flag=True, help="Who comes to each of them, one event after the other.")
    @click.option("--marks", type=click.Path(path_type=Path), help="Take in the marks of another machine's folder.")
    @click.pass_obj
    @show_problems
    def events(here: Any, event: str | None, names: bool, marks: Path | None) -> None:
        """Events with how many come; with an event's id: who comes, who waits, who came."""
        records = open_records(here)
        for line in fetch_lines(records):
            say(line, err=True)
        if marks:
            say(f"{records.import_marks(marks)} new marks.", err=True)
        lines = views.names_lines(records) if names else views.list_lines(records)
        for line in views.event_lines(records, event) if event else lines:
            say(line)

    return events


def _sheet(open_records: Opener) -> click.Command:
    @click.command("sheet")
    @click.argument("event")
    @click.option("--language", help="A language of the portal; the event's if not given.")
    @click.option("--to", type=click.Path(path_type=Path), help="The file; named after the event if not given.")
    @click.pass_obj
    @show_problems
    def sheet(here: Any, event: str, language: str | None, to: Path | None) -> None:
        """The attendance sheet as PDF. It is opened data: names that anybody reads who gets the file."""
        records = open_records(here)
        language = language or views.sheet_language(records, event)
        pdf = views.sheet_pdf(records, event, language)
        path = to or Path(f"attendance-{records.gathering(event).id}-{language}.pdf")
        _write(path, pdf)
        say(f"Written: {path}. Print it, then erase the file.")

    return sheet


def _signup(open_records: Opener) -> click.Command:
    @click.command("sign-up")
    @click.argument("action", type=click.Choice(ACTIONS))
    @click.argument("target")
    @click.pass_obj
    @show_problems
    def sign_up(here: Any, action: str, target: str) -> None:
        """Remove a sign-up (by its id), let a group in that waits, or send it to the end of the line.

        let-go EVENT: the line of an event moves up by itself again, after very many signed up at once.
        """
        open_records(here).act(target, action)
        say("Done.")

    return sign_up


def _walk_in(open_records: Opener) -> click.Command:
    @click.command("walk-in")
    @click.argument("event")
    @click.argument("people", type=int)
    @click.option("--name", default="", help="May be left out.")
    @click.pass_obj
    @show_problems
    def walk_in(here: Any, event: str, people: int, name: str) -> None:
        """Write down people who came without signing up. Who signed up is marked in the window."""
        mark = open_records(here).walk_in(event, name, people)
        say(f"{mark.people} written down.")

    return walk_in


def _export(open_records: Opener) -> click.Command:
    @click.command("export-event")
    @click.argument("event", required=False)
    @click.option("--format", "kind", type=click.Choice(["zip", "xlsx"]), default="zip", show_default=True)
    @click.option("--to", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The folder.")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @click.pass_obj
    @show_problems
    def export_event(here: Any, event: str | None, kind: str, to: Path, yes: bool) -> None:
        """One event, or all: who signed up and who came, as a Data Package (zip) or a workbook (xlsx)."""
        say(exporting.WARNING, err=True)
        if not yes:
            click.confirm("Write it?", abort=True, err=True)
        name, content = views.export_file(open_records(here), kind, event)
        _write(to / name, content)
        say(f"Written: {to / name}")

    return export_event


def _remind(open_records: Opener) -> click.Command:
    @click.command("remind")
    @click.argument("event")
    @click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="A CSV file to send by hand.")
    @click.option("--by-sms", is_flag=True, help="Through the provider that PORTAL_SMS_URL names.")
    @click.option("--again", is_flag=True, help="Also those of which nobody knows whether they went.")
    @click.pass_obj
    @show_problems
    def remind(here: Any, event: str, to: Path | None, by_sms: bool, again: bool) -> None:
        """Remind those who come, agreed and left a number. Without an option: show what would be sent."""
        records = open_records(here)
        details, reminders, ledger = views.reminders_of(records, event)
        unreachable = count_unreachable(details, records.parties(records.gathering(event)))
        gateway = FileOutbox(to) if to else http_gateway(os.environ) if by_sms else None
        if by_sms and gateway is None:
            raise Problem("PORTAL_SMS_URL", "is not set.", "Set it to the provider's address, or use --to FILE.")
        if gateway is None:
            for reminder, state in with_states(ledger, reminders):
                say(f"{state or 'not sent':<8} {reminder.number:<16} {reminder.text}")
            unsent = [reminder.text for reminder, state in with_states(ledger, reminders) if state != SENT]
            say(f"Not sent yet: {price(unsent, records.session.portal.sms.paise_a_part).sentence}", err=True)
        else:
            say(result_sentence(send(ledger, reminders, gateway, current_minute(), again=again)))
        say(f"{unreachable} groups left no number or did not agree to be reminded.", err=True)

    return remind


def result_sentence(result: SendResult) -> str:
    """Return the result of sending reminders, in words."""
    sentences = [f"{result.sent} sent, {result.sent_before} sent before."]
    if result.unknown:
        sentences.append(f"Of {len(result.unknown)} nobody knows whether they went: look, then use --again.")
    if result.problem:
        sentences.append(f"Stopped. {result.problem}")
    return " ".join(sentences)


def _visit(unlock: Callable[[Any], Session], find_case: Finder, today: Callable[[], date]) -> click.Command:
    @click.command("visit-to-event")
    @click.argument("letter")
    @click.option("--id", "event_id", prompt="Id of the event, like 2027-03-meeting")
    @click.option("--title", prompt="Title, in English (published)")
    @click.option("--what", prompt="What happens there, in English (published)")
    @click.option("--where", prompt="Where, in words a traveller would use (published)")
    @click.option("--starts", prompt="Starts, like 2027-03-01T10:00")
    @click.option("--ends", default="", help="Ends, like 2027-03-01T12:00.")
    @click.option("--capacity", type=int, help="Places; without it nobody signs up.")
    @click.option("--content", type=click.Path(path_type=Path, file_okay=False), default=Path("content"))
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @click.pass_obj
    @show_problems
    def visit_to_event(here: Any, letter: str, content: Path, yes: bool, event_id: str, **plan: Any) -> None:
        """A letter that asks for a visit becomes a row of content/tables/events.csv."""
        session = unlock(here)
        records = open_event_records(EventDesk(session), today)
        request = find_case(session, letter).first
        if request is None:
            raise Problem(letter, "The letter does not open here.", "Ask another machine of this desk.")
        row = event_row(request, records.session.portal, EventPlan(event_id, **plan), records.today)
        for name, cell in row.items():
            say(f"  {name:<10} {printable(cell)}")
        if not yes:
            click.confirm("Publish this, and nothing else of the letter?", abort=True)
        path = content / "tables" / "events.csv"
        append_row(path, row)
        say(f"Added to {path}. Translate it there, then build the site.")

    return visit_to_event


def _write(path: Path, content: bytes) -> None:
    """Write a file with a name given on the command line. Raises Problem if it cannot be written."""
    try:
        write_or_complain(path, content)
    except OSError as error:
        raise Problem(str(path), f"cannot be written ({error.strerror}).", "Choose another place.") from None
