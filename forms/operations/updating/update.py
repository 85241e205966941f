"""Take what staff have pushed: fetched, believed only where a named person signed it, checked, built, put into use.

What fails changes nothing, and is written down for staff (forms/core/builds/publishing_report.py; docs/decisions/0060).
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

from forms.core.builds import publishing_report
from forms.core.problem import Problem, Problems
from forms.operations import releases
from forms.operations.districts import forked
from forms.operations.updating.git_source import GitSource


def take_library(
    source: GitSource, publish: Callable[[], object] = lambda: None, purge: Callable[[], object] = lambda: None
) -> str:
    """Take the newest commit of a library that its signers signed, and publish; return a sentence, "" for nothing new.

    Raises Problem or Problems: then the library is as it was, but for what it withdrew.
    """
    newest, signer = _newest(source)
    if not signer:
        return ""
    before = source.taken()
    source.folder.mkdir(exist_ok=True)
    source.take(newest)
    _publish(source, before, publish, purge)
    source.published(newest)
    return f"Library {source.folder.name}: taken {newest[:12]}, signed by {signer}."


def update(
    source: GitSource | None,
    publish: Callable[[], object],
    site: Path,
    today: date,
    *,
    purge: Callable[[], object] = lambda: None,
    held: bool = False,
    libraries: Callable[[], Sequence[GitSource]] = tuple,
) -> str:
    """Publish the newest content that a named person signed; return a sentence. Raises Problem or Problems.

    libraries: the libraries that portal.yml names; each is taken by itself, and one that fails stops nothing else.

    source: None where there is nothing to fetch; publish: checks, builds and puts into use what the folder holds; site:
    the folder of the releases; purge: takes what has no consent off the site, whatever else fails; held: somebody
    went back to an earlier release, which stays until there is something new. Where anything fails, the folder holds
    what it held before, but for consents.csv, and what the day asks for is published all the same.
    """
    with publishing_report.reported(site, today):
        try:
            return _take_all(source, publish, purge, held, libraries)
        finally:
            _tell_staff(source, site)


def _take_all(
    source: GitSource | None,
    publish: Callable[[], object],
    purge: Callable[[], object],
    held: bool,
    libraries: Callable[[], Sequence[GitSource]],
) -> str:
    """Take and publish the district's content, then each library; return what was done.

    Raises Problem or Problems after all were tried.
    """
    said: list[str] = []
    wrong: list[Problem] = []

    def with_new_libraries() -> None:
        for library in libraries():  # those that content/ names for the first time: without them nothing can be built
            if library.taken() is None:
                said.append(take_library(library))
        publish()

    try:
        said.append(_take_and_publish(source, with_new_libraries, purge, held))
    except (Problem, Problems) as told:
        wrong += _each(told)
    try:
        known = libraries()  # as the content that is published now says
    except Problem as problem:
        known, wrong = (), [*wrong, problem]
    for library in known:
        try:
            if library.taken() is not None:
                said.append(take_library(library, publish, purge))
        except (Problem, Problems) as told:
            wrong += _each(told)
    if wrong:
        raise wrong[0] if len(wrong) == 1 else Problems(wrong)
    return " ".join(filter(None, said))


def _tell_staff(source: GitSource | None, site: Path) -> None:
    """Let the release in use say which commit it was built from, unless somebody went back to an earlier one."""
    now = releases.current(site)
    if source is not None and now is not None and not releases.is_held(site):
        with suppress(Problem, OSError):  # said meanwhile, by what made it so
            if commit := source.taken():
                publishing_report.write_taken(now.public, commit)


def _take_and_publish(
    source: GitSource | None, publish: Callable[[], object], purge: Callable[[], object], held: bool
) -> str:
    if source is None:
        _keep_up(publish, purge, held)
        return _HELD if held else "What content/ holds is published."
    try:
        newest, signer = _newest(source)
    except Problem as problem:
        _keep_up_in_spite_of(problem, publish, purge, held or source.taken() is None)
        raise
    if not signer:
        _keep_up(publish, purge, held)
        return _HELD if held else "There is nothing new."
    before = source.taken()
    source.take(newest)
    _publish(source, before, publish, purge)
    source.published(newest)
    return f"Taken: {newest[:12]}, signed by {signer}."


_HELD = "An earlier release was put into use again. It stays until something new is pushed, or: publish"


def _newest(source: GitSource) -> tuple[str, str]:
    """Return the newest commit and who signed it; nobody where it is the one that is published. Raises Problem."""
    source.remove_leftovers()
    source.recover()
    newest = source.fetched()
    if newest == source.taken() == source.seen():
        return newest, ""
    try:
        signer = source.require_trusted(newest)
    except Problem:
        source.repack()
        raise
    forked.require_prepared()  # before the commit is taken
    return newest, signer


def _keep_up(publish: Callable[[], object], purge: Callable[[], object], held: bool) -> None:
    """Bring what is here to today: consents end and events pass, also where nothing new comes.

    Raises what went wrong, after all else was done.
    """
    wrong: list[Problem] = []
    for step in (purge, *([] if held else [publish])):
        try:
            step()
        except (Problem, Problems) as told:
            wrong += _each(told)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise Problems(wrong)


def _keep_up_in_spite_of(
    problem: Problem, publish: Callable[[], object], purge: Callable[[], object], held: bool
) -> None:
    """Publish what the day asks for though the content could not be taken. Raises Problems with both faults."""
    try:
        _keep_up(publish, purge, held)
    except (Problem, Problems) as others:
        raise Problems([problem, *_each(others)]) from None


def _publish(source: GitSource, before: str | None, publish: Callable[[], object], purge: Callable[[], object]) -> None:
    """Publish what the folder holds, else let it hold what it held. What the new content withdraws is gone anyway.

    Raises what `publish` raises; Problems where `purge` fails too.
    """
    try:
        publish()
    except BaseException as error:
        try:
            purge()
        except (Problem, Problems) as found:
            if isinstance(error, Problem | Problems):
                raise Problems([*_each(error), *_each(found)]) from None
        finally:
            if before:
                source.take_back(before)
        raise


def _each(told: Problem | Problems) -> tuple[Problem, ...]:
    return told.problems if isinstance(told, Problems) else (told,)
