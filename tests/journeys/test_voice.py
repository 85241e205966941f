"""Telling by voice: six taps and no flick with a script, the same steps without one, and a microphone that is always let go."""

import re
from typing import Any

import pytest

from tests.journeys.conftest import Installation  # type: ignore[import-not-found]
from tests.journeys.test_sealing import at_the_desk, part_at_the_desk  # type: ignore[import-not-found]
from tests.journeys.walking import assert_accessible, assert_fits, wait_for_address  # type: ignore[import-not-found]
from tests.patience import until  # type: ignore[import-not-found]
from tests.server.test_attachments import recording  # type: ignore[import-not-found]

SMALL = {"width": 360, "height": 640}
SOUND = {"name": "told.wav", "mimeType": "audio/wav", "buffer": recording()}

# A microphone that counts whether it is on, and a recorder that fails in one way.
FAILING_MICROPHONE = """
window.live = 0;
const track = { stop() { if (track.on) window.live -= 1; track.on = false; } };
navigator.mediaDevices.getUserMedia = async () => {
  if ("%(how)s" === "refused") throw new DOMException("no", "NotAllowedError");
  window.live += 1; track.on = true;
  return { getTracks: () => [track] };
};
window.MediaRecorder = class {
  static isTypeSupported() { if ("%(how)s" === "types") throw new Error("types"); return true; }
  constructor() { if ("%(how)s" === "constructor") throw new Error("constructor"); this.state = "inactive"; }
  start() {
    if ("%(how)s" === "start") throw new Error("start");
    this.state = "recording";
    if ("%(how)s" === "later") setTimeout(() => this.onerror({ error: new Error("later") }), 50);
    if ("%(how)s" === "empty") setTimeout(() => this.stop(), 50);
  }
  stop() { this.state = "inactive"; this.onstop(); }
};
"""


def test_six_taps_and_no_flick_from_home_to_the_receipt(whole_browser: Any, installation: Installation) -> None:
    context = whole_browser.new_context(
        viewport=SMALL, base_url=installation.address, permissions=["microphone"], service_workers="block"
    )
    page = context.new_page()
    before = {letter["id"] for letter in at_the_desk(installation, '"voice"')}
    page.goto("/or/")
    taps = 0

    def tap(place: str) -> None:
        nonlocal taps
        control = page.locator(place)
        box = control.bounding_box()
        assert box["y"] + box["height"] <= page.evaluate("innerHeight"), f"{place} is below the fold"
        assert page.evaluate("scrollY") <= 20
        control.click()
        taps += 1

    tap('.door a[href="/or/voice/"]')
    tap("button.mic:not(.mic--play)")
    page.get_by_text(re.compile(r"0:0[1-9]|0:[1-5]\d")).first.wait_for()
    tap("button.mic.on")
    page.locator(".mic--play").wait_for()
    until(lambda: page.evaluate("document.activeElement.className") == "mic mic--play", page)  # it can be heard at once
    tap(".ask--1 .go")
    tap(".ask--2 .go")
    tap(".ask--3 .go")
    page.locator(".panel--done .code").wait_for()
    bottom = page.locator(".code").bounding_box()
    assert bottom["y"] + bottom["height"] <= SMALL["height"]
    assert taps == 6
    assert_accessible(page)
    context.close()
    [letter] = [letter for letter in at_the_desk(installation, '"voice"') if letter["id"] not in before]
    assert (letter["form"], letter["answers"], letter["sealed_by"]) == ("concern", {}, "browser")
    head, content = part_at_the_desk(installation, letter["parts"][0]["id"])
    assert head["kind"] == "voice"
    assert content


def test_pictures_are_answers_and_a_face_that_is_tapped_is_left_out(page: Any, installation: Installation) -> None:
    """With a script and without one: the same links between steps, the same answers."""
    before = {letter["id"] for letter in at_the_desk(installation, "concern")}
    page.set_viewport_size(SMALL)
    page.goto("/ta/voice/")
    page.wait_for_load_state()
    page.locator("#voice").set_input_files(SOUND)
    for step, chosen in ((2, ("children-yes", "can_leave-no")), (3, ("hide_from-police",))):
        page.locator(f".ask--{step - 1} .go").click()
        wait_for_address(page, f"/ta/voice/#v{step}")
        assert [page.locator(f".ask--{one}").is_visible() for one in (1, 2, 3)] == [one == step for one in (1, 2, 3)]
        for one in chosen:
            name, _, value = one.partition("-")
            page.locator(f'.opt:has(input[name="{name}"][value="{value}"])').click()
    page.locator(".ask--3 .back").click()
    page.locator(".ask--2").wait_for()
    page.locator(".ask--2 .go").click()
    page.locator(".ask--3 .go").click()
    page.locator('.panel--done, button[value="send"]').first.wait_for()
    if page.locator('button[value="send"]').count():
        box = page.locator('button[value="send"]').bounding_box()
        assert box["y"] + box["height"] <= SMALL["height"], "without a script too it is sent without a flick"
        page.locator('button[value="send"]').click()
    page.locator(".panel--done .code").wait_for()
    [letter] = [letter for letter in at_the_desk(installation, "concern") if letter["id"] not in before]
    assert letter["form"] == "concern"
    assert letter["answers"] == {"children": "yes", "can_leave": "no", "hide_from": ["police"]}
    assert [part["kind"] for part in letter["parts"]] == ["voice"]
    assert "police" not in letter["desks"]
    assert letter["id"] not in [one["id"] for one in at_the_desk(installation, "concern", "police")]


@pytest.mark.parametrize("path", ["voice/", "tell/"])
@pytest.mark.parametrize("failure", ["refused", "types", "constructor", "start", "later", "empty"])
def test_the_microphone_is_let_go_whatever_fails_and_a_file_does_it(
    browser: Any, installation: Installation, failure: str, path: str
) -> None:
    context = browser.new_context(viewport=SMALL, base_url=installation.address, service_workers="block")
    page = context.new_page()
    page.add_init_script(FAILING_MICROPHONE % {"how": failure})
    page.goto(f"/en/{path}")
    if path == "tell/":
        page.locator(".step ~ button.button:not(.quiet)").first.click()
    page.locator('[data-field="voice"] button').first.click()
    page.locator('[data-field="voice"] .error').wait_for()
    assert page.evaluate("window.live") == 0
    assert "does not work on this page" in page.locator('[data-field="voice"] .error').inner_text()
    assert page.locator("#voice").is_visible()
    page.locator("#voice").set_input_files(SOUND)
    page.locator('[data-field="voice"] audio').wait_for(state="attached")
    assert page.locator('[data-field="voice"] .error').count() == 0
    context.close()


def test_an_empty_letter_is_told_at_the_microphone(browser: Any, installation: Installation) -> None:
    context = browser.new_context(viewport=SMALL, base_url=installation.address, service_workers="block")
    page = context.new_page()
    page.goto("/en/voice/#v3")
    assert page.locator(".ask--1").is_visible(), "a step is not begun in the middle"
    page.evaluate("document.querySelector('form.told').requestSubmit()")
    page.locator('.ask--1 [data-field="voice"] .error').wait_for()
    assert not page.locator(".ask--1 .onward").is_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_step_is_clean_and_fits_the_smallest_phone(browser: Any, installation: Installation, scheme: str) -> None:
    context = browser.new_context(
        viewport=SMALL,
        base_url=installation.address,
        service_workers="block",
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/ta/voice/")
    assert page.title() == "தகவல்"
    page.locator("#voice").set_input_files(SOUND)
    page.locator(".mic--play").wait_for()
    for step in (1, 2, 3):
        assert_accessible(page)
        assert_fits(page, 240)
        if step < 3:
            page.locator(f".ask--{step} .go").click()
    context.close()


def test_with_keys_alone(browser: Any, installation: Installation) -> None:
    """Tab and Enter go from the microphone to the receipt; the focus is always seen."""
    context = browser.new_context(viewport=SMALL, base_url=installation.address, service_workers="block")
    page = context.new_page()
    page.goto("/en/voice/")
    page.locator("#voice").set_input_files(SOUND)
    page.locator(".mic--play").wait_for()
    page.locator(".mic--play").focus()
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate("(a => [a.className, a.tagName, a.name || ''])(document.activeElement)")
        if "go" in focused[0].split():
            page.keyboard.press("Enter")
        elif focused[2] in {"children", "can_leave"}:
            page.keyboard.press("Space")
        if page.locator(".panel--done").count():
            break
    page.locator(".panel--done .code").wait_for()
    context.close()
    assert at_the_desk(installation, '"children": "yes"')
