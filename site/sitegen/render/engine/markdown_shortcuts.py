"""Python-Markdown without work that changes no byte of the result.

Each inline pattern runs only on texts that contain the characters with which it begins; most texts have none. Headings
get their anchors, but the table of contents is made only for a page that shows it.
tests/sitegen/test_engines.py compares both ways over all pages.
"""

import html
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions import toc as headings
from markdown.extensions.md_in_html import MarkdownInHTMLPostprocessor
from markdown.postprocessors import AndSubstitutePostprocessor, RawHtmlPostprocessor
from markdown.treeprocessors import InlineProcessor
from markdown.util import ETX, STX, AtomicString

_INLINE, _TOC = 20, 5
"""The priorities of the processors of Python-Markdown that are replaced."""

_ALWAYS = ("", "")
_BRACKET, _PICTURE, _TAG = ("[", "["), ("![", "!["), ("<", "<")
_REQUIRED = {
    "backtick": ("`", "`"), "escape": ("\\", "\\"), "reference": _BRACKET, "link": _BRACKET, "image_link": _PICTURE,
    "image_reference": _PICTURE, "short_reference": _BRACKET, "short_image_ref": _PICTURE, "autolink": _TAG,
    "automail": _TAG, "linebreak": ("  \n", "  \n"), "html": _TAG, "entity": ("&", "&"), "em_strong": ("*", "_"),
}  # fmt: skip
"""Two strings for each pattern of Python-Markdown: a text that contains neither cannot match."""


class Shortcuts(Extension):
    """Replaces two of Python-Markdown's processors. Comes after `toc` in a list of extensions.

    Patterns of other extensions always run, and with settings of `toc` that change more than anchors its own processor
    stays.
    """

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - named by Python-Markdown
        """Register with a converter."""
        md.treeprocessors.register(_Inline(md), "inline", _INLINE)
        for extension in md.registeredExtensions:
            if type(extension) is headings.TocExtension and not _changes_headings(extension):
                md.treeprocessors.register(_Anchors(md, extension.getConfigs()), "toc", _TOC)


def _changes_headings(toc: headings.TocExtension) -> bool:
    return any(toc.getConfig(name) for name in ("anchorlink", "permalink"))


def _own_patterns() -> dict[str, tuple[str, str]]:
    """Return the required strings by the pattern's regular expression, so that a pattern changed elsewhere has none."""
    patterns = Markdown().inlinePatterns
    return {
        patterns[name].getCompiledRegExp().pattern: strings for name, strings in _REQUIRED.items() if name in patterns
    }


_REQUIRED_BY_EXPRESSION = _own_patterns()


class _Inline(InlineProcessor):
    """Overrides the search of one text. Its method has the mangled name of the base class's private method."""

    def run(self, tree: Element, ancestors: list[str] | None = None) -> Element:
        """Apply the patterns to a page. They are looked up once a page, not once a text."""
        self.inlinePatterns: Any = [*self.md.inlinePatterns]
        expressions = (pattern.getCompiledRegExp().pattern for pattern in self.inlinePatterns)
        self._required = [_REQUIRED_BY_EXPRESSION.get(expression, _ALWAYS) for expression in expressions]
        return super().run(tree, ancestors)

    def _InlineProcessor__handleInline(self, data: str, patternIndex: int = 0) -> str:  # noqa: N802, N803
        if isinstance(data, AtomicString):
            return data
        apply: Any = self._InlineProcessor__applyPattern  # type: ignore[attr-defined] # a mangled name
        start, count = 0, len(self._required)
        while patternIndex < count:
            first, second = self._required[patternIndex]
            matched = False
            if first in data or second in data:
                data, matched, start = apply(self.inlinePatterns[patternIndex], data, patternIndex, start)
            if not matched:
                patternIndex, start = patternIndex + 1, 0  # noqa: N806
        return data


class _Anchors(headings.TocTreeprocessor):
    """Gives headings their anchors."""

    def run(self, doc: Element) -> None:
        """Set the anchors of a page, and make the table of contents where the page has its marker."""
        elements = [element for element in doc.iter() if isinstance(element.tag, str)]
        if any(self._needs_toc(element) for element in elements) or not self._has_own_postprocessors():
            super().run(doc)
            return
        used = {element.attrib["id"] for element in elements if "id" in element.attrib}
        counters: dict[str, int] = {}
        for element in elements:
            if self.header_rgx.match(element.tag):
                self.set_level(element)
                if "id" not in element.attrib:
                    name = html.unescape(self._name(element))
                    element.attrib["id"] = headings.unique(self.slugify(name, self.sep), used, counters)

    def _needs_toc(self, element: Element) -> bool:
        return "data-toc-label" in element.attrib or bool(self.marker and self.marker in (element.text or ""))

    def _has_own_postprocessors(self) -> bool:
        """Return whether no postprocessor changes plain text."""
        return all(type(postprocessor) in _KEEP_TEXT for postprocessor in self.md.postprocessors)

    def _name(self, heading: Element) -> str:
        text = heading.text or ""
        if len(heading) or not text or not _SPECIAL.isdisjoint(text):
            return headings.strip_tags(headings.render_inner_html(headings.remove_fnrefs(heading), self.md))
        return " ".join(text.split())


_SPECIAL = frozenset({"<", ">", "&", STX, ETX})
_KEEP_TEXT = frozenset({RawHtmlPostprocessor, MarkdownInHTMLPostprocessor, AndSubstitutePostprocessor})
