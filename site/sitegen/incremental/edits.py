"""What an edit of the texts of some pages changes on the site (docs/decisions/0054).

An edit is built by itself only where it is certain what depends on it: the page in its language, the same page in
languages that translate it or lack it, the words of the search, the list for tablets. Front matter, stories, pages of
events, tables, settings, pictures and templates change more: then everything is built, with the help of the cache.
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
"""Pages whose text is shown on other pages too, or has checks of its own."""

_MAY_QUOTE = ">"
"""Every quote contains it, in Markdown and in HTML."""


@dataclass(frozen=True)
class Edit:
    """Edited pages. before, after: what pages are drawn from; edited: by language and name, as they are written now.

    as_written: all pages as staff wrote them; silent: pages of earlier edits whose speech is to be made now.
    """

    root: Path
    before: Context
    after: Context
    edited: Mapping[tuple[str, str], PageSource]
    as_written: AllPages
    silent: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def drawn(self) -> list[tuple[str, str]]:
        """Return the pages to draw: the edited ones, where English was edited those that follow it, and silent ones."""
        keys = {*self.edited, *self.silent}
        for code, name in self.edited:
            if code == SOURCE:
                keys |= {(other, name) for other in self.before.portal.language_codes()}
        return sorted(keys)

    def drawn_in(self, language: str) -> list[str]:
        """Return the names of the pages to draw in a language."""
        return [name for code, name in self.drawn if code == language]


def edit_of(
    root: Path,
    previous: Mapping[tuple[str, str], PageSource],
    drawn: Drawn,
    paths: frozenset[str],
    silent: frozenset[tuple[str, str]] = frozenset(),
) -> Edit | None:
    """Return the edit of these files; None where more than their own texts may change, or where they cannot be read.

    previous: pages of earlier edits since the last whole build; silent: see Edit.
    """
    content = root / "content"
    edited = {}
    for path in paths:
        page = _read(content, path, previous, drawn)
        if page is None:
            return None
        edited[page.language, page.name] = page
    as_written = _with(drawn.written, {**previous, **edited})
    if not (edited or silent):
        return None
    names = {name for _, name in {*previous, *edited}}
    known = translations.read(content, {f"{code}/{name}" for code in drawn.written.by_language for name in names})
    before = replace(drawn.context, library=_prepared(known, drawn, previous))
    library = _prepared(known, drawn, {**previous, **edited})
    concerned = _of_names(as_written, {name for _, name in edited})
    if any(_may_need_consent(page) for by_name in concerned.by_language.values() for page in by_name.values()):
        return None
    if translations.updated_records(concerned, known, drawn.context.today) != known:
        return None
    return Edit(root, before, replace(drawn.context, library=library), edited, as_written, silent)


def _read(content: Path, path: str, previous: Mapping[tuple[str, str], PageSource], drawn: Drawn) -> PageSource | None:
    """Return an edited page as it is now; None for a file that is no page, or where more than its text changed."""
    try:
        language, _, name = Path(path).relative_to(content).as_posix().partition("/")
    except ValueError:
        return None
    old = previous.get((language, name)) or drawn.written.by_language.get(language, {}).get(name)
    shown = drawn.context.library.by_language.get(language, {}).get(name)
    if old is None or shown is None or shown.generated or shown.renderer or name.startswith(_SHOWN_ELSEWHERE):
        return None
    if _may_need_consent(old) or old.file != f"content/{language}/{name}":
        return None
    try:
        new = page_reader.read_page(Path(path), name, language, old.file, old.layer)
    except (Problem, OSError, ValueError):
        return None  # the whole build reports it
    same = (repr(new.meta), new.first_line, _blocks(new)) == (repr(old.meta), old.first_line, _blocks(old))
    return new if same else None  # repr: to Python, "draft: 1" is the same as "draft: true"


def _may_need_consent(page: PageSource) -> bool:
    """Return whether a page is a story or may hold a quote: only the whole build applies their consents."""
    return consent_names.is_story(page) or _MAY_QUOTE in page.text


def _blocks(page: PageSource) -> list[tuple[str, str]]:
    """Return the blocks of a page with their arguments."""
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
    """Return the site's pages with the edited ones prepared as `sitegen.build.read` does."""
    library = drawn.context.library
    if not edited:
        return library
    concerned = _of_names(_with(drawn.written, edited), {name for _, name in edited})
    concerned = translations.mark_outdated(concerned, known)
    concerned = phone_numbers.fill_library(concerned, phone_numbers.numbers_by_id(drawn.context.tables["helplines"]))
    prepared = {(code, name): page for code, pages_ in concerned.by_language.items() for name, page in pages_.items()}
    names = {name for _, name in prepared}
    changes = {key: change for key, change in library.changes.items() if key[1] not in names}
    return replace(_with(library, prepared), changes={**changes, **concerned.changes})


def problems(edit: Edit) -> Iterator[Problem]:
    """Yield everything that is wrong with the pages that an edit changes."""
    context, content = replace(edit.after, library=_of_staff(edit)), edit.root / "content"
    drawn = [context.library.by_language[code].get(name) for code, name in edit.drawn]
    own = [page for page in drawn if page is not None and not page.generated]
    yield from content_checks.problems_of_pages(own, context.library, context.tables, _days(context), content)
    yield from number_checks.problems_of_pages(own, context.tables)
    for page in own:
        yield from html_checks.problems_of_page(page, edit.root) if not page_facts.of(page, edit.root).clean else ()
        yield from mistakes.of_page(page, context.library, edit.root, context.portal.address)


def _of_staff(edit: Edit) -> AllPages:
    """Return the pages without those made from tables alone, which have no file that staff could link to."""
    library, own = edit.after.library, edit.as_written.by_language
    by_language = {
        code: {name: page for name, page in found.items() if not page.renderer or name in own.get(code, {})}
        for code, found in library.by_language.items()
    }
    return replace(library, by_language=by_language)


def _days(context: Context) -> list[dict[str, object]]:
    return [{"id": event.id} for event in context.portal.events]


def breaks_links(edit: Edit) -> bool:
    """Return whether a heading was removed to which a page may link."""
    removed = set()
    for key in edit.edited:
        before = edit.before.library.by_language[key[0]][key[1]]
        after = edit.after.library.by_language[key[0]][key[1]]
        ids = [set(page_facts.of(page, edit.root).ids) for page in (before, after)]
        removed |= ids[0] - ids[1]
    marks = {f"#{heading}" for heading in removed} | {f"#{quote(heading)}" for heading in removed}
    texts = (page.text for found in edit.after.library.by_language.values() for page in found.values())
    return bool(marks) and any(mark in text for text in texts for mark in marks)
