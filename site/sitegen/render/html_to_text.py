"""What a page says, for the voice and for paper: its text without buttons, forms, sources and days of looking up."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

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


@dataclass
class _Element:
    tag: str
    silent: bool
    digits: bool
    outside: bool  # a link that leaves the site


@dataclass
class _Line:
    tag: str = ""
    parts: list[str] = field(default_factory=list)
    source: bool = False

    @property
    def heading(self) -> int:
        return int(self.tag[1]) if self.tag in _HEADINGS else 0

    def text(self, *, closed: bool = True) -> str:
        said = " ".join("".join(self.parts).split()).strip(" ·|")
        if not _letters(said):
            return ""
        ends = said.rstrip("\"'”’»)").endswith(_ENDS)
        return said if ends or not closed else f"{said}."


def _letters(said: str) -> bool:
    return any(character.isalnum() for character in said)


class _Reader(HTMLParser):
    def __init__(self, aloud: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.aloud = aloud
        self.open: list[_Element] = []
        self.lines: list[_Line] = [_Line()]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = set((given.get("class") or "").split())
        if tag in _BLOCKS:
            self.lines.append(_Line("h3" if "admonition-title" in classes else tag))
        if tag in _VOID:
            return
        href = given.get("href") or ""
        quiet = tag in _SILENT or bool(classes & _SILENT_CLASSES) or "hidden" in given
        self.open.append(_Element(tag, quiet, href.startswith("tel:"), href.startswith("http")))

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            if self.open.pop().tag == tag:
                break
        if tag in _BLOCKS:
            self.lines.append(_Line())

    def handle_data(self, data: str) -> None:
        if any(element.silent for element in self.open):
            return
        if self.aloud and any(element.digits for element in self.open):
            data = _DIGITS.sub(r"\g<0> ", data)
        line = self.lines[-1]
        line.source = line.source or any(element.outside for element in self.open)
        line.parts.append(data)


def lines_of(html: str, *, aloud: bool = True) -> list[tuple[str, str]]:
    """Return the sentences of a page's HTML: each with the element it stands in ("h1", "li", "p", ...).

    aloud: digits of phone numbers stand apart, so that they are said one by one. Items of a list that link to another
    site (sources) are left out, and headings with nothing below them.
    """
    reader = _Reader(aloud)
    reader.feed(html)
    lines = [line for line in reader.lines if line.text() and not (line.source and line.tag == "li")]
    kept: list[_Line] = []
    for line in reversed(lines):
        empty = line.heading and (not kept or 1 < kept[-1].heading <= line.heading)
        if not (empty and line.heading > 1):
            kept.append(line)
    return [(line.tag, line.text(closed=aloud)) for line in reversed(kept)]


def text_of(html: str) -> str:
    """Return what is said of a page: plain text, one line for each sentence or item."""
    return "\n".join(text for _, text in lines_of(html))
