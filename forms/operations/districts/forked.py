"""Run one Python program many times, some at once: its imports are loaded once, and each run is a fork.

Each run has its own session, arguments and output; one that fails or hangs does not affect the others. What only some
runs need is loaded when the first of them requires it (require_prepared); that run is then repeated.
"""

import gc
import os
import runpy
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn

from forms.core.builds.publishing_report import AttemptRestarted

_MAX_OUTPUT = 20_000
"""Bytes of a run's output that are read, the last ones."""

_POLL_SECONDS = 0.1

_AGAIN = 75
"""Exit code of a run that needs what its parent has not loaded yet (EX_TEMPFAIL, which Windows does not name)."""

_prepared = True
"""Whether the parent of this process has loaded everything: false only in processes that run_each starts."""


@dataclass(frozen=True)
class RunResult:
    """How a run ended. code: None where it took too long; output, errors: the end of stdout and stderr."""

    code: int | None
    output: str
    errors: str


@dataclass
class _Run:
    name: str
    ends: float
    process: int = 0
    prepared: bool = True
    output: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    errors: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def result(self) -> RunResult | None:
        """Return how it ended, or None while it runs; kill it and its children after its time."""
        ended, status = os.waitpid(self.process, os.WNOHANG)
        is_late = not ended and time.monotonic() > self.ends
        if is_late:
            self.kill()
        if not (ended or is_late):
            return None
        code = None if is_late else os.waitstatus_to_exitcode(status)
        return RunResult(code, *(_end_of(file) for file in (self.output, self.errors)))

    def kill(self) -> None:
        """Kill it and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.process, 0)


def require_prepared() -> None:
    """End this run here if its parent has not prepared: it does, and the run begins again.

    Called where much is to be done and nothing has been changed that a second run would not change too. Raises
    AttemptRestarted.
    """
    if not _prepared:
        raise AttemptRestarted


def run_each(
    program: Path,
    tasks: Mapping[str, Sequence[str]],
    *,
    at_once: int,
    longest: float,
    without: Sequence[str] = (),
    prepare: Callable[[], object] | None = None,
) -> Iterator[tuple[str, RunResult]]:
    """Run a program with the arguments of each task; yield the name of each that ended, and how.

    at_once: how many may run at the same time; longest: seconds that one may take; without: variables of the
    environment that they do not get; prepare: loads what only some runs need, called once when the first of them
    requires it. Whoever stops asking ends those that run.
    """
    waiting, running = list(tasks.items()), list[_Run]()
    _share_memory()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                name, arguments = waiting.pop(0)
                run = _Run(name, time.monotonic() + longest, prepared=prepare is None)
                running.append(_start(run, program, arguments, without))
            time.sleep(_POLL_SECONDS)
            for one in [*running]:
                if (result := one.result()) is None:
                    continue
                running.remove(one)
                if one.prepared or result.code != _AGAIN:
                    yield one.name, result
                    continue
                waiting.insert(0, (one.name, tasks[one.name]))
                if prepare is not None:
                    prepare()
                    prepare = None
                    _share_memory()
    finally:
        for one in running:
            one.kill()
            one.output.close()
            one.errors.close()
        gc.unfreeze()


def _share_memory() -> None:
    """Let the collector leave alone what is loaded, so that its memory stays shared with what is forked."""
    gc.collect()
    gc.freeze()


def _start(run: _Run, program: Path, arguments: Sequence[str], without: Sequence[str]) -> _Run:
    sys.stdout.flush()
    sys.stderr.flush()
    run.process = os.fork()
    if not run.process:
        _run_program(run, program, arguments, without)
    with suppress(ProcessLookupError, PermissionError):
        os.setpgid(run.process, run.process)  # here too: it may have to be killed before it has done so itself
    return run


def _run_program(run: _Run, program: Path, arguments: Sequence[str], without: Sequence[str]) -> NoReturn:
    """Run the program in the new process, and exit. Never returns."""
    global _prepared  # noqa: PLW0603 - of this process, for good
    _prepared = run.prepared
    code = 1
    try:
        with suppress(PermissionError):  # the parent was faster
            os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor, number in ((nothing, 0), (run.output.fileno(), 1), (run.errors.fileno(), 2)):
            os.dup2(descriptor, number)
        sys.stdin, sys.stdout, sys.stderr = (
            open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - for good
            for number, mode in ((0, "r"), (1, "w"), (2, "w"))
        )
        for name in without:
            os.environ.pop(name, None)
        sys.argv = [str(program), *arguments]
        code = _exit_code(program)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _exit_code(program: Path) -> int:
    """Run the program; return its exit code."""
    try:
        runpy.run_path(str(program), run_name="__main__")
    except SystemExit as ended:
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except AttemptRestarted:
        return _AGAIN
    except BaseException as error:  # noqa: BLE001 - nothing of it may go on in the parent's place
        sys.stderr.write(f"A fault of the program: {type(error).__name__}. Tell a developer, with this line.\n")
        return 1
    return 0


def _end_of(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _MAX_OUTPUT))
    with file:
        return file.read().decode("utf-8", errors="replace").strip()
