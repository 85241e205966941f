"""What a program and all processes that it starts cost: seconds of processor, seconds on the clock, memory."""

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
"""Of prctl(2): whoever asks for it becomes the parent of processes whose own parent has ended."""


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds on the clock, seconds of all its processes, and the largest of them in MB."""

    wall: float
    processor: float
    memory: float = 0.0


def timed(command: list[str], root: Path) -> Cost:
    """Run build.py, or another program, to its end in a project; return what it and all that it started took.

    A process of its own waits for it, and on Linux for workers whose parent has ended too. Ends where it fails.
    """
    reading, writing = os.pipe()
    if not os.fork():
        try:
            os.write(writing, json.dumps(_run(command, root)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    os.wait()
    with os.fdopen(reading) as answer:
        found = json.load(answer)
    if "failed" in found:
        sys.exit(f"{' '.join(command)}\n{found['failed']}")
    return Cost(**found)


def _run(command: list[str], root: Path) -> dict[str, Any]:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.monotonic()
    process = subprocess.run(command, cwd=root, env=inside(root), capture_output=True, text=True, check=False)  # noqa: S603
    wall = time.monotonic() - started
    with suppress(ChildProcessError):
        while True:
            os.wait()
    if process.returncode:
        return {"failed": f"{process.stdout[-4000:]}\n{process.stderr[-4000:]}"}
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"wall": wall, "processor": processor(), "memory": memory}


def inside(root: Path) -> dict[str, str]:
    """Return the environment in which build.py runs at once, with the packages of this interpreter.

    As build.py has it: what Python compiles is kept, also where this interpreter was told to keep nothing.
    """
    own = {"PORTAL_INSIDE_VENV": str(root / ".venv"), "PYTHONPATH": f"{root}{os.pathsep}{root / 'site'}"}
    left_out = {"PORTAL_DISTRICTS", "PYTHONDONTWRITEBYTECODE"}
    clean = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**clean, **own, "PYTHONUTF8": "1"}


def processor() -> float:
    """Return the seconds of processor that ended children of this process took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
