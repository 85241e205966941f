"""What every language's pages must say: true periods, safe advice, and words that can be read aloud."""

import re
from pathlib import Path

import pytest
import yaml
from sitegen.layers import lookup

CONTENT = Path(__file__).parents[2] / "content"

LANGUAGES = ("en", "ta", "te", "hi", "or")
SCRIPTS = {"ta": "எஃப்.ஐ.ஆர்.", "te": "ఎఫ్‌ఐఆర్", "hi": "एफआईआर", "or": "ଏଫଆଇଆର"}
TAMIL_FOR_DO_YOU_KNOW = {"en": "theriyuma", "te": "తెరియుమా", "hi": "तेरियुमा", "or": "ତେରିୟୁମା"}


def page(language: str, name: str) -> str:
    """Return the text of a page as it is published, without its front matter."""
    return lookup.find(CONTENT, f"{language}/{name}.md").read_text("utf-8").split("---\n", 2)[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_privacy_page_names_the_periods_of_the_settings(language: str) -> None:
    keep = yaml.safe_load((CONTENT / "portal.yml").read_text("utf-8"))["keep"]
    numbers = set(re.findall(r"\d+", page(language, "privacy")))
    assert {str(keep[name]) for name in ("signups_days", "concerns_days", "erased_days")} <= numbers


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_advised_to_clear_the_whole_history(language: str) -> None:
    text = page(language, "privacy")
    assert "Delete browsing data" not in text
    assert "History, " in text
    assert "×" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_can_be_asked_for_in_tamil_by_whoever_speaks_another_language(language: str) -> None:
    if language in TAMIL_FOR_DO_YOU_KNOW:
        assert TAMIL_FOR_DO_YOU_KNOW[language] in page(language, "help")
    else:
        assert "தமிழ்" in page(language, "help"), "who reads Tamil says the sentence as it is"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_family_is_told_to_walk_out_without_another_way(language: str) -> None:
    scene = page(language, "approach-police").split("\n## ")[1]
    assert "[[ number: 112 ]]" in scene
    assert "[[ number: bonded-labour ]]" in scene


@pytest.mark.parametrize("language", SCRIPTS)
@pytest.mark.parametrize("name", ["rights", "approach-police", "officer-training", "tell"])
def test_the_word_for_a_first_report_can_be_read_in_each_script(language: str, name: str) -> None:
    for line in page(language, name).splitlines():
        if "FIR" in line and not line.startswith("- ["):
            assert SCRIPTS[language] in line, line
