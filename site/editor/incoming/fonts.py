"""Fonts of a text that was copied: those with letters of their own, and those with pictures in place of letters.

Before Unicode each program for Indian scripts drew its letters over those of English. Offices write in such fonts
still; without the font the words are signs that nobody can read.
"""

import re
from typing import Any

_OWN_LETTERS = re.compile(
    r"kruti ?dev|dev ?lys|chanakya|shusha|shivaji ?0|bamini|vanavil|senthamil|elango|tscu?_|tscii|t[ab]m_|kalaham"
    r"|shree-?(?:dev|tam|tel|ori|ban|guj|kan|mal)|akruti|(?:dv|dvb|tm|tmb|tl|tlb|or|orb)w?-?tt[a-z]|anupama|4cgandhi|walkman",
    re.I,
)
"""Kruti Dev, DevLys (Hindi), Bamini, Vanavil, TSCII (Tamil), Shree-Lipi, Akruti, C-DAC's ISM (DV-TT, TM-TT ...)."""

_PICTURES = re.compile(r"wingdings|webdings", re.I)
_FAMILY = re.compile(r"(?<![\w-])font-family:([^;]*)", re.I)
_OF_A_RUN = re.compile(rb'<w:rFonts\b[^>]*?w:(?:ascii|hAnsi|cs)="([^"]*)"')

SIGNS = {"à": "→", "ß": "←", "á": "↑", "â": "↓", "ü": "✓", "û": "✗", "Ø": "➢", "§": "▪", "v": "❖", "J": "☺", "L": "☹"}
"""What Word itself puts in of Wingdings: it turns --> into an arrow, and a smiley into a face."""


def read(soup: Any) -> bool:
    """Write fonts' pictures as signs that all have; return whether words are in a font with letters of its own."""
    found = False
    for text in soup.find_all(string=lambda text: bool(text.strip())):
        around = text.find_parent(style=_FAMILY)
        family = _FAMILY.search(around["style"])[1] if around else ""  # type: ignore[index]
        found = found or bool(_OWN_LETTERS.search(family))
        if _PICTURES.search(family):
            text.replace_with("".join(SIGNS.get(sign, " ") for sign in text))
    return found


def document_has_own_letters(xml: bytes) -> bool:
    """Return whether a part of a Word document names a font whose letters are no Unicode."""
    return any(_OWN_LETTERS.search(font.decode("utf-8", "replace")) for font in _OF_A_RUN.findall(xml))
