"""Write names so that the fonts of a printed sheet can show them, instead of empty squares.

A sheet is set in the typefaces of the portal's languages and Noto Sans. The blocks of Indian scripts have their letters
at the same positions (Unicode, chapter 12), so a name in Bengali can be written in Devanagari letters. Words in other
scripts are replaced by the script's name; the desk's window shows the word itself.
"""

import unicodedata
from collections.abc import Iterable
from itertools import groupby

_ALWAYS = ((0x0020, 0x052F), (0x1E00, 0x1FFF), (0x200B, 0x200D), (0x2010, 0x2027), (0x2030, 0x205E), (0x20A0, 0x20BF))
"""Blocks of Noto Sans: Latin, Greek, Cyrillic, points and currencies."""

_DEVANAGARI, _BLOCK = 0x0900, 0x80
_INDIAN = {
    "hi": _DEVANAGARI, "mr": _DEVANAGARI, "bn": 0x0980, "pa": 0x0A00, "gu": 0x0A80, "or": 0x0B00, "ta": 0x0B80,
    "te": 0x0C00, "kn": 0x0C80, "ml": 0x0D00,
}  # fmt: skip
"""The first code point of the block of each language's script."""


def readable(text: str, languages: Iterable[str]) -> str:
    """Return the text in letters that a sheet for these languages can show, else their script: "[Arabic letters]"."""
    blocks = sorted({_INDIAN[code] for code in languages if code in _INDIAN})
    composed = unicodedata.normalize("NFC", text)
    substituted = "".join(char if _is_shown(char, blocks) else _substitute(char, blocks) for char in composed)
    runs = groupby(substituted, key=lambda char: "" if _is_shown(char, blocks) else _kind(char))
    return "".join(f"[{kind}]" if kind else "".join(run) for kind, run in runs)


def _is_shown(char: str, blocks: Iterable[int]) -> bool:
    code = ord(char)
    return any(start <= code < start + _BLOCK for start in blocks) or any(
        first <= code <= last for first, last in _ALWAYS
    )


def _substitute(char: str, blocks: list[int]) -> str:
    """Return the same letter in another form: a full-width letter as a plain one, a Bengali one in a shown script."""
    for start in set(_INDIAN.values()):
        if start <= ord(char) < start + _BLOCK and blocks:
            same = chr(ord(char) - start + blocks[0])  # Devanagari if it is shown: it has the most letters
            return same if unicodedata.name(same, "") else char
    return unicodedata.normalize("NFKC", char)


def _kind(char: str) -> str:
    """Return what a character is: a letter of a script, or a sign."""
    name = unicodedata.name(char, "")
    if unicodedata.category(char)[0] in {"L", "M", "N"} and name:
        return f"{'Chinese' if name.startswith('CJK') else name.split()[0].title()} letters"
    return "sign"
