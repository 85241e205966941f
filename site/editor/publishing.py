"""Puts what was saved on the site, and takes the last publishing back: one exchange of folders each."""

import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from sitegen.content.page_reader import DRAFTS_FOLDER

from editor import settings
from editor.saving.history import FileChange, History
from forms.core.files.folder_swap import change_places
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, Problems

WRITTEN_BY_BUILDS = frozenset({"translations.json", "addresses.json", "calendar.json"})
"""What each build writes into content/: it is on the site when it changes."""


@dataclass(frozen=True)
class PublishOutcome:
    """How a publishing ended: what is wrong where it did not, and nothing where it did."""

    problems: tuple[Problem, ...] = ()


class Destination(Protocol):
    """Where a site is published: a folder of this machine, or the releases of a server (decision 0059)."""

    @property
    def where(self) -> str:
        """The folder, as sentences name it."""

    @property
    def is_live(self) -> bool:
        """Return whether readers see it as soon as it is published; else somebody copies it to where they do."""

    @property
    def can_undo(self) -> bool:
        """Return whether there is an earlier site to bring back."""

    def publish(self, commit: str, who: str, /) -> str:
        """Check, build, and put it into use; return the commit that readers see then.

        Raises Problem, Problems or OSError: then the old site stays.
        """

    def undo(self, before: str, who: str, /) -> str:
        """Bring the earlier site back, without what was withdrawn since; return its commit. Raises Problem or OSError.

        before: the commit that it was built from.
        """

    def withdraw(self, who: str, /) -> None:
        """Take to readers what was withdrawn in the folder, where they see another one. Raises Problem."""


@dataclass
class Folder:
    """A folder of this machine, and beside it the site of before.

    `build` checks and builds into the folder, or raises Problem or Problems and changes nothing; `take_out_withdrawn`
    takes what has no consent out of a built site and the builds beside it.
    """

    out: Path
    build: Callable[[Path], object]
    take_out_withdrawn: Callable[[Path], object]
    is_live: bool = False

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.out)

    @property
    def before(self) -> Path:
        """The folder of the site before the last publishing. Its name is one that a withdrawal looks into."""
        return self.out.with_name(f"{self.out.name}.before")

    @property
    def can_undo(self) -> bool:
        """Return whether the site of before is there."""
        return self.before.exists()

    def publish(self, commit: str, _who: str) -> str:
        """Keep the site of now beside it, and build the new one. Raises Problem, Problems or OSError."""
        kept = self._keep()
        try:
            self.build(self.out)
        except BaseException:
            shutil.rmtree(kept, ignore_errors=True)
            raise
        if kept.exists():
            shutil.rmtree(self.before, ignore_errors=True)
            kept.rename(self.before)
        return commit

    def _keep(self) -> Path:
        """Return a copy of the site of now, which shares its files: made in moments, and no room is taken."""
        kept = self.out.with_name(f"{self.out.name}.kept")
        shutil.rmtree(kept, ignore_errors=True)
        if self.out.exists():
            shutil.copytree(self.out, kept, copy_function=_share)
        return kept

    def undo(self, before: str, _who: str) -> str:
        """Exchange the site of now with that of before, which may be undone again."""
        self.take_out_withdrawn(self.out)  # looks into the builds beside it too
        change_places(self.before, self.out)
        return before

    def withdraw(self, _who: str) -> None:
        """Do nothing: it was taken out of this folder already."""


@dataclass
class Publisher:
    """Publishes what was saved to a place, and records what is there. One thing at a time, each in a thread."""

    place: Destination
    memory: Path
    outcome: PublishOutcome | None = None
    withdrawal: Problem | None = None
    """Why a withdrawal has not reached the server yet."""

    _running: threading.Thread | None = None
    _withdrawing: threading.Thread | None = None
    _busy: threading.Lock = field(default_factory=threading.Lock)

    @property
    def running(self) -> bool:
        """Return whether a build runs."""
        return bool(self._running and self._running.is_alive())

    def start(self, commit: str, who: str, day: str) -> None:
        """Begin to publish what this commit holds; nothing where a build runs already."""
        with self._busy:
            if not self.running:
                self.outcome = None
                self._running = threading.Thread(target=self._publish, args=(commit, who, day), daemon=True)
                self._running.start()

    def start_undo(self, who: str, day: str) -> None:
        """Begin to undo where somebody must sign that first; nothing where a build runs already. Raises Problem."""
        with self._busy:
            if not self.place.can_undo:
                raise _nothing_before()
            if not self.running:
                self.outcome = None
                undo = partial(self._told, lambda: self._undo(who, day))
                self._running = threading.Thread(target=undo, daemon=True)
                self._running.start()

    def wait(self) -> None:
        """Wait until the build has ended, and what was withdrawn has been tried."""
        for thread in (self._running, self._withdrawing):
            if thread:
                thread.join()

    def _publish(self, commit: str, who: str, day: str) -> None:
        self._told(lambda: self.publish(commit, who, day))

    def _told(self, work: Callable[[], object]) -> None:
        """Do it, and remember how it ended."""
        try:
            work()
            self.outcome = PublishOutcome()
        except Problem as problem:
            self.outcome = PublishOutcome((problem,))
        except Problems as told:
            self.outcome = PublishOutcome(told.problems)
        except OSError as error:
            todo = _("The old site stays. Is the disk full? Make room, then publish again.")
            what = _("cannot be written (%(reason)s).", reason=str(error.strerror))
            self.outcome = PublishOutcome((Problem(self.place.where, what, todo),))
        except (Exception, SystemExit):  # noqa: BLE001 - a thread must not end without telling
            todo = _("The old site stays. Run: python3 build.py check, and tell a developer what it says.")
            self.outcome = PublishOutcome((Problem("publish", _("did not work, and that is our fault."), todo),))

    def publish(self, commit: str, who: str, day: str) -> None:
        """Publish, and remember which commit is on the site.

        Raises Problem, Problems or OSError: the old one stays.
        """
        shown = self.place.publish(commit, who)
        last = settings.read(self.memory).published
        settings.changed(self.memory, published=shown, published_by=who, published_on=day, before=last)

    def withdraw(self, who: str, day: str) -> None:
        """Begin to take to readers what was withdrawn, whatever else runs; tried again until it is there."""
        with suppress(OSError):  # a full disk is no hindrance; another program that withdraws may have said so already
            settings.changed(self.memory, withdrawing_since=settings.read(self.memory).withdrawing_since or day)
        self.keep_on(who, asked=True)

    def keep_on(self, who: str, *, asked: bool = False) -> None:
        """Try again to take a withdrawal to readers, where one waits and nothing tries already."""
        with self._busy:
            tries = self._withdrawing and self._withdrawing.is_alive()
            if (asked or settings.read(self.memory).withdrawing_since) and not tries:
                self._withdrawing = threading.Thread(target=self._withdraw, args=(who,), daemon=True)
                self._withdrawing.start()

    def _withdraw(self, who: str) -> None:
        try:
            since = settings.read(self.memory).withdrawing_since
            self.place.withdraw(who)
            self.withdrawal = None
            if since and settings.read(self.memory).withdrawing_since == since:
                settings.changed(self.memory, withdrawing_since="")
        except Problem as problem:
            self.withdrawal = problem
        except Exception as error:  # noqa: BLE001 - a thread must not end without telling
            what = _("did not work (%(reason)s).", reason=type(error).__name__)
            self.withdrawal = Problem("withdraw", what, _("It is tried again."))

    def undo(self, who: str, day: str) -> None:
        """Bring back the site before the last publishing, without what was withdrawn since; again, and it is undone.

        Raises Problem.
        """
        with self._busy:
            if self.running:
                raise Problem("publish", _("A build is running."), _("Wait until it has ended."))
            if not self.place.can_undo:
                raise _nothing_before()
            self._undo(who, day)

    def _undo(self, who: str, day: str) -> None:
        """Put the state before in place. Raises Problem where the place cannot be changed."""
        known = settings.read(self.memory)
        try:
            shown = self.place.undo(known.before, who)
        except OSError as error:
            todo = _("The site stays as it is. Is the disk full, or the folder not yours?")
            what = _("cannot be changed (%(reason)s).", reason=str(error.strerror))
            raise Problem(self.place.where, what, todo) from None
        settings.changed(self.memory, published=shown, published_by=who, published_on=day, before=known.published)


def _nothing_before() -> Problem:
    return Problem("undo", _("There is no earlier site to bring back."), _("Publish something first."))


def unpublished(history: History, memory: Path, path: str = "") -> list[FileChange]:
    """Return what was saved and is not on the site; everything where nothing was published with the editor.

    path: of this file alone.
    """
    published = settings.read(memory).published
    known = published if history.entry(published) else ""
    found = history.between(known, history.newest(), path) if history.newest() else []
    shown = (change for change in found if not change.path.startswith(f"{DRAFTS_FOLDER}/"))
    return [change for change in shown if change.path not in WRITTEN_BY_BUILDS]


def _share(source: str, target: str) -> str:
    """Give a file a second name; copy it where the file system has no such links."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)
    return target
