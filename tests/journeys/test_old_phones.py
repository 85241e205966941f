"""Small and old phones: a receipt that fits, words that stay whole, and pages whose engine knows half of our styles."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.old_engine import as_old_engine
from tests.journeys.walking import LANGUAGES, press

SMALLEST = {"width": 240, "height": 320}
KINDS = (
    "tell/",
    "answer/",
    "privacy/",
    "rights/",
    "sign-up/",
    "you-said/",
    "signs/",
    "help/",
    "numbers/",
    "is-this-me/",
)
OTHERS = (320, 360, 412)
"""Widths of other phones, at which words must stay whole too."""

BROKEN_WORDS = """() => {
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (const scene of document.querySelectorAll(".scene")) scene.style.display = "block";
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  const unseen = "script, style, template, .visually-hidden, .skip, .exit, option, textarea, details:not([open]) > :not(summary)";
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement, range = document.createRange();
    const broken = () => {
      const tops = [...range.getClientRects()].filter((box) => box.width > 1).map((box) => box.top);
      return tops.length > 1 && Math.max(...tops) - Math.min(...tops) > 8;
    };
    range.selectNodeContents(node);
    if (!broken() || parent.closest(unseen)) continue;  // of a text in one line no word is broken
    for (const word of node.data.matchAll(/[^\\s\\u200b\\/–—-]+/g)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (broken()) found.push(word[0]);
    }
  }
  return found;
}"""

MISPLACED = """() => {
  const found = [];
  for (const one of document.querySelectorAll("body *")) {
    const box = one.getBoundingClientRect();
    const passed = one.closest("svg, table, audio, .skip, .visually-hidden, .exit span");
    if (box.width && box.right > innerWidth + 1 && !passed) found.push("wide: " + one.outerHTML.slice(0, 70));
  }
  for (const text of document.querySelectorAll("main p, main li strong, main label span, h1, h2")) {
    const box = text.getBoundingClientRect();
    if (box.width && box.left < 8) found.push("no margin: " + text.outerHTML.slice(0, 70));
    const drawing = text.parentElement.querySelector("svg, img");
    if (!drawing || text.contains(drawing) || !box.width) continue;
    const other = drawing.getBoundingClientRect();
    const across = Math.min(box.right, other.right) - Math.max(box.left, other.left);
    const down = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
    if (across > 1 && down > 1) found.push("under a drawing: " + text.outerHTML.slice(0, 70));
  }
  return found;
}"""

RECEIPT = """() => {
  const node = document.querySelector(".code").firstChild, lines = new Map();
  [...node.data].forEach((char, index) => {
    if (!/\\d/.test(char)) return;
    const range = document.createRange();
    range.setStart(node, index);
    range.setEnd(node, index + 1);
    const box = range.getBoundingClientRect();
    if (box.left >= 0 && box.right <= innerWidth) {
      lines.set(Math.round(box.top), (lines.get(Math.round(box.top)) || "") + char);
    }
  });
  return [...lines.values()];
}"""


@pytest.fixture(params=["today's engine", "old engine"], scope="module")
def phone(request: pytest.FixtureRequest, browser: Any, installation: Any) -> Iterator[Any]:
    context = browser.new_context(base_url=installation.address, viewport=SMALLEST, java_script_enabled=True)
    if request.param == "old engine":
        context.route("**/assets/portal.*.css", _without_what_is_unknown)
    yield context.new_page()
    context.close()


def _without_what_is_unknown(route: Any) -> None:
    answer = route.fetch()
    # Without their length: the text that is left is another.
    route.fulfill(body=as_old_engine(answer.text()), content_type="text/css")


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_whole_and_all_is_on_the_screen(phone: Any, language: str) -> None:
    for kind in KINDS:
        phone.goto(f"/{language}/{kind}")
        assert phone.evaluate(BROKEN_WORDS) == [], kind
        assert phone.evaluate(MISPLACED) == [], kind
        assert phone.evaluate("document.documentElement.scrollWidth") <= SMALLEST["width"], kind
        for width in OTHERS:
            phone.set_viewport_size({"width": width, "height": 640})
            assert phone.evaluate(BROKEN_WORDS) == [], (kind, width)
        phone.set_viewport_size(SMALLEST)


def test_an_old_engine_drops_what_it_does_not_know() -> None:
    css = "a { inset: 0; left: 1px; width: 9px; width: min(1px, 2px) } b:has(i) { color: red }"
    asking = "@supports (gap: 1px) { i { top: 0 } } @supports not (display: grid) { i { top: 1px } }"
    assert as_old_engine(css + asking) == "a { left: 1px; width: 9px }\ni { top: 1px }"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_receipt_stands_in_lines_of_four_digits(phone: Any, language: str) -> None:
    """And as one string, as a person copies it from the screen, it opens the answer."""
    phone.goto(f"/forms/{language}/concern")
    phone.locator("#what").fill("x")
    press(phone, "check")
    press(phone, "send")
    assert [len(line) for line in phone.evaluate(RECEIPT)] == [4] * 5
    phone.emulate_media(media="print")
    assert sum(map(len, phone.evaluate(RECEIPT))) == 20
    phone.emulate_media(media="screen")
    copied = phone.evaluate(
        "getSelection().selectAllChildren(document.querySelector('.code')) || String(getSelection())"
    )
    phone.goto(f"/forms/{language}/answer")
    phone.locator("#code").fill(copied)
    press(phone, "check")
    assert phone.locator(".states").count() == 1


MOST_SCREENS = 5
"""Of one page of questions at 240 x 320; the whole form on one page has over thirty."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_questions_come_a_few_screens_at_a_time(phone: Any, language: str) -> None:
    phone.goto(f"/forms/{language}/concern?step=1")
    screens = []
    while not phone.locator('button[value="send"]').count():
        screens.append(phone.locator("main").bounding_box()["height"] / SMALLEST["height"])
        assert phone.evaluate(BROKEN_WORDS) == []
        assert phone.evaluate(MISPLACED) == []
        if phone.locator("#what").count():
            phone.locator("#what").fill("x")
        press(phone, "next" if phone.locator('button[value="next"]').count() else "check")
    assert len(screens) == 6
    assert max(screens) <= MOST_SCREENS, screens
    assert phone.evaluate(BROKEN_WORDS) == [], "of the page that shows what will be sent"
    assert phone.evaluate(MISPLACED) == []
