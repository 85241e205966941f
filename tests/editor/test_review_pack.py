"""A native reader without an account: what she is given, and what of hers is taken back."""

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from editor.editor import Editor
from editor.reviewing import review_pack
from editor.saving import store

from forms.core.files.spreadsheet_csv import unescape_formula
from forms.core.problem import Problem
from tests.editor.conftest import Browser
from tests.sitegen.conftest import Folder

TABLE, PACK = "/review/ta/table", "/review/ta/"
Change = Callable[[dict[str, str]], dict[str, str]]


@pytest.fixture(autouse=True)
def rights(folder: Folder) -> None:
    folder.row("helplines", for_ta="ஆபத்து")
    folder.page("rights", "One [[ number: 112 ]].\n\n- Two\n- Three\n\nFour.")
    folder.page("rights", "ஒன்று [[ number: 112 ]].\n\n- இரண்டு\n- மூன்று\n\nநான்கு.", "ta", reviewed_by="nobody")


def pack(browser: Browser) -> list[dict[str, str]]:
    """Return the rows of the table, as a spreadsheet reads them."""
    return list(csv.DictReader(io.StringIO(browser.client.get(TABLE).data.decode("utf-8-sig"), newline="")))


def upload(browser: Browser, lines: list[dict[str, Any]], encoding: str = "utf-8-sig", **fields: Any) -> str:
    """Upload a table; return the page that shows what it would change."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, review_pack.COLUMNS)
    writer.writeheader()
    writer.writerows(lines)
    file = (io.BytesIO(out.getvalue().encode(encoding)), "review-ta.csv")
    return browser.post(PACK, 200, **{"reader": "K. Selvi", "file": file, **fields}).text


def take_ticked(browser: Browser, page: str, status: int = 200, without: str = "") -> str:
    """Take the ticked corrections; return the page that follows. without: a number to untick."""
    match = re.search(r'<textarea name="pack"[^>]*>\n?(.*?)</textarea>', page, re.S)
    assert match
    take = [number for number in re.findall(r'name="take" value="(\d+)"', page) if number != without]
    return browser.post(f"{PACK}take", status, reader="K. Selvi", pack=unescape(match[1]), take=take).text


def upload_and_take(browser: Browser, lines: list[dict[str, Any]], **fields: Any) -> str:
    """Upload a table and take all its corrections; return both pages."""
    page = upload(browser, lines, **fields)
    return page + (take_ticked(browser, page) if "Take what is ticked" in page else "")


def of(lines: list[dict[str, str]], words: str) -> dict[str, str]:
    [line] = [line for line in lines if line["file"] == "ta/rights.md" and words in line["translation"]]
    return line


def text(folder: Folder) -> str:
    return (folder.root / "content" / "ta" / "rights.md").read_text(encoding="utf-8")


def test_the_table_has_every_text_beside_its_english(browser: Browser) -> None:
    lines = [line for line in pack(browser) if line["file"] == "ta/rights.md"]
    assert [(line["place"], unescape_formula(line["english"])) for line in lines] == [
        ("title", "rights"), ("paragraph 1", "# rights"), ("paragraph 2", "One [[ number: 112 ]]."),
        ("paragraph 3", "- Two\n- Three"), ("paragraph 4", "Four."),
    ]  # fmt: skip
    assert unescape_formula(lines[3]["translation"]) == "- இரண்டு\n- மூன்று"
    helplines = [line for line in pack(browser) if line["file"] == "tables/helplines.csv"]
    assert helplines
    assert all(line["place"].split(" of ")[0].endswith("_ta") for line in helplines)


def test_the_paper_has_the_lines_of_the_table_under_the_same_numbers(browser: Browser) -> None:
    answer = browser.client.get("/review/ta/paper")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="review-ta.html"'
    html = answer.data.decode()
    numbers = re.findall(r"<b>(\d+)</b>", html)
    assert numbers == [str(number) for number in range(2, len(pack(browser)) + 2)]
    assert 'lang="ta"' in html
    assert "<script" not in html
    assert "http://" not in html.replace("http-equiv", "")


def test_nothing_in_a_text_becomes_markup_of_the_paper(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One <b onclick=x>two</b> & three.")
    assert "&lt;b onclick=x&gt;" in browser.client.get("/review/ta/paper").data.decode()


def test_a_correction_takes_the_place_of_the_text_and_is_in_the_history(
    browser: Browser, folder: Folder, editor: Editor
) -> None:
    lines = pack(browser)
    of(lines, "இரண்டு")["better"] = "- இரண்டு, நன்றாக\n- மூன்று"
    page = upload_and_take(browser, lines)
    assert "1 page or table was corrected" in page
    assert "- இரண்டு, நன்றாக\n- மூன்று\n\nநான்கு." in text(folder)
    newest = next(editor.store.history.revisions(1))
    assert (newest.who, newest.what) == ("M. Devi", "Corrections by a reader: ta")
    assert "reviewed_by: nobody" in text(folder), "she did not say that she read it in full"
    assert folder.problems() == []


def test_nothing_is_taken_before_it_was_shown_word_by_word(browser: Browser, folder: Folder) -> None:
    lines, before = pack(browser), text(folder)
    of(lines, "நான்கு")["better"] = "நான்கு <i>நன்றாக</i>."
    of(lines, "இரண்டு")["better"] = "- இரண்டு, நன்றாக\n- மூன்று"
    page = upload(browser, lines)
    assert text(folder) == before
    assert "<del>இரண்டு</del><ins>இரண்டு, நன்றாக</ins>" in page
    assert "<i>" not in page
    assert "- Two" in page, "with its English"


def test_what_is_not_ticked_stays(browser: Browser, folder: Folder) -> None:
    lines = pack(browser)
    of(lines, "நான்கு")["better"] = "நான்கு, வேண்டாம்."
    of(lines, "நான்கு")["read in full"] = "x"
    of(lines, "இரண்டு")["better"] = "- இரண்டு, நன்றாக\n- மூன்று"
    page = upload(browser, lines)
    [unwanted] = re.findall(r'value="(\d+)" checked> <span lang="en">ta/rights.md, paragraph 4', page)
    result = take_ticked(browser, page, without=unwanted)
    assert "நன்றாக" in text(folder)
    assert "வேண்டாம்" not in text(folder)
    assert "not all of hers was taken" in result
    assert "reviewed_by: nobody" in text(folder), "what she would read is not what stands there"


def test_one_that_breaks_a_page_is_named_and_the_others_can_be_taken(browser: Browser, folder: Folder) -> None:
    lines = pack(browser)
    of(lines, "ஒன்று")["better"] = "ஒன்று 112க்கு. <script>alert(1)</script>"
    of(lines, "நான்கு")["better"] = "நான்கு, நன்றாக."
    page = upload_and_take(browser, lines)
    assert "after the corrections" in page
    assert "நான்கு, நன்றாக." in text(folder)
    assert "<script>" not in text(folder)


@pytest.mark.parametrize("table", [True, False])
def test_where_one_was_edited_after_it_was_shown_nothing_is_taken(
    browser: Browser, folder: Folder, table: bool
) -> None:
    """Before, those that came first were saved, and the rest was not."""
    lines = pack(browser)
    of(lines, "இரண்டு")["better"] = "- இரண்டு, நன்றாக\n- மூன்று"
    line = next(line for line in lines if line["file"] == "tables/helplines.csv")
    line["better"] = "சிறந்த சொல்"
    page = upload(browser, lines)
    if table:
        folder.row("helplines", for_ta="மற்றவர் சொல்")
    else:
        folder.page("rights", "ஒன்று [[ number: 112 ]].\n\n- வேறு\n- மூன்று\n\nநான்கு.", "ta", reviewed_by="nobody")
    before = (text(folder), folder.csv("helplines").read_bytes())
    assert "Nothing was taken." in take_ticked(browser, page, 409)
    assert (text(folder), folder.csv("helplines").read_bytes()) == before


def test_where_the_disk_is_full_midway_all_files_are_as_they_were(
    browser: Browser, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = pack(browser)
    of(lines, "இரண்டு")["better"] = "- இரண்டு, நன்றாக\n- மூன்று"
    next(line for line in lines if line["file"] == "tables/helplines.csv")["better"] = "சிறந்த சொல்"
    page = upload(browser, lines)
    before = (text(folder), folder.csv("helplines").read_bytes())
    written_paths, write = [], store.write_durably

    def full(path: Path, data: bytes) -> None:
        written_paths.append(path.name)
        if len(written_paths) == 2:
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(store, "write_durably", full)
    assert "No space left" in take_ticked(browser, page, 409)
    assert written_paths[:2] == ["rights.md", "helplines.csv"]
    assert (text(folder), folder.csv("helplines").read_bytes()) == before


def test_all_corrections_are_one_save(browser: Browser, folder: Folder, editor: Editor) -> None:
    lines = pack(browser)
    of(lines, "இரண்டு")["better"] = "- இரண்டு, நன்றாக\n- மூன்று"
    next(line for line in lines if line["file"] == "tables/helplines.csv")["better"] = "சிறந்த சொல்"
    upload_and_take(browser, lines)
    newest = next(editor.store.history.revisions(1))
    assert {one.path for one in editor.store.history.changes(newest.id)} == {"ta/rights.md", "tables/helplines.csv"}


def test_a_page_that_was_read_in_full_is_signed_with_the_readers_name(browser: Browser, folder: Folder) -> None:
    lines = pack(browser)
    of(lines, "நான்கு")["better"] = "நான்கு, நன்றாக."
    of(lines, "நான்கு")["read in full"] = "X"
    assert "1 page has the reader" in upload_and_take(browser, lines)
    assert 'reviewed_by: "K. Selvi"' in text(folder)
    assert "நான்கு, நன்றாக." in text(folder)
    assert "K. Selvi 2027-01-01" in browser.get("/translate/ta/")
    assert folder.problems() == []


@pytest.mark.parametrize("edited", ["en", "ta"])
def test_no_name_stands_under_what_the_reader_did_not_read(browser: Browser, folder: Folder, edited: str) -> None:
    lines = pack(browser)
    of(lines, "நான்கு")["read in full"] = "yes"
    if edited == "en":
        folder.page("rights", "One [[ number: 112 ]].\n\n- Two\n- Three\n\nFour, edited.")
    else:
        folder.page("rights", "ஒன்று [[ number: 112 ]].\n\n- வேறு\n- மூன்று\n\nநான்கு.", "ta", reviewed_by="nobody")
    assert "edited while the reader had it" in upload_and_take(browser, lines)
    assert "reviewed_by: nobody" in text(folder)


def test_what_was_edited_meanwhile_stays_and_the_reader_s_words_are_shown(browser: Browser, folder: Folder) -> None:
    lines = pack(browser)
    of(lines, "நான்கு")["better"] = "நான்கு, அவளுடையது."
    of(lines, "இரண்டு")["better"] = "- இரண்டு, நன்றாக\n- மூன்று"
    folder.page("rights", "ஒன்று [[ number: 112 ]].\n\n- இரண்டு\n- மூன்று\n\nநான்கு, மற்றவர்.", "ta", reviewed_by="nobody")
    page = upload_and_take(browser, lines)
    assert "நான்கு, அவளுடையது." in page
    assert "another now than the reader had before her" in page
    assert "நான்கு, மற்றவர்." in text(folder)
    assert "- இரண்டு, நன்றாக" in text(folder), "what is still the same is taken"


def test_a_paragraph_is_found_where_it_went(browser: Browser, folder: Folder) -> None:
    lines = pack(browser)
    of(lines, "நான்கு")["better"] = "நான்கு, நன்றாக."
    folder.page(
        "rights", "புதியது.\n\nஒன்று [[ number: 112 ]].\n\n- இரண்டு\n- மூன்று\n\nநான்கு.", "ta", reviewed_by="nobody"
    )
    upload_and_take(browser, lines)
    assert "நான்கு, நன்றாக." in text(folder)
    assert "புதியது." in text(folder)


def test_corrections_that_would_break_a_page_are_not_taken(browser: Browser, folder: Folder) -> None:
    lines = pack(browser)
    of(lines, "ஒன்று")["better"] = "ஒன்று 112க்கு. <script>alert(1)</script>"
    before = text(folder)
    assert "after the corrections" in upload_and_take(browser, lines)
    assert text(folder) == before
    browser.post("/language", language="ta")
    page = upload_and_take(browser, lines)
    assert "திருத்தங்களுக்குப் பிறகு: " in page
    assert "after the corrections" not in page


def test_spaces_that_a_spreadsheet_changed_are_no_edit(browser: Browser, folder: Folder) -> None:
    lines = pack(browser)
    for line in lines:
        line["translation"] = line["translation"].replace("\n", "\r\n") + " "
    of(lines, "நான்கு")["better"] = "நான்கு, நன்றாக."
    upload_and_take(browser, lines)
    assert "நான்கு, நன்றாக." in text(folder)


def test_a_cell_of_a_table_is_corrected(browser: Browser, folder: Folder) -> None:
    lines = pack(browser)
    line = next(line for line in lines if line["file"] == "tables/helplines.csv")
    line["better"] = "சிறந்த சொல்"
    column, _, key = line["place"].partition(" of ")
    upload_and_take(browser, lines)
    [row] = [row for row in folder.rows("helplines") if row["id"] == key]
    assert row[column] == "சிறந்த சொல்"


def test_what_would_be_a_formula_goes_out_guarded_and_comes_back_as_it_was(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "=HYPERLINK(1)", "ta", reviewed_by="nobody")
    raw = browser.client.get(TABLE).data.decode("utf-8-sig")
    assert "'=HYPERLINK(1)" in raw
    lines = pack(browser)
    of(lines, "HYPERLINK")["better"] = "நல்லது."
    upload_and_take(browser, lines)
    assert "நல்லது." in text(folder)


HOSTILE = [
    {"file": "../portal.yml", "place": "paragraph 1"},
    {"file": "ta/../../../etc/passwd", "place": "title"},
    {"file": "en/rights.md", "place": "title"},
    {"file": "tables/consents.csv", "place": "withdrawn_on of a"},
    {"file": "tables/../portal.csv", "place": "x_ta of y"},
    {"file": "tables/nothing.csv", "place": "x_ta of y"},
    {"file": "ta/rights.md", "place": "paragraph ²"},
    {"file": "ta/rights.md", "place": "paragraph 99999999999999999999"},
    {"file": "ta/rights.md", "place": "reviewed_by"},
    {"file": "", "place": ""},
    {"file": "ta/nothing.md", "place": "title"},
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda line: f"{line['file']} {line['place']}")
def test_a_hostile_table_changes_nothing(browser: Browser, folder: Folder, hostile: dict[str, str]) -> None:
    def state() -> dict[str, bytes]:
        paths = (path for path in (folder.root / "content").rglob("*") if path.is_file())
        return {path.as_posix(): path.read_bytes() for path in paths}

    before = state()
    line = {"english": "x", "translation": "x", "better": "hostile", "read in full": "x", **hostile}
    page = upload_and_take(browser, [line])
    assert "could not be taken" in page
    assert state() == before


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"PK\x03\x04rest", b'file,place\n"open'])
def test_a_file_that_is_no_pack_is_named(browser: Browser, data: bytes) -> None:
    browser.post(PACK, 400, reader="K. Selvi", file=(io.BytesIO(data), "x.csv"))


def test_a_reader_has_a_name(browser: Browser) -> None:
    browser.post(PACK, 400, reader="  ", file=(io.BytesIO(b"x"), "x.csv"))


def test_no_story_that_is_off_the_site_is_given_to_a_reader(browser: Browser, folder: Folder) -> None:
    folder.page("stories/gone", "SECRET WORDS", draft="true", consent="none")
    folder.page("stories/gone", "SECRET WORDS", "ta", draft="true", consent="none")
    assert "SECRET" not in browser.client.get(TABLE).data.decode("utf-8-sig")
    assert "SECRET" not in browser.client.get("/review/ta/paper").data.decode()


def test_no_quote_that_was_withdrawn_is_given_to_a_reader(browser: Browser, folder: Folder) -> None:
    consent = {
        "id": "told", "kind": "survivor", "quotes": "rights", "languages": "en ta", "given_on": "2026-06-01",
        "expires_on": "2027-06-01", "adult": "true", "approved_by": "B", "approved_on": "2026-06-02", "court_case": "no",
        "name_changed": "true",
    }  # fmt: skip
    story = "{}.\n\n> SECRET one.\n>\n> SECRET two.\n> consent: told\n\n{} again."
    folder.table("consents", consent)
    folder.page("rights", story.format("Words", "Words"))
    folder.page("rights", story.format("சொல்", "சொல்"), "ta", reviewed_by="nobody")
    assert "SECRET two" in browser.client.get(TABLE).data.decode("utf-8-sig")
    folder.table("consents", {**consent, "withdrawn_on": "2026-12-31"})
    for pack_text in (
        browser.client.get(TABLE).data.decode("utf-8-sig"),
        browser.client.get("/review/ta/paper").data.decode(),
    ):
        assert "SECRET" not in pack_text
        assert "Words again" in pack_text


def test_both_files_are_written_into_a_folder(editor: Editor, tmp_path: Path) -> None:
    paths = review_pack.write(editor, "ta", tmp_path / "for Selvi")
    assert [path.name for path in paths] == ["review-ta.html", "review-ta.csv"]
    assert "இரண்டு" in paths[0].read_text(encoding="utf-8")
    assert review_pack.parse_returned(paths[1].read_bytes(), "x").corrections == ()


@pytest.mark.parametrize("language", ["en", "xx", "../ta", ""])
def test_a_language_that_is_none_is_named(editor: Editor, tmp_path: Path, language: str) -> None:
    with pytest.raises(Problem, match="There are: ta"):
        review_pack.write(editor, language, tmp_path)
    assert list(tmp_path.glob("review*")) == []


def test_a_folder_that_cannot_be_written_is_named(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Problem, match="--out"):
        review_pack.write(editor, "ta", tmp_path / "file" / "x")
