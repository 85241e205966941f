"""A desk's voice on a phone: heard by one tap, and not when a server put another in its place."""

import time
from typing import Any

import pytest

from forms.core.crypto.encryption import seal
from forms.core.media import attachments
from forms.core.proofs.receipt_proofs import AnswerRecord, prove
from tests import patience
from tests.journeys.telling import come_back, tell
from tests.journeys.test_returning import main_text
from tests.journeys.test_sealing import at_the_desk, phone  # noqa: F401 - phone is a fixture
from tests.journeys.test_threats_acknowledgement import change_store, office
from tests.journeys.walking import ENDLESS, assert_accessible, assert_fits
from tests.server.test_attachments import recording

TEXT = "We come on Monday."
UNPROVEN = "It is not proven that this voice is from the desk."
SILENT = "The voice cannot be played here."


@pytest.fixture(scope="module")
def sound() -> attachments.Clean:
    return attachments.clean("answer", recording(3))


def answer_by_voice(page: Any, installation: Any) -> tuple[str, Any, str]:
    """Tell a concern, and answer it at the police desk by voice: its receipt, the desk, its id."""
    page.goto("/en/tell/")
    words = f"spoken {time.time_ns()}"
    receipt = tell(page, what=words)
    police = office(installation)
    police.sync.run()
    [letter] = at_the_desk(installation, words)
    police.log.answer(letter["id"], TEXT, recording=b"r")
    return receipt, police, letter["id"]


@pytest.fixture
def answered_letter(phone: Any, installation: Any, sound: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Any, str]:  # noqa: F811
    """A letter that the police desk has answered by voice: its receipt, the desk, its id."""
    monkeypatch.setattr("forms.desk.services.case_writer.clean_recording", lambda _: sound)
    return answer_by_voice(phone, installation)


def until(page: Any, condition: str) -> None:
    """Wait for what a page's player does: the content policy lets no other way look again and again."""
    patience.until(lambda: page.evaluate(condition), page)


def tap(page: Any) -> None:
    page.locator("button.ear").last.click()


def test_one_tap_fetches_and_plays_it_and_nothing_of_it_stays(
    phone: Any,  # noqa: F811
    installation: Any,
    answered_letter: Any,
) -> None:
    receipt, _, _ = answered_letter
    phone.add_init_script(ENDLESS)
    come_back(phone, "en", receipt)
    assert TEXT in main_text(phone)
    assert "Listen to the answer · 0:03 · 66 KB" in main_text(phone)
    assert_accessible(phone)
    assert_fits(phone)
    face = phone.locator("main h2 img.face")
    assert face.count() == 1, "the drawing of the desk that answers"
    assert phone.evaluate("document.querySelector('main .face').naturalWidth") > 0
    box = phone.locator("button.ear").bounding_box()
    assert (box["width"], box["height"]) >= (48, 48)
    assert phone.locator("main audio[controls], main a[download]").count() == 0, "no player that offers to save it"
    assert not [one for one in phone.asked if one.url.endswith("/voices")], "only when it is asked for"
    tap(phone)
    until(phone, "document.querySelector('main audio').currentTime > 0.2")
    [request] = [one for one in phone.asked if one.url.endswith("/voices")]
    assert request.method == "POST"
    assert receipt.replace(" ", "") not in request.url + (request.post_data_buffer or b"").decode("latin-1")
    assert phone.locator("button.ear.on").count() == 1
    tap(phone)
    until(phone, "document.querySelector('main audio').paused")
    tap(phone)
    until(phone, "!document.querySelector('main audio').paused")
    assert len([one for one in phone.asked if one.url.endswith("/voices")]) == 1, "held in memory"
    address = phone.evaluate("document.querySelector('main audio').src")
    assert address.startswith("blob:")
    storage_script = "Promise.all([caches.keys(), indexedDB.databases()]).then((all) => [localStorage.length, ...all.map((one) => one.length)])"
    assert phone.evaluate(storage_script) == [0, 0, 0]
    phone.evaluate("dispatchEvent(new Event('pagehide'))")
    assert phone.locator("main audio").count() == 0
    assert phone.evaluate("(address) => fetch(address).then(() => true, () => false)", address) is False


@pytest.mark.parametrize("attack", ["another answer's", "cut", "gone"])
def test_a_server_can_put_no_other_voice_in_its_place(
    phone: Any,  # noqa: F811
    installation: Any,
    answered_letter: Any,
    attack: str,
) -> None:
    receipt, police, id = answered_letter
    [old] = police.cases.case(id).answer_recordings
    police.log.answer(id, "Wait for us.", recording=b"r")
    new = police.cases.case(id).answer_recordings[-1]
    statement = {
        "another answer's": "UPDATE voices SET sealed = (SELECT sealed FROM (SELECT * FROM voices) WHERE id = ?) WHERE id = ?",
        "cut": "UPDATE voices SET sealed = substr(sealed, 1, 60000) WHERE ? != id AND id = ?",
        "gone": "DELETE FROM voices WHERE ? != id AND id = ?",
    }[attack]
    change_store(installation, statement, old.id, new.id)
    come_back(phone, "en", receipt)
    sentence = SILENT if attack == "gone" else UNPROVEN
    tap(phone)
    phone.get_by_text(sentence).wait_for()
    assert phone.evaluate("[...document.querySelectorAll('main audio')].every((one) => one.paused)")
    assert "Wait for us." in main_text(phone)
    phone.locator("button.ear").first.click()
    until(phone, "document.querySelector('main audio').currentTime > 0")


def test_a_voice_that_no_desk_proved_has_no_button_and_its_text_stays(
    phone: Any,  # noqa: F811
    installation: Any,
    answered_letter: Any,
) -> None:
    """One who has the key to which answers are sealed, but not the key of answers, attaches a voice to a right text."""
    receipt, police, id = answered_letter
    first = police.cases.case(id).first
    record = AnswerRecord("a" * 64, id, "police", "2026-12-01", "10:00", "Right text.", "", voice="b" * 64, seconds=3)
    told_by = {**vars(record), "after": [], "letters": [], "proof": prove(first.answer_key, record.claim)}
    for number, proof in enumerate(({}, {"voice_proof": "0" * 64}, {"voice_proof": told_by["proof"]})):
        sealed = seal({"form": "answer", **told_by, **proof}, [str(first.reply_to)], 24576)
        change_store(
            installation, "INSERT INTO answers VALUES (?, ?, 'police', '2026-12-01', ?)", f"{id}{number}", id, sealed
        )
    come_back(phone, "en", receipt)
    assert main_text(phone).count(UNPROVEN) == 3
    assert main_text(phone).count("Right text.") == 3
    assert phone.locator("button.ear").count() == 1, "of the one that is proven"


def test_without_a_script_it_stands_in_the_page_when_asked_for(
    page: Any, installation: Any, sound: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("forms.desk.services.case_writer.clean_recording", lambda _: sound)
    receipt, _, _ = answer_by_voice(page, installation)
    come_back(page, "en", receipt)
    if page.locator("button.ear").count():
        return  # with a script: above
    assert page.locator("section.panel h2 svg.pictograms").count() == 1, "the drawing of the desk that answers"
    page.get_by_role("button", name="Listen to the answer").click()
    player = page.locator("#heard audio")
    assert player.get_attribute("src").startswith("data:audio/ogg;base64,T2dnU")
    assert player.get_attribute("controlslist") == "nodownload noplaybackrate"
    page.wait_for_timeout(300)  # a player that were refused would say so meanwhile
    assert TEXT in main_text(page)
    assert_fits(page)
