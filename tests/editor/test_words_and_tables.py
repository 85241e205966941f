"""Words of the interface and cells of tables in the translating room, and in the pack of a native reader."""

import io
import re
from html import escape, unescape
from pathlib import Path

import pytest
from editor.editor import Editor
from editor.reviewing import review_pack
from editor.translation import interface_words, staff_words

from forms.core import i18n
from forms.core.i18n import own_words
from tests.editor.conftest import Browser
from tests.editor.test_review_pack import pack, take_ticked, upload
from tests.editor.test_window import library_of
from tests.sitegen.conftest import ROWS, Folder

WORDS, TABLES = "/texts/ta/words", "/texts/ta/tables"
OURS = i18n.catalog("ta")["Home"].string


@pytest.fixture(autouse=True)
def no_own_words() -> None:
    i18n.set_process_words({})


def po(folder: Folder) -> str:
    path = folder.root / "content" / "words" / "ta.po"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def form_rows(browser: Browser, path: str, find: str) -> list[dict[str, str]]:
    """Return the rows of a page's form, as it would send them."""
    html = browser.get(f"{path}?find={find}")
    names = ("file", "place", "english", "translation")
    hidden = [re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)">', html) for name in names]
    boxes = re.findall(r'<textarea name="better"[^>]*>\n?(.*?)</textarea>', html, re.S)
    return [dict(zip((*names, "better"), map(unescape, row), strict=True)) for row in zip(*hidden, boxes, strict=True)]


def save(browser: Browser, path: str, rows: list[dict[str, str]], status: int = 303) -> str:
    fields = {name: [row[name] for row in rows] for name in ("file", "place", "english", "translation", "better")}
    answer = browser.client.post(
        path, data={"form_token": browser.token, **fields}, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == status, answer.text
    return answer.text


def word(browser: Browser, english: str) -> dict[str, str]:
    return next(row for row in form_rows(browser, WORDS, english) if row["english"] == english)


def test_a_districts_word_wins_over_ours_and_goes_to_the_site_and_the_forms(browser: Browser, folder: Folder) -> None:
    row = word(browser, "Home")
    assert row["translation"] == OURS
    save(browser, WORDS, [{**row, "better": "வீடு"}])
    assert 'msgid "Home"\nmsgstr "வீடு"' in po(folder)
    assert po(folder).count("msgid") == 2, "the head, and the one word"
    assert folder.problems() == []
    report = folder.check()
    assert not [line for line in report.warnings if "words/ta.po" in line and "left out" in line]
    i18n.set_process_words({"ta": po(folder)})
    assert i18n.translator("ta")("Home") == "வீடு"
    assert i18n.translator("ta")("Stop") == i18n.catalog("ta")["Stop"].string, "all others stay ours"
    assert word(browser, "Home")["translation"] == "வீடு"
    save(browser, WORDS, [{**word(browser, "Home"), "better": OURS}])
    assert "வீடு" not in po(folder)


def test_the_words_of_a_district_are_in_what_its_server_and_desks_get(browser: Browser, folder: Folder) -> None:
    save(browser, WORDS, [{**word(browser, "Home"), "better": "வீடு"}])
    folder.build()
    handover = (folder.root / ".build" / "portal.json").read_text(encoding="utf-8")
    assert "வீடு" in handover or "\\u0bb5\\u0bc0\\u0b9f\\u0bc1" in handover


@pytest.mark.parametrize(
    ("english", "bad", "why"),
    [
        ("Home", "<script>alert(1)</script>", "holds markup"), ("Home", "வீடு &lt;", "holds markup"), ("Home", "100 %", "stands for nothing"),
        ("Home", "%(name)s", "is filled with something"), ("Home", "வீடு\u202e", "no reader sees"), ("Home", "வீ" * 300, "far longer"),
        ("Published on %(day)s by %(name)s.", "%(day)s அன்று", "lacks something"),
    ],
)  # fmt: skip
def test_a_word_that_could_break_or_act_is_refused_and_what_was_typed_stays(
    browser: Browser, folder: Folder, english: str, bad: str, why: str
) -> None:
    answer = save(browser, WORDS, [{**word(browser, english), "better": bad}], 409)
    assert why in answer
    assert bad in unescape(answer)
    assert po(folder) == ""
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    assert own_words.usable_words(f'{head}msgid "{english}"\nmsgstr "{bad}"\n', "ta") == {}, (
        "nor where the file was written by hand"
    )


def test_a_sentence_with_a_number_is_shown_when_all_its_forms_are_there(browser: Browser, folder: Folder) -> None:
    singular, plural = next(
        m.id for m in i18n.catalog("ta", staff_words.FOLDER) if isinstance(m.id, tuple) and "%(num)d page" in m.id[0]
    )
    rows = [row for row in form_rows(browser, WORDS, singular[:12]) if row["english"] in {singular, plural}]
    assert len(rows) == 2
    save(browser, WORDS, [{**rows[0], "better": "%(num)d பக்கம்தான்."}, {**rows[1], "better": "%(num)d பக்கங்கள்தான்."}])
    i18n.set_process_words({"ta": po(folder)})
    ngettext = staff_words.translations("ta").ngettext
    assert [ngettext(singular, plural, number) % {"num": number} for number in (1, 3)] == ["1 பக்கம்தான்.", "3 பக்கங்கள்தான்."]


def test_a_hostile_plural_rule_of_a_file_counts_for_nothing() -> None:
    text = own_words.with_words("", "ta", {("Home",): ("வீடு",)})
    rule = text.replace("nplurals=2; plural=(n != 1);", "nplurals=3; plural=__import__('os').abort();")
    i18n.set_process_words({"ta": rule})
    assert staff_words.translations("ta").ngettext("%(num)d page", "%(num)d pages", 2)
    assert i18n.translator("ta")("Home") in {"வீடு", OURS}


def test_what_a_colleague_changed_meanwhile_is_not_overwritten(browser: Browser, folder: Folder) -> None:
    row = word(browser, "Home")
    save(browser, WORDS, [{**row, "better": "வீடு"}])
    answer = save(browser, WORDS, [{**row, "better": "இல்லம்"}], 409)
    assert "இல்லம்" in answer
    assert "வீடு" in po(folder)


def test_cells_of_tables_are_translated_beside_their_english(browser: Browser, folder: Folder) -> None:
    folder.row("helplines", for_ta="")
    folder.table("duties", {"id": "child", "name_en": "Ask your legal adviser whether to tell.", "checked": "no"})
    assert not list(form_rows(browser, TABLES, "duties")), "the desk reads duties in English"
    rows = [row for row in form_rows(browser, TABLES, "for_ta") if not row["translation"]]
    assert rows
    save(browser, TABLES, [{**rows[0], "better": "ஆபத்து"}])
    assert any(row["for_ta"] == "ஆபத்து" for row in folder.rows("helplines"))
    assert folder.problems() == []


def test_nobody_signs_a_phrase_for_a_reader_or_leaves_a_name_under_words_that_she_did_not_read(
    browser: Browser, folder: Folder
) -> None:
    phrase = {"id": "read", "order": 1, "name_en": "We read it.", "name_ta": "படித்தோம்."}
    folder.table("phrases", phrase)
    signed = {"file": "tables/phrases.csv", "place": "reviewed_ta of read", "english": "", "translation": ""}
    save(browser, TABLES, [{**signed, "better": "K. Selvi"}], 409)
    assert folder.rows("phrases")[0]["reviewed_ta"] is None
    folder.table("phrases", {**phrase, "reviewed_ta": "K. Selvi"})
    [row] = form_rows(browser, TABLES, "name_ta of read")
    save(browser, TABLES, [{**row, "better": "படிக்கவில்லை."}])
    [phrase_row] = folder.rows("phrases")
    assert (phrase_row["name_ta"], phrase_row["reviewed_ta"]) == ("படிக்கவில்லை.", None)


def test_nothing_leads_out_of_the_words_and_cells_of_the_language(browser: Browser, folder: Folder) -> None:
    row = word(browser, "Home")
    before = {path: path.read_bytes() for path in (folder.root / "content").rglob("*") if path.is_file()}
    for changed in (
        {"file": "words/te.po"}, {"file": "words/../portal.yml"}, {"file": "tables/helplines.csv"}, {"place": "form 99"}, {"place": "x"},
        {"english": "No such word"}, {"file": "words/ta.po/../../x"},
    ):  # fmt: skip
        save(
            browser,
            WORDS,
            [{**row, "better": "வீடு", **changed}],
            400 if changed.get("file", "").startswith("tables") else 409,
        )
    cell = {
        "file": "tables/helplines.csv",
        "place": "number of 112",
        "english": "112",
        "translation": "112",
        "better": "999",
    }
    save(browser, TABLES, [cell], 409)
    assert {path: path.read_bytes() for path in (folder.root / "content").rglob("*") if path.is_file()} == before


def test_a_link_in_place_of_the_folder_is_not_followed(browser: Browser, folder: Folder, tmp_path: Path) -> None:
    row = word(browser, "Home")
    (tmp_path / "elsewhere").mkdir()
    (folder.root / "content" / "words").symlink_to(tmp_path / "elsewhere")
    answer = browser.client.post(
        WORDS,
        data={"form_token": browser.token, **{k: [v] for k, v in {**row, "better": "x"}.items()}},
        headers={"Origin": "http://localhost"},
    )
    assert answer.status_code in {400, 409}
    assert list((tmp_path / "elsewhere").iterdir()) == []


# ---- the pack of a native reader


def test_words_and_a_librarys_rows_are_in_the_pack_and_corrections_are_taken_back(
    browser: Browser, editor: Editor, folder: Folder
) -> None:
    library = library_of(folder)
    (library / "tables").mkdir(exist_ok=True)
    header = "id,order,name_en,name_ta\n"
    (library / "tables" / "work.csv").write_text(f"{header}pot,9,Pottery,பானை\nmat,8,Mats,பாய்\n", encoding="utf-8")
    own = folder.csv("work").read_text(encoding="utf-8")
    lines = pack(browser)
    row = next(line for line in lines if line["translation"] == "பானை")
    home = next(line for line in lines if line["english"] == "Home" and line["file"] == "words/ta.po")
    assert not [line for line in lines if line["english"] == "Throw the draft away"], (
        "words of the editor itself are not"
    )
    row["better"], home["better"] = "மண்பாண்டம்", "வீடு"
    answer = take_ticked(browser, upload(browser, [row, home]))
    assert "tables/work.csv" in answer
    assert "words/ta.po" in answer
    assert folder.csv("work").read_text(encoding="utf-8").startswith(own.rstrip("\n").split("\n")[0])
    rows = {row["id"]: row for row in folder.rows("work")}
    assert (rows["pot"]["name_ta"], rows["pot"]["name_en"], rows["pot"]["order"]) == ("மண்பாண்டம்", "Pottery", 9)
    assert rows["mat"]["name_ta"] == "பாய்"
    assert folder.problems() == []
    assert "வீடு" in po(folder)
    again = upload(browser, [row, home])
    assert again.count("this text is another now") == 2, "what was taken is not taken twice"


def test_a_librarys_facts_are_not_frozen_by_a_word(editor: Editor, browser: Browser, folder: Folder) -> None:
    """A row of the district's own would hide a number that the library corrects later."""
    library = library_of(folder)
    (library / "tables").mkdir(exist_ok=True)
    (library / "tables" / "helplines.csv").write_text(
        folder.csv("helplines").read_text("utf-8").replace("112", "118"), "utf-8"
    )
    texts = list(review_pack.of_tables(editor.store, editor.schemas, "ta", missing=True))
    assert not [text for text in texts if text.file == "tables/helplines.csv" and "118" in text.place]


def test_words_of_an_added_language_are_all_there(editor: Editor) -> None:
    words = list(interface_words.all_words("", "bn"))
    assert len(words) > 500
    assert not any(any(word.current) for word in words)
    assert words[0].public


@pytest.mark.parametrize("language", ["ta", "te", "hi", "or"])
def test_tables_and_columns_are_named_and_explained_in_the_persons_language(
    editor: Editor, browser: Browser, language: str
) -> None:
    """Titles and help of the schemas come from the same catalogue as the rest of the window; no English stays."""
    browser.post("/language", language=language)
    list_page = browser.get("/tables/")
    for name, english in editor.schemas.items():
        schema, page = editor.schema_in(language, name), unescape(browser.get(f"/tables/{name}/row"))
        assert f"<h1>{schema['title']}</h1>" in page
        assert schema["title"] in unescape(list_page)
        for field, english_field in zip(schema["fields"], english["fields"], strict=True):
            for key in ("title", "description"):
                assert field[key] != english_field[key], f"{name}.{field['name']}: {key}"
                assert field[key] in page
                assert "{" not in field[key]


@pytest.mark.parametrize("language", ["ta", "te", "hi", "or"])
def test_what_is_wrong_in_a_row_is_said_in_the_persons_language_beside_its_field(
    browser: Browser, folder: Folder, language: str
) -> None:
    browser.post("/language", language=language)
    path = "/tables/helplines/row"
    cells = {
        **ROWS["helplines"][0],
        "order": "x",
        "everywhere": "maybe",
        "checked_on": "3/4/26",
        "tel": "abc",
        "number": "",
    }
    page = unescape(browser.post(path, 400, base=browser.base(f"{path}?key=112"), key="112", **cells).text)
    for english in ("is not a", "Write", "cell is empty", "does not fit", "row 2", "What it is"):
        assert english not in page
    words = staff_words.translations(language)
    assert words.gettext("this cell is empty.") in page
    assert words.gettext("Write the year with four digits.") in page
    for column in ("order", "everywhere", "checked_on", "tel", "number"):
        assert page.count(f'href="#f-{column}"') == 1, "the list above leads to it"


def test_the_history_says_what_was_saved_in_the_persons_language(browser: Browser, folder: Folder) -> None:
    form = browser.form("/pages/en/index.md")
    browser.post("/pages/en/index.md", **{**form, "text": "# index\n\nOther."})
    assert "Edit en/index.md" in browser.get("/history/")
    browser.post("/language", language="hi")
    page = browser.get("/history/")
    assert staff_words.translations("hi").gettext("Edit %(name)s") % {"name": "en/index.md"} in page
    assert "Edit en" not in page


@pytest.mark.parametrize("path", ["/tables/helplines/upload", "/review/ta/"])
def test_sending_no_file_is_said_as_that_in_the_persons_language(browser: Browser, path: str) -> None:
    browser.post("/language", language="te")
    page = browser.post(path, 400, reader="A", file=(io.BytesIO(b""), "")).text
    assert escape(staff_words.translations("te").gettext("No file was chosen.")) in page
    assert "is empty" not in page
