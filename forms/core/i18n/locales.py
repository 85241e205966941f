"""Properties of a language: its script and that script's typeface, its direction, its CLDR data.

Every BCP 47 code has them. CLDR has no data for many languages of Indian districts (Sadri, Mundari, Ho): their dates
have the format of the best known language of the same script.
"""

from dataclasses import dataclass
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global

CODE = "[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"
"""Pattern of a language's code (BCP 47), like ta or sat-Olck. deploy/ has a copy."""

LOCALES = {"en": "en_IN"}
"""CLDR locale of a language whose default locale is that of another country."""


@dataclass(frozen=True)
class Script:
    """A script. letters: first word of its letters' names in Unicode; like: a language with this script in CLDR."""

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

_SCRIPT_OVERRIDES = {"mun": "Deva", "unr": "Deva", "hoc": "Deva", "bhb": "Deva", "gon": "Deva", "sck": "Deva"}
"""Scripts of languages of India that CLDR lacks, or for which it names the script of another country."""


@cache
def script_code(language: str) -> str:
    """Return the ISO 15924 code of a language's script, like Deva; Latn for an unknown language."""
    parts = language.replace("_", "-").split("-")
    explicit = [part.title() for part in parts[1:] if part.title() in SCRIPTS]
    subtags = get_global("likely_subtags").get(parts[0], "").split("_")
    likely = [_SCRIPT_OVERRIDES.get(parts[0], ""), *subtags[1:2]]
    return next((code for code in [*explicit, *likely] if code in SCRIPTS), "Latn")


def script(language: str) -> Script:
    """Return the script of a language."""
    return SCRIPTS[script_code(language)]


def direction(language: str) -> str:
    """Return rtl or ltr: the direction of a language (HTML's attribute dir)."""
    return "rtl" if script(language).rtl else "ltr"


@cache
def has_data(language: str) -> bool:
    """Return whether CLDR has the formats of dates and numbers of this language."""
    return _locale(language) is not None


@cache
def locale_of(language: str) -> Locale:
    """Return the CLDR locale of a language, or else of the best known language of its script."""
    return _locale(language) or _locale(script(language).like) or Locale.parse(LOCALES["en"])


def _locale(language: str) -> Locale | None:
    code = LOCALES.get(language, language).replace("-", "_")
    try:
        return Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return None


@cache
def english_name(language: str) -> str:
    """Return the English name of a language; its code if CLDR does not know it."""
    names = Locale("en").languages
    return str(names.get(language.replace("-", "_")) or names.get(language.partition("-")[0], language))


@cache
def name_in(language: str, reader: str) -> str:
    """Return the name of a language in another one; its English name if CLDR has none."""
    return str(locale_of(reader).languages.get(language.replace("-", "_")) or english_name(language))


@cache
def own_name(language: str) -> str:
    """Return the name of a language in itself; empty if CLDR has none."""
    locale = _locale(language)
    return str(locale.language_name or "") if locale and locale.get_language_name() else ""


def is_language(code: str) -> bool:
    """Return whether CLDR lists this code as a language, with or without data."""
    return code in Locale("en").languages or code in get_global("likely_subtags") or code in _SCRIPT_OVERRIDES
