"""Quotes of people on pages: each names its consent in its last line, and leaves the site with it (decisions/0031).

    > They gave us our wages back.
    > consent: brick-kiln-2026

What Markdown takes for one quote is one quote here: a run of paragraphs that begin with >, also within lists and boxes.
Where the two would differ nothing is built: checks/quote_checks.py asks Markdown about each page with a quote.
"""

import hashlib
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date

from sitegen.content.consent.consent_names import is_story
from sitegen.content.consent.consents import Consents, Standing
from sitegen.content.pages import AllPages, PageSource

PUBLISHED = "published"
"""What a page says under quotes: where those without a consent are words that an office or a book has published."""

LEFT = "quote_left"
"""In a page's front matter, written by the program: a quote is not shown, so a recording of the page is not either."""

_BEGINS = re.compile(r"[ \t]*(?:(?:[-*+:]|\d+[.)])[ \t]+)*>")
_CONSENT = re.compile(r"(?m)^([ \t>]*)consent[ \t]*:[ \t]*(\S+)[ \t]*$", re.I)
_NESTED = re.compile(r"(?m)^[^\n>]*>[ \t]*>")
_TOKEN = re.compile(r"\s*quote-consent-([0-9a-f]{16})")
_DRAWN = re.compile(
    r"<blockquote>((?:(?!</?blockquote\b).)*quote-consent-(?:(?!</?blockquote\b).)*)</blockquote>", re.S
)
_EMPTY = re.compile(r"<p>\s*</p>\n?")
_SHOWN = re.compile(r'<blockquote data-consent="([0-9a-f ]*)">((?:(?!</blockquote>).)*)</blockquote>\n?', re.S)


@dataclass(frozen=True)
class Quote:
    """A quote in the text of a page: where it begins and ends, and the consents that it names, as they are written."""

    start: int
    end: int
    text: str

    @property
    def consents(self) -> tuple[str, ...]:
        """Return the ids of consents that it names."""
        return tuple(match[2] for match in _CONSENT.finditer(self.text))

    @property
    def nested(self) -> bool:
        """Return whether a quote is in the quote, so that one cannot leave without the other."""
        return _NESTED.search(self.text) is not None


def quotes_of(text: str) -> Iterator[Quote]:
    """Yield the quotes of a page's Markdown."""
    at, start, end = 0, -1, 0
    for part in re.split(r"(\n[ \t]*(?:\n[ \t]*)+)", text):  # paragraphs, and what stands between them
        if part.strip():
            found = _first_line(part)
            if start >= 0 and found != 0:
                yield Quote(start, end, text[start:end])
                start = -1
            if found >= 0:
                start, end = at + found if start < 0 else start, at + len(part)
        at += len(part)
    if start >= 0:
        yield Quote(start, end, text[start:end])


def _first_line(paragraph: str) -> int:
    """Return where the first line of a paragraph begins that is quoted; -1 where there is none."""
    at = 0
    for line in paragraph.split("\n"):  # a line ends for Markdown nowhere else
        if _BEGINS.match(line):
            return at
        at += len(line) + 1
    return -1


def key_of(consent: str) -> str:
    """Return what a quote with this consent is known by on the site, where no name of a consent stands."""
    return hashlib.sha256(consent.casefold().encode()).hexdigest()[:16]


def standings(
    quote: Quote, page: PageSource, language: str, known: Consents, today: date
) -> Iterator[tuple[str, Standing]]:
    """Yield each consent that a quote names, and how it stands for this page and language."""
    for name in quote.consents:
        yield name, known.standing(name, page.name.removesuffix(".md"), language, today, column="quotes")


def applied(library: AllPages, known: Consents, today: date) -> tuple[AllPages, list[str]]:
    """Return the library as it is drawn: quotes marked with their consents, or left out; and a sentence for those left.

    Where English stands in for a page of another language, the consent must cover that language too.
    """
    by_language, left = {code: dict(pages) for code, pages in library.by_language.items()}, []
    for name in library.names:
        for code, pages in by_language.items():
            page = library.find(name, code)
            if page.generated or is_story(page) or not _CONSENT.search(page.text):
                continue
            pages[name], said = _applied(page, code, known, today)
            left += [f"content/{code}/{name}: {why}. The quote is left out." for why in said]
    return replace(library, by_language=by_language), left


def _applied(page: PageSource, language: str, known: Consents, today: date) -> tuple[PageSource, list[str]]:
    left: list[str] = []

    def put(quote: Quote) -> str:
        wrong = [f"{one.why} ({name})" for name, one in standings(quote, page, language, known, today) if one.why]
        left.extend(wrong[:1])
        return _blank(quote) if wrong else _marked(quote)

    text = _with_each(page.text, put)
    return replace(page, text=text, meta={**page.meta, **({LEFT: True} if left else {})}), left


def _with_each(text: str, put: Callable[[Quote], str]) -> str:
    """Return a page's Markdown with something else in place of each quote, from the last to the first."""
    for quote in reversed([*quotes_of(text)]):
        text = text[: quote.start] + put(quote) + text[quote.end :]
    return text


def _blank(quote: Quote) -> str:
    return "\n" * quote.text.count("\n")


def _marked(quote: Quote) -> str:
    return _CONSENT.sub(lambda match: f"{match[1]}quote-consent-{key_of(match[2])}", quote.text)


def marked(text: str) -> str:
    """Return a page's Markdown as it is drawn while every consent that its quotes name is valid."""
    return _with_each(text, _marked)


def taken_out(text: str) -> str:
    """Return a page's Markdown as it is drawn when no consent is valid that its quotes name."""
    return _with_each(text, lambda quote: _blank(quote) if quote.consents else quote.text)


def drawn(body: str) -> str:
    """Return the HTML of a page with the marks of its quotes as attributes, by which withdrawal finds them."""
    return _DRAWN.sub(_with_attribute, body)


def _with_attribute(match: re.Match[str]) -> str:
    keys, said = " ".join(_TOKEN.findall(match[1])), _EMPTY.sub("", _TOKEN.sub("", match[1]))
    return f'<blockquote data-consent="{keys}">{said}</blockquote>'


def shown(html: str) -> list[tuple[frozenset[str], str]]:
    """Return the keys and the HTML of each quote with a consent that stands on a drawn page."""
    return [(frozenset(keys.split()), said) for keys, said in _SHOWN.findall(html)]


def without(html: str, lost: Collection[str]) -> str:
    """Return a drawn page without the quotes that need a consent with one of these keys."""
    return _SHOWN.sub(lambda match: match[0] if {*match[1].split()}.isdisjoint(lost) else "", html)
