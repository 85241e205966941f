"""Requests that fail while builds are published, a certificate changes, a worker dies: python bench/publishing.py

Real nginx and gunicorn as deploy/ has them. Persons read pages with their styles, open forms, tell concerns on pages of
this build and of earlier ones, and go back to their receipts.
"""

import argparse
import http.client
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

# ruff: noqa: E402, PLR2004, S101, S311 - a benchmark's own numbers and chance

from forms.core import portal as portals
from forms.core.builds import manifest as manifests
from forms.core.builds.manifest import BuildManifest
from forms.operations import releases
from tests.server.conftest import make_district
from tests.server.installed import Machine
from tests.server.test_threats_deploy import NAME, make_certificate, renew, trusting

AT_ONCE = 32
AWAY = "nginx's own page"
LANGUAGES = ("en", "ta", "te", "hi", "or")


class Site:
    """Builds and publishes small sites of one portal."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.portal, self.number = machine, make_district().portal, 0
        self.made = machine.root / "made"

    def publish(self) -> None:
        """Build once more, with a style of another name, and put it into use."""
        self.number += 1
        shutil.rmtree(self.made, ignore_errors=True)
        css = f"/assets/portal.{self.number:08}.css"
        page = f'<link rel="stylesheet" href="{css}">'.encode()
        files = {f"/{code}/": page for code in LANGUAGES} | {css: b"a{}"}
        files |= {f"/{code}/away.html": AWAY.encode() for code in LANGUAGES}
        for address, data in files.items():
            path = self.made / "public" / (address[1:] + ("index.html" if address.endswith("/") else ""))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        portal = replace(self.portal, assets={**self.portal.assets, "css": css})
        portals.write(portal, self.made / "portal.json")
        digest = manifests.portal_digest(portals.read(self.made / "portal.json"))
        listed = {address: manifests.file_of(data) for address, data in files.items()}
        built = BuildManifest(self.number, "2027-01-01", listed, manifests.desks_of(portal), digest)
        (self.made / "public" / manifests.ADDRESS[1:]).write_bytes(manifests.write(built))
        (self.made / "public" / manifests.SIGNATURES[1:]).write_text("")
        site = self.machine.root / "srv/portal/published"
        releases.publish(site, self.made / "public", self.made / "portal.json", date(2027, 1, 1))


class Visitors:
    """What persons do, and what failed."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.failed: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.times: list[float] = []
        self.receipts: list[str] = []
        self.earlier: list[tuple[str, str]] = []

    def ask(self, kind: str, path: str, **answers: str) -> str:
        begun = time.monotonic()
        body = urlencode(answers) if answers else None
        connection = http.client.HTTPSConnection("127.0.0.1", self.machine.https, timeout=60, context=trusting())
        try:
            form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
            connection.request("POST" if body else "GET", path, body, {"Host": NAME, **form})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            self.done[kind] += 1
            if answer.status != 200:
                self.failed[f"{kind}: {answer.status}{', ' + AWAY if AWAY in text else ''}"] += 1
        except OSError as error:
            self.done[kind] += 1
            self.failed[f"{kind}: {type(error).__name__}"] += 1
            text = ""
        finally:
            connection.close()
        self.times.append(time.monotonic() - begun)
        return text

    def read(self) -> None:
        page = self.ask("page", f"/{random.choice(LANGUAGES)}/")
        if style := re.search(r'href="(/assets/[^"]+)"', page):
            self.ask("style", style[1])

    def tell(self) -> None:
        """Send a concern; some send one whose page they opened builds ago."""
        words = f"words {random.random()}"
        seen = self.ask("form", "/forms/en/concern", what=words)
        if once := re.search(r'name="once" value="([0-9a-f]+)"', seen):
            self.earlier.append((words, once[1]))
        if len(self.earlier) > 40 or (self.earlier and random.random() < 0.5):
            words, once_value = self.earlier.pop(0)
            kept = self.ask("concern", "/forms/en/concern", what=words, once=once_value, do="send")
            if code := re.search(r'class="code"[^>]*>\s*([0-9 ]+)', kept):
                self.receipts.append(code[1].strip())
            elif kept:
                self.failed["concern: no receipt"] += 1

    def come_back(self) -> None:
        if self.receipts:
            page = self.ask("receipt", "/forms/en/answer", code=random.choice(self.receipts))
            if page and 'name="do"' not in page:
                self.failed["receipt: does not open"] += 1

    def visit(self) -> None:
        """Do one thing; seldom a receipt, which costs a processor's second on purpose."""
        try:
            random.choices((self.read, self.tell, self.come_back), (60, 25, 1))[0]()
        except Exception as error:  # noqa: BLE001 - counted as a failure, whatever it is
            self.failed[f"bench: {type(error).__name__} {error}"] += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--publishings", type=int, default=20)
    options = parser.parse_args()
    machine = Machine(Path(tempfile.mkdtemp(prefix="p", dir="/tmp")), NAME)
    machine.root.chmod(0o755)
    try:
        print(json.dumps(run(machine, options), indent=1))
    finally:
        machine.shut_down()
        shutil.rmtree(machine.root)


def run(machine: Machine, options: argparse.Namespace) -> dict[str, object]:
    first = machine.root / "first"
    (first / "public").mkdir(parents=True)
    site, visitors, over = Site(machine), Visitors(machine), threading.Event()
    portals.write(site.portal, first / "portal.json")
    machine.install_site(first / "public", first / "portal.json")
    site.publish()
    machine.install()
    seconds = options.requests / options.rate
    events = [(seconds * (n + 1) / (options.publishings + 1), site.publish) for n in range(options.publishings)]
    events += [(seconds * 0.3, lambda: kill(machine)), (seconds * 0.5, lambda: certificate(machine))]
    events += [(seconds * 0.7, lambda: machine.systemctl(["restart", "portal"]))]
    changes = threading.Thread(target=happen, args=(sorted(events, key=lambda one: one[0]), over))
    changes.start()
    begun = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as people:
        while (requests := sum(visitors.done.values())) < options.requests:
            if requests < options.rate * (time.monotonic() - begun) and people._work_queue.qsize() < AT_ONCE:
                people.submit(visitors.visit)
            time.sleep(0.7 / options.rate)  # a visit asks one to two times
    took = time.monotonic() - begun
    changes.join()
    times = sorted(visitors.times)
    return {
        "requests": sum(visitors.done.values()), "failed": dict(visitors.failed), "by kind": dict(visitors.done),
        "a second": round(len(times) / took, 1), "concerns kept": len(visitors.receipts),
        "seconds": {f"p{part}": round(times[len(times) * part // 1000], 3) for part in (500, 990, 999)},
        "longest": round(times[-1], 2), "releases": len(releases.every(machine.root / "srv/portal/published")),
    }  # fmt: skip


def happen(events: list[tuple[float, object]], over: threading.Event) -> None:
    begun = time.monotonic()
    for delay, action in events:
        over.wait(max(0.0, begun + delay - time.monotonic()))
        action()  # type: ignore[operator]


def kill(machine: Machine) -> None:
    assert machine.service
    children = Path(f"/proc/{machine.service.pid}/task/{machine.service.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)


def certificate(machine: Machine) -> None:
    make_certificate(machine.root / "live")
    renew(machine, machine.root / "live")


if __name__ == "__main__":
    main()
