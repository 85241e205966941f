"""Puts what was saved on the site, and takes the last publishing back: one exchange of folder names each."""

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from editor import settings
from editor.history import Change, History
from forms.core.files.folder_swap import swap
from forms.core.problem import Problem, Problems

WRITTEN_BY_BUILDS = frozenset({"translations.json", "addresses.json", "calendar.json"})
"""What each build writes into content/: it is on the site when it changes."""


@dataclass(frozen=True)
class Outcome:
    """How a publishing ended: what is wrong where it did not, and nothing where it did."""

    problems: tuple[Problem, ...] = ()


@dataclass
class Publisher:
    """Publishes into the folder `out`. One thing at a time; a build runs in a thread of its own.

    `build` checks and builds into the folder, or raises Problem or Problems and changes nothing; `take_out_withdrawn`
    takes what has no consent out of a built site and the builds beside it.
    """

    out: Path
    memory: Path
    build: Callable[[Path], object]
    take_out_withdrawn: Callable[[Path], object]
    outcome: Outcome | None = None
    _running: threading.Thread | None = None
    _busy: threading.Lock = field(default_factory=threading.Lock)

    @property
    def before(self) -> Path:
        """The folder of the site before the last publishing. Its name is one that a withdrawal looks into."""
        return self.out.with_name(f"{self.out.name}.before")

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

    def wait(self) -> None:
        """Wait until the build has ended."""
        if self._running:
            self._running.join()

    def _publish(self, commit: str, who: str, day: str) -> None:
        try:
            self.publish(commit, who, day)
            self.outcome = Outcome()
        except Problem as problem:
            self.outcome = Outcome((problem,))
        except Problems as told:
            self.outcome = Outcome(told.problems)
        except OSError as error:
            todo = "The old site stays. Is the disk full? Make room, then publish again."
            self.outcome = Outcome((Problem(str(self.out), f"cannot be written ({error.strerror}).", todo),))
        except (Exception, SystemExit):  # noqa: BLE001 - a thread must not end without telling
            todo = "The old site stays. Run: python3 build.py check, and tell a developer what it says."
            self.outcome = Outcome((Problem("publish", "did not work, and that is our fault.", todo),))

    def publish(self, commit: str, who: str, day: str) -> None:
        """Keep the site of now beside it, and build the new one.

        Raises Problem, Problems or OSError: the old one stays.
        """
        kept = self._keep()
        try:
            self.build(self.out)
        except BaseException:
            shutil.rmtree(kept, ignore_errors=True)
            raise
        if kept.exists():
            shutil.rmtree(self.before, ignore_errors=True)
            kept.rename(self.before)
        last = settings.read(self.memory).published
        settings.changed(self.memory, published=commit, published_by=who, published_on=day, before=last)

    def _keep(self) -> Path:
        """Return a copy of the site of now, which shares its files: made in moments, and no room is taken."""
        kept = self.out.with_name(f"{self.out.name}.kept")
        shutil.rmtree(kept, ignore_errors=True)
        if self.out.exists():
            shutil.copytree(self.out, kept, copy_function=_share)
        return kept

    def undo(self, who: str, day: str) -> None:
        """Bring back the site before the last publishing, without what was withdrawn since. Raises Problem."""
        with self._busy:
            if self.running:
                raise Problem("publish", "A build is running.", "Wait until it has ended.")
            if not self.before.exists():
                raise Problem("undo", "There is no earlier site to bring back.", "Publish something first.")
            self.take_out_withdrawn(self.out)  # looks into the builds beside it too
            swap(self.before, self.out)
            last = settings.read(self.memory).before
            settings.changed(self.memory, published=last, published_by=who, published_on=day, before="")


def unpublished(history: History, memory: Path) -> list[Change]:
    """Return what was saved and is not on the site; everything where nothing was published with the editor."""
    published = settings.read(memory).published
    known = published if history.entry(published) else ""
    found = history.between(known, history.newest()) if history.newest() else []
    return [change for change in found if change.path not in WRITTEN_BY_BUILDS]


def _share(source: str, target: str) -> str:
    """Give a file a second name; copy it where the disk knows no such thing."""
    try:
        Path(target).hardlink_to(source)
    except OSError:
        shutil.copy2(source, target)
    return target
