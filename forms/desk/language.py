"""The language in which staff read the desk on this machine: the offered ones, the chosen one, and its translations.

The desk's own words are in forms/desk/i18n/*.po; words that the public forms use too are only in forms/core/i18n.
No native speaker has reviewed the words of the desk yet; the window says so.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date

from forms.core import i18n
from forms.core.files.durable import write_or_complain
from forms.core.i18n.lazy_text import LazyText, as_lazy

FOLDER = Path(__file__).parent / "i18n"
ENGLISH = i18n.SOURCE_LANGUAGE

REVIEWED: frozenset[str] = frozenset({ENGLISH})
"""Languages whose words at the desk a native reader has approved."""

_FILE = "language.txt"


@cache
def offered_languages() -> Mapping[str, str]:
    """Return the languages in which the desk can be read: the code and own name of each, English first."""
    codes = (ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po")))
    return {code: str(Locale(code).get_display_name(code)) for code in codes}


def chosen_language(folder: Path) -> str:
    """Return the language that was chosen for the desk of this folder; English if none was."""
    try:
        code = (folder / _FILE).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ENGLISH
    return code if code in offered_languages() else ENGLISH


def choose_language(folder: Path, code: str) -> None:
    """Store the language for the desk of this folder. One that is not offered changes nothing. Raises Problem."""
    if code in offered_languages() and code != chosen_language(folder):
        write_or_complain(folder / _FILE, f"{code}\n".encode())


def translations(language: str) -> NullTranslations:
    """Return the desk's translations into a language, with those of the public forms as a fallback.

    The district's own words in portal.json are not used: a compromised server must not change the labels of the desk's
    buttons, many of which ("Remove", "yes", "no") are words of the forms too.
    """
    return NullTranslations() if language == ENGLISH else _translations(language, i18n.shipped_translations(language))


@lru_cache(maxsize=32)
def _translations(language: str, public: NullTranslations) -> NullTranslations:
    """Return the desk's translations. public: those of the forms, the fallback."""
    own = i18n.compile_catalog(i18n.catalog(language, FOLDER))
    own.add_fallback(public)
    return own


def format_day(day: date, language: str) -> str:
    """Return a day in this language's short form, like 5 Jan 2027."""
    return str(format_date(day, "d MMM y", locale=language))


def translator(language: str) -> Callable[[Any], Any]:
    """Return a function that translates lazy texts and formats days in a language; other values stay as they are."""

    def translate(value: Any) -> Any:
        if isinstance(value, LazyText):
            return value.translated(translations(language), translate)
        if isinstance(value, date) and not isinstance(value, datetime):
            return format_day(value, language)
        return value

    return translate


def translated(text: str, language: str) -> str:
    """Return a message in a language; the text may be lazy or plain."""
    return str(translator(language)(as_lazy(text)))
