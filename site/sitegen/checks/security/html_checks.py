"""Active HTML in what staff write (pages, front matter, tables, drawings), by file and line: nothing of it is built."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.checks.security import active_html
from sitegen.checks.security.active_html import ActiveContent
from sitegen.content.pages import PageSource
from sitegen.content.settings import WHERE
from sitegen.content.tables import Tables, every_cell, place_of
from sitegen.layers import lookup
from sitegen.lint.visible import without_blocks
from sitegen.render.engine.markdown_html import to_html

_TODO = _("Write it in Markdown: words, pictures of content/media, and links to pages, numbers and https addresses.")
_ENDINGS = """
.html .htm .xhtml .xht .shtml .mht .mhtml .js .mjs .css .xml .xsl .xslt .rdf .svgz .swf .wasm .php
"""
_ACTIVE_FILES = frozenset(_ENDINGS.split())
_LOOKED_AT = (*_ACTIVE_FILES, ".svg")


def problems(
    pages: Sequence[PageSource], tables: Tables, settings: Mapping[str, Any], content: Path
) -> Iterator[Problem]:
    """Everything active in content/."""
    for page in pages:
        yield from of_page(page, content.parent)
    for name, row, column, cell in every_cell(tables):
        for found in _in_any(cell):
            yield Problem(place_in(place_of(name, row), column=column), found.what, _TODO)
    yield from (Problem(WHERE, found.what, _TODO) for found in _in_any(settings))
    yield from _files(content)


def of_page(page: PageSource, root: Path, made: str | None = None) -> Iterator[Problem]:
    """Everything active in one page. root: the folder of mkdocs.yml; made: its HTML, where that was made already."""
    if page.generated:
        return
    for found in _in_any(page.meta):
        yield Problem(_("%(place)s, between the --- lines", place=page.where), found.what, _TODO)
    for found in active_html.findings(to_html(without_blocks(page.text), root) if made is None else made):
        if found.what == active_html.LOADS_A_PICTURE and f"]({found.text})" in page.text:
            continue  # images.asked says it better
        yield Problem(place_in(page.where, line=_line(page, found)), found.what, _TODO)


def _line(page: PageSource, found: ActiveContent) -> int | None:
    """Return the line where what was found is in the Markdown as it is in the HTML; None where it is not."""
    at = page.text.lower().find(found.text.lower()) if found.text else -1
    return page.line_of(at) if at >= 0 else None


def _in_any(value: Any) -> Iterator[ActiveContent]:
    """Yield what is active in a value, or in any value within it."""
    if isinstance(value, str):
        yield from active_html.in_words(value)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _in_any(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _in_any(one)


def _files(content: Path) -> Iterator[Problem]:
    """Files that a browser would run or show as a page, in the folders that are published."""
    for file in lookup.every(content):
        if not file.name.lower().endswith(_LOOKED_AT):
            continue
        folder, ending = file.name.partition("/")[0], file.path.suffix.lower()
        drawing_of_a_page = ending == ".svg" and folder != "media"
        if folder != "tables" and (ending in _ACTIVE_FILES or drawing_of_a_page):
            what = _("is a file that a browser would run or show as a page.")
            yield Problem(file.where, what, _("Take it out of content/."))
