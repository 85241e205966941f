"""Run other programs in a session of their own, without access to the terminal of the person who typed the command."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


def run_apart(
    arguments: Sequence[str],
    *,
    max_seconds: float,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """Run a program to its end in a session of its own, which has no terminal. Return its status and its output.

    stdin: its input. Raises OSError, or subprocess.TimeoutExpired after max_seconds; then the whole session is killed.
    """
    with subprocess.Popen(  # noqa: S603 - each caller's own arguments
        arguments, cwd=cwd, env=env, start_new_session=True,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            stdout, stderr = process.communicate(stdin or None, max_seconds)
        except BaseException:
            kill_session(process)
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


def kill_session(process: "subprocess.Popen[bytes]") -> None:
    """Kill a program that leads a session of its own, and the processes of that session."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
