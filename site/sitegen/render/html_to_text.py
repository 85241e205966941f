"""The text of a page for speech, search and print: without buttons, forms, sources and dates of checking."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html import unescape
from typing import NamedTuple

_SKIPPED_TAGS = frozenset({"nav", "button", "script", "style", "svg", "audio", "figcaption", "table"})
_SKIPPED_CLASSES = frozenset(
    {"form", "checked", "button", "search", "note--demonstration", "visually-hidden", "yes-no", "step", "scene--found"}
    | {"shell"}  # what forms/core/templates/base.html adds below the heading of every page
)
_BLOCKS = frozenset(
    {"p", "li", "h1", "h2", "h3", "h4", "dt", "dd", "div", "section", "blockquote", "summary", "br", "label"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_VOID = frozenset({"br", "hr", "img", "input", "source", "meta", "link", "wbr"})
_SENTENCE_ENDS = (".", "!", "?", "।", ":", "…", ";")
_DIGITS = re.compile(r"\d")
_TAG = re.compile(
    r"""<!--.*?-->|<![^>]*>|<(?P<start>[A-Za-z][^\s/>]*)(?P<attributes>(?:"[^"]*"|'[^']*'|[^'">])*)>|</(?P<end>[A-Za-z][^\s>]*)[^>]*>""",
    re.S,
)
_ATTRIBUTE = re.compile(r"""([^\s"'=/<>]+)(?:\s*=\s*(?:"([^"]*)"|'?([^\s"'>]*)))?""")


class _Element(NamedTuple):
    """An open element, with what it inherits from the elements around it."""

    tag: str
    is_skipped: bool = False
    is_phone_number: bool = False
    is_external: bool = False
    """Whether it is a link that leaves the site, or in one."""


@dataclass
class _Line:
    """A heading, paragraph or list item."""

    tag: str = ""
    parts: list[tuple[str, bool]] = field(default_factory=list)
    """Pieces of text, each with whether it is a phone number."""
    has_external_link: bool = False

    @property
    def heading_level(self) -> int:
        return int(self.tag[1]) if self.tag in _HEADINGS else 0

    @cached_property
    def written(self) -> str:
        """Its text for readers."""
        text = _join(words for words, _ in self.parts)
        return text if any(map(str.isalnum, text)) else ""

    @property
    def spoken(self) -> str:
        """Its text for a voice: phone numbers digit by digit, and a full stop where the sentence has no end."""
        text = self.written
        if text and any(is_number for _, is_number in self.parts):
            text = _join(_DIGITS.sub(r"\g<0> ", words) if is_number else words for words, is_number in self.parts)
        is_complete = not text or text.rstrip("\"'”’»)").endswith(_SENTENCE_ENDS)
        return text if is_complete else f"{text}."


def _join(parts: Iterable[str]) -> str:
    """Join pieces of text, with single spaces and without separators at both ends."""
    return " ".join("".join(parts).split()).strip(" ·|")


class _Tag(NamedTuple):
    """The meaning of a start tag. line: the tag of the line that begins with it, or ""."""

    line: str
    is_void: bool
    is_skipped: bool
    is_phone_number: bool
    is_external: bool


@lru_cache(maxsize=10_000)
def _read_tag(tag: str, attributes: str) -> _Tag:
    """Return the meaning of a start tag. Cached, since most tags of a site are on many of its pages."""
    matches = _ATTRIBUTE.findall(attributes) if attributes else ()
    values = {name.lower(): unescape(quoted or unquoted) for name, quoted, unquoted in matches}
    classes = set(values.get("class", "").split())
    line = "" if tag not in _BLOCKS else "h3" if "admonition-title" in classes else tag
    is_skipped = tag in _SKIPPED_TAGS or bool(classes & _SKIPPED_CLASSES) or "hidden" in values
    href = values.get("href", "")
    return _Tag(line, tag in _VOID, is_skipped, href.startswith("tel:"), href.startswith("http"))


@dataclass
class _Parser:
    """Parses the HTML that Markdown and our templates write: whole tags, quoted attributes, the rest escaped."""

    open_elements: list[_Element] = field(default_factory=lambda: [_Element("")])
    lines: list[_Line] = field(default_factory=lambda: [_Line()])

    def feed(self, html: str) -> list[_Line]:
        """Return the lines of a page."""
        position = 0
        for match in _TAG.finditer(html):
            self._add_text(html[position : match.start()])
            position = match.end()
            if name := match["start"]:
                self._start(name.lower(), match["attributes"])
            elif name := match["end"]:
                self._end(name.lower())
        self._add_text(html[position:])
        return self.lines

    def _start(self, name: str, attributes: str) -> None:
        tag, parent = _read_tag(name, attributes), self.open_elements[-1]
        if tag.line:
            self.lines.append(_Line(tag.line))
        if not tag.is_void:
            is_skipped = parent.is_skipped or tag.is_skipped
            is_phone_number = parent.is_phone_number or tag.is_phone_number
            is_external = parent.is_external or tag.is_external
            self.open_elements.append(_Element(name, is_skipped, is_phone_number, is_external))

    def _end(self, name: str) -> None:
        while len(self.open_elements) > 1:
            if self.open_elements.pop().tag == name:
                break
        if name in _BLOCKS:
            self.lines.append(_Line())

    def _add_text(self, text: str) -> None:
        element = self.open_elements[-1]
        if text and not element.is_skipped:
            line = self.lines[-1]
            line.has_external_link = line.has_external_link or element.is_external
            line.parts.append((unescape(text), element.is_phone_number))


@dataclass(frozen=True)
class PageText:
    """The text of a page. spoken: for speech, with the digits of phone numbers apart; written: for search and print.

    Both hold each sentence or item with its tag ("h1", "li", "p", ...).
    """

    spoken: list[tuple[str, str]]
    written: list[tuple[str, str]]


def extract_text(html: str) -> PageText:
    """Return the text of a page's HTML, parsed once for everything that needs it.

    List items that link to another site (sources) are left out, and headings with nothing below them.
    """
    all_lines = _Parser().feed(html)
    lines = [line for line in all_lines if line.written and not (line.has_external_link and line.tag == "li")]
    kept: list[_Line] = []
    for line in reversed(lines):
        is_empty = line.heading_level and (not kept or 1 < kept[-1].heading_level <= line.heading_level)
        if not (is_empty and line.heading_level > 1):
            kept.append(line)
    kept.reverse()
    return PageText([(line.tag, line.spoken) for line in kept], [(line.tag, line.written) for line in kept])
