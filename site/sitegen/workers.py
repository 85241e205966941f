"""Processes that build in parallel: as many as there are processors, started while content is read."""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

MOST = 4
"""More processes would each need their own copy of all pages in memory."""

in_this_process = False
"""Whether tasks run in this process anyhow: it is one of the forks of a program that has loaded everything.

As many of them run at once as there are processors, and a pool of each would load everything again.
"""

PRELOADED = ["sitegen.render.language_pages", "sitegen.publish.compression", "sitegen.compiled_templates"]
"""What all of them need, loaded once in the process from which they are forked."""


class Workers:
    """Runs tasks in a pool of processes, or immediately in this process if there is no pool."""

    def __init__(self, pool: ProcessPoolExecutor | None) -> None:
        self._pool = pool

    @property
    def beside(self) -> bool:
        """Whether tasks run in other processes."""
        return self._pool is not None

    def start(self, task: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Start a task; return a future of its result or error."""
        if self._pool is not None:
            return self._pool.submit(task, *arguments)
        done: Future[Any] = Future()
        try:
            done.set_result(task(*arguments))
        except Exception as error:  # noqa: BLE001 - raised where the result is asked for
            done.set_exception(error)
        return done


@contextmanager
def workers(stopped: Path, *, beside: bool, needed: Sequence[str] = ()) -> Iterator[Workers]:
    """Yield workers. beside: in processes of their own, which for a few pages costs more time than it saves.

    stopped: a file that is there from the moment that the block fails: tasks that look at it end early.
    needed: modules that the tasks will load, beside PRELOADED.
    """
    if not beside or in_this_process:
        yield Workers(None)
        return
    # A fork server (or a new interpreter, where there is none) is safe with threads; plain fork is not.
    processes = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    processes.set_forkserver_preload([*PRELOADED, *needed])
    pool = ProcessPoolExecutor(min(MOST, os.cpu_count() or 1), mp_context=processes)
    first = threading.Thread(target=_start_first, args=(pool,))
    first.start()
    try:
        yield Workers(pool)
    except BaseException:
        stopped.touch()
        raise
    finally:
        first.join()
        pool.shutdown(wait=True, cancel_futures=True)
        stopped.unlink(missing_ok=True)


def _start_first(pool: ProcessPoolExecutor) -> None:
    """Start the first process, which waits until everything is loaded: meanwhile whoever asked for workers goes on."""
    with suppress(Exception):  # the first task meets it too, and says it
        pool.submit(int)
