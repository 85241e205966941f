"""What a tired officer does with Word, Excel, WhatsApp, Notepad and a phone: each mistake is a sentence with its line."""

import os
import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sitegen.content import page_reader, pages, phone_numbers
from sitegen.content.pages import AllPages, PageSource
from sitegen.content.spreadsheets import table_reader
from sitegen.incremental import inputs
from sitegen.lint import files, keys, mistakes, visible_text
from sitegen.lint.artefacts import artefact, artefact_search, known_artefacts
from sitegen.publish import offline_card
from sitegen.publish.withdrawals import withdrawal

from forms.core import portal as portals
from forms.core.problem import Danger, Problem, Problems
from tests.sitegen.conftest import TODAY
from tests.sitegen.reader_languages import left_in_english

Case = tuple[str, str, int, str]
ROOT = Path(__file__).parents[2]
TAMIL = "சட்டம் உங்கள் பக்கம் இருக்கிறது. யாரும் உங்களைக் கட்டாயப்படுத்தக் கூடாது. "
ENGLISH = "The law is on your side. Nobody may force you to work for a debt, and nobody may keep your papers. "
FIRST = 8
"""The line on which the text of a page made by the fixture begins."""

IN_TEXT: list[Case] = [
    ("conflict", "<<<<<<< HEAD\nCall 112.\n=======\nCall 1098.\n>>>>>>> other", 0, "merge conflict"),
    ("conflict, ends only", "Call.\n>>>>>>> other", 1, "merge conflict"),
    ("conflict, indented", "Call.\n  <<<<<<< HEAD\n  112", 1, "merge conflict"),
    ("conflict, in a quote", "Call.\n\n> >>>>>>> other", 2, "merge conflict"),
    ("conflict, as a web editor saves it", "Call.\n&lt;&lt;&lt;&lt;&lt;&lt;&lt; HEAD", 1, "merge conflict"),
    ("dashes for bullets", "You can:\n\n– Call 112\n– Call 1098", 2, "a bullet of Word"),
    ("arrows for bullets", "→ Call 112", 0, "a bullet of Word"),
    ("small roman numbers", "i. First\nii. Second", 0, "a numbered line"),
    ("word bullet", "You can call:\n\n• 112 in danger\n• 1098 for a child", 2, "a bullet of Word"),
    ("word bullet with a tab", "·\tA debt that never ends", 0, "a bullet of Word"),
    ("symbol bullet", "\uf0b7 A debt", 0, "a bullet of Word"),
    ("black bullet of a phone", "Text.\n● A debt", 1, "a bullet of Word"),
    ("list without an empty line", "You can call:\n- 112 in danger\n- 1098 for a child", 1, "without an empty line"),
    ("numbers without an empty line", "Do this:\n1. First step\n2. Second", 1, "without an empty line"),
    ("starred list without an empty line", "Do this:\n* First\n* Second", 1, "without an empty line"),
    ("inner list two spaces in", "- Outer\n  - Inner", 1, "the inner list stands 2 spaces in"),
    ("inner list three spaces in", "1. Outer\n   - Inner", 1, "the inner list stands 3 spaces in"),
    ("numbers after hyphens", "- One\n- Two\n\n1. First\n2. Second", 3, "one list has numbers and hyphens"),
    ("brackets for numbers", "1) First\n2) Second", 0, "a numbered line"),
    ("letters for numbers", "a. First\nb. Second", 0, "a numbered line"),
    ("letters of a script", "அ) முதல்\nஆ) இரண்டாவது", 0, "a numbered line"),
    ("letters for numbers", "a) First\nb) Second", 0, "a numbered line"),
    ("no space after the hyphen", "-First of all\n-Second", 0, "without a space after its sign"),
    ("no space after the number", "1.First of all\n2.Second", 0, "without a space after its sign"),
    ("space in a link", "Read [your rights] (index.md).", 0, "a link stands there that is none"),
    ("brackets the wrong way round", "Read (your rights)[index.md].", 0, "a link stands there that is none"),
    ("two square brackets", "Read [your rights][index.md].", 0, "a link stands there that is none"),
    ("spaces in a block", "[ [ helplines ] ]", 0, "double brackets"),
    ("wide brackets of a phone", "［［ helplines ］］", 0, "double brackets"),
    ("curly brackets", "{{ helplines }}", 0, "double brackets"),
    ("escaped block", r"\[\[ helplines \]\]", 0, "double brackets"),
    ("block in tamil", "[[ உதவி எண்கள் ]]", 0, "double brackets"),
    ("link without .md", "[home](index)", 0, 'Did you mean "index.md"?'),
    ("link to .html", "[home](index.html)", 0, 'Did you mean "index.md"?'),
    ("link to www", "[NALSA](www.nalsa.gov.in)", 0, "the link goes to www.nalsa.gov.in"),
    ("backslash", r"[home](..\index.md)", 0, "which is not there"),
    ("link without language", "[help](/help/)", 0, "the link goes to /help/"),
    ("empty link", "[home]()", 0, "its round brackets are empty"),
    ("link without words", "[](index.md)", 0, "shows no words"),
    ("curly quotes in a link", "[home](“index.md”)", 0, "a quotation mark in it"),
    ("one slash", "[x](https:/nalsa.gov.in)", 0, "is no whole address"),
    ("place for an address", "[x](https://[insert-address]/help)", 0, "is no whole address"),
    ("place for an address elsewhere", "[x][y]\n\n[y]: https://[address", 2, "is no whole address"),
    ("signs that look like others", "[x](https://nalsa\u2100.gov.in)", 0, "is no whole address"),
    ("own machine", "[x](http://127.0.0.1:8000/en/)", 0, "is there for this machine only"),
    ("tracked link", "[x](https://www.google.com/url?q=https://a.example/)", 0, "would learn who reads here"),
    ("bare address", "See https://nalsa.gov.in/help.", 0, "the address https://nalsa.gov.in/help stands there as words"),
    ("bare address in capitals", "- HTTPS://NALSA.GOV.IN", 0, "the address HTTPS://NALSA.GOV.IN stands there as words"),
    ("bare www", "Go to www.nalsa.gov.in (free)", 0, "Write it like <https://www.nalsa.gov.in>."),
    ("bare mail", "Write to legal.aid@nalsa.gov.in.", 0, "the mail address legal.aid@nalsa.gov.in stands there as words"),
    ("bare in a box", '!!! note "A"\n    See https://nalsa.gov.in', 1, "stands there as words"),
    ("mail without @", "[x](mailto:office)", 0, "is no mail address"),
    ("letters in a number", "[x](tel:helpline)", 0, "is no number that a phone can call"),
    ("dead part here", "[x](#what-to-do)", 0, "has no such heading"),
    ("dead part there", "[x](index.md#rights)", 0, "content/en/index.md has no such heading"),
    ("dead part by address", "[x](/en/#rights)", 0, "content/en/index.md has no such heading"),
    ("dead part of another language", "[x](/ta/#rights)", 0, "content/ta/index.md has no such heading"),
    ("box without straight quotes", "!!! note “Before”\n    Text.", 0, "a box stands there that is none"),
    ("unknown box", '!!! dangr "Before"\n    Text.', 0, 'Did you mean "danger"?'),
    ("empty box", '!!! note "Before"\n\nText.', 0, "this box is empty"),
    ("indented paragraph", "One.\n\n    Two is indented.", 2, "program text"),
    ("tab before a paragraph", "One.\n\n\tTwo is indented.", 2, "program text"),
    ("indented heading", "One.\n\n ## Two", 2, "a heading stands there that is none"),
    ("underlined", "Important\n-----", 1, "makes a heading of it"),
    ("heading without words", "Text.\n\n##\n\nMore.", 2, "a heading without words"),
    ("bold left open", "Call **112 now.", 0, "signs for bold"),
    ("chat's struck words", "It was ~wrong~ ~~gone~~.", 0, "signs for bold"),
    ("button by itself", "[home](index.md) { .button }", 0, "a mark like { .button }"),
    ("table without its second line", "| a | b |\n| 1 | 2 |", 0, "a table stands there that is none"),
    ("program text", "```\nx", 0, "signs of program text"),
    ("escaped space", "Call&amp;nbsp;112", 0, "a sign stands there as program text"),
    ("escaped tag", "Text&lt;br&gt;More", 0, "HTML stands there as text"),
    ("word's own html", '<p class="MsoNormal">Text</p>', 0, "pasted from Word"),
    ("word's own tag", "Text<o:p></o:p>", 0, "pasted from Word"),
    ("office comment", "<!--StartFragment-->Text", 0, "pasted from Word"),
    ("cells run together", "Name\tAge\tVillage", 0, "cells of a spreadsheet"),
    ("excel's error", "The number is #REF! now.", 0, "an error of a spreadsheet"),
    ("narrow column", "On ######## we met.", 0, "an error of a spreadsheet"),
    ("shortened number", "Call 9.18E+11 now.", 0, "its digits are lost"),
    ("lost letters", "The word ?????? is Tamil.", 0, "letters were lost"),
    ("replacement sign", "The word \ufffd\ufffd is Tamil.", 0, "letters were lost"),
    ("garbled", "The owner\u00e2\u20ac\u2122s papers", 0, "letters were garbled"),
    ("invisible signs", "Call \u202a+91 44 1234\u202c.", 0, "invisible signs"),
    ("space of no width", "Ca\u200bll 112.", 0, "invisible signs"),
    ("formula of a number", "=112", 0, "an error of a spreadsheet"),
    ("gap", "Call XXXX for help.", 0, "a gap stands there"),
    ("to do", "TODO ask the collector", 0, "a gap stands there"),
    ("chat", "[25/11/26, 10:15 AM] Ravi Kumar: they keep us here", 0, "a chat message with its sender"),
    ("chat of another phone", "25/11/2026, 22:15 - Ravi: they keep us here", 0, "a chat message with its sender"),
    ("media of a chat", "&lt;Media omitted&gt;", 0, "words of a chat program"),
    ("forwarded", "Forwarded\n\nThey keep us here.", 0, "words of a chat program"),
    ("pasted twice", f"{ENGLISH}\n\nMore.\n\n{ENGLISH}", 4, "these words stand twice"),
    ("small pictures for bullets", "You can:\n\n✅ Call 112\n👉 Call 1098", 2, "lines that begin with small pictures"),
    ("keys of a phone for numbers", "1️⃣ First\n2️⃣ Second", 0, "lines that begin with small pictures"),
    ("digits in rings", "① First\n② Second", 0, "lines that begin with small pictures"),
    ("square bullet", "■ A debt", 0, "a bullet of Word"),
    ("one hyphen below a line", "Important\n-\n\nMore.", 1, "makes a heading of it"),
    ("box of another program", "::: note\nText.\n:::", 0, "a box stands there that is none"),
    ("mark of another program", "{% include help %}", 0, "a mark of another program"),
    ("box to tick", "- [ ] Ask for a copy\n- [x] Keep it", 0, "a box to tick"),
    ("name of a small picture", "Call :phone: 112.", 0, "the name of a small picture"),
    ("program that writes texts", "Sure! Here is the translation:\n\nText.", 0, "a program that writes texts"),
    ("program's excuse", "As an AI language model, I cannot.", 0, "a program that writes texts"),
    ("program's sources", "The law says so【4:0†source】.", 0, "a program that writes texts"),
    ("aadhaar", "Ask for 2345 6789 0123.", 0, "Aadhaar or PAN"),
    ("pan", "Her card is ABCPK1234F.", 0, "Aadhaar or PAN"),
    ("gap in square brackets", "Call [phone number] of [District name].", 0, "a gap stands there"),
    ("gap in curly brackets", "The police of {district}.", 0, "a gap stands there"),
    ("gap of a sample", "Your text here.", 0, "a gap stands there"),
    ("heap of accents", "T\u0301\u0302\u0303\u0304ext.", 0, "heaps of accents"),
    ("marked link", "[x](https://a.example/b?utm_source=chatgpt.com)", 0, "says where its reader came from"),
    ("marked link of an app", "[x](https://a.example/b?c=d&fbclid=x)", 0, "says where its reader came from"),
    ("second main heading", "Text.\n\n# Another\n\nText.", 2, "is a second main heading"),
    ("heading without letters", "## 😀\n\nText.", 0, "has no letters"),
    ("heading of dots", "## ...\n\nText.", 0, "has no letters"),
    ("endless heading", f"## {'word ' * 80}\n\nText.", 0, "has 399 letters"),
    ("rank left out", "#### Deep\n\nText.", 0, "skips a rank"),
    ("tamil in english", TAMIL * 2, -1, "is not written in the script of en"),
]  # fmt: skip


def library(text: str = "Text.", language: str = "en", **meta: Any) -> AllPages:
    """A home page in two languages and one page, without a file."""
    source = {
        code: {"index.md": PageSource("index.md", code, {"title": "Home"}, "# Home\n\n## Help\n\nText.", FIRST - 2)}
        for code in ("en", "ta")
    }
    page = PageSource("page.md", language, {"title": "Page", **meta}, f"\n# Page\n\n{text}\n", FIRST - 3)
    source[language]["page.md"] = page
    return AllPages(source)


def problems_in(text: str, language: str = "en") -> list[Problem]:
    """What is said of a page with this text."""
    one = library(text, language)
    return list(mistakes.of_page(one.by_language[language]["page.md"], one, ROOT, "https://x.example"))


@pytest.mark.parametrize(
    ("text", "line", "sentence"), [case[1:] for case in IN_TEXT], ids=[case[0] for case in IN_TEXT]
)
def test_a_mistake_in_a_page_is_said_with_its_line(text: str, line: int, sentence: str) -> None:
    place = "content/en/page.md" + (f", line {FIRST + line}: " if line >= 0 else ": ")
    found = [problem for problem in problems_in(text) if sentence in str(problem)]
    assert found, problems_in(text)
    assert str(found[0]).startswith(place)
    assert found[0].todo
    assert left_in_english(found) == []


FINE = [
    "You can call:\n\n- 112 in danger\n- 1098 for a child\n    - at any hour\n",
    "1. First step\n\n2. Second step\n\nA line between.\n\n- One\n- Two",
    "[home](index.md){ .button }\n\n## What to do\n\n[x](#what-to-do) [y](/en/page/#what-to-do) [z](#main)",
    '!!! danger "Before you sign"\n    Ask [112](tel:112).\n\n    - One\n    - Two',
    "He said: “Help!!! Who is it???” – and left – (they called it “help”).",
    "Under section 143(2) [BNS] of 2023; from 5) to 7.",
    "| a | b |\n| --- | --- |\n| 1 | 2 |",
    "- **112**: in danger\n- *1098*: for a child\n\n*All are free.*",
    "Question\n:   Answer, and more of it.",
    "[NALSA](https://nalsa.gov.in/a_(b)?c=d#e) [mail](mailto:a@b.example) [map](geo:13.1,79.9)",
    "௧. ஒன்று\n௨. இரண்டு",
    "2 * 3 = 6, 5 < 6 & 7 > 6.",
    "[[ helplines ]]\n- One\n- Two",
    "☎ Call 112.\n\n✅ Keep a copy.",
    "## One\n\n### Two\n\nText.\n\n## Three\n\nText.",
    "Her receipt is 1234 5678 9012 3456 7890 [name changed], at 10:30: be there.",
    "[x](https://a.example/b?page=2&source=3)",
    "See <https://nalsa.gov.in> or <office@a.example>, [www.nalsa.gov.in](https://www.nalsa.gov.in) or @nalsa; 5 @ 20.",
]


@pytest.mark.parametrize("text", FINE)
def test_what_is_right_is_left_alone(text: str) -> None:
    assert [str(problem) for problem in problems_in(text)] == []


def test_the_demonstration_content_has_no_mistake() -> None:
    every, problems = page_reader.read_all(ROOT / "content", ("en", "ta", "te", "hi", "or"))
    assert not problems
    rows = table_reader.read_tables(ROOT / "content" / "tables", ROOT / "site" / "schemas")
    every = phone_numbers.fill_library(every, phone_numbers.numbers_by_id(rows["helplines"]))
    for page in (page for by_name in every.by_language.values() for page in by_name.values()):
        assert [str(one) for one in mistakes.of_page(page, every, ROOT, "https://x.example")] == []


FRONT_MATTER: list[tuple[str, str, str]] = [
    ("no frame", "title: Rights\nchanged: 2026-01-01\n\n# Rights\n", "line 1: the line --- above the first key is missing"),
    ("not closed", "---\ntitle: Rights\nchanged: 2026-01-01\n\n# Rights\n", "line 4: the line --- below the last key"),
    ("long dash above", "—\ntitle: Rights\n—\n\n# Rights\n", 'line 1: "—" stands where --- belongs'),
    ("long dash below", "---\ntitle: Rights\n—-\n\n# Rights\n", 'line 3: "—-" stands where --- belongs'),
    ("two hyphens", "--\ntitle: Rights\n--\n\n# Rights\n", 'line 1: "--" stands where --- belongs'),
    ("four hyphens below", "---\ntitle: Rights\n----\n\n# Rights\n", 'line 3: "----" stands where --- belongs'),
    ("empty line first", "\n---\ntitle: Rights\n---\n# Rights\n", "line 1: something stands before ---"),
    ("space first", " ---\ntitle: Rights\n---\n# Rights\n", "line 1: something stands before ---"),
    ("empty file", "\n\n", "is empty"),
    ("nothing at all", "# Rights\n\nText.", "has no front matter"),
    ("tab", "---\ntitle:\tRights: all\n---\n# Rights\n", "line 2: a tab stands there"),
    ("tab before", "---\n\ttitle: Rights\n---\n# Rights\n", "line 2: a tab stands there"),
    ("colon", "---\ntitle: Rights: all of them\n---\n# Rights\n", "line 2: a second colon stands in the text"),
    ("curly quotes", "---\ntitle: “Rights”\n---\n# Rights\n", "line 2: curly quotation marks"),
    ("curly single quotes", "---\ntitle: ‘Rights’\n---\n# Rights\n", "line 2: curly quotation marks"),
    ("quote left open", '---\ntitle: "Rights\nchanged: 2026-01-01\n---\n# Rights\n', "line 2: a quotation mark is not closed"),
    ("quotes inside", '---\ntitle: "The "free" lawyer"\n---\n# R\n', "line 2: a quotation mark stands within"),
    ("no space", "---\ntitle:Rights\n---\n# Rights\n", "line 2: the space after the colon is missing"),
    ("equals", "---\ntitle = Rights\n---\n# Rights\n", "line 2: an equals sign stands where the colon belongs"),
    ("wide colon", "---\ntitle：Rights\n---\n# Rights\n", "line 2: another sign stands where the colon belongs"),
    ("space of Word", "---\ntitle:\u00a0Rights\n---\n# Rights\n", "line 2: a space of another kind"),
    ("hash", "---\ntitle: #1 right\n---\n# Rights\n", "line 2: nothing after # counts"),
    ("bracket", "---\ntitle: [Rights\n---\n# Rights\n", "line 2: the text begins with ["),
    ("at sign", "---\ntitle: @police\n---\n# Rights\n", "line 2: the text begins with @"),
    ("number sign", "---\ntitle: Right #1\n---\n# Rights\n", "line 2: nothing from # on counts: readers would not see #1."),
    ("no such day", "---\ntitle: Rights\nchanged: 2026-13-45\n---\n# R\n", 'line 3: "2026-13-45" is not a day'),
    ("indented", "---\nchanged: 2026-01-01\n title: Rights\n---\n# R\n", "line 3: the line begins with a space"),
    ("capital", "---\nTitle: Rights\n---\n# Rights\n", 'has no title. "Title" is no key here'),
    ("misspelt", "---\ntitel: Rights\n---\n# Rights\n", 'has no title. "titel" is no key here'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"), [case[1:] for case in FRONT_MATTER], ids=[case[0] for case in FRONT_MATTER]
)
def test_mistakes_in_front_matter_are_told_apart(text: str, sentence: str) -> None:
    with pytest.raises(Problem) as error:
        page_reader.split_front_matter(text, "content/ta/rights.md")
    assert f"content/ta/rights.md{', ' if sentence.startswith('line') else ': '}{sentence}" in str(error.value)
    assert error.value.todo
    assert left_in_english([error.value]) == []


@pytest.mark.parametrize(
    "value", ["&a [*a]", "&a {b: *a}", "&a [[[*a]]]", r'"\ud800"', r'"\0"', r'"a\x07"', r'"\uFFFF"']
)
@pytest.mark.parametrize("key", ["title", "description", "anything"])
def test_a_value_that_no_file_can_hold_is_a_sentence(
    folder: Any, refusal: Callable[[], str], key: str, value: str
) -> None:
    folder.page("page", **{key: value})
    assert refusal().startswith("content/en/page.md")


@pytest.mark.parametrize("title", ["'  '", r'"\n"', '"\u00a0"'])
def test_a_title_of_spaces_is_none(folder: Any, refusal: Callable[[], str], title: str) -> None:
    folder.page("page", title=title)
    assert "content/en/page.md: has no title" in refusal()


FILES: list[tuple[str, str]] = [
    ("en/rights - Copy.md", "is a copy, or a second version"),
    ("en/rights (1).md", "is a copy, or a second version"),
    ("en/Copy of rights.md", "is a copy, or a second version"),
    ("en/rights-old.md", "is a copy, or a second version"),
    ("en/rights (conflicted copy 2026-11-01).md", "is a copy, or a second version"),
    ("en/rights.md.orig", "is a copy, or a second version"),
    ("en/rights.md.bak", "is a copy, or a second version"),
    ("en/rights.md.txt", "is no page: its name does not end in .md"),
    ("en/rights.MD", "is no page: its name does not end in .md"),
    ("en/rights.docx", "is no page: its name does not end in .md"),
    ("en/minutes.pdf", "is no page: its name does not end in .md"),
    ("en/New Page.md", 'has "New Page" in its name'),
    ("en/Rights.md", 'has "Rights" in its name'),
    ("ta/உரிமைகள்.md", "in its name, which becomes its address"),
    ("en/con.md", "has a name that Windows keeps for itself"),
    ("en/aux/rights.md", "has a name that Windows keeps for itself"),
    ("media/photos/Nul.jpg", "has a name that Windows keeps for itself"),
    ("en/participants.xlsx", "is no page, and is published nowhere"),
    ("en/photo.JPG", "lies among the pages"),
    ("en/voice.m4a", "lies among the pages"),
    ("tables/events.xlsx", "is a workbook, which nothing reads: the site shows events.csv"),
    ("tables/events.ODS", "is a workbook"),
    ("tables/events.CSV", "is no table: its name does not end in .csv"),
    ("tables/events.csv.txt", "is no table: its name does not end in .csv"),
    ("tables/events (1).csv", "is a copy, or a second version"),
    ("media/x.HEIC", "is no kind of picture that a page can show"),
    ("media/meeting.mp4", "is a film that no row of consents.csv names, so it is published nowhere"),
    ("media/meeting.mp3", "is a recording outside its folder"),
    ("media/x.jpg.bak", "is a copy, or a second version"),
    ("media/form.pdf", "is neither picture nor recording"),
    ("notes.txt", "is nothing that the site is made from"),
    ("ml/index.md", "lies in the folder ml, which nothing reads"),
]


@pytest.mark.parametrize(("name", "sentence"), FILES)
def test_a_file_that_has_no_place_is_named(tmp_path: Path, name: str, sentence: str) -> None:
    path = tmp_path / "content" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    [problem] = files.problems(tmp_path / "content", ("en", "ta"))
    assert str(problem).startswith(f"content/{name}: {sentence}") or sentence in str(problem)
    assert problem.todo
    assert left_in_english([problem]) == []


PASSED_OVER = """
en/~$rights.docx en/.DS_Store en/Thumbs.db en/desktop.ini en/._rights.md en/.rights.md.swp en/rights.md~ en/#rights.md#
tables/~$events.xlsx tables/.~lock.events.csv# tables/._events.csv media/._photo.jpg media/audio/ta/._rights.m4a
media/.DS_Store en/.git/rights.md en/~WRL0003.tmp __MACOSX/en/rights.md
"""


def test_what_systems_and_editors_leave_is_passed_over(folder: Any) -> None:
    for name in PASSED_OVER.split():
        path = folder.root / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0\5\x16\7")
    assert folder.problems() == []


KEYS: list[tuple[str, dict[str, Any], str]] = [
    ("ta", {"reviewd_by": "A"}, 'reviewd_by: there is no such key, so nothing reads it. Did you mean "reviewed_by"?'),
    ("en", {"Description": "x"}, 'Description: there is no such key, so nothing reads it. Did you mean "description"?'),
    ("en", {"layout": "post"}, "layout: there is no such key"),
    ("en", {"source_changed": date(2026, 1, 1)}, "source_changed: this key is one of translations"),
    ("ta", {"changed": date(2026, 1, 1)}, "changed: this key is one of the English page"),
    ("en", {"sensitive": "ja"}, 'sensitive: "ja" is neither true nor false'),
    ("en", {"composite": "false"}, 'composite: "false" is neither true nor false'),
    ("en", {"title": True}, 'title: "True" is read as something else than a text'),
    ("en", {"title": date(2026, 1, 1)}, 'title: "2026-01-01" is read as something else than a text'),
    ("en", {"title": 1.5}, 'title: "1.5" is read as something else than a text'),
    ("ta", {"reviewed_by": date(2026, 1, 1)}, 'reviewed_by: "2026-01-01" is read as something else than a text'),
    ("en", {"quotes": "publised"}, 'quotes: "publised" is not what this key may say'),
    ("en", {"quotes": True}, 'quotes: "True" is not what this key may say'),
    ("en", {"title": "😀"}, 'title: "😀" has no letters'),
    ("ta", {"title": "..."}, 'title: "..." has no letters'),
    ("en", {"title": "w" * 420}, "has 420 letters. Write at most 120"),
    ("en", {"description": "word " * 80}, "has 400 letters. Write at most 300"),
    ("en", {"changed": date(2062, 1, 1)}, "changed: 2062-01-01 is still to come"),
]


@pytest.mark.parametrize(("language", "meta", "sentence"), KEYS)
def test_a_key_that_nothing_reads_or_that_holds_something_else(
    language: str, meta: dict[str, Any], sentence: str
) -> None:
    one = library("Text.", language, **meta)
    found = [*keys.problems(one.by_language[language]["page.md"], one, TODAY)]
    assert [problem for problem in found if sentence in str(problem)], found
    assert left_in_english(found) == []


def translation_problems(english: str, tamil: str, made_from: date = date(2026, 1, 1)) -> list[str]:
    """What is said of a translation."""
    one = library(english, "en", changed=date(2026, 1, 1))
    page = PageSource(
        "page.md", "ta", {"title": "Page", "source_changed": made_from}, f"\n# Page\n\n{tamil}\n", FIRST - 3
    )
    one.by_language["ta"]["page.md"] = page
    every = [*mistakes.of_page(page, one, ROOT, "https://x.example"), *keys.problems(page, one, TODAY)]
    assert left_in_english(every) == []
    return [*map(str, every), *mistakes.warnings(one)]


@pytest.mark.parametrize(
    ("english", "tamil", "sentence"),
    [
        ("## One\n\nText.\n\n## Two\n\nText.", "## ஒன்று\n\nText.", "a section is lost: the English has 2 sections, this page 1"),
        ("Text.\n\n[[ helplines ]]", "Text.", "[[ helplines ]] is lost: the English has it"),
        ("Text.\n\n[[ helplines: danger ]]", "Text.\n\n[[ helplines ]]", "[[ helplines: danger ]] is lost"),
        ('Text.\n\n!!! danger "X"\n    Text.', "Text.", "the English has 1 box, this page 0"),
        ("Text.", ENGLISH, "is not written in the script of ta"),
        ("Text.", f"{TAMIL * 3}\n\n{ENGLISH}", "this paragraph is not written in the script of ta"),
        ("Text.", "# நமது\n\nrpj;jk; cq;fs; gf;fk; ,Uf;fpwJ ahUk; cq;fis fl;lhag;gLj;jf; $lhJ", "in the script of ta"),
    ],
)  # fmt: skip
def test_a_translation_that_is_none(english: str, tamil: str, sentence: str) -> None:
    assert [
        line
        for line in translation_problems(english, tamil)
        if line.startswith("content/ta/page.md") and sentence in line
    ]


def test_a_translation_made_from_an_english_that_is_still_to_come() -> None:
    [warning] = translation_problems("Text.", "Text.", date(2026, 5, 5))
    assert warning.startswith(
        "content/ta/page.md, source_changed: 2026-05-05 is after the last change of the English, 2026-01-01"
    )
    assert translation_problems("Text.", "Text.") == []


def test_a_translation_that_says_it_is_older_may_lack_what_came_since() -> None:
    assert translation_problems("## One\n\nText.\n\n## Two\n\nText.", "## ஒன்று\n\nText.", date(2025, 1, 1)) == []


def test_a_main_heading_stands_above_all_others() -> None:
    one = library()
    page = PageSource("page.md", "en", {"title": "Page"}, "\n## Before\n\nText.\n\n# Page\n\nText.\n", FIRST - 3)
    sentences = [str(problem) for problem in mistakes.of_page(page, one, ROOT, "https://x.example")]
    assert sentences == [
        'content/en/page.md, line 10: the main heading "Page" does not come first. '
        "Begin the page with it, and write ## before all others."
    ]


def test_the_number_of_a_card_endangers() -> None:
    assert all(
        isinstance(problems_in(text)[0], Danger) for text in ("2345 6789 0123.", "2345-6789-0123.", "ABCPK1234F.")
    )


def test_a_chat_message_with_its_sender_endangers() -> None:
    [problem] = problems_in("[25/11/26, 10:15 AM] Ravi Kumar: they keep us here")
    assert isinstance(problem, Danger)


def test_a_table_in_two_versions_is_one_sentence_with_its_line(folder: Any, refusal: Any) -> None:
    path = folder.csv("helplines")
    path.write_text(f"{path.read_text(encoding='utf-8')}<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> other\n", encoding="utf-8")
    assert refusal().startswith("content/tables/helplines.csv, line 3: two versions of the file stand here")


def test_what_a_spreadsheet_left_in_a_cell_and_a_campaign_without_a_row(folder: Any) -> None:
    folder.row("signs", more_en="Ask #REF! now")
    folder.page("campaigns/new")
    found = problems_of(folder)
    sentences = [*map(str, found)]
    assert any(
        "content/tables/signs.csv, row 2, column more_en: an error of a spreadsheet" in line for line in sentences
    )
    assert any(
        line.startswith("content/en/campaigns/new.md: no row of content/tables/campaigns.csv") for line in sentences
    )
    assert left_in_english(found) == []


def test_every_file_that_is_neither_page_nor_medium_is_named(folder: Any) -> None:
    names = [
        "en/participants.xlsx",
        "en/minutes.pdf",
        "en/Thumbs.db",
        "en/x.jpg",
        "media/x.HEIC",
        "media/a.mp4",
        "media/x.jpg.bak",
    ]
    for name in names:
        path = folder.root / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"kept private")
    assert len(folder.problems()) == len(names) - 1  # Thumbs.db is the system's, and passed over


@pytest.mark.parametrize("name", ["search", "search/words", "tablet", "tablet/how"])
@pytest.mark.parametrize("language", ["en", "or"])
def test_a_page_where_the_build_writes_its_own_files_is_named(folder: Any, name: str, language: str) -> None:
    folder.page(name, language=language)
    top = name.partition("/")[0]
    sentence = f"content/{language}/{name}.md: would have an address below {top}/, where the program writes"
    assert any(each.startswith(sentence) for each in folder.problems())


def test_every_folder_that_the_build_writes_beside_pages_is_known(folder: Any, kept_pictures: None) -> None:
    """But events/, whose pages must be named like a row of events.csv."""
    folder.page("searching", "A page of the staff's.")
    names = {path.name for path in (folder.build() / "en").iterdir() if path.is_dir()}
    assert names == {"searching", "events", *pages.GENERATED_FOLDERS}


def test_a_page_below_another_may_be_called_search_and_stands_on_the_card(folder: Any, kept_pictures: None) -> None:
    folder.page("help", "[How to search](help/search.md)")
    folder.page("help/search", "Type a word.")
    card = folder.root / "card.zip"
    offline_card.write(folder.build(), card, portals.read(folder.root / ".build" / "portal.json"))
    with zipfile.ZipFile(card) as packed:
        names = packed.namelist()
    assert "en/help/search/index.html" in names
    assert not [name for name in names if name.startswith(("en/search/", "en/tablet/"))]


def test_a_link_to_an_address_that_only_begins_like_a_folder_of_the_build_is_named(folder: Any) -> None:
    folder.page("rights", "[Old](/en/events-old/) and [new](/en/tablets/), [all](/en/events/), [keep](/en/tablet/).")
    found = [each for each in folder.problems() if "which is not there" in each]
    assert [re.findall(r"goes to (\S+),", each)[0] for each in found] == ["/en/events-old/", "/en/tablets/"]


def test_a_film_that_tells_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "visit.mp4").write_bytes(b"moov udta \xa9xyz +13.1439+079.9083/")
    [problem] = files.problems(tmp_path, ("en",), {"visit.mp4"})
    assert "holds the place" in str(problem)
    (tmp_path / "media" / "visit.mp4").write_bytes(b"moov udta")
    assert list(files.problems(tmp_path, ("en",), {"visit.mp4"})) == []


PAGE = "---\ntitle: A\nchanged: 2026-01-01\n---\n\n# A\n\nText.\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>'
ODD_FILES: list[tuple[str, str, bytes, str]] = [
    ("UTF-16 page", "en/a.md", PAGE.encode("utf-16"), "content/en/a.md: has letters that are not UTF-8"),
    ("Latin-1 page", "en/a.md", PAGE.replace("Text", "T\xe9").encode("latin-1"), "has letters that are not UTF-8"),
    ("NUL in a page", "en/a.md", PAGE.replace("Text", "Te\0xt").encode(), "line 8: a sign stands there that is no letter"),
    ("NUL in front matter", "en/a.md", PAGE.replace("title: A", "title: A\0").encode(), "line 2: a sign stands there that"),
    ("escape sequence", "en/a.md", PAGE.replace("Text", "\x1b[31m").encode(), "line 8: a sign stands there that is no"),
    ("endless page", "en/a.md", (PAGE + "x " * 150_000).encode(), "A page may have 200,000"),
    (
        "list 300 levels deep",
        "en/a.md",
        (PAGE + "".join(f"{'    ' * n}- item\n" for n in range(300))).encode(),
        "line 29: the list is nested too deeply",
    ),
    ("list of 900 levels in one line", "en/a.md", (PAGE + "- " * 900 + "x").encode(), "line 9: the list is nested"),
    ("row of brackets", "en/a.md", (PAGE + "[" * 20_000).encode(), "line 9: a long row of [ stands there"),
    ("empty page", "en/a.md", b"", "content/en/a.md: is empty"),
    ("two addresses in one", "en/a/index.md", PAGE.encode(), "content/en/a/index.md: would have the address of a.md"),
    ("line break in a name", "en/a\nb.md", PAGE.encode(), "content/en/a?b.md: has a name that cannot be read"),
    ("bytes for a title", "en/a.md", PAGE.replace(": A", ": !!binary aGk=").encode(), "title: \"b'hi'\" is read as"),
    ("set for a title", "en/a.md", PAGE.replace(": A", ": !!set {a}").encode(), "is read as something else than a text"),
    ("damaged table", "tables/signs.csv", b"id,order\r\na\0b,1\r\n", "signs.csv, row 2: holds signs that are no letters"),
    ("UTF-16 table", "tables/signs.csv", "id,order".encode("utf-16"), "signs.csv: is saved as UTF-16"),
    ("another program's table", "tables/signs.csv", b"id\n" + b"x\n" * 6000, "signs.csv: has 6,000 rows, and a table may"),
    ("page of a web server", "tables/signs.csv", b"<html><body>Not found</body></html>", "content/tables/signs.csv"),
    ("empty table", "tables/signs.csv", b"", "content/tables/signs.csv: is empty"),
    ("UTF-16 settings", "portal.yml", "a: 1".encode("utf-16"), "content/portal.yml: has letters that are not UTF-8"),
    ("nested settings", "portal.yml", b"a: " + b"[" * 1000, "content/portal.yml: cannot be read"),
    ("list for settings", "portal.yml", b"- a\n", "content/portal.yml: district is missing"),
    ("nested memory", "translations.json", b"[" * 100_000, "content/translations.json: cannot be read"),
    ("nested addresses", "addresses.json", b"[" * 100_000, "content/addresses.json: cannot be read"),
    ("bytes for addresses", "addresses.json", b"\xff\xfe\0", "content/addresses.json: cannot be read"),
    ("drawing that is none", "media/x.svg", b"<svg", "content/media/x.svg: cannot be read as a drawing"),
    ("drawing in no encoding", "media/x.svg", b'<?xml version="1.0" encoding="klingon"?>' + SVG.encode("utf-16"), "cannot be"),
    ("hidden entities", "media/x.svg", ('<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG).encode("utf-16"), "cannot be read as a"),
    ("words for a size", "media/x.svg", SVG.replace("0 0 9 9", "a b").encode(), 'has "a b" as its viewBox'),
    ("no size", "media/x.svg", SVG.replace("0 0 9 9", "0 0 0 0").encode(), 'has "0 0 0 0" as its viewBox'),
    ("endless size", "media/x.svg", SVG.replace("0 0 9 9", "0 0 nan inf").encode(), 'has "0 0 nan inf" as its viewBox'),
    ("file for a folder", "media/audio", b"x", "content/media/audio: is neither picture nor recording"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "sentence"), [case[1:] for case in ODD_FILES], ids=[case[0] for case in ODD_FILES]
)
def test_a_file_that_is_not_what_its_name_says_is_a_sentence(
    folder: Any, name: str, data: bytes, sentence: str
) -> None:
    path = folder.root / "content" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    assert sentence in "\n".join(sentences_of(folder))


def sentences_of(folder: Any) -> list[str]:
    """Return what check says of a folder, whether it can be read or not."""
    return [*map(str, problems_of(folder))]


def problems_of(folder: Any) -> list[Problem]:
    """Return what is wrong with a folder, whether it can be read or not."""
    try:
        return [*folder.check(TODAY).problems]
    except Problem as problem:
        return [problem]
    except Problems as problems:
        return [*problems.problems]


def loop(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(path.name)


def folder_there(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


NO_FILES: list[tuple[str, str, Any, str]] = [
    ("folder for a page", "en/a.md", folder_there, "content/en/a.md: is a folder, and named like a file"),
    ("folder for a table", "tables/signs.csv", folder_there, "content/tables/signs.csv: cannot be opened"),
    ("folder for consents", "tables/consents.csv", folder_there, "content/tables/consents.csv: cannot be opened"),
    ("folder for settings", "portal.yml", folder_there, "content/portal.yml: cannot be opened"),
    ("folder for a memory", "translations.json", folder_there, "content/translations.json: cannot be read"),
    ("folder for a picture", "media/x.svg", folder_there, "content/media/x.svg: is a folder, and named like a file"),
    (
        "link to nothing",
        "en/a.md",
        lambda path: path.symlink_to("/nowhere/a.md"),
        "en/a.md: is a link, and leads to no",
    ),
    ("link to itself", "en/a.md", loop, "content/en/a.md: is a link, and leads to no file"),
    ("table that is a loop", "tables/signs.csv", loop, "content/tables/signs.csv: cannot be opened"),
    ("settings that are a loop", "portal.yml", loop, "content/portal.yml: cannot be opened"),
    (
        "folder that holds itself",
        "en/loop",
        lambda path: path.symlink_to("."),
        "en/loop: is a link, and leads to no file",
    ),
    ("pipe", "en/a.md", os.mkfifo, "content/en/a.md: is no file that can be read"),
]


@pytest.mark.skipif(os.name != "posix", reason="links, pipes and bytes in names are there on POSIX")
@pytest.mark.parametrize(
    ("name", "make", "sentence"), [case[1:] for case in NO_FILES], ids=[case[0] for case in NO_FILES]
)
def test_what_is_no_file_is_a_sentence(folder: Any, name: str, make: Any, sentence: str) -> None:
    path = folder.root / "content" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    found = problems_of(folder)
    assert sentence in "\n".join(map(str, found))
    assert left_in_english(found) == []
    inputs.scan(folder.root)  # the watcher of `serve` looks at the same files
    withdrawal.purge(folder.root / "public", folder.root / "content", TODAY)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX")
def test_a_name_that_is_no_text_is_a_sentence_that_can_be_printed(folder: Any) -> None:
    with open(os.fsencode(folder.root / "content" / "en") + b"/\xff.md", "wb") as file:  # noqa: PTH123 - a name of bytes
        file.write(PAGE.encode())
    text = "\n".join(sentences_of(folder))
    assert "content/en/?.md: has a name that cannot be read" in text
    assert text.encode()
    assert inputs.scan(folder.root).files


def test_a_table_with_very_much_wrong_is_said_in_a_moment(folder: Any) -> None:
    folder.table("goods", *({"id": f"g{number}"} for number in range(2000)))
    assert 200 < len(sentences_of(folder)) < 400  # counted, not timed: each wrong cell takes the checking library long


def test_every_key_that_the_generator_reads_may_be_written() -> None:
    """reviewed_on was read and asked for by the handbook, and refused by check as a key that nothing reads."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "site" / "sitegen").rglob("*.py"))
    keys_read = set(re.findall(r'(?:meta\.get\(|meta\[|_text\(page, )"(\w+)"', sources))
    assert {"reviewed_on", "held"} <= keys_read
    assert keys_read - {"withdrawn", "review_ended"} <= set(keys.KEYS), "the two are written by the program alone"


def test_the_day_of_a_review_stands_in_translations_alone(folder: Any) -> None:
    folder.page("rights", reviewed_on="2026-12-01")
    folder.page("rights", language="ta", reviewed_on="2026-12-01")
    assert [line.partition(":")[0] for line in folder.problems()] == ["content/en/rights.md, reviewed_on"]
    folder.page("rights")
    folder.page("rights", language="ta", reviewed_on="2099-12-01")
    assert ["still to come" in line for line in folder.problems()] == [True]


@pytest.mark.parametrize("title", ["\u200b", "Mee\u200bting", "\u2060Meeting", "Meeting \u202egnp"])
def test_signs_that_nobody_sees_in_a_cell_are_named(folder: Any, title: str) -> None:
    folder.row("events", title_en=title)
    [problem] = folder.problems()
    assert problem.startswith("content/tables/events.csv, row 2, column title_en: invisible signs stand there")


def test_a_number_that_is_a_formula_is_named(folder: Any) -> None:
    folder.row("helplines", number="=112")
    assert any(line.startswith("content/tables/helplines.csv, row 2, column number:") for line in folder.problems())


@pytest.mark.parametrize("title", ["'Right #1'", '"Right #1"', "Right#1", "Rights in C#"])
def test_a_number_sign_that_readers_see_is_left_alone(folder: Any, title: str) -> None:
    folder.page("rights", title=title)
    assert folder.problems() == []


def test_a_day_in_quotes_is_said_to_be_in_quotes(folder: Any) -> None:
    folder.page("rights", changed='"2026-01-01"')
    assert folder.problems() == [
        'content/en/rights.md, changed: "2026-01-01" is not a day. Take the quotation marks away.'
    ]


def test_a_link_to_a_page_that_moved_is_led_where_it_moved(folder: Any) -> None:
    folder.page("rights", "[x](help-old.md)")
    folder.page("help-older")
    folder.table("moved", {"old": "help-old", "new": "index"})
    assert folder.problems() == [
        "content/en/rights.md, line 8: the link goes to help-old.md, which is not there. "
        "The page moved: link to index.md."
    ]


@pytest.mark.parametrize("name", ["rights.md", "rihgts"])
def test_a_page_in_the_menu_is_suggested_as_it_must_be_written(folder: Any, name: str) -> None:
    folder.page("rights")
    path = folder.root / "content" / "portal.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("- index", f"- index\n- {name}"), encoding="utf-8")
    assert folder.problems() == [f'content/portal.yml, menu: the page {name} is not there. Did you mean "rights"?']


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_settings_in_another_encoding_say_which_is_right(
    folder: Any, refusal: Callable[[], str], encoding: str
) -> None:
    path = folder.root / "content" / "portal.yml"
    path.write_bytes(
        path.read_text(encoding="utf-8").replace("Nobody yet", "Nobody\u00a0yet").encode(encoding, "replace")
    )
    assert refusal() == (
        "content/portal.yml: has letters that are not UTF-8. Save it as UTF-8 (in Notepad: Save as, Encoding: UTF-8)."
    )


def test_a_note_to_a_colleague_in_a_comment_is_not_published(folder: Any) -> None:
    folder.page("rights", "Text. <!-- Ravi Kumar told us -->\n\n<!--\nAsk Ravi\nKumar.\n-->\n\n[[ helplines ]]\n\nEnd.")
    page = (folder.build() / "en" / "rights" / "index.html").read_text(encoding="utf-8")
    assert "Kumar" not in page
    assert all(words in page for words in ("Text.", "End.", "tel:112"))


@pytest.mark.parametrize("cell", ['"Talk" more.', '"Talk'])
def test_a_quotation_mark_that_is_not_closed_is_named_with_its_row(
    folder: Any, refusal: Callable[[], str], cell: str
) -> None:
    path = folder.csv("events")
    path.write_text(path.read_text(encoding="utf-8").replace("Talk", cell), encoding="utf-8")
    assert refusal().startswith("content/tables/events.csv, row 2: is not well formed")


def test_pages_whose_titles_differ_only_in_how_they_are_written_are_said(folder: Any) -> None:
    for name, title in (("a", "Café rights"), ("b", "cafe\u0301  Rights"), ("c", "Other rights")):
        folder.page(name, title=title)
    warnings = [one for one in folder.check().warnings if "same title" in one]
    assert warnings == [
        "content/en/b.md, title: content/en/a.md has the same title, so that readers cannot tell them apart."
    ]


@given(st.one_of([st.tuples(st.just(sign), st.from_regex(sign.pattern)) for sign in known_artefacts.ARTEFACTS]))
def test_a_sign_is_looked_for_wherever_it_may_stand(case: tuple[artefact.Artefact, str]) -> None:
    sign, text = case
    assert not sign.letters.isdisjoint(text)


def find_by_element(html: str) -> list[tuple[artefact.Artefact, str]]:
    """Return what `visible.found` yields, without its look at a whole page first."""
    found, seen_signs = [], set()
    for part in visible_text.visible_text(html).split("\0"):
        for sign in known_artefacts.ARTEFACTS:
            if sign not in seen_signs and (match := sign.pattern.search(part.strip("\n"))):
                seen_signs.add(sign)
                found.append((sign, artefact_search.line_around(part.strip("\n"), match)))
    return found


_HTML_PIECES = ("<p>", "</p>", "<li>", "\n", " ", "\t", "- ", "1. ", "a. ", "b. ", "[", "]", "(", ")", "**", "~~~", "|", "|---", "#", "=SUM(", "&amp;nbsp;", "&lt;b",
          "word", "x.md", "://", "*", "+", "Forwarded", "TODO", "1.2E+12", "\u2022 ", "\u0967) ", "{ .a }", "!!!", "???", "01/02/26, 10:30 - A: ")  # fmt: skip


@given(st.lists(st.sampled_from(_HTML_PIECES), max_size=20).map("".join))
def test_what_a_page_shows_is_found_in_each_of_its_elements(made: str) -> None:
    assert [*artefact_search.find_artefacts(made)] == find_by_element(made)
