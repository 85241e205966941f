"""Characters that came with a newer Unicode than the one this Python knows.

Python 3.11 knows Unicode 14. Nag Mundari, in which Mundari is written in Jharkhand and Odisha, came with 15, Ol Onal
with 16, and emoji come every year: for Python their category is Cn, "unassigned", as for places at which nothing can
stand. Whatever removes characters that nobody sees must leave these.
"""

import unicodedata

_NOTHING_SEEN = ((0x2065, 0x2065), (0xFDD0, 0xFDEF), (0xFFF0, 0xFFF8), (0xE0000, 0xE0FFF))
"""Kept free for invisible marks (Default_Ignorable_Code_Point), or never a character (Unicode, 23.7)."""

_LAST_TWO = 0xFFFE
"""So the last two places of each plane end, which are never a character either."""


def is_newer(char: str) -> bool:
    """Return whether a character may be a letter or sign that only a newer Unicode knows."""
    if unicodedata.category(char) != "Cn":
        return False
    code = ord(char)
    return code & _LAST_TWO != _LAST_TWO and not any(first <= code <= last for first, last in _NOTHING_SEEN)
