"""The words for staff lie apart from those of public pages: whoever adds a language translates the public ones first."""

import re
from pathlib import Path

import pytest
from editor.translation import interface_words, staff_words
from sitegen.languages import word_files

from forms.core import i18n
from forms.core.i18n import extraction, own_words

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
PUBLIC, STAFF = "Home", "Start the editor again and use the address that it shows. Each address works once."


def english(domain: extraction.Domain) -> set[str]:
    ids = (message.id for message in extraction.template(domain) if message.id)
    return {one if isinstance(one, str) else one[0] for one in ids}


@pytest.mark.parametrize("code", extraction.translated_languages(extraction.EDITOR))
def test_no_word_for_staff_is_missing(code: str) -> None:
    assert extraction.unfinished(code, extraction.EDITOR) == []
    assert code in extraction.translated_languages()


def test_public_pages_and_the_editor_share_no_entry() -> None:
    public, staff = english(extraction.PUBLIC), english(extraction.EDITOR)
    assert public & staff == set()
    assert PUBLIC in public
    assert STAFF in staff
    assert "Write the same number in both." in staff, "what `check` says, which site/sitegen marks as lazy text"
    assert "This page has moved" in public, "what a module of site/sitegen says on a page"


def test_the_editor_says_its_own_words_and_the_public_ones() -> None:
    tamil = staff_words.translations("ta").gettext
    assert tamil(STAFF) != STAFF
    assert tamil(PUBLIC) == i18n.translator("ta")(PUBLIC) != PUBLIC
    assert i18n.translator("ta")(STAFF) == STAFF, "the server reads none of them"
    assert staff_words.translations("bn").gettext(STAFF) == STAFF


@pytest.mark.parametrize("code", ["ta", "bn"])
def test_a_districts_own_word_counts_in_the_editor_too(code: str) -> None:
    i18n.set_process_words({code: f'{HEAD}msgid "{STAFF}"\nmsgstr "சேமிக்கவில்லை"\n\nmsgid "{PUBLIC}"\nmsgstr "வீடு"\n'})
    try:
        assert staff_words.translations(code).gettext(STAFF) == "சேமிக்கவில்லை"
        assert staff_words.translations(code).gettext(PUBLIC) == "வீடு"
    finally:
        i18n.set_process_words({})


def test_a_new_language_asks_for_public_words_and_keeps_what_else_was_translated(tmp_path: Path) -> None:
    """Before, 1,250 sentences of the editor stood among the 480 that a reader of the site meets."""
    new = own_words.catalog_of(word_files.new_file("bn").decode(), "bn")
    assert PUBLIC in new
    assert STAFF not in new
    portal = (extraction.ROOT / "content" / "portal.yml").read_text(encoding="utf-8")
    with_bengali = portal.replace("  - {code: ta", "  - {code: bn, name: বাংলা}\n  - {code: ta", 1)
    (tmp_path / "portal.yml").write_text(with_bengali, encoding="utf-8")
    path = word_files.path_of(tmp_path, "bn")
    path.parent.mkdir()
    path.write_text(f'{HEAD}msgid "{STAFF}"\nmsgstr "কিছু রাখা হয়নি।"\n', encoding="utf-8")
    word_files.bring_up_to_date(tmp_path)
    catalog = own_words.catalog_of(path.read_text(encoding="utf-8"), "bn")
    assert catalog[STAFF].string == "কিছু রাখা হয়নি।"
    assert PUBLIC in catalog


def test_a_sentence_for_staff_with_a_number_is_usable_in_a_districts_words() -> None:
    plural = next(message.id for message in extraction.template(extraction.EDITOR) if isinstance(message.id, tuple))
    text = own_words.with_words("", "ta", {plural: plural})
    assert plural[0] in own_words.usable_words(text, "ta")


def test_readers_words_come_before_those_of_staff() -> None:
    every = list(interface_words.all_words("", "bn"))
    public = [word.public for word in every]
    assert public == sorted(public, reverse=True)
    assert {word.english[0]: word.public for word in every} | {PUBLIC: True, STAFF: False} == {
        word.english[0]: word.public for word in every
    }


def test_no_module_marks_words_of_pages_and_of_staff_by_the_same_name() -> None:
    """Words of a page that are taken for words of staff would stay English on it."""
    both = r"from forms\.core\.i18n(\.lazy_text)? import (lazy_gettext|gettext_noop) as _\n.*\n +_ = i18n\.translator\("
    modules = (extraction.ROOT / "site" / "sitegen").rglob("*.py")
    assert [path.name for path in modules if re.search(both, path.read_text(encoding="utf-8"), re.S)] == []
