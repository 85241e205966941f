"""Any language: what is known of it, its columns, its own words, and the way it runs."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sitegen.content import settings, tables
from sitegen.content.spreadsheets import table_reader
from sitegen.languages import adding, table_schemas
from sitegen.publish import mirrored_style, old_engines
from sitegen.render.slugs import slugify

from forms.core import i18n
from forms.core.i18n import fonts, locales, own_words
from forms.core.problem import Problem, Problems

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "site" / "schemas"
NAMES = {
    "kn": "ಕನ್ನಡ", "ml": "മലയാളം", "bn": "বাংলা", "mr": "मराठी", "sat": "ᱥᱟᱱᱛᱟᱲᱤ", "ur": "اردو", "sck": "सादरी",
}  # fmt: skip
DAY = date(2027, 1, 24)


@pytest.fixture(autouse=True)
def no_own_words() -> Iterator[None]:
    yield
    i18n.set_process_words({})


def po(language: str, *messages: tuple[str, str]) -> str:
    """Return a .po file with these translations."""
    head = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Language: {language}\\n"\n\n'
    return head + "".join(f'msgid "{english}"\nmsgstr "{words}"\n\n' for english, words in messages)


@pytest.mark.parametrize(
    ("code", "script", "font"),
    [
        ("kn", "Knda", "Noto Sans Kannada"), ("ml", "Mlym", "Noto Sans Malayalam"), ("bn", "Beng", "Noto Sans Bengali"),
        ("mr", "Deva", "Noto Sans Devanagari"), ("sat", "Olck", "Noto Sans Ol Chiki"),
        ("ur", "Arab", "Noto Nastaliq Urdu"), ("sck", "Deva", "Noto Sans Devanagari"),
        ("mni-Mtei", "Mtei", "Noto Sans MeeteiMayek"), ("ks-Deva", "Deva", "Noto Sans Devanagari"),
        ("or", "Orya", "Noto Sans Oriya"), ("en", "Latn", "Noto Sans"), ("zz", "Latn", "Noto Sans"),
    ],
)  # fmt: skip
def test_every_language_has_a_script_and_its_typeface(code: str, script: str, font: str) -> None:
    assert locales.script_code(code) == script
    assert fonts.font_of(code) == font
    assert locales.direction(code) == ("rtl" if script == "Arab" else "ltr")


@pytest.mark.parametrize("code", [*NAMES, "mun", "hoc", "zz", "xx-Deva"])
def test_a_day_can_be_written_in_any_language(code: str) -> None:
    for text in (i18n.day(DAY, code), i18n.full_day(DAY, code), i18n.month("2027-01", code)):
        assert "2027" in text
    assert re.match(r"24\W", i18n.day(DAY, code)), "the day stands first, as people in India write it"
    assert i18n.months(DAY, date(2027, 3, 1), code)
    i18n.catalog(code)


def test_a_language_without_data_writes_its_days_as_its_script_is_best_known() -> None:
    assert not locales.has_data("sck")
    assert i18n.day(DAY, "sck") == i18n.day(DAY, "hi")
    assert locales.has_data("sat")


def test_days_of_the_first_five_languages_stay_as_they_were() -> None:
    assert {code: i18n.day(DAY, code) for code in ("en", "ta", "te", "hi", "or")} == {
        "en": "24 January 2027", "ta": "24 ஜனவரி, 2027", "te": "24 జనవరి, 2027", "hi": "24 जनवरी 2027",
        "or": "24 ଜାନୁଆରୀ 2027",
    }  # fmt: skip


def test_schemas_in_code_name_no_language() -> None:
    for path in sorted(SCHEMAS.glob("*.yaml")):
        names = [field["name"] for field in table_schemas.read_unexpanded(path)["fields"]]
        assert [name for name in names if re.search(r"_(en|ta|te|hi|or)$", name)] == [], path.name


def test_a_field_in_several_languages_is_a_column_in_each() -> None:
    schema = table_schemas.read(SCHEMAS / "phrases.yaml", ("en", "bn", "sck"))
    fields = {field["name"]: field for field in schema["fields"]}
    assert [name for name in fields if "_" in name] == ["name_en", "name_bn", "name_sck", "reviewed_bn", "reviewed_sck"]
    assert fields["name_en"]["constraints"]["required"]
    assert "required" not in fields["name_bn"].get("constraints", {})
    assert "Bangla" in fields["name_bn"]["description"]


def test_a_column_of_no_language_is_said(folder: Any, refusal: Any) -> None:
    folder.csv("work").write_text("id,order,name_en,name_xx\nkiln,1,Kiln,x\n", encoding="utf-8")
    assert '"name_xx" is not the column expected here.' in refusal()


def test_portal_yml_says_which_columns_there_are(folder: Any) -> None:
    folder.csv("work").write_text("id,order,name_en,name_bn\nkiln,1,Kiln,ইটভাটা\n", encoding="utf-8")
    assert "name_bn" not in folder.rows("work")[0], "a language that was taken out of portal.yml costs nothing"
    adding.add(folder.root / "content", SCHEMAS, "bn")
    rows = table_reader.read_tables(folder.root / "content" / "tables", SCHEMAS)
    assert tables.text(rows["work"][0], "name") == {"en": "Kiln", "bn": "ইটভাটা"}


def test_own_words_are_said_and_what_they_lack_stands_in_english() -> None:
    text = po("bn", ("Help numbers", "সাহায্যের নম্বর"), ("Kept on %(day)s", "%(day)s রাখা"), ("Home", ""))
    i18n.set_process_words({"bn": text})
    assert i18n.translator("bn")("Help numbers") == "সাহায্যের নম্বর"
    assert i18n.translator("bn")("Home") == "Home"
    assert i18n.has_words("bn")
    i18n.set_process_words({})
    assert i18n.translator("bn")("Help numbers") == "Help numbers"
    assert not i18n.has_words("bn")


@pytest.mark.parametrize(
    ("english", "words"),
    [
        ("Home", "<b>হোম</b>"), ("Home", "হোম&lt;"), ("Kept on %(day)s", "রাখা"), ("Home", "%(day)s"),
        ("Kept on %(day)s", "%(day)s %(other)s"), ("Kept on %(day)s", "%(day)s %"), ("See <b>it</b>", "<i>দেখুন</i>"),
        ("Help numbers", 'x\\" style=\\"display:none'), ("Home", " "), ("Home", "\u200d"), ("Home", "\u3164"), ("Home", "112."),
        ("Kept on %(day)s", "%(day)s"), ("Home", "হোম\u200b"), ("Home", "হোম\u200f"), ("Home", "হোম\U000e0041"), ("Home", "হোম\\nহোম"),
    ],
)  # fmt: skip
def test_words_that_could_act_or_break_a_page_are_left_out_and_named(english: str, words: str) -> None:
    text = po("bn", (english, words))
    assert own_words.usable_words(text, "bn") == {}
    assert [one.english for one in own_words.refused_words(text, "bn")] == [english]


@pytest.mark.parametrize("one", ["%(num)s person", "Home"])
def test_no_file_says_itself_what_the_english_of_its_plural_is(one: str) -> None:
    act = f"<a href=https://evil.example>{one}"
    text = f'{po("bn")}msgid "{one}"\nmsgid_plural "{act}"\nmsgstr[0] "{act}"\nmsgstr[1] "{act}"\n'
    assert own_words.usable_words(text, "bn") == {}
    assert [refused.english for refused in own_words.refused_words(text, "bn")] == [one]
    for code in ("bn", "ta"):
        i18n.set_process_words({code: text})
        assert "evil" not in i18n.translations(code).ngettext(one, "%(num)s people", 3) + i18n.translator(code)(one)


def test_joiners_are_spelling_and_a_language_from_right_to_left_may_say_which_way_a_sign_runs() -> None:
    assert own_words.usable_words(po("bn", ("Home", "র\u200d্যা")), "bn")
    assert own_words.usable_words(po("ur", ("Home", "گھر\u200f (1)")), "ur")
    assert not own_words.usable_words(po("ur", ("Home", "گھر\u202e")), "ur")


@pytest.mark.parametrize("code", ["ta", "te", "hi", "or"])
def test_our_own_words_keep_the_rules_of_a_districts_words(code: str) -> None:
    text = (i18n.FOLDER / f"{code}.po").read_text(encoding="utf-8")
    assert [*own_words.refused_words(text, code)] == []


def test_a_number_to_call_in_a_districts_words_is_one_of_helplines_csv(folder: Any) -> None:
    path = folder.root / "content" / "words" / "ta.po"
    path.parent.mkdir(exist_ok=True)
    path.write_text(po("ta", ("Help numbers", "அழை 112")), encoding="utf-8")
    assert folder.problems() == []
    path.write_text(po("ta", ("Help numbers", "அழை 98765 43210")), encoding="utf-8")
    assert ["98765 43210 looks like a phone number" in one for one in folder.problems()] == [True]


@pytest.mark.parametrize("text", ["msgid", "\x00", 'msgid "a"\nmsgstr[9] "b"\n', "x" * (own_words.MAX_LENGTH + 1)])
def test_a_file_of_words_that_is_none_costs_no_page(text: str) -> None:
    i18n.set_process_words({"bn": text})
    assert i18n.translator("bn")("Home") == "Home"


def test_add_language_makes_all_that_belongs_to_it_once(folder: Any) -> None:
    content = folder.root / "content"
    before = (content / "portal.yml").read_text(encoding="utf-8").splitlines()
    actions = adding.add(content, SCHEMAS, "bn")
    assert settings.language_codes(content)[-1] == "bn"
    after = (content / "portal.yml").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in before] == ['- {code: bn, voice: bn, name: "বাংলা"}']
    assert (content / "bn").is_dir()
    assert "Help numbers" in (content / "words" / "bn.po").read_text(encoding="utf-8")
    with folder.csv("signs").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert header.index("name_bn") == header.index("name_or") + 1
    assert len(actions) == 4
    assert adding.add(content, SCHEMAS, "bn") == ["bn has all its files already."]
    assert not folder.problems()


@pytest.mark.parametrize("code", list(NAMES))
def test_a_site_is_checked_with_any_language_added(folder: Any, code: str) -> None:
    adding.add(folder.root / "content", SCHEMAS, code, NAMES[code])
    folder.page("index", f"{NAMES[code]} " * 20, code, title=NAMES[code])
    assert not folder.problems()


def test_a_table_is_rewritten_as_its_spreadsheet_wrote_it(folder: Any) -> None:
    path = folder.csv("work")
    path.write_bytes('id;order;name_en;name_or\r\nkiln;1;"Kiln; hot";\r\n'.encode("utf-8-sig"))
    adding.add(folder.root / "content", SCHEMAS, "bn")
    assert path.read_bytes() == 'id;order;name_en;name_or;name_bn\r\nkiln;1;"Kiln; hot";;\r\n'.encode("utf-8-sig")


@pytest.mark.parametrize("code", ["", "B", "../x", "tables", "bengali language", "e"])
def test_what_is_no_code_adds_nothing(folder: Any, code: str) -> None:
    before = sorted(path.name for path in (folder.root / "content").rglob("*"))
    with pytest.raises(Problem):
        adding.add(folder.root / "content", SCHEMAS, code)
    assert sorted(path.name for path in (folder.root / "content").rglob("*")) == before


def state_of(content: Path) -> dict[str, bytes]:
    """Return every folder and file of content, with its bytes."""
    return {
        path.relative_to(content).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in content.rglob("*")
    }


HARMS: dict[str, Callable[[Any], object]] = {
    "cp1252": lambda folder: folder.csv("signs").write_bytes("id,name_en\r\na,Caf\u00e9\r\n".encode("cp1252")),
    "UTF-16": lambda folder: folder.csv("work").write_bytes("id\tname_en\r\n".encode("utf-16")),
    "workbook": lambda folder: folder.csv("work").write_bytes(b"PK\x03\x04"),
    "open quotation mark": lambda folder: folder.csv("work").write_text('id,name_en\na,"b\n', encoding="utf-8"),
    "empty": lambda folder: folder.csv("work").write_bytes(b""),
    "zero bytes": lambda folder: folder.csv("work").write_bytes(b"id,name_en\na,\x00\n"),
    "a file is called so": lambda folder: (folder.root / "content" / "bn").write_text("x"),
    "a file is called words": lambda folder: (folder.root / "content" / "words").write_text("x"),
    "portal.yml is no UTF-8": lambda folder: (folder.root / "content" / "portal.yml").write_bytes(b"\xff\xfe"),
    "languages in one line": lambda folder: (folder.root / "content" / "portal.yml").write_text(
        yaml.safe_dump(settings.read_settings(folder.root / "content"), default_flow_style=True, allow_unicode=True), "utf-8"
    ),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
def test_a_language_is_added_whole_or_not_at_all(folder: Any, harm: str) -> None:
    HARMS[harm](folder)
    before = state_of(folder.root / "content")
    with pytest.raises((Problem, Problems)) as error:
        adding.add(folder.root / "content", SCHEMAS, "bn")
    assert "content/" in str(error.value)
    assert state_of(folder.root / "content") == before


@pytest.mark.parametrize("write_number", range(0, 9, 2))
def test_a_disk_that_is_full_in_between_leaves_everything_as_it_was(
    folder: Any, monkeypatch: pytest.MonkeyPatch, write_number: int
) -> None:
    before, write, writes = state_of(folder.root / "content"), adding.write_durably, [write_number]

    def full(path: Path, data: bytes) -> None:
        writes[0] -= 1
        if writes[0] == -1:
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(adding, "write_durably", full)
    with pytest.raises(Problem, match="No space left on device"):
        adding.add(folder.root / "content", SCHEMAS, "bn")
    assert state_of(folder.root / "content") == before
    monkeypatch.undo()
    assert len(adding.add(folder.root / "content", SCHEMAS, "bn")) == 4


@pytest.mark.parametrize(
    "name",
    [
        'x", fallback: "y',
        "a # b",
        "'",
        "\\",
        "{{ 7 }}",
        "&a *a !!python/name:x",
        "no",
        "7",
        "\u0939",
    ],
)
def test_a_name_is_a_name_whatever_stands_in_it(folder: Any, name: str) -> None:
    content = folder.root / "content"
    before = settings.read_settings(content)
    adding.add(content, SCHEMAS, "bn", name)
    after = settings.read_settings(content)
    assert after["languages"][-1] == {"code": "bn", "voice": "bn", "name": name}
    assert {**after, "languages": after["languages"][:-1]} == before


@pytest.mark.parametrize("name", ["a\x00b", "a\u202eb", "x" * 200, " ", "a\x1b[31m", "x}\n- {code: hi"])
def test_what_nobody_could_read_is_no_name(folder: Any, name: str) -> None:
    before = state_of(folder.root / "content")
    with pytest.raises(Problem, match="name"):
        adding.add(folder.root / "content", SCHEMAS, "bn", name)
    assert state_of(folder.root / "content") == before


@pytest.mark.parametrize(
    ("declaration", "mirrored"),
    [
        ("margin-left: 1rem", "margin-right: 1rem"), ("left: .5rem", "right: .5rem"),
        ("text-align: left", "text-align: right"), ("padding: 1px 2px 3px 4px", "padding: 1px 4px 3px 2px"),
        ("padding: 1px 2px", "padding: 1px 2px"), ("border-left: 1px solid", "border-right: 1px solid"),
        ("border-radius: 50% 50% 50% 0", "border-radius: 50% 50% 0 50%"),
        ("border-radius: .2rem 1rem 1rem", "border-radius: 1rem .2rem 1rem 1rem"),
        ("transform: rotate(-45deg)", "transform: rotate(45deg)"), ("color: red", "color: red"),
        ("transform: translateX(1px)", "transform: translateX(-1px)"),
        ("scroll-margin-left: 2px", "scroll-margin-right: 2px"),
        ("margin: 0 calc(1px + (2px * 2)) 0 3px", "margin: 0 3px 0 calc(1px + (2px * 2))"),
    ],
)  # fmt: skip
def test_sides_are_exchanged_for_languages_from_right_to_left(declaration: str, mirrored: str) -> None:
    assert mirrored_style.mirror(f"a {{ {declaration}; }}").startswith(f"a {{ {mirrored}; }}")


def test_the_whole_stylesheet_mirrors_and_mirrors_back() -> None:
    def once(css: str) -> str:
        return mirrored_style.mirror(css).removesuffix(mirrored_style.RULES)

    plain = old_engines.lower((ROOT / "site" / "assets" / "portal.css").read_text(encoding="utf-8"))
    mirrored = once(plain)
    assert mirrored != once(mirrored)
    assert once(once(mirrored)) == mirrored


def test_a_script_that_is_younger_than_this_python_has_letters(folder: Any) -> None:
    """Nag Mundari came with Unicode 15: for Python 3.11 nothing stands there."""
    mundari = "\U0001e4db\U0001e4de\U0001e4e2"
    settings_file = folder.root / "content" / "portal.yml"
    adding.add(folder.root / "content", SCHEMAS, "unr", mundari)
    assert mundari in settings_file.read_text(encoding="utf-8")
    folder.page("help", f"## {mundari}\n\nText.", language="unr", title=mundari)
    assert not [one for one in folder.problems() if "no letters" in one]
    assert slugify(f"{mundari} {mundari}", "-") == f"{mundari}-{mundari}"
    assert own_words.usable_words(po("unr", ("Home", mundari)), "unr")
