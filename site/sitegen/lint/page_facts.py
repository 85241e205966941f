"""Facts of one page that do not depend on other pages: its links, ids and pictures, and whether it has mistakes.

They are cached between builds under a hash of everything that they depend on, so that unchanged pages are not rendered
again for the checks. Only pages without mistakes are cached; the others are checked and reported each time.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from forms.core.files import kept_results
from forms.core.problem import Danger, Problem, place_in
from sitegen import kept_work
from sitegen.checks import page_checks
from sitegen.checks.security import html_checks
from sitegen.content.pages import PageSource
from sitegen.lint import structure, translations, visible_text
from sitegen.lint.artefacts import artefact_search, known_artefacts
from sitegen.media import images, shared_clips
from sitegen.render.engine.markdown_html import to_html

_LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"[^>]*>(.*?)</a>', re.S)
_ID = re.compile(r'\bid="([^"]*)"')


@dataclass(frozen=True)
class Facts:
    """Facts of one page. links: address and inner HTML of each; ids: of its elements, in order.

    pictures: address and alternative text of each.
    """

    links: tuple[tuple[str, str], ...]
    ids: tuple[str, ...]
    pictures: tuple[tuple[str, str], ...]
    clean: bool
    """Whether it has no mistakes: neither `problems` nor html_checks find any."""

    def packed(self) -> bytes:
        """Return the facts of a clean page as bytes, for `unpacked`."""
        return json.dumps([self.links, self.ids, self.pictures]).encode()

    @classmethod
    def unpacked(cls, data: bytes) -> "Facts":
        """Return the facts of a clean page."""
        links, ids, pictures = json.loads(data)
        return cls(_pairs(links), tuple(map(str, ids)), _pairs(pictures), clean=True)


def _pairs(values: Iterable[Iterable[object]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(first), str(second)) for first, second in values)


def of(page: PageSource, root: Path, page_html: str | None = None) -> Facts:
    """Return the facts of a page: cached, shared between districts, or computed now. root: the folder of mkdocs.yml.

    page_html: the result of `html_of`, if known.
    """
    cache, key = kept_work.at(root, kept_work.CHECKS), key_of(page, root)
    cached = cache.loaded(key)
    if isinstance(cached, Facts):
        return cached
    if (shared := shared_clips.get(root, key)) is not None:
        return Facts.unpacked(shared)
    page_html = html_of(page, root) if page_html is None else page_html
    mistakes = [*html_checks.problems_of_page(page, root, page_html), *problems(page, root, page_html)]
    links = tuple((match[1], match[2]) for match in _LINK.finditer(page_html))
    facts = Facts(links, tuple(_ID.findall(page_html)), images.pictures_in(page_html), clean=not mistakes)
    if facts.clean:
        cache.keep(key, facts)
    return facts


def key_of(page: PageSource, root: Path) -> bytes:
    """Return a hash of everything that the facts of a page depend on.

    The path of its file is not part of it, so that districts share the facts of a library's pages. Front matter is
    hashed by its repr, since 1 == True.
    """
    place = (page.language, page.name, page.first_line, page.generated)
    return kept_results.key_of("facts", _program(root), *place, repr(page.meta), page.text)


@cache
def _program(root: Path) -> bytes:
    """Return a hash of the program and of mkdocs.yml. Cached, as `to_html` also reads it once a process."""
    return kept_results.key_of(kept_work.code_mark(), (root / "mkdocs.yml").read_bytes())


def html_of(page: PageSource, root: Path) -> str:
    """Return a page's HTML without its blocks."""
    return to_html(visible_text.without_blocks(page.text), root)


def problems(page: PageSource, root: Path, page_html: str | None = None) -> Iterator[Problem]:
    """Yield every mistake of a page by itself but active HTML. page_html: as for `of`."""
    page_html = html_of(page, root) if page_html is None else page_html
    yield from structure.problems(page, page_html)
    if not structure.conflicts_in(page.text):
        yield from _artefact_problems(page, page_html)
        yield from translations.script_problems(page, page_html)


def _artefact_problems(page: PageSource, page_html: str) -> Iterator[Problem]:
    for artefact, words in artefact_search.find_artefacts(page_html):
        line = _line_with(page, words)
        if artefact is known_artefacts.BRACKETS and line in page_checks.lines_of_bracket_problems(page):
            continue
        where = place_in(page.where, line=line or None)
        yield (Danger if artefact.endangers else Problem)(where, artefact.what, artefact.todo)
    for words, what, todo in artefact_search.unlinked_addresses(page_html):
        line = _line_with(page, words)
        yield Problem(place_in(page.where, line=line or None), what, todo)
    for key in ("title", "description"):
        for artefact in known_artefacts.ARTEFACTS:
            if artefact.pattern.search(str(page.meta.get(key, ""))):
                yield Problem(f"{page.where}, {key}", artefact.what, artefact.todo)
                break


def _line_with(page: PageSource, words: str) -> int:
    """Return the line of the file with these words of the rendered page; 0 if it is not found."""
    longest = sorted(re.findall(r"\w{3,}", words), key=len, reverse=True)[:1]
    for wanted in (words, html.escape(words, quote=False), *longest):
        position = page.text.find(wanted) if wanted else -1
        if position >= 0:
            return page.line_of(position)
    return 0
