"""The district's own words of the interface (content/words/*.po), and what a language lacks of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from forms.core.i18n import SOURCE_LANGUAGE, locales, own_words
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.layers import lookup


def problems(content: Path) -> Iterator[Problem]:
    """Yield files of words that cannot be read."""
    for file in lookup.files(content, "words", "*.po"):
        try:
            own_words.catalog_of(_text(file.path), file.path.stem)
        except own_words.NotWords as error:
            todo = _("Save it again with the program for translations that made it, or take an older copy.")
            yield Problem(file.where, _("cannot be read (%(why)s).", why=str(error)), todo)


def warnings(content: Path, languages: Sequence[str]) -> Iterator[str]:
    """Yield how many words each language lacks, and which translations are left out because they could do harm."""
    from forms.core.i18n import extraction  # noqa: PLC0415 - large, and an edit of a page needs none of it

    own = {file.path.stem: file for file in lookup.files(content, "words", "*.po")}
    for language in (code for code in languages if code != SOURCE_LANGUAGE):
        where = own[language].where if language in own else f"forms/core/i18n/{language}.po"
        done: dict[str, tuple[str, ...]] = {}
        if language in own:
            text = _text(own[language].path)
            done = own_words.usable_words(text, language)
            for one in own_words.refused_words(text, language):
                yield f'{where}: the translation of "{one.english[:60]}" {one.why}; English stands in its place.'
        missing = [text for text in extraction.untranslated(language) if text not in done]
        if missing:
            yield f'{where}: {len(missing)} words are missing or fuzzy, like "{missing[0]}".'
        if not locales.has_data(language):
            like = locales.english_name(locales.script(language).like.partition("_")[0])
            yield f"content/portal.yml, {language}: how its days are written is not known, so they stand as in {like}."


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig", errors="replace")
