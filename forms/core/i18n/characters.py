"""Classify characters: those of a newer Unicode than Python's, and surrogates.

Python 3.11 knows Unicode 14. Nag Mundari, the script of Mundari in Jharkhand and Odisha, came with 15, Ol Onal with 16,
and emoji come every year. Python's category of their characters is Cn, "unassigned", as for code points that will never
be characters. Code that removes invisible characters must keep them.
"""

import unicodedata

_NEVER_VISIBLE = ((0x2065, 0x2065), (0xFDD0, 0xFDEF), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF))
"""Reserved for invisible marks (Default_Ignorable_Code_Point), or noncharacters (Unicode, 23.7)."""

_NONCHARACTER_BITS = 0xFFFE
"""Set in the last two code points of each plane, which are noncharacters too."""


def is_newer(char: str) -> bool:
    """Return whether a character may be a letter or sign of a newer Unicode than Python's."""
    if unicodedata.category(char) != "Cn":
        return False
    code = ord(char)
    is_noncharacter = code & _NONCHARACTER_BITS == _NONCHARACTER_BITS
    return not is_noncharacter and not any(first <= code <= last for first, last in _NEVER_VISIBLE)


def category(char: str) -> str:
    """Return the general category of a character, like "Lu"; "Lo", a letter, for one of a newer Unicode."""
    general_category = unicodedata.category(char)
    return "Lo" if general_category == "Cn" and is_newer(char) else general_category


def without_surrogates(text: str) -> str:
    """Return a text that can be written in UTF-8: with ? for surrogates, as from undecodable bytes of a file's name."""
    return text.encode("utf-8", "replace").decode()
