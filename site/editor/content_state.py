"""The content as a build would read it now, cached until a file or the day changes."""

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

from editor.request_cache import cached
from forms.core.problem import Danger, Problem, Problems

CheckResult = tuple[tuple[Problem, ...], tuple[str, ...]]
"""Problems and warnings."""


@dataclass
class ContentState:
    """The content as it was read for a build. context: None where content/ could never be read.

    Problems and warnings are computed at their first use, so that saving a page does not wait for them.
    """

    context: Context | None
    read_problems: tuple[Problem, ...] = ()
    """Why content/ cannot be read or published. The context is then an older one, or one whose desks lack keys."""

    _check: Callable[[], CheckResult] = lambda: ((), ())
    _lock: RLock = field(default_factory=RLock)

    @cached_property
    def _checked(self) -> CheckResult:
        return self._check()

    def require_context(self) -> Context:
        """Return the context. Raises Problems where content/ could not be read since the editor started."""
        if self.context is None:
            raise Problems(self.read_problems)
        return self.context

    @property
    def is_checked(self) -> bool:
        """Return whether the problems are computed already."""
        return "_checked" in self.__dict__

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of all files in content/."""
        with self._lock:
            return self._checked[0]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What waits for a person, in sentences."""
        with self._lock:
            return self._checked[1]


@dataclass(eq=False)
class ContentCache:
    """Reads the content and caches the result until a file or the day changes.

    keys: demonstration keys of desks, which only the caller may make; today: returns the day, called each time.
    """

    root: Path
    keys: DeskKeys | None
    today: Callable[[], date]
    unprotected: Collection[str] = ()
    _fingerprint_read: tuple[object, ...] = ()
    _state: ContentState = field(default_factory=lambda: ContentState(None))
    _lock: RLock = field(default_factory=RLock)

    def current(self) -> ContentState:
        """Return the content as it is now."""
        with self._lock:
            fingerprint = cached(self, self._fingerprint)
            if fingerprint != self._fingerprint_read:
                self._state, self._fingerprint_read = self._read(), fingerprint
            return self._state

    def current_except(self, path: Path) -> ContentState:
        """Return the content as it is now, except that changes of one file are ignored: the caller has its text."""
        with self._lock:
            fingerprint = cached(self, self._fingerprint)
            changed = set(fingerprint) ^ set(self._fingerprint_read)
            if self._fingerprint_read and all(isinstance(item, tuple) and item[0] == str(path) for item in changed):
                return self._state
            return self.current()

    def _fingerprint(self) -> tuple[object, ...]:
        """Return the day, and the path, size and time of every file of content/."""
        files = ((file.address, file.state()) for file in lookup.every(self.root / "content"))
        return (self.today(), *((path, state.st_size, state.st_mtime_ns) for path, state in files))

    def _read(self) -> ContentState:
        desk_problems: list[Problem] = []
        try:
            content = build.read(self.root, keys=self.keys, today=self.today(), on_desk_problems=desk_problems.extend)
        except (Problem, Problems) as error:
            problems = (*desk_problems, *_problems_in(error))
            return ContentState(self._state.context, problems, lambda: (problems, ()))
        return ContentState(content.context, tuple(desk_problems), partial(self._check, content, desk_problems))

    def _check(self, content: build.WrittenContent, desk_problems: Sequence[Problem]) -> CheckResult:
        try:
            report = build.check(self.root, content, unprotected=self.unprotected)
        except (Problem, Problems) as error:
            return (*desk_problems, *_problems_in(error)), ()
        return Problems([*desk_problems, *report.problems]).problems, tuple(report.warnings)

    def page_problems(self, page: PageSource, state: ContentState) -> list[Problem]:
        """Return the problems of one page, which need not be saved."""
        if state.context is None:
            return []
        page = with_phone_numbers(page, state.context)
        return list(_page_problems(page, with_page(state.context.library, page), state.context, self.root))


def _problems_in(error: Problem | Problems) -> tuple[Problem, ...]:
    return (error,) if isinstance(error, Problem) else tuple(error.problems)


def with_phone_numbers(page: PageSource, context: Context) -> PageSource:
    """Return a page with the numbers of helplines.csv filled in, as a build does."""
    library = AllPages({page.language: {page.name: page}})
    numbers = phone_numbers.numbers_by_id(context.tables["helplines"])
    return phone_numbers.fill_library(library, numbers).by_language[page.language][page.name]


def with_page(library: AllPages, page: PageSource) -> AllPages:
    """Return the library with a page added or replaced."""
    own = {**library.by_language.get(page.language, {}), page.name: page}
    return replace(library, by_language={**library.by_language, page.language: own})


def _page_problems(page: PageSource, library: AllPages, context: Context, root: Path) -> Iterator[Problem]:
    content, codes = root / "content", context.portal.language_codes()
    yield from page_keys.problems(page, library, context.today)
    yield from content_checks.problems_of_page(page, library)
    yield from html_checks.problems([page], {}, {}, content)
    yield from mistakes.of_page(page, library, root, context.portal.address)
    problems = consent_rules.problems([page], context.tables, content, codes, context.today)
    yield from (Danger(one.where, one.what, one.todo) for one in problems if one.where.startswith(page.where))


def parse_page(language: str, name: str, text: str) -> PageSource:
    """Return a page parsed from its text. Raises Problem where its front matter cannot be read."""
    where = f"content/{language}/{name}"
    return PageSource(name, language, *page_reader.split_front_matter(page_reader.require_readable(text, where), where))
