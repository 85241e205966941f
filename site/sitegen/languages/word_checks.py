"""Check the district's own words of the interface (content/words/*.po), and find what a language lacks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from forms.core.i18n import SOURCE_LANGUAGE, locales, own_words
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.layers import lookup


def problems(content: Path) -> Iterator[Problem]:
    """Yield a problem for each .po file that cannot be read."""
    for file in lookup.files(content, "words", "*.po"):
        try:
            own_words.catalog_of(_text(file.path), file.path.stem)
        except own_words.NotWords as error:
            todo = _("Save it again with the program for translations that made it, or take an older copy.")
            yield Problem(file.where, _("cannot be read (%(why)s).", why=str(error)), todo)


def warnings(content: Path, languages: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each harmful translation, which is not used, and one for the missing words of a language."""
    from forms.core.i18n import extraction  # noqa: PLC0415 - large, and not needed after an edit of a page

    own = {file.path.stem: file for file in lookup.files(content, "words", "*.po")}
    for language in (code for code in languages if code != SOURCE_LANGUAGE):
        where = own[language].where if language in own else f"forms/core/i18n/{language}.po"
        usable: dict[str, tuple[str, ...]] = {}
        if language in own:
            text = _text(own[language].path)
            usable = own_words.usable_words(text, language)
            for bad in own_words.refused_words(text, language):
                yield f'{where}: the translation of "{bad.english[:60]}" {bad.why}; English stands in its place.'
        missing = [text for text in extraction.untranslated(language) if text not in usable]
        if missing:
            yield f'{where}: {len(missing)} words are missing or fuzzy, like "{missing[0]}".'
        if not locales.has_data(language):
            like = locales.english_name(locales.script(language).like.partition("_")[0])
            yield f"content/portal.yml, {language}: how its days are written is not known, so they stand as in {like}."


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig", errors="replace")
