"""A district with languages of its own takes a concern in them, and no other district hears its words."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from forms.core import i18n
from forms.core.portal import Language

from .conftest import District

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
SENT = "Tell us what is wrong"


def words(translation: str) -> str:
    return f'{HEAD}msgid "{SENT}"\nmsgstr "{translation}"\n'


@pytest.fixture
def endpoint(make_endpoint: Callable[..., Any], district: District) -> Any:
    languages = tuple(Language(code, code) for code in ("en", "bn", "ur", "sat", "sck"))
    own = {"bn": words("কী সমস্যা তা বলুন"), "ur": words("ہمیں بتائیں"), "sat": words("<b>x</b>")}
    return make_endpoint(replace(district.portal, languages=languages, words=own))


@pytest.mark.parametrize("language", ["bn", "ur", "sat", "sck"])
def test_a_concern_is_taken_in_any_language_of_the_portal(endpoint: Any, language: str) -> None:
    sent = endpoint.send("concern", language, what="আমাদের কাগজ রেখে দিয়েছে")
    assert len(endpoint.code(sent).replace(" ", "")) == 20
    assert [letter["language"] for letter in endpoint.open_letters()] == [language]


def test_the_page_says_the_districts_words_and_the_way_they_run(endpoint: Any) -> None:
    page = endpoint.client.get("/forms/ur/concern").get_data(as_text=True)
    assert '<html lang="ur" dir="rtl"' in page
    assert "ہمیں بتائیں" in page
    assert "কী সমস্যা তা বলুন" in endpoint.client.get("/forms/bn/concern").get_data(as_text=True)


def test_words_with_markup_stay_out_of_a_page(endpoint: Any) -> None:
    page = endpoint.client.get("/forms/sat/concern").get_data(as_text=True)
    assert "<b>x</b>" not in page
    assert SENT in page


def test_what_one_request_says_no_other_does(endpoint: Any) -> None:
    endpoint.client.get("/forms/bn/concern")
    assert i18n.translator("bn")(SENT) == SENT
