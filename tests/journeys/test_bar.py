"""The bar at the top of every page: slim, and it never covers what a person taps (WCAG 2.4.11)."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.telling import NEXT
from tests.journeys.walking import LANGUAGES

SIZES = ((240, 320), (320, 480), (360, 640))
FIRST_LINE = 64
"""CSS pixels from the top of the screen within which the heading of a page begins."""

COVERED = """() => {
  const bar = document.querySelector("header.top"), found = [];
  const shown = (one) => one.getClientRects().length > 0 && !one.closest(".visually-hidden");
  const controls = [...document.querySelectorAll("main :is(a, button, input, select, textarea, summary, audio), footer a")]
    .filter(shown);
  const overlap = (one) => {
    const a = one.getBoundingClientRect(), b = bar.getBoundingClientRect();
    return Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  };
  const tell = (how, one) => found.push(how + ": " + one.outerHTML.slice(0, 80));
  for (const one of controls) {
    scrollTo(0, document.documentElement.scrollHeight);
    one.focus();
    if (overlap(one) > 1) tell("focus", one);
    for (const block of ["start", "nearest"]) {
      scrollTo(0, document.documentElement.scrollHeight);
      one.scrollIntoView({ block });
      if (overlap(one) > 1) tell(block, one);
    }
  }
  const step = innerHeight - bar.offsetHeight;
  for (let top = 0; top <= document.documentElement.scrollHeight; top += step) {
    scrollTo(0, top);
    const below = bar.getBoundingClientRect().bottom + 1;
    for (const one of controls) {
      const box = one.getBoundingClientRect();
      const [from, to] = [Math.max(box.top, below), Math.min(box.bottom, innerHeight)];
      if (to - from < 2) continue;
      for (const part of [0.1, 0.5, 0.9]) {
        const hit = document.elementFromPoint(box.left + box.width * part, (from + to) / 2);
        if (hit && hit.closest("header")) tell("scrolled to " + top, one);
      }
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def reader(browser: Any, installation: Any) -> Iterator[Any]:
    context = browser.new_context(base_url=installation.address, permissions=["microphone"])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["help/", "tell/", "voice/", "is-this-me/"])
def test_the_bar_covers_no_control_wherever_one_scrolls(reader: Any, language: str, path: str) -> None:
    reader.goto(f"/{language}/{path}")
    if path == "tell/":
        reader.locator(NEXT).click()  # to the microphone
        reader.locator('[data-field="voice"] button').first.wait_for()
    for width, height in SIZES:
        reader.set_viewport_size({"width": width, "height": height})
        assert reader.evaluate(COVERED) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["", "stories/the-advance/", "tell/", "voice/", "nothing-here/", "/forms/{}/answer"])
def test_a_page_begins_at_once(reader: Any, language: str, path: str) -> None:
    """No note, no number and no second row of the bar stands above the heading."""
    reader.goto(path.format(language) if path.startswith("/") else f"/{language}/{path}")
    for width, height in SIZES:
        reader.set_viewport_size({"width": width, "height": height})
        assert reader.locator("h1").bounding_box()["y"] <= FIRST_LINE
        words = reader.locator(".exit span").bounding_box()
        assert words["y"] >= 0, "the words of the way out stand in two lines at most"


def test_every_page_leads_back_to_the_answer_and_names_the_numbers(reader: Any) -> None:
    for path in ("", "rights/", "/forms/ta/concern"):
        reader.goto(path if path.startswith("/") else f"/ta/{path}")
        assert reader.locator('footer a[href="/ta/answer/"]').inner_text() == "பதிலைப் படிக்க"
        assert reader.locator('footer a[href^="tel:"]').count() >= 4
        assert reader.locator('header a[href="/ta/help/"]').get_attribute("aria-label") == "உதவி எண்கள்"


def test_a_language_leaves_to_its_own_page(reader: Any, installation: Any) -> None:
    for language in LANGUAGES:
        reader.goto(f"/{language}/")
        leaves_to = reader.locator("[data-exit]").get_attribute("href")
        assert leaves_to == installation.portal.exit_for(language) == f"https://{language}.wikipedia.org/"
