"""Quotes that would stand on a page and that content/quotes.py does not see, so that no consent could be asked for."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from forms.core.problem import Problem
from sitegen.content import consents, quotes
from sitegen.content.pages import Source
from sitegen.lint.visible import without_blocks
from sitegen.render.markdown_html import to_html

_TAG = re.compile(r"<(/?)(blockquote|q)\b", re.I)


def problems(pages: Sequence[Source], root: Path) -> Iterator[Problem]:
    """Yield pages with quotes in HTML, or where only Markdown sees one. root: the folder of mkdocs.yml."""
    for page in pages:
        if page.made or consents.is_story(page) or page.meta.get("quotes") == quotes.PUBLISHED:
            continue
        if _outermost(to_html(without_blocks(page.text), root)) > len([*quotes.quotes_of(page.text)]):
            todo = "Begin it with > at the beginning of a line, after an empty line, with no HTML around it."
            yield Problem(page.where, "a quote stands there whose consent cannot be told.", todo)


def _outermost(html: str) -> int:
    """Return how many quotes stand in the HTML, those within others not counted."""
    depth = found = 0
    for match in _TAG.finditer(html):
        found += depth == 0 and not match[1]
        depth = max(0, depth + (-1 if match[1] else 1))
    return found
