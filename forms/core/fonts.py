"""Which typeface shapes which language's script on paper. Screens choose for themselves."""

from collections.abc import Iterable

FONTS = {
    "ta": "Noto Sans Tamil",
    "te": "Noto Sans Telugu",
    "hi": "Noto Sans Devanagari",
    "mr": "Noto Sans Devanagari",
    "or": "Noto Sans Oriya",
    "bn": "Noto Sans Bengali",
    "kn": "Noto Sans Kannada",
    "ml": "Noto Sans Malayalam",
}
"""The typeface that shapes a language's script; others take Noto Sans."""

LATIN = "Noto Sans"


def font_of(language: str) -> str:
    """Return the typeface of a language (BCP 47 code)."""
    return FONTS.get(language, LATIN)


def fonts(languages: Iterable[str]) -> list[str]:
    """Return the typefaces of several languages, the first one's first: for a paper on which any of them may stand."""
    return list(dict.fromkeys([*(font_of(language) for language in languages), LATIN]))
