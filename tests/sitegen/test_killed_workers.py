"""Nothing of a build that is killed stays behind: no worker, and so no memory and no lock that one of them holds."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import until

ROOT = Path(__file__).parents[2]
FORKING_PROGRAM = """
import os, sys, time
from pathlib import Path
from forms.core.files.locks import locked
from sitegen import workers

with locked(Path(sys.argv[1])), workers.workers(Path(sys.argv[2]), beside=True) as pool:
    if not workers._may_fork():
        raise SystemExit("no fork")
    print(*{pool.start(os.getpid).result() for _ in range(2)}, flush=True)
    time.sleep(600)
"""
THREADED = FORKING_PROGRAM.replace("with locked", "import threading\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\nwith locked").replace(
    'if not workers._may_fork():\n        raise SystemExit("no fork")', "pass"
)  # fmt: skip


def has_ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux lists them")
@pytest.mark.parametrize("program", [FORKING_PROGRAM, THREADED], ids=["forked", "from a fork server"])
def test_the_workers_of_a_killed_build_end(program: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "site")))}
    command = [sys.executable, "-c", program, str(tmp_path / "lock"), str(tmp_path / "stopped")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True) as build:
        assert build.stdout
        working = [int(word) for word in build.stdout.readline().split()]
        assert working
        os.kill(build.pid, signal.SIGKILL)
        try:
            until(lambda: all(map(has_ended, working)))
        finally:
            os.killpg(build.pid, signal.SIGKILL) if not all(map(has_ended, working)) else None
