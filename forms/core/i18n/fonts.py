"""Which typeface shapes which language's script on paper. Screens choose for themselves."""

from collections.abc import Iterable

from forms.core.i18n import locales

LATIN = locales.LATIN.font


def font_of(language: str) -> str:
    """Return the typeface of a language (BCP 47 code)."""
    return locales.script(language).font


def fonts(languages: Iterable[str]) -> list[str]:
    """Return the typefaces of several languages, the first one's first: for a paper on which any of them may stand."""
    return list(dict.fromkeys([*(font_of(language) for language in languages), LATIN]))
