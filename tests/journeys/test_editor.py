"""The editor's window in a real browser: what its script adds, and whether everybody can use it on a phone."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from editor.editor import Editor
from editor.window.app import create_window
from playwright.sync_api import expect

from forms.web.local.entrance import entrance_of
from forms.web.local.running import run
from tests.editor.conftest import editor, folder, kept_tables, seal_cache
from tests.journeys.walking import assert_accessible, assert_fits
from tests.sitegen.conftest import Folder

__all__ = ["editor", "folder", "kept_tables", "seal_cache"]

PAGES = ("", "pages/", "pages/en/index.md", "stories/new", "tables/", "tables/helplines/", "tables/helplines/row?key=112",
         "tables/consents/", "helplines/", "translate/", "translate/ta/", "translate/ta/index.md", "texts/ta/words", "texts/ta/tables", "publish/", "history/", "pictures/", "approve/", "recordings/ta/", "recordings/en/index")  # fmt: skip


@pytest.fixture
def writer(browser: Any, editor: Editor) -> Iterator[Any]:
    """A browser of the width of a phone that has come in; `home` is the first page's address."""
    editor.remember(name="M. Devi")
    app = create_window(editor)
    window = run(app, entrance_of(app))
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(window.enter)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    window.stop()


def test_the_page_stands_beside_what_is_typed_and_check_speaks_meanwhile(writer: Any, folder: Folder) -> None:
    home = writer.url
    writer.goto(f"{home}pages/en/index.md")
    writer.locator("#text").fill("# index\n\nTyped and not saved. [A page](nowhere.md)")
    writer.frame_locator("#preview").get_by_text("Typed and not saved.").wait_for()
    writer.locator("#problems").get_by_text("nowhere.md").wait_for()
    assert "Typed" not in (folder.root / "content" / "en" / "index.md").read_text("utf-8")
    assert writer.frames[-1].evaluate("self.origin") == "null", "it has an origin of its own"
    writer.get_by_label("Language", exact=True).select_option("ta")
    writer.frame_locator("#preview").locator('html[lang="ta"]').wait_for()
    writer.get_by_label("Dark", exact=True).check()
    page = writer.frame_locator("#preview").locator("html")
    expect(page).to_have_css("background-color", re.compile(r"rgb\((\d{1,2}, ){2}\d{1,2}\)"))
    writer.locator("#text").fill("# index\n\nCall.")
    writer.locator("[data-number]").select_option("112")
    assert writer.locator("#text").input_value().endswith("[[ number: 112 ]]")
    writer.get_by_role("button", name="Save").click()
    writer.get_by_text("Saved.").wait_for()
    assert "Call.[[ number: 112 ]]" in (folder.root / "content" / "en" / "index.md").read_text("utf-8")
    assert writer.faults == []


def test_a_save_leaves_the_text_and_what_can_be_undone_where_they_are(
    writer: Any, editor: Editor, folder: Folder
) -> None:
    page = folder.root / "content" / "en" / "index.md"
    writer.goto(f"{writer.url}pages/en/index.md")
    writer.evaluate("window.here = 'still'")
    text = writer.locator("#text")
    text.fill("# index\n\nOne.")
    writer.locator("#title").fill("Other")
    writer.get_by_role("button", name="Save").click()
    writer.get_by_text("Saved.").wait_for()
    assert 'title: "Other"' in page.read_text("utf-8")
    assert writer.locator("h1").inner_text() == "Other"
    text.fill("# index\n\nOne. Two.")
    assert writer.get_by_text("Saved.").count() == 0, "what is typed now is not saved"
    text.press("ControlOrMeta+s")
    writer.get_by_text("Saved.").wait_for()
    assert writer.evaluate("window.here") == "still"
    assert "One. Two." in page.read_text("utf-8")
    editor.store.write(
        editor.store.page("en", "index.md"), page.read_text("utf-8").replace("Two", "Theirs"), "R", "Edit"
    )
    text.fill("# index\n\nOne. Ours.")
    text.press("ControlOrMeta+s")
    writer.get_by_role("heading", name="Somebody else changed the same lines meanwhile").wait_for()
    assert "Ours" in writer.get_by_label("Yours").input_value()
    assert [fault for fault in writer.faults if "409" not in fault] == []


@pytest.mark.parametrize(
    ("path", "field"), [("pages/en/index.md", "#text"), ("translate/ta/index.md", "[name=paragraph]")]
)
def test_without_an_answer_what_was_typed_stays_on_the_page(writer: Any, path: str, field: str) -> None:
    """The network is away, or the editor has ended: a form that is sent would leave the browser's own page there."""
    writer.goto(f"{writer.url}{path}")
    writer.locator(field).last.fill("Half a morning's words.")
    writer.route(f"**/{path}", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    writer.locator(".bar button").first.click()
    assert "No answer came" in writer.locator("#saved", has_text="nothing is saved").inner_text()
    assert writer.locator(field).last.input_value() == "Half a morning's words."
    writer.unroute(f"**/{path}")
    writer.faults.clear()  # Chromium's word about the request that was cut
    writer.locator(".bar button").first.click()
    writer.locator("#saved", has_text="Saved.").wait_for()


def test_a_translation_is_saved_where_it_is_written_and_says_how_far_it_is(writer: Any, folder: Folder) -> None:
    page = folder.root / "content" / "ta" / "index.md"
    writer.goto(f"{writer.url}translate/ta/index.md")
    writer.evaluate("window.here = 'still'")
    first = writer.locator("textarea[name=paragraph]").first
    for words in ("# முதல்", "# இரண்டு"):
        first.fill(words)
        writer.get_by_role("button", name="Save: it says what the English says now").click()
        writer.get_by_text("Saved.").wait_for()
        assert words in page.read_text("utf-8")
    writer.locator(".pair .state--waiting").first.wait_for()
    writer.get_by_role("button", name="I have read both").wait_for()
    assert writer.evaluate("window.here") == "still"
    assert writer.faults == []


def test_what_is_wrong_comes_after_the_first_page(writer: Any) -> None:
    home = writer.url
    for text, problem in (("[A page](nowhere.md)", "nowhere.md"), ("Mended.", "")):
        writer.goto(f"{home}pages/en/index.md")
        writer.locator("#text").fill(f"# index\n\n{text}")
        writer.get_by_role("button", name="Save").click()
        writer.get_by_text("Saved.").wait_for()
        response = writer.goto(home)
        assert "data-later" in response.text()
        assert "nowhere.md" not in response.text()
        writer.locator("[data-later] .help").wait_for(state="detached")
        found = writer.locator("[data-later]")
        assert problem in found.inner_html()
        assert bool(problem) == bool(found.locator("details.waits--wrong[open]").count())
        writer.reload()
        writer.locator("h1").first.wait_for()
        assert writer.locator("[data-later]").count() == 0
    assert writer.faults == []


def test_who_presses_on_a_cell_writes_another_in_its_place(writer: Any, folder: Folder) -> None:
    writer.goto(f"{writer.url}tables/helplines/")
    writer.locator(".words").first.click()
    writer.locator("[id^=f-]:focus").wait_for()
    writer.keyboard.insert_text("Day and night")
    writer.get_by_role("button", name="Save").click()
    writer.get_by_text("Saved.").wait_for()
    assert "Day and night" in (folder.root / "content" / "tables" / "helplines.csv").read_text("utf-8")
    assert writer.faults == []


PASTE = """([html, plain]) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/html", html);
  clipboardData.setData("text/plain", plain);
  const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
  document.getElementById("text").dispatchEvent(event);
  return event.defaultPrevented;
}"""


def test_what_is_pasted_from_word_becomes_markdown_where_the_cursor_is(writer: Any, folder: Folder) -> None:
    home = writer.url
    writer.goto(f"{home}pages/en/index.md")
    text = writer.locator("#text")
    text.fill("# index\n\n\n\nAfter.")
    text.evaluate("box => box.setSelectionRange(9, 9)")
    assert writer.evaluate(PASTE, ["<h1>Wages</h1><p class=MsoNormal>Each <del>week</del><b>month</b></p>", "plain"])
    writer.get_by_text("Its changes were tracked").wait_for()
    assert text.input_value() == "# index\n\n## Wages\n\nEach **month**\n\nAfter."
    assert not writer.evaluate(PASTE, ["", "plain"]), "the browser itself pastes plain words"
    text.fill("")
    assert writer.evaluate(PASTE, ["x" * 1_000_001, "Plain words."])
    writer.get_by_text("Copy it in several parts.").wait_for()
    assert text.input_value() == "Plain words.", "what cannot be read goes in as words"
    assert writer.faults == []


@pytest.mark.parametrize("language", ["en", "ta", "te", "hi", "or"])
def test_nobody_stumbles_and_nothing_is_wider_than_a_phone(writer: Any, editor: Editor, language: str) -> None:
    editor.remember(language=language)
    home = writer.url
    for path in PAGES:
        writer.goto(home + path)
        assert_accessible(writer)
        assert_fits(writer)
