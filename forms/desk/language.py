"""The language in which staff read the desk on this machine: which there are, which was chosen, how it says things.

The desk's own words are in forms/desk/i18n/*.po; words that the public forms have too stand in forms/core/i18n alone.
No word of the desk has been read by a native speaker yet; the window says so.
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

_CHOSEN = "language.txt"


@cache
def offered() -> Mapping[str, str]:
    """Return the languages in which the desk can be read, each with its name in itself; English first."""
    codes = (ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po")))
    return {code: str(Locale(code).get_display_name(code)) for code in codes}


def chosen(folder: Path) -> str:
    """Return the language that was chosen on this machine for the desk of this folder; English where none was."""
    try:
        code = (folder / _CHOSEN).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ENGLISH
    return code if code in offered() else ENGLISH


def choose(folder: Path, code: str) -> None:
    """Keep the language for the desk of this folder; one that is not offered changes nothing. Raises Problem."""
    if code in offered() and code != chosen(folder):
        write_or_complain(folder / _CHOSEN, f"{code}\n".encode())


def words(language: str) -> NullTranslations:
    """Return the desk's words in a language; what the desk's file lacks the public forms' may have.

    The district's own words in portal.json do not count here: a server that was taken over must not write what stands
    on the desk's buttons, of which many ("Remove", "yes", "no") are words of the forms too.
    """
    return NullTranslations() if language == ENGLISH else _words(language, i18n.shipped_translations(language))


@lru_cache(maxsize=32)
def _words(language: str, public: NullTranslations) -> NullTranslations:
    """Return the desk's words. public: those of the forms."""
    own = i18n.compile_catalog(i18n.catalog(language, FOLDER))
    own.add_fallback(public)
    return own


def day(when: date, language: str) -> str:
    """Return a day as short as this language writes it, like 5 Jan 2027."""
    return str(format_date(when, "d MMM y", locale=language))


def teller(language: str) -> Callable[[Any], Any]:
    """Return what tells a value in a language: a day, a text that was marked for translation; all else as it is."""

    def tell(value: Any) -> Any:
        if isinstance(value, LazyText):
            return value.translated(words(language), tell)
        if isinstance(value, date) and not isinstance(value, datetime):
            return day(value, language)
        return value

    return tell


def told(text: str, language: str) -> str:
    """Return a message in a language: one that was marked for translation, or one that is in the code as it is."""
    return str(teller(language)(as_lazy(text)))
