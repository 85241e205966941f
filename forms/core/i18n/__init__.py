"""Interface texts of all programs: gettext through Babel, one .po file a language, English in the code.

There are no .mo files: a .po is compiled in memory, once in a process. Babel is imported only to compile texts or
format a date: a build of one edited page needs neither.
"""

# ruff: noqa: PLC0415

from collections.abc import Callable
from contextvars import ContextVar
from datetime import date
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from forms.core.files.kept_results import ResultStore, get_or_make
from forms.core.i18n import locales, own_words

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

FOLDER = Path(__file__).parent
SOURCE_LANGUAGE = "en"

_LONG_DATE, _FULL_DATE = "d MMMM y", "EEEE, d MMMM y"
"""Formats of a date where CLDR does not begin with the day: people in India do, in every language."""

_PROCESS_WORDS: dict[str, own_words.Words] = {"own": {}}
_REQUEST_WORDS: ContextVar[own_words.Words | None] = ContextVar("own words of a request", default=None)
"""A service for many districts must not show one district's texts on another's page."""


_COMPILED_STORES: dict[str, ResultStore] = {}
"""The store of compiled catalogues, by the program's mark; at most one."""


def keep_compiled(program_mark: bytes, store: ResultStore | None) -> None:
    """Use this store for compiled catalogues from now on, or none. program_mark: differs for another program."""
    _COMPILED_STORES.clear()
    if store is not None:
        _COMPILED_STORES[program_mark.hex()] = store


def catalog(language: str, folder: Path = FOLDER) -> "Catalog":
    """Return the messages in a language's .po file; an empty catalogue if there is no file."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    path = folder / f"{language}.po"
    if not path.exists():
        return Catalog(locale=locales.locale_of(language))
    with path.open("rb") as file:
        return read_po(file, locale=locales.locale_of(language))


def translations(language: str, folder: Path = FOLDER) -> NullTranslations:
    """Return the gettext translations of a language, with the district's own. Missing ones stay English.

    folder: of another program's .po files, which are looked up before the public ones.
    """
    request_words = _REQUEST_WORDS.get()
    own = _PROCESS_WORDS["own"] if request_words is None else request_words
    return _translations(language, own.get(language, ""), folder)


def shipped_translations(language: str) -> NullTranslations:
    """Return the program's own gettext translations of a language, without those of a district."""
    return _translations(language, "", FOLDER)


@lru_cache(maxsize=64)
def _translations(language: str, own: str, folder: Path) -> NullTranslations:
    """Return the translations of a language. own: those of the district, as the text of a .po file."""
    path = folder / f"{language}.po"
    shipped = path.exists()
    if language == SOURCE_LANGUAGE or not (shipped or own):
        return NullTranslations()
    program_mark, store = next(iter(_COMPILED_STORES.items()), ("", None))
    data = path.read_bytes() if shipped and store is not None else b""
    inputs = ("catalogue", program_mark, language, data, own)
    file = get_or_make(store, inputs, lambda: _mo_bytes(_merged_catalog(language, own, folder)))
    catalogue = GNUTranslations(BytesIO(file))
    if folder != FOLDER:
        catalogue.add_fallback(_translations(language, own, FOLDER))
    return catalogue


def _merged_catalog(language: str, own: str, folder: Path) -> "Catalog":
    catalogue = catalog(language, folder)
    for english, texts in _usable_words(own, language).items():
        _replace_message(catalogue, english, texts)
    return catalogue


def _replace_message(catalogue: "Catalog", english: str, texts: tuple[str, ...]) -> None:
    """Replace a message with a district's translation, if both have a plural or neither has one."""
    message = catalogue.get(english)
    if message is None:
        catalogue.add((english, english) if len(texts) > 1 else english, texts if len(texts) > 1 else texts[0])
    elif bool(message.pluralizable) == (len(texts) > 1):
        message.string = texts if len(texts) > 1 else texts[0]
        message.flags.discard("fuzzy")


def gettext_noop(text: str) -> str:
    """Return a text unchanged. Called as `_`, it marks a text for the catalogues; it is translated when shown."""
    return text


def compile_catalog(catalogue: "Catalog") -> GNUTranslations:
    """Return the translations of a catalogue."""
    return GNUTranslations(BytesIO(_mo_bytes(catalogue)))


def _mo_bytes(catalogue: "Catalog") -> bytes:
    """Return a catalogue in gettext's binary format (.mo)."""
    from babel.messages.mofile import write_mo

    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def set_process_words(words: own_words.Words) -> None:
    """Use a district's own texts in the whole process from now on."""
    _PROCESS_WORDS["own"] = words


def set_request_words(words: own_words.Words | None) -> None:
    """Use a district's own texts in the current request; None ends this."""
    _REQUEST_WORDS.set(words)


def _usable_words(text: str, language: str) -> dict[str, tuple[str, ...]]:
    """Return those of a district's own texts in a language that can be shown."""
    try:
        return own_words.usable_words(text, language)
    except own_words.NotWords:
        return {}


def has_words(language: str) -> bool:
    """Return whether the program or the district has interface texts in this language."""
    return language == SOURCE_LANGUAGE or type(translations(language)) is GNUTranslations


def day(date_: date, language: str) -> str:
    """Return a day in a language's format, like 24 January 2027."""
    from babel.dates import format_date

    locale = locales.locale_of(language)
    return format_date(date_, format=_LONG_DATE if _is_day_late(locale.date_formats["long"]) else "long", locale=locale)


def full_day(date_: date, language: str) -> str:
    """Return a day with its weekday, like Sunday, 24 January 2027."""
    from babel.dates import format_date

    locale = locales.locale_of(language)
    return format_date(date_, format=_FULL_DATE if _is_day_late(locale.date_formats["long"]) else "full", locale=locale)


def _is_day_late(format_: object) -> bool:
    """Return whether a format of CLDR begins with the month or the year, not the day."""
    return not str(format_).startswith("d")


def month(text: str, language: str) -> str:
    """Return a month like 2027-02 in a language's format, with its year."""
    from babel.dates import format_skeleton

    first = date.fromisoformat(f"{text}-01")
    return str(format_skeleton("yMMMM", first, locale=locales.locale_of(language)))


def months(first: date, last: date, language: str) -> str:
    """Return a range of months in a language's format, like July – September 2027."""
    from babel.dates import format_interval

    return str(format_interval(first, last, skeleton="yMMMM", locale=locales.locale_of(language)))


def translator(language: str) -> Callable[[str], str]:
    """Return the function `_` of a language, which translates a text."""
    return translations(language).gettext
