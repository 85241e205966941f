"""All mistakes in pages, tables and files of content/ that the other modules of this package find."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, place_in
from sitegen.content.consent.consent_names import media_names
from sitegen.content.pages import AllPages, PageSource
from sitegen.content.tables import Row, Tables, every_cell, place_of
from sitegen.layers import lookup
from sitegen.lint import files, keys, links, page_facts, structure, translations
from sitegen.lint.artefacts import known_artefacts

_TITLES = {"events": ("title", "where"), "campaigns": ("title",), "places": ("name",), "kinds": ("name",),
           "services": ("name",), "themes": ("name",), "work": ("name",), "goods": ("name",)}  # fmt: skip
"""Columns with a language that lists, menus and calendars show as one line."""

_IN_CELLS = tuple(artefact for artefact in known_artefacts.ARTEFACTS if artefact.in_cells)


def problems(library: AllPages, tables: Tables, content: Path, address: str, today: date) -> Iterator[Problem]:
    """Yield every mistake, by file. address: of the site, from portal.yml."""
    consented = {name for row in tables["consents"] for name in media_names(row["media"] or "")}
    yield from files.problems(content, tuple(library.by_language), consented)
    own = [page for pages in library.by_language.values() for page in pages.values() if not page.generated]
    for page in own:
        yield from keys.problems(page, library, today)
        yield from of_page(page, library, content.parent, address)
    yield from of_tables(tables)
    yield from _campaigns(own, tables["campaigns"])


def of_tables(tables: Tables) -> Iterator[Problem]:
    """Yield every mistake in the cells of these tables, which need not be all."""
    yield from _cells(tables)
    yield from _titles(tables)


def of_page(page: PageSource, library: AllPages, root: Path, address: str) -> Iterator[Problem]:
    """Yield every mistake in the text of one page. root: the folder of mkdocs.yml."""
    yield from page_facts.problems(page, root) if not page_facts.of(page, root).clean else ()
    if not structure.conflicts_in(page.text):
        yield from links.Links(library, lambda other: page_facts.of(other, root), address).problems(page)
        yield from translations.problems(page, library)


def warnings(library: AllPages) -> Iterator[str]:
    """Yield messages about parts that a translation lacks, and about repeated titles."""
    for pages in library.by_language.values():
        for page in pages.values():
            yield from translations.warnings(page, library) if not page.generated else ()
        yield from _same_titles(pages.values())


def _same_titles(pages: Iterable[PageSource]) -> Iterator[str]:
    """Yield a message for each page with the title of another one, ignoring case."""
    seen: dict[str, PageSource] = {}
    for page in (page for page in pages if not page.generated):
        first = seen.setdefault(" ".join(unicodedata.normalize("NFKC", page.title).casefold().split()), page)
        if first is not page:
            yield f"{page.where}, title: {first.where} has the same title, so that readers cannot tell them apart."


def conflicts(content: Path) -> Iterator[Problem]:
    """Yield tables and settings with merge conflict markers. Checked first, since nothing else can read them."""
    for file in lookup.every(content):
        if file.name.lower().endswith((".csv", ".yml")):
            for line in structure.conflicts_in(file.path.read_bytes().decode("utf-8", "replace"))[:1]:
                yield Problem(place_in(file.where, line=line), *structure.TWO_VERSIONS)


def _cells(tables: Tables) -> Iterator[Problem]:
    """Yield cells with artefacts, like errors and shortened numbers of a spreadsheet."""
    for name, row, column, cell in every_cell(tables):
        for artefact in _IN_CELLS if isinstance(cell, str) else ():
            if artefact.pattern.search(cell):
                yield Problem(place_in(place_of(name, row), column=column), artefact.what, artefact.todo)


def _titles(tables: Tables) -> Iterator[Problem]:
    """Yield titles and names in tables without letters, with several lines, or that are too long."""
    for name, row, column, cell in every_cell({name: tables.get(name, ()) for name in _TITLES}):
        is_title = cell and column.rpartition("_")[0] in _TITLES[name]
        if is_title and (mistake := structure.title_mistake(cell)):
            yield Problem(place_in(place_of(name, row), column=column), *mistake)


def _campaigns(pages: Sequence[PageSource], rows: Sequence[Row]) -> Iterator[Problem]:
    """Yield pages of campaigns that no row of campaigns.csv names: no list links to them."""
    named = {row["page"] for row in rows}
    for page in pages:
        name = page.name.removesuffix(".md")
        if name.startswith("campaigns/") and name not in named:
            what = _("no row of content/tables/campaigns.csv names this page, so no list shows it.")
            todo = _("Write %(name)s into the column page of its row, or take the page away.", name=name)
            yield Problem(page.where, what, todo)
