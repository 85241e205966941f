"""A second and a third engine, as people's phones have them: one journey in each, from the first word to the answer.

tests/browser.py installs both from Debian. Rows 23 to 26 of issue 16's trials were found here: Chromium has none of them.
"""

import io
import os
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from forms.desk.services.place import DeskPlace
from forms.desk.window import start
from tests.journeys import engines
from tests.journeys.engines import Engine, EngineError, Marionette
from tests.journeys.test_sealing import at_the_desk, part_at_the_desk
from tests.patience import until

NEXT = 'form[data-sealing] > button.button:not(.quiet):not([name="do"]):not([hidden])'
FILLED_FIELDS = """return [...document.querySelectorAll('input:not([type=hidden]), textarea, select')].filter((f) =>
  f.checked || f.type !== 'radio' && f.type !== 'checkbox' && f.value).map((f) => f.value)"""
LETTER = """const found = [...document.querySelectorAll('li.letter .open, .alike a')].find((one) => one.textContent.includes(arguments[0]));
return found ? found.href : null"""
KEYS_FROM_ZERO = """const draw = crypto.getRandomValues.bind(crypto);
crypto.getRandomValues = (bytes) => { draw(bytes); if (bytes.length === 32) bytes[0] = 0; return bytes }"""
"""Every key of 32 bytes begins with a zero: WebKitGTK imports none of them, which is one in 256 else."""
CHOSEN = ('[name="danger"][value="no"]', '[name="children"][value="yes"]', '[name="hide_from"][value="police"]')


def need(name: str) -> None:
    """Skip where an engine is not on this machine; in CI it must be."""
    if not engines.is_installed(name):
        assert not os.environ.get("CI"), f"CI must have {name}: see tests/browser.py"
        pytest.skip(f"no {name} on this machine")


def files(folder: Path) -> tuple[Path, Path]:
    """Return a red photo and two seconds of sound, as files of a phone."""
    Image.new("RGB", (1600, 1200), (190, 40, 40)).save(folder / "red.jpg", quality=90)
    with av.open(str(folder / "voice.ogg"), "w", format="ogg") as target:
        stream: Any = target.add_stream("libopus", rate=48_000, layout="mono")
        for _ in range(100):
            frame = av.AudioFrame(format="s16", layout="mono", samples=960)
            frame.planes[0].update(bytes(1920))
            frame.sample_rate = 48_000
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return folder / "red.jpg", folder / "voice.ogg"


def go_on_to(engine: Engine, css: str) -> None:
    """Turn the pages of questions until this one is seen."""
    engine.find("form[data-sealing] .step")
    while not engine.has(css):
        engine.click(NEXT)


def choose(engine: Engine, words: str) -> None:
    """Answer three questions by ticks and one in words."""
    for css in CHOSEN:
        if css == CHOSEN[1]:
            go_on_to(engine, "#what")
            engine.type("#what", words)
        go_on_to(engine, css)
        engine.click(css)


def look_and_send(engine: Engine) -> str:
    engine.click('form[data-sealing] button[name="do"]')
    engine.click(".look .button")
    return receipt(engine)


def receipt(engine: Engine) -> str:
    engine.find(".panel--done")
    found: str = engine.script("return document.querySelector('.code').textContent")
    return found.strip()


def assert_nothing_comes_back(engine: Engine, *words: str, steps: int = 2) -> None:
    """Back and Forward as a person presses them: nothing that was typed, chosen or shown is there again."""
    for command in ["Back"] * steps + ["Forward"] * steps:
        if not engine.go(command):
            continue  # a page of the browser's own: a form is not sent again by itself
        filled_fields, html = engine.script(FILLED_FIELDS), engine.script("return document.documentElement.outerHTML")
        assert filled_fields == [], (command, engine.path())
        for word in words:
            assert word not in html, (command, engine.path())


def tell_and_come_back(engine: Engine, installation: Any, folder: Path) -> None:
    """Tell with a photo and a recording, read it at the desk's window, answer, and read the answer with the receipt."""
    words = " ".join(secrets.token_hex(3) for _ in range(5))  # unlike any other: letters that are alike are folded up
    photo, voice = files(folder)
    engine.goto("/en/rights/")
    engine.goto("/en/tell/")
    engine.script(KEYS_FROM_ZERO)
    go_on_to(engine, "#what")
    engine.type('[data-field="photos"] input', str(photo))
    engine.find(".held img")
    engine.type('[data-field="voice"] input', str(voice))
    engine.find(".held audio")
    engine.type("#what", words)
    go_on_to(engine, '[name="hide_from"]')
    engine.click('[name="hide_from"][value="revenue"]')
    number = look_and_send(engine)
    [letter] = at_the_desk(installation, words, "police")
    assert (letter["sealed_by"], letter["answers"]["hide_from"]) == ("browser", ["revenue"])
    contents = {
        head["kind"]: content
        for head, content in (part_at_the_desk(installation, one["id"], "police") for one in letter["parts"])
    }
    red, green, blue = Image.open(io.BytesIO(contents["photo"])).convert("RGB").getpixel((600, 400))
    assert red > 150
    assert max(green, blue) < 90, "the photo is the one that was chosen"
    assert contents["voice"] == voice.read_bytes()
    assert_nothing_comes_back(engine, words, number)

    answer_at_the_window(engine, installation, words)
    engine.goto("/en/answer/")
    engine.type("#code", number)
    engine.click('main form button[value="check"]')
    engine.find(".states")
    assert "We come on Monday." in engine.text()
    engine.goto("/en/rights/")
    assert_nothing_comes_back(engine, "We come on Monday.", number, steps=1)  # before it: a window that is closed


def answer_at_the_window(engine: Engine, installation: Any, words: str) -> None:
    """The desk's window: the list, the letter with its photo and voice, and an answer to it."""
    window = start.start(DeskPlace("police", installation.desks / "police", installation.address))
    try:
        engine.goto_address(window.enter)
        engine.click("main form button.button")
        engine.find(".letters")

        def listed() -> Any:
            engine.goto_address(window.pages)
            engine.find(".letters")
            return engine.script(LETTER, words)

        case = until(listed)
        engine.goto_address(case)
        engine.find(".pane audio")
        assert words in engine.text()
        engine.click('.pane a[accesskey="a"]')
        engine.type("#answer-text", "We come on Monday.")
        engine.click('button[name="do"][value="send"]')
        engine.find("[role=status]")
        assert "sealed and on its way" in engine.text()
    finally:
        window.stop()


def assert_ticks_do_not_come_back(engine: Engine, step: Callable[[], None]) -> None:
    """Row 23: ticks that were sent, and those of a form that was only left."""
    for is_sent in (True, False):
        engine.goto("/en/tell/")
        choose(engine, "row 23")
        number = look_and_send(engine) if is_sent else "none yet"
        step()
        assert_nothing_comes_back(engine, "row 23", number)


def test_firefox_from_the_first_word_to_the_answer(installation: Any, tmp_path: Path) -> None:
    need("firefox")
    with engines.serve_over_https(installation.address, tmp_path) as address, engines.firefox(address) as engine:
        tell_and_come_back(engine, installation, tmp_path)
        assert_ticks_do_not_come_back(engine, lambda: engine.click("footer a"))
        leave(engine)
        resist_fingerprinting(engine, installation, tmp_path)
        without_a_script(engine)


def leave(engine: Engine) -> None:
    """Leaving replaces the page: Back leads past it."""
    engine.goto("/en/tell/")
    go_on_to(engine, "#what")
    engine.type("#what", "half a word")
    with suppress(EngineError):  # the page that it leads to is not there
        engine.click("[data-exit]")
    until(lambda: not engine.path().startswith("/en/tell"))
    assert_nothing_comes_back(engine, "half a word")


def leave_for_a_page_here(engine: Engine) -> None:
    """The same where the driver waits for ever for a page of another site: the way out leads to a page of this one."""
    engine.goto("/en/rights/")
    engine.goto("/en/tell/")
    go_on_to(engine, "#what")
    engine.type("#what", "half a word")
    engine.script(
        "const out = document.querySelector('[data-exit]'); out.href = '/en/help/'; setTimeout(() => out.click(), 100)"
    )
    until(lambda: engine.path().startswith("/en/help/"))
    assert engine.go("Back")
    assert engine.path().startswith("/en/rights/"), "Back leads past the page that was left"
    assert_nothing_comes_back(engine, "half a word", steps=1)


def record_where_nothing_records(engine: Engine) -> None:
    """WebKitGTK gives a microphone and has no recorder: it is let go, a sentence says so, and a file can be chosen."""
    track_states: list[str] = []
    for _ in range(10):  # on a busy machine WebKitGTK may find no microphone in time: then there is nothing to let go
        engine.goto("/en/voice/")
        engine.script(
            "window.heard = []; const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);"
            "navigator.mediaDevices.getUserMedia = (what) => ask(what).then((stream) => {"
            " window.heard.push(...stream.getTracks()); return stream })"
        )
        engine.click("button.mic")
        engine.find(".error")
        assert "Record with your phone's own recorder, then choose the file here." in engine.text()
        assert engine.has("#voice"), "the file input"
        track_states = engine.script("return window.heard.map((track) => track.readyState)")
        if track_states:
            break
    assert track_states == ["ended"]


def resist_fingerprinting(engine: Engine, installation: Any, folder: Path) -> None:
    """Row 3: a canvas that gives back noise. The photo is not added, which is said; it goes by the server, whole."""
    set_preference(engine, "privacy.resistFingerprinting", True)
    words = f"resisting {time.time_ns()}"
    engine.goto("/en/tell/")
    go_on_to(engine, "#what")
    engine.type("#what", words)
    engine.type('[data-field="photos"] input', str(folder / "red.jpg"))
    engine.find('[data-field="photos"] .error')
    assert "This browser changes photos" in engine.text()
    engine.click('[data-field="photos"] summary')
    engine.click('[data-field="photos"] details button')
    engine.click('button[value="send"]')
    receipt(engine)
    [letter] = at_the_desk(installation, words, "police")
    _, content = part_at_the_desk(installation, letter["parts"][0]["id"], "police")
    red, green, blue = Image.open(io.BytesIO(content)).convert("RGB").getpixel((600, 400))
    assert red > 150
    assert max(green, blue) < 90
    set_preference(engine, "privacy.resistFingerprinting", False)


def without_a_script(engine: Engine) -> None:
    """Rows 23 and 25 on the server's road: the words, the ticks and the receipt do not come back."""
    set_preference(engine, "javascript.enabled", False)
    engine.goto("/en/rights/")
    tell_by_the_server(engine)


def tell_by_the_server(engine: Engine) -> None:
    engine.goto("/forms/en/concern")
    engine.type("#what", "without a script")
    for css in CHOSEN:
        engine.click(css)
    engine.click('button[value="check"]')
    engine.click('button[value="send"]')
    assert_nothing_comes_back(engine, "without a script", receipt(engine))


def set_preference(engine: Engine, name: str, value: bool) -> None:
    """Set a preference of Firefox while it runs."""
    assert isinstance(engine.driver, Marionette)
    engine.driver.call("Marionette:SetContext", value="chrome")
    engine.script("Services.prefs.setBoolPref(arguments[0], arguments[1])", name, value)
    engine.driver.call("Marionette:SetContext", value="content")


def test_webkit_from_the_first_word_to_the_answer(installation: Any, tmp_path: Path) -> None:
    need("webkit")
    with engines.serve_over_https(installation.address, tmp_path) as address, engines.webkit(address) as engine:
        tell_and_come_back(engine, installation, tmp_path)
        assert_ticks_do_not_come_back(engine, lambda: engine.click("footer a"))
        leave_for_a_page_here(engine)
        record_where_nothing_records(engine)
        tell_by_the_server(engine)
