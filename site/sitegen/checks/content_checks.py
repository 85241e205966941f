"""What staff get wrong, said in a sentence with file and line; and what still waits for a person."""

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
from sitegen.media import audio_clips, images, short_clips
from sitegen.render.blocks import BLOCKS

_LINK = re.compile(r"\]\(([^)\s#]*\.md)(#[^)\s]*)?\)")
_MAY_REQUEST_FILES = re.compile(r"!\[|<img|media/", re.I)
"""What is in the text of every page that shows a picture or leads to a film, however it is written."""


@dataclass(frozen=True)
class CheckReport:
    """Problems stop the build; warnings wait for a person."""

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
    """Return everything that can be wrong with pages, tables, pictures and recordings together.

    days: the rows of events day by day; content: where the files of content/media are looked up; voices: the machine's
    voice by language; kept_photos: where it is remembered which photos were found right.
    """
    media = content / "media"
    pages = [page for by_name in library.by_language.values() for page in by_name.values()]
    problems = [
        *of_pages(pages, library, tables, days, content),
        *as_dangers(consent_rules.problems(pages, tables, content, tuple(library.by_language), today)),
        *_menu(menu, library),
        *event_checks.problems(tables["events"], days, library.names, today),
        *event_checks.places(tables["places"]),
        *event_checks.strays({page.name: page.where for page in pages}, tables["events"], days),
        *row_checks.checked_on(tables, today),
        *as_dangers(row_checks.numbers(tables)),
        *as_dangers(number_checks.problems(pages, tables, content)),
        *_campaigns(tables, library),
        *desk_tables.problems(tables),
        *feedback_checks.problems(library, tables, days, today, media),
        *audio_clips.problems(content, library, _clip_keys(tables, days)),
        *images.problems(media, kept_photos),
        *word_checks.problems(content),
    ]
    warnings = [
        *(said for page in pages for said in _forms(page)),
        *_translations(library),
        *word_checks.warnings(content, tuple(library.by_language)),
        *row_checks.old(tables, today),
        *row_checks.untranslated(tables, library),
        *event_checks.waiting(tables["events"], today),
        *desk_tables.warnings(tables, tuple(library.by_language)),
        *feedback_checks.warnings(tables, today),
        *audio_clips.waiting(content, library, voices),
    ]
    return CheckReport(tuple(problems), tuple(warnings))


def of_pages(
    pages: Sequence[PageSource], library: AllPages, tables: Tables, days: Sequence[Row], content: Path
) -> Iterator[Problem]:
    """Yield what the texts of these pages show by themselves, beside all others."""
    languages, askable = tuple(library.by_language), _askable(tables, days)
    for page in pages:
        yield from of_page(page, library, tables["moved"])
    for page in pages:
        yield from page_checks.arguments(page, *askable)
    for page in pages:
        yield from page_checks.addresses(page, library.names, languages)
    for page in pages:
        yield from _files_asked(page, content)


def _files_asked(page: PageSource, content: Path) -> Iterator[Problem]:
    """Yield pictures and films of content/media that a page requests and that cannot be shown."""
    if not _MAY_REQUEST_FILES.search(page.text):  # most pages: they are converted once, where they are drawn
        yield from images.asked(page, (), content / "media")
        return
    facts = page_facts.of(page, content.parent)
    yield from images.asked(page, () if page.generated else facts.pictures, content / "media")
    for address, _words in facts.links:
        name = unquote(html.unescape(address)).removeprefix("/media/")
        film = address.startswith("/media/") and name.lower().endswith(tuple(FILMS))
        if film and not lookup.medium(content / "media", name).is_file():
            at = page.text.find(address)
            where = place_in(page.where, line=page.line_of(at) if at >= 0 else None)
            what = _("the film %(address)s is not there.", address=address)
            yield Problem(where, what, _("Put it into content/media, write /media/..."))


def of_page(page: PageSource, library: AllPages, moved: Sequence[Row] = ()) -> Iterator[Problem]:
    """Yield what is wrong with the blocks, links and days of one page. moved: the rows of moved.csv."""
    yield from _blocks(page)
    yield from _links(page, library, {f"{row['old']}.md": row["new"] for row in moved if row["new"]})
    yield from page_checks.problems(page)


def _near(word: str, known: Sequence[str]) -> str:
    return did_you_mean(word, known, there_are(known))


def _near_page(name: str, files: Sequence[str]) -> str:
    """Return what to write where a page is named without the .md of its file."""
    return _near(name.removesuffix(".md"), [file.removesuffix(".md") for file in files])


def _blocks(page: PageSource) -> Iterator[Problem]:
    for block in page.blocks:
        if block.name == phone_numbers.BLOCK:
            continue  # number_checks names it
        if block.name not in BLOCKS and page_checks.is_small(block.name):
            what = _("there is no block [[ %(block)s ]].", block=block.name)
            yield Problem(place_in(page.where, line=block.line), what, _near(block.name, sorted(BLOCKS)))
        elif block.name == "form" and block.argument not in form_names():
            what = _('there is no form "%(form)s".', form=block.argument)
            yield Problem(place_in(page.where, line=block.line), what, _near(block.argument, form_names()))


def _forms(page: PageSource) -> Iterator[str]:
    """Say which forms stand on a page whose address browsers may keep, with what was typed (forms/web/headers.py)."""
    there = {form.name: form.page for form in load_all() if form.page}
    for block in page.blocks:
        own = there.get(block.argument) if block.name == "form" else None
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
            yield Problem(where, what, _near_link(target, library, moved))


def _near_link(target: str, library: AllPages, moved: Mapping[str, str]) -> str:
    """Return what to do about a link to a page that is not there: where it moved to counts before what is like it."""
    if target in moved:
        return _("The page moved: link to %(page)s.md.", page=moved[target].removesuffix(".md"))
    return _near(target, library.names)


def _not_there(page: str) -> LazyText:
    return _("the page %(page)s is not there.", page=page)


def _menu(menu: Sequence[str], library: AllPages) -> Iterator[Problem]:
    for name in menu:
        if f"{name}.md" not in library.names:
            yield Problem("content/portal.yml, menu", _not_there(name), _near_page(name, library.names))


def leaflet(settings: Mapping[str, Any], library: AllPages) -> Iterator[Problem]:
    """portal.yml's page for the leaflet, which only the kit would miss."""
    name = f"{(settings.get('paper') or {}).get('leaflet', 'index')}.md"
    if name not in library.names:
        todo = _near_page(name.removesuffix(".md"), library.names)
        yield Problem("content/portal.yml, paper, leaflet", _not_there(name), todo)


def _clip_keys(tables: Tables, days: Sequence[Row]) -> list[str]:
    """Return what recordings may be called beside pages and questions: pages of events, and short clips."""
    events = [row["id"] for row in days]
    return [*(f"events/{event}" for event in events), *short_clips.keys(tables, events)]


def _askable(
    tables: Tables, days: Sequence[Row]
) -> tuple[Sequence[str], Sequence[Choice], Mapping[str, Sequence[str]]]:
    """Return what blocks may be asked for by name: events, places, and kinds of help numbers and offices."""
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
            yield Problem(where, _not_there(row["page"]), _near_page(row["page"], library.names))


def _translations(library: AllPages) -> Iterator[str]:
    for language, pages in library.by_language.items():
        for name in library.names:
            page = pages.get(name)
            if page is None:
                yield page_checks.untranslated(language, name, english=library.source(name) is not None)
            elif library.is_stale(page) and (language, name) not in library.changes:
                yield f"{page.where}: the English has changed since it was translated."
    for language, pages in library.by_language.items():
        waiting = sum(not page.reviewed for page in pages.values())
        if waiting:
            yield f"content/{language}: {waiting} pages wait for a native reader (reviewed_by)."
