"""Publishes what was saved, and undoes the last publishing."""

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
from editor.saving.commit_reader import FileChange
from editor.saving.history import History
from forms.core.files.folder_swap import change_places
from forms.core.i18n.lazy_text import lazy_gettext as _
from forms.core.problem import Problem, Problems

WRITTEN_BY_BUILDS = frozenset({"translations.json", "addresses.json", "calendar.json"})
"""Files that each build writes into content/: when they change, the site already has the change."""


@dataclass(frozen=True)
class PublishOutcome:
    """How a publishing ended: no problems where it succeeded."""

    problems: tuple[Problem, ...] = ()


class Destination(Protocol):
    """Where a site is published: a folder, the releases of a server, or a git branch (decisions 0059 and 0072)."""

    @property
    def where(self) -> str:
        """The place, for messages."""

    @property
    def is_live(self) -> bool:
        """Return whether readers see it as soon as it is published; else somebody copies it to the server."""

    @property
    def can_undo(self) -> bool:
        """Return whether there is an earlier site to bring back."""

    def publish(self, commit: str, who: str, /) -> str:
        """Check, build, and put the site into use; return the commit that readers see then.

        Raises Problem, Problems or OSError: then the old site stays.
        """

    def undo(self, before: str, who: str, /) -> str:
        """Bring the earlier site back, without what was withdrawn since; return its commit. Raises Problem or OSError.

        before: the commit that it was built from.
        """

    def withdraw(self, who: str, /) -> None:
        """Take withdrawn stories off the site that readers see, where that is not this folder. Raises Problem."""


@dataclass
class Folder:
    """A folder of this machine as the destination; the previous site is kept beside it.

    build: checks and builds into the folder, or raises Problem or Problems and changes nothing; remove_withdrawn:
    removes what has no consent from a built site and the builds beside it.
    """

    out: Path
    build: Callable[[Path], object]
    remove_withdrawn: Callable[[Path], object]
    is_live: bool = False

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.out)

    @property
    def previous(self) -> Path:
        """The folder of the site before the last publishing. Withdrawals look into folders of this name."""
        return self.out.with_name(f"{self.out.name}.before")

    @property
    def can_undo(self) -> bool:
        """Return whether the previous site is there."""
        return self.previous.exists()

    def publish(self, commit: str, _who: str) -> str:
        """Keep the current site beside it, and build the new one. Raises Problem, Problems or OSError."""
        copy = self._copy_current()
        try:
            self.build(self.out)
        except BaseException:
            shutil.rmtree(copy, ignore_errors=True)
            raise
        if copy.exists():
            shutil.rmtree(self.previous, ignore_errors=True)
            copy.rename(self.previous)
        return commit

    def _copy_current(self) -> Path:
        """Return a copy of the current site made of hard links: quick, and it takes no room."""
        copy = self.out.with_name(f"{self.out.name}.kept")
        shutil.rmtree(copy, ignore_errors=True)
        if self.out.exists():
            shutil.copytree(self.out, copy, copy_function=_link_or_copy)
        return copy

    def undo(self, before: str, _who: str) -> str:
        """Exchange the current site with the previous one, which may be undone again."""
        self.remove_withdrawn(self.out)  # from the builds beside it too
        change_places(self.previous, self.out)
        return before

    def withdraw(self, _who: str) -> None:
        """Do nothing: the withdrawal was already carried out in this folder."""


@dataclass
class Publisher:
    """Publishes to a destination and records what readers see there. One build at a time, in a thread of its own."""

    destination: Destination
    memory: Path
    outcome: PublishOutcome | None = None
    withdrawal: Problem | None = None
    """Why a withdrawal has not reached the server yet."""

    _build: threading.Thread | None = None
    _withdrawing: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_running(self) -> bool:
        """Return whether a build is running."""
        return bool(self._build and self._build.is_alive())

    def start(self, commit: str, who: str, day: str) -> None:
        """Start publishing a commit; do nothing where a build is running already."""
        with self._lock:
            if not self.is_running:
                self.outcome = None
                self._build = threading.Thread(target=self._publish, args=(commit, who, day), daemon=True)
                self._build.start()

    def start_undo(self, who: str, day: str) -> None:
        """Start an undo that somebody must sign first; do nothing where a build is running already. Raises Problem."""
        with self._lock:
            if not self.destination.can_undo:
                raise _nothing_to_undo()
            if not self.is_running:
                self.outcome = None
                undo = partial(self._run, lambda: self._undo(who, day))
                self._build = threading.Thread(target=undo, daemon=True)
                self._build.start()

    def wait(self) -> None:
        """Wait until the build and the running withdrawal have ended."""
        for thread in (self._build, self._withdrawing):
            if thread:
                thread.join()

    def _publish(self, commit: str, who: str, day: str) -> None:
        self._run(lambda: self.publish(commit, who, day))

    def _run(self, work: Callable[[], object]) -> None:
        """Call `work` and remember how it ended."""
        try:
            work()
            self.outcome = PublishOutcome()
        except Problem as problem:
            self.outcome = PublishOutcome((problem,))
        except Problems as error:
            self.outcome = PublishOutcome(error.problems)
        except OSError as error:
            todo = _("The old site stays. Is the disk full? Make room, then publish again.")
            what = _("cannot be written (%(reason)s).", reason=str(error.strerror))
            self.outcome = PublishOutcome((Problem(self.destination.where, what, todo),))
        except (Exception, SystemExit):  # noqa: BLE001 - a thread must not end without a report
            todo = _("The old site stays. Run: python3 build.py check, and tell a developer what it says.")
            self.outcome = PublishOutcome((Problem("publish", _("did not work, and that is our fault."), todo),))

    def publish(self, commit: str, who: str, day: str) -> None:
        """Publish, and remember which commit is on the site.

        Raises Problem, Problems or OSError: the old one stays.
        """
        published = self.destination.publish(commit, who)
        before = settings.read(self.memory).published
        settings.update(self.memory, published=published, published_by=who, published_on=day, before=before)

    def withdraw(self, who: str, day: str) -> None:
        """Begin to take withdrawn stories off the site that readers see; tried again until it has worked."""
        with suppress(OSError):  # a full disk must not stop a withdrawal
            settings.update(self.memory, withdrawing_since=settings.read(self.memory).withdrawing_since or day)
        self.retry_withdrawal(who, is_new=True)

    def retry_withdrawal(self, who: str, *, is_new: bool = False) -> None:
        """Carry a withdrawal out on the site that readers see, where one is new or waits and none is running."""
        with self._lock:
            is_running = self._withdrawing and self._withdrawing.is_alive()
            if (is_new or settings.read(self.memory).withdrawing_since) and not is_running:
                self._withdrawing = threading.Thread(target=self._withdraw, args=(who,), daemon=True)
                self._withdrawing.start()

    def _withdraw(self, who: str) -> None:
        try:
            since = settings.read(self.memory).withdrawing_since
            self.destination.withdraw(who)
            self.withdrawal = None
            if since and settings.read(self.memory).withdrawing_since == since:
                settings.update(self.memory, withdrawing_since="")
        except Problem as problem:
            self.withdrawal = problem
        except Exception as error:  # noqa: BLE001 - a thread must not end without a report
            what = _("did not work (%(reason)s).", reason=type(error).__name__)
            self.withdrawal = Problem("withdraw", what, _("It is tried again."))

    def undo(self, who: str, day: str) -> None:
        """Bring back the previous site, without what was withdrawn since. A second undo undoes the first.

        Raises Problem.
        """
        with self._lock:
            if self.is_running:
                raise Problem("publish", _("A build is running."), _("Wait until it has ended."))
            if not self.destination.can_undo:
                raise _nothing_to_undo()
            self._undo(who, day)

    def _undo(self, who: str, day: str) -> None:
        """Bring back the previous site. Raises Problem where the destination cannot be changed."""
        last = settings.read(self.memory)
        try:
            published = self.destination.undo(last.before, who)
        except OSError as error:
            todo = _("The site stays as it is. Is the disk full, or the folder not yours?")
            what = _("cannot be changed (%(reason)s).", reason=str(error.strerror))
            raise Problem(self.destination.where, what, todo) from None
        settings.update(self.memory, published=published, published_by=who, published_on=day, before=last.published)


def _nothing_to_undo() -> Problem:
    return Problem("undo", _("There is no earlier site to bring back."), _("Publish something first."))


def unpublished(history: History, memory: Path, path: str = "") -> list[FileChange]:
    """Return the saved changes that are not on the site; all files where nothing was published with the editor.

    path: only the change of this file.
    """
    published = settings.read(memory).published
    base = published if history.revision(published) else ""
    changes = history.changes_between(base, history.newest(), path) if history.newest() else []
    return [
        change
        for change in changes
        if not change.path.startswith(f"{DRAFTS_FOLDER}/") and change.path not in WRITTEN_BY_BUILDS
    ]


def _link_or_copy(source: str, target: str) -> str:
    """Make a hard link to a file; copy it where the file system has none."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)
    return target
