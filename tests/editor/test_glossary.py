"""The glossary beside a paragraph: which terms stand in it, and a hint where the translation has another word."""

import csv
import re
import time
from pathlib import Path

import pytest
from editor.translation import glossary
from editor.translation.glossary import Term

from tests.editor.conftest import Browser
from tests.sitegen.conftest import Folder

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "library" / "india"
RECEIPT, NUMBER = Term("receipt", ("ரசீது",)), Term("receipt number", ("ரசீது எண்",))
ADVANCE, PRIVACY, DESK = Term("advance", ("முன்பணம்",)), Term("Privacy", ("தனியுரிமை",)), Term("desk", ("பிரிவு", "மேசை"))
KNOWN = sorted((RECEIPT, NUMBER, ADVANCE, PRIVACY, DESK), key=lambda term: -len(term.english))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Keep the receipt.", ["receipt"]),
        ("RECEIPTS are kept.", ["receipt"]),
        ("Your receipt\nnumber, and the receipt.", ["receipt number", "receipt"]),
        ("Receipt numbers are no receipts; a receipt is.", ["receipt number", "receipt"]),
        ("The advanced desk-top of a helpdesk", []),
        ("[[ desks: faces ]] and [the text](desk.md) in `receipt`", []),
        ("[the desk](tell.md)", ["desk"]),
        ("No privacies, one advance.", ["Privacy", "advance"]),
        ("", []),
    ],
)
def test_terms_are_found_as_texts_write_them(source: str, expected: list[str]) -> None:
    assert [one.term.english for one in glossary.terms_in_paragraph(source, "", KNOWN)] == expected


@pytest.mark.parametrize(
    ("term", "translation", "missing"),
    [
        (RECEIPT, "ரசீதை வைத்திருங்கள்.", False), (RECEIPT, "சீட்டை வைத்திருங்கள்.", True), (RECEIPT, "", False),
        (ADVANCE, "முன்பணத்தை வாங்கினோம்.", False), (DESK, "மேசையில்", False), (DESK, "அலுவலகத்தில்", True),
        (NUMBER, "உங்கள் ரசீதின் எண்ணை", False), (NUMBER, "உங்கள் ரசீது", True),
    ],
)  # fmt: skip
def test_a_word_counts_in_any_case_and_nothing_is_said_of_what_is_not_translated_yet(
    term: Term, translation: str, missing: bool
) -> None:
    (term_found,) = glossary.terms_in_paragraph(f"A {term.english}.", translation, [term])
    assert (term_found.term, term_found.missing) == (term, missing)


@pytest.mark.parametrize("row", ["[[", "](", "<", "`", "[[ a "])
def test_a_long_row_of_brackets_is_read_once_and_not_from_each_of_them(row: str) -> None:
    begun = time.process_time()
    glossary.terms_in_paragraph(row * 20_000, "", KNOWN)
    assert time.process_time() - begun < 3


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def collapse_spaces(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_every_word_of_the_library_stands_in_a_translation_that_we_have_and_none_is_said_to_be_read() -> None:
    """Nothing is invented: a word is here because our pages, tables or sentences say it already."""
    for code in ("ta", "te", "hi", "or"):
        paths = [
            *(ROOT / "forms").rglob(f"i18n/{code}.po"),
            *(LIBRARY / code).rglob("*.md"),
            *(ROOT / "content" / code).rglob("*.md"),
        ]
        texts = [collapse_spaces(path.read_text(encoding="utf-8")) for path in paths]
        texts += [row.get(name) or "" for path in (LIBRARY / "tables").glob("*.csv") if path.stem != "glossary"
                 for row in rows(path) for name in row if name.endswith(f"_{code}")]  # fmt: skip
        for row in rows(LIBRARY / "tables" / "glossary.csv"):
            assert any(row[f"term_{code}"] in text for text in texts), (row["id"], code)
            assert row[f"reviewed_{code}"] == ""


def test_the_districts_word_stands_beside_the_paragraph(browser: Browser, folder: Folder) -> None:
    folder.page("rights", "Keep the receipt.\n\nThe receipt, again.")
    folder.page("rights", "சீட்டை வைத்திருங்கள்.\n\nரசீதை, மீண்டும்.", "ta")
    assert 'class="terms"' not in browser.get("/translate/ta/rights.md")
    folder.table("glossary", {"id": "receipt", "term_en": "receipt", "term_ta": "ரசீது", "note": "Not a <bill>."})
    page = browser.get("/translate/ta/rights.md")
    assert page.count('<b lang="ta">ரசீது</b>') == 2
    assert page.count("not in the translation") == 1
    assert "Not a &lt;bill&gt;." in page
    assert "No native reader has approved" in page
    form = browser.fields("/translate/ta/rights.md")
    browser.post(
        "/translate/ta/rights.md", **{**form, "title": "T", "paragraph": ["# T", "சீட்டு", "சீட்டு"], "whole": "yes"}
    )
    assert "சீட்டு" in (folder.root / "content" / "ta" / "rights.md").read_text(encoding="utf-8"), "a hint stops nobody"
