"""Content as a build would see it now, kept until something changes."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from threading import RLock

from sitegen.build import prepare
from sitegen.checks import content_checks
from sitegen.checks.security import html_checks
from sitegen.content import pages, phone_numbers
from sitegen.content.district import DeskKeys
from sitegen.content.pages import Library, Source
from sitegen.layers import lookup
from sitegen.lint import consent_rules, mistakes
from sitegen.lint import keys as page_keys
from sitegen.render.context import Context

from forms.core.problem import Danger, Problem, Problems


@dataclass(frozen=True)
class Look:
    """What a build would be made from: None where it cannot be read at all; what is wrong; what waits."""

    context: Context | None
    problems: tuple[Problem, ...] = ()
    waiting: tuple[str, ...] = ()


@dataclass
class Looking:
    """Looks at content, and remembers what it saw until a file or the day is another.

    `keys`: demonstration keys of desks, which only the caller may make; `today` is asked each time.
    """

    root: Path
    keys: DeskKeys | None
    today: Callable[[], date]
    unprotected: Collection[str] = ()
    _mark: tuple[object, ...] = ()
    _seen: Look = field(default_factory=lambda: Look(None))
    _busy: RLock = field(default_factory=RLock)

    def look(self) -> Look:
        """Return content as it is now."""
        with self._busy:
            mark = self._marked()
            if mark != self._mark:
                self._seen, self._mark = self._anew(), mark
            return self._seen

    def _marked(self) -> tuple[object, ...]:
        """Return what changes with any file of content/, and with the day."""
        found = ((file.path, file.path.stat()) for file in lookup.every(self.root / "content"))
        return (self.today(), *((path, state.st_size, state.st_mtime_ns) for path, state in found))

    def _anew(self) -> Look:
        try:
            context, report = prepare(self.root, keys=self.keys, today=self.today(), unprotected=self.unprotected)
        except Problem as problem:
            return Look(self._seen.context, (problem,))
        except Problems as told:
            return Look(self._seen.context, told.problems)
        return Look(context, tuple(Problems(report.problems).problems), tuple(report.warnings))

    def page_problems(self, page: Source, look: Look) -> list[Problem]:
        """Return what is wrong with the text of one page, which need not be saved."""
        if look.context is None:
            return []
        shown = drawn(page, look.context)
        return list(_of_page(shown, with_page(look.context.library, shown), look.context, self.root))


def drawn(page: Source, context: Context) -> Source:
    """Return a page with the numbers of helplines.csv drawn in, as a build does it."""
    alone = Library({page.language: {page.name: page}})
    numbers = phone_numbers.dialled(context.tables["helplines"])
    return phone_numbers.in_library(alone, numbers).by_language[page.language][page.name]


def with_page(library: Library, page: Source) -> Library:
    """Return the library with this page in its place."""
    own = {**library.by_language.get(page.language, {}), page.name: page}
    return replace(library, by_language={**library.by_language, page.language: own})


def _of_page(page: Source, library: Library, context: Context, root: Path) -> Iterator[Problem]:
    content, codes = root / "content", context.portal.language_codes()
    yield from page_keys.problems(page, library, context.today)
    yield from content_checks.of_page(page, library)
    yield from html_checks.problems([page], {}, {}, content)
    yield from mistakes.of_page(page, library, root, context.portal.address)
    found = consent_rules.problems([page], context.tables, content, codes, context.today)
    yield from (Danger(one.where, one.what, one.todo) for one in found if one.where.startswith(page.where))


def source_of(language: str, name: str, text: str) -> Source:
    """Return a page from its text. Raises Problem where its front matter cannot be read."""
    where = f"content/{language}/{name}"
    return Source(name, language, *pages.split(pages.readable(text, where), where))
