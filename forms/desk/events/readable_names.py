"""Names as the fonts of a printed sheet can show them: missing characters are named instead of an empty square.

A sheet is set in the typefaces of the portal's languages and Noto Sans. The blocks of Indian scripts have their letters
at the same places (Unicode, chapter 12), so a name in Bengali can be read in Devanagari letters. Of any other script
its name is given, and the desk's window shows the word itself.
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
"""Where the block of each language's script begins."""


def readable(text: str, languages: Iterable[str]) -> str:
    """Return the text in letters that a sheet for these languages can show, else their kind: "[Arabic letters]"."""
    own = sorted({_INDIAN[code] for code in languages if code in _INDIAN})
    composed = unicodedata.normalize("NFC", text)
    plain = "".join(sign if _is_shown(sign, own) else _simpler(sign, own) for sign in composed)
    runs = groupby(plain, key=lambda sign: "" if _is_shown(sign, own) else _kind(sign))
    return "".join(f"[{kind}]" if kind else "".join(run) for kind, run in runs)


def _is_shown(sign: str, own: Iterable[int]) -> bool:
    code = ord(sign)
    return any(start <= code < start + _BLOCK for start in own) or any(first <= code <= last for first, last in _ALWAYS)


def _simpler(sign: str, own: list[int]) -> str:
    """Return a sign in another form: a full-width letter as a plain one, a Bengali one as one that is shown."""
    for start in set(_INDIAN.values()):
        if start <= ord(sign) < start + _BLOCK and own:
            same = chr(ord(sign) - start + own[0])  # Devanagari, where that is shown: it has the most letters
            return same if unicodedata.name(same, "") else sign
    return unicodedata.normalize("NFKC", sign)


def _kind(sign: str) -> str:
    """Return what a sign is: the letters of a script, or a sign."""
    name = unicodedata.name(sign, "")
    if unicodedata.category(sign)[0] in {"L", "M", "N"} and name:
        return f"{'Chinese' if name.startswith('CJK') else name.split()[0].title()} letters"
    return "sign"
