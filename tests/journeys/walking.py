"""What every journey does on a page that the server made: press a button and meet the next page whole; ask axe-core."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe

LANGUAGES = ("en", "ta", "te", "hi", "or")
SMALLEST_PHONE = 320


def press(page: Any, value: str) -> None:
    """Press the button of a form by its value, and wait until the page that answers is there to its end.

    A click alone comes back as soon as the answer begins: what is looked at then may be a page without a body.
    """
    with page.expect_navigation(wait_until="load"):
        page.locator(f'main form button[value="{value}"]').click()


def axe_finds_nothing(page: Any) -> None:
    """Fail with what axe-core finds, and where."""
    page.wait_for_load_state()
    found = Axe().run(page).response["violations"]
    assert [f"{one['id']}: {one['help']} at {[node['target'] for node in one['nodes']][:3]}" for one in found] == []


def fits(page: Any, width: int = SMALLEST_PHONE) -> None:
    """No sideways scrolling at this width in CSS pixels (WCAG 1.4.10); the page is as wide as before after it."""
    before = page.viewport_size
    page.set_viewport_size({**before, "width": width})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.set_viewport_size(before)
