"""Checks that each quote can be removed from its page alone when its consent ends.

content/consent/quotes.py finds quotes in the Markdown, and a withdrawal finds them in the built page. Both must remove
the same words, and no quote may remain. Each page with a quote is rendered to compare the two.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem
from sitegen.content.consent import consent_names, quotes
from sitegen.content.pages import PageSource, block_of
from sitegen.render.engine.markdown_extensions import dialogue
from sitegen.render.engine.markdown_html import to_html

_QUOTED = re.compile(r"<(?:blockquote|q)\b", re.I)
_MARK = re.compile(r"quote-consent-|data-consent", re.I)
_TAG = re.compile(r"<[^>]*>")
_PLAIN_TAG = re.compile(r"</?[a-z0-9]+>")
"""A tag without attributes. It may remain where a quote is removed, like an empty item of a list."""

_AS_USUAL = _("Begin it with > at the beginning of a line, after an empty line, with no HTML around it.")
_AT_ITS_END = _("Let the line consent: follow the words that it is for, behind a > like them.")


def problems(pages: Sequence[PageSource], root: Path) -> Iterator[Problem]:
    """Yield pages with quotes whose consent is unclear or that cannot be removed. root: the folder of mkdocs.yml."""
    for page in pages:
        if page.generated or consent_names.is_story(page) or ">" not in page.text:
            continue
        keys = {quotes.key_of(name) for quote in quotes.quotes_of(page.text) for name in quote.consents}
        html = _html(quotes.mark_quotes(page.text), root)
        marked = quotes.mark_html(html)
        rest = quotes.remove_from_html(marked, keys)
        if any(not _TAG.sub("", words).strip() for own, words in quotes.quotes_in_html(marked) if own & keys):
            what = _("a line consent: stands there, and no words of a quote before it.")
            yield Problem(page.where, what, _AT_ITS_END)
        elif _QUOTED.search(rest) and not _is_reported_elsewhere(page):
            yield Problem(page.where, _("a quote stands there whose consent cannot be told."), _AS_USUAL)
        elif _MARK.search(rest) or (keys and not _is_removable(page.text, html, rest, root)):
            what = _("a quote stands there that could not leave the page alone when its consent ends.")
            yield Problem(page.where, what, _AS_USUAL)


def _is_reported_elsewhere(page: PageSource) -> bool:
    """Return whether its quotes need no consent, or lint/consent_rules.py reports one that lacks it."""
    return page.meta.get("quotes") == quotes.PUBLISHED or not all(
        quote.consents for quote in quotes.quotes_of(page.text)
    )


def _is_removable(text: str, html: str, rest: str, root: Path) -> bool:
    """Return whether removing the quotes from the HTML or from the Markdown gives the same page.

    The layout of what people say (`dialogue`) must not change the quotes either. rest: the HTML without its quotes.
    """
    is_same = _contents(rest) == _contents(_html(quotes.remove_quotes(text), root))
    return is_same and quotes.quotes_in_html(quotes.mark_html(dialogue(html))) == quotes.quotes_in_html(
        quotes.mark_html(html)
    )


def _html(text: str, root: Path) -> str:
    """Return the HTML of a page's Markdown, with a comment for each block, which ends a paragraph."""
    return to_html("\n".join("\n<!--block-->\n" if block_of(line) else line for line in text.split("\n")), root)


def _contents(html: str) -> list[str]:
    """Return the words of a page and its tags with attributes."""
    return _PLAIN_TAG.sub(" ", html).split()
