"""The text of a page, for speech and print: without buttons, forms, sources and dates of checking."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from html import unescape
from typing import NamedTuple

_SILENT = frozenset({"nav", "button", "script", "style", "svg", "audio", "figcaption", "table"})
# shell: what forms/core/templates/base.html puts below the heading; it belongs to no page's text.
_NOT_SAID = {"shell", "form", "checked", "button", "search", "note--demonstration", "visually-hidden"}
_SILENT_CLASSES = frozenset({*_NOT_SAID, "yes-no", "step", "scene--found"})
_BLOCKS = frozenset(
    {"p", "li", "h1", "h2", "h3", "h4", "dt", "dd", "div", "section", "blockquote", "summary", "br", "label"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_VOID = frozenset({"br", "hr", "img", "input", "source", "meta", "link", "wbr"})
_ENDS = (".", "!", "?", "।", ":", "…", ";")
_DIGITS = re.compile(r"\d")
_TAG = re.compile(
    r"""<!--.*?-->|<![^>]*>|<(?P<start>[A-Za-z][^\s/>]*)(?P<attributes>(?:"[^"]*"|'[^']*'|[^'">])*)>|</(?P<end>[A-Za-z][^\s>]*)[^>]*>""",
    re.S,
)
_ATTRIBUTE = re.compile(r"""([^\s"'=/<>]+)(?:\s*=\s*(?:"([^"]*)"|'?([^\s"'>]*)))?""")


class _Element(NamedTuple):
    """An open element, with what it inherits from those around it."""

    tag: str
    silent: bool = False
    digits: bool = False
    outside: bool = False  # a link that leaves the site


@dataclass
class _Line:
    tag: str = ""
    parts: list[tuple[str, bool]] = field(default_factory=list)  # with whether its digits are those of a number to call
    source: bool = False

    @property
    def heading(self) -> int:
        return int(self.tag[1]) if self.tag in _HEADINGS else 0

    @cached_property
    def silently(self) -> str:
        """What it says to who reads it."""
        said = _plain(words for words, _ in self.parts)
        return said if any(map(str.isalnum, said)) else ""

    @property
    def aloud(self) -> str:
        """What a voice says: numbers to call digit by digit, and every sentence with its end."""
        said = self.silently
        if said and any(digits for _, digits in self.parts):
            said = _plain(_DIGITS.sub(r"\g<0> ", words) if digits else words for words, digits in self.parts)
        ends = not said or said.rstrip("\"'”’»)").endswith(_ENDS)
        return said if ends else f"{said}."


def _plain(parts: Iterable[str]) -> str:
    return " ".join("".join(parts).split()).strip(" ·|")


class _Tag(NamedTuple):
    """A start tag by itself. line: the kind of line that begins with it, or nothing."""

    line: str
    void: bool
    silent: bool
    digits: bool
    outside: bool


@lru_cache(maxsize=10_000)
def _read_tag(tag: str, attributes: str) -> _Tag:
    """Return what a start tag means. Most tags of a site stand on many of its pages."""
    found = _ATTRIBUTE.findall(attributes) if attributes else ()
    given = {name.lower(): unescape(one or other) for name, one, other in found}
    classes = set(given.get("class", "").split())
    line = "" if tag not in _BLOCKS else "h3" if "admonition-title" in classes else tag
    silent = tag in _SILENT or bool(classes & _SILENT_CLASSES) or "hidden" in given
    href = given.get("href", "")
    return _Tag(line, tag in _VOID, silent, href.startswith("tel:"), href.startswith("http"))


@dataclass
class _Reader:
    """Reads what Markdown and our templates write: whole tags, quoted attributes, everything else escaped."""

    open: list[_Element] = field(default_factory=lambda: [_Element("")])
    lines: list[_Line] = field(default_factory=lambda: [_Line()])

    def feed(self, html: str) -> list[_Line]:
        """Return the lines of a page."""
        at = 0
        for match in _TAG.finditer(html):
            self._words(html[at : match.start()])
            at = match.end()
            if name := match["start"]:
                self._start(name.lower(), match["attributes"])
            elif name := match["end"]:
                self._end(name.lower())
        self._words(html[at:])
        return self.lines

    def _start(self, tag: str, attributes: str) -> None:
        read, around = _read_tag(tag, attributes), self.open[-1]
        if read.line:
            self.lines.append(_Line(read.line))
        if not read.void:
            silent, digits = around.silent or read.silent, around.digits or read.digits
            self.open.append(_Element(tag, silent, digits, around.outside or read.outside))

    def _end(self, tag: str) -> None:
        while len(self.open) > 1:
            if self.open.pop().tag == tag:
                break
        if tag in _BLOCKS:
            self.lines.append(_Line())

    def _words(self, words: str) -> None:
        within = self.open[-1]
        if words and not within.silent:
            line = self.lines[-1]
            line.source = line.source or within.outside
            line.parts.append((unescape(words), within.digits))


@dataclass(frozen=True)
class Said:
    """The text of a page. aloud: for speech, digits of phone numbers apart; silently: for search and print.

    Both: each sentence with the element it stands in ("h1", "li", "p", ...).
    """

    aloud: list[tuple[str, str]]
    silently: list[tuple[str, str]]


def said_of(html: str) -> Said:
    """Return what a page's HTML says, read once for everything that needs it.

    Items of a list that link to another site (sources) are left out, and headings with nothing below them.
    """
    lines = [line for line in _Reader().feed(html) if line.silently and not (line.source and line.tag == "li")]
    kept: list[_Line] = []
    for line in reversed(lines):
        empty = line.heading and (not kept or 1 < kept[-1].heading <= line.heading)
        if not (empty and line.heading > 1):
            kept.append(line)
    kept.reverse()
    return Said([(line.tag, line.aloud) for line in kept], [(line.tag, line.silently) for line in kept])


def lines_of(html: str, *, aloud: bool = True) -> list[tuple[str, str]]:
    """Return the sentences of a page's HTML, for a voice (aloud) or for paper."""
    said = said_of(html)
    return said.aloud if aloud else said.silently


def text_of(html: str) -> str:
    """Return what is said of a page: plain text, one line for each sentence or item."""
    return "\n".join(text for _, text in lines_of(html))
