"""What a person does not wait for: what has not changed is neither read nor checked again."""

import pytest
from editor.editor import Editor
from sitegen import build
from sitegen.content import tables
from sitegen.layers import typed_rows

from tests.editor.conftest import Browser


def test_after_a_save_a_page_is_shown_without_reading_all_pages_again(
    browser: Browser, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was saved is checked beside all else, which is read anew only where it has changed."""
    browser.get("/pages/en/index.md")
    read: list[object] = []
    real = build.read
    monkeypatch.setattr(build, "read", lambda *args, **more: read.append(args) or real(*args, **more))
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": "# index\n\n[Gone](nowhere.md)"})
    assert "nowhere.md" in browser.get("/pages/en/index.md?saved=yes")
    assert not read
    (editor.content / "en" / "nowhere.md").write_text("---\ntitle: There\n---\n\n# There\n\nWords.\n", "utf-8")
    assert "leads nowhere" not in browser.get("/pages/en/index.md")
    assert len(read) == 1, "another file has changed"


def test_all_of_content_is_looked_through_where_somebody_asks_what_is_wrong(browser: Browser) -> None:
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": "# index\n\n[Gone](nowhere.md)"})
    assert "nowhere.md" in browser.get("/publish/")


def test_a_table_that_did_not_change_is_not_checked_again(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save of one row checks its table and those that look into it, before the save and after it."""
    where = editor.content / "tables", editor.root / "site" / "schemas"
    tables.read(*where)
    checked: list[str] = []
    real = typed_rows.checked
    monkeypatch.setattr(
        typed_rows, "checked", lambda sheets, schemas, names: checked.extend(names) or real(sheets, schemas, names)
    )
    tables.read(*where)
    assert checked == []
    path = editor.content / "tables" / "helplines.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\n") + b"\n")
    before = tables.read(*where)
    path.write_text(path.read_text("utf-8").replace("Danger", "Dangers"), "utf-8")
    after = tables.read(*where)
    assert "helplines" in checked
    assert len(checked) < len([rows for rows in after.values() if rows])
    assert before["helplines"] != after["helplines"]


def test_rows_that_are_remembered_are_not_those_that_somebody_changed(editor: Editor) -> None:
    where = editor.content / "tables", editor.root / "site" / "schemas"
    tables.read(*where)["helplines"][0]["id"] = "changed"
    assert tables.read(*where)["helplines"][0]["id"] != "changed"
