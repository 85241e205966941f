"""Draws the pages of all languages and compresses them, in processes of their own where there are many."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, as_completed, wait
from dataclasses import replace
from pathlib import Path

from sitegen import kept_work
from sitegen.interruption import GoOn, go_on_unless
from sitegen.publish import compression
from sitegen.render.blocks import Context
from sitegen.workers import Workers

_CHECK_INTERVAL = 0.2
"""Seconds between two checks whether a build is given up."""


class LanguageJobs:
    """The pages of all languages, and their compressed copies as soon as a language is drawn."""

    def __init__(
        self, pool: Workers, root: Path, fresh: Path, context: Context, compress: bool, go_on: GoOn, *, unchecked: bool
    ) -> None:
        from sitegen.render.language_pages import Job, build_language  # noqa: PLC0415 - a check needs none of it

        self._pool, self._root, self._fresh, self._compress = pool, root, fresh, compress
        self._copies: list[Future[frozenset[bytes]]] = []
        self._compressed: set[str] = set()
        if pool.beside:  # another process knows no more than that there is such a file
            go_on = go_on_unless(fresh.with_name(f"{fresh.name}.stopped").exists)
        codes = context.portal.language_codes()
        jobs = [Job(root, fresh / code, replace(context, language=code), go_on, unchecked) for code in codes]
        self._started = dict(zip(pool.start_each(build_language, jobs), codes, strict=True))

    def wait_until_drawn(self) -> None:
        """Wait until all languages are drawn, or one has failed: `count_pages` says that, if the checks do not."""
        for done in as_completed(self._started):
            if done.exception():
                return
            self._start_copies(self._started[done])

    def count_pages(self, say: Callable[[str], None], go_on: GoOn) -> int:
        """Wait for all pages, and return how many there are. go_on: called while it waits, and may raise GivenUp."""
        count = 0
        for done in self._done_one_by_one(go_on):
            code = self._started[done]
            count += done.result()
            say(f"  {code}: {done.result()} pages")
            self._start_copies(code)
        go_on()
        return count

    def _done_one_by_one(self, go_on: GoOn) -> "Iterator[Future[int]]":
        waiting = set(self._started)
        while waiting:
            done, waiting = wait(waiting, timeout=_CHECK_INTERVAL, return_when=FIRST_COMPLETED)
            go_on()
            yield from done

    def compress_rest(self) -> None:
        """Wait for the copies of pages, and make those of everything else that has none, where copies are wanted."""
        if not self._compress:
            return
        found = [one.result() for one in self._copies]
        self._copies.clear()
        for folder in (path for path in sorted(self._fresh.iterdir()) if path.is_dir()):
            self._start_copies_in(folder)
        found += [one.result() for one in self._copies]
        kept_work.at(self._root, "compressed").cut_down(frozenset().union(*found))

    def _start_copies(self, language: str) -> None:
        """Have the pages of a language compressed while others are drawn, once."""
        if self._compress and language not in self._compressed:
            self._compressed.add(language)
            self._start_copies_in(self._fresh / language)

    def _start_copies_in(self, folder: Path) -> None:
        parts = compression.batches(compression.uncompressed_files(folder))
        self._copies += [self._pool.start(compression.compress, self._root, part) for part in parts]
