"""Quotes of people on pages: each names its consent in its last line and is removed when that ends (decisions/0031).

    > They gave us our wages back.
    > consent: brick-kiln-2026

A quote is what Markdown takes for one: consecutive paragraphs that begin with >, also within lists and boxes.
checks/quote_checks.py renders each page with a quote and stops the build where Markdown sees it differently.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date

from sitegen.content.consent.consent_names import is_story
from sitegen.content.consent.consents import Consents, ConsentStatus
from sitegen.content.pages import AllPages, PageSource

PUBLISHED = "published"
"""The value of `quotes` in front matter if quotes without a consent are published words of an office or a book."""

QUOTE_REMOVED = "quote_left"
"""The key that the program sets in front matter if a quote was removed: no recording of such a page is used."""

_BEGINS = re.compile(r"[ \t]*(?:(?:[-*+:]|\d+[.)])[ \t]+)*>")
_CONSENT = re.compile(r"(?m)^([ \t>]*)consent[ \t]*:[ \t]*(\S+)[ \t]*$", re.I)
_NESTED = re.compile(r"(?m)^[^\n>]*>[ \t]*>")
_TOKEN = re.compile(r"\s*quote-consent-([0-9a-f]{16})")
_BLOCKQUOTE = re.compile(
    r"<blockquote>((?:(?!</?blockquote\b).)*quote-consent-(?:(?!</?blockquote\b).)*)</blockquote>", re.S
)
_EMPTY = re.compile(r"<p>\s*</p>\n?")
_MARKED_QUOTE = re.compile(r'<blockquote data-consent="([0-9a-f ]*)">((?:(?!</blockquote>).)*)</blockquote>\n?', re.S)


@dataclass(frozen=True)
class Quote:
    """A quote in the Markdown of a page. start, end: positions in the page's text."""

    start: int
    end: int
    text: str

    @property
    def consents(self) -> tuple[str, ...]:
        """The ids of the consents that it names, as they are written."""
        return tuple(match[2] for match in _CONSENT.finditer(self.text))

    @property
    def nested(self) -> bool:
        """Whether there is a quote inside it, so that neither can be removed alone."""
        return _NESTED.search(self.text) is not None


def quotes_of(text: str) -> Iterator[Quote]:
    """Yield the quotes of a page's Markdown."""
    position, start, end = 0, -1, 0
    for part in re.split(r"(\n[ \t]*(?:\n[ \t]*)+)", text):  # paragraphs and the gaps between them
        if part.strip():
            offset = _first_quoted_line(part)
            if start >= 0 and offset != 0:
                yield Quote(start, end, text[start:end])
                start = -1
            if offset >= 0:
                start, end = position + offset if start < 0 else start, position + len(part)
        position += len(part)
    if start >= 0:
        yield Quote(start, end, text[start:end])


def _first_quoted_line(paragraph: str) -> int:
    """Return the position of the first line of a paragraph that is quoted; -1 if none is."""
    position = 0
    for line in paragraph.split("\n"):  # not splitlines: Markdown ends a line only here
        if _BEGINS.match(line):
            return position
        position += len(line) + 1
    return -1


def key_of(consent: str) -> str:
    """Return the key of a consent on the public site, which does not show the names of consents."""
    return hashlib.sha256(consent.casefold().encode()).hexdigest()[:16]


def statuses(
    quote: Quote, page: PageSource, language: str, known: Consents, today: date
) -> Iterator[tuple[str, ConsentStatus]]:
    """Yield each consent that a quote names, with its status for this page and language."""
    for name in quote.consents:
        yield name, known.status(name, page.name.removesuffix(".md"), language, today, column="quotes")


def prepare_quotes(library: AllPages, known: Consents, today: date) -> tuple[AllPages, list[str]]:
    """Return the pages with each quote marked with its consent, or removed if that is not valid; and messages about it.

    Where a language shows the English page, the consent must cover that language too.
    """
    by_language, messages = {code: dict(pages) for code, pages in library.by_language.items()}, []
    for name in library.names:
        for code, pages in by_language.items():
            page = library.find(name, code)
            if page.generated or is_story(page) or not _CONSENT.search(page.text):
                continue
            pages[name], reasons = _prepare(page, code, known, today)
            messages += [f"content/{code}/{name}: {reason}. The quote is left out." for reason in reasons]
    return replace(library, by_language=by_language), messages


def _prepare(page: PageSource, language: str, known: Consents, today: date) -> tuple[PageSource, list[str]]:
    """Return a page with its quotes marked or removed, and the reason of each removal."""
    removed: list[str] = []

    def replacement(quote: Quote) -> str:
        pairs = statuses(quote, page, language, known, today)
        reasons = [f"{status.reason} ({name})" for name, status in pairs if status.reason]
        removed.extend(reasons[:1])
        return _blank(quote) if reasons else _mark(quote)

    text = _replace_each(page.text, replacement)
    return replace(page, text=text, meta={**page.meta, **({QUOTE_REMOVED: True} if removed else {})}), removed


def _replace_each(text: str, replacement: Callable[[Quote], str]) -> str:
    """Return a page's Markdown with each quote replaced."""
    for quote in reversed([*quotes_of(text)]):
        text = text[: quote.start] + replacement(quote) + text[quote.end :]
    return text


def _blank(quote: Quote) -> str:
    """Return as many empty lines as the quote has, so that line numbers stay the same."""
    return "\n" * quote.text.count("\n")


def _mark(quote: Quote) -> str:
    return _CONSENT.sub(lambda match: f"{match[1]}quote-consent-{key_of(match[2])}", quote.text)


def mark_quotes(text: str) -> str:
    """Return a page's Markdown with every quote marked, as if all consents were valid."""
    return _replace_each(text, _mark)


def remove_quotes(text: str) -> str:
    """Return a page's Markdown without the quotes that name a consent, as if none were valid."""
    return _replace_each(text, lambda quote: _blank(quote) if quote.consents else quote.text)


def mark_html(body: str) -> str:
    """Return the HTML of a page with the marks of its quotes as attributes, which a withdrawal looks for."""
    return _BLOCKQUOTE.sub(_with_attribute, body)


def _with_attribute(match: re.Match[str]) -> str:
    keys, words = " ".join(_TOKEN.findall(match[1])), _EMPTY.sub("", _TOKEN.sub("", match[1]))
    return f'<blockquote data-consent="{keys}">{words}</blockquote>'


def quotes_in_html(html: str) -> list[tuple[frozenset[str], str]]:
    """Return the keys and the inner HTML of each marked quote of a page."""
    return [(frozenset(keys.split()), words) for keys, words in _MARKED_QUOTE.findall(html)]


def remove_from_html(html: str, lost: Collection[str]) -> str:
    """Return the HTML of a page without the quotes that need a consent with one of these keys."""
    return _MARKED_QUOTE.sub(lambda match: match[0] if {*match[1].split()}.isdisjoint(lost) else "", html)
