"""What somebody typed at the desk is not lost: by the lock, a machine that sleeps, a disk that fails, another start."""

import errno
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from forms.desk.services.case_writer import CaseWriter
from forms.desk.session import Session
from forms.desk.window.access.authentication import Authenticator, elapsed_seconds
from tests.desk.test_window import open_window
from tests.desk.window_helpers import Office, running


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running(tmp_path) as running_office:
        yield running_office


def test_what_was_held_can_be_thrown_away(office: Office) -> None:
    window = open_window(office)
    window.post("/keep", path="/case/x/note", text="half a sentence")
    assert "half a sentence" in window.page("/held")
    assert window.post("/held/away").headers["Location"] == "/"
    assert window.get("/held").headers["Location"] == "/"


def test_what_was_held_stays_where_it_cannot_be_sent(office: Office) -> None:
    window = open_window(office)
    window.post("/keep", path="/case/x/note", text="half a sentence")
    assert window.post("/case/x/note", text="half a sentence", held="yes").status_code == 400
    assert "half a sentence" in window.page("/held")
    window.authenticator.lock()
    window.post("/case/x/note", text="half a sentence", held="yes")
    window.post("/unlock")
    assert "half a sentence" in window.page("/held"), "the lock had fallen: it was not sent"


def test_an_open_desk_locks_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop whose lid is closed over an open desk. Python's monotonic clock stands still meanwhile."""
    boot, awake = getattr(time, "CLOCK_BOOTTIME", -1), time.CLOCK_MONOTONIC
    monkeypatch.setattr(time, "clock_gettime", lambda clock: {boot: 30_000.0, awake: 1.0}[clock])
    monkeypatch.setattr(time, "monotonic", lambda: 1.0)
    assert elapsed_seconds() == 30_000.0
    assert Authenticator(Path(), Session.unlock, 600).clock is elapsed_seconds  # type: ignore[arg-type]


TYPED = "Half an hour's <careful> words"


def lost_disk(*_: object, **__: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_what_was_typed_stands_on_the_page_that_says_what_went_wrong(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = office.letter()
    window = open_window(office)
    assert TYPED in unescape(window.post(f"/case/{'a' * 32}/note", text=TYPED).text), "its letter was erased meanwhile"
    monkeypatch.setattr(CaseWriter, "write", lost_disk)
    response = window.post(f"/case/{case}/note", seen=window.seen_marker(case), text=TYPED)
    assert response.status_code == 500
    assert TYPED in unescape(response.text)
    assert TYPED in unescape(window.post(f"/case/{case}/note", form_token="of an earlier start", text=TYPED).text)


def test_of_another_sites_form_nothing_is_shown(office: Office) -> None:
    """It could put words of its own on our page."""
    window = open_window(office)
    evil = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    response = window.client.post("/case/x/note", data={"text": "Call 98765"}, headers=evil)
    assert response.status_code == 403
    assert "98765" not in response.text
