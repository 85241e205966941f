"""What has no consent leaves the built site, every release, and what is kept for the next build.

What takes pages apart is imported when something must go: a build of what is there already is over before that.
"""

# ruff: noqa: PLC0415
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sitegen import kept_work
from sitegen.incremental import record

from commands.site import Site
from forms.core.problem import Problem, Problems
from forms.operations import releases

if TYPE_CHECKING:
    from sitegen.publish.withdrawals.watched_files import WatchedFiles

LONGEST_BETWEEN = 30
"""Seconds after which `serve` looks through all sites though nothing shows that a consent ended."""


def purge(site: Site, public: Path, stories: Collection[str] = ()) -> list[str]:
    """Take what has no consent, and `stories`, out of one built site; return the addresses."""
    from sitegen.publish.withdrawals import withdrawal

    return withdrawal.purge(public, site.content, site.today(), stories, click.echo)


def remove_withdrawn(site: Site, out: Path, *stories: str, everywhere: bool = False) -> None:
    """Take stories without consent, and `stories` whatever their consent, out of each built site and every release.

    everywhere: empty what is kept for the next build, and the kit, also where no site shows them: public/ may be gone.
    Raises Problems about what could not be cleaned, after all else is done.
    """
    gone: list[str] = []
    wrong: list[Problem] = []
    releases.remove_left(site.published)
    for public in _built_sites(site, out):
        try:
            gone += purge(site, public, stories)
        except Problems as found:
            wrong += found.problems
    if everywhere:
        kept_work.forget(site.root)
    if gone or wrong or everywhere:
        wrong += _remove_made(site)
    for address in dict.fromkeys(gone):
        click.echo(f"{address} has no valid consent and is taken off the site.")
    if wrong:
        raise Problems(wrong)


def _built_sites(site: Site, out: Path) -> list[Path]:
    """Return the folders in which a built site of this district may stand."""
    shown = [release.public for release in releases.every(site.published)]
    return [*dict.fromkeys((out, site.public, site.for_release, *shown))]


def _remove_made(site: Site) -> list[Problem]:
    """Remove what was made of the site: the record, so that nothing is taken to be there already, and the kit.

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


@dataclass
class ConsentWatch:
    """Takes stories off the site when their consent ends, and says once what is wrong with that.

    All sites are looked through when a file that decides on consents is not as it was, on a new day, and now and then.
    """

    site: Site
    clock: Callable[[], float] = time.monotonic
    _seen: "WatchedFiles | None" = None
    _day: date | None = None
    _whole: float = 0
    _said: str = ""

    def look(self) -> bool:
        """Look whether any consent has ended; return whether all sites were looked through for that."""
        now, day = self.clock(), self.site.today()
        if self._seen and self._day == day and now < self._whole + LONGEST_BETWEEN and self._seen.are_the_same():
            return False
        self._seen = None
        with suppress(OSError, ValueError):  # the site is being replaced: looked at again
            self._look_through()
            self._day, self._whole = day, now
        return True

    def _look_through(self) -> None:
        from sitegen.publish.withdrawals import watched_files

        seen = watched_files.look(self.site.content, _built_sites(self.site, self.site.public), self.site.published)
        try:
            remove_withdrawn(self.site, self.site.public)
        except Problems as wrong:
            if str(wrong) != self._said:
                self._said = str(wrong)
                click.echo(self._said, err=True)
        else:
            self._seen = seen


def watch_consents(site: Site, ended: threading.Event) -> None:
    """Take stories off the site in the second in which their consent ends, also while a build runs or fails."""
    watch = ConsentWatch(site)
    while not ended.wait(1):
        watch.look()


def take_back(site: Site, story: str, out: Path) -> None:
    """Take a story off the built site, then write the day into consents.csv.

    Raises Problem where there is none, and Problems about what could not be cleaned, after all else is done.
    """
    from sitegen.publish.withdrawals import withdrawal

    story = withdrawal.present_name(story, site.content, out)
    stories = withdrawal.stories_of(story, site.content, out)
    if stories is None:
        raise Problem(story, "is no story here.", "Write its name, like: python3 build.py withdraw the-advance")
    wrong: Problems | None = None
    try:
        remove_withdrawn(
            site, out, *stories, everywhere=True
        )  # before the table: a full disk or a broken table is no hindrance
    except Problems as found:
        wrong = found  # said last: the day must be written all the same
    if not withdrawal.write_withdrawn(site.content, story, site.today()):
        what, todo = f"has no row for {story}.", "Add it with withdrawn_on, or remove the page's file."
        raise Problem("content/tables/consents.csv", what, todo)
    remove_withdrawn(site, out)  # the pictures and recordings of the rows that are now withdrawn
    _say_taken_back(site, story, stories, out)
    if wrong:
        raise wrong


def _say_taken_back(site: Site, story: str, stories: Collection[str], out: Path) -> None:
    """Say what was taken off, and what else bears the same name."""
    from sitegen.publish.withdrawals import withdrawal

    others = withdrawal.also_named(story, site.content)
    if others:
        click.echo(
            f"{story} is the id of a consent, and only that one was withdrawn. A story, page or file of this name"
        )
        click.echo(f"is also under {', '.join(others)}. To withdraw that too: python3 build.py withdraw {story}.md")
    gone = ", ".join(stories) or story
    click.echo(f"{gone} is off the site in {out}, and consents.csv says withdrawn_on {site.today()}.")
    click.echo("Where people read it from another machine: copy the folder there now, then build as usual.")
