"""Digits of every script, and numbers as people type them, for forms, desk and site alike."""

import re
import unicodedata

_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NUMBER_SEPARATOR = re.compile(r"[/,;|&\n]|[^\W\d_]+")
"""Separates two numbers: a slash, a comma, a word. Not a space, which groups digits."""

_MAX_PHONE_DIGITS = 15
"""Digits of the longest telephone number (ITU-T E.164)."""

_MIN_PHONE_DIGITS = 6


def ascii_digits(text: str) -> str:
    """Return a text of the same length with the digits of every script as 0 to 9."""
    if text.isascii() or not _OTHER_DIGIT.search(text):  # true of most texts, and translating takes longest
        return text
    return text.translate({ord(char): str(unicodedata.decimal(char)) for char in set(text) if char.isdecimal()})


def digits_of(text: str) -> str:
    """Return the digits of a text, as 0 to 9, and nothing else."""
    return re.sub(r"[^0-9]", "", ascii_digits(text))


def plain_number(text: str) -> str:
    """Return a number with digits 0 to 9, ordinary hyphens and spaces, and no invisible characters."""
    cleaned = _DASHES.sub("-", _INVISIBLE.sub("", ascii_digits(text)))
    return unicodedata.normalize("NFKC", " ".join(cleaned.split()))


def is_whole_number(text: str) -> bool:
    """Return whether a text is a whole number and nothing else. Python's int() and its libraries accept 2_0 too."""
    return re.fullmatch(r"[+-]?[0-9]+", plain_number(text)) is not None


def has_two_numbers(text: str) -> bool:
    """Return whether a text contains two telephone numbers instead of one."""
    plain = plain_number(text.replace("\n", "/"))
    parts = [part for part in _NUMBER_SEPARATOR.split(plain) if len(digits_of(part)) >= _MIN_PHONE_DIGITS]
    return len(parts) > 1 or len(digits_of(plain)) > _MAX_PHONE_DIGITS
