"""The whole way of an event: a row of the table, people who sign up at the endpoint, the desk, the sheet, who came, erased."""

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import requests
import yaml
from frictionless import Package
from sitegen.content import district
from sitegen.content.events import expand_series
from sitegen.content.spreadsheets import table_reader

from forms.core import portal as portals
from forms.core.crypto.receipts import Cost
from forms.core.portal import Portal
from forms.desk.crypto.decryption import Letter
from forms.desk.crypto.keys import make_demonstration
from forms.desk.events import event_views
from forms.desk.events.event_records import EventRecords
from forms.desk.events.event_retention import EventCount, erase_old_names
from forms.desk.events.event_session import EventDesk
from forms.desk.events.visits import EventPlan, append_row, event_row
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.server.app import create_app
from forms.server.web.current import state_of
from forms.web.serving import make
from tests.desk.event_helpers import files, has_come

ROOT = Path(__file__).parents[2]
TODAY, THE_DAY, LATER = date(2027, 1, 12), date(2027, 3, 6), date(2027, 4, 6)
EVENT = "2027-03-village"
NAME = "marked-name-லக்ஷ்மி"
ASSETS = {"css": "/a.css", "js": "/a.js", "seal": "/s.js", "seal_integrity": "x"}


@dataclass
class Town:
    """The content folder, the endpoint while it runs, the events desk."""

    home: Path
    portal: Portal
    address: str

    def sign_up(self, **answers: str) -> str:
        """Sign up for the event; return the page that follows."""
        return self.send("signup", event=EVENT, adult="yes", **answers)

    def send(self, form: str, **fields: str) -> str:
        """Fill in, preview and send a form, as a browser without JavaScript does; return the page that follows."""
        address = f"{self.address}/forms/ta/{form}"
        preview = requests.post(address, data=fields, timeout=120).text
        once = re.search(r'name="once" value="([0-9a-f]+)"', preview)
        assert once, preview
        response = requests.post(address, data={**fields, "do": "send", "once": once[1]}, timeout=120)
        assert response.status_code == 200, response.text
        return response.text

    def cancel(self, code: str) -> None:
        requests.post(f"{self.address}/forms/ta/cancel", data={"code": code, "do": "cancel"}, timeout=120)

    def session(self) -> Session:
        return Session.unlock(DeskPlace("events", self.home / "desk" / "events", self.address), None)

    def book(self, today: date) -> EventRecords:
        return EventRecords(EventDesk(self.session()), lambda: today)


def load(content: Path, home: Path) -> Portal:
    desks = [row["id"] for row in yaml.safe_load((content / "portal.yml").read_text(encoding="utf-8"))["desks"]]
    rows = table_reader.read_tables(content / "tables", ROOT / "site" / "schemas")
    return district.load(
        content, rows, list(expand_series(rows["events"])), make_demonstration(home / "desk", desks), ASSETS
    )


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """A copy of the content, to which staff added a visit that somebody asked for."""
    content = tmp_path / "content"
    shutil.copytree(ROOT / "content", content)
    (tmp_path / "library").symlink_to(ROOT / "library")
    settings = (content / "portal.yml").read_text(encoding="utf-8").replace("reads: [signup]", "reads: [signup, visit]")
    (content / "portal.yml").write_text(settings, encoding="utf-8")
    visit_letter = Letter("ab" * 16, "visit", "ta", "2027-01-10", ("events",), {"kind": "meeting"}, None, "", 0)
    plan = EventPlan(EVENT, "Meeting in the village", "Officers listen.", "The school", "2027-03-06T10:00", "", 6)
    append_row(content / "tables" / "events.csv", event_row(visit_letter, load(content, tmp_path), plan, TODAY))
    portal = load(content, tmp_path)
    portals.write(portal, tmp_path / "portal.json")
    app = create_app(
        {"portal": tmp_path / "portal.json", "data": tmp_path / "server", "today": lambda: TODAY, "cost": Cost(64, 1)}
    )
    server = make(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Town(tmp_path, portal, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()
    state_of(app).services.close()


def test_from_a_row_of_the_table_to_the_sheet_and_to_nothing_but_a_count(town: Town, tmp_path: Path) -> None:
    page = town.sign_up(people="2", name="Changes her mind")
    town.sign_up(people="3", name=NAME, phone="98765 43210", remind="yes", help_with="child-care", needs="a seat")
    town.sign_up(people="1", name="సీత")
    town.sign_up(people="2", name="Waits")
    code = re.search(r'class="code"[^>]*>\s*([0-9 ]+)', page)
    assert code

    desk = town.book(TODAY)
    assert desk.fetch().new == 4
    assert (desk.gathering(EVENT).coming, desk.gathering(EVENT).waiting) == (6, 2)
    town.cancel(code[1])
    assert desk.fetch().cancelled == 1
    gathering = desk.gathering(EVENT)
    parties = {party.name: party for party in desk.parties(gathering)}
    assert (gathering.coming, gathering.waiting, set(parties)) == (6, 0, {NAME, "సీత", "Waits"})
    assert (parties[NAME].help_with, parties[NAME].needs) == (("child-care",), "a seat")
    _, reminders, _ = event_views.reminders_of(desk, EVENT)
    assert [(one.party, one.number) for one in reminders] == [(parties[NAME].id, "00919876543210")]
    assert event_views.sheet_pdf(desk, EVENT, "ta").startswith(b"%PDF")

    at_the_door = town.book(THE_DAY)
    at_the_door.mark(EVENT, parties[NAME].id, 3)
    at_the_door.walk_in(EVENT, "Walked in", 2)
    name, packed = event_views.export_file(at_the_door, "zip", EVENT)
    (tmp_path / name).write_bytes(packed)
    package = Package(str(tmp_path / name))
    assert package.validate().valid
    assert package.get_resource("events").read_rows()[0]["came"] == 5
    (tmp_path / name).unlink()
    assert NAME.encode() not in b"".join(files(tmp_path / "desk").values())

    has_come(town.book(LATER).session.folder, LATER)
    assert erase_old_names(town.book(LATER)) == [EventCount(EVENT, "2027-03-06", 6, 5)]
    left = files(tmp_path / "desk" / "events")
    assert [path for path in left if EVENT in path] == [f"event-counts/{EVENT}.age"]
    assert "5 came (names erased)" in "\n".join(event_views.list_lines(town.book(LATER)))


def test_a_visit_that_is_asked_for_at_the_endpoint_lies_at_the_events_desk(town: Town) -> None:
    town.send("visit", kind="play", where="Behind the tank", contact="Example 98765 43210", people="40")
    session = town.session()
    session.sync.run()
    [case] = session.cases.all()
    assert case.first
    assert case.form == "visit"
    row = event_row(
        case.first,
        session.portal.current,
        EventPlan("2027-04-play", "A play", "Theatre.", "The school", "2027-04-01T17:00"),
        TODAY,
    )
    assert row["kind"] == "street-theatre"
    assert "98765" not in str(row)
    assert "tank" not in str(row)
