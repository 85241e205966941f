"""What has no consent leaves the built site, every release, and what is kept for the next build.

The modules that take pages apart are imported only when something must go: they are slow to load.
"""

# ruff: noqa: PLC0415
import threading
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import click
from sitegen import kept_work
from sitegen.incremental import record
from sitegen.incremental.pauses import Pause

from commands.site import Site
from forms.core.problem import Problem, Problems
from forms.operations import releases


def purge(site: Site, public: Path, stories: Collection[str] = ()) -> list[str]:
    """Take what has no consent, and `stories`, out of one built site; return the addresses."""
    from sitegen.publish.withdrawals import withdrawal

    return withdrawal.purge(public, site.content, site.today(), stories, click.echo)


def remove_withdrawn(site: Site, out: Path, *stories: str, everywhere: bool = False) -> None:
    """Take stories without consent, and `stories` whatever their consent, out of each built site and every release.

    everywhere: also empty the cache of builds and the kit where no site shows the stories: public/ may be missing.
    Raises Problems about what could not be cleaned, after all else is done.
    """
    removed: list[str] = []
    problems: list[Problem] = []
    releases.remove_unfinished_releases(site.published)
    for public in dict.fromkeys((out, *_sites(site))):
        try:
            removed += purge(site, public, stories)
        except Problems as error:
            problems += error.problems
    if everywhere:
        kept_work.forget(site.root)
    if removed or problems or everywhere:
        problems += _remove_derived_files(site)
    for address in dict.fromkeys(removed):
        click.echo(f"{address} has no valid consent and is taken off the site.")
    if problems:
        raise Problems(problems)


def _sites(site: Site) -> list[Path]:
    """Return the folders of built sites, also those of releases."""
    released = [release.public for release in releases.every(site.published)]
    return [site.public, site.for_release, *released]


def _remove_derived_files(site: Site) -> list[Problem]:
    """Remove the record of the last build, so that the next one builds everything, and the kit.

    Return what could not be removed.
    """
    from sitegen.publish.withdrawals import withdrawal

    record.forget(site.root)
    kit = site.root / "kit"
    try:
        if withdrawal.remove_card(kit):
            click.echo(
                "Card and papers in kit/ held the story and are removed. Make the kit again, and take old ones back."
            )
    except OSError as error:
        what = f"could not be removed ({error.strerror}), and may hold what was withdrawn."
        return [
            Problem(str(error.filename or kit), what, "Remove it yourself, make the kit again, take old ones back.")
        ]
    return []


class ConsentWatch:
    """Takes stories off the site in the second in which their consent ends, also while a build runs or fails.

    Each look compares a state that is cheap to read (watched.py). The records of consents are read when that state has
    changed, once more in the look after it (a file may change twice within one tick of its clock), and now and then
    in any case, as often as it costs little.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._state: object = None
        self._unchanged_looks = 0
        self._pause = Pause()
        self._last_message = ""

    def look(self) -> bool:
        """Take off what has no consent any more; return whether the consents were read. Report each problem once."""
        state = self._current_state()
        unchanged = state is not None and state == self._state
        self._unchanged_looks = self._unchanged_looks + 1 if unchanged else 0
        self._state = state
        if self._unchanged_looks > 1 and not self._pause.is_over():
            return False
        try:
            with self._pause.behind():
                remove_withdrawn(self._site, self._site.public)
        except (OSError, ValueError):
            pass  # the site is being replaced: the next look reads it
        except Problems as problems:
            if str(problems) != self._last_message:
                self._last_message = str(problems)
                click.echo(self._last_message, err=True)
        return True

    def _current_state(self) -> object:
        """Return a state that changes with the consents, the sites or the day; None where it cannot be read."""
        from sitegen.publish.withdrawals import watched

        with suppress(Exception):  # no error may stop the watch
            return self._site.today(), watched.look(self._site.content, _sites(self._site))
        return None


def watch_consents(site: Site, ended: threading.Event) -> None:
    """Look each second whether a consent has ended, until `ended` is set."""
    watch = ConsentWatch(site)
    while not ended.wait(1):
        watch.look()


def take_back(site: Site, story: str, out: Path) -> None:
    """Take a story off the built site, then write the day into consents.csv.

    Raises Problem where there is none, and Problems about what could not be cleaned, after all else is done.
    """
    from sitegen.publish.withdrawals import named_consents, withdrawal_writing

    story = named_consents.current_name(story, site.content, out)
    stories = named_consents.stories_of(story, site.content, out)
    if stories is None:
        raise Problem(story, "is no story here.", "Write its name, like: python3 build.py withdraw the-advance")
    problems: Problems | None = None
    try:  # before the table is written: a full disk or a broken table must not prevent it
        remove_withdrawn(site, out, *stories, everywhere=True)
    except Problems as error:
        problems = error  # raised last: the day must be written all the same
    if not withdrawal_writing.write_withdrawn(site.content, story, site.today()):
        what, todo = f"has no row for {story}.", "Add it with withdrawn_on, or remove the page's file."
        raise Problem("content/tables/consents.csv", what, todo)
    remove_withdrawn(site, out)  # the pictures and recordings of the rows that are now withdrawn
    _report_withdrawal(site, story, stories, out)
    if problems:
        raise problems


def _report_withdrawal(site: Site, story: str, stories: Collection[str], out: Path) -> None:
    """Print what was taken off, and what else has the same name."""
    from sitegen.publish.withdrawals import named_consents

    others = named_consents.other_consents(story, site.content)
    if others:
        click.echo(
            f"{story} is the id of a consent, and only that one was withdrawn. A story, page or file of this name"
        )
        click.echo(f"is also under {', '.join(others)}. To withdraw that too: python3 build.py withdraw {story}.md")
    names = ", ".join(stories) or story
    click.echo(f"{names} is off the site in {out}, and consents.csv says withdrawn_on {site.today()}.")
    click.echo("Where people read it from another machine: copy the folder there now, then build as usual.")
