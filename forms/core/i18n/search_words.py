"""Normalise words for searching, on the site and at the desk: one form for the many ways in which people write them.

site/assets/search.js makes the same of what somebody types there; tests/search_cases.json holds both to it. Dropped are
vowel signs, nukta, anusvara and other marks, and invisible joiners; digits of every script are 0 to 9; half a nasal
before a consonant counts as the anusvara that others write there; a phone number is one word however it is grouped.
"""

import re
import unicodedata

from forms.core.i18n.digits import ascii_digits

_BLOCKS = (0x900, 0x980, 0xA00, 0xA80, 0xB00, 0xC00, 0xC80, 0xD00)
"""Scripts that write anusvara: their letters stand at the same places of their blocks (ISCII). Tamil has none."""

_NASALS, _VIRAMA, _NUKTA = (0x19, 0x1E, 0x23, 0x28, 0x2E), 0x4D, 0x3C
_AFTER = (*range(0x15, 0x19), *range(0x1A, 0x1E), *range(0x1F, 0x23), *range(0x24, 0x28), *range(0x2A, 0x2E),
          *range(0x36, 0x39))  # fmt: skip
"""Consonants before which a half nasal and anusvara are two spellings of one word: plosives and sibilants."""


def _signs(block: int, *places: int) -> str:
    return "[" + "".join(chr(block + place) for place in places) + "]"


def _half_nasal(block: int) -> str:
    """Return the pattern of a half nasal of one script, behind its first letter."""
    end = f"{_signs(block, _NUKTA)}?{_signs(block, _VIRAMA)}(?={_signs(block, *_AFTER)})"
    return f"(?<={_signs(block, *_NASALS)}){end}"


_ANY_NASAL = "".join(chr(block + place) for block in _BLOCKS for place in _NASALS)
HALF_NASAL = re.compile(f"[{_ANY_NASAL}](?:{'|'.join(map(_half_nasal, _BLOCKS))})")
"""Its first letter alone is what most of a text is compared with: five times as fast as eight whole patterns."""

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d(?:[ ().\u2010-\u2015-]{0,2}\d)+")
_COUNTRY = re.compile(r"^(?:0|(?:00)?91)(?=[6-9]\d{9}$)")
_SHORTEST_NUMBER, _WHOLE_NUMBER, _LONGEST_NUMBER = 6, 10, 15
"""Digits of a number that is kept as one word too, of one that is only searched whole, and of the longest (E.164)."""


class _Bare(dict[int, str]):
    """A translation table that looks each character up once."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = unicodedata.category(char)
        self[code] = "" if category[0] == "M" or category == "Cf" else ascii_digits(char)
        return self[code]


_BARE = _Bare()
_TAMIL_SHRI = ("\u0bb6", "\u0bb8")
"""Both begin the syllable shri, in names above all, and look the same there."""

_JOINERS = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def normalise(text: str) -> str:
    """Return a text in small letters without marks, with digits 0 to 9."""
    plain = _JOINERS.sub("", unicodedata.normalize("NFKD", text).lower()).replace(*_TAMIL_SHRI)
    return HALF_NASAL.sub("", plain).translate(_BARE)


def index_words(text: str, shortest: int = 1) -> list[str]:
    """Return the words of a text that is kept to be searched, and after them its phone numbers each as one word."""
    plain = normalise(text)
    found = [word for word in _WORD.findall(plain) if len(word) >= shortest]
    for match in _NUMBER.finditer(plain):
        digits = re.sub(r"\D", "", match[0])
        if _SHORTEST_NUMBER <= len(digits) <= _LONGEST_NUMBER:
            whole = {digits, _COUNTRY.sub("", digits)}
            found += sorted(whole - {match[0]})
    return found


def query_words(text: str, shortest: int = 1) -> list[str]:
    """Return the words of what somebody typed to search for. A whole phone number is one, without its country."""
    plain = _NUMBER.sub(_whole, normalise(text))
    return [word for word in _WORD.findall(plain) if len(word) >= shortest]


def _whole(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    known = _WHOLE_NUMBER <= len(digits) <= _LONGEST_NUMBER
    return f" {_COUNTRY.sub('', digits)} " if known else match[0]
