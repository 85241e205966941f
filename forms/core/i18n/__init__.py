"""Interface words of all programs: gettext through Babel, one .po file a language, English in the code.

No .mo files: a .po is read, compiled in memory and kept for the life of the process. Babel's parts are imported where
words are compiled or a day is written: an edit of one page needs neither.
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

from forms.core.files.kept_results import ResultStore, made
from forms.core.i18n import locales, own_words

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

FOLDER = Path(__file__).parent
SOURCE_LANGUAGE = "en"

_LONG, _FULL = "d MMMM y", "EEEE, d MMMM y"
"""How a day is written where CLDR does not begin with the day: in India people do, in every language."""

_OF_PROCESS: dict[str, own_words.Words] = {"own": {}}
_OF_REQUEST: ContextVar[own_words.Words | None] = ContextVar("own words of a request", default=None)
"""Where one service takes letters for many districts, no district's words may stand on another's page."""


_KEPT: dict[str, ResultStore] = {}
"""Where catalogues are kept as they are compiled, with the mark of the program; at most one."""


def keep_compiled(mark: bytes, store: ResultStore | None) -> None:
    """Take compiled catalogues from a store from now on, or from none. mark: other for another program."""
    _KEPT.clear()
    if store is not None:
        _KEPT[mark.hex()] = store


def catalog(language: str, folder: Path = FOLDER) -> "Catalog":
    """Return the messages of one language as they stand in its .po; empty where there is no file."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    path = folder / f"{language}.po"
    if not path.exists():
        return Catalog(locale=locales.locale_of(language))
    with path.open("rb") as file:
        return read_po(file, locale=locales.locale_of(language))


def translations(language: str, folder: Path = FOLDER) -> NullTranslations:
    """Return the gettext translations of one language; what is missing stays English.

    folder: of another program's .po files. They count first, then those of the public pages.
    """
    of_request = _OF_REQUEST.get()
    own = _OF_PROCESS["own"] if of_request is None else of_request
    return _translations(language, own.get(language, ""), folder)


def shipped(language: str) -> NullTranslations:
    """Return the gettext translations of one language as the program brings them, whatever a district says."""
    return _translations(language, "", FOLDER)


@lru_cache(maxsize=64)
def _translations(language: str, own: str, folder: Path) -> NullTranslations:
    """Return the translations of one language. own: the district's own, as the text of a .po file."""
    path = folder / f"{language}.po"
    shipped = path.exists()
    if language == SOURCE_LANGUAGE or not (shipped or own):
        return NullTranslations()
    mark, store = next(iter(_KEPT.items()), ("", None))
    data = path.read_bytes() if shipped and store is not None else b""
    file = made(store, ("catalogue", mark, language, data, own), lambda: _file_of(_with_own(language, own, folder)))
    found = GNUTranslations(BytesIO(file))
    if folder != FOLDER:
        found.add_fallback(_translations(language, own, FOLDER))
    return found


def _with_own(language: str, own: str, folder: Path) -> "Catalog":
    known = catalog(language, folder)
    for english, said in _usable(own, language).items():
        _take(known, english, said)
    return known


def _take(known: "Catalog", english: str, said: tuple[str, ...]) -> None:
    """Put a district's word in the place of ours; one with as many forms as the sentence has."""
    ours = known.get(english)
    if ours is None:
        known.add((english, english) if len(said) > 1 else english, said if len(said) > 1 else said[0])
    elif bool(ours.pluralizable) == (len(said) > 1):
        ours.string = said if len(said) > 1 else said[0]
        ours.flags.discard("fuzzy")


def gettext_noop(text: str) -> str:
    """Return a text as it is: where it is called `_`, the catalogs have it, and who shows it translates it."""
    return text


def compiled(known: "Catalog") -> GNUTranslations:
    """Return the translations of a catalogue."""
    return GNUTranslations(BytesIO(_file_of(known)))


def _file_of(known: "Catalog") -> bytes:
    """Return a catalogue as gettext reads it (.mo)."""
    from babel.messages.mofile import write_mo

    file = BytesIO()
    write_mo(file, known)
    return file.getvalue()


def take_words(words: own_words.Words) -> None:
    """Use a district's own words from now on, in the whole process."""
    _OF_PROCESS["own"] = words


def use_words(words: own_words.Words | None) -> None:
    """Use a district's own words in the current request; None at its end."""
    _OF_REQUEST.set(words)


def _usable(text: str, language: str) -> dict[str, tuple[str, ...]]:
    """Return a district's own words of a language as far as they can be shown."""
    try:
        return own_words.usable(text, language)
    except own_words.NotWords:
        return {}


def has_words(language: str) -> bool:
    """Return whether there are words of the interface in this language: the program's, or the district's own."""
    return language == SOURCE_LANGUAGE or type(translations(language)) is GNUTranslations


def day(when: date, language: str) -> str:
    """Return a day as this language writes it, like 24 January 2027."""
    from babel.dates import format_date

    locale = locales.locale_of(language)
    return format_date(when, format=_LONG if _starts_late(locale.date_formats["long"]) else "long", locale=locale)


def full_day(when: date, language: str) -> str:
    """Return a day with its name in the week, like Sunday, 24 January 2027."""
    from babel.dates import format_date

    locale = locales.locale_of(language)
    return format_date(when, format=_FULL if _starts_late(locale.date_formats["long"]) else "full", locale=locale)


def _starts_late(format_: object) -> bool:
    """Return whether a format of CLDR begins with the month or the year."""
    return not str(format_).startswith("d")


def month(text: str, language: str) -> str:
    """A month like 2027-02 as this language writes it, with its year."""
    from babel.dates import format_skeleton

    first = date.fromisoformat(f"{text}-01")
    return str(format_skeleton("yMMMM", first, locale=locales.locale_of(language)))


def months(first: date, last: date, language: str) -> str:
    """Return a stretch of months as this language writes it, like July – September 2027."""
    from babel.dates import format_interval

    return str(format_interval(first, last, skeleton="yMMMM", locale=locales.locale_of(language)))


def say(language: str) -> Callable[[str], str]:
    """Return the `_` of one language."""
    return translations(language).gettext
