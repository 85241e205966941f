"""Other programs, run where they reach nothing of who typed the command but what they are given."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


def run_apart(
    arguments: Sequence[str],
    *,
    longest: float,
    given: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Run a program to its end, in a session of its own, which has no terminal; return how it ended and what it said.

    longest: seconds. Raises OSError, subprocess.TimeoutExpired; then it has ended, with all that it started.
    """
    with subprocess.Popen(  # noqa: S603 - each caller's own arguments
        arguments, cwd=cwd, env=env, start_new_session=True,
        stdin=subprocess.PIPE if given else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            said, wrong = process.communicate(given or None, longest)
        except BaseException:
            end_with_all_it_started(process)
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, said, wrong)


def end_with_all_it_started(process: "subprocess.Popen[bytes]") -> None:
    """Kill a program that has a session of its own, and whatever of that session still runs."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
