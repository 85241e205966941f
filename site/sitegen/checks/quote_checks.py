"""Quotes that could not leave a page alone when their consent ends: Markdown itself is asked about each page with one.

content/quotes.py finds quotes in the text, and a withdrawal finds them in the page that is built. Both must take out
the same words, and no quote may stand there besides.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.content.consent import consent_names, quotes
from sitegen.content.pages import PageSource, block_of
from sitegen.render.engine.markdown_extensions import talk
from sitegen.render.engine.markdown_html import to_html

_QUOTED = re.compile(r"<(?:blockquote|q)\b", re.I)
_MARK = re.compile(r"quote-consent-|data-consent", re.I)
_TAG = re.compile(r"<[^>]*>")
_PLAIN_TAG = re.compile(r"</?[a-z0-9]+>")
"""A tag without attributes: an empty entry stays in a list from which a quote is taken, and nobody sees it."""

_AS_USUAL = _("Begin it with > at the beginning of a line, after an empty line, with no HTML around it.")
_AT_ITS_END = _("Let the line consent: follow the words that it is for, behind a > like them.")


def problems(pages: Sequence[PageSource], root: Path) -> Iterator[Problem]:
    """Yield pages with quotes whose consent is unclear, or that cannot be removed alone. root: of mkdocs.yml."""
    for page in pages:
        if page.generated or consent_names.is_story(page) or ">" not in page.text:
            continue
        named = {quotes.key_of(name) for quote in quotes.quotes_of(page.text) for name in quote.consents}
        html = _html(quotes.mark_quotes(page.text), root)
        drawn = quotes.mark_html(html)
        left = quotes.remove_from_html(drawn, named)
        if any(not _TAG.sub("", said).strip() for keys, said in quotes.quotes_in_html(drawn) if keys & named):
            what = _("a line consent: stands there, and no words of a quote before it.")
            yield Problem(page.where, what, _AT_ITS_END)
        elif _QUOTED.search(left) and not _said_elsewhere(page):
            yield Problem(page.where, _("a quote stands there whose consent cannot be told."), _AS_USUAL)
        elif _MARK.search(left) or (named and not _same(page.text, html, left, root)):
            what = _("a quote stands there that could not leave the page alone when its consent ends.")
            yield Problem(page.where, what, _AS_USUAL)


def _said_elsewhere(page: PageSource) -> bool:
    """Return whether its quotes need no consent, or one is named already that lacks it (lint/consent_rules.py)."""
    return page.meta.get("quotes") == quotes.PUBLISHED or not all(
        quote.consents for quote in quotes.quotes_of(page.text)
    )


def _same(text: str, html: str, left: str, root: Path) -> bool:
    """Return whether page and text hold the same without their quotes, and what people say is drawn around them."""
    at_once = _seen(left) == _seen(_html(quotes.remove_quotes(text), root))
    return at_once and quotes.quotes_in_html(quotes.mark_html(talk(html))) == quotes.quotes_in_html(
        quotes.mark_html(html)
    )


def _html(text: str, root: Path) -> str:
    """Return the page as it is made of this text, with holes for its blocks, which end a paragraph."""
    return to_html("\n".join("\n<!--block-->\n" if block_of(line) else line for line in text.split("\n")), root)


def _seen(html: str) -> list[str]:
    """Return what stands on a page, in words and in what its tags say."""
    return _PLAIN_TAG.sub(" ", html).split()
