"""Processes that build in parallel: as many as there are processors.

A program with one thread forks them when content is read, so that they have it, and all that is loaded, already. Any
other has them from a fork server (or new interpreters, where there is none), which is safe beside threads: started
while content is read, and each task is sent what it needs.
"""

import gc
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from sitegen import kept_work

MOST = 4
"""More processes would each need their own copy of all pages in memory."""

in_this_process = False
"""Whether tasks run in this process anyhow: it is one of the forks of a program that has loaded everything.

As many of them run at once as there are processors, and a pool of each would load everything again.
"""

PRELOADED = ["sitegen.render.language_pages", "sitegen.publish.compression", "sitegen.compiled_templates"]
"""What all of them need, loaded once in the process from which they are forked."""

_THREADS = Path("/proc/self/task")
"""Lists the threads of this process, also those that no Python code started."""

_inherited: Sequence[Any] = ()
"""What forked processes find in their memory: a task names its place here."""


class Workers:
    """Runs tasks in a pool of processes, or immediately in this process if there is no pool.

    forked: whether the processes are to be forked from this one, as soon as there is something for them to do.
    needed: modules that the tasks will load; they are loaded before that.
    """

    def __init__(self, pool: ProcessPoolExecutor | None, *, forked: bool = False, needed: Sequence[str] = ()) -> None:
        self._pool, self._unforked, self._needed = pool, forked, needed

    @property
    def beside(self) -> bool:
        """Whether tasks run in other processes."""
        return self._pool is not None

    def start(self, task: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Start a task; return a future of its result or error."""
        if self._pool is not None:
            self._fork(self._pool, ())
            return self._pool.submit(task, *arguments)
        done: Future[Any] = Future()
        try:
            done.set_result(task(*arguments))
        except Exception as error:  # noqa: BLE001 - raised where the result is asked for
            done.set_exception(error)
        return done

    def start_each(self, task: Callable[[Any], Any], every: Sequence[Any]) -> "list[Future[Any]]":
        """Start a task for each of these; return their futures. Processes forked just now need not be sent them."""
        if self._pool is None or not self._fork(self._pool, every):
            return [self.start(task, one) for one in every]
        return [self._pool.submit(_of_inherited, task, place) for place in range(len(every))]

    def _fork(self, pool: ProcessPoolExecutor, every: Sequence[Any]) -> bool:
        """Fork the processes if that is still to be done, with these in their memory; return whether it was."""
        global _inherited  # noqa: PLW0603 - a fork has nothing else of its parent
        if not self._unforked:
            return False
        self._unforked = False
        for name in self._needed:
            import_module(name)
        kept_work.close_files()  # no connection to SQLite outlives a fork
        _inherited = every
        gc.collect()
        gc.freeze()  # no search for cycles touches, and so copies, what all of them share
        try:
            pool.submit(int).result()  # all processes are forked now
        finally:
            gc.unfreeze()
            _inherited = ()
        return True


def _of_inherited(task: Callable[[Any], Any], place: int) -> Any:
    return task(_inherited[place])


def _may_fork() -> bool:
    """Return whether a plain fork is safe: this process has one thread, and whatever holds a lock is that."""
    with suppress(OSError):
        return sys.platform == "linux" and len(list(_THREADS.iterdir())) == 1
    return False


@contextmanager
def workers(stopped: Path, *, beside: bool, needed: Sequence[str] = ()) -> Iterator[Workers]:
    """Yield workers. beside: in processes of their own, which for a few pages costs more time than it saves.

    stopped: a file that is there from the moment that the block fails: tasks that look at it end early.
    needed: modules that the tasks will load, beside PRELOADED.
    """
    if not beside or in_this_process:
        yield Workers(None)
        return
    if _may_fork():
        pool = ProcessPoolExecutor(_count(), mp_context=multiprocessing.get_context("fork"), initializer=_end_with_it)
        with _ended(pool, stopped):
            yield Workers(pool, forked=True, needed=[*PRELOADED, *needed])
        return
    processes = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    processes.set_forkserver_preload([*PRELOADED, *needed])
    pool = ProcessPoolExecutor(_count(), mp_context=processes, initializer=_end_with_it)
    first = threading.Thread(target=_start_first, args=(pool,))
    first.start()
    with _ended(pool, stopped):
        try:
            yield Workers(pool)
        finally:
            first.join()


def _end_with_it() -> None:
    """End this process when the one that it works for has ended, also a killed one, which tells nobody.

    Python leaves it waiting for the next task for ever, with all pages in its memory.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _count() -> int:
    return min(MOST, os.cpu_count() or 1)


@contextmanager
def _ended(pool: ProcessPoolExecutor, stopped: Path) -> Iterator[None]:
    """End the processes after the block. See `workers`."""
    try:
        yield
    except BaseException:
        stopped.touch()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        stopped.unlink(missing_ok=True)


def _start_first(pool: ProcessPoolExecutor) -> None:
    """Start the first process, which waits until everything is loaded: meanwhile whoever asked for workers goes on."""
    with suppress(Exception):  # the first task meets it too, and says it
        pool.submit(int)
