"""Start the real servers of deploy/ in a folder of the test's own, with only paths, ports and keys changed."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.patience import free_port, until

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a program listens on this port."""

    def listens() -> bool:
        assert process.poll() is None, "it ended at once"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(listens)


@dataclass
class Served:
    """A running server, the folder in which it may write, and where to reach it."""

    folder: Path
    port: int
    processes: tuple["subprocess.Popen[bytes]", ...]

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(120)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def gunicorn(folder: Path, portal: Path, journal: int | None = None, **environment: str) -> Served:
    """Start the endpoint in gunicorn with deploy/gunicorn.conf.py, on a free port.

    journal: the descriptor to which it logs, instead of a file in the folder.
    """
    port = free_port()
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    settings = {
        "PORTAL_PORTAL": str(portal),
        "PORTAL_DATA": str(folder / "data"),
        "PORTAL_BIND": f"127.0.0.1:{port}",
        "TMPDIR": str(folder / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "1",
        **environment,
    }
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PORTAL_")}
    with (folder / "gunicorn.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(DEPLOY / "gunicorn.conf.py")],
            env=clean | settings, cwd=ROOT, stdout=journal or log, stderr=journal or log,
        )  # fmt: skip
    wait_for(port, process)
    return Served(folder, port, (process,))


def configuration(folder: Path, public: Path, behind: int) -> tuple[Path, int]:
    """Write deploy/nginx.conf for this folder and port, otherwise unchanged; return it and the port it listens on."""
    port = free_port()
    text = (DEPLOY / "nginx.conf").read_text()
    text = re.sub(r"server \{\s+listen 80 .*?\n    \}\n", "", text, flags=re.DOTALL)
    text = re.sub(r"\n +listen \[::\].*", "", text)
    text = re.sub(r"listen 443 ssl http2 backlog=4096;", f"listen 127.0.0.1:{port};", text)
    text = re.sub(r"\n +ssl_certificate.*", "", text)
    text = text.replace("server unix:/run/portal/portal.sock", f"server 127.0.0.1:{behind}")
    text = text.replace("user www-data;", "").replace("/run/nginx.pid", str(folder / "nginx.pid"))
    text = text.replace("/run/portal-nginx", str(folder / "front"))
    (folder / "front").mkdir(parents=True, exist_ok=True)  # as RuntimeDirectory= of deploy/nginx-portal.conf does
    for name in ("portal-places.conf", "portal-forms.conf"):
        (folder / name).write_text(
            (DEPLOY / name).read_text().replace("/srv/portal/published/current/public", str(public))
        )
    (folder / "nginx.conf").write_text(text)
    return folder / "nginx.conf", port


def nginx(folder: Path, public: Path, behind: int) -> Served | None:
    """Start nginx in front of this port; return None if the machine has none."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not program:
        return None
    conf, port = configuration(folder, public, behind)
    with (folder / "nginx.log").open("ab") as log:
        process = subprocess.Popen(
            [program, "-p", str(folder), "-c", str(conf), "-g", "daemon off; master_process off;"],
            stdout=log, stderr=log,
        )  # fmt: skip
    wait_for(port, process)
    return Served(folder, port, (process,))
