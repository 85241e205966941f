"""Events in the desk's window: what is shown, what each button does, and what a hostile sign-up may not."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms.core.portal import Choice, Desk
from forms.desk.cases.case import Case
from forms.desk.crypto.decryption import Letter
from forms.desk.events.event_records import EventRecords
from forms.desk.services.place import DeskPlace
from forms.desk.window import app as app_module
from forms.desk.window.app import create_window
from forms.desk.window.current import authenticator_of
from tests.desk.event_helpers import MEETING, TODAY, FakeSession, event, files, has_come, portal
from tests.desk.window_helpers import window_client

EVIL = "<script>alert(1)</script>\"'><img src=x>\x1b[31m\u202e"


@dataclass
class Window:
    """The window as a browser uses it, at an unlocked desk."""

    client: FlaskClient
    session: FakeSession
    form_token: str

    def page(self, path: str, status: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, /, **fields: Any) -> TestResponse:
        data = {"form_token": self.form_token, **fields}
        return self.client.post(path, data=data, headers={"Origin": "http://localhost"})


def open_window(session: FakeSession, today: date = TODAY) -> Window:
    place = DeskPlace("events", session.folder, "http://127.0.0.1:1")
    app = create_window(place, today=lambda: today, unlock=lambda *_: session.unlocked)
    client, authenticator = window_client(app), authenticator_of(app)
    client.get(f"/enter/{authenticator.token}")
    window = Window(client, session, authenticator.form_token)
    assert window.post("/unlock").status_code == 303
    return window


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    session = FakeSession(tmp_path / "desk", portal(event(capacity=6), event("2027-03-clinic", day="2027-03-20")))
    session.server.sign_up(people=4, name="லக்ஷ்மி", phone="+91 98765 43210", remind=["yes"], help_with=["child-care"])
    session.server.sign_up(
        people=2, name=EVIL, needs=EVIL, phone=EVIL, interpreter=EVIL, help_with=[EVIL], language=EVIL
    )
    session.server.sign_up(people=3, state="waiting", turn=1, name="Waits")
    opened_window = open_window(session)
    assert opened_window.post("/events/fetch").status_code == 303
    return opened_window


ONE = "1".rjust(32, "0")


def test_the_list_shows_what_comes_with_counts(window: Window) -> None:
    page = window.page("/events/")
    for expected in ("6 come", "3 wait", "0 free", f"/events/{MEETING}/", "Coming"):
        assert expected in page
    assert 'aria-current="page">Events' in page


def test_a_planner_sees_places_days_languages_and_poster_in_one_row(tmp_path: Path) -> None:
    full = event("full", day="2027-01-13", capacity=40)
    bare = replace(event("bare", day="2027-01-12"), title={"en": "Bare", "ta": "வெறும்"})
    session = FakeSession(tmp_path, portal(full, bare))
    session.server.sign_up("full", people=30)
    window = open_window(session)
    window.post("/events/fetch")
    rows = dict(re.findall(r'<a class="open" href="/events/(\w+)/">(.*?)</ul></li>', window.page("/events/"), re.S))
    for expected in (
        "in 1 day",
        "30 of 40 places",
        'value="30"',
        "events/full-poster-en.pdf",
        "https://portal.example/en/events/full/",
    ):
        assert expected in rows["full"]
    assert "text missing" not in rows["full"]
    assert "Telugu, Hindi, Odia text missing" in rows["bare"]
    assert ">today<" in rows["bare"]


def test_a_desk_that_does_not_read_signups_says_which_does(tmp_path: Path) -> None:
    desks = (Desk("police", {"en": "Police"}, {"en": ""}, ("concern",), ()), *portal().desks)
    page = open_window(FakeSession(tmp_path, portal(desks=desks), desk="police")).page("/events/", 400)
    assert "does not read sign-ups" in page
    assert "Open the desk that does: events." in page
    assert '<a href="/events/"' not in page, "no way leads where nothing is"


def test_without_a_server_it_is_said_and_the_list_stays(window: Window) -> None:
    window.session.server.away = True
    answer = window.post("/events/fetch")
    assert answer.status_code == 400
    assert "cannot be reached" in answer.text
    assert "6 come" in window.page("/events/")


def test_an_event_shows_who_comes_and_who_waits(window: Window) -> None:
    page = window.page(f"/events/{MEETING}/")
    assert page.index("லக்ஷ்மி") < page.index("Who waits, in order") < page.index("Waits</strong>")
    for expected in ("+91 98765 43210", "child care", "may be reminded", "reached from this machine only"):
        assert expected in page


@pytest.mark.parametrize("path", ["", "mark", "reminders"])
def test_a_hostile_signup_is_shown_as_words_only(window: Window, path: str) -> None:
    page = window.page(f"/events/{MEETING}/{path}")
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    if path != "reminders":
        assert "&lt;script&gt;alert(1)" in page


def test_one_tap_marks_a_party_and_another_number_takes_its_place(window: Window) -> None:
    page = window.page(f"/events/{MEETING}/mark")
    assert "Signed up, not here yet (3)" in page
    answer = window.post(f"/events/{MEETING}/mark", about=ONE, people="4")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/events/{MEETING}/mark")
    page = window.page(f"/events/{MEETING}/mark")
    assert "<strong>4</strong> came" in page
    assert "not here yet (2)" in page
    window.post(f"/events/{MEETING}/mark", about=ONE, people="0")
    assert "<strong>0</strong> came" in window.page(f"/events/{MEETING}/mark")
    assert len([name for name in files(window.session.folder) if name.startswith("attendance/")]) == 2


def test_walk_ins_count_with_and_without_a_name(window: Window) -> None:
    window.post(f"/events/{MEETING}/walk-in", name=EVIL, people="3")
    window.post(f"/events/{MEETING}/walk-in", name="", people="2")
    page = window.page(f"/events/{MEETING}/mark")
    assert "<strong>5</strong> came" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("where", "fields", "message"),
    [
        ("mark", {"about": ONE, "people": "many"}, "is not a number"),
        ("mark", {"about": ONE, "people": ""}, "is not a number"),
        ("mark", {"about": "f" * 32, "people": "1"}, "no such party"),
        ("mark", {"people": "1"}, "no such party"),
        ("walk-in", {"people": "0"}, "Nobody came"),
        ("walk-in", {"people": "9999"}, "is not a number"),
        ("walk-in", {"people": "²"}, "is not a number"),
    ],
)
def test_what_cannot_be_written_down_is_said_on_the_same_page(
    window: Window, where: str, fields: dict[str, str], message: str
) -> None:
    answer = window.post(f"/events/{MEETING}/{where}", **fields)
    assert answer.status_code == 400
    assert message in answer.text
    assert "not here yet (3)" in answer.text
    assert not (window.session.folder / "attendance").exists()


def test_no_other_site_can_mark_or_export(window: Window) -> None:
    for path in (
        f"/events/{MEETING}/mark",
        f"/events/{MEETING}/export",
        "/events/export",
        f"/events/{MEETING}/reminders",
        "/events/fetch",
    ):
        evil = window.client.post(path, data={"about": ONE, "people": "4"}, headers={"Origin": "http://evil.example"})
        assert evil.status_code == 403
        tokenless = window.client.post(path, data={}, headers={"Origin": "http://localhost"})
        assert tokenless.status_code == 403


def test_at_a_locked_desk_no_page_of_events_opens(window: Window) -> None:
    window.post("/lock")
    for path in ("", f"{MEETING}/", f"{MEETING}/mark", f"{MEETING}/sheet.pdf", f"{MEETING}/reminders", "visit/x"):
        answer = window.client.get(f"/events/{path}")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/unlock"), path


def test_an_event_that_is_none_is_a_sentence(window: Window) -> None:
    for path in ("nothing/", "nothing/mark", "nothing/sheet.pdf", "nothing/reminders", "%3Cscript%3E/"):
        assert "There is no such event." in window.page(f"/events/{path}", 400)


def test_the_sheet_comes_as_a_pdf_in_the_chosen_language(window: Window) -> None:
    answer = window.client.get(f"/events/{MEETING}/sheet.pdf?language=ta")
    assert (answer.mimetype, answer.data[:5]) == ("application/pdf", b"%PDF-")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="attendance-{MEETING}-ta-2027-01-12.pdf"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Choose one of" in window.page(f"/events/{MEETING}/sheet.pdf?language=../x", 400)


def test_the_sheet_is_in_the_language_that_is_spoken_there(window: Window) -> None:
    window.session.portal = portal(event(spoken=("mr", "hi", "ta")))
    assert '<option value="hi" selected>' in window.page(f"/events/{MEETING}/")
    named = window.client.get(f"/events/{MEETING}/sheet.pdf").headers["Content-Disposition"]
    assert f"attendance-{MEETING}-hi-" in named


@pytest.mark.parametrize(("kind", "start"), [("zip", b"PK"), ("xlsx", b"PK")])
def test_an_export_comes_only_when_it_was_understood(window: Window, kind: str, start: bytes) -> None:
    refused = window.post(f"/events/{MEETING}/export", format=kind)
    assert refused.status_code == 400
    assert "names and phone numbers that anybody can read" in refused.text
    for path in (f"/events/{MEETING}/export", "/events/export"):
        answer = window.post(path, format=kind, understood="yes")
        assert (answer.status_code, answer.data[:2]) == (200, start)
    assert window.post("/events/export", format="exe", understood="yes").status_code == 400


def test_reminders_are_handed_out_once(window: Window) -> None:
    page = window.page(f"/events/{MEETING}/reminders")
    assert "<strong>1</strong> of 1 not sent yet." in page
    assert "1 group left no number" in page
    assert "Send now through" not in page
    answer = window.post(f"/events/{MEETING}/reminders", by="file")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))
    assert [row[0] for row in rows] == ["number", "0091 98765 43210"], "as spreadsheets keep it"
    again = window.post(f"/events/{MEETING}/reminders", by="file")
    assert (again.status_code, "Nothing is left to send." in again.text) == (400, True)
    assert "<strong>0</strong> of 1 not sent yet." in window.page(f"/events/{MEETING}/reminders")
    assert window.post(f"/events/{MEETING}/reminders", by="file", all_again="1").text == answer.text


def test_a_provider_is_offered_where_settings_name_one_and_its_refusal_is_shown(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "is not set" in window.post(f"/events/{MEETING}/reminders", by="sms").text
    monkeypatch.setenv("PORTAL_SMS_URL", "https://127.0.0.1:9/sms")
    monkeypatch.setenv("PORTAL_SMS_TOKEN", "secret")
    assert "Send now through 127.0.0.1" in window.page(f"/events/{MEETING}/reminders")
    answer = window.post(f"/events/{MEETING}/reminders", by="sms")
    assert "0 sent, 0 sent before." in answer.text
    assert "Nothing was sent." in answer.text
    assert "secret" not in answer.text


def test_a_vanished_event_is_said_loudly_and_its_people_are_still_there(window: Window) -> None:
    window.session.portal = portal(event("2027-03-clinic", day="2027-03-20"))
    page = window.page("/events/")
    assert "no longer in content/tables/events.csv" in page
    assert page.index("no longer in") < page.index("Coming")
    assert "லக்ஷ்மி" in window.page(f"/events/{MEETING}/")
    assert window.client.get(f"/events/{MEETING}/sheet.pdf").status_code == 200
    assert "no longer in the portal" in window.page(f"/events/{MEETING}/reminders", 400)


def test_names_go_by_themselves_and_the_count_is_shown(window: Window) -> None:
    window.post(f"/events/{MEETING}/mark", about=ONE, people="4")
    later = open_window(window.session, date(2027, 2, 24))
    page = later.page("/events/")
    assert "This machine&#39;s clock: It shows 24 Feb 2027" in page
    assert "names erased" not in page
    has_come(window.session.folder, date(2027, 2, 24))
    page = later.page("/events/")
    assert "9 had signed up, 4 came" in page
    assert "4 came, names erased" in later.page("/events/")
    assert "லக்ஷ்மி" not in later.page(f"/events/{MEETING}/")
    assert ONE not in str(list(files(window.session.folder)))


def test_two_machines_that_disagree_are_shown(window: Window) -> None:
    window.post(f"/events/{MEETING}/mark", about=ONE, people="4")
    other = FakeSession(window.session.folder.parent / "other", window.session.portal, "events/ravi")
    other.identity, other.server = window.session.identity, window.session.server
    book = EventRecords(other, lambda: TODAY)  # type: ignore[arg-type]
    book.fetch()
    book.mark(MEETING, ONE, 2)
    EventRecords(window.session, lambda: TODAY).import_marks(other.folder / "attendance")  # type: ignore[arg-type]
    page = window.page(f"/events/{MEETING}/mark")
    assert re.search(r"Two machines marked \S+ differently: ", page)
    assert "events/anita said 4" in page
    assert "events/ravi said 2" in page


# Visits


@pytest.fixture
def visit_request(window: Window, tmp_path: Path) -> tuple[Window, str, Path]:
    answers = {"kind": "play", "place": "hillside", "where": EVIL, "contact": "Ravi 98765 43210"}
    letter = Letter("ab" * 16, "visit", "ta", "2027-01-10", ("events",), answers, None, "", 0)
    window.session.letters = (
        Case(letter.id, 1, (letter,)),
        Case("cd" * 16, 1, (Letter("cd" * 16, "concern", "ta", "", (), {"what": "x"}, None, "", 0),)),
    )
    tables = tmp_path / "content" / "tables"
    tables.mkdir(parents=True)
    table = tables / "events.csv"
    table.write_text("id,kind,title_en,what_en,where_en,place,starts,ends,capacity,state,example\n", encoding="utf-8")
    return window, letter.id, table


FIELDS = {
    "id": "2027-04-play",
    "title": "A play",
    "what": "Street theatre.",
    "where": "The school",
    "starts": "2027-04-01T17:00",
    "ends": "",
    "capacity": "60",
    "kind": "street-theatre",
}


def test_a_visit_may_become_any_kind_of_event_that_the_district_has_in_the_words_of_its_table(
    visit_request: tuple[Window, str, Path],
) -> None:
    window, id, table = visit_request
    assert '<option value="street-theatre" selected>street theatre</option>' in window.page(f"/events/visit/{id}")
    current_portal = window.session.portal
    kinds = (Choice("street-theatre", {"en": "Street play"}), Choice("night-school", {"en": "Night school"}))
    window.session.portal = replace(current_portal, choices={**current_portal.choices, "event_kinds": kinds})
    page = window.page(f"/events/visit/{id}")
    assert '<option value="street-theatre" selected>Street play</option>' in page
    assert '<option value="night-school">Night school</option>' in page
    assert "legal" not in page[page.index('id="kind"') : page.index("</select>", page.index('id="kind"'))]
    fields = FIELDS | {"kind": "night-school", "content": str(table.parents[1])}
    window.post(f"/events/visit/{id}", **fields, sure="yes")
    assert "night-school" in table.read_text(encoding="utf-8")


def test_a_visit_becomes_an_event_after_a_look_at_what_is_published(visit_request: tuple[Window, str, Path]) -> None:
    window, id, table = visit_request
    assert f"/events/visit/{id}" in window.page("/events/")
    page = window.page(f"/events/visit/{id}")
    assert "<script>alert" not in page
    assert "Ravi 98765 43210" in page, "staff see whom to call"
    fields = FIELDS | {"content": str(table.parents[1])}
    look = window.post(f"/events/visit/{id}", **fields).text
    assert "This will be published" in look
    assert table.read_text(encoding="utf-8").count("\n") == 1
    done = window.post(f"/events/visit/{id}", **fields, sure="yes").text
    assert "2027-04-play stands in" in done
    assert table.read_text(encoding="utf-8").endswith(
        "2027-04-play,street-theatre,A play,Street theatre.,The school,hillside,2027-04-01T17:00,,60,planned,false\n"
    )
    assert "98765" not in table.read_text(encoding="utf-8")
    again = window.post(f"/events/visit/{id}", **fields, sure="yes")
    assert (again.status_code, "stands in events.csv already" in again.text) == (400, True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "Bad Id"}, "small letters"),
        ({"starts": "soon"}, "is no day and time"),
        ({"capacity": "many"}, "is not a number"),
        ({"content": "/nowhere"}, "cannot be read"),
        ({"title": ""}, "is empty"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    visit_request: tuple[Window, str, Path], change: dict[str, str], message: str
) -> None:
    window, id, _ = visit_request
    answer = window.post(f"/events/visit/{id}", **FIELDS | change, sure="yes")
    assert answer.status_code == 400
    assert message in answer.text
    assert 'value="Street theatre."' in answer.text


def test_a_concern_never_becomes_an_event(visit_request: tuple[Window, str, Path]) -> None:
    window, _, _ = visit_request
    assert "asks for no visit" in window.page(f"/events/visit/{'cd' * 16}", 400)
    assert "cd" * 16 not in window.page("/events/")


def test_big_buttons_are_big_enough_and_nothing_is_wider_than_a_narrow_window(window: Window, browser: Any) -> None:
    """The marking page at 360 px, as a browser lays it out."""
    page = window.page(f"/events/{MEETING}/mark")
    css = (Path(app_module.__file__).parent / "static" / "desk.css").read_text(encoding="utf-8")
    context = browser.new_context(viewport={"width": 360, "height": 640})
    try:
        sheet = context.new_page()
        sheet.set_content(page.replace('<link rel="stylesheet" href="/static/desk.css">', f"<style>{css}</style>"))
        assert sheet.evaluate("document.documentElement.scrollWidth") <= 360
        heights = sheet.eval_on_selector_all(
            ".tap-row, .walk-in summary", "all => all.map(one => one.getBoundingClientRect().height)"
        )
        assert len(heights) == 4
        assert min(heights) >= 48
    finally:
        context.close()
