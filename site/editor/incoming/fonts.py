"""Fonts of a copied text: legacy fonts of Indian scripts, and symbol fonts.

Before Unicode each program for Indian scripts put its letters in the places of Latin letters. Offices still write in
such fonts; without the font the words are unreadable.
"""

import re
from typing import Any

_LEGACY_FONTS = re.compile(
    r"kruti ?dev|dev ?lys|chanakya|shusha|shivaji ?0|bamini|vanavil|senthamil|elango|tscu?_|tscii|t[ab]m_|kalaham"
    r"|shree-?(?:dev|tam|tel|ori|ban|guj|kan|mal)|akruti|(?:dv|dvb|tm|tmb|tl|tlb|or|orb)w?-?tt[a-z]|anupama|4cgandhi|walkman",
    re.I,
)
"""Kruti Dev, DevLys (Hindi), Bamini, Vanavil, TSCII (Tamil), Shree-Lipi, Akruti, C-DAC's ISM (DV-TT, TM-TT ...)."""

_SYMBOL_FONTS = re.compile(r"wingdings|webdings", re.I)
_FAMILY = re.compile(r"(?<![\w-])font-family:([^;]*)", re.I)
_OF_A_RUN = re.compile(rb'<w:rFonts\b[^>]*?w:(?:ascii|hAnsi|cs)="([^"]*)"')

SYMBOLS = {"à": "→", "ß": "←", "á": "↑", "â": "↓", "ü": "✓", "û": "✗", "Ø": "➢", "§": "▪", "v": "❖", "J": "☺", "L": "☹"}
"""Unicode for the characters of Wingdings that Word inserts itself: --> becomes an arrow, :-) a face."""


def replace_symbols(soup: Any) -> bool:
    """Replace characters of symbol fonts by Unicode; return whether some words are in a legacy font."""
    has_legacy_font = False
    for text in soup.find_all(string=lambda text: bool(text.strip())):
        parent = text.find_parent(style=_FAMILY)
        family = _FAMILY.search(parent["style"])[1] if parent else ""  # type: ignore[index]
        has_legacy_font = has_legacy_font or bool(_LEGACY_FONTS.search(family))
        if _SYMBOL_FONTS.search(family):
            text.replace_with("".join(SYMBOLS.get(char, " ") for char in text))
    return has_legacy_font


def has_legacy_font(xml: bytes) -> bool:
    """Return whether a part of a Word document uses a legacy font."""
    return any(_LEGACY_FONTS.search(font.decode("utf-8", "replace")) for font in _OF_A_RUN.findall(xml))
