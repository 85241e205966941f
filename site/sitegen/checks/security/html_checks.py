"""Checks for active HTML in pages, front matter, tables, settings and files of content/."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.checks.security import active_html
from sitegen.checks.security.active_html import ActiveContent
from sitegen.content.pages import PageSource
from sitegen.content.settings import SETTINGS_FILE
from sitegen.content.tables import Tables, every_cell, place_of
from sitegen.layers import lookup
from sitegen.lint.visible_text import without_blocks
from sitegen.render.engine.markdown_html import to_html

_TODO = _("Write it in Markdown: words, pictures of content/media, and links to pages, numbers and https addresses.")
_ENDINGS = """
.html .htm .xhtml .xht .shtml .mht .mhtml .js .mjs .css .xml .xsl .xslt .rdf .svgz .swf .wasm .php
"""
_ACTIVE_FILES = frozenset(_ENDINGS.split())
_CHECKED_FILES = (*_ACTIVE_FILES, ".svg")


def problems(
    pages: Sequence[PageSource], tables: Tables, settings: Mapping[str, Any], content: Path
) -> Iterator[Problem]:
    """Yield everything active in content/."""
    for page in pages:
        yield from problems_of_page(page, content.parent)
    for name, row, column, cell in every_cell(tables):
        for finding in _findings(cell):
            yield Problem(place_in(place_of(name, row), column=column), finding.what, _TODO)
    yield from (Problem(SETTINGS_FILE, finding.what, _TODO) for finding in _findings(settings))
    yield from _files(content)


def problems_of_page(page: PageSource, root: Path, page_html: str | None = None) -> Iterator[Problem]:
    """Yield everything active in one page. root: the folder of mkdocs.yml; page_html: its HTML, if known."""
    if page.generated:
        return
    for finding in _findings(page.meta):
        yield Problem(_("%(place)s, between the --- lines", place=page.where), finding.what, _TODO)
    if page_html is None:
        page_html = to_html(without_blocks(page.text), root)
    for finding in active_html.findings(page_html):
        if finding.what == active_html.LOADS_A_PICTURE and f"]({finding.text})" in page.text:
            continue  # media/image_checks.py has a more precise message
        yield Problem(place_in(page.where, line=_line(page, finding)), finding.what, _TODO)


def _line(page: PageSource, finding: ActiveContent) -> int | None:
    """Return the line of a finding, None if the Markdown does not have it as the HTML has it."""
    position = page.text.lower().find(finding.text.lower()) if finding.text else -1
    return page.line_of(position) if position >= 0 else None


def _findings(value: Any) -> Iterator[ActiveContent]:
    """Yield active content in a string, or in all strings of a list or dict."""
    if isinstance(value, str):
        yield from active_html.findings_in_text(value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _findings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _findings(item)


def _files(content: Path) -> Iterator[Problem]:
    """Yield files in published folders that a browser would run or show as a page."""
    for file in lookup.every(content):
        if not file.name.lower().endswith(_CHECKED_FILES):
            continue
        folder, ending = file.name.partition("/")[0], file.path.suffix.lower()
        is_stray_drawing = ending == ".svg" and folder != "media"
        if folder != "tables" and (ending in _ACTIVE_FILES or is_stray_drawing):
            what = _("is a file that a browser would run or show as a page.")
            yield Problem(file.where, what, _("Take it out of content/."))
