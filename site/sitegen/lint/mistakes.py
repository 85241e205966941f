"""All mistakes in what staff write, of every page, table and file: what the other modules here find."""

import html
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from forms.core.problem import Danger, Problem
from sitegen.checks import page_checks
from sitegen.content.consents import media_names
from sitegen.content.pages import Library, Source
from sitegen.content.tables import Row, Tables, place_of
from sitegen.layers import lookup
from sitegen.lint import files, keys, links, structure, translations, visible
from sitegen.render.markdown_html import to_html

_CELLS = tuple(sign for sign in visible.SIGNS if "spreadsheet" in sign.what or "letters were" in sign.what)


def problems(library: Library, tables: Tables, content: Path, address: str, today: date) -> Iterator[Problem]:
    """Yield every mistake, by file. address: of the whole site, as portal.yml has it."""
    consented = {name for row in tables["consents"] for name in media_names(row["media"] or "")}
    yield from files.problems(content, tuple(library.by_language), consented)
    own = [page for pages in library.by_language.values() for page in pages.values() if not page.made]
    for page in own:
        yield from keys.problems(page, library, today)
        yield from of_page(page, library, content.parent, address)
    yield from _cells(tables)
    yield from _campaigns(own, tables["campaigns"])


def of_page(page: Source, library: Library, root: Path, address: str) -> Iterator[Problem]:
    """Yield every mistake in the text of one page. root: the folder of mkdocs.yml."""
    made = made_of(page, root)
    yield from structure.problems(page, made)
    if not structure.conflicts_in(page.text):
        yield from _visible(page, made)
        yield from links.Links(library, lambda other: made_of(other, root), address).problems(page)
        yield from translations.problems(page, made, library)


def warnings(library: Library) -> Iterator[str]:
    """Yield what was perhaps lost in translating: a person should look at it."""
    for pages in library.by_language.values():
        for page in pages.values():
            yield from translations.warnings(page, library) if not page.made else ()


def made_of(page: Source, root: Path) -> str:
    """Return a page's HTML without its blocks."""
    return to_html(visible.without_blocks(page.text), root)


def conflicts(content: Path) -> Iterator[Problem]:
    """Yield tables and settings with merge conflict markers: checked before anything reads them."""
    for file in lookup.every(content):
        if file.path.suffix.lower() in {".csv", ".yml"}:
            for line in structure.conflicts_in(file.path.read_bytes().decode("utf-8", "replace"))[:1]:
                yield Problem(f"{file.where}, line {line}", *structure.TWO_VERSIONS)


def _visible(page: Source, made: str) -> Iterator[Problem]:
    named = page_checks.lines_of_named_brackets(page)
    for sign, words in visible.found(made):
        line = _line_with(page, words)
        if sign is visible.BRACKETS and line in named:
            continue
        where = f"{page.where}, line {line}" if line else page.where
        yield (Danger if sign.endangers else Problem)(where, sign.what, sign.todo)
    for key in ("title", "description"):
        for sign in visible.SIGNS:
            if sign.pattern.search(str(page.meta.get(key, ""))):
                yield Problem(f"{page.where}, {key}", sign.what, sign.todo)
                break


def _line_with(page: Source, words: str) -> int:
    """Return the line of the file in which these words of the made page stand; 0 where it is not sure."""
    longest = sorted(re.findall(r"\w{3,}", words), key=len, reverse=True)[:1]
    for wanted in (words, html.escape(words, quote=False), *longest):
        at = page.text.find(wanted) if wanted else -1
        if at >= 0:
            return page.line_of(at)
    return 0


def _cells(tables: Tables) -> Iterator[Problem]:
    """Yield cells in which a spreadsheet has left an error, a shortened number, or lost letters."""
    for name, rows in tables.items():
        for row in rows:
            for column, cell in row.items():
                for sign in _CELLS if isinstance(cell, str) else ():
                    if sign.pattern.search(cell):
                        where = f"{place_of(name, row)}, column {column}"
                        yield Problem(where, sign.what, sign.todo)


def _campaigns(pages: Sequence[Source], rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield pages of campaigns that no row names: no list links to them."""
    named = {row["page"] for row in rows}
    for page in pages:
        name = page.name.removesuffix(".md")
        if name.startswith("campaigns/") and name not in named:
            todo = f"Write {name} into the column page of its row, or take the page away."
            yield Problem(
                page.where, "no row of content/tables/campaigns.csv names this page, so no list shows it.", todo
            )
