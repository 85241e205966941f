"""What a communications officer does in the editor's window, without a script."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from editor.editor import Editor
from editor.publishing import Folder as PublicFolder
from sitegen.content import page_reader, pages, translations

from forms.core.files import folder_swap
from tests.editor.conftest import Browser, browser_at
from tests.sitegen.conftest import ROWS, TODAY, Folder

CONSENT = {
    "id": "the-well", "kind": "survivor", "story": "stories/the-well", "languages": "en", "given_on": "2026-12-01",
    "expires_on": "2027-12-01", "adult": "true", "approved_by": "A. Kumar", "approved_on": "2026-12-02",
    "court_case": "no", "name_changed": "true",
}  # fmt: skip


def page(folder: Folder, name: str = "index", language: str = "en") -> str:
    return (folder.root / "content" / language / f"{name}.md").read_text(encoding="utf-8")


def test_who_writes_is_asked_before_anything_is_saved(editor: Editor, folder: Folder) -> None:
    browser = browser_at(editor)
    assert "Your name" in browser.get("/")
    before = page(folder)
    answer = browser.post(
        "/pages/en/index.md", 400, **{**browser.form("/pages/en/index.md"), "text": "# index\n\nNew words."}
    )
    assert "Write it on the first page." in answer.text
    assert "New words." in answer.text, "what was typed is still there"
    assert page(folder) == before
    browser.post("/who", name="  M. \n Devi ")
    assert "You write as M. Devi." in browser.get("/")


def test_a_typo_is_mended_and_nothing_else_of_the_file_changes(browser: Browser, folder: Folder) -> None:
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": form["text"].replace("Home.", "Home again.")})
    assert page(folder) == "---\ntitle: index\nchanged: 2027-01-01\n---\n\n# index\n\nHome again.\n"
    assert "Edit en/index.md" in browser.get("/history/")
    assert "<ins>Home again.</ins>" in browser.get(re.findall(r"/history/\w{40}", browser.get("/history/"))[0])


def test_a_page_saved_as_it_stands_is_the_same_file(browser: Browser, folder: Folder) -> None:
    before = page(folder)
    browser.post("/pages/en/index.md", **browser.form("/pages/en/index.md"))
    assert page(folder) == before


def test_two_tabs_at_once_lose_nothing(browser: Browser, folder: Folder) -> None:
    folder.page("help", "One.\n\nTwo.\n\nThree.")
    form = browser.form("/pages/en/help.md")
    browser.post("/pages/en/help.md", **{**form, "text": form["text"].replace("One.", "One, first tab.")})
    merged = browser.post("/pages/en/help.md", **{**form, "text": form["text"].replace("Three.", "Three, second tab.")})
    assert "saved=merged" in merged.headers["Location"]
    assert "One, first tab.\n\nTwo.\n\nThree, second tab." in page(folder, "help")
    html = browser.post(
        "/pages/en/help.md", 409, **{**form, "text": form["text"].replace("One.", "One, third tab.")}
    ).text
    assert "One, first tab." in html
    assert "One, third tab." in html
    assert "third tab" not in page(folder, "help")
    parts = [part.removeprefix("\n") for part in re.findall(r'name="part"[^>]*>(.*?)</textarea>', html, re.S)]
    base = re.findall(r'name="base" value="(\w+)"', html)[0]
    browser.post(
        "/pages/en/help.md",
        base=base,
        part=[part.replace("third tab", "both tabs").replace("&#34;", '"') for part in parts],
    )
    assert "One, both tabs.\n\nTwo.\n\nThree, second tab." in page(folder, "help")


def test_what_check_says_stands_on_the_page(browser: Browser, folder: Folder) -> None:
    folder.page("help", "See [this](nowhere.md).")
    assert "which is not there" in browser.get("/pages/en/help.md")
    reply = browser.post("/look/en/help.md", 200, **browser.form("/pages/en/help.md")).get_json()
    assert "content/en/help.md, line" in reply["problems"][0]["where"]
    assert "nowhere.md" in reply["problems"][0]["what"]


def test_a_page_that_cannot_be_read_is_not_saved_and_what_was_typed_stays(browser: Browser, folder: Folder) -> None:
    before = page(folder)
    form = browser.form("/pages/en/index.md")
    answer = browser.post("/pages/en/index.md", 400, **{**form, "title": "", "text": "My long words."})
    assert "My long words." in answer.text
    assert page(folder) == before


def test_the_preview_is_the_page_of_what_is_typed(browser: Browser, folder: Folder) -> None:
    form = browser.form("/pages/en/index.md")
    drawn = browser.post("/preview/en/index.md", 200, **{**form, "text": "# index\n\nNot **saved** yet."}).text
    assert "Not <strong>saved</strong> yet." in drawn
    assert "<nav" in drawn
    assert "saved" not in page(folder)


def test_a_new_page_is_a_draft_until_somebody_says_so(browser: Browser, folder: Folder) -> None:
    browser.post("/pages/new", title="Wages: what is due", name="wages")
    assert "draft: true" in page(folder, "wages")
    assert folder.problems() == []
    assert "wages.md" not in page_reader.read_language(folder.root / "content", "en")[0]
    form = browser.form("/pages/en/wages.md")
    browser.post("/pages/en/wages.md", **{**form, "text": form["text"] + "\nEach month."})
    browser.post("/ready/en/wages.md")
    assert (
        page(folder, "wages")
        == '---\ntitle: "Wages: what is due"\ndescription: ""\nchanged: 2027-01-01\n---\n\n# Wages: what is due\n\nEach month.\n'
    )
    again = browser.post("/pages/new", 400, title="Other", name="wages")
    assert "There is a page of this address already." in again.text


def test_a_story_cannot_leave_draft_before_its_consent_is_complete(browser: Browser, folder: Folder) -> None:
    location = browser.post("/stories/new", title="The well", name="the-well", kind="survivor").headers["Location"]
    assert "id=the-well&kind=survivor&story=stories%2Fthe-well" in location
    form = browser.form("/pages/en/stories/the-well.md")
    browser.post("/pages/en/stories/the-well.md", **{**form, "text": form["text"] + "\nShe dug."})
    assert "has no consent record" in browser.post("/ready/en/stories/the-well.md", 400).text
    for column in ("languages", "given_on", "approved_by", "court_case", "adult"):
        refusal = browser.post("/tables/consents/row", 400, base="", key="", **{**CONSENT, column: ""}).text
        assert "this cell is empty" in refusal
        assert "the-well" in refusal, "what was typed stays"
    assert folder.rows("consents") == []
    browser.post("/tables/consents/row", base="", key="", **CONSENT)
    browser.post("/ready/en/stories/the-well.md")
    assert "draft" not in page(folder, "stories/the-well")
    assert folder.problems() == []


def test_withdrawing_takes_one_button_and_is_in_the_history(browser: Browser, folder: Folder) -> None:
    folder.table("consents", CONSENT)
    folder.page("stories/the-well", "She dug.", consent="the-well")
    assert "Withdraw" in browser.get("/tables/consents/")
    browser.post("/consents/withdraw", consent="the-well")
    assert folder.rows("consents")[0]["withdrawn_on"] == TODAY
    assert "Withdraw consent the-well" in browser.get("/history/")
    entry = re.findall(r"/history/\w{40}", browser.get("/history/"))[0]
    assert "Bring back" not in browser.get(entry), "no way back for a consent"


def test_no_form_or_spreadsheet_takes_a_withdrawal_back(browser: Browser, folder: Folder) -> None:
    folder.table("consents", {**CONSENT, "withdrawn_on": "2026-12-20"})
    before = folder.csv("consents").read_bytes()
    base = browser.base("/tables/consents/row?key=the-well")
    html = browser.post("/tables/consents/row", 400, base=base, key="the-well", **CONSENT).text
    assert "the withdrawal of the-well would be taken back" in html
    sheet = browser.client.get("/tables/consents/download").data
    for changed in (sheet.replace(b"2026-12-20", b""), sheet.splitlines(keepends=True)[0]):
        upload_page = browser.post("/tables/consents/upload", 200, file=(io.BytesIO(changed), "consents.csv")).text
        assert "would be taken back" in upload_page
        assert "/tables/consents/replace" not in upload_page
        browser.post("/tables/consents/replace", 200, base=base, text=changed.decode("utf-8-sig"))
    assert folder.csv("consents").read_bytes() == before


def test_withdrawing_works_without_a_name_and_with_a_full_disk(
    editor: Editor, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.table("consents", CONSENT)
    browser = browser_at(editor)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(editor.store.history, "commit_changes", full)
    assert "The text itself is saved" in browser.post("/consents/withdraw", 400, consent="the-well").text
    assert folder.rows("consents")[0]["withdrawn_on"] == TODAY
    assert "What waits" in browser.get("/")


def test_a_row_is_saved_and_other_rows_stay_as_they_are(browser: Browser, folder: Folder) -> None:
    other = {
        **ROWS["helplines"][0],
        "id": "1098",
        "order": 2,
        "number": "1098",
        "tel": "1098",
        "for_en": 'A child, "now"',
    }
    folder.table("helplines", ROWS["helplines"][0], other)
    lines = folder.csv("helplines").read_text("utf-8").splitlines()
    base, cells = browser.base("/tables/helplines/row?key=112"), ROWS["helplines"][0]
    browser.post("/tables/helplines/row", base=base, key="112", **{**cells, "for_en": "In danger now"})
    after = folder.csv("helplines").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("112")] == [
        line for line in after if not line.startswith("112")
    ]
    assert folder.rows("helplines")[0]["for_en"] == "In danger now"


def test_two_people_in_one_row_are_merged_by_cell(browser: Browser, folder: Folder) -> None:
    base, cells = browser.base("/tables/helplines/row?key=112"), ROWS["helplines"][0]
    browser.post("/tables/helplines/row", base=base, key="112", **{**cells, "for_en": "By A"})
    browser.post("/tables/helplines/row", base=base, key="112", **{**cells, "note_en": "By B"})
    row = folder.rows("helplines")[0]
    assert (row["for_en"], row["note_en"]) == ("By A", "By B")
    html = browser.post("/tables/helplines/row", 409, base=base, key="112", **{**cells, "for_en": "By C"}).text
    assert re.findall(r'href="#f-(\w+)"', html) == ["for_en"], "the way to the cell, in a form of thirty"
    assert "By A" in html
    assert "By C" in html
    assert folder.rows("helplines")[0]["for_en"] == "By A"


def test_a_wrong_cell_is_said_at_its_field_and_not_saved(browser: Browser, folder: Folder) -> None:
    before = folder.csv("helplines").read_bytes()
    base = browser.base("/tables/helplines/row?key=112")
    html = browser.post(
        "/tables/helplines/row", 400, base=base, key="112", **{**ROWS["helplines"][0], "tel": "abc"}
    ).text
    assert '"abc" does not fit' in html.replace("&#34;", '"')
    assert folder.csv("helplines").read_bytes() == before


def test_a_new_event_from_the_last_one_is_four_weeks_later(browser: Browser, folder: Folder) -> None:
    folder.row("events", outcome_en="Many came.", state="held", was="2027-01-25T10:00")
    form = browser.get("/tables/events/row?like=meeting")
    assert 'value="2027-03-01T10:00"' in form
    assert "Many came." not in form
    assert "2027-01-25" not in form
    assert "<option selected>planned</option>" in form


def test_a_helpline_is_rechecked_with_one_tap(browser: Browser, folder: Folder) -> None:
    folder.row("helplines", checked_on=(TODAY - timedelta(days=200)).isoformat())
    assert "help numbers to call again" in browser.get("/")
    browser.post("/helplines/called", id="112")
    row = folder.rows("helplines")[0]
    assert (row["checked_on"], row["checked_by"]) == (TODAY, "M. Devi, called")
    assert "<summary><b>1</b>\n  help numbers" not in browser.get("/")


def test_a_table_goes_to_a_spreadsheet_and_comes_back_the_same(browser: Browser, folder: Folder) -> None:
    folder.row("helplines", note_en="=cmd|' /C calc'!A0", number="00112")
    sheet = browser.client.get("/tables/helplines/download").data
    cells = next(csv.reader(io.StringIO(sheet.decode("utf-8-sig").splitlines()[1])))
    assert "'=cmd|' /C calc'!A0" in cells, "no spreadsheet takes it for a formula"
    html = browser.post("/tables/helplines/upload", 200, file=(io.BytesIO(sheet), "helplines.csv")).text
    assert "Nothing: both are the same." in html


def test_what_a_spreadsheet_would_change_is_shown_before_it_is_saved(browser: Browser, folder: Folder) -> None:
    before = folder.csv("helplines").read_bytes()
    sheet = browser.client.get("/tables/helplines/download").data.replace(b"Danger", b"Danger now")
    html = browser.post("/tables/helplines/upload", 200, file=(io.BytesIO(sheet), "helplines.csv")).text
    assert "<del>Danger</del> <ins>Danger now</ins>" in html
    assert folder.csv("helplines").read_bytes() == before
    text = re.findall(r'<textarea name="text"[^>]*>\n(.*?)</textarea>', html, re.S)[0].replace("&#34;", '"')
    base = re.findall(r'name="base" value="(\w+)"', html)[0]
    folder.row("helplines", note_en="Meanwhile")
    again = browser.client.post(
        "/tables/helplines/replace",
        data={"form_token": browser.token, "base": base, "text": text},
        headers={"Origin": "http://localhost"},
    )
    assert "<del>Meanwhile</del>" in again.text, "shown again, since the table has changed"
    base = re.findall(r'name="base" value="(\w+)"', again.text)[0]
    browser.post("/tables/helplines/replace", base=base, text=text)
    assert folder.rows("helplines")[0]["for_en"] == "Danger now"


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04", b"\xff\xfei\x00", b"id\n112\n112\n", b"other\n1\n", b"", b'id,"number\n']
)
def test_a_file_that_is_no_such_table_is_a_sentence(browser: Browser, folder: Folder, data: bytes) -> None:
    before = folder.csv("helplines").read_bytes()
    answer = browser.post("/tables/helplines/upload", 400, file=(io.BytesIO(data), "x.csv"))
    assert "This did not work" in answer.text
    assert folder.csv("helplines").read_bytes() == before


def translated(folder: Folder) -> pages.AllPages:
    content = folder.root / "content"
    return translations.mark_outdated(page_reader.read_all(content, ("en", "ta", "or"))[0], translations.read(content))


def test_a_translation_follows_its_english_twice_on_one_day(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.\n\nTwo.")
    path = "/translate/ta/rights.md"
    assert "missing" in browser.get(path)
    browser.post(path, title="உரிமை", description="", paragraph=["# உரிமை", "ஒன்று.", "இரண்டு."], base="", whole="yes")
    assert not translated(folder).is_stale(translated(folder).by_language["ta"]["rights.md"])
    for text in ("Two, edited.", "Two, edited again."):
        form = browser.form("/pages/en/rights.md")
        browser.post("/pages/en/rights.md", **{**form, "text": f"# rights\n\nOne.\n\n{text}"})
        assert translated(folder).is_stale(translated(folder).by_language["ta"]["rights.md"])
        html = browser.get(path)
        assert "pair--changed" in html
        assert "What changed in the English" in html
        assert "<ins>" in html
        browser.post(
            path,
            title="உரிமை",
            description="",
            paragraph=["# உரிமை", "ஒன்று.", text],
            base=browser.base(path),
            whole="yes",
        )
        assert not translated(folder).is_stale(translated(folder).by_language["ta"]["rights.md"])
    assert folder.problems() == []


def test_half_a_translation_is_a_draft(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.\n\nTwo.")
    browser.post("/translate/ta/rights.md", title="உரிமை", description="", paragraph=["# உரிமை", "ஒன்று.", ""], base="")
    assert "draft: true" in page(folder, "rights", "ta")
    assert "draft" in browser.get("/translate/ta/")
    assert folder.problems() == []


def test_a_signature_is_for_the_texts_that_were_read(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.")
    folder.page("rights", "ஒன்று.", "ta", reviewed_by="nobody")
    path = "/translate/ta/rights.md"
    both = re.findall(r'name="both" value="([\w ]+)"', browser.get(path))[0]
    folder.page("rights", "One, edited while she reads.")
    assert "edited while you read" in browser.post("/sign/ta/rights.md", 400, both=both).text
    assert "reviewed_by: nobody" in page(folder, "rights", "ta")
    folder.page("rights", "One.")
    browser.post("/sign/ta/rights.md", both=both)
    again = re.findall(r'name="both" value="([\w ]+)"', browser.get(path))
    assert again == [], "nobody is asked twice"
    assert translated(folder).by_language["ta"]["rights.md"].reviewed
    assert "M. Devi 2027-01-01" in browser.get("/translate/ta/")
    folder.page("rights", "One, edited.")
    assert not translated(folder).by_language["ta"]["rights.md"].reviewed


@pytest.mark.parametrize("system", ["exchanges names", "does not"])
def test_publishing_and_undo(
    browser: Browser, editor: Editor, folder: Folder, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    if system == "does not":
        monkeypatch.setattr(folder_swap, "exchange", lambda *_: False)
    home = folder.root / "public" / "en" / "index.html"
    for text in ("First.", "Second."):
        form = browser.form("/pages/en/index.md")
        browser.post("/pages/en/index.md", **{**form, "text": f"# index\n\n{text}"})
        assert "en/index.md" in browser.get("/publish/")
        browser.post("/publish/")
        editor.publisher.wait()
        assert text in home.read_text()
        assert "Nothing: both are the same." in browser.get("/publish/")
        assert "Published on 1 January 2027 by M. Devi." in browser.get("/")
    browser.post("/publish/undo")
    assert "First." in home.read_text()
    assert "The site was changed back." in browser.get("/publish/?undone=yes")
    html = browser.get("/publish/")
    assert "en/index.md" in html, "it is saved, and not on the site"
    assert "It is on the site." not in html
    assert "Second." in page(folder)
    for text in ("Second.", "First.", "Second."):
        browser.post("/publish/undo")
        assert text in home.read_text(), "Undo is undone, as the page says"
    assert not [one.name for one in folder.root.iterdir() if one.name.endswith(".aside")]


def test_a_build_that_fails_leaves_the_site_and_says_why(browser: Browser, editor: Editor, folder: Folder) -> None:
    browser.post("/publish/")
    editor.publisher.wait()
    before = sorted(path.name for path in folder.root.iterdir())

    def broken(_: Path) -> None:
        raise RuntimeError("a fault of ours")

    place = editor.publisher.destination
    assert isinstance(place, PublicFolder)
    place.build = broken
    browser.post("/publish/")
    editor.publisher.wait()
    html = browser.get("/publish/")
    assert "that is our fault" in html
    assert "a fault of ours" not in html
    assert sorted(path.name for path in folder.root.iterdir()) == before


def test_undo_never_brings_back_a_withdrawn_story(browser: Browser, editor: Editor, folder: Folder) -> None:
    folder.table("consents", CONSENT)
    story = folder.root / "public" / "en" / "stories" / "the-well" / "index.html"
    story.parent.mkdir(parents=True)
    story.write_text("<h1>She dug.</h1>")
    browser.post("/publish/")
    editor.publisher.wait()
    browser.post("/consents/withdraw", consent="the-well")
    browser.post("/publish/undo")
    assert "She dug." not in story.read_text()


def test_one_file_is_brought_back_from_the_history(browser: Browser, folder: Folder) -> None:
    before = page(folder)
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": "# index\n\nA mistake."})
    entry = re.findall(r"/history/\w{40}", browser.get("/history/?path=en/index.md"))[0]
    browser.post(f"{entry}/back", path="en/index.md")
    assert page(folder) == before
    assert "Back: en/index.md" in browser.get("/history/")


@pytest.mark.parametrize("language", ["ta", "te", "hi", "or"])
def test_the_window_speaks_its_languages_and_says_that_nobody_checked_them(browser: Browser, language: str) -> None:
    browser.post("/language", language=language)
    for path in ("/", "/pages/", "/pages/en/index.md", "/tables/", "/translate/", "/publish/", "/history/"):
        html = browser.get(path)
        assert f'<html lang="{language}">' in html
        for english in ("What waits", "Publish", "Translate", "History"):
            assert f">{english}<" not in html
        assert 'class="help"' in html


def test_broken_content_does_not_keep_anybody_out(browser: Browser, folder: Folder) -> None:
    (folder.root / "content" / "en" / "index.md").write_text("---\ntitle: [\n---\n\n# x\n")
    folder.csv("places").write_text("id\nx,y\n")
    assert "wrong: nothing is published before it is mended" in browser.get("/")
    assert 'role="alert"' in browser.get("/pages/en/index.md")
    browser.get("/tables/places/")
    browser.get("/publish/")


def test_numbers_are_written_by_name_and_shown_as_numbers(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "Call [[ number: 112 ]] in danger.")
    assert "[[ number: 112 ]]" in browser.get("/translate/ta/rights.md"), "who translates it writes the same"
    assert browser.post("/look/en/rights.md", 200, **browser.form("/pages/en/rights.md")).get_json()["problems"] == []
    html = browser.post("/preview/en/rights.md", 200, **browser.form("/pages/en/rights.md")).text
    assert '<a href="tel:112">112</a>' in html
    assert "[[" not in html


def library_of(folder: Folder) -> Path:
    """A library below the district, with a page and a help number of its own."""
    library = folder.root / "library"
    (library / "en").mkdir(parents=True)
    (library / "tables").mkdir()
    (library / "en" / "rights.md").write_text(
        "---\ntitle: Rights\nchanged: 2026-01-01\n---\n\n# Rights\n\nOurs.\n", "utf-8"
    )
    folder.table("helplines", {**ROWS["helplines"][0], "id": "1098", "order": 2, "number": "1098", "tel": "1098"})
    folder.csv("helplines").rename(library / "tables" / "helplines.csv")
    folder.table("helplines", ROWS["helplines"][0])
    with (folder.root / "content" / "portal.yml").open("a", encoding="utf-8") as settings:
        settings.write("\nlibrary: [../library]\n")
    return library


def test_a_librarys_page_or_row_becomes_the_districts_own_when_it_is_saved(browser: Browser, folder: Folder) -> None:
    library = library_of(folder)
    before = {path: path.read_bytes() for path in library.rglob("*") if path.is_file()}
    assert folder.problems() == []
    form = browser.form("/pages/en/rights.md")
    assert (form["title"], form["base"]) == ("Rights", "")
    browser.post("/pages/en/rights.md", **{**form, "text": "# Rights\n\nThe district's."})
    assert page(folder, "rights") == "---\ntitle: Rights\nchanged: 2027-01-01\n---\n\n# Rights\n\nThe district's.\n"
    assert "1098" in browser.get("/tables/helplines/")
    browser.post("/helplines/called", id="1098")
    assert {row["id"]: row["checked_by"] for row in folder.rows("helplines")} == {
        "112": "me",
        "1098": "M. Devi, called",
    }
    assert {path: path.read_bytes() for path in library.rglob("*") if path.is_file()} == before
    assert folder.problems() == []


def test_the_history_shows_a_page_before_and_after_as_its_readers_see_it(browser: Browser, editor: Editor) -> None:
    for words in ("One.", "Two."):
        form = browser.form("/pages/en/index.md")
        browser.post("/pages/en/index.md", **{**form, "text": f"# index\n\n{words}"})
    newest = editor.store.history.newest()
    page = browser.get(f"/history/{newest}")
    for side, words, other in (("before", "One.", "Two."), ("after", "Two.", "One.")):
        address = f"/history/{newest}/{side}/en/index.md"
        assert f'src="{browser.root}{address}"' in page
        answer = browser.client.get(address)
        assert words in answer.text
        assert other not in answer.text
        assert "<script" not in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    for path in (f"{newest}/before/en/../../x.md", f"{newest}/after/en/help.md", f"{'0' * 40}/after/en/index.md"):
        assert browser.client.get(f"/history/{path}").status_code >= 400


def test_a_new_page_has_no_frame_of_before(browser: Browser, editor: Editor, folder: Folder) -> None:
    folder.page("fresh", "New.")
    browser.get("/history/")
    page = browser.get(f"/history/{editor.store.history.newest()}")
    assert "/after/en/fresh.md" in page
    assert "/before/en/fresh.md" not in page


def test_every_page_is_one_press_away_from_the_first(browser: Browser) -> None:
    assert '/pages/en/index.md" lang="en">index</a>' in browser.get("/")


@pytest.mark.parametrize(
    ("title", "name"), [("A camp, for wages!", "a-camp-for-wages"), ("2027: What now?", "2027-what-now")]
)
def test_a_page_without_an_address_has_one_made_of_its_title(
    browser: Browser, folder: Folder, title: str, name: str
) -> None:
    answer = browser.post("/pages/new", title=title, name="")
    assert answer.headers["Location"].endswith(f"/pages/en/{name}.md?begun=yes")
    assert (folder.root / "content" / "en" / f"{name}.md").exists()


def test_a_title_that_makes_no_address_asks_for_one(browser: Browser, folder: Folder) -> None:
    before = sorted(folder.root.rglob("*.md"))
    browser.post("/pages/new", 400, title="கூலி", name="")
    browser.post("/pages/new", 400, title="", name="")
    assert sorted(folder.root.rglob("*.md")) == before
