"""What `serve` does for each edit: the site is built again, and its speech follows once all is quiet."""

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
from sitegen.layers import lookup

from commands import building, keys
from commands.site import Site
from forms.core.problem import Problem, Problems

QUIET = 5_000
"""Milliseconds without an edit, after which speech is made."""

LONGEST_NEAR = 30
"""Seconds after which all is looked at though edits do not pause: a watcher may miss one of another file."""

COMPILED = f"{os.sep}__pycache__{os.sep}"
"""In the path of what Python compiles of the program when it loads a part of it: no edit, and it ended speech."""

MOST_LOOKS = 30
BETWEEN = 0.01
"""How often empty files are looked at again, and the seconds in between."""


@dataclass
class Follower:
    """What `serve` has seen of the inputs, and what it said last of anything wrong in them."""

    site: Site
    seen: inputs.Inputs | None = None
    wrong: str = ""
    day: str = ""
    looked: float = 0
    """When all files were looked at last, on the clock of `time.monotonic`."""
    pause: Pause = field(default_factory=Pause)
    """Until all of them are looked at again, though nobody is told of an edit: a watcher may miss one."""

    def may_rest(self) -> bool:
        """Return whether all was looked at since the last edit, and not long ago; a new day is an edit too."""
        return not self.pause.is_over() and self.day == str(self.site.today())

    def look(self, then: Callable[[], None], named: Collection[str] = ()) -> bool:
        """Build again if something was edited; return whether. What is wrong is said once, and when it is mended.

        named: the files that the system says were edited. Where these are texts that were there before, only they are
        looked at, and the site only where they stand: what else changed is seen once nobody edits for some seconds.
        """
        try:
            before, self.day = (self.seen, self.day), str(self.site.today())  # a new day too: events pass, consents end
            self.seen = near = self._near(named) if before[1] == self.day else None
            self.pause.stop()
            if self.seen is None:
                self.seen = self._look_at_all(before[0])
            if before[0] and before[1] == self.day and not inputs.changes(before[0], self.seen):
                return False
            built = building.build_if_changed(
                self.site, self.site.public, speak=False, compress=False, now=self.seen, near=near is not None
            )
            if built:
                then()
            if built or self.wrong:
                mended = "What was wrong is mended. " if self.wrong else ""
                click.echo(f"{mended}The site is {'new' if built else 'as before'}. Reload the page to see it.")
            self.wrong = ""
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, the next edit is seen
            self.pause.stop()
            self._say(error)
        return True

    def _look_at_all(self, before: inputs.Inputs | None) -> inputs.Inputs:
        """Return the input files as they are; what is as the last build saw it is not read again."""
        self.looked = time.monotonic()
        known = before or building.builder_of(self.site, self.site.public).known_inputs()
        with self.pause.behind():
            return inputs.look(self.site.root, known)

    def _near(self, named: Collection[str]) -> inputs.Inputs | None:
        """Return the input files as they are after edits of these alone; None where all must be looked at."""
        if not (named and self.seen) or time.monotonic() > self.looked + LONGEST_NEAR:
            return None
        return inputs.look_at(self.site.root, self.seen, named)

    def _say(self, error: BaseException) -> None:
        if isinstance(error, OSError):
            self.seen = None  # a file that another program holds open: tried again
        told = str(self._told(error))
        if told != self.wrong:
            click.echo(f"{told}\nThe old site stays until this is mended.", err=True)
        self.wrong = told

    def _told(self, error: BaseException) -> BaseException | str:
        from sitegen.lint import unexpected  # noqa: PLC0415 - loaded where something went wrong

        if isinstance(error, OSError):
            return f"{error.filename or self.site.root} cannot be written or read ({error.strerror})."
        return error if isinstance(error, Problem | Problems) else unexpected.unexpected_problem(error, self.site.root)


def follow(site: Site, then: Callable[[], None]) -> None:
    """Build again whenever something was edited, and when the day turns, for ever. Speech follows once all is quiet."""
    follower, silent, waiting = Follower(site), True, WaitingEdits(site)
    builder = building.builder_of(site, site.public)
    builder.given_up = waiting.is_edited
    with suppress(Exception):  # the first edit meets it too, and says it
        builder.make_ready()
        keys.demonstration_keys(site)  # reads portal.yml, which takes as long as all else of an edit
    follower.look(then)
    builder.make_sure()
    _keep_for_good()
    while True:
        edited = waiting.take()
        if edited is not None and not edited and not silent and follower.may_rest():
            continue
        if follower.look(then, edited or ()) or edited is None or edited:
            silent = True
        elif silent and not follower.wrong:  # where nothing was told too: the day turns, and no library is watched
            silent = False
            with suppress(Exception):  # the next edit says what is wrong
                _speak(site, then)
            builder.make_sure()
            _keep_for_good()


class WaitingEdits:
    """What was edited since it was last taken, also while the first pages are made ready or a build runs."""

    def __init__(self, site: Site) -> None:
        self._found: SimpleQueue[Collection[str] | None] = SimpleQueue()
        self._edited = Event()
        Thread(target=self._watch, args=(site,), daemon=True).start()

    def _watch(self, site: Site) -> None:
        for edited in edits(site):
            self._found.put(edited)
            if edited:
                self._edited.set()

    def is_edited(self) -> bool:
        """Return whether an edit that the system named waits to be taken."""
        return self._edited.is_set()

    def take(self) -> Collection[str] | None:
        """Wait for the next of `edits`; return all at once that was edited meanwhile."""
        found = [self._found.get()]
        self._edited.clear()
        while not self._found.empty():
            found.append(self._found.get())
        return None if None in found else {path for one in found for path in one or ()}


def _keep_for_good() -> None:
    """Have Python look no more for cycles in what is there now: the pages of a site, for half a second each time."""
    gc.collect()
    gc.freeze()


def edits(site: Site, quiet: int = QUIET) -> Iterator[Collection[str] | None]:
    """Yield what was edited, at once, and nothing every few seconds where nothing was. quiet: milliseconds.

    None: nobody can say what, or whether.
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
    """Wait for the words of files that a program has emptied to write them anew: up to a third of a second.

    An empty page is no edit of a text: all would be built, and said to be wrong, and its words come the moment after.
    """
    empty = [path for path in paths if _is_empty(path)]
    for _ in range(MOST_LOOKS):
        if not empty:
            break
        sleep(BETWEEN)
        empty = [path for path in empty if _is_empty(path)]


def _is_empty(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size == 0
    except OSError:
        return False


def _speak(site: Site, then: Callable[[], None]) -> None:
    """Make the speech that is not kept yet, while the site stands as it is, and put it there.

    An edit ends that: its page is shown first, and speech goes on where it was once all is quiet again.
    """
    from sitegen.workers import GivenUp  # noqa: PLC0415 - loads what only a whole build needs

    try:
        made = building.build_if_changed(site, site.public, compress=False)
    except GivenUp:
        click.echo("Something was edited: that first; then the rest is made to be heard.")
        return
    if made:
        then()
        click.echo("The site can be heard too.")
