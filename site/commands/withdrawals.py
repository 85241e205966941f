"""What has no consent leaves the built site, every release, and what is kept for the next build.

What takes pages apart is imported when something must go: a build of what is there already is over before that.
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

    everywhere: empty what is kept for the next build, and the kit, also where no site shows them: public/ may be gone.
    Raises Problems about what could not be cleaned, after all else is done.
    """
    gone: list[str] = []
    wrong: list[Problem] = []
    releases.remove_unfinished_releases(site.published)
    for public in dict.fromkeys((out, *_sites(site))):
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


def _sites(site: Site) -> list[Path]:
    """Return where sites are built, and each release."""
    shown = [release.public for release in releases.every(site.published)]
    return [site.public, site.for_release, *shown]


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


class ConsentWatch:
    """Takes stories off the site in the second in which their consent ends, also while a build runs or fails.

    Each look sees what shows at little cost that something changed (watched.py). All is looked at when that did, in the
    look after it, since a file may change twice in one tick of its clock, and ever again, as often as it costs little.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._seen: object = None
        self._same = 0
        """How many looks have seen the same."""
        self._pause = Pause()
        self._said = ""

    def look(self) -> bool:
        """Take off what has no consent any more; return whether all was looked at. What is wrong is said once."""
        seen = self._state()
        self._same = self._same + 1 if seen is not None and seen == self._seen else 0
        self._seen = seen
        if self._same > 1 and not self._pause.is_over():
            return False
        try:
            with self._pause.behind():
                remove_withdrawn(self._site, self._site.public)
        except (OSError, ValueError):
            pass  # the site is being replaced: looked at again
        except Problems as wrong:
            if str(wrong) != self._said:
                self._said = str(wrong)
                click.echo(self._said, err=True)
        return True

    def _state(self) -> object:
        """Return what shows that something changed; None where it cannot be seen, and all must be looked at."""
        from sitegen.publish.withdrawals import watched

        with suppress(Exception):  # whatever it is, it must not stop what looks for withdrawn consents
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
    wrong: Problems | None = None
    try:
        remove_withdrawn(
            site, out, *stories, everywhere=True
        )  # before the table: a full disk or a broken table is no hindrance
    except Problems as found:
        wrong = found  # said last: the day must be written all the same
    if not withdrawal_writing.write_withdrawn(site.content, story, site.today()):
        what, todo = f"has no row for {story}.", "Add it with withdrawn_on, or remove the page's file."
        raise Problem("content/tables/consents.csv", what, todo)
    remove_withdrawn(site, out)  # the pictures and recordings of the rows that are now withdrawn
    _say_taken_back(site, story, stories, out)
    if wrong:
        raise wrong


def _say_taken_back(site: Site, story: str, stories: Collection[str], out: Path) -> None:
    """Say what was taken off, and what else bears the same name."""
    from sitegen.publish.withdrawals import named_consents

    others = named_consents.other_consents(story, site.content)
    if others:
        click.echo(
            f"{story} is the id of a consent, and only that one was withdrawn. A story, page or file of this name"
        )
        click.echo(f"is also under {', '.join(others)}. To withdraw that too: python3 build.py withdraw {story}.md")
    gone = ", ".join(stories) or story
    click.echo(f"{gone} is off the site in {out}, and consents.csv says withdrawn_on {site.today()}.")
    click.echo("Where people read it from another machine: copy the folder there now, then build as usual.")
