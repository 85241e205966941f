"""An engine without MkDocs: Python-Markdown with the extensions of mkdocs.yml, and links between pages."""

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

from sitegen.content.pages import AllPages, address_of, linked_name
from sitegen.render.engine.markdown_extensions import BlockExtension
from sitegen.render.engine.markdown_html import converter

_LINKS = {"a": "href", "img": "src"}
_LAST = 0
"""The priority after all other tree processors, as in MkDocs."""


def convert(
    root: Path, library: AllPages, language: str, blocks: BlockExtension, names: Sequence[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the name and the HTML of each page; see interface.Engine."""
    links = _LinkExtension(frozenset(library.names))
    markdown = converter(root, blocks, links)
    for name in library.names if names is None else names:
        links.page = name
        page = library.find(
            name, language
        )  # a local variable, so that lint/unexpected.py can name the page in which an error occurs
        yield name, markdown.reset().convert(page.text)


def relative_address(page: str, link: str, names: frozenset[str]) -> str:
    """Return the address for a link on a page: "../help.md#who" on "stories/one.md" becomes "../../help/#who".

    names: of all pages. Links to other addresses stay unchanged.
    """
    scheme, host, path, query, anchor = urlsplit(link)
    if scheme or host or not path or link.startswith(("/", "\\")):
        return link
    name = linked_name(page, unquote(path))
    if name not in names:
        return link
    relative = quote(posixpath.relpath(address_of(name) or ".", address_of(page) or "."))
    return urlunsplit(("", "", f"{relative}/", query, anchor))


class _LinkExtension(Extension):
    """Turns links to Markdown files into links to pages. page: the name of the page to convert next."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__()
        self.names = names
        self.page = ""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - named by Python-Markdown
        """Register with a converter."""
        md.treeprocessors.register(_Links(self), "links_between_pages", _LAST)


class _Links(Treeprocessor):
    def __init__(self, extension: _LinkExtension) -> None:
        super().__init__()
        self._extension = extension

    def run(self, root: Element) -> None:
        """Replace the addresses of all links and pictures."""
        for element in root.iter():
            attribute = _LINKS.get(element.tag, "") if isinstance(element.tag, str) else ""
            link = element.get(attribute)
            if link:
                element.set(attribute, relative_address(self._extension.page, link, self._extension.names))
