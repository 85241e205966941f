"""What every journey does on a page that the server made: press a button and meet the next page whole; ask axe-core."""

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
"""For `add_init_script`: a clip of two seconds is over before a busy test has seen that it plays."""


def press(page: Any, value: str) -> None:
    """Press the button of a form by its value, and wait until the page that answers is there to its end.

    A click alone comes back as soon as the answer begins: what is looked at then may be a page without a body.
    """
    with page.expect_navigation(wait_until="load"):
        page.locator(f'main form button[value="{value}"]').click()


def arrived(page: Any, ending: str) -> None:
    """Wait until the page's address ends so: a browser tells of a step within a page a little later than of the click."""
    page.wait_for_url(lambda address: address.endswith(ending), wait_until="commit")  # one that was kept loads no more


def go(page: Any, step: int) -> None:
    """Back or forward, as the browser's own button does it: no page is loaded where it was kept whole.

    Ends when that page is there to its end, or what it put in its place: one that hides itself is about to do so.
    """
    with suppress(PlaywrightError):  # the browser does not send a form again by itself: it shows its own page
        (page.go_back if step < 0 else page.go_forward)(wait_until="commit")
    page.wait_for_timeout(200)  # what a page does when it is shown again comes first, and it looks as whole before
    until(lambda: _stands(page), page)


def _stands(page: Any) -> bool:
    with suppress(PlaywrightError):  # it is replaced just now
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
"""The colours of all letters, on which grounds, and whether they are large: all that contrast is worked out of."""

AXE = """options => window.axe ? axe.run(options).then(({violations}) => violations.map(
  ({id, help, nodes}) => `${id}: ${help} at ${nodes.slice(0, 3).map(({target}) => target)}`)) : null"""

_contrast_was_right: set[str] = set()
_bring_axe: WeakSet[Any] = WeakSet()
"""Pages of the browser that have axe-core in each page that they load from now on."""


def axe_finds_nothing(page: Any) -> None:
    """Fail with what axe-core finds, and where. Contrast, half of its time, is asked where a colour or its ground is new."""
    page.wait_for_load_state()
    colours = set(page.evaluate(COLOURS))
    rules = {"color-contrast": {"enabled": not colours <= _contrast_was_right}}
    # Stylesheets are not fetched and read once more: of axe-core's rules only an experimental one, which is off, asks.
    options = {"resultTypes": ["violations"], "rules": rules, "preload": {"assets": ["media"]}}
    found = page.evaluate(AXE, options)
    if found is None:
        page.evaluate(AXE_SCRIPT)
        found = page.evaluate(AXE, options)
        if page not in _bring_axe:  # half a megabyte through the browser's pipe for each page takes a third of it
            _bring_axe.add(page)
            page.add_init_script(AXE_SCRIPT)
    assert found == []
    _contrast_was_right.update(colours)


def fits(page: Any, width: int = SMALLEST_PHONE) -> None:
    """No sideways scrolling at this width in CSS pixels (WCAG 1.4.10); the page is as wide as before after it."""
    before = page.viewport_size
    page.set_viewport_size({**before, "width": width})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size(before)
