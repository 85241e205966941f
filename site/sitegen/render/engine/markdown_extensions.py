"""Markdown extensions: blocks, the language of English names, and dialogue that is not a definition list."""

import re
from collections.abc import Callable
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

from sitegen.content.pages import Block, block_of

_COMMENT = re.compile(r"<!--block:(\d+)-->|<!--(?!-?>).*?-->", re.S)
"""The placeholder of a block; or a comment of staff, which is removed since it may name somebody."""

_AFTER_WHITESPACE = 29
"""A priority: Python-Markdown normalises line ends at 30, and reads fenced code at 25."""

_BEFORE_LINKS = 0
"""A priority: after Python-Markdown's tree processors, before links between pages, which are registered later."""

_UNCHANGED_LINKS = ("#", "/", "http:", "https:", "tel:", "mailto:")
"""The beginnings of links that no engine changes."""


class BlockExtension(Extension):
    """Replaces each line that requests a block by a placeholder. blocks: those of the page that was converted last.

    html_with_own_links: that page's HTML with its links as staff wrote them, or None where no engine changes them. The
    checks use it instead of converting the page again.
    """

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self.html_with_own_links: str | None = None

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - named by Python-Markdown
        """Register with a converter."""
        self.blocks = []
        md.registerExtension(self)
        md.preprocessors.register(_BlockLines(self), "blocks", _AFTER_WHITESPACE)
        md.treeprocessors.register(_OwnLinks(self, md), "own_links", _BEFORE_LINKS)

    def reset(self) -> None:
        """Forget the blocks of the previous page."""
        self.blocks = []
        self.html_with_own_links = None

    def fill(self, html: str, draw: Callable[[Block], str]) -> str:
        """Return the page's HTML with its blocks drawn, and without the comments of staff."""
        drawn = [draw(block) for block in self.blocks]

        def replacement(comment: re.Match[str]) -> str:
            return drawn[int(comment[1])] if comment[1] and int(comment[1]) < len(drawn) else ""

        return _COMMENT.sub(replacement, html)


class _BlockLines(Preprocessor):
    def __init__(self, extension: BlockExtension) -> None:
        super().__init__()
        self._extension = extension

    def run(self, lines: list[str]) -> list[str]:
        """Replace each line that requests a block by a comment in a paragraph of its own."""
        return [new for line in lines for new in self._replacement(line)]

    def _replacement(self, line: str) -> list[str]:
        block = block_of(line)
        if block is None:
            return [line]
        blocks = self._extension.blocks
        blocks.append(block)
        return ["", f"<!--block:{len(blocks) - 1}-->", ""]


class _OwnLinks(Treeprocessor):
    def __init__(self, extension: BlockExtension, md: Markdown) -> None:
        super().__init__(md)
        self._extension = extension

    def run(self, root: Element) -> None:
        """Store the page's HTML as `Markdown.convert` would return it now."""
        if self._extension.blocks or not any(map(_may_change, root.iter())):
            return
        html = self.md.serializer(root)
        html = html[html.index(">") + 1 : html.rindex("</")].strip()
        for postprocessor in self.md.postprocessors:
            html = postprocessor.run(html)
        self._extension.html_with_own_links = html.strip()


def _may_change(element: Element) -> bool:
    """Return whether an engine may change the address of a link or picture."""
    link = element.get("href") if element.tag == "a" else element.get("src") if element.tag == "img" else None
    return link is not None and not link.startswith(_UNCHANGED_LINKS)


_ENGLISH_LINK = re.compile(r'<a href="(https?://[^"]*)">([^<]*[A-Za-z]{3}[^<]*)</a>')


def foreign_links(html: str) -> str:
    """Mark the names of English sources as English, so that screen readers pronounce them right (WCAG 3.1.2)."""
    return _ENGLISH_LINK.sub(
        lambda match: f'<a href="{match[1]}" lang="en">{match[2]}</a>' if match[2].isascii() else match[0], html
    )


_DEFINITION_LIST = re.compile(r"<dl>(.*?)</dl>", re.S)
_SPEECH = re.compile(r"\s*<dt>(.*?)</dt>\s*<dd>\s*(?:<p>)?(.*?)(?:</p>)?\s*</dd>\s*", re.S)


def dialogue(html: str) -> str:
    """Turn definition lists into dialogue, as which staff write them: HTML has <dl> for terms only (HTML, 4.4.9)."""
    paragraph = r'<p class="say"><b>\1</b> <span>\2</span></p>'
    return _DEFINITION_LIST.sub(lambda match: _SPEECH.sub(paragraph, match[1]), html)
