"""What is known of a language besides its words: its script and that script's typeface, the way it runs, its CLDR data.

Any BCP 47 code has an answer. CLDR has no data for many languages of Indian districts (Sadri, Mundari, Ho): their days
are written as in the best known language of the same script.
"""

from dataclasses import dataclass
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global

CODE = "[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"
"""What the code of a language looks like (BCP 47), like ta or sat-Olck: a pattern. deploy/ has its twin."""

LOCALES = {"en": "en_IN"}
"""CLDR locale of a language where its default is another country's."""


@dataclass(frozen=True)
class Script:
    """A script. letters: the first word of its letters' names in Unicode; like: a language of it that CLDR has."""

    font: str
    letters: str
    like: str
    rtl: bool = False


LATIN = Script("Noto Sans", "LATIN", "en")
SCRIPTS = {
    "Latn": LATIN,
    "Arab": Script("Noto Nastaliq Urdu", "ARABIC", "ur", rtl=True),
    "Beng": Script("Noto Sans Bengali", "BENGALI", "bn"),
    "Deva": Script("Noto Sans Devanagari", "DEVANAGARI", "hi"),
    "Gujr": Script("Noto Sans Gujarati", "GUJARATI", "gu"),
    "Guru": Script("Noto Sans Gurmukhi", "GURMUKHI", "pa"),
    "Knda": Script("Noto Sans Kannada", "KANNADA", "kn"),
    "Mlym": Script("Noto Sans Malayalam", "MALAYALAM", "ml"),
    "Mtei": Script("Noto Sans MeeteiMayek", "MEETEI", "mni_Mtei"),
    "Olck": Script("Noto Sans Ol Chiki", "OL", "sat"),
    "Orya": Script("Noto Sans Oriya", "ORIYA", "or"),
    "Sinh": Script("Noto Sans Sinhala", "SINHALA", "si"),
    "Taml": Script("Noto Sans Tamil", "TAMIL", "ta"),
    "Telu": Script("Noto Sans Telugu", "TELUGU", "te"),
    "Wara": Script("Noto Sans WarangCiti", "WARANG", "en"),
}

_WRITTEN_IN = {"mun": "Deva", "unr": "Deva", "hoc": "Deva", "bhb": "Deva", "gon": "Deva", "sck": "Deva"}
"""Where CLDR says nothing of a language of India, or names the script of another country."""


@cache
def script_code(language: str) -> str:
    """Return the ISO 15924 code of a language's script, like Deva; Latn where nothing is known of it."""
    parts = language.replace("_", "-").split("-")
    named = [part.title() for part in parts[1:] if part.title() in SCRIPTS]
    known = get_global("likely_subtags").get(parts[0], "").split("_")
    likely = [_WRITTEN_IN.get(parts[0], ""), *known[1:2]]
    return next((code for code in [*named, *likely] if code in SCRIPTS), "Latn")


def script(language: str) -> Script:
    """Return the script of a language."""
    return SCRIPTS[script_code(language)]


def direction(language: str) -> str:
    """Return rtl or ltr: the way in which a language is written (HTML's attribute dir)."""
    return "rtl" if script(language).rtl else "ltr"


@cache
def has_data(language: str) -> bool:
    """Return whether CLDR has the formats of days and numbers of this language."""
    return _locale(language) is not None


@cache
def locale_of(language: str) -> Locale:
    """Return the CLDR locale of a language, else of the best known one of its script."""
    return _locale(language) or _locale(script(language).like) or Locale.parse(LOCALES["en"])


def _locale(language: str) -> Locale | None:
    code = LOCALES.get(language, language).replace("-", "_")
    try:
        return Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return None


@cache
def english_name(language: str) -> str:
    """Return what a language is called in English; its code where CLDR does not know it."""
    names = Locale("en").languages
    return str(names.get(language.replace("-", "_")) or names.get(language.partition("-")[0], language))


@cache
def name_in(language: str, reader: str) -> str:
    """Return what readers of another language call a language; its English name where CLDR does not know."""
    return str(locale_of(reader).languages.get(language.replace("-", "_")) or english_name(language))


@cache
def own_name(language: str) -> str:
    """Return what the readers of a language call it; empty where CLDR does not know."""
    locale = _locale(language)
    return str(locale.language_name or "") if locale and locale.get_language_name() else ""


def is_language(code: str) -> bool:
    """Return whether CLDR lists this code as a language's, with data or without."""
    return code in Locale("en").languages or code in get_global("likely_subtags") or code in _WRITTEN_IN
