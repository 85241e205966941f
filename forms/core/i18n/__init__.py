"""Interface words of all programs: gettext through Babel, one .po file a language, English in the code.

No .mo files: a .po is read, compiled in memory and kept for the life of the process.
"""

from collections.abc import Callable
from datetime import date
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.dates import format_date, format_interval, format_skeleton
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent
SOURCE_LANGUAGE = "en"

LOCALES = {"en": "en_IN"}
"""CLDR locale of a language where its default is another country's."""

_LONG = {"or": "d MMMM y"}
_FULL = {"or": "EEEE, d MMMM y"}
"""How a day is written where CLDR has the month first and people here do not."""


def catalog(language: str, folder: Path = FOLDER) -> Catalog:
    """Return the messages of one language as they stand in its .po; empty where there is no file."""
    path = folder / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


@cache
def translations(language: str, folder: Path = FOLDER) -> NullTranslations:
    """Return the gettext translations of one language; English words stand in for what is missing."""
    if language == SOURCE_LANGUAGE or not (folder / f"{language}.po").exists():
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalog(language, folder))
    compiled.seek(0)
    return GNUTranslations(compiled)


def day(when: date, language: str) -> str:
    """Return a day as this language writes it, like 24 January 2027."""
    return format_date(when, format=_LONG.get(language, "long"), locale=LOCALES.get(language, language))


def full_day(when: date, language: str) -> str:
    """Return a day with its name in the week, like Sunday, 24 January 2027."""
    return format_date(when, format=_FULL.get(language, "full"), locale=LOCALES.get(language, language))


def month(text: str, language: str) -> str:
    """A month like 2027-02 as this language writes it, with its year."""
    first = date.fromisoformat(f"{text}-01")
    return str(format_skeleton("yMMMM", first, locale=LOCALES.get(language, language)))


def months(first: date, last: date, language: str) -> str:
    """Return a stretch of months as this language writes it, like July – September 2027."""
    return str(format_interval(first, last, skeleton="yMMMM", locale=LOCALES.get(language, language)))


def say(language: str) -> Callable[[str], str]:
    """Return the `_` of one language."""
    return translations(language).gettext
