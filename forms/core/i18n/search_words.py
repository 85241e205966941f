"""Normalise words for searching, on the site and at the desk: one form for all spellings of a word.

site/assets/search.js does the same in the browser; tests/search_cases.json tests both. Vowel signs, nukta, anusvara and
other marks, and invisible joiners are dropped; digits of every script become 0 to 9; half a nasal before a consonant is
treated as the anusvara that others write there; a phone number is one word, however its digits are grouped.
"""

import re
import unicodedata

from forms.core.i18n.digits import ascii_digits

_BLOCKS = (0x900, 0x980, 0xA00, 0xA80, 0xB00, 0xC00, 0xC80, 0xD00)
"""Unicode blocks of scripts with anusvara, whose letters have the same positions in each (ISCII). Tamil has none."""

_NASALS, _VIRAMA, _NUKTA = (0x19, 0x1E, 0x23, 0x28, 0x2E), 0x4D, 0x3C
_FOLLOWING = (*range(0x15, 0x19), *range(0x1A, 0x1E), *range(0x1F, 0x23), *range(0x24, 0x28), *range(0x2A, 0x2E),
          *range(0x36, 0x39))  # fmt: skip
"""Consonants before which a half nasal and anusvara are two spellings of one word: plosives and sibilants."""


def _class(block: int, *places: int) -> str:
    return "[" + "".join(chr(block + place) for place in places) + "]"


def _half_nasal(block: int) -> str:
    """Return the pattern of a half nasal of one script, after its first letter."""
    end = f"{_class(block, _NUKTA)}?{_class(block, _VIRAMA)}(?={_class(block, *_FOLLOWING)})"
    return f"(?<={_class(block, *_NASALS)}){end}"


_ANY_NASAL = "".join(chr(block + place) for block in _BLOCKS for place in _NASALS)
HALF_NASAL = re.compile(f"[{_ANY_NASAL}](?:{'|'.join(map(_half_nasal, _BLOCKS))})")
"""Most of a text is compared with the first letter only: five times as fast as eight whole patterns."""

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d(?:[ ().\u2010-\u2015-]{0,2}\d)+")
_COUNTRY_PREFIX = re.compile(r"^(?:0|(?:00)?91)(?=[6-9]\d{9}$)")
_MIN_NUMBER_DIGITS, _FULL_NUMBER_DIGITS, _MAX_NUMBER_DIGITS = 6, 10, 15
"""Digits of the shortest number that is one word too, of one searched as a whole, and of the longest (E.164)."""


class _BareCharacters(dict[int, str]):
    """A translation table that looks each character up once."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = unicodedata.category(char)
        self[code] = "" if category[0] == "M" or category == "Cf" else ascii_digits(char)
        return self[code]


_BARE = _BareCharacters()
_TAMIL_SHRI = ("\u0bb6", "\u0bb8")
"""Both begin the syllable shri, which is frequent in names, and look the same there."""

_JOINERS = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def normalise(text: str) -> str:
    """Return a text in lower case without marks, with digits 0 to 9."""
    plain = _JOINERS.sub("", unicodedata.normalize("NFKD", text).lower()).replace(*_TAMIL_SHRI)
    return HALF_NASAL.sub("", plain).translate(_BARE)


def index_words(text: str, min_length: int = 1) -> list[str]:
    """Return the words of a text to be searched, followed by its phone numbers as one word each."""
    plain = normalise(text)
    result = [word for word in _WORD.findall(plain) if len(word) >= min_length]
    for match in _NUMBER.finditer(plain):
        digits = re.sub(r"\D", "", match[0])
        if _MIN_NUMBER_DIGITS <= len(digits) <= _MAX_NUMBER_DIGITS:
            spellings = {digits, _COUNTRY_PREFIX.sub("", digits)}
            result += sorted(spellings - {match[0]})
    return result


def query_words(text: str, min_length: int = 1) -> list[str]:
    """Return the words of a query. A full phone number is one word, without its country prefix."""
    plain = _NUMBER.sub(_without_country, normalise(text))
    return [word for word in _WORD.findall(plain) if len(word) >= min_length]


def _without_country(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    is_full_number = _FULL_NUMBER_DIGITS <= len(digits) <= _MAX_NUMBER_DIGITS
    return f" {_COUNTRY_PREFIX.sub('', digits)} " if is_full_number else match[0]
