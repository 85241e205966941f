"""Correct addresses as people type them: in capitals, with a full stop, with a country code or the name of a file.

All addresses of the site are in lower case. An address without a page that becomes one of the site's when it is written
in that way is redirected. The result starts with one slash and the code of a language of this site, and has only
letters, digits, hyphens and dots: it leads to no other host.
"""

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import unquote

from babel.core import get_global

_MAX_LENGTH = 300
"""Characters of an address that are read."""

_TRAILING = re.compile(r"\s+[^/]*$|[?#&].*", re.DOTALL)
"""What follows an address that was pasted with the words after it, or whose question mark was encoded on its way."""

_SLASHES = re.compile(r"\s*/[\s/]*")
_PART = re.compile(r"[a-z0-9][a-z0-9.-]*")
_INDEX = re.compile(r"index(\.[a-z]+)?|(.*)\.html?")
_ALIASES = get_global("language_aliases")


def corrected_address(path: str, languages: Collection[str]) -> str | None:
    """Return the address of this site that a path (decoded once) means; None if it means none, or is that address."""
    text = unicodedata.normalize("NFKC", unquote(path[:_MAX_LENGTH])).replace("\\", "/").replace("_", "-")
    text = "".join(char for char in text if unicodedata.category(char) != "Cf").lower()  # zero-width, soft hyphen
    if any(unicodedata.category(char) == "Cc" and not char.isspace() for char in text):
        return None
    parts = _SLASHES.sub("/", _TRAILING.sub("", text)).strip("/").split("/")
    parts[-1] = _strip_punctuation(parts[-1])
    parts = [part for part in parts if part]
    if not parts or not all(map(_PART.fullmatch, parts)):
        return None
    prefix = [parts.pop(0)] if parts[0] == "forms" else []
    language = _language(parts.pop(0), languages) if parts else None
    if language is None or (prefix and len(parts) != 1):
        return None
    index = _INDEX.fullmatch(parts[-1]) if parts else None
    if index:
        parts[-1:] = [index[2]] if index[2] else []
    address = "/" + "/".join([*prefix, language, *parts])
    if not prefix and not (parts and "." in parts[-1]):
        address += "/"
    return address if address != path else None


def _strip_punctuation(part: str) -> str:
    """Return the last part of an address without the full stop, bracket or quotation mark of the sentence around it."""
    while part and not part[-1].isalnum():
        part = part[:-1]
    return part


def _language(text: str, languages: Collection[str]) -> str | None:
    """Return the language of this site that a code means, or None: TA, ta-in and tam are ta."""
    by_code = {code.lower().partition("-")[0]: code for code in languages} | {code.lower(): code for code in languages}
    first = text.partition("-")[0]
    candidates = (text, first, _ALIASES.get(first, ""))
    return next((by_code[code] for code in candidates if code in by_code), None)
