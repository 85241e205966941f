"""The pages of the listening loop in a browser: readable by all, in all languages, on a small phone and in the dark."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.journey.walking import LANGUAGES, SMALLEST_PHONE, axe_finds_nothing, fits

PAGES = (
    "you-said/", "problems/", "problems/debt-bondage/", "meetings-held/", "heard/example-meeting/", "numbers/", "goods/",
    "honours/", "child-friendly-stations/", "officer-training/",
)  # fmt: skip


@pytest.fixture(scope="module")
def reader(browser: Any, house: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": SMALLEST_PHONE, "height": 740}, base_url=house.address)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "colours"), [*((code, "light") for code in LANGUAGES), ("ta", "dark")])
def test_a_page_of_the_loop(reader: Any, language: str, colours: str, path: str) -> None:
    reader.emulate_media(color_scheme=colours)
    blocked: list[str] = []
    reader.on("console", lambda said: blocked.append(said.text))
    assert reader.goto(f"/{language}/{path}").status == 200
    for details in reader.locator("main details").all():
        details.evaluate("one => one.open = true")
    axe_finds_nothing(reader)
    fits(reader)
    assert [said for said in blocked if "Content Security Policy" in said] == []


def test_letters_of_a_chart_stay_within_the_picture(reader: Any) -> None:
    for language in LANGUAGES:
        reader.goto(f"/{language}/numbers/")
        wide = "[...document.querySelectorAll('.chart text')].map(one => one.getBBox()).map(box => box.x + box.width)"
        assert max(reader.evaluate(wide)) <= 340


def test_the_officers_check_answers_without_a_script(browser: Any, house: Any) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=house.address)
    page = context.new_page()
    page.goto("/en/officer-training/")
    assert page.locator(".outcome--none").is_visible()
    page.locator(".self-check label").first.click()
    assert page.locator(".outcome--some").is_visible()
    assert not page.locator(".outcome--none").is_visible()
    page.reload()
    assert page.locator(".outcome--none").is_visible()
    context.close()
