"""Durable letters a second, and the server's time for each, beside a bare Flask + SQLite insert of the same bytes.

`python bench/intake.py` (in .venv; PYTHONPATH=.:site): gunicorn as deploy/ has it, two workers, on this machine only;
1, 8 and 64 clients in a process of their own; each road for `--seconds`. Prints a table for docs/measured.md.

bare: one table, one INSERT, WAL and synchronous=FULL, no check of anything. sealed: the road of a browser that seals.
plain: the second press of a form without a script, which costs argon2id (19 MiB, 2 passes) and sealing by design.
"""

import argparse
import json
import multiprocessing
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyrage

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site")]

from forms.core import portal as portals  # noqa: E402
from forms.core.crypto import encryption  # noqa: E402
from forms.core.form_schema import load  # noqa: E402
from forms.core.portal import Desk, Language, Member, Portal  # noqa: E402

BARE = """
import os, sqlite3, threading
from types import SimpleNamespace
from flask import Flask, request
from forms.server import run
app, local = Flask(__name__), threading.local()
state_of(app).retention = lambda: None  # gunicorn.conf.py starts the daily thread of what it serves
run.watch = lambda _: None  # and watches its databases, of which this has none
state_of(app).operator_log = SimpleNamespace()
def database():
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(os.environ["BARE"], timeout=30, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            local.db.execute(f"PRAGMA {pragma}")
        local.db.execute("CREATE TABLE IF NOT EXISTS letters (id TEXT PRIMARY KEY, sealed BLOB) WITHOUT ROWID")
    return local.db
@app.put("/forms/sealed/v1/letters/<id>")
def keep(id):
    database().execute("INSERT INTO letters VALUES (?, ?)", (id, request.get_data()))
    return {"kept": id}, 201
"""


def district() -> tuple[Portal, list[str]]:
    """A portal of three desks with real keys, and the keys."""
    keys = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(3)]
    desks = tuple(
        Desk(f"desk-{number}", {"en": "Desk"}, {}, ("concern",), (Member(f"desk-{number}", key, ""),))
        for number, key in enumerate(keys)
    )
    empty = {"en": "Example"}
    assets = {"css": "/a.css", "js": "/a.js", "seal": "/s.js", "seal_integrity": "x"}
    portal = Portal(
        empty, empty, empty, (Language("en", "English"),), desks, (), (), {"places": (), "work": ()}, "https://example.org/",
        "http://127.0.0.1", True, empty, {"signups_days": 30, "concerns_days": 365}, assets,
    )  # fmt: skip
    return portal, keys


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gunicorn(folder: Path, **environment: str) -> Iterator[tuple[int, int]]:
    """A server; its port and process."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "deploy" / "gunicorn.conf.py")]
    if "BARE" in environment:
        (folder / "bare.py").write_text(BARE)
        command += ["--pythonpath", str(folder), "bare:app"]
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PORTAL_")}
    process = subprocess.Popen(command, env={**clean, "PORTAL_BIND": f"127.0.0.1:{port}", **environment})  # noqa: S603
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def cpu(pid: int) -> float:
    """Seconds of processor that a server's workers have used (Linux)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    fields = [Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split() for child in children]
    return sum(int(field) for row in fields for field in row[11:15]) / os.sysconf("SC_CLK_TCK")


def request(method: str, path: str, body: bytes, *headers: str) -> bytes:
    """A request as bytes: the loader does nothing but send them."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


def sealed_request(sealed: bytes) -> bytes:
    """One letter under a new id; the sealed bytes may be those of another."""
    desks = "Portal-Desks: desk-0,desk-1,desk-2"
    return request("PUT", f"/forms/sealed/v1/letters/{secrets.token_hex(16)}", sealed, desks)


def plain_request(_: bytes) -> bytes:
    """The second press of a form without a script."""
    answers = {"do": "send", "once": secrets.token_hex(16), "what": "They took our papers. " * 20, "people": "12"}
    return request(
        "POST", "/forms/en/concern", urlencode(answers).encode(), "Content-Type: application/x-www-form-urlencoded"
    )


def send_request(connection: socket.socket, payload: bytes) -> int:
    """Send and read one answer whole; its status."""
    connection.sendall(payload)
    response = b""
    while b"\r\n\r\n" not in response:
        response += connection.recv(65536)
    head, _, body = response.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return int(head[9:12])


def clients(port: int, many: int, seconds: float, make: Callable[[bytes], bytes], sealed: bytes, answers: Any) -> None:
    """So many clients at once, each one after the other; puts the times and statuses into `answers`."""
    took: list[float] = []
    bad: list[int] = []
    end = time.monotonic() + seconds

    def keep_sending() -> None:
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        while time.monotonic() < end:
            payload = make(sealed)
            start = time.monotonic()
            status = send_request(connection, payload)
            took.append(time.monotonic() - start)
            if status not in {200, 201}:
                bad.append(status)
        connection.close()

    threads = [threading.Thread(target=keep_sending) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put((took, bad))


def measure(port: int, pid: int, many: int, seconds: float, make: Callable[[bytes], bytes], sealed: bytes) -> str:
    """One row of the table."""
    answers = multiprocessing.Queue()  # type: ignore[var-annotated]
    before, start = cpu(pid), time.monotonic()
    process = multiprocessing.Process(target=clients, args=(port, many, seconds, make, sealed, answers))
    process.start()
    took, bad = answers.get()
    process.join()
    passed, used = time.monotonic() - start, cpu(pid) - before
    took.sort()
    rate = len(took) / passed
    p50, p99 = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.99))
    return f"{many:2} | {rate:6.0f} | {used / len(took) * 1000:5.2f} | {p50:6.1f} | {p99:6.1f} | {len(bad)}"


def main() -> None:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--clients", type=json.loads, default=[1, 8, 64])
    parser.add_argument("--roads", default="bare,sealed,plain")
    chosen = parser.parse_args()
    portal, keys = district()
    sealed = encryption.seal({"what": "x"}, keys, load("concern").pad_to)
    print(f"{len(sealed)} bytes a letter, gunicorn with 2 workers, {os.cpu_count()} cores\n")
    print("road   | clients | a second | CPU ms each | p50 ms | p99 ms | refused\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        portals.write(portal, folder / "portal.json")
        bare, settings = {"BARE": str(folder / "bare.db")}, {"PORTAL_PORTAL": str(folder / "portal.json")}
        settings |= {
            "PORTAL_DATA": str(folder / "data"),
            "PORTAL_BUDGET": str(10**11),
            "PORTAL_FLOOD_THRESHOLD": str(10**9),
        }
        roads = chosen.roads.split(",")
        with ExitStack() as running:
            served = {
                road: running.enter_context(gunicorn(folder, **(bare if road == "bare" else settings)))
                for road in ("bare", "ours")
            }
            for many in chosen.clients:  # one beside the other, so that a noisy machine is unkind to both
                for road in roads:
                    make = plain_request if road == "plain" else sealed_request
                    port, pid = served["bare" if road == "bare" else "ours"]
                    row = measure(port, pid, many, chosen.seconds, make, sealed)
                    print(f"| {road:6} | {row} |", flush=True)


if __name__ == "__main__":
    main()
