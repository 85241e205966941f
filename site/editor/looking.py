"""Content as a build would see it now, kept until something changes."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from threading import RLock

from sitegen import build
from sitegen.checks import content_checks
from sitegen.checks.security import html_checks
from sitegen.content import page_reader, phone_numbers
from sitegen.content.district import DeskKeys
from sitegen.content.pages import AllPages, PageSource
from sitegen.layers import lookup
from sitegen.lint import consent_rules, mistakes
from sitegen.lint import keys as page_keys
from sitegen.render.context import Context

from editor.moment import once
from forms.core.problem import Danger, Problem, Problems

Checked = tuple[tuple[Problem, ...], tuple[str, ...]]
"""What is wrong, and what waits."""


@dataclass
class Look:
    """What a build would be made from: None where it cannot be read at all.

    What is wrong with it and what waits is looked for when somebody asks: whoever saves a page does not wait for it.
    """

    context: Context | None
    unread: tuple[Problem, ...] = ()
    """Why content/ cannot be read, or not published: the context is then an older one, or one whose desks lack keys."""

    _check: Callable[[], Checked] = lambda: ((), ())
    _busy: RLock = field(default_factory=RLock)

    @cached_property
    def _checked(self) -> Checked:
        return self._check()

    def readable(self) -> Context:
        """Return the context. Raises Problems where content/ could not be read since the editor began."""
        if self.context is None:
            raise Problems(self.unread)
        return self.context

    @property
    def is_checked(self) -> bool:
        """Return whether what is wrong is known: `problems` need not look for it."""
        return "_checked" in self.__dict__

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong anywhere in content/."""
        with self._busy:
            return self._checked[0]

    @property
    def waiting(self) -> tuple[str, ...]:
        """What waits for a person, in sentences."""
        with self._busy:
            return self._checked[1]


@dataclass(eq=False)
class Looking:
    """Looks at content, and caches what it found until a file or the day changes.

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
            mark = once(self, self._marked)
            if mark != self._mark:
                self._seen, self._mark = self._anew(), mark
            return self._seen

    def look_beside(self, path: Path) -> Look:
        """Return content as it is now but for one file, of which whoever asks has the newest state."""
        with self._busy:
            mark = once(self, self._marked)
            changed = set(mark) ^ set(self._mark)
            if self._mark and all(isinstance(one, tuple) and one[0] == str(path) for one in changed):
                return self._seen
            return self.look()

    def _marked(self) -> tuple[object, ...]:
        """Return what changes with any file of content/, and with the day."""
        found = ((file.address, file.state()) for file in lookup.every(self.root / "content"))
        return (self.today(), *((path, state.st_size, state.st_mtime_ns) for path, state in found))

    def _anew(self) -> Look:
        of_desks: list[Problem] = []
        try:
            written = build.read(self.root, keys=self.keys, today=self.today(), on_desk_problems=of_desks.extend)
        except (Problem, Problems) as told:
            found = (*of_desks, *_told(told))
            return Look(self._seen.context, found, lambda: (found, ()))
        return Look(written.context, tuple(of_desks), partial(self._checks, written, of_desks))

    def _checks(self, written: build.WrittenContent, of_desks: Sequence[Problem]) -> Checked:
        try:
            report = build.check(self.root, written, unprotected=self.unprotected)
        except (Problem, Problems) as told:
            return (*of_desks, *_told(told)), ()
        return Problems([*of_desks, *report.problems]).problems, tuple(report.warnings)

    def page_problems(self, page: PageSource, look: Look) -> list[Problem]:
        """Return what is wrong with the text of one page, which need not be saved."""
        if look.context is None:
            return []
        shown = drawn(page, look.context)
        return list(_of_page(shown, with_page(look.context.library, shown), look.context, self.root))


def _told(told: Problem | Problems) -> tuple[Problem, ...]:
    return (told,) if isinstance(told, Problem) else tuple(told.problems)


def drawn(page: PageSource, context: Context) -> PageSource:
    """Return a page with the numbers of helplines.csv drawn in, as a build does it."""
    alone = AllPages({page.language: {page.name: page}})
    numbers = phone_numbers.numbers_by_id(context.tables["helplines"])
    return phone_numbers.fill_library(alone, numbers).by_language[page.language][page.name]


def with_page(library: AllPages, page: PageSource) -> AllPages:
    """Return the library with this page in its place."""
    own = {**library.by_language.get(page.language, {}), page.name: page}
    return replace(library, by_language={**library.by_language, page.language: own})


def _of_page(page: PageSource, library: AllPages, context: Context, root: Path) -> Iterator[Problem]:
    content, codes = root / "content", context.portal.language_codes()
    yield from page_keys.problems(page, library, context.today)
    yield from content_checks.of_page(page, library)
    yield from html_checks.problems([page], {}, {}, content)
    yield from mistakes.of_page(page, library, root, context.portal.address)
    found = consent_rules.problems([page], context.tables, content, codes, context.today)
    yield from (Danger(one.where, one.what, one.todo) for one in found if one.where.startswith(page.where))


def source_of(language: str, name: str, text: str) -> PageSource:
    """Return a page from its text. Raises Problem where its front matter cannot be read."""
    where = f"content/{language}/{name}"
    return PageSource(name, language, *page_reader.split_front_matter(page_reader.require_readable(text, where), where))
