"""axe-core finds nothing on any kind of page in any language; and no page is wider than a small phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

LANGUAGES = ("en", "ta", "te", "hi", "or")
STATIC = (
    "", "signs/", "is-this-me/", "rights/", "what-happens/", "approach-police/", "help/", "events/", "sign-up/", "cancel/", "tell/",
    "answer/", "about/", "privacy/", "pages/", "stories/the-advance/", "campaigns/an-advance-is-not-a-chain/",
    "nothing-here/",
)  # fmt: skip
SMALLEST_PHONE = 320


@pytest.fixture(scope="module")
def reader(browser: Any, house: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=house.address)
    opened = context.new_page()
    yield opened
    context.close()


def look(page: Any) -> None:
    """Fail with what axe-core finds, and where."""
    found = Axe().run(page)
    told = [
        f"{item['id']}: {item['help']} at {[node['target'] for node in item['nodes']][:3]}"
        for item in found.response["violations"]
    ]
    assert told == []


def fits(page: Any) -> None:
    """No sideways scrolling on the smallest phone (WCAG 1.4.10)."""
    page.set_viewport_size({"width": SMALLEST_PHONE, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALLEST_PHONE
    page.set_viewport_size({"width": 360, "height": 740})


@pytest.mark.parametrize("path", STATIC)
@pytest.mark.parametrize("language", LANGUAGES)
def test_static_pages(reader: Any, language: str, path: str) -> None:
    reader.goto(f"/{language}/{path}")
    look(reader)
    fits(reader)


def test_the_page_that_asks_for_a_language(reader: Any) -> None:
    reader.goto("/")
    look(reader)
    fits(reader)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_the_forms(reader: Any, language: str) -> None:
    """Form with mistakes, check page, receipt, how the letter stands; sign-up and its cancelling."""
    reader.goto(f"/forms/{language}/concern")
    press(reader, "check")
    look(reader)
    fits(reader)
    reader.locator("#what").fill("x")
    for button in ("check", "send"):
        press(reader, button)
        look(reader)
        fits(reader)
    receipt = reader.locator(".code").inner_text()
    reader.goto(f"/forms/{language}/answer")
    reader.locator("#code").fill(receipt)
    press(reader, "check")
    look(reader)
    fits(reader)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_signing_up(reader: Any, language: str) -> None:
    reader.goto(f"/forms/{language}/signup")
    reader.locator("#event").select_option(index=1)
    reader.locator("#people").fill("1")
    reader.locator('input[name="adult"][value="yes"]').check()
    for button in ("check", "send"):
        press(reader, button)
        look(reader)
        fits(reader)
    number = reader.locator(".code").inner_text()
    reader.goto(f"/forms/{language}/cancel")
    reader.locator("#code").fill(number)
    for button in ("check", "cancel"):
        press(reader, button)
        look(reader)
        fits(reader)


def press(page: Any, value: str) -> None:
    page.locator(f'button[name="do"][value="{value}"]').click()


@pytest.mark.parametrize("path", ["", "signs/", "help/", "events/", "tell/", "is-this-me/", "stories/the-advance/"])
def test_in_the_dark(browser: Any, house: Any, path: str) -> None:
    """The colours of dark mode have contrast enough too (WCAG 1.4.3)."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=house.address, color_scheme="dark")
    page = context.new_page()
    page.goto(f"/ta/{path}")
    look(page)
    context.close()
