"""The pages of the feedback loop in a browser: readable by all, in all languages, on a small phone and in the dark."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.journeys.walking import LANGUAGES, SMALLEST_PHONE, assert_accessible, assert_fits

PAGES = (
    "you-said/", "problems/", "problems/debt-bondage/", "meetings-held/", "heard/example-meeting/", "numbers/", "goods/",
    "honours/", "child-friendly-stations/", "officer-training/",
)  # fmt: skip


@pytest.fixture(scope="module")
def reader(browser: Any, installation: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": SMALLEST_PHONE, "height": 740}, base_url=installation.address)
    context.add_init_script(AXE_SCRIPT)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "colours"), [*((code, "light") for code in LANGUAGES), ("ta", "dark")])
def test_a_page_of_the_loop(reader: Any, language: str, colours: str, path: str) -> None:
    reader.emulate_media(color_scheme=colours)
    blocked: list[str] = []
    reader.on("console", lambda message: blocked.append(message.text))
    assert reader.goto(f"/{language}/{path}").status == 200
    for details in reader.locator("main details").all():
        details.evaluate("one => one.open = true")
    assert_accessible(reader)
    assert_fits(reader)
    assert [message for message in blocked if "Content Security Policy" in message] == []


def test_letters_of_a_chart_stay_within_the_picture(reader: Any) -> None:
    for language in LANGUAGES:
        reader.goto(f"/{language}/numbers/")
        wide = """[...document.querySelectorAll('.chart text')].map(one =>
            one.closest('svg').getBoundingClientRect().right - one.getBoundingClientRect().right)"""
        assert min(reader.evaluate(wide)) >= 0


def test_a_chart_takes_letters_and_colours_from_the_page_and_prints(reader: Any) -> None:
    reader.goto("/ta/numbers/")
    script = """one => [one, document.querySelector('main p')].map(getComputedStyle).map(css => css.fontFamily + css.color)"""
    letters, page = reader.locator(".chart text").first.evaluate(script)
    assert letters == page
    colours = "one => { const css = getComputedStyle(one); return [css.fill, css.color] }"
    text, ink = reader.locator(".chart text").first.evaluate(colours)
    bar, _ = reader.locator(".chart path").first.evaluate(colours)
    assert text == ink
    assert bar == "rgb(227, 161, 58)"
    assert reader.locator(".chart text").first.evaluate("one => one.getScreenCTM().a * 14") >= 13
    reader.emulate_media(media="print")
    assert reader.locator(".chart svg").first.is_visible()
    reader.emulate_media(media="screen")


def test_bars_are_as_long_as_their_numbers_say(reader: Any) -> None:
    reader.goto("/en/numbers/")
    # What is drawn ends half the stroke behind the shape and begins at the picture's edge.
    script = """one => [...one.querySelectorAll('path')].map(bar =>
        bar.getBBox().x + bar.getBBox().width + parseFloat(getComputedStyle(bar).strokeWidth) / 2)"""
    for chart in reader.locator(".chart").all():
        numbers = [int(text) for text in chart.locator(".number_marks text").all_text_contents() if text != "–"]
        lengths = chart.locator("svg").evaluate(script)
        assert len(lengths) == len(numbers)
        for number, length in zip(numbers, lengths, strict=True):
            assert abs(length - 260 * number / max(numbers)) <= 1


def test_the_officers_check_answers_without_a_script(browser: Any, installation: Any) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=installation.address)
    page = context.new_page()
    page.goto("/en/officer-training/")
    assert page.locator(".outcome--none").is_visible()
    page.locator(".self-check label").first.click()
    assert page.locator(".outcome--some").is_visible()
    assert not page.locator(".outcome--none").is_visible()
    page.reload()
    assert page.locator(".outcome--none").is_visible()
    context.close()
