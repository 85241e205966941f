"""Follows edits under `serve`: builds the site again after each one, and makes speech once nobody edits."""

import gc
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

import click
from sitegen.incremental import inputs
from sitegen.incremental.pauses import Pause
from sitegen.interruption import GivenUp
from sitegen.layers import lookup

from commands import building, keys
from commands.site import Site
from forms.core.problem import Problem, Problems

QUIET = 5_000
"""Milliseconds without an edit, after which speech is made."""

MAX_TRUST = 30
"""Seconds of edits without a pause, after which all files are scanned: the watcher may have missed one."""

COMPILED = f"{os.sep}__pycache__{os.sep}"
"""In the path of files that Python compiles when it loads a part of the program: these are no edits."""

MAX_RETRIES = 30
RETRY_SECONDS = 0.01
"""How often empty files are looked at again, and the seconds in between."""


@dataclass
class Follower:
    """Builds after edits. Keeps the input files as it saw them last, and the last problem that it reported."""

    site: Site
    seen: inputs.Inputs | None = None
    problem: str = ""
    day: str = ""
    scanned: float = 0
    """When all files were scanned last, on the clock of `time.monotonic`."""
    pause: Pause = field(default_factory=Pause)
    """Until the next scan of all files without a named edit: the watcher may have missed one."""

    def may_rest(self) -> bool:
        """Return whether all files were scanned since the last edit, and not long ago. A new day counts as an edit."""
        return not self.pause.is_over() and self.day == str(self.site.today())

    def look(self, then: Callable[[], None], named: Collection[str] = ()) -> bool:
        """Build again if something was edited; return whether. Report a problem once, and when it is mended.

        named: the files that the system reports as edited. Where these are texts that existed before, only they are
        scanned, and only their part of the site is compared: other changes are seen once nobody edits for some seconds.
        """
        try:
            before, self.day = (self.seen, self.day), str(self.site.today())  # a new day too: events pass, consents end
            self.seen = rescanned = self._rescan(named) if before[1] == self.day else None
            self.pause.stop()
            if self.seen is None:
                self.seen = self._scan(before[0])
            if before[0] and before[1] == self.day and not inputs.changes(before[0], self.seen):
                return False
            built = building.build_if_changed(
                self.site, self.site.public, speak=False, compress=False, now=self.seen,
                trust_site=rescanned is not None,
            )  # fmt: skip
            if built:
                then()
            if built or self.problem:
                mended = "What was wrong is mended. " if self.problem else ""
                click.echo(f"{mended}The site is {'new' if built else 'as before'}. Reload the page to see it.")
            self.problem = ""
        except (Exception, SystemExit) as error:  # noqa: BLE001 - no error may end this: the next edit is followed
            self.pause.stop()
            self._report(error)
        return True

    def _scan(self, before: inputs.Inputs | None) -> inputs.Inputs:
        """Return the input files as they are now; files that the last build knows are not read again."""
        self.scanned = time.monotonic()
        known = before or building.builder_of(self.site, self.site.public).last_inputs()
        with self.pause.behind():
            return inputs.scan(self.site.root, known)

    def _rescan(self, named: Collection[str]) -> inputs.Inputs | None:
        """Return the input files after edits of these alone; None where all must be scanned."""
        if not (named and self.seen) or time.monotonic() > self.scanned + MAX_TRUST:
            return None
        return inputs.rescan(self.site.root, self.seen, named)

    def _report(self, error: BaseException) -> None:
        if isinstance(error, OSError):
            self.seen = None  # another program may hold the file open: the next scan reads it
        problem = str(self._message(error))
        if problem != self.problem:
            click.echo(f"{problem}\nThe old site stays until this is mended.", err=True)
        self.problem = problem

    def _message(self, error: BaseException) -> BaseException | str:
        from sitegen.lint import unexpected  # noqa: PLC0415 - loaded where something went wrong

        if isinstance(error, OSError):
            return f"{error.filename or self.site.root} cannot be written or read ({error.strerror})."
        return error if isinstance(error, Problem | Problems) else unexpected.unexpected_problem(error, self.site.root)


def follow(site: Site, then: Callable[[], None]) -> None:
    """Build again after each edit, and when a day begins, for ever. Make speech once nobody edits."""
    follower, silent, waiting = Follower(site), True, WaitingEdits(site)
    builder = building.builder_of(site, site.public)
    builder.given_up = waiting.is_edited
    with suppress(Exception):  # the first edit meets the same error, and reports it
        builder.preload()
        keys.demonstration_keys(site)  # reads portal.yml, which takes as long as all else of an edit
    follower.look(then)
    builder.verify_site()
    _keep_for_good()
    while True:
        edited = waiting.take()
        if edited is not None and not edited and not silent and follower.may_rest():
            continue
        if follower.look(then, edited or ()) or edited is None or edited:
            silent = True
        elif silent and not follower.problem:  # also without a named edit: a day begins, and libraries are not watched
            silent = False
            with suppress(Exception):  # the next edit meets the same error, and reports it
                _speak(site, then)
            builder.verify_site()
            _keep_for_good()


class WaitingEdits:
    """The edits since they were last taken, also while `serve` starts or a build runs."""

    def __init__(self, site: Site) -> None:
        self._queue: SimpleQueue[Collection[str] | None] = SimpleQueue()
        self._edited = Event()
        Thread(target=self._watch, args=(site,), daemon=True).start()

    def _watch(self, site: Site) -> None:
        for edited in edits(site):
            self._queue.put(edited)
            if edited:
                self._edited.set()

    def is_edited(self) -> bool:
        """Return whether an edit that the system named is waiting."""
        return self._edited.is_set()

    def take(self) -> Collection[str] | None:
        """Wait for the next item of `edits`; return all that was edited meanwhile at once."""
        taken = [self._queue.get()]
        self._edited.clear()
        while not self._queue.empty():
            taken.append(self._queue.get())
        return None if None in taken else {path for paths in taken for path in paths or ()}


def _keep_for_good() -> None:
    """Exclude all present objects from garbage collection: the pages of a site take half a second each time."""
    gc.collect()
    gc.freeze()


def edits(site: Site, quiet: int = QUIET) -> Iterator[Collection[str] | None]:
    """Yield the paths of edited files at once, and no paths after each `quiet` milliseconds without an edit.

    Yields None each second where the system cannot be watched.
    """
    try:
        from watchfiles import watch  # noqa: PLC0415 - may be missing
    except ImportError:  # an installation of before, or a system that watchfiles does not know
        while True:
            time.sleep(1)
            yield None
    folders = [site.root / name for name in ("content", "site", "forms")]
    folders += [layer.folder for layer in lookup.layers(site.content)[1:]]
    watched = [path for path in folders if path.exists()]
    for changes in watch(*watched, step=10, debounce=200, rust_timeout=quiet, yield_on_timeout=True,
                         raise_interrupt=False, watch_filter=None):  # fmt: skip
        named = {path for _, path in changes if COMPILED not in path}
        if named or not changes:
            wait_while_empty(map(Path, named))
            yield named


def wait_while_empty(paths: Iterable[Path], sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait up to a third of a second for the text of files that a program has emptied in order to write them.

    Else everything would be built, and an empty page be reported, a moment before its text arrives.
    """
    empty = [path for path in paths if _is_empty(path)]
    for _ in range(MAX_RETRIES):
        if not empty:
            break
        sleep(RETRY_SECONDS)
        empty = [path for path in empty if _is_empty(path)]


def _is_empty(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size == 0
    except OSError:
        return False


def _speak(site: Site, then: Callable[[], None]) -> None:
    """Make the speech that is not in the cache, and put it on the site, which is shown unchanged meanwhile.

    An edit interrupts this: its page is built first, and speech continues once nobody edits.
    """
    try:
        made = building.build_if_changed(site, site.public, compress=False)
    except GivenUp:
        click.echo("Something was edited: that first; then the rest is made to be heard.")
        return
    if made:
        then()
        click.echo("The site can be heard too.")
