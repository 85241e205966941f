"""What is reached without reading: taps and flicks of five tasks, and what stands on a first screen, in five languages.

`pytest -s` prints the table. A flick moves 70 % of the screen. MOST is what is held; GOAL what an independent look asked for.
"""

from math import ceil
from typing import Any

import pytest

from tests.journeys.conftest import House  # type: ignore[import-not-found]

LANGUAGES = ("en", "ta", "te", "hi", "or")
SIZES = ((240, 320), (320, 568), (360, 640))
FLICK = 0.7

TILES = {240: 4, 320: 7, 360: 7}
"""Pictures whole on home's first screen."""

GOAL = {"call": 0, "is this me": 0, "tell": 0, "answer": 0, "event": 1}
MOST = {
    "call": {240: 0, 320: 0, 360: 0},
    "is this me": {240: 1, 320: 1, 360: 0},
    "tell": {240: 8, 320: 3, 360: 2},
    "answer": {240: 2, 320: 0, 360: 0},
    "event": {240: 7, 320: 2, 360: 2},
}
"""Flicks of a task, from home on."""

TASKS = {
    "call": ("", ".dial a"),
    "is this me": ("is-this-me/", ".scene:not([hidden]) .yes"),
    "tell": ("tell/", "[data-field=danger] .choice"),
    "answer": ("answer/", "#code"),
    "event": ("events/", "a[href*='signup']"),
}
"""Each task's page, and what must be in view there."""

BOTTOM = """place => [...document.querySelectorAll(place)].filter(one => one.getClientRects().length)
    .map(one => one.getBoundingClientRect().bottom + scrollY)"""


@pytest.fixture(scope="module", params=LANGUAGES)
def screens(request: pytest.FixtureRequest, browser: Any, house: House) -> tuple[str, dict[Any, Any]]:
    """Where things stand, by page and width: each page is loaded once a language and then made narrower."""
    context = browser.new_context(base_url=house.address, viewport={"width": 360, "height": 640})
    page, found = context.new_page(), {}
    for task, (path, place) in TASKS.items():
        page.goto(f"/{request.param}/{path}")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            found[task, width] = page.evaluate(BOTTOM, place)
            if task == "call":
                found["tiles", width] = page.evaluate(BOTTOM, ".tiles li")
    context.close()
    return request.param, found


def flicks(bottom: float, height: int) -> int:
    return max(0, ceil((bottom - height) / (FLICK * height)))


def test_pictures_of_home_stand_on_the_first_screen(screens: Any) -> None:
    language, found = screens
    for width, height in SIZES:
        whole = sum(bottom <= height for bottom in found["tiles", width])
        print(f"{language} {width}: {whole} pictures on home's first screen")
        assert whole >= TILES[width], f"{language} at {width} px: {found['tiles', width]}"


def test_no_task_takes_more_flicks_than_it_did(screens: Any) -> None:
    language, found = screens
    wrong = []
    for task, (path, _) in TASKS.items():
        for width, height in SIZES:
            door = list(TASKS).index(task) + 2 if path else 0
            way = flicks(found["tiles", width][door], height) if path else 0
            needed = way + flicks(min(found[task, width]), height)
            goal = GOAL[task]
            print(
                f"{language} {width} {task:<12} {needed:>3} flicks, goal {goal}{'' if needed <= goal else ' not reached'}"
            )
            if needed > MOST[task][width]:
                wrong.append((task, width, needed))
    assert not wrong, f"{language}: {wrong}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_door_is_called_as_the_page_it_opens_and_speaks(house: House, browser: Any, language: str) -> None:
    context = browser.new_context(base_url=house.address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/{language}/")
    doors = [
        (one.inner_text(), one.get_attribute("href")) for one in page.locator(".door a > span, .door a").all()[::2]
    ]
    keys = page.locator(".tiles [accesskey]").evaluate_all("all => all.map(one => one.accessKey)")
    speakers = page.locator(".tiles .ear audio").count()
    assert keys == list("1234567")
    assert speakers == (7 if house.portal.clips[language] else 0)
    for name, address in doors:
        page.goto(str(address))
        assert page.locator("h1").first.inner_text() == name.split("\n")[-1]
    assert len(doors) == 4
    context.close()
