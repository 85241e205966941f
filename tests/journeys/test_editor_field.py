"""The editor's field for texts (CodeMirror) in a real browser: on a phone, with its keyboards, by keys and by ear."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from editor.editor import Editor
from sitegen.publish.browser_bundle import WRITING

from tests.journeys.test_editor import PASTE, editor, folder, kept_tables, seal_cache, writer
from tests.journeys.walking import assert_accessible, assert_fits
from tests.sitegen.conftest import ROOT, Folder

__all__ = ["editor", "folder", "kept_tables", "seal_cache", "writer"]

TYPED = {
    "ta": (["க", "கொ", "கொத்", "கொத்த", "கொத்தடிமை"], "கொத்தடிமை"),
    "te": (["వ", "వె", "వెట్", "వెట్టి"], "వెట్టి"),
    "hi": (["ब", "बं", "बंध", "बंधुआ"], "बंधुआ"),
    "or": (["ବ", "ବେ", "ବେଠ", "ବେଠି"], "ବେଠି"),
    "en": (["w", "wa", "wag", "wages"], "wages"),
}
"""What a phone's keyboard shows while a word is put together, and the word."""


@pytest.fixture(scope="session")
def script() -> Path:
    return WRITING.make(ROOT / "site" / "editor" / "browser", ROOT / WRITING.cache_folder)


@pytest.fixture
def at_text(writer: Any, editor: Editor, script: Path) -> Callable[[str], Any]:
    """Open the home page's form with a text in it, and return the field's part that is typed into."""
    editor.field = lambda: script

    def opened(text: str) -> Any:
        writer.goto(f"{writer.url.split('/pages/')[0].rstrip('/')}/pages/en/index.md")
        field = writer.locator(".cm-content")
        field.click()
        writer.keyboard.press("ControlOrMeta+a")
        writer.keyboard.insert_text(text)
        return field

    return opened


def text_of(writer: Any) -> str:
    """What would be sent: the plain field behind it."""
    return str(writer.locator("#text").input_value())


def faults(writer: Any) -> list[str]:
    """What went wrong. Chromium itself tries to keep a look where lines of an editable text are joined; we forbid it."""
    return [fault for fault in writer.faults if not fault.startswith("Applying inline style")]


def choose_words(writer: Any, words: str) -> None:
    """Choose words in the text with the keys, from its beginning."""
    before = text_of(writer).index(words)
    writer.locator(".cm-content").press("ControlOrMeta+Home")
    for _ in range(before):
        writer.keyboard.press("ArrowRight")
    for _ in words:
        writer.keyboard.press("Shift+ArrowRight")


def test_the_window_paints_without_it_and_what_was_typed_meanwhile_is_in_it(
    writer: Any, editor: Editor, script: Path, folder: Folder
) -> None:
    editor.field = lambda: script
    routes: list[Any] = []

    def hold(route: Any) -> None:
        routes.append(route)

    writer.route("**/field/*", hold)
    writer.goto(f"{writer.url}pages/en/index.md", wait_until="commit")
    text = writer.locator("#text")
    text.fill("# index\n\nTyped before it came.")
    writer.frame_locator("#preview").get_by_text("Typed before it came.").wait_for()
    text.evaluate("box => box.setSelectionRange(9, 14)")
    assert writer.locator(".cm-content").count() == 0
    routes[0].continue_()
    writer.locator(".cm-content").wait_for()
    assert writer.locator("#text").is_hidden()
    writer.keyboard.insert_text("Written")
    assert text_of(writer) == "# index\n\nWritten before it came.", "the cursor is where it was"
    writer.get_by_role("button", name="Save").click()
    writer.get_by_text("Saved.").wait_for()
    assert "Written before it came." in (folder.root / "content" / "en" / "index.md").read_text("utf-8")
    assert faults(writer) == []


def test_where_it_cannot_be_loaded_the_plain_field_stays(writer: Any, editor: Editor, script: Path) -> None:
    editor.field = lambda: script
    writer.route("**/field/*", lambda route: route.abort())
    with writer.expect_request_finished(lambda request: "/look/" in request.url):
        writer.goto(f"{writer.url}pages/en/index.md")
    writer.locator("#text").fill("# index\n\nWages")
    writer.locator("#text").evaluate("box => box.setSelectionRange(9, 14)")
    writer.get_by_role("button", name="Strong").click()
    assert text_of(writer) == "# index\n\n**Wages**"
    writer.get_by_role("button", name="Undo").click()
    assert text_of(writer) == "# index\n\nWages"


def test_check_speaks_at_its_line(at_text: Callable[[str], Any], writer: Any) -> None:
    """For eyes: a sign beside the line. For keys: F8. For ears: the sentence in a live region. For fingers: a button."""
    field = at_text("# index\n\nA word.\n\n[A page](nowhere.md)\n")
    writer.locator(".cm-lint-marker-error").first.wait_for()
    assert writer.locator(".field-says").is_hidden()
    field.press("ControlOrMeta+Home")
    field.press("F8")
    says = writer.get_by_role("status").filter(has_text="Line 5:")
    says.wait_for()
    assert "nowhere.md" in says.inner_text()
    field.press("ControlOrMeta+Home")
    says.wait_for(state="hidden")
    writer.locator("#problems").get_by_role("button", name="Line 5").click()
    says.wait_for()
    writer.keyboard.press("ControlOrMeta+a")
    writer.keyboard.insert_text("# index\n\nAll is well.\n")
    writer.locator(".cm-lint-marker-error").first.wait_for(state="detached")
    assert faults(writer) == []


@pytest.mark.parametrize(
    ("words", "button", "expected"),
    [
        ("Wages", "Strong", "# index\n\n**Wages** are due.\n\nToday."),
        ("Wages", "Heading", "# index\n\n## Wages are due.\n\nToday."),
        ("Wages are due.\n\nToday.", "List", "# index\n\n- Wages are due.\n\n- Today."),
        ("Wages", "Note", '# index\n\n!!! note "Title"\n    Wages are due.\n\nToday.'),
        ("Wages", "Speech bubble", '# index\n\nName\n:   "Wages are due."\n\nToday.'),
    ],
)
def test_a_button_changes_what_is_chosen_in_one_step(
    at_text: Callable[[str], Any], writer: Any, words: str, button: str, expected: str
) -> None:
    text = "# index\n\nWages are due.\n\nToday."
    at_text(text)
    choose_words(writer, words)
    writer.get_by_role("button", name=button, exact=True).click()
    assert text_of(writer) == expected
    writer.get_by_role("button", name="Undo").click()
    assert text_of(writer) == text
    writer.get_by_role("button", name="Redo").click()
    assert text_of(writer) == expected
    if button in {"Strong", "Heading", "List"}:
        writer.get_by_role("button", name=button, exact=True).click()
        assert text_of(writer) == text, "a second press takes it away"
    assert faults(writer) == []


def test_lists_put_in_links_buttons_numbers_and_blocks(at_text: Callable[[str], Any], writer: Any) -> None:
    at_text("# index\n\nHelp")
    choose_words(writer, "Help")
    page = writer.locator("[data-link] option").nth(1).get_attribute("value")
    writer.locator("[data-link]").select_option(page)
    assert text_of(writer) == f"# index\n\n[Help]({page})"
    writer.get_by_role("button", name="Undo").click()
    choose_words(writer, "Help")
    writer.locator("[data-button]").select_option(page)
    assert text_of(writer) == f"# index\n\n[Help]({page}){{ .button }}"
    writer.locator("[data-block]").select_option("helplines")
    writer.locator("[data-number]").select_option("112")
    assert text_of(writer) == f"# index\n\n[Help]({page}){{ .button }}\n\n[[ helplines ]]\n\n[[ number: 112 ]]"
    assert writer.locator(".mark-block").count() == 3, "they are seen for what they are"
    assert faults(writer) == []


@pytest.mark.parametrize("language", TYPED)
def test_a_phones_keyboard_puts_words_together_while_check_speaks(
    at_text: Callable[[str], Any], writer: Any, language: str
) -> None:
    """The line is marked as wrong just then: a sign drawn into it must not end the word or double its letters."""
    at_text("# index\n\n[A page](nowhere.md) ")
    writer.locator(".cm-lint-marker-error").first.wait_for()
    steps, word = TYPED[language]
    keyboard = writer.context.new_cdp_session(writer)
    for number, step in enumerate(steps):
        keyboard.send("Input.imeSetComposition", {"text": step, "selectionStart": len(step), "selectionEnd": len(step)})
        if number == 1:  # the pause after which check is asked, in the midst of a word
            with writer.expect_response("**/look/**") as look:
                pass
            look.value.finished()
            assert text_of(writer).endswith(step)
    keyboard.send("Input.insertText", {"text": word})
    writer.keyboard.insert_text(" .")
    assert text_of(writer) == f"# index\n\n[A page](nowhere.md) {word} ."
    writer.get_by_role("button", name="Undo").click()
    assert word not in text_of(writer) or not text_of(writer).endswith(".")
    assert faults(writer) == []


def test_what_is_pasted_from_word_becomes_markdown_here_too(at_text: Callable[[str], Any], writer: Any) -> None:
    at_text("# index\n\n")
    paste = PASTE.replace('document.getElementById("text")', 'document.querySelector(".cm-content")')
    assert writer.evaluate(paste, ["<h1>Wages</h1><p>Each <b>month</b></p>", "plain"])
    writer.locator(".cm-content").get_by_text("Wages").wait_for()
    assert text_of(writer) == "# index\n\n## Wages\n\nEach **month**"
    assert faults(writer) == []


def test_nobody_stumbles_over_it_on_a_phone(at_text: Callable[[str], Any], writer: Any) -> None:
    at_text("# index\n\n[A page](nowhere.md) " + "பக்கம் " * 40 + "\n" * 60)
    writer.locator(".cm-lint-marker-error").first.wait_for()
    assert_accessible(writer)
    assert_fits(writer)
    writer.locator(".cm-content").focus()
    writer.keyboard.press("Tab")
    assert not writer.evaluate("document.activeElement.closest('.cm-editor')"), "Tab leads on: nobody is held in it"
