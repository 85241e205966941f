"""The desk's window: its door, its lists, all that can be done with a case, and what hostile letters may not do to it."""

import html
import re
import socket
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pyrage
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forms.core import portal as portals
from forms.core.portal import Choice, Member
from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.cases.log.case_log import Entry
from forms.desk.crypto import keys
from forms.desk.services.case_list import CaseList
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.desk.window import start
from forms.desk.window.access.authentication import Authenticator
from forms.desk.window.app import create_window
from forms.desk.window.case_pages import CHILD_DUTY
from forms.desk.window.current import authenticator_of
from forms.server.web.current import state_of
from forms.web.local import running as serving
from tests.desk.event_helpers import has_come
from tests.desk.window_helpers import TODAY, Office, fill, photo, running, window_client
from tests.patience import until

MARKED = "marked-words-துயரம்"
PASSPHRASE = "five plain words for tests"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running(tmp_path) as running_office:
        yield running_office


class Clock:
    """A clock that tests advance."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Window:
    """The window as a browser uses it."""

    client: FlaskClient
    authenticator: Authenticator
    clock: Clock

    @property
    def session(self) -> Session:
        assert self.authenticator.session
        return self.authenticator.session

    def case(self, case_id: str) -> Case:
        return self.session.cases.case(case_id)

    def log(self, case_id: str) -> tuple[Entry, ...]:
        """Return the log entries of a case, without those of its opening."""
        return tuple(entry for entry in self.case(case_id).entries if entry.kind != "read")

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers, buffered=True)  # closes files

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, /, *, headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
        data = {"form_token": self.authenticator.form_token, **fields}
        return self.client.post(path, data=data, headers={"Origin": "http://localhost"} if headers is None else headers)

    def seen_marker(self, case_id: str) -> str:
        """Return the hidden field `seen` of a case's forms: which entries the page showed."""
        match = re.search(r'name="seen" value="([^"]*)"', self.page(f"/case/{case_id}"))
        assert match
        return match[1]

    def act(self, case_id: str, action: str, **fields: Any) -> TestResponse:
        return self.post(f"/case/{case_id}/{action}", **{"seen": self.seen_marker(case_id), **fields})


def make_window(office: Office, desk: str = "police", **more: Any) -> Window:
    clock = Clock()
    app = create_window(office.place(desk), today=lambda: TODAY, clock=clock, **more)
    return Window(window_client(app), authenticator_of(app), clock)


def come_in(window: Window) -> Window:
    assert window.get(f"/enter/{window.authenticator.token}").status_code == 303
    return window


def open_window(office: Office, desk: str = "police") -> Window:
    window = come_in(make_window(office, desk))
    assert window.post("/unlock").status_code == 303
    return window


def test_an_unlocked_window_over_midnight_goes_by_the_new_day(office: Office) -> None:
    """Lists count from the new day at once; the session and what was typed before stay."""
    day = [TODAY]
    tomorrow = TODAY + timedelta(days=1)
    app = create_window(
        office.place(),
        lambda: day[0],
        unlock=lambda place, passphrase: Session.unlock(place, passphrase, lambda: day[0]),
    )
    window = come_in(Window(window_client(app), authenticator_of(app), Clock()))
    case = office.letter()
    assert window.post("/unlock").status_code == 303
    window.act(case, "due", day=TODAY.isoformat())
    form = {"seen": window.seen_marker(case), "text": "typed before midnight"}
    assert case not in window.page("/?show=late")
    assert "2 d" in window.page("/")
    day[0] = tomorrow
    assert case in window.page("/?show=late")
    assert window.post(f"/case/{case}/note", **form).status_code == 303
    assert window.log(case)[-1].value["text"] == "typed before midnight"
    assert "3 d" in window.page("/")
    assert window.post("/sync").status_code == 303


# The door


def test_the_address_works_once_and_gives_a_cookie_that_scripts_and_other_sites_never_see(office: Office) -> None:
    window = make_window(office)
    token = window.authenticator.token
    answer = window.get(f"/enter/{token}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Expires" not in cookie, "gone when the browser is"
    again = window.client.application.test_client().get(f"/enter/{token}")
    assert again.status_code == 401
    assert "Each address works once" in again.text


@pytest.mark.parametrize("token", ["", "x", "é", "0" * 500])
def test_no_other_token_opens(office: Office, token: str) -> None:
    window = make_window(office)
    assert window.get(f"/enter/{token}").status_code in {401, 404}
    assert window.get("/").status_code == 401


def test_after_the_token_is_spent_an_empty_one_is_none(office: Office) -> None:
    window = come_in(make_window(office))
    assert not window.authenticator.redeem("")


def test_a_browser_that_did_not_come_in_learns_nothing(office: Office) -> None:
    window = open_window(office)
    stranger = window.client.application.test_client()
    for path in ("/", "/keys/", "/unlock", "/case/" + "0" * 32):
        answer = stranger.get(path)
        assert answer.status_code == 401
        assert window.authenticator.form_token not in answer.text
        assert "Police cell" not in answer.text
    response = stranger.post(
        "/lock", data={"form_token": window.authenticator.form_token}, headers={"Origin": "http://localhost"}
    )
    assert response.status_code == 401
    assert window.authenticator.session


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:9", "localhost:81", "127.0.0.1.evil.example", "[::1]", ""])
def test_asked_for_under_another_name_it_answers_nobody(office: Office, host: str) -> None:
    """DNS rebinding: another site's name resolves to this machine."""
    window = open_window(office)
    assert window.get("/", Host=host).status_code == 421
    assert window.get(f"/enter/{window.authenticator.token}", Host=host).status_code == 421
    assert window.post("/lock", headers={"Host": host, "Origin": f"http://{host}"}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:81"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_form_of_another_page_is_refused(office: Office, headers: dict[str, str]) -> None:
    window = open_window(office)
    assert window.post("/lock", headers=headers).status_code == 403
    assert window.authenticator.session


def test_a_form_of_ours_is_taken_by_either_mark(office: Office) -> None:
    for headers in ({"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}):
        window = open_window(office)
        assert window.post("/lock", headers=headers).headers["Location"] == "/unlock"
        assert window.authenticator.session is None


@pytest.mark.parametrize("token", ["", "x", "é"])
def test_a_form_without_its_token_is_refused(office: Office, token: str) -> None:
    window = open_window(office)
    for path in ("/lock", "/sync", "/keys/recovery", "/case/" + "0" * 32 + "/note"):
        answer = window.client.post(path, data={"form_token": token}, headers={"Origin": "http://localhost"})
        assert answer.status_code == 403
    assert window.authenticator.session


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_no_page_elsewhere_shows_or_links_into_the_desk(office: Office, site: str) -> None:
    window = open_window(office)
    assert window.get("/", **{"Sec-Fetch-Site": site}).status_code == 403
    assert window.get("/", **{"Sec-Fetch-Site": "none"}).status_code == 200


def test_every_answer_forbids_frames_scripts_of_others_and_keeping(office: Office) -> None:
    window = open_window(office)
    for path in ("/", "/keys/", "/nothing-here", "/unlock", "/static/desk.css"):
        answer = window.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "no-store" in answer.headers["Cache-Control"] or path.startswith("/static/")
        assert "<style" not in answer.text
        assert "style=" not in answer.text


def guarded(office: Office) -> Window:
    """A window whose key opens with one passphrase, without the seconds that age takes to try one."""
    session = office.session()
    (office.place().folder / "identity.age").touch()

    def unlock(_: DeskPlace, passphrase: str | None) -> Session:
        if passphrase != PASSPHRASE:
            raise Problem("passphrase", "does not open this key.", "Type it again.")
        return session

    return come_in(make_window(office, unlock=unlock))


def test_a_wrong_passphrase_is_a_sentence_and_each_time_slower(office: Office) -> None:
    window = guarded(office)
    first = window.post("/unlock", passphrase="wrong")
    assert first.status_code == 400
    assert "does not open this key" in first.text
    assert "Please wait 1 seconds" in window.post("/unlock", passphrase=PASSPHRASE).text, "even the right one waits"
    for seconds in (1, 2, 4, 8):
        window.clock.now += seconds
        assert "does not open" in window.post("/unlock", passphrase="wrong").text
    assert "Please wait 16 seconds" in window.post("/unlock", passphrase="wrong").text
    window.clock.now += 16
    assert window.post("/unlock", passphrase=PASSPHRASE).status_code == 303
    assert window.authenticator.wrong_attempts == 0


def test_it_never_waits_longer_than_a_minute(office: Office) -> None:
    window = guarded(office)
    window.authenticator.wrong_attempts = 30
    window.post("/unlock", passphrase="wrong")
    assert "Please wait 60 seconds" in window.post("/unlock", passphrase="wrong").text


def test_a_demonstration_key_needs_only_a_button(office: Office) -> None:
    window = come_in(make_window(office))
    assert window.get("/").headers["Location"] == "/unlock"
    assert "no passphrase" in window.page("/unlock")
    assert window.post("/unlock").headers["Location"] == "/"
    assert window.get("/unlock").headers["Location"] == "/", "it is open already"


def test_a_machine_without_a_key_says_what_to_do(office: Office) -> None:
    (office.place().folder / "identity.txt").unlink()
    window = come_in(make_window(office))
    assert "has no key" in window.post("/unlock").text
    assert window.authenticator.wrong_attempts == 0, "nobody guessed"


def test_left_alone_it_locks_and_forgets(office: Office) -> None:
    fill(office)
    window = open_window(office)
    session = window.session
    window.clock.now += 599
    window.page("/")
    window.clock.now += 601
    assert window.get("/keys/").headers["Location"] == "/unlock"
    assert window.authenticator.session is None
    assert session.own_keys.identities == ()
    with pytest.raises(Problem, match="locked"):
        session.cases.all()
    assert window.post("/unlock").headers["Location"] == "/keys/", "on to what was asked for"


def test_typing_keeps_it_awake_and_looking_at_the_door_does_not(office: Office) -> None:
    window = open_window(office)
    for _ in range(3):
        window.clock.now += 500
        assert window.post("/awake").status_code == 204
    window.clock.now += 400
    window.get("/static/desk.css")
    window.clock.now += 400
    assert window.get("/").headers["Location"] == "/unlock"
    assert window.post("/awake").status_code == 204
    assert window.authenticator.session is None


def test_what_is_sent_after_the_lock_fell_is_not_lost(office: Office) -> None:
    case = office.letter()
    window = open_window(office)
    seen_marker = window.seen_marker(case)
    window.clock.now += 601
    response = window.post(f"/case/{case}/note", seen=seen_marker, text="Long & careful note")
    assert response.headers["Location"] == "/unlock"
    assert "Long" not in window.page("/unlock"), "nothing is shown before it is unlocked"
    assert window.post("/unlock").headers["Location"] == "/held"
    held_page = window.page("/held")
    assert "Long &amp; careful note" in held_page
    assert f'action="/case/{case}/note"' in held_page
    assert window.log(case) == (), "nothing was done with it yet"
    window.clock.now += 601
    assert window.post("/unlock").headers["Location"] == "/held", "still there: nobody has sent it"
    response = window.post(f"/case/{case}/note", seen=seen_marker, text="Long & careful note", held="yes")
    assert response.headers["Location"].startswith(f"/case/{case}")
    assert len(window.log(case)) == 1
    assert window.get("/held").headers["Location"] == "/"


def test_a_page_that_locks_itself_leaves_what_was_typed(office: Office) -> None:
    window = open_window(office)
    window.post("/keep", path="/case/x/note", text="half a sentence")
    assert window.get("/unlock").headers["Location"] == "/held"
    assert "half a sentence" in window.page("/held")


@pytest.mark.parametrize("path", ["/keys/passphrase", "//evil.example/", "https://evil.example/case/", "/unlock", ""])
def test_only_the_words_of_cases_and_events_are_held(office: Office, path: str) -> None:
    window = open_window(office)
    window.post("/keep", path=path, new="a secret passphrase")
    assert window.authenticator.held_form is None
    window.authenticator.lock()
    window.post("/keys/passphrase", new="a secret passphrase")
    assert window.authenticator.held_form is None


def test_the_lock_button(office: Office) -> None:
    window = open_window(office)
    assert window.post("/lock").headers["Location"] == "/unlock"
    assert window.get("/").headers["Location"] == "/unlock"


# The running window


def test_it_listens_on_this_machine_only_and_locks_by_itself(
    office: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "IDLE_CHECK_SECONDS", 0.01)
    clock = Clock()
    window = start.start(office.place(), clock=clock)
    try:
        port = int(window.enter.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=120) as line:
            line.sendall(b"GET /marked-words HTTP/1.0\r\nHost: evil\r\n\r\n")
            assert line.recv(20).startswith(b"HTTP/1.1 421")
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=120)
        window.authenticator.open(None)
        clock.now += 601
        until(lambda: window.authenticator.session is None)  # with nobody asking for anything
    finally:
        window.stop()
    assert "".join(capfd.readouterr()) == ""


def test_a_taken_port_is_a_sentence(office: Office) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Problem, match="taken"):
        start.start(office.place(), port=listener.getsockname()[1])


def test_opening_it_shows_the_address_and_ends_with_ctrl_c(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[str] = []
    opened_addresses: list[str] = []
    monkeypatch.setattr(serving.webbrowser, "open", opened_addresses.append)

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(serving.time, "sleep", interrupted)
    start.open_window(office.place(), say=messages.append)
    assert len(opened_addresses) == 1
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/enter/[\w-]{40,}", opened_addresses[0])
    assert opened_addresses[0] in messages[0]
    assert "locked" in messages[-1]
    start.open_window(office.place(), say=messages.append, open_browser=False, idle_seconds=60)
    assert len(opened_addresses) == 1, "only shown"


# The list


def test_urgent_first_then_late_the_second_tray_apart_and_closed_ones_last(office: Office) -> None:
    ids = fill(office)
    window = open_window(office)
    window.session.log.write(ids["hindi"], "state", state="closed", outcome="Paid")
    page = window.page("/")
    listed_ids = re.findall(r'class="open" href="/\?open=(\w+)#', page)
    assert listed_ids[0] == ids["first"]
    assert listed_ids[-2:] == [ids["flood"], ids["hindi"]]
    assert re.findall(r'class="section[^"]*">([^<]+)', page) == ["To work on", "Perhaps spam", "Closed"]
    assert "<b>4</b> late" in page, "three first answers, and danger that was told two days ago"
    assert ">With </span>you" not in page


def test_letters_that_look_alike_stand_under_one(office: Office) -> None:
    fill(office)
    page = open_window(office).page("/")
    assert "2 alike" in page
    assert len(re.findall(r'class="open"', page)) == 6, "eight threads, three of them alike"


def test_very_many_alike_are_one_line_and_a_list_of_their_own(office: Office) -> None:
    for number in range(60):
        office.letter(f"The very same words of somebody who floods the desk, number {number}", language="en", tray=2)
    real = office.letter("A real one", day="2027-01-09")
    window = open_window(office)
    page = window.page("/")
    listed_ids = re.findall(r'class="open" href="/\?open=(\w+)#', page)
    assert len(listed_ids) == 2
    assert listed_ids[0] == real
    assert "59 alike" in page
    more = re.search(r'href="(/\?alike=\w+)">and 39 more', page)
    assert more
    assert "60 of 61" in window.page(more[1])
    assert "Page 1 of 2" in window.page(more[1])


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Window, dict[str, str]]]:
    """A window that tests only read, and the ids of its letters by name."""
    with running(tmp_path_factory.mktemp("searched")) as office:
        ids = fill(office)
        window = open_window(office)
        window.session.log.write(ids["first"], "note", text="Two officers who speak Odia")
        window.session.log.write(ids["first"], "assign", member="police")
        window.session.log.write(ids["hindi"], "state", state="closed")
        yield window, ids


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("text=சூளையில்", {"first"}),
        ("text=ஆற்றங்கரை", set()),
        ("text=KILN+temple", {"alike"}),
        ("text=odia", {"first"}),
        ("place=northtown", {"first"}),
        ("work=farm", set()),
        ("state=closed", {"hindi"}),
        ("tray=2", {"flood"}),
        ("assigned=police", {"first"}),
        ("child=1", {"first"}),
        ("show=danger", {"first"}),
        ("show=late", {"alike", "first"}),
        ("show=child", {"first"}),
        ("show=unheard", {"first"}),
        ("show=nobody", {"alike"}),
        ("show=mine", {"first"}),
        ("show=unread&work=farm", set()),
        ("show=nonsense&place=northtown", {"first"}),
        ("late=1", {"alike", "first", "flood"}),
        ("state=nonsense&tray=9&page=-4&place=northtown", {"first"}),
        ("page=99999&place=northtown", {"first"}),
        ("page=x&place=northtown", {"first"}),
    ],
)
def test_filters_and_search(searched: tuple[Window, dict[str, str]], query: str, expected: set[str]) -> None:
    window, ids = searched
    page = window.page(f"/?{query}")
    assert {name for name, id in ids.items() if id in page} == expected


def test_a_filter_stays_when_the_page_is_turned(office: Office) -> None:
    for number in range(51):
        office.letter(f"{number} " + "".join(chr(0x4E00 + number * 40 + n) for n in range(30)), place="northtown")
    window = open_window(office)
    page = window.page("/?place=northtown&text=%C3%B8")
    assert "No letter fits" in page
    page = window.page("/?place=northtown")
    assert "Page 1 of 2" in page
    following = html.unescape(re.findall(r'href="([^"]+page=2)"', page)[0])
    assert "place=northtown" in following
    assert len(re.findall(r'class="open"', window.page(following))) == 1


def test_an_empty_desk_says_so(office: Office) -> None:
    assert "No letters yet" in open_window(office).page("/")


def test_fetching_says_what_came(office: Office) -> None:
    window = open_window(office)
    office.letter("A new one")
    assert window.post("/sync").headers["Location"] == "/"
    page = window.page("/")
    assert "1 new" in page
    assert "A new one" in page


def test_with_the_server_away_the_desk_still_works(office: Office) -> None:
    case = office.letter("Fetched before")
    office.session().sync.run()
    away = replace(office, address="http://127.0.0.1:1")
    window = open_window(away)
    page = window.page("/")
    assert "cannot be reached" in page
    assert "Fetched before" in page
    assert window.act(case, "note", text="Written meanwhile").status_code == 303
    assert "Written meanwhile" in window.page(f"/case/{case}")
    window.post("/sync")
    assert "2 of your changes wait" in window.page("/")


def test_a_server_that_refuses_is_a_sentence(office: Office) -> None:
    (office.place().folder / "token.txt").write_text("another")
    window = open_window(office)
    answer = window.get("/")
    assert answer.status_code == 400, "no portal was ever fetched"
    assert "token" in answer.text


def test_a_desk_whose_token_is_taken_away_still_reads_what_it_has(office: Office) -> None:
    office.letter("Fetched before")
    office.session().sync.run()
    (office.place().folder / "token.txt").write_text("another")
    page = open_window(office).page("/")
    assert "Fetched before" in page
    assert "Nothing was fetched" in page
    assert "does not know this desk's token" in html.unescape(page)


# Hostile letters


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "abc\u202egnp.exe\u2066",
    "\x00\x07\x1b[31m red",
    "{{ form_token }}{% raw %}",
    "javascript:alert(1)",
)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_are_only_words(office: Office, words: str) -> None:
    case = office.letter(
        words, language=words, place=words, work=[words, {"a": words}], where={"x": [words]}, contact=words, danger=[words],
        children=words, people=words, unknown_question=words, hide_from=[words], receipt=False,
    )  # fmt: skip
    office.letter(words, thread=case)
    window = open_window(office)
    window.act(case, "note", text=words)
    for path in ("/", f"/case/{case}", f"/?text={html.escape(words)}", "/access/"):
        page = window.page(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert not set(page) & set("\u202e\u2066\x00\x07\x1b"), "no control character gets through"
        assert 'href="javascript' not in page


def test_control_characters_are_shown_as_dots_and_line_ends_kept(office: Office) -> None:
    case = office.letter("one\u202etwo\nthree")
    assert "one·two\nthree" in open_window(office).page(f"/case/{case}")


def test_a_letter_with_strange_days_and_states_does_not_break_the_desk(office: Office) -> None:
    case = office.letter("Strange", day="2027-01-10", people=[1, 2], place=None, danger={"yes": "yes"})
    window = open_window(office)
    window.session.log.write(case, "state", state="<b>odd</b>")
    window.session.log.write(case, "due", day="never")
    window.session.log.write(case, "theme", theme=["x"])
    assert "&lt;b&gt;odd&lt;/b&gt;" in window.page(f"/case/{case}")
    window.page("/")


def test_a_letter_that_does_not_open_is_said_and_the_others_are_shown(office: Office) -> None:
    office.letter("A good one")
    broken = office.letter("A broken one")
    office.session().sync.run()
    path = office.place().folder / "letters" / f"{broken}.age"
    path.write_bytes(path.read_bytes()[:-7])
    (office.place().folder / "index.age").unlink(missing_ok=True)
    window = open_window(office)
    page = window.page("/")
    assert "A good one" in page
    assert "does not open here" in page
    assert "do not open it" in window.page(f"/case/{broken}")


@pytest.mark.parametrize(
    "path", ["/case/nothing", "/case/" + "0" * 32, "/part/" + "0" * 32, "/part/..%2f..%2ftoken.txt", "/part/x"]
)
def test_what_is_not_there_is_a_sentence(office: Office, path: str) -> None:
    answer = open_window(office).get(path)
    assert answer.status_code in {400, 404}
    assert "Something went wrong" in answer.text


# A case


def test_a_case_shows_the_letter_in_the_order_of_the_form_in_its_language(office: Office) -> None:
    ids = fill(office)
    page = open_window(office).page(f"/case/{ids['first']}")
    questions = [question.strip() for question in re.findall(r"<dt>([^<]+)<", page)]
    assert questions[:3] == [
        "Is somebody in danger right now?",
        "What is happening?",
        "Which part of the district is it in?",
    ]
    assert '<dt>What is happening? <small lang="ta">என்ன' in page, "the question as the person read it"
    assert '<dd lang="ta" dir="auto">செங்கல்' in page
    assert "Northtown" in page
    assert "Revenue officer" in page
    assert "sealed on the person&#39;s own phone" in page or "sealed on the person's own phone" in page
    assert "What was added, 11 Jan 2027" in page


def test_a_photo_is_made_anew_and_shown_in_a_sandbox(office: Office) -> None:
    ids = fill(office)
    window = open_window(office)
    picture, voice = re.findall(r'src="(/part/\w+)"', window.page(f"/case/{ids['first']}"))
    answer = window.get(picture)
    assert answer.headers["Content-Type"].startswith("image/")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert b"Phone of Somebody" not in answer.data
    sound = window.get(voice, Range="bytes=0-99")
    assert sound.headers["Content-Type"].startswith("audio/")
    assert (sound.status_code, len(sound.data)) == (206, 100)


def test_a_photo_that_is_none_is_a_sentence(office: Office) -> None:
    case = office.letter("See this", parts=[("photo", b"MZ\x90\x00 a program")])
    window = open_window(office)
    (picture,) = set(re.findall(r'src="(/part/\w+)"', window.page(f"/case/{case}")))
    answer = window.get(picture)
    assert answer.status_code == 400
    assert "cannot be shown safely" in answer.text


@pytest.mark.parametrize(
    ("action", "fields", "expected"),
    [
        ("state", {"state": "looking"}, "State: Being looked into"),
        ("state", {"state": "closed", "outcome": "Nine people are free"}, "Nine people are free"),
        ("note", {"text": "One\r\nline <b>"}, "One\nline &lt;b&gt;"),
        ("assign", {"member": "police"}, "In the hands of police"),
        ("assign", {"member": ""}, "In nobody&#39;s hands"),
        ("due", {"day": "2027-02-03"}, "Due on 3 Feb 2027"),
        ("due", {"day": ""}, "No day set"),
        ("flag", {"flag": "urgent", "on": "1"}, "Marked: urgent"),
        ("flag", {"flag": "child"}, "No longer marked: a child is spoken of"),
        ("theme", {"theme": "wages", "place": "hillside", "work": "kiln"}, "Counted in public as: Wages held back, Hillside, Brick kiln"),
        ("theme", {"theme": ""}, "Not counted in public"),
        ("answer", {"text": "நன்றி", "state": "looking"}, "Answered the person"),
    ],
)  # fmt: skip
def test_each_action_writes_one_line_and_says_so(
    office: Office, action: str, fields: dict[str, str], expected: str
) -> None:
    case = office.letter("A word")
    window = open_window(office)
    answer = window.act(case, action, **fields)
    assert answer.headers["Location"] == f"/case/{case}?done={action}"
    page = window.page(answer.headers["Location"])
    assert 'class="panel panel--done"' in page
    assert expected in page
    assert office.store.inbox.entries("police", TODAY), "and it has reached the server, sealed"


@pytest.mark.parametrize(
    ("action", "fields", "message"),
    [
        ("state", {"state": "nonsense"}, "no such state"),
        ("state", {}, "no such state"),
        ("note", {"text": " \r\n "}, "It is empty"),
        ("note", {"text": "x" * 4001}, "4001"),
        ("assign", {"member": "somebody"}, "is no member of this desk"),
        ("due", {"day": "31.1.2027"}, "is no day"),
        ("flag", {"flag": "odd"}, "no such mark"),
        ("theme", {"theme": "odd"}, "not in the portal"),
        ("answer", {"text": ""}, "has 0 letters"),
        ("handover", {"desk": "events"}, "does not read such letters"),
        ("merge", {"into_typed": "zz"}, "no such case"),
        ("merge", {}, "no such case"),
        ("settle", {"entry": "x"}, "settled already"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_nothing_is_written(
    office: Office, action: str, fields: dict[str, str], message: str
) -> None:
    case = office.letter("A word")
    window = open_window(office)
    answer = window.act(case, action, **fields)
    assert answer.status_code == 400
    assert message in html.unescape(answer.text)
    assert window.log(case) == ()
    if len(fields.get("text", "")) > 100:
        assert fields["text"] in answer.text, "what was typed is still there"


def test_an_action_that_there_is_not(office: Office) -> None:
    case = office.letter()
    assert open_window(office).act(case, "sell").status_code == 404


def test_a_page_that_is_older_than_the_log_makes_a_conflict_that_is_shown_and_settled(office: Office) -> None:
    case = office.letter("A word")
    window = open_window(office)
    old = window.seen_marker(case)
    window.act(case, "state", state="looking")
    window.post(f"/case/{case}/state", seen=old, state="closed", outcome="Too early?")
    assert {entry.value["state"] for entry in window.case(case).state.rivals} == {"looking", "closed"}
    assert "Two say different things" in window.page("/")
    page = window.page(f"/case/{case}")
    assert "Two people set this without knowing of each other" in page
    assert "Too early?" in page
    (looking,) = (entry for entry in window.log(case) if entry.value["state"] == "looking")
    assert window.act(case, "settle", entry=looking.id).status_code == 303
    assert window.case(case).state.rivals == ()
    assert window.case(case).state.value == "looking"
    assert len(window.log(case)) == 3, "both stay in the log"
    assert "Two people set this" not in window.page(f"/case/{case}")


def test_two_marks_set_at_once_are_a_conflict_too(office: Office) -> None:
    case = office.letter("A word")
    window = open_window(office)
    old = window.seen_marker(case)
    window.act(case, "flag", flag="child", on="1")
    window.post(f"/case/{case}/flag", seen=old, flag="child")
    assert "Two people set this" in window.page(f"/case/{case}")


@pytest.mark.parametrize("which", ["first", "flood"])
def test_an_answer_that_is_sent_by_two_clicks_goes_once_and_on_purpose_again(office: Office, which: str) -> None:
    case = fill(office)[which]
    window = open_window(office)

    def answers() -> int:
        return sum(entry.kind == "answer" for entry in window.case(case).entries)

    seen_marker = window.seen_marker(case)
    for _ in range(3):
        response = window.post(f"/case/{case}/answer", seen=seen_marker, text="We will come.\r\n", state="looking")
        assert response.status_code == 303
    assert answers() == 1
    window.post(f"/case/{case}/answer", seen=seen_marker, text="On Monday.")
    assert answers() == 2, "another answer from the same page goes"
    window.act(case, "answer", text="We will come.")
    assert answers() == 3, "who sees that it was sent may say it once more"


def test_an_answer_from_an_old_page_does_not_overrule_a_colleagues_state(office: Office) -> None:
    case = office.letter("A word")
    window = open_window(office)
    old = window.seen_marker(case)
    window.act(case, "state", state="closed")
    window.post(f"/case/{case}/answer", seen=old, text="We look into it", state="looking")
    assert window.case(case).is_answered
    assert len(window.case(case).state.rivals) == 2


def test_ids_that_are_none_in_the_hidden_field_do_no_harm(office: Office) -> None:
    case = office.letter("A word")
    window = open_window(office)
    assert window.post(f"/case/{case}/note", seen="../../x <b> " + "0" * 32, text="Hello").status_code == 303
    assert window.log(case)[0].after == ()


def test_a_phrase_in_the_persons_language_is_added_without_a_script(office: Office) -> None:
    case = office.letter("A word", language="hi")
    window = open_window(office)
    page = window.page(f"/case/{case}")
    assert "Phrases in हिन्दी" in page
    answer = window.act(case, "answer", text="नमस्ते।", phrase="thanks", state="looking", do="insert")
    assert "नमस्ते।\n\nलिखने के लिए धन्यवाद।</textarea>" in answer.text
    assert '<option value="looking" selected>' in answer.text
    assert window.log(case) == (), "nothing was sent"
    assert window.act(case, "answer", text="अ", phrase="odd", do="insert").text.count(">अ</textarea>") == 1


def test_without_phrases_in_a_language_none_are_offered(office: Office) -> None:
    case = office.letter("A word", language="or")
    assert 'id="phrase"' not in open_window(office).page(f"/case/{case}")


def test_who_took_no_receipt_cannot_be_answered_and_the_page_says_what_else(office: Office) -> None:
    case = office.letter("A word", receipt=False, contact="the tea stall, evenings")
    page = open_window(office).page(f"/case/{case}")
    assert "took no receipt" in page
    assert "the tea stall, evenings" in page
    assert 'action="/case/' + case + '/answer"' not in page


def test_handing_over_offers_no_desk_that_must_not_see_it(office: Office) -> None:
    case = office.letter("About an officer", desks=("police", "legal"), hide_from=["revenue"])
    window = open_window(office)
    page = window.page(f"/case/{case}")
    offered = re.search(r'<select class="select" id="desk".*?</select>', page, re.DOTALL)
    assert offered
    assert re.findall(r'value="(\w+)"', offered[0]) == ["partner"]
    assert "must not see it: Revenue officer" in page
    refused = window.act(case, "handover", desk="revenue")
    assert "must not see it" in refused.text
    assert window.act(case, "handover", desk="partner").status_code == 303
    assert "Handed over to Partner" in window.page(f"/case/{case}")
    assert "About an officer" in open_window(office, "partner").page(f"/case/{case}")
    assert case not in open_window(office, "revenue").page("/")


def test_two_cases_are_put_together_and_taken_apart_again(office: Office) -> None:
    ids = fill(office)
    window = open_window(office)
    case, other = ids["alike"], window.session.cases.similar_cases()[ids["alike"]][0]
    assert window.act(case, "merge", into=other).status_code == 303
    assert window.case(case).merged_into == other
    assert case in window.page(f"/case/{other}")
    assert f'put together with <a href="/case/{other}"' in window.page(f"/case/{case}")
    assert window.act(case, "part").status_code == 303
    assert window.case(case).merged_into == ""


def test_another_case_is_named_by_its_first_eight_digits(office: Office) -> None:
    case, other = office.letter("One word"), office.letter("Quite another word")
    window = open_window(office)
    assert "no such case" in window.act(case, "merge", into_typed=case[:8]).text, "not with itself"
    assert window.act(case, "merge", into_typed=f" {other[:8].upper()} ").status_code == 303
    assert window.case(case).merged_into == other


def test_where_a_child_is_spoken_of_the_duty_is_shown_and_the_districts_forms(office: Office) -> None:
    case = office.letter("A word", children="yes")
    page = open_window(office).page(f"/case/{case}")
    assert html.escape(CHILD_DUTY) in page
    assert '<a href="https://example.org/forms" rel="noreferrer noopener" target="_blank">Inquiry form</a>' in page
    quiet = office.letter("Another", children="no")
    assert html.escape(CHILD_DUTY) not in open_window(office).page(f"/case/{quiet}")


def test_a_district_says_its_duties_in_its_own_words(office: Office) -> None:
    case = office.letter("A word", children="yes")
    window = open_window(office)
    own = {
        "duties": (Choice("child", {"en": "Call the officer first."}),),
        "staff_links": (Choice("javascript:x", {"en": "Bad"}),),
    }
    changed = replace(office.portal, choices={**office.portal.choices, **own})
    portals.write(changed, office.home / "changed.json")
    window.session.portal.save((office.home / "changed.json").read_bytes())
    page = window.page(f"/case/{case}")
    assert "Call the officer first." in page
    assert "javascript:" not in page


def test_the_time_line_for_machines_has_no_words_of_the_letter(office: Office) -> None:
    case = office.letter(MARKED)
    window = open_window(office)
    window.act(case, "state", state="looking")
    answer = window.get(f"/case/{case}/time-line.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert [row["what"] for row in answer.get_json()["time_line"]] == ["letter", "read", "state"]
    assert MARKED not in answer.text


def test_a_case_is_exported_as_one_age_file(office: Office) -> None:
    case = office.letter(MARKED, parts=[("photo", photo())])
    window = open_window(office)
    court = pyrage.x25519.Identity.generate()
    answer = window.act(case, "export", to=f" {court.to_public()} ")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="case-{case[:8]}.age"'
    with zipfile.ZipFile(BytesIO(pyrage.decrypt(answer.data, [court]))) as bundle:
        assert "SHA256SUMS" in bundle.namelist()
        assert any(MARKED in bundle.read(name).decode("utf-8", "replace") for name in bundle.namelist())
    refused = window.act(case, "export", to="short")
    assert refused.status_code == 400
    assert "no passphrase that is long enough" in refused.text


def test_erasing_asks_twice(office: Office) -> None:
    case = office.letter(MARKED)
    window = open_window(office)
    assert "Go on" in window.page(f"/case/{case}/erase")
    once = window.post(f"/case/{case}/erase", sure="once")
    assert "Yes, erase for good" in once.text
    assert window.case(case)
    assert window.post(f"/case/{case}/erase", sure="twice").headers["Location"] == "/?erased=1"
    with pytest.raises(Problem, match="no such case"):
        window.case(case)
    assert window.get(f"/case/{case}").status_code == 400
    assert office.store.inbox.waiting("legal", "legal"), "another desk keeps its own"


# Keys, log, keeping


def test_the_keys_page_tells_whose_keys_there_are(office: Office) -> None:
    page = open_window(office).page("/keys/")
    assert office.portal.desks[0].members[0].key in page
    assert "this machine" in page
    assert "Is this machine in order?" in page
    assert "demonstration only" in page
    assert "Print a recovery key" in page


def test_a_passphrase_is_set_and_opens_from_then_on(office: Office, quick_passphrase: None) -> None:
    window = open_window(office)
    assert "not the same" in window.post("/keys/passphrase", new=PASSPHRASE, again="x").text
    assert "shorter than" in window.post("/keys/passphrase", new="short", again="short").text
    assert "The passphrase is changed" in window.post("/keys/passphrase", new=PASSPHRASE, again=PASSPHRASE).text
    assert "does not open" in window.post("/keys/passphrase", old="wrong", new=PASSPHRASE, again=PASSPHRASE).text
    window.post("/lock")
    assert "Passphrase" in window.page("/unlock")
    assert window.post("/unlock", passphrase=PASSPHRASE).status_code == 303


def test_a_new_key_is_made_and_old_letters_still_open(office: Office) -> None:
    office.letter("An old one")
    window = open_window(office)
    answer = window.post("/keys/rotate")
    assert "Now put these lines into portal.yml" in answer.text
    assert re.search(r"key: age1\w+\npickup: sha256:\w{64}\nsigning: ed25519:\w{64}", answer.text)
    window.post("/lock")
    window.post("/unlock")
    assert "An old one" in window.page("/")


def publish_key(office: Office, page: str) -> None:
    """Publish a portal with the two key lines that a page shows."""
    lines = re.search(r"key: (age1\w+)\npickup: (sha256:\w{64})", page)
    assert lines
    police, *others = office.portal.desks
    desks = (replace(police, members=(Member("police", *lines.groups()),)), *others)
    portals.write(replace(office.portal, desks=desks), office.home / "portal.json")
    state_of(office.app).use_portal(portals.read(office.home / "portal.json"))


def test_old_keys_are_forgotten_after_two_questions_and_the_passphrase(office: Office, quick_passphrase: None) -> None:
    old = office.letter("An old one")
    window = open_window(office)
    assert "Forget old keys" not in window.page("/keys/")
    window.post("/keys/passphrase", new=PASSPHRASE, again=PASSPHRASE)
    page = window.post("/keys/rotate", old=PASSPHRASE).text
    assert "Forget old keys" in window.page("/keys/")
    assert "still sealed to one of them" in window.post("/keys/forget").text, "the portal has the old lines"
    publish_key(office, page)
    first = window.post("/keys/forget").text
    assert "Only old keys open something of 1 case (1 of them not closed)." in first
    assert f'href="/case/{old}"' in first
    again = window.post("/keys/forget", sure="once").text
    assert "They will not open on this machine any more." in again
    assert "Yes, forget for good" in again
    refused = window.post("/keys/forget", sure="twice", old="another passphrase")
    assert (refused.status_code, "does not open this key" in refused.text) == (400, True)
    assert "An old one" in window.page("/"), "nothing was done"
    assert "Forgotten: 1." in window.post("/keys/forget", sure="twice", old=PASSPHRASE).text
    assert "An old one" not in window.page("/")


def test_what_old_keys_open_can_be_sealed_anew_before_they_go(office: Office) -> None:
    office.letter("An old one")
    window = open_window(office)
    publish_key(office, window.post("/keys/rotate").text)
    assert 'name="anew"' in window.post("/keys/forget").text
    assert "sealed for the present key first" in window.post("/keys/forget", sure="once", anew="yes").text
    assert "Forgotten: 1." in window.post("/keys/forget", sure="twice", anew="yes").text
    assert "An old one" in window.page("/")


def test_a_recovery_key_is_shown_once_and_is_nowhere_on_the_disk(office: Office) -> None:
    window = open_window(office)
    answer = window.post("/keys/recovery")
    secret = re.search(r"AGE-SECRET-KEY-1\w+", answer.text)
    assert secret
    assert "<svg" in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert window.get("/keys/recovery").status_code in {404, 405}
    assert not on_disk(office.home, secret[0])
    public = re.search(r"recovery: (age1\w+)", answer.text)
    assert public
    assert str(keys.pyrage.x25519.Identity.from_str(secret[0]).to_public()) == public[1]


def test_sealing_anew_for_nobody_is_a_sentence(office: Office) -> None:
    answer = open_window(office).post("/keys/reseal", member="police/nobody")
    assert answer.status_code == 400
    assert "is no member" in answer.text
    assert open_window(office).post("/keys/odd").status_code == 404


def test_sealing_anew_for_a_colleague_says_how_many(office: Office) -> None:
    office.letter("Open one")
    assert "1 open case is sealed anew for police" in open_window(office).post("/keys/reseal", member="police").text


def test_who_did_what_names_people_and_cases_and_no_words(office: Office) -> None:
    case = office.letter(MARKED)
    window = open_window(office)
    window.act(case, "answer", text="Thank you")
    page = window.page("/access/")
    assert "answered" in page
    assert f'href="/case/{case}"' in page
    assert MARKED not in page
    assert "Nothing yet" in window.page("/access/?member=nobody")


def test_what_was_kept_long_enough_is_offered_and_erased_after_two_questions(office: Office) -> None:
    old, young = office.letter("Old one", day="2025-01-10"), office.letter("Young one")
    window = open_window(office)
    assert "Nothing here has been kept too long" in window.page("/retention/")
    window.session.clock.today = lambda: TODAY.replace(year=2029)
    assert re.search(r"It shows \d+ \w+ 2029", window.page("/retention/"))
    has_come(window.session.place.folder, TODAY.replace(year=2029))
    for case in (old, young):
        window.act(case, "state", state="closed")
    assert re.findall(r'name="case" value="(\w+)"', window.page("/retention/")).count(old) == 1
    assert "Go on" in window.post("/retention/", case=old).text
    assert "erase for good" in window.post("/retention/", case=old, sure="once").text
    assert window.case(old)
    assert window.post("/retention/", case=old, sure="twice").headers["Location"] == "/retention/?erased=1"
    assert "1 erased" in window.page("/retention/?erased=1")
    assert [case.id for case in window.session.cases.all()] == [young], "what was not ticked stays"


# Nothing opened is written or logged


def on_disk(folder: Path, *words: str) -> list[Path]:
    """Return the files below a folder that contain any of these words."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if any(word.encode() in path.read_bytes() for word in words)]


def test_nothing_that_was_opened_or_typed_is_on_the_disk_or_in_a_log(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    temporary = office.home / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    case = office.letter(MARKED, contact="marked-contact")
    office.letter("marked-addition", thread=case)
    window = open_window(office)
    window.act(case, "note", text="marked-note " * 300)
    window.act(case, "answer", text="marked-answer")
    window.act(case, "state", state="closed", outcome="marked-outcome")
    for path in ("/", "/?text=marked", f"/case/{case}", f"/case/{case}/time-line.json", "/keys/", "/access/"):
        window.get(path)
    window.post(f"/case/{case}/note", seen="", text="marked-late", headers={})
    assert on_disk(office.home, "marked-", "துயரம்") == []
    assert list(temporary.iterdir()) == []
    assert "marked" not in "".join(capfd.readouterr()) + caplog.text


def test_an_error_of_ours_is_a_page_and_its_log_holds_no_words(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    window = open_window(office)

    def broken(*_: object) -> None:
        raise ValueError(MARKED)

    monkeypatch.setattr(CaseList, "all", broken)
    answer = window.get("/?text=marked-search")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "ValueError in" in caplog.text
    assert "marked" not in caplog.text
    assert "marked" not in answer.text


def test_where_other_forms_come_too_they_can_be_told_apart(office: Office) -> None:
    office.letter("A concern")
    window = open_window(office)
    assert "Every form" not in window.page("/"), "nothing to choose from"
    office.letter("Another form", form="followup")
    window.post("/sync")
    assert "Every form" in window.page("/")
    page = window.page("/?form=followup")
    assert "Another form" in page
    assert "A concern" not in page


def test_what_follows_a_letter_that_is_not_here_is_shown_all_the_same(office: Office) -> None:
    office.letter("The first", thread="")
    elsewhere = office.letter("For another desk", desks=("legal",))
    office.letter("What was added", thread=elsewhere)
    window = open_window(office)
    assert "The first letter does not open here" in window.page("/")
    assert "What was added" in window.page(f"/case/{elsewhere}")
