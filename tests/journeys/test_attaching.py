"""Photos and recordings on a phone that needs its time: nothing that was chosen is left behind without a word."""

import time
from pathlib import Path
from typing import Any

from tests.journeys.telling import NEXT, come_back, fill, review, send, tell
from tests.journeys.test_returning import answer, press_button
from tests.journeys.test_sealing import at_the_desk, photo

SLOW = """const made = HTMLCanvasElement.prototype.toBlob, read = FileReader.prototype.readAsDataURL;
HTMLCanvasElement.prototype.toBlob = function (done, ...more) { made.call(this, (blob) => setTimeout(() => done(blob), 500), ...more); };
FileReader.prototype.readAsDataURL = function (blob) { setTimeout(() => read.call(this, blob), 500); };"""
WEAK = """const got = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (...all) { return this.width > 64 ? null : got.apply(this, all); };"""
DO = 'form[data-sealing] button[name="do"]'
REFUSED = '[data-field="photos"] .error'


def test_who_goes_on_while_a_photo_is_made_small_sends_it(phones: Any, installation: Any, tmp_path: Path) -> None:
    page = phones(SLOW)
    page.goto("/en/tell/")
    words = f"in a hurry {time.time_ns()}"
    assert tell(page, what=words, photos=[photo(tmp_path)])
    [letter] = at_the_desk(installation, words)
    assert len(letter["parts"]) == 1


def test_pressing_twice_meanwhile_shows_one_page_to_look_at(phones: Any, tmp_path: Path) -> None:
    page = phones(SLOW)
    page.goto("/en/tell/")
    fill(page, "what", "twice")
    fill(page, "photos", [photo(tmp_path)])
    while page.locator(NEXT).is_visible():
        page.locator(NEXT).click()
    for _ in range(3):
        page.locator(DO).click()
    page.locator(".look").wait_for()
    page.wait_for_timeout(100)  # a second one would come beside the first
    assert page.locator(".look").count() == 1
    assert "1" in page.locator(".look dl").inner_text()


def test_a_photo_that_cannot_be_read_is_named_before_anything_is_sent(phones: Any, tmp_path: Path) -> None:
    """It turns out on another page of questions: whoever goes on is led back to it, once."""
    (tmp_path / "none.jpg").write_bytes(b"\xff\xd8 not a photo")
    page = phones(SLOW)
    page.goto("/en/tell/")
    fill(page, "what", "with a photo that is none")
    fill(page, "photos", [tmp_path / "none.jpg"])
    while page.locator(NEXT).is_visible():
        page.locator(NEXT).click()
    page.locator(DO).click()
    page.locator(REFUSED).wait_for()
    assert page.locator(".look").count() == 0
    assert page.locator(REFUSED).count() == 1
    review(page)
    assert send(page)


def test_a_phone_without_room_for_a_photo_says_so(phones: Any, tmp_path: Path) -> None:
    page = phones(WEAK)
    page.goto("/en/tell/")
    fill(page, "what", "on a weak phone")
    fill(page, "photos", [photo(tmp_path)])
    page.locator(REFUSED).wait_for()


def test_who_adds_a_photo_in_a_hurry_sends_it(phones: Any, installation: Any, tmp_path: Path) -> None:
    page = phones(SLOW)
    page.goto("/en/tell/")
    words = f"first {time.time_ns()}"
    receipt = tell(page, what=words)
    answer(installation, words, text="Send a photo.")
    come_back(page, "en", receipt)
    more = f"added {time.time_ns()}"
    press_button(page, "Add something", "What do you want to add?")
    page.locator("#what").fill(more)
    page.locator('input[type=file][accept^="image"]').set_input_files(photo(tmp_path))
    press_button(page, "Send it", "What you added is safe with us")
    [followup] = at_the_desk(installation, more)
    assert len(followup["parts"]) == 1
