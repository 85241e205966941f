"""Fetch the newest content that a named person signed, check it, build it and put it into use.

A failed update changes nothing, and is recorded for staff (forms/core/builds/publishing_report.py,
docs/decisions/0060).
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

_ROLLED_BACK = "An earlier release was put into use again. It stays until something new is pushed, or: publish"


def update(
    source: GitSource | None,
    publish: Callable[[], object],
    site: Path,
    today: date,
    *,
    purge: Callable[[], object] = lambda: None,
    is_rolled_back: bool = False,
    libraries: Callable[[], Sequence[GitSource]] = tuple,
) -> str:
    """Publish the newest content that a named person signed; return a sentence. Raises Problem or Problems.

    source: None where there is no clone to fetch into; publish: checks and builds the folder's content and puts it into
    use; site: the folder of the releases; purge: removes what has no consent from the site, whatever else fails;
    is_rolled_back: an operator went back to an earlier release, which stays until there is new content; libraries: the
    libraries that portal.yml names, each fetched by itself, so that one that fails stops no other.

    Where anything fails, the folder keeps its previous content, except for consents.csv, and is published for today.
    """
    with publishing_report.record_outcome(site, today):
        try:
            return _update_all(source, publish, purge, is_rolled_back, libraries)
        finally:
            _record_commit(source, site)


def update_library(
    source: GitSource, publish: Callable[[], object] = lambda: None, purge: Callable[[], object] = lambda: None
) -> str:
    """Take the newest signed commit of a library, and publish; return a sentence, "" where there is nothing new.

    Raises Problem or Problems: then the library is as it was, except for its withdrawals.
    """
    newest, signer = _fetch_trusted(source)
    if not signer:
        return ""
    previous = source.published_commit()
    source.folder.mkdir(exist_ok=True)
    source.check_out(newest)
    _publish_or_go_back(source, previous, publish, purge)
    source.mark_published(newest)
    return f"Library {source.folder.name}: taken {newest[:12]}, signed by {signer}."


def _update_all(
    source: GitSource | None,
    publish: Callable[[], object],
    purge: Callable[[], object],
    is_rolled_back: bool,
    libraries: Callable[[], Sequence[GitSource]],
) -> str:
    """Update and publish the district's content, then each library; return what was done.

    Raises Problem or Problems after all were tried.
    """
    messages: list[str] = []
    problems: list[Problem] = []

    def publish_with_new_libraries() -> None:
        for library in libraries():  # a library that content/ names for the first time: the build needs it
            if library.published_commit() is None:
                messages.append(update_library(library))
        publish()

    try:
        messages.append(_update_content(source, publish_with_new_libraries, purge, is_rolled_back))
    except (Problem, Problems) as error:
        problems += _each(error)
    try:
        known = libraries()  # those that the content now published names
    except Problem as problem:
        known, problems = (), [*problems, problem]
    for library in known:
        try:
            if library.published_commit() is not None:
                messages.append(update_library(library, publish, purge))
        except (Problem, Problems) as error:
            problems += _each(error)
    _raise_all(problems)
    return " ".join(filter(None, messages))


def _record_commit(source: GitSource | None, site: Path) -> None:
    """Write the commit that was published into the release in use, unless an operator went back to an earlier one."""
    current = releases.current(site)
    if source is not None and current is not None and not releases.is_rolled_back(site):
        with suppress(Problem, OSError):  # the update itself has reported what is wrong here
            if commit := source.published_commit():
                publishing_report.write_built_commit(current.public, commit)


def _update_content(
    source: GitSource | None, publish: Callable[[], object], purge: Callable[[], object], is_rolled_back: bool
) -> str:
    """Take and publish the district's newest commit; return a sentence. Raises Problem or Problems."""
    if source is None:
        _publish_for_today(publish, purge, is_rolled_back)
        return _ROLLED_BACK if is_rolled_back else "What content/ holds is published."
    try:
        newest, signer = _fetch_trusted(source)
    except Problem as problem:
        is_unpublished = source.published_commit() is None
        _publish_for_today_despite(problem, publish, purge, is_rolled_back or is_unpublished)
        raise
    if not signer:
        _publish_for_today(publish, purge, is_rolled_back)
        return _ROLLED_BACK if is_rolled_back else "There is nothing new."
    previous = source.published_commit()
    source.check_out(newest)
    _publish_or_go_back(source, previous, publish, purge)
    source.mark_published(newest)
    return f"Taken: {newest[:12]}, signed by {signer}."


def _fetch_trusted(source: GitSource) -> tuple[str, str]:
    """Return the newest commit and its signer; the signer is "" where that commit is published already.

    Raises Problem.
    """
    source.remove_leftovers()
    source.recover()
    newest = source.fetch()
    if newest == source.published_commit() == source.trusted_commit():
        return newest, ""
    try:
        signer = source.require_trusted(newest)
    except Problem:
        source.repack()
        raise
    forked.require_prepared()  # before the commit is checked out
    return newest, signer


def _publish_for_today(publish: Callable[[], object], purge: Callable[[], object], is_rolled_back: bool) -> None:
    """Purge and publish the content that is here: consents end and events pass even without new content.

    Raises Problem or Problems after both steps were tried.
    """
    problems: list[Problem] = []
    for step in (purge, *([] if is_rolled_back else [publish])):
        try:
            step()
        except (Problem, Problems) as error:
            problems += _each(error)
    _raise_all(problems)


def _publish_for_today_despite(
    problem: Problem, publish: Callable[[], object], purge: Callable[[], object], is_rolled_back: bool
) -> None:
    """Publish the content that is here though newer content was refused. Raises Problems with both faults."""
    try:
        _publish_for_today(publish, purge, is_rolled_back)
    except (Problem, Problems) as error:
        raise Problems([problem, *_each(error)]) from None


def _publish_or_go_back(
    source: GitSource, previous: str | None, publish: Callable[[], object], purge: Callable[[], object]
) -> None:
    """Publish the folder's content; where that fails, restore the previous commit, but purge what the new one withdrew.

    Raises what `publish` raises; Problems where `purge` fails too.
    """
    try:
        publish()
    except BaseException as error:
        try:
            purge()
        except (Problem, Problems) as purge_error:
            if isinstance(error, Problem | Problems):
                raise Problems([*_each(error), *_each(purge_error)]) from None
        finally:
            if previous:
                source.go_back(previous)
        raise


def _each(error: Problem | Problems) -> tuple[Problem, ...]:
    return error.problems if isinstance(error, Problems) else (error,)


def _raise_all(problems: Sequence[Problem]) -> None:
    """Raise Problem for one, Problems for several; return where there is none."""
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise Problems(problems)
