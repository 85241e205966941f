"""What a person typed is on the next page, whatever happened meanwhile."""

import errno
import re
from html import unescape
from pathlib import Path

import pytest
from editor.editor import Editor
from editor.saving import store
from editor.tables import checks
from editor.translation import staff_words
from editor.window import page_pages, problem_pages
from sitegen.content import translations

from tests.editor.conftest import Browser, browser_at
from tests.editor.test_window import CONSENT, library_of, page
from tests.sitegen.conftest import ROWS, Folder

ROW = ROWS["work"][0]
TYPED = "Words that took an hour"


def test_a_row_that_got_another_name_meanwhile(browser: Browser, folder: Folder) -> None:
    path = "/tables/work/row?key=kiln"
    base = browser.base(path)
    browser.post("/tables/work/row", base=base, key="kiln", **{**ROW, "id": "kilns"})
    answer = browser.post("/tables/work/row", 409, base=base, key="kiln", **{**ROW, "name_en": TYPED})
    assert TYPED in answer.text
    assert "gave it another name" in answer.text
    assert 'name="key" value=""' in answer.text
    assert [row["id"] for row in folder.rows("work")] == ["kilns"]
    base = re.findall(r'name="base" value="(\w+)"', answer.text)[0]
    browser.post("/tables/work/row", base=base, key="", **{**ROW, "name_en": TYPED})
    assert [row["id"] for row in folder.rows("work")] == ["kilns", "kiln"], "said again, it is a row of its own"


def test_a_row_whose_table_was_replaced_or_cannot_be_read_any_more(browser: Browser, folder: Folder) -> None:
    base = browser.base("/tables/events/row?key=meeting")
    cells = {**ROWS["events"][0], "title_en": TYPED}
    for table, data in (
        ("places", b"\xff\xfei\x00"),
        ("events", b"\xe0\xae"),
        ("events", b'id,"x\n'),
        ("events", b"x\n1\n"),
    ):
        before = folder.csv(table).read_bytes()
        folder.csv(table).write_bytes(data)
        answer = browser.client.post(
            "/tables/events/row", data={"form_token": browser.token, "base": base, "key": "meeting", **cells},
            headers={"Origin": "http://localhost"},
        )  # fmt: skip
        assert answer.status_code in {303, 400, 409}, (table, data)
        if answer.status_code == 303:  # the row itself could be saved, whatever another table is like
            assert TYPED in folder.csv("events").read_text("utf-8")
        else:
            assert TYPED in answer.text, (table, data)
        folder.csv(table).write_bytes(before)


def test_a_row_without_a_name(browser: Browser) -> None:
    answer = browser.post("/tables/work/row", 400, base="", key="", **{**ROW, "id": "", "name_en": TYPED})
    assert TYPED in answer.text
    assert "is empty" in answer.text


def test_a_table_that_is_none_is_still_a_sentence(browser: Browser) -> None:
    for path in ("/tables/nothing/", "/tables/heard/row", "/tables/nothing/download"):
        assert "There is no such table here." in browser.client.get(path).text
    answer = browser.post("/tables/nothing/row", 404, base="", key="", name_en=TYPED)
    assert TYPED in answer.text


def test_a_page_that_somebody_took_away(browser: Browser, folder: Folder) -> None:
    folder.page("help", "One.")
    form = browser.form("/pages/en/help.md")
    (folder.root / "content" / "en" / "help.md").unlink()
    assert TYPED in browser.post("/pages/en/help.md", 409, **{**form, "text": TYPED}).text


def test_a_translation_whose_english_was_taken_away(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "One.")
    browser.get("/translate/ta/rights.md")
    (folder.root / "content" / "en" / "rights.md").unlink()
    answer = browser.post("/translate/ta/rights.md", 400, title="T", description="", paragraph=[TYPED], base="")
    assert TYPED in answer.text


def test_a_translation_while_the_site_cannot_be_read_at_all(editor: Editor, folder: Folder) -> None:
    folder.page("rights", "One.")
    editor.remember(name="M. Devi")
    (folder.root / "content" / "en" / "index.md").write_text("---\ntitle: [\n---\n", "utf-8")
    browser = browser_at(editor)
    answer = browser.client.post(
        "/translate/ta/rights.md",
        data={"form_token": browser.token, "title": "", "description": "", "paragraph": [TYPED], "base": ""},
        headers={"Origin": "http://localhost"},
    )
    assert TYPED in answer.text


def test_a_translation_of_english_that_changed_while_it_was_written_is_not_said_to_follow_it(
    browser: Browser, folder: Folder
) -> None:
    """The button says that it says what the English says now: what stood beside it when it was written."""
    folder.page("rights", "One.")
    path = "/translate/ta/rights.md"
    form = browser.fields(path)
    folder.page("rights", "One.\n\nTwo, meanwhile.")
    answer = browser.post(path, 409, **{**form, "title": "T", "paragraph": ["# T", TYPED], "whole": "yes"})
    assert TYPED in answer.text
    assert "Two, meanwhile." in answer.text
    assert not (folder.root / "content" / "ta" / "rights.md").exists()
    assert "ta/rights.md" not in translations.read(folder.root / "content")


@pytest.mark.parametrize("path", ["/pages/kn/index.md", "/translate/kn/index.md"])
def test_a_language_that_the_site_has_no_more(browser: Browser, path: str) -> None:
    answer = browser.client.post(
        path, data={"form_token": browser.token, "title": "T", "text": TYPED, "paragraph": [TYPED], "base": ""},
        headers={"Origin": "http://localhost"},
    )  # fmt: skip
    assert answer.status_code == 400
    assert TYPED in answer.text


@pytest.mark.parametrize("path", ["/pages/new", "/stories/new"])
def test_a_new_page_of_a_name_that_cannot_be(browser: Browser, path: str) -> None:
    assert TYPED in browser.post(path, 400, title=TYPED, name="A B").text


def test_a_fault_of_ours(browser: Browser, editor: Editor, monkeypatch: pytest.MonkeyPatch) -> None:
    form = browser.form("/pages/en/index.md")

    monkeypatch.setattr(editor.store, "save", raises)
    answer = browser.post("/pages/en/index.md", 500, **{**form, "text": f"# index\n\n{TYPED} <script>"})
    assert f"{TYPED} &lt;script&gt;" in answer.text
    assert browser.token not in answer.text.partition("What you wrote")[2]


def test_a_page_without_a_title_is_said_in_the_words_of_its_form(browser: Browser) -> None:
    browser.post("/language", language="ta")
    response = browser.post(
        "/pages/en/index.md", 400, **{**browser.form("/pages/en/index.md"), "title": " ", "text": TYPED}
    )
    assert TYPED in response.text
    assert f"<strong>{staff_words.translations('ta').gettext('This is empty.')}</strong>" in response.text
    assert "---" not in response.text


def test_a_full_disk_is_said_in_the_persons_language(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    browser.post("/language", language="or")
    form = browser.form("/pages/en/index.md")
    monkeypatch.setattr(store, "write_durably", full)
    html = unescape(browser.post("/pages/en/index.md", 400, **{**form, "text": TYPED}).text)
    assert TYPED in html
    words = staff_words.translations("or")
    assert words.gettext("What you wrote is still on the page. Make room on the disk, then save again.") in html
    assert "cannot be written" not in html


FORMS = Path(page_pages.__file__).parent / "templates"
TYPED_IN = r'<(?:textarea|input(?![^>]* type="(?:hidden|file|radio|checkbox|password)"))[^>]* name="(\w+)'


def test_what_was_typed_stands_under_the_words_of_its_field(
    browser: Browser, editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {name for form in FORMS.rglob("*.html") for name in re.findall(TYPED_IN, form.read_text("utf-8"))}
    assert len(names - {"passphrase", "pack"}) > 8
    assert names - {"passphrase", "pack"} <= set(problem_pages.LABELS)
    monkeypatch.setattr(editor.store, "save", raises)
    browser.post("/language", language="hi")
    words = staff_words.translations("hi")
    html = browser.post("/translate/ta/index.md", 500, title="T", paragraph=["A", TYPED], kind="x").text
    for label in ("Title", "Text"):
        assert re.search(rf"<label[^>]*>{words.gettext(label)}</label>", html)
    monkeypatch.setattr(checks, "row_problems", raises)
    html = browser.post("/tables/work/row", 500, base="", key="", **{**ROW, "id": "x", "name_en": TYPED}).text
    title = next(one["title"] for one in editor.schema_in("hi", "work")["fields"] if one["name"] == "name_en")
    assert f">{title}</label>" in html
    assert ">name_en</label>" not in html


def raises(*_: object, **__: object) -> None:
    raise RuntimeError


def test_a_stranger_is_shown_nothing_of_what_was_sent(browser: Browser) -> None:
    """Another site could put words of its own on our page."""
    answer = browser.client.post(
        "/pages/en/index.md", data={"form_token": "x", "text": TYPED}, headers={"Origin": "http://evil"}
    )
    assert answer.status_code == 403
    assert TYPED not in answer.text


def test_a_librarys_page_is_not_signed_or_emptied(browser: Browser, folder: Folder) -> None:
    """A library's translation is the library's: a signature needs a text of one's own to stand under."""
    library = library_of(folder)
    (library / "ta").mkdir()
    (library / "ta" / "rights.md").write_text(
        "---\ntitle: R\nsource_changed: 2026-01-01\nreviewed_by: nobody\n---\n\n# R\n\nX.\n", "utf-8"
    )
    path = "/translate/ta/rights.md"
    assert 'name="both"' not in browser.get(path)
    for both in (" ", browser.base("/pages/en/rights.md") + " "):
        browser.post("/sign/ta/rights.md", 400, both=both)
    browser.post("/ready/ta/rights.md", 400)
    browser.post("/ready/en/rights.md", 400)
    browser.post("/ready/en/nowhere.md", 400)
    for name in ("ta/rights.md", "en/rights.md", "en/nowhere.md"):
        assert not (folder.root / "content" / name).exists()


def test_a_page_that_is_no_draft_does_not_leave_draft(browser: Browser, folder: Folder) -> None:
    before = page(folder)
    assert "not a draft" in browser.post("/ready/en/index.md", 400).text
    assert page(folder) == before


def test_consent_shows_what_was_typed_beside_a_withdrawal_meanwhile(browser: Browser, folder: Folder) -> None:
    folder.table("consents", CONSENT)
    base = browser.base("/tables/consents/row?key=the-well")
    browser.post("/consents/withdraw", consent="the-well")
    answer = browser.client.post(
        "/tables/consents/row",
        data={
            "form_token": browser.token,
            "base": base,
            "key": "the-well",
            **CONSENT,
            "story": "stories/x",
            "note": TYPED,
        },
        headers={"Origin": "http://localhost"},
    )
    assert answer.status_code == 400
    assert TYPED in answer.text


@pytest.mark.parametrize("path", ["/pages/en/index.md", "/tables/places/row", "/translate/ta/index.md", "/paste"])
def test_more_than_can_be_taken_is_a_sentence(browser: Browser, path: str) -> None:
    assert "This is more than can be taken at once." in browser.post(path, 413, text="x" * 5_000_000).text


def test_a_table_that_excel_saves_while_a_row_is_checked(
    browser: Browser, editor: Editor, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checking takes a second. "Saved" is not said of words that are not in the file."""
    base = browser.base("/tables/work/row?key=kiln")
    checked = checks.row_problems

    def meanwhile(*arguments: object) -> object:
        folder.row("work", name_en="By Excel")
        return checked(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(checks, "row_problems", meanwhile)
    answer = browser.post("/tables/work/row", 400, base=base, key="kiln", **{**ROW, "name_en": TYPED})
    assert TYPED in answer.text
    assert "was changed by somebody else just now" in answer.text
    assert [row["name_en"] for row in folder.rows("work")] == ["By Excel"]


def test_a_draft_that_is_edited_while_it_is_checked(
    browser: Browser, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.page("wages", "Text.", draft="true")

    def meanwhile(*_: object) -> list[object]:
        folder.page("wages", "Other.", draft="true # by another program")
        return []

    monkeypatch.setattr(page_pages, "problems_of", meanwhile)
    browser.post("/ready/en/wages.md", 400)
    assert "Other." in page(folder, "wages")
