"""A translation is stale, and a review ends, by an edit of the text and not by a day that somebody forgot to write."""

import json
from datetime import date
from typing import Any

import pytest
from sitegen import build as site_build
from sitegen.content import page_reader, translations
from sitegen.content.pages import AllPages

TODAY = date(2027, 1, 1)
ENGLISH = "One.\n\nTwo.\n\nThree."


@pytest.fixture
def page(folder: Any) -> Any:
    """A page with a signed translation, which the program has met."""
    folder.page("rights", ENGLISH)
    folder.page("rights", "ஒன்று.", "ta", reviewed_by="A")
    site_build.remember_translations(folder.root, TODAY)
    return folder


def library(folder: Any) -> AllPages:
    content = folder.root / "content"
    pages = page_reader.read_all(content, ("en", "ta"))[0]
    return translations.mark_outdated(pages, translations.read(content))


def state(folder: Any) -> tuple[bool, bool]:
    """Return whether the Tamil page is stale, and whether it counts as reviewed."""
    pages = library(folder)
    page = pages.by_language["ta"]["rights.md"]
    return pages.is_stale(page), page.reviewed


def test_an_edit_of_the_english_makes_it_stale_and_unreviewed_with_no_day_changed(page: Any) -> None:
    assert state(page) == (False, True)
    page.page("rights", "One.\n\nTwo, changed.\n\nThree.")
    assert state(page) == (True, False)
    page.page("rights", ENGLISH)
    assert state(page) == (False, True), "the same text as before"


def test_an_edit_of_the_translation_ends_its_review(page: Any) -> None:
    page.page("rights", "ஒன்று, மாற்றப்பட்டது.", "ta", reviewed_by="A")
    assert state(page) == (False, False)
    site_build.remember_translations(page.root, TODAY)
    assert state(page) == (False, False), "meeting it again is no review"


@pytest.mark.parametrize("part", ["title", "description"])
def test_title_and_description_are_texts_too(page: Any, part: str) -> None:
    page.page("rights", ENGLISH, **{part: "Other"})
    assert state(page) == (True, False)


@pytest.mark.parametrize("text", ["One.  \n\n\nTwo.\n\nThree.\n\n", "One.\r\n\r\nTwo.\r\n\r\nThree."])
def test_spaces_and_ends_of_lines_change_nothing(page: Any, text: str) -> None:
    page.page("rights", text)
    assert state(page) == (False, True)


def test_a_new_day_says_that_the_translation_follows_and_a_new_look_that_it_was_read(page: Any) -> None:
    page.page("rights", "Other.")
    page.page("rights", "மற்றது.", "ta", source_changed="2026-12-01", reviewed_by="A")
    assert state(page) == (False, False)
    page.page("rights", "மற்றது.", "ta", source_changed="2026-12-01", reviewed_by="A", reviewed_on="2026-12-02")
    assert state(page) == (False, True)
    site_build.remember_translations(page.root, TODAY)
    assert state(page) == (False, True)
    row = json.loads((page.root / "content" / "translations.json").read_text("utf-8"))["ta/rights.md"]
    assert (row["reviewed_by"], row["reviewed_on"], row["seen_on"]) == ("A", "2026-12-02", "2027-01-01")


def test_the_paragraphs_are_named(page: Any) -> None:
    page.page("rights", "One.\n\nNew.\n\nThree.\n\nFour.")
    (edited, ended) = translations.change_messages(library(page))
    assert edited.startswith(
        "content/ta/rights.md: the English was edited since it was translated (content/en/rights.md: new or changed in "
        "line 10, 14; paragraphs gone: 1)."
    )
    assert ended.startswith("content/ta/rights.md: it or its English was edited after A reviewed it")


def test_pages_with_days_only_are_read_as_before(folder: Any) -> None:
    folder.page("rights", changed="2026-05-01")
    folder.page("rights", language="ta", source_changed="2026-04-30", reviewed_by="A")
    site_build.remember_translations(folder.root, TODAY)
    assert state(folder) == (True, True)


def test_what_cannot_be_read_is_said(page: Any) -> None:
    (page.root / "content" / "translations.json").write_text("<<<<<<< HEAD", encoding="utf-8")
    site_build.remember_translations(page.root, TODAY)
    with pytest.raises(translations.Problem, match=r"translations\.json: cannot be read"):
        page.check()


def test_readers_are_told(page: Any) -> None:
    page.page("rights", "One.\n\nTwo, changed.\n\nThree.")
    html = (page.build() / "ta" / "rights" / "index.html").read_text(encoding="utf-8")
    assert "note--stale" in html
