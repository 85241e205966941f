"""Addresses as people write them: in capitals, with a full stop after them, with the name of a country or of a file.

Every address of the site is written in small letters. What leads nowhere as it stands, but is one of ours when it is
written as ours are, is sent there; what is not is left as it is. What comes out begins with one slash and the code of a
language of this site, and holds letters, digits, hyphens and dots: it leads to no other host.
"""

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import unquote

from babel.core import get_global

_LONGEST = 300
"""Characters of an address that is looked at."""

_CUT = re.compile(r"\s+[^/]*$|[?#&].*", re.DOTALL)
"""What follows an address that was pasted with the words after it, or whose question mark was encoded on its way."""

_AROUND = re.compile(r"\s*/[\s/]*")
_PART = re.compile(r"[a-z0-9][a-z0-9.-]*")
_INDEX = re.compile(r"index(\.[a-z]+)?|(.*)\.html?")
_ALIASES = get_global("language_aliases")


def as_ours(path: str, languages: Collection[str]) -> str | None:
    """Return the address that is meant by a path (decoded once); None where it is none of ours, or is that path."""
    text = unicodedata.normalize("NFKC", unquote(path[:_LONGEST])).replace("\\", "/").replace("_", "-")
    text = "".join(char for char in text if unicodedata.category(char) != "Cf").lower()  # zero-width, soft hyphen
    if any(unicodedata.category(char) == "Cc" and not char.isspace() for char in text):
        return None
    parts = _AROUND.sub("/", _CUT.sub("", text)).strip("/").split("/")
    parts[-1] = _without_marks(parts[-1])
    parts = [part for part in parts if part]
    if not parts or not all(map(_PART.fullmatch, parts)):
        return None
    above = [parts.pop(0)] if parts[0] == "forms" else []
    language = _language(parts.pop(0), languages) if parts else None
    if language is None or (above and len(parts) != 1):
        return None
    index = _INDEX.fullmatch(parts[-1]) if parts else None
    if index:
        parts[-1:] = [index[2]] if index[2] else []
    ours = "/" + "/".join([*above, language, *parts])
    if not above and not (parts and "." in parts[-1]):
        ours += "/"
    return ours if ours != path else None


def _without_marks(part: str) -> str:
    """Return the last part of an address without the full stop, bracket or quotation mark of the sentence around it."""
    while part and not part[-1].isalnum():
        part = part[:-1]
    return part


def _language(text: str, languages: Collection[str]) -> str | None:
    """Return the language of this site that a code means: TA, ta-in and tam are ta."""
    by_code = {code.lower().partition("-")[0]: code for code in languages} | {code.lower(): code for code in languages}
    first = text.partition("-")[0]
    meant = (text, first, _ALIASES.get(first, ""))
    return next((by_code[code] for code in meant if code in by_code), None)
