"""HTML that could do something in a reader's browser: refused in what staff write, and looked for in built pages.

What Markdown made is read with a strict grammar: each "<" begins a plain tag or a comment as written below, or is
refused. So no browser can read more into it than is read here. Known tags and attributes are listed; others are
refused.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from forms.core.i18n.lazy_text import lazy_gettext as _

_TAG_NAMES = """
a abbr address article aside b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em
figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li mark nav ol p pre q rp rt ruby s samp section
small span strong sub summary sup table tbody td tfoot th thead time tr u ul var wbr
"""
_ATTRIBUTE_NAMES = """
abbr alt aria-hidden aria-label aria-labelledby cite class colspan datetime dir height hidden href hreflang id lang
loading markdown open rel reversed role rowspan scope span src start style title translate type value width
"""
_TAGS, _ATTRIBUTES = frozenset(_TAG_NAMES.split()), frozenset(_ATTRIBUTE_NAMES.split())
_ADDRESSES = frozenset({"href", "src", "cite"})
_ELSEWHERE = frozenset({"action", "formaction", "xlink:href", "poster", "data", "background", "srcset", "ping"})
_SCHEMES = frozenset({"http", "https", "tel", "mailto", "sms", "geo", "webcal"})
_ALIGNED = re.compile(r"\s*text-align:\s*(left|right|center);?\s*")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_COMMENT = re.compile(r"<!--(?!-?>)[^<>]*?-->")
_END = re.compile(r"</[A-Za-z][A-Za-z0-9]*\s*>")
_ATTRIBUTE = r"""\s+[A-Za-z_:@][\w:.@-]*(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?"""
_START = re.compile(rf"<([A-Za-z][A-Za-z0-9-]*)((?:{_ATTRIBUTE})*)\s*/?>")
_PAIR = re.compile(r"""([A-Za-z_:@][\w:.@-]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""")
_OPENS = re.compile(r"<[A-Za-z/!?]")


LOADS_A_PICTURE = _("loads a picture from another place.")
_RUNS_OR_SHOWS = _("has an address that a browser would run or show as a page of its own.")


@dataclass(frozen=True)
class ActiveContent:
    """Something active. what: a sentence; text: as it is in the HTML, to look for its line."""

    what: str
    text: str


def findings(made: str) -> Iterator[ActiveContent]:
    """Yield everything in the HTML that Markdown made which is more than text, pictures of the site, and links."""
    at = 0
    while opening := _OPENS.search(made, at):
        at = opening.start()
        tag = _START.match(made, at)
        plain = tag or _COMMENT.match(made, at) or _END.match(made, at)
        if tag and tag[1].lower() not in _TAGS:
            yield ActiveContent(_("has a <%(tag)s>.", tag=tag[1].lower()), f"<{tag[1]}")
        elif tag:
            yield from _attributes(tag[1].lower(), attributes_of(tag[2]))
        elif not plain:
            yield ActiveContent(_("is no plain HTML."), made[at : at + 30].split("\n", maxsplit=1)[0])
        at = plain.end() if plain else at + 1


def attributes_of(text: str) -> Mapping[str, str]:
    """Attributes of a tag: names in small letters, values with their entities read. The first of a name counts."""
    found: dict[str, str] = {}
    for match in _PAIR.finditer(text):
        value = next((one for one in match.groups()[1:] if one is not None), "")
        found.setdefault(match[1].lower(), html.unescape(value))
    return found


def _attributes(tag: str, attributes: Mapping[str, str]) -> Iterator[ActiveContent]:
    for name, value in attributes.items():
        if name not in _ATTRIBUTES or (name == "style" and not _ALIGNED.fullmatch(value)):
            yield ActiveContent(_("has %(name)s at a <%(tag)s>.", name=name, tag=tag), name)
        elif name in _ADDRESSES and not is_harmless(value):
            yield ActiveContent(_RUNS_OR_SHOWS, value)
        elif name == "src" and leaves_the_site(value):
            yield ActiveContent(LOADS_A_PICTURE, value)


def _plain(address: str) -> str:
    """The address as a browser reads it: without control characters, spaces and invisible ones, in small letters."""
    kept = (char for char in address if unicodedata.category(char) not in {"Cc", "Cf"} and not char.isspace())
    return "".join(kept).lower().replace("\\", "/")


def is_harmless(address: str) -> bool:
    """Return whether the address has no scheme, or one that leads to a page, a call or a message."""
    scheme = _SCHEME.match(_plain(address))
    return scheme is None or scheme[1] in _SCHEMES


def leaves_the_site(address: str) -> bool:
    """Return whether the address names another host."""
    plain = _plain(address)
    return plain.startswith("//") or _SCHEME.match(plain) is not None


def in_words(words: str) -> Iterator[ActiveContent]:
    """Yield what is active in a cell of a table or a line of front matter, which are never HTML."""
    if tag := re.search(r"<[A-Za-z/!?][^<]*", words):
        yield ActiveContent(_("has HTML in it."), tag[0][:30])
    elif _is_active(words) and not re.match(r"(data|file|blob):\s", words, re.I):
        what = _("begins as an address that a browser would run or show as a page of its own.")
        yield ActiveContent(what, words[:30])


_RUN = ("javascript:", "vbscript:", "data:", "blob:", "file:", "filesystem:", "view-source:")


def _is_active(words: str) -> bool:
    return _plain(words).startswith(_RUN)


def left_over(page: str) -> Iterator[ActiveContent]:
    """Yield what must be in no whole page of the built site, whoever wrote it."""
    for tag in _START.finditer(page):
        yield from _acting(tag[0])


@lru_cache(maxsize=100_000)
def _acting(text: str) -> tuple[ActiveContent, ...]:
    """Return what a start tag does by itself. The same tags stand on all pages and are looked at once."""
    tag = _START.match(text)
    return tuple(_in_tag(text, tag[1].lower(), attributes_of(tag[2]))) if tag else ()


def _in_tag(text: str, name: str, attributes: Mapping[str, str]) -> Iterator[ActiveContent]:
    if name in {"iframe", "frame", "object", "embed", "applet", "base", "portal"}:
        yield ActiveContent(_("has a <%(tag)s>.", tag=name), text)
    if name == "script" and "src" in attributes and not attributes["src"].startswith("/assets/"):
        yield ActiveContent(_("has a script from elsewhere."), text)
    if name == "script" and "src" not in attributes and not attributes.get("type", "").endswith("json"):
        yield ActiveContent(_("has a script inside."), text)
    if name == "meta" and attributes.get("http-equiv", "Content-Security-Policy") != "Content-Security-Policy":
        yield ActiveContent(_("has a <meta> that acts."), text)
    for key, value in attributes.items():
        if key.startswith("on") or (key in {"action", "formaction"} and not value.startswith("/forms/")):
            yield ActiveContent(_("has %(name)s at a <%(tag)s>.", name=key, tag=name), text)
        elif key in _ADDRESSES | _ELSEWHERE and _is_active(value) and not _is_icon(name, value):
            yield ActiveContent(_("has an address that a browser would run."), text)


def _is_icon(name: str, value: str) -> bool:
    """Return the empty icon of the shell."""
    return name == "link" and value == "data:,"
