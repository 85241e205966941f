"""The commands about events, as a person types them."""

import csv
import io
import os
import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any, cast

import click
import pytest
from click.testing import CliRunner, Result
from frictionless import Package

from forms.core.portal import Desk
from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.cli.event_commands import register_event_commands
from forms.desk.crypto.decryption import Letter
from forms.desk.events.event_records import EventRecords
from tests.desk.event_helpers import MEETING, TODAY, FakeSession, book, event, has_come, portal

HEAD = "id,kind,title_en,what_en,where_en,place,starts,ends,capacity,state,example\n"


class Shell:
    """A desk with its commands, and what is typed at their prompts."""

    def __init__(self, desk: EventRecords, letter: Letter | None = None) -> None:
        @click.group()
        def group() -> None:
            """The desk."""

        def find_case(_: Any, which: str) -> Case:
            if letter is None:
                raise Problem(which, "There is no such letter here.")
            return Case(letter.id, 1, (letter,))

        register_event_commands(
            group, lambda _: cast(FakeSession, desk.session).unlocked, find_case, lambda: desk.today
        )
        self._group = group

    def __call__(self, *words: str, typed: str = "") -> Result:
        return CliRunner().invoke(self._group, words, input=typed)


@pytest.fixture
def desk(tmp_path: Path) -> tuple[Shell, FakeSession, EventRecords]:
    records, session = book(tmp_path / "desk", event(capacity=4), event("2027-03-clinic", day="2027-03-20"))
    session.server.sign_up(people=4, name="லக்ஷ்மி", phone="+91 98765 43210", remind=["yes"], help_with=["child-care"])
    session.server.sign_up(people=2, state="waiting", turn=1, name="\x1b[31mRed")
    return Shell(records), session, records


def test_events_are_fetched_and_listed_with_their_counts(desk: tuple[Shell, FakeSession, EventRecords]) -> None:
    result = desk[0]("events")
    assert result.exit_code == 0
    assert "2 new or changed sign-ups, 0 cancelled." in result.output
    assert "4 come, 0 free, 2 wait" in result.output
    assert result.output.index(MEETING) < result.output.index("2027-03-clinic")


def test_without_a_server_it_is_said_and_the_list_is_there(desk: tuple[Shell, FakeSession, EventRecords]) -> None:
    shell, session, _ = desk
    shell("events")
    session.server.away = True
    result = shell("events")
    assert "cannot be reached" in result.output
    assert "4 come" in result.output


def test_a_vanished_event_is_the_first_that_is_said(desk: tuple[Shell, FakeSession, EventRecords]) -> None:
    shell, session, _ = desk
    shell("events")
    session.portal = portal(event("2027-03-clinic", day="2027-03-20"))
    assert re.search(
        rf"^!! {MEETING}: 6 people in 2 groups signed up, but this event is no longer", shell("events").output, re.M
    )


def test_one_event_is_shown_with_names_and_no_control_character(desk: tuple[Shell, FakeSession, EventRecords]) -> None:
    shell, _, records = desk
    shell("events")
    records.mark(MEETING, "1".rjust(32, "0"), 3)
    assert shell("walk-in", MEETING, "2", "--name", "From the kiln").output == "2 written down.\n"
    output = shell("events", MEETING).output
    for expected in (
        "லக்ஷ்மி, +91 98765 43210, child-care",
        "came: 3",
        "Who waits, in order",
        "·[31mRed",
        "From the kiln",
        "5 people came.",
    ):
        assert expected in output
    assert "\x1b" not in output


def test_who_comes_is_shown_for_all_events_at_once(desk: tuple[Shell, FakeSession, EventRecords]) -> None:
    shell, session, _ = desk
    session.server.sign_up("2027-03-clinic", people=3, name="Malar")
    session.server.sign_up("2027-03-clinic", people=9, state="cancelled", name="Never shown")
    output = shell("events", "--names").output
    assert output.index("லக்ஷ்மி") < output.index("3  Malar") < output.index("Cancelled: 1")
    assert "Never shown" not in output


def test_where_nobody_signed_up_there_are_no_names(tmp_path: Path) -> None:
    assert Shell(book(tmp_path, event())[0])("events", "--names").output == "Nobody has signed up.\n"


def test_names_that_were_kept_long_enough_go_when_the_list_is_looked_at(tmp_path: Path) -> None:
    records, session = book(tmp_path, event(), today=date(2027, 3, 1))
    session.server.sign_up(people=4)
    EventRecords(session, lambda: date(2027, 1, 12)).fetch()
    output = Shell(records)("events").output
    assert "This machine's clock: It shows 2027-03-01" in output
    assert "are erased" not in output
    has_come(tmp_path, date(2027, 3, 1))
    output = Shell(records)("events").output
    assert f"Names of {MEETING} are erased: 4 had signed up, 0 came." in output


def test_the_sheet_is_a_pdf_that_only_its_owner_may_read(
    desk: tuple[Shell, FakeSession, EventRecords], tmp_path: Path
) -> None:
    shell = desk[0]
    shell("events")
    result = shell("sheet", MEETING, "--language", "ta", "--to", str(tmp_path / "sheet.pdf"))
    assert "Print it, then erase the file." in result.output
    assert (tmp_path / "sheet.pdf").read_bytes().startswith(b"%PDF")
    assert os.name != "posix" or (tmp_path / "sheet.pdf").stat().st_mode & 0o077 == 0
    refused = shell("sheet", MEETING, "--language", "fr")
    assert (refused.exit_code, "Choose one of" in refused.output) == (1, True)


def test_an_export_is_asked_for_twice(desk: tuple[Shell, FakeSession, EventRecords], tmp_path: Path) -> None:
    shell = desk[0]
    shell("events")
    refused = shell("export-event", "--to", str(tmp_path), typed="n\n")
    assert "names and phone numbers that anybody can read" in refused.output
    assert (refused.exit_code, list(tmp_path.glob("*.zip"))) == (1, [])
    result = shell("export-event", MEETING, "--to", str(tmp_path), typed="y\n")
    path = tmp_path / f"event-{MEETING}-2027-01-12.zip"
    assert f"Written: {path}" in result.output
    assert Package(str(path)).validate().valid
    with zipfile.ZipFile(path) as archive:
        assert "லக்ஷ்மி" in archive.read("attendees.csv").decode()
    assert shell("export-event", "--format", "xlsx", "--to", str(tmp_path), "--yes").exit_code == 0
    assert (tmp_path / "events-2027-01-12.xlsx").read_bytes().startswith(b"PK")


def test_reminders_are_shown_then_written_once(desk: tuple[Shell, FakeSession, EventRecords], tmp_path: Path) -> None:
    shell, path = desk[0], tmp_path / "out.csv"
    shell("events")
    assert re.search(r"^not sent 00919876543210 ", shell("remind", MEETING).output, re.M)
    assert "1 sent, 0 sent before." in shell("remind", MEETING, "--to", str(path)).output
    assert "0 sent, 1 sent before." in shell("remind", MEETING, "--to", str(path)).output
    assert len(list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))) == 2
    assert re.search(r"^sent     00919876543210 ", shell("remind", MEETING).output, re.M)


def test_sms_without_settings_and_a_vanished_event_are_sentences(
    desk: tuple[Shell, FakeSession, EventRecords], monkeypatch: pytest.MonkeyPatch
) -> None:
    shell, session, _ = desk
    shell("events")
    monkeypatch.delenv("PORTAL_SMS_URL", raising=False)
    assert "PORTAL_SMS_URL: is not set." in shell("remind", MEETING, "--by-sms").output
    session.portal = portal(event("other"))
    assert "no longer in the portal" in shell("remind", MEETING).output
    assert "no such event" in shell("events", "nothing").output


def visit() -> Letter:
    return Letter(
        "ab" * 16,
        "visit",
        "ta",
        "",
        (),
        {"kind": "clinic", "place": "hillside", "contact": "Ravi 9876543210"},
        None,
        "",
        0,
    )


def test_a_visit_becomes_a_row_after_two_looks(tmp_path: Path) -> None:
    records, _ = book(tmp_path / "desk")
    tables = tmp_path / "content" / "tables"
    tables.mkdir(parents=True)
    (tables / "events.csv").write_text(HEAD, encoding="utf-8")
    shell = Shell(records, visit())
    words = ["visit-to-event", "1", "--content", str(tmp_path / "content")]
    typed = "2027-03-clinic\nFree clinic\nA doctor.\nThe school\n2027-03-01T10:00\n"
    assert "Publish this, and nothing else of the letter?" in shell(*words, typed=typed + "n\n").output
    assert (tables / "events.csv").read_text(encoding="utf-8") == HEAD
    result = shell(*words, "--capacity", "30", typed=typed + "y\n")
    assert "Translate it there, then build the site." in result.output
    assert (tables / "events.csv").read_text(encoding="utf-8") == HEAD + (
        "2027-03-clinic,clinic,Free clinic,A doctor.,The school,hillside,2027-03-01T10:00,,30,planned,false\n"
    )
    assert "9876543210" not in result.output
    assert "stands in events.csv already" in shell(*words, "--yes", typed=typed).output


def test_a_letter_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    records, _ = book(tmp_path)
    result = Shell(records)("visit-to-event", "9", typed="a\nb\nc\nd\n2027-03-01T10:00\n")
    assert (result.exit_code, "There is no such letter here." in result.output) == (1, True)
    assert "Traceback" not in result.output


def test_at_a_desk_that_reads_no_signups_the_right_one_is_named(tmp_path: Path) -> None:
    desks = (Desk("police", {"en": "Police"}, {"en": ""}, ("concern",), ()), *portal().desks)
    session = FakeSession(tmp_path, portal(desks=desks), desk="police")
    result = Shell(EventRecords(session, lambda: TODAY))("events")  # type: ignore[arg-type]
    assert (result.exit_code, "Open the desk that does: events." in result.output) == (1, True)
