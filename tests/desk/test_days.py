"""The clock of a desk's machine: a jump erases nothing. Machine and server check each other's clock."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from forms.core.problem import Problem
from forms.core.trusted_date import EARLIEST_DATE, TrustedDate
from forms.desk.doctor.examination import examine
from forms.desk.doctor.finding import Finding
from forms.desk.events.event_records import EventRecords
from forms.desk.events.event_retention import erase_old_names
from forms.desk.sync.client import Server
from forms.desk.sync.date_file import DateFile
from forms.desk.sync.responses import NotThere
from forms.server.web.current import state_of
from tests.desk.conftest import Office
from tests.desk.event_helpers import TODAY, book
from tests.desk.event_helpers import files as all_files
from tests.server.conftest import TODAY as SERVERS_DAY

pytestmark = pytest.mark.usefixtures("site_not_visited")

AHEAD = date(2037, 6, 1)


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is another machine."""
    monkeypatch.setattr(Server, "is_this_machine", False)


def sentences(findings: list[Finding]) -> str:
    return "\n".join(one.sentence for one in findings if not one.ok)


def test_it_is_remembered_over_a_restart_in_days_only(tmp_path: Path) -> None:
    DateFile(tmp_path).update(TODAY)
    assert DateFile(tmp_path).update(AHEAD) == TrustedDate(TODAY, AHEAD, 1)
    assert (tmp_path / "day.json").read_text() == '{"good": "2027-01-12", "seen": "2037-06-01", "count": 1}'
    assert DateFile(tmp_path).update(AHEAD) == TrustedDate(TODAY, AHEAD, 1)
    assert DateFile(tmp_path).update_from_server(AHEAD, TODAY) == TrustedDate(TODAY, AHEAD, 0)
    assert DateFile(tmp_path).update_from_server(AHEAD, AHEAD) == TrustedDate(AHEAD)


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"good": "soon", "seen": null, "count": 0}', b"\xff"])
def test_a_damaged_file_means_doubt_until_the_server_agrees(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "day.json").write_bytes(damage)
    assert DateFile(tmp_path).update(AHEAD) == TrustedDate(EARLIEST_DATE, AHEAD, 1)
    assert DateFile(tmp_path).update_from_server(AHEAD, AHEAD) == TrustedDate(AHEAD)


def test_a_full_disk_keeps_nobody_from_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    DateFile(tmp_path).update(TODAY)
    monkeypatch.setattr("forms.core.files.durable.write_safely", full)
    assert DateFile(tmp_path).update(AHEAD).earliest == TODAY


@pytest.mark.parametrize("wrong_day", [date(2001, 1, 1), date(2031, 1, 1), date(2099, 1, 1)])
def test_a_laptop_whose_clock_is_wrong_erases_no_name(tmp_path: Path, wrong_day: date) -> None:
    """Fourteen days long, and with the server's list fetched each day: it hides and drops nothing of it either."""
    _, session = book(tmp_path)
    clock = [TODAY]
    desk = EventRecords(session, lambda: clock[0])
    session.server.sign_up(name="Kept")
    desk.fetch()
    before = set(all_files(tmp_path))
    for n in range(14):
        clock[0] = wrong_day + timedelta(days=n)
        assert desk.fetch().away == ""
        assert erase_old_names(desk) == []
        assert len(desk.signups.rows()) == 1
    assert set(all_files(tmp_path)) == before


def test_a_laptop_that_is_ahead_offers_no_case_for_erasing(office: Office) -> None:
    office.tell(what="closed")
    anita = office.machine("police/anita")
    anita.sync.run()
    [case] = anita.cases.all()
    anita.log.write(case.id, "state", state="closed")
    office.day = AHEAD
    assert anita.erasing.old_cases() == ()


@pytest.mark.usefixtures("far")
def test_a_desk_and_a_server_that_were_both_away_believe_each_other_at_the_first_fetch(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    anita = office.machine("police/anita")
    anita.sync.run()
    office.day = AHEAD
    monkeypatch.setattr(state_of(office.app).retention, "clock", lambda: AHEAD)
    assert anita.clock.known_day.doubted
    anita.sync.run()
    assert anita.clock.known_day == TrustedDate(AHEAD)
    assert state_of(office.app).services.days.record_server_day(AHEAD) == TrustedDate(AHEAD)
    assert any(one.ok and "has jumped" in one.sentence for one in examine(anita))


@pytest.mark.usefixtures("far")
def test_a_desk_that_is_right_keeps_a_server_that_is_ahead_from_erasing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    anita = office.machine("police/anita")
    anita.sync.run()
    days = state_of(office.app).services.days
    for n in range(40):
        monkeypatch.setattr(state_of(office.app).retention, "clock", lambda n=n: AHEAD + timedelta(days=n))
        office.day = SERVERS_DAY + timedelta(days=n)
        if n % 10 == 0:
            anita.sync.run()
        assert days.record_server_day(AHEAD + timedelta(days=n)).doubted


@pytest.mark.usefixtures("far")
def test_the_doctor_says_which_clock_has_jumped(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    anita = office.machine("police/anita")
    anita.sync.run()
    assert "It shows" not in sentences(examine(anita))
    monkeypatch.setattr(state_of(office.app).retention, "clock", lambda: AHEAD)
    output = sentences(examine(anita))
    assert "The server's clock: It shows 2037-06-01, and the last day that it surely had was 2027-01-01." in output
    assert "This machine's clock: It shows" not in output
    monkeypatch.undo()
    monkeypatch.setattr(Server, "is_this_machine", False)
    office.day = date(2001, 1, 1)
    output = sentences(examine(anita))
    assert "This machine's clock: It shows 2001-01-01" in output
    assert "The server's clock: It shows" not in output


def test_a_server_on_the_same_machine_is_no_second_clock(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    anita = office.machine("police/anita")
    anita.sync.run()
    office.day = AHEAD
    monkeypatch.setattr(state_of(office.app).retention, "clock", lambda: AHEAD)
    anita.sync.run()
    assert anita.clock.known_day.doubted
    assert state_of(office.app).services.days.record_server_day(AHEAD).doubted
    output = sentences(examine(anita))
    assert output.count("It shows 2037-06-01") == 2


@pytest.mark.parametrize("problem", [NotThere("server", "has no such letter.", ""), Problem("server", "strange.", "")])
def test_a_server_that_cannot_say_its_day_keeps_nobody_from_letters(
    office: Office, monkeypatch: pytest.MonkeyPatch, problem: Problem
) -> None:
    def refuse(*_: object) -> TrustedDate:
        raise problem

    monkeypatch.setattr(Server, "day", refuse)
    office.tell(what="x")
    result = office.machine("police/anita").sync.run()
    assert (result.new, result.away) == (1, "")


def test_a_strange_answer_is_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    server = office.machine("police/anita").place.server()
    for row in ({}, {"shown": "soon", "believed": "2027-01-01"}, {"shown": 1, "believed": None}):
        monkeypatch.setattr("forms.server.api.desk_api.server.json_answer", lambda _, row=row: row)
        with pytest.raises(Problem, match="strange answer"):
            server.day(None)
