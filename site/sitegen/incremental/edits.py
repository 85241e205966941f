"""What an edit of the texts of some pages changes on the site, and nothing else (docs/decisions/0054).

An edit is taken only where it is sure what depends on it: the page in its language, the same page in languages that
translate it or lack it, the words of the search, the list for tablets. Front matter, stories, pages of events, tables,
settings, pictures and templates change more: then everything is built, of what is kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from forms.core.problem import Problem
from sitegen.checks import content_checks, number_checks
from sitegen.checks.security import html_checks
from sitegen.content import page_reader, phone_numbers, translations
from sitegen.content.consent import consent_names
from sitegen.content.pages import SOURCE, AllPages, PageSource
from sitegen.incremental.drawn import Drawn
from sitegen.lint import mistakes, page_facts
from sitegen.render.context import Context

_SHOWN_ELSEWHERE = ("events/", "events.md", "heard/", "tablet/")
"""Pages whose text stands on others too, or has checks of its own."""

_MAY_QUOTE = ">"
"""No quote is written without it, in Markdown or in HTML."""


@dataclass(frozen=True)
class Edit:
    """Edited pages: the site's pages before and after, the edited ones by language and name, and all as staff wrote."""

    root: Path
    before: Context
    after: Context
    written: Mapping[tuple[str, str], PageSource]
    as_written: AllPages

    @cached_property
    def drawn(self) -> list[tuple[str, str]]:
        """Return the pages to draw: the edited ones, and where English was edited, those that follow it."""
        found = set(self.written)
        for code, name in self.written:
            if code == SOURCE:
                found |= {(other, name) for other in self.before.portal.language_codes()}
        return sorted(found)


def taken(root: Path, edited: Mapping[tuple[str, str], PageSource], drawn: Drawn, paths: frozenset[str]) -> Edit | None:
    """Return the edit of these files; None where more than their own texts may change, or where they cannot be read.

    edited: pages that were edited since what is drawn from was kept.
    """
    content = root / "content"
    written = {}
    for path in paths:
        found = _read(content, path, edited, drawn)
        if found is None:
            return None
        written[found.language, found.name] = found
    as_written = _with(drawn.written, {**edited, **written})
    if not written:
        return None
    names = {name for _, name in {*edited, *written}}
    known = translations.read(content, {f"{code}/{name}" for code in drawn.written.by_language for name in names})
    before = replace(drawn.context, library=_prepared(known, drawn, edited))
    library = _prepared(known, drawn, {**edited, **written})
    mini = _of_names(as_written, {name for _, name in written})
    if any(_may_need_consent(page) for found in mini.by_language.values() for page in found.values()):
        return None
    if translations.updated_records(mini, known, drawn.context.today) != known:
        return None
    return Edit(root, before, replace(drawn.context, library=library), written, as_written)


def _read(content: Path, path: str, edited: Mapping[tuple[str, str], PageSource], drawn: Drawn) -> PageSource | None:
    """Return an edited page as it is written now; None for a file that is no page whose text alone was edited."""
    try:
        language, _, name = Path(path).relative_to(content).as_posix().partition("/")
    except ValueError:
        return None
    old = edited.get((language, name)) or drawn.written.by_language.get(language, {}).get(name)
    shown = drawn.context.library.by_language.get(language, {}).get(name)
    if old is None or shown is None or shown.generated or shown.renderer or name.startswith(_SHOWN_ELSEWHERE):
        return None
    if _may_need_consent(old) or old.file != f"content/{language}/{name}":
        return None
    try:
        new = page_reader.read_page(Path(path), name, language, old.file, old.layer)
    except (Problem, OSError, ValueError):
        return None  # the whole build says what is wrong
    same = (repr(new.meta), new.first_line, _asked(new)) == (repr(old.meta), old.first_line, _asked(old))
    return new if same else None  # repr: to Python, "draft: 1" is the same as "draft: true"


def _may_need_consent(page: PageSource) -> bool:
    """Return whether a page is a story or may hold a quote: only the whole build applies their consents."""
    return consent_names.is_story(page) or _MAY_QUOTE in page.text


def _asked(page: PageSource) -> list[tuple[str, str]]:
    """Return the blocks that a page asks for, wherever they stand."""
    return [(block.name, block.argument) for block in page.blocks]


def _with(library: AllPages, edited: Mapping[tuple[str, str], PageSource]) -> AllPages:
    by_language = dict(library.by_language)
    for (code, name), page in edited.items():
        by_language[code] = {**by_language[code], name: page}
    return replace(library, by_language=by_language)


def _of_names(library: AllPages, names: set[str]) -> AllPages:
    """Return only the pages of these names, in all languages."""
    return AllPages(
        {code: {name: found[name] for name in names if name in found} for code, found in library.by_language.items()}
    )


def _prepared(
    known: Mapping[str, translations.TranslationRecord], drawn: Drawn, edited: Mapping[tuple[str, str], PageSource]
) -> AllPages:
    """Return the site's pages with edited ones as `sitegen.build.read` makes them of what staff wrote."""
    library = drawn.context.library
    if not edited:
        return library
    mini = _of_names(_with(drawn.written, edited), {name for _, name in edited})
    mini = translations.mark_outdated(mini, known)
    mini = phone_numbers.fill_library(mini, phone_numbers.numbers_by_id(drawn.context.tables["helplines"]))
    fresh = {(code, name): page for code, found in mini.by_language.items() for name, page in found.items()}
    names = {name for _, name in fresh}
    changes = {key: change for key, change in library.changes.items() if key[1] not in names}
    return replace(_with(library, fresh), changes={**changes, **mini.changes})


def problems(edit: Edit) -> Iterator[Problem]:
    """Yield everything that is wrong with the pages that an edit changes."""
    context, content = replace(edit.after, library=_of_staff(edit)), edit.root / "content"
    there = [context.library.by_language[code].get(name) for code, name in edit.drawn]
    own = [page for page in there if page is not None and not page.generated]
    yield from content_checks.problems_of_pages(own, context.library, context.tables, _days(context), content)
    yield from number_checks.problems_of_pages(own, context.tables)
    for page in own:
        yield from html_checks.problems_of_page(page, edit.root) if not page_facts.of(page, edit.root).clean else ()
        yield from mistakes.of_page(page, context.library, edit.root, context.portal.address)


def _of_staff(edit: Edit) -> AllPages:
    """Return the pages without those made from tables alone: staff cannot link to them by their files."""
    library, own = edit.after.library, edit.as_written.by_language
    by_language = {
        code: {name: page for name, page in found.items() if not page.renderer or name in own.get(code, {})}
        for code, found in library.by_language.items()
    }
    return replace(library, by_language=by_language)


def _days(context: Context) -> list[dict[str, object]]:
    return [{"id": event.id} for event in context.portal.events]


def breaks_links(edit: Edit) -> bool:
    """Return whether a heading went to which a page may link."""
    gone = set()
    for key in edit.written:
        before = edit.before.library.by_language[key[0]][key[1]]
        after = edit.after.library.by_language[key[0]][key[1]]
        ids = [set(page_facts.of(one, edit.root).ids) for one in (before, after)]
        gone |= ids[0] - ids[1]
    marks = {f"#{one}" for one in gone} | {f"#{quote(one)}" for one in gone}
    texts = (page.text for found in edit.after.library.by_language.values() for page in found.values())
    return bool(marks) and any(mark in text for text in texts for mark in marks)
