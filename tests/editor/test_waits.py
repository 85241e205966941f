"""What has not changed is neither read nor checked again, so that nobody waits for it."""

import re
from html import unescape

import pytest
from editor.differences import pieces
from editor.editor import Editor
from sitegen import build
from sitegen.content.spreadsheets import table_reader
from sitegen.content.spreadsheets.csv_files import CsvFile
from sitegen.layers import typed_rows

from tests.editor.conftest import OURS, Browser
from tests.sitegen.conftest import Folder


def test_after_a_save_a_page_is_shown_without_reading_all_pages_again(
    browser: Browser, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was saved is checked beside all else, which is read anew only where it has changed."""
    browser.get("/pages/en/index.md")
    read_calls: list[object] = []
    real = build.read
    monkeypatch.setattr(build, "read", lambda *args, **more: read_calls.append(args) or real(*args, **more))
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": "# index\n\n[Gone](nowhere.md)"})
    assert "nowhere.md" in browser.get("/pages/en/index.md?saved=yes")
    assert not read_calls
    (editor.content / "en" / "nowhere.md").write_text("---\ntitle: There\n---\n\n# There\n\nWords.\n", "utf-8")
    assert "leads nowhere" not in browser.get("/pages/en/index.md")
    assert len(read_calls) == 1, "another file has changed"


def test_all_of_content_is_looked_through_where_somebody_asks_what_is_wrong(browser: Browser) -> None:
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": "# index\n\n[Gone](nowhere.md)"})
    assert "nowhere.md" in browser.get("/publish/")


def test_the_first_page_after_a_save_looks_through_nothing_where_a_script_asks_for_the_rest(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[object] = []
    real = build.check
    monkeypatch.setattr(build, "check", lambda *args, **more: checked.append(args) or real(*args, **more))
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": "# index\n\n[Gone](nowhere.md)"})
    browser.client.set_cookie("script", "yes", path=browser.root)
    page = browser.get("/")
    assert not checked
    assert "nowhere.md" not in page
    assert "Nothing waits." not in page.replace('data-none="Nothing waits."', "")
    later = browser.get("/wrong")
    assert len(checked) == 1
    first_page = browser.get("/")
    assert "data-later" not in first_page, "it is known now"
    assert later.strip() in first_page, "put in, it is the same as at once"
    assert len(checked) == 1


@pytest.mark.parametrize("path", ["/", "/?all=yes"])
def test_the_first_page_without_a_script_says_at_once_what_is_wrong(browser: Browser, path: str) -> None:
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": "# index\n\n[Gone](nowhere.md)"})
    if path != "/":
        browser.client.set_cookie("script", "yes", path=browser.root)
        assert f'href="{browser.root}{path}"' in browser.get("/"), "for a script that does not run any more"
    assert "nowhere.md" in browser.get(path)


def test_a_table_that_did_not_change_is_not_checked_again(editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save of one row checks its table and those that look into it, before the save and after it."""
    where = editor.content / "tables", editor.root / "site" / "schemas"
    table_reader.read_tables(*where)
    checked: list[str] = []
    real = typed_rows.check_tables
    monkeypatch.setattr(
        typed_rows, "check_tables", lambda sheets, schemas, names: checked.extend(names) or real(sheets, schemas, names)
    )
    table_reader.read_tables(*where)
    assert checked == []
    path = editor.content / "tables" / "helplines.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\n") + b"\n")
    before = table_reader.read_tables(*where)
    path.write_text(path.read_text("utf-8").replace("Danger", "Dangers"), "utf-8")
    after = table_reader.read_tables(*where)
    assert "helplines" in checked
    assert len(checked) < len([rows for rows in after.values() if rows])
    assert before["helplines"] != after["helplines"]


def test_rows_that_are_remembered_are_not_those_that_somebody_changed(editor: Editor) -> None:
    where = editor.content / "tables", editor.root / "site" / "schemas"
    table_reader.read_tables(*where)["helplines"][0]["id"] = "changed"
    assert table_reader.read_tables(*where)["helplines"][0]["id"] != "changed"


def test_what_is_drawn_beside_a_text_after_a_save_does_not_read_all_pages_again(
    browser: Browser, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": "# index\n\nSaved."})
    read_calls: list[object] = []
    real = build.read
    monkeypatch.setattr(build, "read", lambda *args, **more: read_calls.append(args) or real(*args, **more))
    reply = browser.post("/look/en/index.md", 200, **{**form, "text": "# index\n\nTyped after it."}).json
    assert "Typed after it." in browser.get(f"/seen/{reply['page']}")
    assert not read_calls


def test_a_script_is_told_that_a_save_is_done_and_what_the_next_one_is_made_from(browser: Browser) -> None:
    """It stays on its page then. Where others' edits were joined in, the page that has them is what it gets."""
    form = browser.form("/pages/en/index.md")
    fields = {"form_token": browser.token, **form, "text": "# index\n\nFirst.\n\nLast."}
    script = {**OURS, "Accept": "application/json"}
    response = browser.client.post("/pages/en/index.md", data=fields, headers=script)
    assert response.json == {"base": browser.base("/pages/en/index.md")}
    again = browser.client.post(
        "/pages/en/index.md", data={**fields, **response.json, "text": "# index\n\nNew.\n\nLast."}, headers=script
    )
    assert again.json != response.json
    joined = browser.client.post(
        "/pages/en/index.md", data={**fields, **response.json, "text": "# index\n\nFirst.\n\nLater."}, headers=script
    )
    assert joined.status_code == 303
    assert joined.location.endswith("saved=merged")
    both = browser.client.post(
        "/pages/en/index.md", data={**fields, **response.json, "text": "# index\n\nElse.\n\nLast."}, headers=script
    )
    assert (both.status_code, both.mimetype) == (409, "text/html")


def test_an_edit_of_one_word_of_a_long_text_is_compared_at_once() -> None:
    words = [f"word{number}" for number in range(9_000)]
    before, after = " ".join(words), " ".join([*words[:4000], "other", *words[4001:]])
    runs = pieces(before, after)
    assert [(piece.kind, piece.text) for piece in runs if piece.kind != "same"] == [
        ("gone", "word4000"),
        ("new", "other"),
    ]
    assert "".join(piece.text for piece in runs if piece.kind != "new") == before
    assert "".join(piece.text for piece in runs if piece.kind != "gone") == after


def test_a_cell_by_which_a_row_is_known_leads_to_its_field(browser: Browser) -> None:
    assert "row?key=112#f-" in browser.get("/tables/helplines/")
    anchor = re.search(r'row\?key=112#(f-\w+)"', browser.get("/tables/helplines/"))
    assert anchor
    assert f'id="{anchor[1]}"' in browser.get("/tables/helplines/row?key=112")


def test_a_page_that_waits_in_a_language_is_one_press_away(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.\n\nTwo.")
    path = "/translate/ta/rights.md"
    browser.post(path, title="உரிமை", description="", paragraph=["# உரிமை", "ஒன்று.", "இரண்டு."], base="", whole="yes")
    assert f'{path}"' in browser.get("/"), "for a native reader"
    browser.post("/pages/en/rights.md", **{**browser.form("/pages/en/rights.md"), "text": "# rights\n\nOne.\n\nOther."})
    assert f'{path}"' in browser.get("/"), "since its English was edited"


def test_a_page_that_cannot_be_drawn_says_what_check_says_of_it(browser: Browser) -> None:
    form = browser.form("/pages/en/index.md")
    reply = browser.post("/look/en/index.md", 200, **{**form, "text": "# index\n\n[A](https://[address)"}).json
    problem = reply["problems"][0]
    assert "is no whole address" in problem["what"]
    assert problem["what"] in browser.get(f"/seen/{reply['page']}")
    assert "fault" not in browser.get(f"/seen/{reply['page']}")


def test_a_campaigns_page_leads_to_its_row_with_what_is_known_of_it(browser: Browser) -> None:
    browser.post("/pages/new", title="Wages in time", name="campaigns/wages")
    match = re.search(r'href="[^"]*(/tables/campaigns/row\?[^"]*)"', browser.get("/pages/en/campaigns/wages.md"))
    assert match
    row = browser.get(unescape(match[1]))
    for cell in ("campaigns/wages", "Wages in time", "wages"):
        assert f'value="{cell}"' in row
    assert "/tables/campaigns/row?" not in browser.get("/pages/en/index.md")


def test_a_table_that_is_read_again_and_again_stays_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest table left the cache even when it was in use, so that one more check followed now and then."""
    checked: list[str] = []
    real = typed_rows.check_tables
    monkeypatch.setattr(
        typed_rows, "check_tables", lambda sheets, schemas, names: checked.extend(names) or real(sheets, schemas, names)
    )
    schema = {"fields": [{"name": "id", "type": "string"}]}
    in_use = {"in-use": CsvFile("", ["id"], [["1"]], [2])}
    for number in range(100):
        typed_rows.read(in_use, {"in-use": schema})
        typed_rows.read({"other": CsvFile("", ["id"], [[str(number)]], [2])}, {"other": schema})
    assert checked.count("in-use") == 1
    assert checked.count("other") == 100
