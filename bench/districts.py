"""One service for 38 districts: memory, start, requests a second, and what one of them can do to the others.

`python bench/districts.py [.build/portal.json]` (in .venv; PYTHONPATH=.:site): gunicorn as deploy/ has it, two workers,
on 127.0.0.1 only. The 37 others are asked for forms, and send letters, at a steady pace all the time; p99 is theirs.
"""

import http.client
import os
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site")]

from forms.core import portal as portals  # noqa: E402
from forms.server.districts import settings  # noqa: E402
from tests.server.conftest import make_district  # noqa: E402
from tests.server.deployed import Served, gunicorn  # noqa: E402

MANY = 38
SECONDS = float(os.environ.get("BENCH_SECONDS", "20"))
PACE = 12.0
"""Requests a second to the 37 others, in all."""


def names(count: int) -> list[str]:
    return [f"d{number:02}" for number in range(count)]


def make_districts(folder: Path, count: int, handover: Path | None) -> Path:
    """Return a folder of districts."""
    portal = portals.read(handover) if handover else make_district().portal
    for name in names(count):
        settings.write(folder, name, [f"{name}.example"], {})
        portals.write(portal, folder / name / settings.PORTAL)
    return folder


def memory(served: Served) -> float:
    """Return megabytes of gunicorn and its workers, what they share counted once (PSS)."""
    parent = served.processes[0].pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    total = 0
    for pid in [str(parent), *children]:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            total += int(line.split()[1]) if line.startswith("Pss:") else 0
    return total / 1024


def ask(port: int, name: str, method: str) -> tuple[int, float]:
    """Ask for a form (get), or send a letter (post); the status and the seconds."""
    started = time.monotonic()
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    host = {"Host": f"{name}.example"}
    if method == "get":
        line.request("GET", "/forms/en/concern", headers=host)
    else:
        body = urlencode({"what": "They keep our papers. " * 20, "do": "send", "once": secrets.token_hex(16)})
        line.request("POST", "/forms/en/concern", body, {**host, "Content-Type": "application/x-www-form-urlencoded"})
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer.status, time.monotonic() - started


@dataclass
class Others:
    """What the 37 others met."""

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def add(self, more: "Others") -> None:
        self.seconds += more.seconds
        self.failed += more.failed

    def __str__(self) -> str:
        total = len(self.seconds)
        return f"median {self.median():.0f}, p99 {self.p99():.0f} ms, {self.failed} of {total} failed"

    def p99(self) -> float:
        return 1000 * statistics.quantiles(self.seconds, n=100)[98]

    def median(self) -> float:
        return 1000 * statistics.median(self.seconds)


def others(port: int, count: int, seconds: float) -> Others:
    """Ask all but the first at a steady pace, whether or not answers come; every fifth sends a letter."""
    found, lock = Others(), threading.Lock()

    def one(number: int) -> None:
        status, began = 0, time.monotonic()
        with suppress(OSError, http.client.HTTPException):  # no answer is a failure that took so long
            status, _ = ask(port, names(count)[1 + number % (count - 1)], "post" if number % 5 == 0 else "get")
        with lock:
            found.seconds.append(time.monotonic() - began)
            found.failed += status != http.client.OK

    threads, begun = [], time.monotonic()
    for number in range(int(seconds * PACE)):
        time.sleep(max(0.0, begun + number / PACE - time.monotonic()))
        threads.append(threading.Thread(target=one, args=(number,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    return found


FLOOD = """
import sys, threading
sys.path.insert(0, sys.argv[1] + "/bench"); sys.path[:0] = [sys.argv[1], sys.argv[1] + "/site"]
from districts import ask
def run():
    while True:
        try: ask(int(sys.argv[2]), "d00", sys.argv[3])
        except OSError: pass
for _ in range(int(sys.argv[4])): threading.Thread(target=run, daemon=True).start()
print("begun", flush=True)
threading.Event().wait()
"""


@contextmanager
def flood(port: int, method: str, clients: int) -> Iterator[None]:
    """Ask the first district without a pause, from so many connections."""
    command = [sys.executable, "-c", FLOOD, str(ROOT), str(port), method, str(clients)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own program
    try:
        next(iter(process.stdout or ()))  # its imports take seconds of a core: they are no part of what is measured
        time.sleep(2)
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep the first district's databases locked, as a program that hangs would."""
    connections = [
        sqlite3.connect(folder / "d00" / "data" / name, isolation_level=None) for name in ("concerns.db", "signups.db")
    ]
    for one in connections:
        one.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        for one in connections:
            one.execute("ROLLBACK")
            one.close()


@contextmanager
def full(port: int, folder: Path) -> Iterator[None]:
    """Let the first district have no room left for letters: its budget is a byte."""
    settings.write(folder, "d00", ["d00.example"], {"budget": 1})
    while ask(port, "d00", "post")[0] == http.client.OK:  # the service looks at settings once a second
        time.sleep(0.2)
    try:
        yield
    finally:
        settings.write(folder, "d00", ["d00.example"], {})
        while ask(port, "d00", "post")[0] != http.client.OK:
            time.sleep(0.2)


def requests_per_second(port: int, count: int, method: str) -> float:
    """Return requests a second, of four clients over all districts."""
    completed, end = [], time.monotonic() + SECONDS / 2

    def keep_asking(number: int) -> None:
        while time.monotonic() < end:
            number += 1
            ask(port, names(count)[number % count], method)
            completed.append(1)

    threads = [threading.Thread(target=keep_asking, args=(number * 7,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(completed) / (SECONDS / 2)


def start_service(folder: Path, count: int, handover: Path | None) -> tuple[Served, float, Path]:
    settings_folder = make_districts(folder / "districts", count, handover)
    begun = time.monotonic()
    served = gunicorn(folder, folder / "none", PORTAL_DISTRICTS=str(settings_folder), PORTAL_PORTAL="", PORTAL_DATA="")
    ask(served.port, "d00", "get")
    return served, time.monotonic() - begun, settings_folder


def rates(port: int, count: int) -> str:
    """Return forms and letters a second."""
    forms, letters = (requests_per_second(port, count, method) for method in ("get", "post"))
    return f"{forms:.0f} forms, {letters:.0f} letters a second"


def alone(handover: Path | None) -> None:
    """One district without a folder of districts, as before."""
    with tempfile.TemporaryDirectory() as name:
        portal = Path(name) / "portal.json"
        portals.write(portals.read(handover) if handover else make_district().portal, portal)
        begun = time.monotonic()
        served = gunicorn(Path(name), portal)
        ask(served.port, "d00", "get")
        start = time.monotonic() - begun
        figures = rates(served.port, 1)
        print(f"one, as before: start {start:.1f} s; {memory(served):.0f} MB; {figures}", flush=True)
        served.stop()


def many(count: int, handover: Path | None) -> None:
    """So many in one service; of more than one also what one can do to the others."""
    with tempfile.TemporaryDirectory() as name:
        served, start, folder = start_service(Path(name), count, handover)
        empty = memory(served)
        for one in names(count):
            ask(served.port, one, "get")
            ask(served.port, one, "post")
        used, figures = memory(served), rates(served.port, count)
        print(f"{count} in one service: start {start:.1f} s; {figures}")
        print(
            f"  memory: {empty:.0f} MB, {used:.0f} MB after a form and a letter each, {memory(served):.0f} MB after all"
        )
        if count > 1:
            isolation(served, folder, count)
        served.stop()


ROUNDS = 6
"""Quiet and loaded phases follow each other so many times, so that both meet the same other programs."""


def isolation(served: Served, folder: Path, count: int) -> None:
    """Print what the others meet while one is flooded, locked or full, beside quiet phases."""

    @contextmanager
    def locked_and_flooded() -> Iterator[None]:
        with locked(folder), flood(served.port, "post", 30):
            yield

    @contextmanager
    def full_and_flooded() -> Iterator[None]:
        with full(served.port, folder), flood(served.port, "post", 60):
            yield

    loads = {
        "60 clients ask one for a form without a pause": lambda: flood(served.port, "get", 60),
        "60 clients send one letters without a pause": lambda: flood(served.port, "post", 60),
        "one's databases are locked, and 30 clients send it letters": locked_and_flooded,
        "one's budget is full, and 60 clients send it letters without a pause": full_and_flooded,
    }
    for label, load in loads.items():
        quiet, loaded = Others(), Others()
        for _ in range(ROUNDS):
            quiet.add(others(served.port, count, SECONDS / ROUNDS))
            with load():
                loaded.add(others(served.port, count, SECONDS / ROUNDS))
        print(
            f"  {label}: {loaded}; quiet in between: {quiet}; p99 is {loaded.p99() / quiet.p99():.1f} times", flush=True
        )


def main() -> None:
    """Print the figures for docs/measured.md."""
    handover = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    print(f"{os.getloadavg()[0]:.0f} other programs were running")
    alone(handover)
    many(1, handover)
    many(MANY, handover)


if __name__ == "__main__":
    main()
