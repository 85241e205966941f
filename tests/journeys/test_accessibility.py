"""axe-core finds nothing on any kind of page in any language; and no page is wider than a small phone."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.journeys.walking import LANGUAGES, assert_accessible, assert_fits, press

STATIC = (
    "", "signs/", "is-this-me/", "rights/", "what-happens/", "approach-police/", "help/", "events/", "sign-up/", "cancel/", "tell/", "voice/",
    "answer/", "about/", "privacy/", "pages/", "stories/the-advance/", "campaigns/an-advance-is-not-a-chain/",
    "nothing-here/",
)  # fmt: skip


@pytest.fixture(scope="module")
def reader(browser: Any, installation: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=installation.address)
    context.add_init_script(AXE_SCRIPT)  # once, and not with each page through the browser's pipe
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", STATIC)
@pytest.mark.parametrize("language", LANGUAGES)
def test_static_pages(reader: Any, language: str, path: str) -> None:
    reader.goto(f"/{language}/{path}")
    assert_accessible(reader)
    assert_fits(reader)


def test_the_page_that_asks_for_a_language(reader: Any) -> None:
    reader.goto("/")
    assert_accessible(reader)
    assert_fits(reader)


def press_each(reader: Any, *buttons: str) -> None:
    """Press each button, and examine the page that follows."""
    for button in buttons:
        press(reader, button)
        assert_accessible(reader)
        assert_fits(reader)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_the_forms(reader: Any, language: str) -> None:
    """Form with mistakes, check page, receipt, how the letter stands; sign-up and its cancelling."""
    reader.goto(f"/forms/{language}/concern")
    press_each(reader, "check")
    reader.locator("#what").fill("x")
    press_each(reader, "check", "send")
    receipt = reader.locator(".code").inner_text()
    reader.goto(f"/forms/{language}/answer")
    reader.locator("#code").fill(receipt)
    press_each(reader, "check")


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_signing_up(reader: Any, language: str) -> None:
    reader.goto(f"/forms/{language}/signup")
    reader.locator("#event").select_option(index=1)
    reader.locator("#people").fill("1")
    reader.locator('input[name="adult"][value="yes"]').check()
    press_each(reader, "check", "send")
    number = reader.locator(".code").inner_text()
    reader.goto(f"/forms/{language}/cancel")
    reader.locator("#code").fill(number)
    press_each(reader, "check", "cancel")


@pytest.mark.parametrize(
    "path", ["", "signs/", "help/", "events/", "tell/", "voice/", "is-this-me/", "stories/the-advance/"]
)
def test_in_the_dark(browser: Any, installation: Any, path: str) -> None:
    """The colours of dark mode have contrast enough too (WCAG 1.4.3)."""
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, base_url=installation.address, color_scheme="dark"
    )
    page = context.new_page()
    page.goto(f"/ta/{path}")
    assert_accessible(page)
    context.close()
