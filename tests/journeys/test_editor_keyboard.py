"""The editor and the office by a keyboard alone: everything is reached in the order in which it stands, and seen."""

from typing import Any

import pytest
from editor.editor import Editor
from playwright.sync_api import expect

from tests.editor.conftest import editor, folder, kept_tables, seal_cache
from tests.editor.office_helpers import Place
from tests.journeys.test_editor import writer
from tests.journeys.test_office import phone, place, with_authenticator
from tests.sitegen.conftest import Folder

__all__ = ["editor", "folder", "kept_tables", "place", "seal_cache", "writer"]

NUMBER = """() => [...document.querySelectorAll(
  'a[href], button:not([disabled]), input:not([type=hidden]):not([disabled]), select, textarea, summary, iframe')]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[aria-hidden=true]") && one.tabIndex >= 0)
  .filter((one) => one.type !== "radio" || one.checked || !document.querySelector(`input[name="${one.name}"]:checked`)
    && one === document.querySelector(`input[type=radio][name="${one.name}"]`))
  .map((one, at) => { one.dataset.stop = at; return one.outerHTML.slice(0, 100); })"""

FOCUSED = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const seen = one.tagName === "IFRAME" || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0);
  const box = one.getBoundingClientRect();
  return [one.dataset.stop ?? "", seen, box.bottom > 0 && box.top < innerHeight];
}"""


def walk_by_tab(page: Any) -> None:
    """Press Tab through a page: each thing that can be used has its turn, in order, is framed, and is on the screen."""
    stops = page.evaluate(NUMBER)
    assert stops
    page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    found: list[int] = []
    for _ in range(3 * len(stops) + 20):
        page.keyboard.press("Tab")
        stop, framed, on_screen = page.evaluate(FOCUSED)
        if stop == "" and found:
            break
        if stop == "":
            continue
        if found and int(stop) == found[-1]:
            continue  # the page that is shown in a frame has stops of its own
        if int(stop) in found:
            break
        assert framed, stops[int(stop)]
        assert on_screen, stops[int(stop)]
        found.append(int(stop))
    assert found == list(range(len(stops))), [stops[one] for one in range(len(stops)) if one not in found]


@pytest.mark.parametrize(
    "path",
    ["", "pages/en/index.md", "tables/helplines/row?key=112", "tables/consents/", "translate/ta/index.md",
     "texts/ta/words", "texts/ta/tables", "review/ta/", "history/", "publish/", "approve/", "stories/new"],
)  # fmt: skip
def test_each_thing_is_reached_by_tab_in_its_order_and_framed(writer: Any, folder: Folder, path: str) -> None:
    folder.page("index", "வீடு.", "ta")
    writer.goto(writer.url + path)
    walk_by_tab(writer)
    assert writer.faults == []


def press(page: Any, name: str) -> None:
    """Go to a button by Tab, and press Enter."""
    button = page.get_by_role("button", name=name, exact=True)
    for _ in range(200):
        page.keyboard.press("Tab")
        if button.evaluate("(one) => one === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(name)


def test_who_has_only_a_keyboard_signs_in_and_publishes_with_a_passkey(
    browser: Any, place: Place, editor: Editor, folder: Folder
) -> None:
    page = with_authenticator(phone(browser, place))
    page.goto(f"/invited/{place.invite('B. Das', 'publisher')}")
    walk_by_tab(page)
    press(page, "Make a passkey on this phone or computer")
    expect(page.get_by_role("heading", name="What waits")).to_be_visible(timeout=120_000)
    page.goto("/me")
    walk_by_tab(page)
    press(page, "Sign out")
    expect(page.get_by_role("heading", name="What waits")).to_be_hidden(timeout=120_000)
    page.goto("/sign-in")
    walk_by_tab(page)
    press(page, "With a passkey of this phone or computer")
    expect(page.get_by_role("heading", name="What waits")).to_be_visible(timeout=120_000)
    page.goto("/publish/")
    press(page, "Publish")
    page.get_by_text("It is on the site.").wait_for(timeout=120_000)
    assert (folder.root / "public" / "en" / "index.html").exists()
    assert page.faults == []
    assert not editor.publisher.is_running
