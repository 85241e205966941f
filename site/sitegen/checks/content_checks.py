"""All checks of pages, tables, pictures and recordings together, for a build and for `check`."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from forms.core.form_schema import load_all
from forms.core.form_schema import names as form_names
from forms.core.i18n.lazy_text import LazyText
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.portal import Choice
from forms.core.problem import Problem, as_dangers, place_in
from sitegen.checks import number_checks, page_checks
from sitegen.checks.did_you_mean import did_you_mean, there_are
from sitegen.checks.tables import event_checks, feedback_checks, row_checks
from sitegen.content import desk_tables, phone_numbers
from sitegen.content.pages import AllPages, PageSource, linked_name
from sitegen.content.tables import Row, Tables
from sitegen.languages import word_checks
from sitegen.layers import lookup
from sitegen.lint import consent_rules, page_facts
from sitegen.lint.files import FILMS
from sitegen.media import image_checks, short_clips, staff_recordings
from sitegen.render.blocks import BLOCKS

_LINK = re.compile(r"\]\(([^)\s#]*\.md)(#[^)\s]*)?\)")
_MAY_NAME_FILES = re.compile(r"!\[|<img|media/", re.I)
"""Matches the text of every page that shows a picture or links to a film, in Markdown or HTML."""


@dataclass(frozen=True)
class CheckReport:
    """The result of all checks. problems: stop the build; warnings: for a person to look at."""

    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def check(
    library: AllPages,
    tables: Tables,
    days: Sequence[Row],
    menu: Sequence[str],
    today: date,
    content: Path,
    voices: Mapping[str, str],
    kept_photos: Path | None = None,
) -> CheckReport:
    """Return the problems and warnings of all pages, tables, pictures and recordings.

    days: a row for each day of each event; voices: the speech synthesiser's voice by language; kept_photos: the cache
    of photos without problems.
    """
    media = content / "media"
    pages = [page for by_name in library.by_language.values() for page in by_name.values()]
    problems = [
        *problems_of_pages(pages, library, tables, days, content),
        *as_dangers(consent_rules.problems(pages, tables, content, tuple(library.by_language), today)),
        *_menu(menu, library),
        *event_checks.problems(tables["events"], days, library.names, today),
        *event_checks.place_problems(tables["places"]),
        *event_checks.pages_without_event({page.name: page.where for page in pages}, tables["events"], days),
        *row_checks.future_checks(tables, today),
        *as_dangers(row_checks.number_mismatches(tables)),
        *as_dangers(number_checks.problems(pages, tables, content)),
        *_campaigns(tables, library),
        *desk_tables.problems(tables),
        *feedback_checks.problems(library, tables, days, today, media),
        *staff_recordings.problems(content, library, _recording_keys(tables, days)),
        *image_checks.file_problems(media, kept_photos),
        *word_checks.problems(content),
    ]
    warnings = [
        *(message for page in pages for message in _misplaced_forms(page)),
        *_translations(library),
        *word_checks.warnings(content, tuple(library.by_language)),
        *row_checks.outdated_checks(tables, today),
        *row_checks.untranslated_texts(tables, library),
        *event_checks.warnings(tables["events"], today),
        *desk_tables.warnings(tables, tuple(library.by_language)),
        *feedback_checks.warnings(tables, today),
        *staff_recordings.warnings(content, library, voices),
    ]
    return CheckReport(tuple(problems), tuple(warnings))


def problems_of_pages(
    pages: Sequence[PageSource], library: AllPages, tables: Tables, days: Sequence[Row], content: Path
) -> Iterator[Problem]:
    """Yield problems in the texts of these pages: blocks, links, dates, pictures and films."""
    languages, block_arguments = tuple(library.by_language), _block_arguments(tables, days)
    for page in pages:
        yield from problems_of_page(page, library, tables["moved"])
    for page in pages:
        yield from page_checks.argument_problems(page, *block_arguments)
    for page in pages:
        yield from page_checks.address_problems(page, library.names, languages)
    for page in pages:
        yield from _missing_files(page, content)


def _missing_files(page: PageSource, content: Path) -> Iterator[Problem]:
    """Yield pictures and films of content/media that a page uses and that are missing or cannot be shown."""
    if not _MAY_NAME_FILES.search(page.text):  # most pages: this saves converting them here
        yield from image_checks.page_problems(page, (), content / "media")
        return
    facts = page_facts.of(page, content.parent)
    yield from image_checks.page_problems(page, () if page.generated else facts.pictures, content / "media")
    for address, _words in facts.links:
        name = unquote(html.unescape(address)).removeprefix("/media/")
        is_film = address.startswith("/media/") and name.lower().endswith(tuple(FILMS))
        if is_film and not lookup.medium(content / "media", name).is_file():
            position = page.text.find(address)
            where = place_in(page.where, line=page.line_of(position) if position >= 0 else None)
            what = _("the film %(address)s is not there.", address=address)
            yield Problem(where, what, _("Put it into content/media, write /media/..."))


def problems_of_page(page: PageSource, library: AllPages, moved: Sequence[Row] = ()) -> Iterator[Problem]:
    """Yield problems of the blocks, links and dates of one page. moved: the rows of moved.csv."""
    yield from _blocks(page)
    yield from _links(page, library, {f"{row['old']}.md": row["new"] for row in moved if row["new"]})
    yield from page_checks.problems(page)


def _suggest(word: str, known: Sequence[str]) -> str:
    return did_you_mean(word, known, there_are(known))


def _suggest_page(name: str, files: Sequence[str]) -> str:
    """Return what to write for an unknown page that is named without .md. files: the names of all pages."""
    return _suggest(name.removesuffix(".md"), [file.removesuffix(".md") for file in files])


def _blocks(page: PageSource) -> Iterator[Problem]:
    for block in page.blocks:
        if block.name == phone_numbers.BLOCK:
            continue  # number_checks reports it
        if block.name not in BLOCKS and page_checks.is_lower_case(block.name):
            what = _("there is no block [[ %(block)s ]].", block=block.name)
            yield Problem(place_in(page.where, line=block.line), what, _suggest(block.name, sorted(BLOCKS)))
        elif block.name == "form" and block.argument not in form_names():
            what = _('there is no form "%(form)s".', form=block.argument)
            yield Problem(place_in(page.where, line=block.line), what, _suggest(block.argument, form_names()))


def _misplaced_forms(page: PageSource) -> Iterator[str]:
    """Yield messages about forms outside their own page, where browsers may keep answers (forms/web/headers.py)."""
    pages = {form.name: form.page for form in load_all() if form.page}
    for block in page.blocks:
        own = pages.get(block.argument) if block.name == "form" else None
        if own and f"{own}.md" != page.name:
            yield (
                f"{page.where}, line {block.line}: the form {block.argument} belongs on the page {own}. "
                "Elsewhere a browser may show again what somebody typed. Link to that page."
            )


def _links(page: PageSource, library: AllPages, moved: Mapping[str, str]) -> Iterator[Problem]:
    names = library.known
    for match in _LINK.finditer(page.text):
        target = linked_name(page.name, match[1])
        if "://" not in match[1] and target not in names:
            what = _("the link goes to %(address)s, which is not there.", address=match[1])
            where = place_in(page.where, line=page.line_of(match.start()))
            yield Problem(where, what, _suggest_link(target, library, moved))


def _suggest_link(target: str, library: AllPages, moved: Mapping[str, str]) -> str:
    """Return what to do about a link to a missing page: where the page moved to, else the most similar name."""
    if target in moved:
        return _("The page moved: link to %(page)s.md.", page=moved[target].removesuffix(".md"))
    return _suggest(target, library.names)


def _page_missing(page: str) -> LazyText:
    return _("the page %(page)s is not there.", page=page)


def _menu(menu: Sequence[str], library: AllPages) -> Iterator[Problem]:
    """Yield pages of the menu in portal.yml that do not exist."""
    for name in menu:
        if f"{name}.md" not in library.names:
            yield Problem("content/portal.yml, menu", _page_missing(name), _suggest_page(name, library.names))


def leaflet_problems(settings: Mapping[str, Any], library: AllPages) -> Iterator[Problem]:
    """Yield a problem if the page for the leaflet in portal.yml does not exist: no other check needs it."""
    name = f"{(settings.get('paper') or {}).get('leaflet', 'index')}.md"
    if name not in library.names:
        todo = _suggest_page(name.removesuffix(".md"), library.names)
        yield Problem("content/portal.yml, paper, leaflet", _page_missing(name), todo)


def _recording_keys(tables: Tables, days: Sequence[Row]) -> list[str]:
    """Return the keys of recordings for pages of events and for short clips."""
    events = [row["id"] for row in days]
    return [*(f"events/{event}" for event in events), *short_clips.clip_keys(tables, events)]


def _block_arguments(
    tables: Tables, days: Sequence[Row]
) -> tuple[Sequence[str], Sequence[Choice], Mapping[str, Sequence[str]]]:
    """Return the arguments that blocks may have: events, places, and kinds of help numbers and offices by block."""
    kinds = {
        "desks": ["", "faces"],
        "helplines": ["", *dict.fromkeys(row["group"] for row in tables["helplines"])],
        "services": ["", *dict.fromkeys(row["kind"] for row in tables["services"])],
    }
    places = tuple(Choice(row["id"], {}) for row in tables["places"])
    return tuple(row["id"] for row in days), places, kinds


def _campaigns(tables: Tables, library: AllPages) -> Iterator[Problem]:
    for row in tables["campaigns"]:
        if f"{row['page']}.md" not in library.names:
            where = place_in(f"content/tables/campaigns.csv, {row['id']}", column="page")
            yield Problem(where, _page_missing(row["page"]), _suggest_page(row["page"], library.names))


def _translations(library: AllPages) -> Iterator[str]:
    """Yield messages about missing, outdated and unreviewed translations."""
    for language, pages in library.by_language.items():
        for name in library.names:
            page = pages.get(name)
            if page is None:
                yield page_checks.untranslated_message(language, name, english=library.source(name) is not None)
            elif library.is_stale(page) and (language, name) not in library.changes:
                yield f"{page.where}: the English has changed since it was translated."
    for language, pages in library.by_language.items():
        waiting = sum(not page.reviewed for page in pages.values())
        if waiting:
            yield f"content/{language}: {waiting} pages wait for a native reader (reviewed_by)."
