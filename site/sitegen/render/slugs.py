"""Anchors of headings in any script: vowel signs stay with their letters."""

import unicodedata

from forms.core.i18n.characters import category


def slugify(text: str, separator: str) -> str:
    """Return a heading as an anchor: letters, marks and digits of any script, joined by the separator.

    Stock slugifiers drop combining marks, which turns a Tamil heading into other words.
    """
    letters = "".join(char if category(char)[0] in "LMN" else " " for char in unicodedata.normalize("NFC", text))
    return separator.join(letters.lower().split())
