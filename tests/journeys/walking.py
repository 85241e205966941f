"""Helpers of journeys: press a button and wait for the complete next page; check a page with axe-core."""

from contextlib import suppress
from typing import Any
from weakref import WeakSet

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Error as PlaywrightError

from tests.patience import until

LANGUAGES = ("en", "ta", "te", "hi", "or")
SMALLEST_PHONE = 320


ENDLESS = """const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () { this.loop = true; return play.call(this); };"""
"""For `add_init_script`: without it, a clip of two seconds may end before a busy test sees it play."""


def press(page: Any, value: str) -> None:
    """Press the button of a form by its value, and wait until the next page is loaded.

    A click alone returns when the response begins: the page may then have no body.
    """
    with page.expect_navigation(wait_until="load"):
        page.locator(f'main form button[value="{value}"]').click()


def wait_for_address(page: Any, ending: str) -> None:
    """Wait until the page's address ends like this: a browser reports a step within a page later than the click."""
    page.wait_for_url(
        lambda address: address.endswith(ending), wait_until="commit"
    )  # a cached page does not load again


def go(page: Any, step: int) -> None:
    """Go back or forward like the browser's own button: from its back-forward cache if possible.

    Waits until that page is loaded, or the page with which it replaces itself: one that hides itself is about to.
    """
    with suppress(PlaywrightError):  # the browser never resends a form by itself: it shows a page of its own
        (page.go_back if step < 0 else page.go_forward)(wait_until="commit")
    page.wait_for_timeout(200)  # the page's own reaction to being shown comes first; it looks complete before
    until(lambda: _is_complete(page), page)


def _is_complete(page: Any) -> bool:
    with suppress(PlaywrightError):  # the page is being replaced
        return bool(page.evaluate("document.readyState === 'complete' && !document.documentElement.hidden"))
    return False


COLOURS = """() => {
  const grounds = new Map([[null, ""]]), found = new Set();
  const ground = (one) => {
    if (!one || grounds.has(one)) return grounds.get(one);
    const css = getComputedStyle(one);
    const own = [one.localName, one.className.baseVal ?? one.className, css.backgroundColor, css.backgroundImage, css.opacity,
      css.filter, css.position, css.textShadow].join(" ");
    grounds.set(one, ground(one.parentElement) + "\\n" + own);
    return grounds.get(one);
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const one = words.currentNode.parentElement, css = getComputedStyle(one);
    if (!words.currentNode.data.trim() || !one.getClientRects().length) continue;
    const size = parseFloat(css.fontSize), large = size >= 24 || (size >= 18.66 && css.fontWeight >= 700);
    found.add([ground(one), css.color, large].join("\\n"));
  }
  return [...found];
}"""
"""The colours and backgrounds of all texts, and whether they are large: all that contrast depends on."""

AXE = """options => window.axe ? axe.run(options).then(({violations}) => violations.map(
  ({id, help, nodes}) => `${id}: ${help} at ${nodes.slice(0, 3).map(({target}) => target)}`)) : null"""

_checked_colours: set[str] = set()
_pages_with_axe: WeakSet[Any] = WeakSet()
"""Pages to which axe-core is added in each document that they load."""


def assert_accessible(page: Any) -> None:
    """Fail with the violations that axe-core finds. Contrast takes half its time: checked for new colours only."""
    page.wait_for_load_state()
    colours = set(page.evaluate(COLOURS))
    rules = {"color-contrast": {"enabled": not colours <= _checked_colours}}
    # axe-core does not fetch stylesheets again: only an experimental rule, which is off, needs them.
    options = {"resultTypes": ["violations"], "rules": rules, "preload": {"assets": ["media"]}}
    violations = page.evaluate(AXE, options)
    if violations is None:
        page.evaluate(AXE_SCRIPT)
        violations = page.evaluate(AXE, options)
        if page not in _pages_with_axe:  # sending half a megabyte for each document took a third of the time
            _pages_with_axe.add(page)
            page.add_init_script(AXE_SCRIPT)
    assert violations == []
    _checked_colours.update(colours)


def assert_fits(page: Any, width: int = SMALLEST_PHONE) -> None:
    """Assert that a page does not scroll sideways at this width in CSS pixels (WCAG 1.4.10). Restores its size."""
    size = page.viewport_size
    page.set_viewport_size({**size, "width": width})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size(size)
