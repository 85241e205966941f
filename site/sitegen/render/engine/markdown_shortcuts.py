"""Python-Markdown without work that changes no byte: inline patterns that cannot match, a list of headings for nobody.

Each pattern is run only on texts in which a sign stands that it begins with; most texts of a page have none. Anchors
of headings are set, but the list of headings is drawn and serialized only where a page asks for it.
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
"""The priorities with which Python-Markdown registers its own."""

_ALWAYS = ("", "")
_BRACKET, _PICTURE, _TAG = ("[", "["), ("![", "!["), ("<", "<")
_SIGNS = {
    "backtick": ("`", "`"), "escape": ("\\", "\\"), "reference": _BRACKET, "link": _BRACKET, "image_link": _PICTURE,
    "image_reference": _PICTURE, "short_reference": _BRACKET, "short_image_ref": _PICTURE, "autolink": _TAG,
    "automail": _TAG, "linebreak": ("  \n", "  \n"), "html": _TAG, "entity": ("&", "&"), "em_strong": ("*", "_"),
}  # fmt: skip
"""Two texts for each of Python-Markdown's own patterns: without both of them in it, a text cannot match."""


class Shortcuts(Extension):
    """Takes the place of two of Python-Markdown's processors. Stands after `toc` in a list of extensions.

    What another extension brings, or a setting of `toc` that changes more than anchors, is done as Python-Markdown does
    it.
    """

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - named by Python-Markdown
        """Register with a converter."""
        md.treeprocessors.register(_Inline(md), "inline", _INLINE)
        for known in md.registeredExtensions:
            if type(known) is headings.TocExtension and not _changes_headings(known):
                md.treeprocessors.register(_Anchors(md, known.getConfigs()), "toc", _TOC)


def _changes_headings(toc: headings.TocExtension) -> bool:
    return any(toc.getConfig(name) for name in ("anchorlink", "permalink"))


def _own_patterns() -> dict[str, tuple[str, str]]:
    """Return those signs by the regular expression of the pattern: one that an extension has changed is not in it."""
    own = Markdown().inlinePatterns
    return {own[name].getCompiledRegExp().pattern: signs for name, signs in _SIGNS.items() if name in own}


_BY_EXPRESSION = _own_patterns()


class _Inline(InlineProcessor):
    """Overrides how one text is searched. Its names are those of the class above, mangled as Python does it."""

    def run(self, tree: Element, ancestors: list[str] | None = None) -> Element:
        """Apply the patterns to a page. They are listed once a page, not once a text."""
        self.inlinePatterns: Any = [*self.md.inlinePatterns]
        self._signs = [_BY_EXPRESSION.get(one.getCompiledRegExp().pattern, _ALWAYS) for one in self.inlinePatterns]
        return super().run(tree, ancestors)

    def _InlineProcessor__handleInline(self, data: str, patternIndex: int = 0) -> str:  # noqa: N802, N803
        if isinstance(data, AtomicString):
            return data
        apply: Any = self._InlineProcessor__applyPattern  # type: ignore[attr-defined] # mangled, as said above
        start, count = 0, len(self._signs)
        while patternIndex < count:
            one, other = self._signs[patternIndex]
            matched = False
            if one in data or other in data:
                data, matched, start = apply(self.inlinePatterns[patternIndex], data, patternIndex, start)
            if not matched:
                patternIndex, start = patternIndex + 1, 0  # noqa: N806
        return data


class _Anchors(headings.TocTreeprocessor):
    """Gives headings their anchors."""

    def run(self, doc: Element) -> None:
        """Set the anchors of a page; draw the list of its headings too where the page has its marker."""
        elements = [one for one in doc.iter() if isinstance(one.tag, str)]
        if any(self._needs_more(one) for one in elements) or not self._has_own_postprocessors():
            super().run(doc)
            return
        used = {one.attrib["id"] for one in elements if "id" in one.attrib}
        counters: dict[str, int] = {}
        for one in elements:
            if self.header_rgx.match(one.tag):
                self.set_level(one)
                if "id" not in one.attrib:
                    name = html.unescape(self._name(one))
                    one.attrib["id"] = headings.unique(self.slugify(name, self.sep), used, counters)

    def _needs_more(self, element: Element) -> bool:
        return "data-toc-label" in element.attrib or bool(self.marker and self.marker in (element.text or ""))

    def _has_own_postprocessors(self) -> bool:
        """Return whether plain words stay as they are after a page is serialized."""
        return all(type(one) in _LEAVES_WORDS for one in self.md.postprocessors)

    def _name(self, heading: Element) -> str:
        text = heading.text or ""
        if len(heading) or not text or not _SPECIAL.isdisjoint(text):
            return headings.strip_tags(headings.render_inner_html(headings.remove_fnrefs(heading), self.md))
        return " ".join(text.split())


_SPECIAL = frozenset({"<", ">", "&", STX, ETX})
_LEAVES_WORDS = frozenset({RawHtmlPostprocessor, MarkdownInHTMLPostprocessor, AndSubstitutePostprocessor})
