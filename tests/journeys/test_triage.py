"""Forty letters at the desk: what the first screen shows and how many clicks a letter takes, with and without a script."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from forms.desk.window import start
from tests.desk.triage_helpers import forty
from tests.desk.window_helpers import TODAY, Office, running
from tests.journeys.walking import ENDLESS, assert_accessible, assert_fits

WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 640}
MOST_CLICKS = 2
"""Clicks a letter: open it, take it."""

WHOLE_ROWS = """() => [...document.querySelectorAll("li.letter")].filter((row) => {
  const box = row.getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight && box.height > 0;
}).length"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with running(tmp_path_factory.mktemp("triage")) as services:
        forty(services)
        yield services


@contextmanager
def unlocked(browser: Any, office: Office, *, script: bool = True) -> Iterator[Any]:
    """Yield the unlocked window on a wide screen; an error in the browser's console fails the test."""
    window = start.start(office.place(), today=lambda: TODAY)
    context = browser.new_context(viewport=WIDE, base_url=window.pages, java_script_enabled=script)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(window.enter)
    page.get_by_role("button", name="Open").click()
    page.locator(".letters").first.wait_for()
    yield page
    context.close()
    window.stop()
    assert errors == []


@pytest.fixture(params=["script", "no script"])
def desk(browser: Any, office: Office, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The unlocked window, with a script and without."""
    with unlocked(browser, office, script=request.param == "script") as page:
        yield page


@pytest.fixture
def page(browser: Any, office: Office) -> Iterator[Any]:
    """The unlocked window with a script."""
    with unlocked(browser, office) as opened:
        yield opened


def test_the_first_screen_and_the_clicks_of_a_letter(desk: Any) -> None:
    assert desk.evaluate(WHOLE_ROWS) >= 13
    assert {round(box["height"]) for box in map(box_of, desk.locator("li.letter").all()[:13])} <= set(range(48, 54))
    unread = desk.locator("li.letter--unread").count()
    clicks = 0
    desk.locator("li.letter--unread .open").first.click()
    clicks += 1
    pane = desk.locator(".pane")
    pane.wait_for()
    desk.locator(".list").wait_for()  # the letter stands beside the list
    assert desk.locator("li.letter--unread").count() == unread - 1, "reading makes it read"
    assert "Danger now" in pane.inner_text(), "danger comes first, and its box says what to do"
    desk.get_by_role("button", name="Take it").click()
    clicks += 1
    assert clicks <= MOST_CLICKS
    pane.get_by_text("It is in your hands").first.wait_for()
    desk.set_viewport_size(PHONE)
    desk.goto("./")
    assert desk.evaluate(WHOLE_ROWS) >= 8
    assert box_of(desk.locator("li.letter").first)["y"] <= 96
    assert_fits(desk)


def box_of(row: Any) -> dict[str, float]:
    box: dict[str, float] = row.bounding_box()
    return box


def test_counters_filter_and_everybody_can_use_them(page: Any) -> None:
    page.goto("?show=danger")
    letter_count = page.locator("li.letter").count()
    assert page.locator('.counter[aria-current="true"]').inner_text().split() == [str(letter_count), "danger", "now"]
    page.locator("li.letter .open").first.click()
    for colours, size in (("light", WIDE), ("dark", PHONE)):
        page.emulate_media(color_scheme=colours)
        page.set_viewport_size(size)
        assert_accessible(page)
        assert_fits(page)
    page.goto("./")
    assert_accessible(page)


def test_a_voice_is_played_in_its_row_and_then_counts_as_heard(page: Any) -> None:
    page.add_init_script(ENDLESS)
    page.goto("?show=unheard")
    before = page.locator("li.letter").count()
    with page.expect_response("**/part/*"):
        page.locator("a.play").first.click()
    page.locator('a.play[aria-pressed="true"]').wait_for()
    page.goto("?show=unheard")
    assert page.locator("li.letter").count() == before - 1
