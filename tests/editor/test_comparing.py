"""How a change is shown: a table by its rows, a text with its context, a page before and after."""

import re

import pytest
from editor.differences import Piece, shortened
from editor.editor import Editor

from tests.editor.conftest import Browser, browser, editor, folder, kept_tables, seal_cache
from tests.sitegen.conftest import ROWS, Folder

__all__ = ["browser", "editor", "folder", "kept_tables", "seal_cache"]
HELP = "/tables/helplines/row"
LONG = "\n".join(f"Line {number}." for number in range(40))


def newest(browser: Browser) -> str:
    """Return the page of the newest save."""
    match = re.search(r'href="[^"]*(/history/\w{40})"', browser.get("/history/"))
    assert match
    return browser.get(match[1])


def test_a_change_of_a_table_is_shown_by_its_cells_in_the_words_of_its_columns(
    browser: Browser, folder: Folder
) -> None:
    folder.table("helplines", *ROWS["helplines"], {**ROWS["helplines"][0], "id": "other", "for_en": "Another row"})
    base, cells = browser.base(f"{HELP}?key=112"), ROWS["helplines"][0]
    browser.post(HELP, base=base, key="112", **{**cells, "for_en": "Call at once"})
    history_page = newest(browser)
    assert "<dt>What it is for (English)</dt>" in history_page
    assert "<ins>Call at once</ins>" in history_page
    assert "id,order" not in history_page
    assert "Another row" not in history_page, "rows that did not change are not there"
    browser.post("/language", language="ta")
    page = browser.get("/publish/change/tables/helplines.csv")
    assert "<ins>Call at once</ins>" in page
    assert "What it is for" not in page


def test_a_table_that_cannot_be_read_as_rows_is_shown_as_text(browser: Browser, folder: Folder) -> None:
    folder.csv("helplines").write_text("id,id\n\x01", encoding="utf-8")
    browser.get("/publish/")
    page = browser.get("/publish/change/tables/helplines.csv")
    assert '<div class="difference">' in page


def test_a_long_text_is_shown_around_its_change(browser: Browser, folder: Folder) -> None:
    folder.page("rights", LONG)
    browser.get("/history/")
    form = browser.form("/pages/en/rights.md")
    browser.post("/pages/en/rights.md", **{**form, "text": form["text"].replace("Line 20.", "Line twenty.")})
    page = newest(browser)
    assert "twenty." in page
    assert "Line 19." in page
    assert "Line 2.\n" not in page
    assert page.count('<span class="left">') == 2


@pytest.mark.parametrize("edited", ["first\n" + LONG, LONG + "\nlast", LONG.replace("20", "x"), LONG])
def test_shortened_keeps_every_change_and_three_lines_beside_it(edited: str) -> None:
    from editor.differences import pieces  # noqa: PLC0415

    runs = pieces(LONG, edited)
    short = list(shortened(runs))
    assert [one for one in short if one.kind in {"gone", "new"}] == [one for one in runs if one.kind in {"gone", "new"}]
    assert sum(len(one.text.splitlines()) for one in short if one.kind == "same") <= 6 * 2
    assert Piece("left", "") in short


def test_publish_leads_to_what_would_change_and_shows_the_page_before_and_after(
    browser: Browser, folder: Folder, editor: Editor
) -> None:
    folder.page("help", "One.")
    browser.post("/who", name="M. Devi")
    form = browser.form("/pages/en/help.md")
    browser.post("/publish/")
    editor.publisher.wait()
    browser.post("/pages/en/help.md", **{**form, "text": form["text"] + "\nA new line.\n"})
    assert '/publish/change/en/help.md">' in browser.get("/publish/")
    page = browser.get("/publish/change/en/help.md")
    assert "new line." in page
    frames = re.findall(r'<iframe [^>]*src="[^"]*(/publish/seen/\w+/en/help\.md)"', page)
    assert [one.split("/")[3] for one in frames] == ["before", "after"]
    assert ["A new line." in browser.get(one) for one in frames] == [False, True]
    for path in ("/publish/change/en/nothing.md", "/publish/seen/after/en/about.md", "/publish/change/portal.yml"):
        assert browser.client.get(path).status_code in {400, 404}, path
