"""Where a link of a text that was copied leads."""

import re
from urllib.parse import parse_qs, quote, urlsplit

_WRAPPED = {
    re.compile(r"(?:www\.)?google(?:\.[a-z]{2,3}){1,2}/url"): ("q", "url"),
    re.compile(r"[a-z0-9-]+\.safelinks\.protection\.outlook\.com/.*"): ("url",),
    re.compile(r"lm?\.(?:facebook|instagram)\.com/(?:l\.php)?"): ("u",),
}
"""Addresses that only lead on to the one that is meant, and tell who does so on the way."""


def _meant(href: str) -> str:
    """Return the address that a mail program, a search or a network has put into one of its own."""
    parts = urlsplit(href)
    for address, names in _WRAPPED.items():
        if address.fullmatch(f"{parts.netloc}{parts.path}"):
            asked = parse_qs(parts.query)
            return next((asked[name][0] for name in names if name in asked), href)
    return href


def address(href: str) -> str:
    """Return where a link leads, or "" where no reader of the site could follow it."""
    try:
        href = _meant(href.strip())
        parts = urlsplit(href.strip())
    except ValueError:
        return ""
    web = parts.scheme in {"http", "https"} and bool(parts.netloc)
    if not web and not (parts.scheme in {"mailto", "tel"} and parts.path):
        return ""
    return quote(href.strip(), safe="%/:?#@!$&*+,;=~[]-._'").replace("[", "%5B").replace("]", "%5D")
