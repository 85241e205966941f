"""Runs one Python program many times, some at once: what it imports is loaded once, and each run is a fork of that.

Each has a session, arguments and output of its own; that one fails, ends or hangs is nothing to the others.
What only some runs need is loaded when the first of them says so (require_prepared), and that run begins again.
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

_MOST_SAID = 20_000
"""Bytes of what a run says that are read, the last."""

_PAUSE = 0.1
"""Seconds between two looks at who has ended."""

_AGAIN = 75
"""Exit code of a run that needs what its parent has not prepared yet (EX_TEMPFAIL, which Windows does not name)."""

_prepared = True
"""Whether this process has all that its parent prepares: false only in some that run_each starts."""


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, None where it took too long; what it said and what it complained of."""

    code: int | None
    said: str
    wrong: str


@dataclass
class _Run:
    name: str
    ends: float
    process: int = 0
    prepared: bool = True
    said: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    wrong: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def ended(self) -> Ended | None:
        """Return how it ended, None while it runs. What takes too long is killed, with all that it started."""
        found, status = os.waitpid(self.process, os.WNOHANG)
        late = not found and time.monotonic() > self.ends
        if late:
            self.kill()
        if not (found or late):
            return None
        code = None if late else os.waitstatus_to_exitcode(status)
        return Ended(code, *(_last_of(file) for file in (self.said, self.wrong)))

    def kill(self) -> None:
        """End it now, with all that it started."""
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
) -> Iterator[tuple[str, Ended]]:
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
                running.append(_started(run, program, arguments, without))
            time.sleep(_PAUSE)
            for one in [*running]:
                if (ended := one.ended()) is None:
                    continue
                running.remove(one)
                if one.prepared or ended.code != _AGAIN:
                    yield one.name, ended
                    continue
                waiting.insert(0, (one.name, tasks[one.name]))
                if prepare is not None:
                    prepare()
                    prepare = None
                    _share_memory()
    finally:
        for one in running:
            one.kill()
            one.said.close()
            one.wrong.close()
        gc.unfreeze()


def _share_memory() -> None:
    """Let the collector leave alone what is loaded, so that its memory stays shared with what is forked."""
    gc.collect()
    gc.freeze()


def _started(run: _Run, program: Path, arguments: Sequence[str], without: Sequence[str]) -> _Run:
    sys.stdout.flush()
    sys.stderr.flush()
    run.process = os.fork()
    if not run.process:
        _become(run, program, arguments, without)
    with suppress(ProcessLookupError, PermissionError):
        os.setpgid(run.process, run.process)  # here too: it may have to be killed before it has done so itself
    return run


def _become(run: _Run, program: Path, arguments: Sequence[str], without: Sequence[str]) -> NoReturn:
    """Be the program from here on, in the new process. Never returns, whatever happens."""
    global _prepared  # noqa: PLW0603 - of this process, for good
    _prepared = run.prepared
    code = 1
    try:
        with suppress(PermissionError):  # the parent was faster
            os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for given, number in ((nothing, 0), (run.said.fileno(), 1), (run.wrong.fileno(), 2)):
            os.dup2(given, number)
        sys.stdin, sys.stdout, sys.stderr = (
            open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - for good
            for number, mode in ((0, "r"), (1, "w"), (2, "w"))
        )
        for name in without:
            os.environ.pop(name, None)
        sys.argv = [str(program), *arguments]
        code = _code_of(program)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _code_of(program: Path) -> int:
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


def _last_of(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _MOST_SAID))
    with file:
        return file.read().decode("utf-8", errors="replace").strip()
