"""What one page shows by itself, whatever else is in content/: its links, its ids, and whether anything is wrong in it.

Kept between builds under a hash of all that it follows from, so that a page that nobody edited is not converted again
for the checks. Only that nothing is wrong is kept; what is wrong is looked for each time, and said.
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
from sitegen.lint import structure, translations, visible
from sitegen.media import images, shared_clips
from sitegen.render.engine.markdown_html import to_html

_LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]*)"[^>]*>(.*?)</a>', re.S)
_ID = re.compile(r'\bid="([^"]*)"')


@dataclass(frozen=True)
class Facts:
    """A page by itself. links: each address with the HTML of what is shown of it; ids: of its parts, in order.

    pictures: the address and the words of each.
    """

    links: tuple[tuple[str, str], ...]
    ids: tuple[str, ...]
    pictures: tuple[tuple[str, str], ...]
    clean: bool
    """Whether `problems` and html_checks find nothing in it."""

    def packed(self) -> bytes:
        """Return the facts of a clean page as bytes, for `unpacked`."""
        return json.dumps([self.links, self.ids, self.pictures]).encode()

    @classmethod
    def unpacked(cls, data: bytes) -> "Facts":
        """Return the facts of a clean page."""
        links, ids, pictures = json.loads(data)
        return cls(_pairs(links), tuple(map(str, ids)), _pairs(pictures), clean=True)


def _pairs(found: Iterable[Iterable[object]]) -> tuple[tuple[str, str], ...]:
    return tuple((str(first), str(second)) for first, second in found)


def of(page: PageSource, root: Path, made: str | None = None) -> Facts:
    """Return the facts of a page, kept, shared by districts, or worked out now. root: the folder of mkdocs.yml.

    made: what `made_of` returns for it, where that was made already.
    """
    kept, key = kept_work.at(root, kept_work.CHECKS), key_of(page, root)
    found = kept.loaded(key)
    if isinstance(found, Facts):
        return found
    if (shared := shared_clips.value(root, key)) is not None:
        return Facts.unpacked(shared)
    made = made_of(page, root) if made is None else made
    wrong = [*html_checks.of_page(page, root, made), *problems(page, root, made)]
    links = tuple((match[1], match[2]) for match in _LINK.finditer(made))
    facts = Facts(links, tuple(_ID.findall(made)), images.pictures_in(made), clean=not wrong)
    if facts.clean:
        kept.keep(key, facts)
    return facts


def key_of(page: PageSource, root: Path) -> bytes:
    """Return a hash of all that a page's facts follow from. repr: in Python 1 is equal to true.

    Not of where it lies: what is found in it does not follow from that, and in each district a library lies elsewhere.
    """
    place = (page.language, page.name, page.first_line, page.generated)
    return kept_results.key_of("facts", _program(root), *place, repr(page.meta), page.text)


@cache
def _program(root: Path) -> bytes:
    """Return a hash of the program and of mkdocs.yml, which `to_html` too reads once a process."""
    return kept_results.key_of(kept_work.code_mark(), (root / "mkdocs.yml").read_bytes())


def made_of(page: PageSource, root: Path) -> str:
    """Return a page's HTML without its blocks."""
    return to_html(visible.without_blocks(page.text), root)


def problems(page: PageSource, root: Path, made: str | None = None) -> Iterator[Problem]:
    """Every mistake that a page shows by itself, beside active HTML. made: as for `of`."""
    made = made_of(page, root) if made is None else made
    yield from structure.problems(page, made)
    if not structure.conflicts_in(page.text):
        yield from _visible(page, made)
        yield from translations.script_problems(page, made)


def _visible(page: PageSource, made: str) -> Iterator[Problem]:
    for sign, words in visible.found(made):
        line = _line_with(page, words)
        if sign is visible.BRACKETS and line in page_checks.lines_of_named_brackets(page):
            continue
        where = place_in(page.where, line=line or None)
        yield (Danger if sign.endangers else Problem)(where, sign.what, sign.todo)
    for words, what, todo in visible.unlinked_addresses(made):
        line = _line_with(page, words)
        yield Problem(place_in(page.where, line=line or None), what, todo)
    for key in ("title", "description"):
        for sign in visible.SIGNS:
            if sign.pattern.search(str(page.meta.get(key, ""))):
                yield Problem(f"{page.where}, {key}", sign.what, sign.todo)
                break


def _line_with(page: PageSource, words: str) -> int:
    """Return the line of the file in which these words of the made page stand; 0 where it is not sure."""
    longest = sorted(re.findall(r"\w{3,}", words), key=len, reverse=True)[:1]
    for wanted in (words, html.escape(words, quote=False), *longest):
        at = page.text.find(wanted) if wanted else -1
        if at >= 0:
            return page.line_of(at)
    return 0
