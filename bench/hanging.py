"""How nginx stands up to clients that hang: 1,000 half-open connections, and 20 unfinished bodies of 20 MB.

`python bench/hanging.py` (in .venv; PYTHONPATH=.:site): nginx and gunicorn as docs/deploy.md installs them, in a folder
of their own and on 127.0.0.1 only, with the pages of a test district. Needs nginx.
"""

import shutil
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

from intake import ROOT, district

sys.path[:0] = [str(ROOT), str(ROOT / "site")]

from forms.core import portal as portals  # noqa: E402
from forms.server.app import create_app  # noqa: E402
from forms.web.serving import make  # noqa: E402
from tests.server import test_threats_deploy as hanging  # noqa: E402
from tests.server.installed import Machine  # noqa: E402

FIRST_BYTES = {"header": b"GET /ta/ HTTP/1.1\r\nHost: x\r\n", "TLS handshake": b"\x16\x03\x01"}
COUNT = 1000
STRAIGHT = 300


def slowest_page(machine: Machine, times: int = 20) -> float:
    """Return the longest of several answers of page and form, in seconds."""
    longest = 0.0
    for number in range(times):
        started = time.monotonic()
        status, _, _ = hanging.ask(machine, ("/ta/", "/forms/en/concern")[number % 2])
        if status != HTTPStatus.OK:
            raise SystemExit(f"refused with {status}")
        longest = max(longest, time.monotonic() - started)
    return longest


def half_open(machine: Machine, kind: str) -> str:
    with ExitStack() as open_ones:
        for _ in range(COUNT):
            port = machine.http if kind == "header" else machine.https
            open_ones.enter_context(socket.create_connection(("127.0.0.1", port), 30)).sendall(FIRST_BYTES[kind])
        return f"{slowest_page(machine):.2f} s"


def unfinished(machine: Machine) -> str:
    machine.systemctl(["restart", "nginx"])
    before = hanging.memory_of_nginx(machine)
    with ExitStack() as open_ones:
        for _ in range(20):
            open_ones.enter_context(hanging.unfinished(machine, 20_000_000, 19_000_000))
        time.sleep(1)
        megabytes = (hanging.memory_of_nginx(machine) - before) / 1e6
        return f"{megabytes:.0f} MB of nginx; slowest page {slowest_page(machine):.2f} s"


def straight(handover: Path, folder: Path) -> str:
    """Return the slowest of 20 pages of `serve` itself, without nginx, while 300 connections hang in their header."""
    app = create_app({"portal": handover, "data": folder / "server"})
    server = make(app, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    longest = 0.0
    with ExitStack() as open_ones:
        for _ in range(STRAIGHT):
            hung = open_ones.enter_context(socket.create_connection(("127.0.0.1", server.server_port), 30))
            hung.sendall(FIRST_BYTES["header"])
        for _ in range(20):
            started = time.monotonic()
            with urlopen(f"http://127.0.0.1:{server.server_port}/forms/en/concern", timeout=60) as answer:
                answer.read()
            longest = max(longest, time.monotonic() - started)
    server.shutdown()
    return f"{longest:.2f} s"


def main(handover: Path) -> None:
    """Print the figures for docs/measured.md."""
    machine = hanging.new_machine(handover)
    try:
        machine.install()
        print(f"slowest of 20 pages, nothing hangs: {slowest_page(machine):.2f} s")
        for kind in FIRST_BYTES:
            print(f"slowest of 20 pages, {COUNT} connections hang in the {kind}: {half_open(machine, kind)}")
        print(f"20 unfinished bodies of 20 MB: {unfinished(machine)}")
        print(f"slowest of 20 forms of serve, {STRAIGHT} connections hang: {straight(handover, machine.root)}")
    finally:
        machine.shut_down()
        shutil.rmtree(machine.root)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "portal.json"
        portals.write(district()[0], path)
        main(path)
