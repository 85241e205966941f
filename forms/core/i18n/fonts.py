"""Typefaces of languages' scripts on paper. Screens choose for themselves."""

from collections.abc import Iterable

from forms.core.i18n import locales

LATIN = locales.LATIN.font


def font_of(language: str) -> str:
    """Return the typeface of a language (BCP 47 code)."""
    return locales.script(language).font


def fonts(languages: Iterable[str]) -> list[str]:
    """Return the typefaces for a paper in several languages, that of the first language first."""
    return list(dict.fromkeys([*(font_of(language) for language in languages), LATIN]))
