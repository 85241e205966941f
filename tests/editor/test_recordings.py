"""A recording is stored as sound only, beside a text; a person's voice is not on the site before her consent."""

import io
import wave
from pathlib import Path

import av
import pytest
from sitegen.content.consent import consent_table
from sitegen.media import staff_recordings

from tests.editor.conftest import OURS, Browser
from tests.editor.test_window import CONSENT
from tests.sitegen.conftest import TODAY, Folder

WHERE = "/recordings/ta/help"


def sound(seconds: float = 1.0, rate: int = 8000) -> bytes:
    """Return a recording whose metadata names its author and place."""
    out = io.BytesIO()
    with wave.open(out, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(bytes(range(256)) * int(rate * 2 * seconds / 256))
    return out.getvalue() + b"LIST\x1a\x00\x00\x00INFOIART\x0d\x00\x00\x00Secret Place\x00\x00"


@pytest.fixture(autouse=True)
def pages(folder: Folder) -> None:
    folder.page("help")
    folder.page("help", language="ta")


def recording_path(folder: Folder, name: str = "ta/help.opus") -> Path:
    return folder.root / "content" / "media" / "audio" / name


def upload(browser: Browser, data: bytes, status: int = 303, voice: str = "reader", where: str = WHERE) -> str:
    answer = browser.post(where, status, voice=voice, file=(io.BytesIO(data), "Recording at Secret Place.wav"))
    return answer.headers.get("Location", "") or answer.text


def test_a_recording_keeps_nothing_but_the_sound(browser: Browser, folder: Folder) -> None:
    upload(browser, sound())
    data = recording_path(folder).read_bytes()
    assert b"Secret" not in data
    with av.open(io.BytesIO(data)) as container:
        assert container.streams.audio[0].codec_context.name in {"opus", "libopus"}
        assert set(container.metadata) | set(container.streams.audio[0].metadata) <= {"encoder"}
    assert staff_recordings.find(folder.root / "content")[("ta", "help")] == recording_path(folder)
    assert f"recorded: {TODAY}" in (folder.root / "content" / "ta" / "help.md").read_text("utf-8")
    assert browser.client.get("/heard/ta/help").data == data
    assert folder.problems() == []
    assert "Recording: ta/help" in browser.get("/history/")


def test_a_new_one_takes_the_place_of_the_old_and_the_old_is_in_the_history(browser: Browser, folder: Folder) -> None:
    recording_path(folder, "ta/help.m4a").parent.mkdir(parents=True)
    recording_path(folder, "ta/help.m4a").write_bytes(sound(2))
    upload(browser, sound())
    assert [path.name for path in recording_path(folder).parent.iterdir()] == ["help.m4a"], "one text has one recording"
    first = recording_path(folder, "ta/help.m4a").read_bytes()
    assert len(first) < len(sound())
    upload(browser, sound(3))
    assert recording_path(folder, "ta/help.m4a").read_bytes() != first


def test_a_question_is_recorded_like_a_page(browser: Browser, folder: Folder) -> None:
    assert "concern/what" in browser.get("/recordings/ta/")
    upload(browser, sound(), where="/recordings/ta/concern/what")
    assert recording_path(folder, "ta/concern/what.opus").exists()
    assert folder.problems() == []


def test_the_voice_of_a_person_is_not_on_the_site_before_her_consent_and_goes_with_it(
    browser: Browser, folder: Folder
) -> None:
    """Also where somebody stops after the first step, and also where another voice is to take its place."""
    location = upload(browser, sound(), voice="person")
    assert "tables/consents/row?key=recording-ta-help" in location
    assert any("recording-ta-help" in problem for problem in folder.problems())
    content = folder.root / "content"

    def is_on_site() -> bool:
        return ("ta", "help") in staff_recordings.find_allowed(
            content, consent_table.read_leniently(content).media(TODAY)
        )

    assert not is_on_site()
    cells = {column: CONSENT[column] for column in CONSENT if column not in {"id", "story"}} | {"languages": "ta"}
    row = {**cells, "id": "recording-ta-help", "kind": "survivor", "media": "audio/ta/help.opus"}
    browser.post("/tables/consents/row", base=browser.base("/tables/consents/row?key=recording-ta-help"),
                 key="recording-ta-help", **row)  # fmt: skip
    assert folder.problems() == []
    assert is_on_site()
    before = recording_path(folder).read_bytes()
    for voice in ("reader", "person"):
        assert "no other voice takes its place" in upload(browser, sound(2), 400, voice)
    browser.post("/consents/withdraw", consent="recording-ta-help")
    assert not is_on_site()
    assert "no other voice takes its place" in upload(browser, sound(2), 400)
    assert recording_path(folder).read_bytes() == before


def test_somebody_must_say_whose_voice_it_is(browser: Browser, folder: Folder) -> None:
    assert "whose voice this is" in upload(browser, sound(), 400, voice="")
    assert not recording_path(folder).exists()


def test_where_the_consent_cannot_be_written_no_recording_comes_in(browser: Browser, folder: Folder) -> None:
    folder.csv("consents").write_bytes(b"\xff\xfe")
    upload(browser, sound(), 400, voice="person")
    assert not recording_path(folder).exists()


@pytest.mark.parametrize("data", [b"", b"no sound", b"RIFF" + bytes(100), b"\x1aE\xdf\xa3" + b"\xff" * 500])
def test_what_is_no_sound_is_a_sentence(browser: Browser, folder: Folder, data: bytes) -> None:
    assert "No sound can be read from it" in upload(browser, data, 400)
    assert not recording_path(folder).exists()


def test_more_than_ten_minutes_are_refused(browser: Browser, folder: Folder) -> None:
    assert "is longer than ten minutes" in upload(browser, sound(620, 400), 400)
    assert not recording_path(folder).exists()


@pytest.mark.parametrize("where", ["/recordings/ta/nowhere", "/recordings/xx/help", "/recordings/ta/../../en/help",
                                   "/recordings/ta/%2e%2e/%2e%2e/portal", "/heard/ta/..%2f..%2fportal"])  # fmt: skip
def test_a_recording_lies_only_where_a_text_is(browser: Browser, folder: Folder, where: str) -> None:
    before = sorted(folder.root.rglob("*.opus"))
    fields = {"form_token": browser.token, "voice": "reader", "file": (io.BytesIO(sound()), "a.wav")}
    answer = browser.client.post(where, data=fields, headers=OURS)
    assert answer.status_code in {400, 404, 405}
    assert sorted(folder.root.rglob("*.opus")) == before


def test_a_folder_behind_a_link_is_not_written(browser: Browser, folder: Folder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    recording_path(folder).parent.parent.mkdir(parents=True)
    recording_path(folder).parent.symlink_to(elsewhere)
    assert "is a link" in upload(browser, sound(), 400)
    assert list(elsewhere.iterdir()) == []
