"""Words are found by their skeleton, and a phone fetches little to find them."""

import json
from typing import Any

import pytest
from sitegen.render.search_index import normalised_tokens


@pytest.mark.parametrize(
    ("found", "typed"),
    [("கொத்தடிமையில்", "கொத்தடிமை"), ("கொத்தடிமைத்", "கொத்தடுமை"), ("मजदूरी", "मजदुरी"), ("ଶ୍ରମିକ", "ଶ୍ରମ"), ("Bonded", "bond")],
)
def test_endings_and_wrong_vowel_signs_do_no_harm(found: str, typed: str) -> None:
    assert next(normalised_tokens(found)).startswith(next(normalised_tokens(typed)))


def test_the_danda_and_other_signs_split_words() -> None:
    assert list(normalised_tokens("काम।घर,\n112 a")) == ["कम", "घर", "112"]


def test_each_language_finds_its_own_pages_only(folder: Any) -> None:
    folder.page("rights", "Freedom.")
    site = folder.build()
    titles = {language: json.loads((site / language / "search/pages-0.json").read_text()) for language in ("en", "ta")}
    made = ["events/meeting/", "events/in/north/"]
    assert [row[0] for row in titles["en"]] == ["", "rights/", *made]
    assert [row[0] for row in titles["ta"]] == ["", *made]
    assert json.loads((site / "en/search/66-72.json").read_text())["freedom"] == [1, 1]


def test_what_a_page_draws_from_tables_is_found_and_its_forms_and_links_are_not(folder: Any) -> None:
    folder.page("help", "Call:\n\n[[ helplines ]]\n\n[Elsewhere](https://example.org/hiddenword)")
    folder.page("tell", "[[ form: concern ]]")
    search = folder.build() / "en/search"
    numbers = {row[0]: number for number, row in enumerate(json.loads((search / "pages-0.json").read_text()))}
    assert numbers["help/"] in json.loads((search / "31-31.json").read_text())["112"][::2]
    words = {word for path in search.glob("??-??.json") for word in json.loads(path.read_text())}
    assert "hiddenword" not in words
    assert "happening" not in words, "questions of a form are no text to be found"
