"""Answering by voice in the desk's window: a file or a recording beside the text, heard again in the time line."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from forms.core.media.attachments import MAX_FILE_BYTES
from forms.desk.cli.main import desk as commands
from tests.desk.test_window import Window, open_window
from tests.desk.window_helpers import Office, running, voice
from tests.server.conftest import multipart

pytestmark = pytest.mark.usefixtures("site_not_visited")

TEXT = "We come on Monday."


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running(tmp_path) as running_office:
        yield running_office


def send(window: Window, case: str, recording: bytes, **fields: str) -> TestResponse:
    """Send the answer's form with a recording."""
    data = {"text": TEXT, "do": "send", **fields, "voice": (recording, "MarkedName.wav")}
    return post_with_file(window, f"/case/{case}/answer", seen=window.seen_marker(case), **data)


def post_with_file(window: Window, path: str, **fields: Any) -> TestResponse:
    """Post a form with a file from memory. The test client's own way would write it to disk."""
    body = multipart({"form_token": window.authenticator.form_token, **fields})
    head = {"Origin": "http://localhost"}
    return window.client.post(path, data=body, headers=head, content_type="multipart/form-data; boundary=B")


def test_a_recording_goes_along_and_is_heard_in_the_time_line(office: Office) -> None:
    case = office.letter("A word")
    window = open_window(office)
    page = window.page(f"/case/{case}")
    assert re.search(r'<form [^>]*/answer" enctype="multipart/form-data">', page)
    assert re.search(r'<input [^>]*type="file" id="answer-voice" name="voice" accept="audio/\*"', page)
    assert "Whoever stands beside the phone hears it" in page
    assert send(window, case, voice(), state="looking").status_code == 303
    [spoken] = window.case(case).answer_recordings
    assert (spoken.seconds, window.case(case).state.value) == (2, "looking")
    page = window.page(f"/case/{case}")
    assert f'Said too, 0:02</figcaption><audio controls preload="none" src="/part/{spoken.id}"' in page
    played = window.get(f"/part/{spoken.id}")
    assert (played.status_code, played.data[:4]) == (200, b"OggS")
    assert b"MarkedName" not in b"".join(one.read_bytes() for one in office.home.rglob("*") if one.is_file())
    assert not window.case(case).unheard_recordings, "what this desk said is nothing to listen to"


@pytest.mark.parametrize(
    ("recording", "says"), [(b"", "holds nothing"), (b"a program", "is no recording"), (b"RIFF" * (MAX_FILE_BYTES["answer"] // 4 + 1), "more than 24 MB")]
)  # fmt: skip
def test_what_cannot_be_taken_is_said_and_the_text_stays(office: Office, recording: bytes, says: str) -> None:
    case = office.letter("A word")
    window = open_window(office)
    refused = send(window, case, recording, state="looking")
    assert refused.status_code == 400
    assert says in refused.text
    assert f">{TEXT}</textarea>" in refused.text
    assert '<option value="looking" selected' in refused.text
    assert window.log(case) == ()


def test_a_recording_without_words_is_refused(office: Office) -> None:
    case = office.letter("A word")
    window = open_window(office)
    refused = send(window, case, voice(), text=" ")
    assert refused.status_code == 400
    assert "Write beside it what it says" in refused.text
    assert window.log(case) == ()


def test_only_an_answer_may_be_large(office: Office) -> None:
    case = office.letter("A word")
    window = open_window(office)
    large = {"text": "x", "more": (bytes(2 * 1024 * 1024), "x")}
    assert post_with_file(window, f"/case/{case}/note", **large).status_code == 413


def test_the_terminal_takes_a_file(office: Office, tmp_path: Path) -> None:
    case = office.letter("A word")
    (tmp_path / "said.wav").write_bytes(voice())
    place = office.place()
    office.session().sync.run()

    def run(*words: str) -> str:
        options = ["--home", str(place.folder.parent), "--server", place.address, "--desk", "police"]
        return CliRunner().invoke(commands, [*options, "answer", case, "--text", TEXT, *words]).output

    assert "cannot be read" in run("--voice", str(tmp_path / "none.wav"))
    assert "left for the person" in run("--voice", str(tmp_path / "said.wav"))
    [spoken] = office.session().cases.case(case).answer_recordings
    assert spoken.seconds == 2


def test_the_recorder_is_shown_to_who_has_come_in_and_to_nobody_else(office: Office) -> None:
    """One script for both windows (forms/web/local), behind the guard of each."""
    case = office.letter("A word")
    window = open_window(office)
    page = window.page(f"/case/{case}")
    assert '/shared/recording.js" defer></script>' in page
    assert 'data-none="This browser has no microphone' in page
    assert b"MediaRecorder" in window.get("/shared/recording.js").data
    stranger = window.client.application.test_client()
    for path in ("/shared/recording.js", f"{window.authenticator.root}/shared/recording.js"):
        assert stranger.get(path).status_code == 401
    assert window.get("/shared/../desk.js").status_code == 404
