"""Markdown extensions: blocks, the language of English names, and dialogue that is not a definition list."""

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from sitegen.content.pages import Block, block_of

_HOLE = re.compile(r"<!--block:(\d+)-->|<!--(?!-?>).*?-->", re.S)
"""Where a block is drawn; or a comment that staff wrote, which may name somebody and is for no reader."""

_AFTER_WHITESPACE = 29
"""Python-Markdown normalises line ends with priority 30, and reads fenced code with 25."""


_BEFORE_LINKS = 0
"""After Python-Markdown's own tree processors, and before links between pages, which are registered later."""

_LEFT_ALONE = ("#", "/", "http:", "https:", "tel:", "mailto:")
"""How links begin that no engine changes."""


class BlockExtension(Extension):
    """Puts a placeholder where a page requests a block. `blocks`: those of the page that was converted last.

    as_written: the HTML of that page with its links as they are written, if any may be another one in what the engine
    returns. Checks look at it, so that a page is not converted once more for them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self.as_written: str | None = None

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - named by Python-Markdown
        """Register with a converter."""
        self.blocks = []
        md.registerExtension(self)
        md.preprocessors.register(_BlockLines(self), "blocks", _AFTER_WHITESPACE)
        md.treeprocessors.register(_AsWritten(self, md), "as_written", _BEFORE_LINKS)

    def reset(self) -> None:
        """Forget the blocks of the page before."""
        self.blocks = []
        self.as_written = None

    def filled(self, html: str, draw: Callable[[Block], str]) -> str:
        """Return the page's HTML with its blocks drawn, and without the comments that staff wrote."""
        drawn = [draw(block) for block in self.blocks]
        return _HOLE.sub(lambda hole: drawn[int(hole[1])] if hole[1] and int(hole[1]) < len(drawn) else "", html)


class _BlockLines(Preprocessor):
    def __init__(self, extension: BlockExtension) -> None:
        super().__init__()
        self._extension = extension

    def run(self, lines: list[str]) -> list[str]:
        """Replace each block's line by a comment of its own paragraph."""
        return [new for line in lines for new in self._replaced(line)]

    def _replaced(self, line: str) -> list[str]:
        block = block_of(line)
        if block is None:
            return [line]
        found = self._extension.blocks
        found.append(block)
        return ["", f"<!--block:{len(found) - 1}-->", ""]


class _AsWritten(Treeprocessor):
    def __init__(self, extension: BlockExtension, md: Markdown) -> None:
        super().__init__(md)
        self._extension = extension

    def run(self, root: Element) -> None:
        """Keep the page's HTML as `Markdown.convert` would return it now."""
        if self._extension.blocks or not any(map(_may_change, root.iter())):
            return
        html = self.md.serializer(root)
        html = html[html.index(">") + 1 : html.rindex("</")].strip()
        for one in self.md.postprocessors:
            html = one.run(html)
        self._extension.as_written = html.strip()


def _may_change(element: Element) -> bool:
    link = element.get("href") if element.tag == "a" else element.get("src") if element.tag == "img" else None
    return link is not None and not link.startswith(_LEFT_ALONE)


_ENGLISH_LINK = re.compile(r'<a href="(https?://[^"]*)">([^<]*[A-Za-z]{3}[^<]*)</a>')


def foreign_links(html: str) -> str:
    """Return names of English sources marked as English, so that a screen reader says them right (WCAG 3.1.2)."""
    return _ENGLISH_LINK.sub(
        lambda match: f'<a href="{match[1]}" lang="en">{match[2]}</a>' if match[2].isascii() else match[0], html
    )


_TALK = re.compile(r"<dl>(.*?)</dl>", re.S)
_SAID = re.compile(r"\s*<dt>(.*?)</dt>\s*<dd>\s*(?:<p>)?(.*?)(?:</p>)?\s*</dd>\s*", re.S)


def talk(html: str) -> str:
    """Return definition lists of the Markdown as what people say: a list of terms is no dialogue (HTML, 4.4.9)."""
    said = r'<p class="say"><b>\1</b> <span>\2</span></p>'
    return _TALK.sub(lambda match: _SAID.sub(said, match[1]), html)
