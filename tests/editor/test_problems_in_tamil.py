"""What is wrong is said to whoever writes in her own language: on the first page, and beside what she writes."""

from editor.editor import Editor

from tests.editor.conftest import Browser
from tests.sitegen.conftest import ROWS, Folder

LINK = "nowhere.md-க்குச் செல்கிறது"
"""Of the sentence about a link that leads nowhere."""


def test_the_first_page_says_what_is_wrong_in_the_readers_language(browser: Browser, editor: Editor) -> None:
    (editor.content / "en" / "wrong.md").write_text(
        "---\ntitle: Wrong\n---\n\n# Wrong\n\n[Gone](nowhere.md)\n", "utf-8"
    )
    assert "content/en/wrong.md, line 7: the link goes to nowhere.md" in browser.get("/?all=yes")
    browser.post("/language", language="ta")
    page = browser.get("/?all=yes")
    assert f"content/en/wrong.md, வரி 7: இணைப்பு {LINK}" in page
    assert "the link goes to" not in page
    assert LINK in browser.get("/publish/")


def test_what_is_wrong_is_said_beside_the_text_with_its_line(browser: Browser) -> None:
    browser.post("/language", language="ta")
    form = browser.form("/pages/en/index.md")
    fields = {**form, "text": "# index\n\n[Gone](nowhere.md)"}
    (problem,) = browser.post("/look/en/index.md", 200, **fields).get_json()["problems"]
    assert LINK in problem["what"]
    assert "வரி" in problem["where"]
    assert problem["line"] == 3


def test_what_a_cell_holds_is_never_translated(browser: Browser, folder: Folder) -> None:
    """The words of a program that equal a word of the interface, like moved, stay: nothing else may be written."""
    folder.table("events", {**ROWS["events"][0], "repeats": "weekly", "repeats_until": "2027-03-01", "state": "moved"})
    browser.post("/language", language="ta")
    assert "மீண்டும் நடக்கும் வரிசை moved ஆக இருக்க முடியாது." in browser.get("/?all=yes")
