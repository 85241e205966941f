"""The desk's window in a browser: from a person's words to the answer read with the receipt; for keyboards, phones, the dark."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.desk.window import start
from tests.desk.window_helpers import TODAY, Office, fill, running, voice
from tests.journeys.telling import come_back, tell
from tests.journeys.walking import assert_accessible, assert_fits, press

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def at_the_desk(own_browser: Any, installation: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page of the police's window, come in by the one-time address; with a script where the person has one."""
    window = start.start(DeskPlace("police", installation.desks / "police", installation.address))
    context = own_browser.new_context(java_script_enabled="no script" not in request.node.name)
    opened = context.new_page()
    opened.goto(window.enter)
    yield opened
    context.close()
    window.stop()


def test_from_a_persons_words_to_the_answer_read_with_the_receipt(page: Any, at_the_desk: Any) -> None:
    words = f"எங்களை வெளியே விட மறுக்கிறார்கள் <b>{id(page)}</b>"
    page.goto("/ta/tell/")
    if page.locator("form[data-sealing]").count() == 0:
        page.goto("/forms/ta/concern")
    receipt = tell(page, danger="yes", what=words, place="avadi")

    desk = at_the_desk
    assert "locked" in desk.locator("h1").inner_text()
    desk.get_by_role("button", name="Open").click()
    desk.locator(".find > summary").click()
    desk.get_by_label("Words in the letters and notes").fill(str(id(page)))
    desk.get_by_role("button", name="Find").click()
    expect(desk.locator("li.letter")).to_have_count(1)
    assert "Danger" in desk.locator("li.letter .bang").inner_text()
    desk.locator("li.letter .open").click()
    assert words in desk.locator("article").inner_text()
    desk.get_by_role("link", name="Everything about this case").click()

    desk.get_by_label("Only this desk reads it").fill("Known to the taluk office.")
    desk.get_by_role("button", name="Keep the note").click()
    expect(desk.get_by_role("status")).to_contain_text("Your note is kept.")
    desk.get_by_label("Your answer").fill("நாளை வருகிறோம்.")
    desk.get_by_label("What the person sees beside it").select_option("looking")
    desk.get_by_role("button", name="Seal and send").click()
    expect(desk.get_by_role("status")).to_contain_text("sealed and on its way")
    assert "Known to the taluk office." in desk.locator(".line").inner_text()

    page.goto("/forms/ta/answer")
    page.locator("#code").fill(receipt)
    press(page, "check")
    shown_text = page.locator("main").inner_text()
    assert "நாளை வருகிறோம்." in shown_text
    assert "taluk office" not in shown_text


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running(tmp_path_factory.mktemp("services")) as services:
        yield services


@pytest.fixture(scope="module")
def ids(office: Office) -> dict[str, str]:
    """A week's letters, with some work done on them: a note, a conflict."""
    found = fill(office)
    session = office.session()
    session.sync.run()
    session.log.write(found["first"], "note", text="Two officers are free on Thursday.")
    session.log.write(found["hindi"], "state", after=[], state="looking")
    session.log.write(found["hindi"], "state", after=[], state="closed", outcome="Wages paid")
    session.lock()
    return found


@pytest.fixture(params=["light", "dark"])
def window(browser: Any, office: Office, ids: dict[str, str], request: pytest.FixtureRequest) -> Iterator[Any]:
    """A small phone's page on the unlocked desk; errors in the browser's console fail the test."""
    running_window = start.start(office.place(), today=lambda: TODAY)
    context = browser.new_context(viewport=PHONE, color_scheme=request.param, base_url=running_window.pages)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(running_window.enter)
    assert_accessible(opened)
    assert_fits(opened)
    opened.get_by_role("button", name="Open").click()
    opened.locator(".letters").first.wait_for()
    yield opened
    context.close()
    running_window.stop()
    assert errors == []


def test_everybody_can_use_every_page_and_none_is_wider_than_a_phone(window: Any, ids: dict[str, str]) -> None:
    paths = ["./", f"?alike={ids['alike']}", "?text=nothing-like-this", "keys/", "access/", "retention/"]
    paths += [f"case/{id}" for id in ids.values()] + [f"case/{ids['alike']}/erase"]
    for path in paths:
        window.goto(path)
        window.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert_accessible(window)
        assert_fits(window)
    window.goto("keys/")
    window.get_by_role("button", name="Make one and show it once").click()
    assert_accessible(window)
    assert_fits(window)
    window.goto("keys/")  # this machine has no old key, and so no button to the page on which one is forgotten
    window.locator('form[action$="/keys/recovery"]').evaluate("(form) => { form.action = 'forget'; }")
    window.get_by_role("button", name="Make one and show it once").click()
    expect(window.locator("h1")).to_have_text("Forget old keys")
    assert_accessible(window)
    assert_fits(window)


def test_photo_and_voice_are_shown_and_heard(window: Any, ids: dict[str, str]) -> None:
    window.goto(f"case/{ids['first']}")
    window.locator(".shown img").scroll_into_view_if_needed()
    assert window.locator(".shown img").evaluate("(photo) => photo.decode().then(() => photo.naturalWidth)") > 0
    window.locator(".shown audio").evaluate("(sound) => sound.load()")
    window.locator(".shown audio").evaluate("(sound) => { sound.muted = true; return sound.play(); }")
    assert window.locator(".shown audio").evaluate("(sound) => sound.duration") > 1


def test_with_the_keyboard_alone(window: Any) -> None:
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.className") == "skip"
    window.keyboard.press("Enter")
    for _ in range(40):
        window.keyboard.press("Tab")
        if window.evaluate("document.activeElement.className") == "open":
            break
    window.keyboard.press("Enter")
    window.wait_for_url("**/?open=*")
    assert window.locator(".pane h2").inner_text() == "Northtown · Brick kiln · Tamil"


def test_a_phrase_goes_into_the_text_with_one_press(window: Any, ids: dict[str, str]) -> None:
    window.goto(f"case/{ids['hindi']}")
    window.get_by_label("Your answer").fill("नमस्ते।")
    window.locator("#phrase").select_option("safe")
    window.get_by_role("button", name="Add it to the text").click()
    expect(window.get_by_label("Your answer")).to_have_value("नमस्ते।\n\nखतरे में 112 पर फोन करें।")


def test_a_page_left_alone_goes_away_and_what_was_typed_is_still_there(window: Any, ids: dict[str, str]) -> None:
    window.clock.install()
    window.goto(f"case/{ids['first']}")
    window.get_by_label("Only this desk reads it").fill("half a sentence")
    window.clock.fast_forward(606_000)
    window.wait_for_url("**/held")
    assert window.get_by_label("What you had typed").input_value() == "half a sentence"
    window.get_by_role("button", name="Send it now").click()
    assert "half a sentence" in window.locator(".line").inner_text()


def test_what_was_typed_stays_on_the_page_where_the_desks_program_has_ended(
    own_browser: Any, office: Office, ids: dict[str, str]
) -> None:
    running_window = start.start(office.place(), today=lambda: TODAY)
    context = own_browser.new_context(base_url=running_window.pages)
    page = context.new_page()
    page.goto(running_window.enter)
    page.get_by_role("button", name="Open").click()
    page.locator(".letters").first.wait_for()
    page.goto(f"case/{ids['first']}")
    page.get_by_label("Only this desk reads it").fill("kept before it ended")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator(".line", has_text="kept before it ended")).to_have_count(1)
    page.get_by_label("Only this desk reads it").fill("a long note")
    assert page.locator("#ended").is_hidden()
    running_window.stop()
    page.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#ended")).to_contain_text("The desk's program has ended, so nothing was sent.")
    assert page.get_by_label("Only this desk reads it").input_value() == "a long note"
    context.close()


def test_nothing_opened_is_left_in_the_browsers_storage(window: Any, ids: dict[str, str], tmp_path: Path) -> None:
    window.goto(f"case/{ids['first']}")
    assert window.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    state = window.context.storage_state(path=tmp_path / "state.json")
    assert [cookie["httpOnly"] for cookie in state["cookies"]] == [True]


@pytest.mark.windows
def test_an_answer_is_recorded_in_the_window_and_heard_by_the_person(
    page: Any, at_the_desk: Any, installation: Any
) -> None:
    page.goto("/en/tell/")
    words = f"tell me by voice {id(page)}"
    receipt = tell(page, what=words)
    session = Session.unlock(DeskPlace("police", installation.desks / "police", installation.address), None)
    session.sync.run()
    [case] = [one for one in session.cases.all() if one.answers.get("what") == words]
    desk = at_the_desk
    root = desk.url.rpartition("/unlock")[0]
    desk.get_by_role("button", name="Open").click()
    desk.locator("li.letter").first.wait_for()
    desk.goto(f"{root}/case/{case.id}")
    assert_fits(desk, 360)
    desk.get_by_label("Your answer").fill("We come on Monday.")
    record = desk.get_by_role("button", name="Record")
    if record.count():
        desk.context.grant_permissions(["microphone"])
        record.click()
        desk.get_by_role("button", name=re.compile(r"Stop 0:0[1-9]|Stop 0:[1-5]\d")).wait_for()
        desk.get_by_role("button", name="Stop").click()
        desk.get_by_role("button", name="Record again").wait_for()
        desk.locator("#answer audio").wait_for()  # to be heard before it is sent
        assert_accessible(desk)
    else:
        sound = {"name": "said.wav", "mimeType": "audio/wav", "buffer": voice()}
        desk.get_by_label("Say it too").set_input_files(sound)
    desk.get_by_role("button", name="Seal and send").click()
    expect(desk.get_by_role("status")).to_contain_text("sealed and on its way")
    expect(desk.locator(".line figure.said audio")).to_have_count(1)
    come_back(page, "en", receipt)
    assert "Listen to the answer" in page.locator("main").inner_text()
