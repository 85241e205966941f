"""Another program on the staff machine listens on another port of 127.0.0.1: what it learns of the desk's window."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from forms.desk.window import start
from tests.desk.window_helpers import TODAY, Office, running
from tests.serving import serve_in_thread

WORDS = "words-that-only-this-desk-reads"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running(tmp_path) as running_office:
        yield running_office


@pytest.fixture
def window(office: Office) -> Iterator[start.Window]:
    office.letter(WORDS)
    server = start.start(office.place(), today=lambda: TODAY)
    yield server
    server.stop()


@dataclass
class OtherProgram:
    """A server on another port of this machine. It records what browsers send, and responds with `cookies`."""

    address: str = ""
    cookies: list[str] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def recorded_requests(self) -> str:
        return repr(self.requests)


@pytest.fixture
def other() -> Iterator[OtherProgram]:
    program = OtherProgram()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            program.requests.append((self.path, dict(self.headers)))
            self.send_response(200)
            for cookie in program.cookies:
                self.send_header("Set-Cookie", cookie)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: Any) -> None:
            """Do not log."""

    with serve_in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        program.address = address
        yield program


@dataclass
class Staff:
    """A browser that came in and unlocked the desk. Like all browsers it does not tell cookies apart by port."""

    browser: requests.Session
    home: str

    def page(self) -> requests.Response:
        return self.browser.get(self.home)


@pytest.fixture
def staff(window: start.Window) -> Staff:
    browser = requests.Session()
    home = browser.get(window.enter).url.removesuffix("unlock")
    fields = {"form_token": window.authenticator.form_token}
    browser.post(f"{home}unlock", data=fields, headers={"Origin": origin(window)})
    staff = Staff(browser, home)
    assert WORDS in staff.page().text
    return staff


def origin(window: start.Window) -> str:
    return window.enter.rpartition("/enter/")[0]


def test_what_a_browser_tells_another_port_opens_no_page(
    window: start.Window, staff: Staff, other: OtherProgram
) -> None:
    for path in ("/", "/unlock", "/case/", "/static/desk.css", urlsplit(window.enter).path):
        staff.browser.get(other.address + path)
        staff.browser.post(other.address + path, data={})
    assert window.authenticator.cookie not in other.recorded_requests()
    thief = requests.Session()
    for _, headers in other.requests:
        cookie = {"Cookie": headers.get("Cookie", "")}
        for path in ("/", "/unlock", "/keys/", "/static/../", "/enter/"):
            answer = thief.get(origin(window) + path, headers=cookie)
            assert answer.status_code in {401, 404}
            assert WORDS not in answer.text
            assert window.authenticator.root not in answer.text + repr(answer.headers)


def test_the_cookie_alone_opens_no_page(window: start.Window, staff: Staff) -> None:
    name = staff.browser.cookies.keys()[0]
    for path in ("/", "/keys/", "/unlock", "//", "/%2e/", f"/x{window.authenticator.root}/"):
        answer = requests.get(origin(window) + path, cookies={name: window.authenticator.cookie}, allow_redirects=False)
        assert answer.status_code == 401
        assert WORDS not in answer.text


def test_the_secret_path_alone_opens_no_page(window: start.Window, staff: Staff) -> None:
    """Somebody read the address over a shoulder or in the browser's history."""
    for path in ("", "keys/", "unlock"):
        assert requests.get(staff.home + path, allow_redirects=False).status_code == 401


def test_neither_does_with_a_part_of_the_path(window: start.Window, staff: Staff) -> None:
    cookie = {staff.browser.cookies.keys()[0]: window.authenticator.cookie}
    for path in (
        window.authenticator.root[:-1],
        window.authenticator.root + "x",
        window.authenticator.root.swapcase(),
        "/é",
    ):
        assert requests.get(f"{origin(window)}{path}/", cookies=cookie).status_code == 401


def test_a_window_started_anew_has_other_secrets(window: start.Window, office: Office) -> None:
    again = start.start(office.place(), today=lambda: TODAY)
    again.stop()
    assert window.authenticator.root != again.authenticator.root
    assert window.authenticator.cookie != again.authenticator.cookie


def test_cookies_that_another_port_sets_keep_nobody_out(
    window: start.Window, staff: Staff, other: OtherProgram
) -> None:
    name = staff.browser.cookies.keys()[0]
    other.cookies = [f"{name}=another; Path=/", f"{name}=; Path=/; Max-Age=0"]
    staff.browser.get(other.address)
    assert WORDS in staff.page().text
    shadowed = {"Cookie": f"{name}=another; {name}={window.authenticator.cookie}"}
    assert WORDS in requests.get(staff.home, headers=shadowed).text


def test_no_link_form_or_file_of_a_page_leaves_the_secret_path(staff: Staff) -> None:
    """A link without the secret path leads to a page that refuses staff."""
    for path in ("", "keys/", "access/", "retention/"):
        text = staff.browser.get(staff.home + path).text
        named = re.findall(r'(?:href|src|action|url)="?(/[^"]*)', text)
        assert [one for one in named if not one.startswith(urlsplit(staff.home).path)] == []


def test_a_real_browser_tells_another_port_nothing_either(
    window: start.Window, other: OtherProgram, browser: Any
) -> None:
    """The other program's page also asks for the window's pages, with the browser's cookies, and is given none."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(window.enter)
        page.get_by_role("button", name="Open").click()
        page.get_by_text(WORDS).first.wait_for()
        page.goto(f"{other.address}/case/")
        page.reload()
        ask = "async (url) => { try { return (await fetch(url, {credentials: 'include'})).status } catch { return 0 } }"
        assert page.evaluate(ask, f"{origin(window)}/") == 0, "no answer that this page may read"
        assert window.authenticator.cookie not in other.recorded_requests()
        assert window.authenticator.root not in other.recorded_requests()
        page.goto(window.pages)
        page.get_by_text(WORDS).first.wait_for()
    finally:
        context.close()
