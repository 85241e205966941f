"""Active HTML: markup that could do something in a reader's browser. It is refused in content/ and in built pages.

The HTML from Markdown is parsed with a strict grammar: each "<" must begin one of the tags or comments below, so no
browser can read anything else into it. Only the listed tags and attributes are allowed.
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
_ADDRESS_ATTRIBUTES = frozenset({"href", "src", "cite"})
_REFUSED_ADDRESS_ATTRIBUTES = frozenset(
    {"action", "formaction", "xlink:href", "poster", "data", "background", "srcset", "ping"}
)
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
    """A piece of active HTML. what: the message; text: how it is written in the HTML, to find its line."""

    what: str
    text: str


def findings(page_html: str) -> Iterator[ActiveContent]:
    """Yield everything in the HTML of a page's Markdown but text, pictures of the site, and links."""
    position = 0
    while opening := _OPENS.search(page_html, position):
        position = opening.start()
        tag = _START.match(page_html, position)
        known = tag or _COMMENT.match(page_html, position) or _END.match(page_html, position)
        if tag and tag[1].lower() not in _TAGS:
            yield ActiveContent(_("has a <%(tag)s>.", tag=tag[1].lower()), f"<{tag[1]}")
        elif tag:
            yield from _attributes(tag[1].lower(), attributes_of(tag[2]))
        elif not known:
            text = page_html[position : position + 30].split("\n", maxsplit=1)[0]
            yield ActiveContent(_("is no plain HTML."), text)
        position = known.end() if known else position + 1


def attributes_of(text: str) -> Mapping[str, str]:
    """Return the attributes of a tag: names in lower case, values unescaped. The first of a name counts."""
    attributes: dict[str, str] = {}
    for match in _PAIR.finditer(text):
        value = next((group for group in match.groups()[1:] if group is not None), "")
        attributes.setdefault(match[1].lower(), html.unescape(value))
    return attributes


def _attributes(tag: str, attributes: Mapping[str, str]) -> Iterator[ActiveContent]:
    for name, value in attributes.items():
        if name not in _ATTRIBUTES or (name == "style" and not _ALIGNED.fullmatch(value)):
            yield ActiveContent(_("has %(name)s at a <%(tag)s>.", name=name, tag=tag), name)
        elif name in _ADDRESS_ATTRIBUTES and not is_harmless(value):
            yield ActiveContent(_RUNS_OR_SHOWS, value)
        elif name == "src" and leaves_the_site(value):
            yield ActiveContent(LOADS_A_PICTURE, value)


def _normalise(address: str) -> str:
    """Return the address as a browser reads it: in lower case, without whitespace, control and format characters."""
    characters = (char for char in address if unicodedata.category(char) not in {"Cc", "Cf"} and not char.isspace())
    return "".join(characters).lower().replace("\\", "/")


def is_harmless(address: str) -> bool:
    """Return whether the address has no scheme, or one for pages, calls or messages."""
    scheme = _SCHEME.match(_normalise(address))
    return scheme is None or scheme[1] in _SCHEMES


def leaves_the_site(address: str) -> bool:
    """Return whether the address names another host."""
    normalised = _normalise(address)
    return normalised.startswith("//") or _SCHEME.match(normalised) is not None


def findings_in_text(text: str) -> Iterator[ActiveContent]:
    """Yield active content in a cell of a table or a value of front matter, which may have no HTML at all."""
    if tag := re.search(r"<[A-Za-z/!?][^<]*", text):
        yield ActiveContent(_("has HTML in it."), tag[0][:30])
    elif _is_active(text) and not re.match(r"(data|file|blob):\s", text, re.I):
        what = _("begins as an address that a browser would run or show as a page of its own.")
        yield ActiveContent(what, text[:30])


_ACTIVE_SCHEMES = ("javascript:", "vbscript:", "data:", "blob:", "file:", "filesystem:", "view-source:")


def _is_active(address: str) -> bool:
    return _normalise(address).startswith(_ACTIVE_SCHEMES)


def findings_in_page(page: str) -> Iterator[ActiveContent]:
    """Yield what no page of the built site may have, from whatever source."""
    for tag in _START.finditer(page):
        yield from _findings_in_tag(tag[0])


@lru_cache(maxsize=100_000)
def _findings_in_tag(text: str) -> tuple[ActiveContent, ...]:
    """Return the active content of a start tag. Cached, since most tags are on many pages."""
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
        elif (
            key in _ADDRESS_ATTRIBUTES | _REFUSED_ADDRESS_ATTRIBUTES and _is_active(value) and not _is_icon(name, value)
        ):
            yield ActiveContent(_("has an address that a browser would run."), text)


def _is_icon(name: str, value: str) -> bool:
    """Return whether it is the empty icon of the page template."""
    return name == "link" and value == "data:,"
