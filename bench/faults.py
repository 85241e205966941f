"""Random faults while people write: every receipt that was shown opens, and every sign-up that was shown stands once.

`python bench/faults.py [1000]` (in .venv; PYTHONPATH=.:site): nginx and gunicorn as docs/deploy.md installs them, in a
folder of their own and on 127.0.0.1 only. While letters and sign-ups come, workers and nginx are killed, the service
is restarted, builds are published, and the disk is full for a moment. A desk acknowledges what it has; at the end its
machine is lost, and its printed recovery key must open every letter. tests/server/test_random_faults.py runs it
in small.
"""

import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import pyrage

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site")]

from forms.core import portal as portals  # noqa: E402
from forms.core.portal import Portal  # noqa: E402
from tests.server import test_threats_deploy as deployed  # noqa: E402
from tests.server.installed import Machine  # noqa: E402

PATIENCE = 300.0
"""Seconds for which a person tries again."""

CLIENTS = 6
SIGN_UP_EVERY = 10
_CODE = re.compile(r'class="code"[^>]*>\s*([0-9 ]+)<')
_ONCE = re.compile(r'name="once" value="([0-9a-f]+)"')


@dataclass
class Shown:
    """What people were shown: the words of each letter by its receipt, and the numbers of sign-ups."""

    receipts: dict[str, str] = field(default_factory=dict)
    sign_ups: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)


def post(machine: Machine, form: str, answers: dict[str, str]) -> tuple[int, str]:
    """Return the status and the page that answers a form; (0, "") where the line broke."""
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPSConnection("127.0.0.1", machine.https, timeout=120, context=deployed.trusting())
        try:
            kind = {"Host": deployed.NAME, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", f"/forms/ta/{form}", urlencode(answers).encode(), kind)
            # A response whose connection is to be closed owns the socket: one that breaks off must be closed too.
            with connection.getresponse() as answer:
                return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()
    return 0, ""


def send(machine: Machine, form: str, answers: dict[str, str]) -> str:
    """Send a form as somebody does who presses again until a number is shown; the number, or nothing."""
    give_up = time.monotonic() + PATIENCE
    typed = answers
    while time.monotonic() < give_up:
        page = post(machine, form, typed)[1]
        if code := _CODE.search(page):
            return code[1].replace(" ", "")
        if typed is answers and (once := _ONCE.search(page)):
            typed = {**answers, "do": "send", "once": once[1]}
        else:
            time.sleep(0.2)
    return ""


def people(machine: Machine, shown: Shown, numbers: Iterator[int]) -> None:
    """Write letters and sign-ups, one after the other."""
    for number in numbers:
        words = f"letter {number}"
        if number % SIGN_UP_EVERY:
            answers, form = {"what": words}, "concern"
        else:
            answers, form = {"event": "meeting", "people": "1", "adult": "yes", "name": words}, "signup"
        code = send(machine, form, answers)
        if not code:
            shown.given_up.append(words)
        elif form == "concern":
            shown.receipts[code] = words
        else:
            shown.sign_ups.append(code)


def workers(machine: Machine) -> list[int]:
    """Return the process numbers of gunicorn's workers."""
    pid = machine.service.pid if machine.service else 0
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(text) for text in path.read_text().split()] if path.exists() else []


def fault(machine: Machine, portal: Portal, kind: str) -> None:
    """Carry out one fault, and mend what an operator or systemd would mend."""
    if kind == "worker killed":
        os.kill(workers(machine)[0], signal.SIGKILL)
    elif kind == "service restarted":
        machine.systemctl(["restart", "portal"])
    elif kind == "nginx killed":
        machine.kill_nginx()
        machine.start("nginx")
    elif kind == "build published":
        portals.write(portal, machine.root / "srv/portal/published/current/portal.json")
    elif kind == "disk full":
        for limit in (0, resource.RLIM_INFINITY):
            for pid in workers(machine):
                with suppress(OSError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
            time.sleep(0.3 if limit == 0 else 0)


KINDS = ("worker killed", "service restarted", "nginx killed", "build published", "disk full")


def api(machine: Machine, method: str, path: str, desk: str) -> tuple[int, bytes]:
    """Ask the desk API with a desk's token."""
    connection = http.client.HTTPSConnection("127.0.0.1", machine.https, timeout=120, context=deployed.trusting())
    try:
        connection.request(
            method, f"/pickup/v1/{path}", None, {"Host": deployed.NAME, "Authorization": f"Bearer token-{desk}"}
        )
        with connection.getresponse() as answer:
            return answer.status, answer.read()
    finally:
        connection.close()


def acknowledge(machine: Machine, desk: str) -> None:
    """Let a desk's machine take what waits, as a visit does; a broken line is tried at the next visit."""
    with suppress(OSError, http.client.HTTPException, ValueError):
        for row in json.loads(api(machine, "GET", "letters", desk)[1])["letters"]:
            api(machine, "POST", f"letters/{row['id']}/acknowledge", desk)


def run(machine: Machine, portal: Portal, letters: int, seed: int = 0) -> Shown:
    """Let people write while faults come; return what they were shown."""
    choice = random.Random(seed)  # noqa: S311 - which fault comes next is no secret
    shown, waiting, lock = Shown(), iter(range(1, 10 * letters)), threading.Lock()
    is_broken = threading.Event()  # a fault could not be mended: nobody writes on

    def next_number() -> Iterator[int]:
        while True:
            with lock:
                number = next(waiting)
            if is_broken.is_set() or (number > letters and set(shown.faults) == set(KINDS)):
                return
            yield number

    threads = [threading.Thread(target=people, args=(machine, shown, next_number())) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    turn = 0
    try:
        while any(thread.is_alive() for thread in threads):
            kind = KINDS[turn % len(KINDS)] if turn < len(KINDS) else choice.choice(KINDS)
            with suppress(ProcessLookupError, IndexError):
                fault(machine, portal, kind)
                shown.faults[kind] = shown.faults.get(kind, 0) + 1
            acknowledge(machine, "legal")
            turn += 1
            time.sleep(choice.uniform(0.2, 1.0))
    except BaseException:
        is_broken.set()
        raise
    for thread in threads:
        thread.join()
    return shown


def find_losses(machine: Machine, shown: Shown, recovery: pyrage.x25519.Identity) -> dict[str, list[str]]:
    """Return what was shown and is not there: receipts, letters of the restored desk, sign-ups that stand not once."""
    opened = set()
    for row in json.loads(api(machine, "GET", "letters?all=1", "legal")[1])["letters"]:
        plain = pyrage.decrypt(api(machine, "GET", f"letters/{row['id']}", "legal")[1], [recovery])
        opened.add(json.loads(plain)["answers"]["what"])
    signed_up = [row["id"] for row in json.loads(api(machine, "GET", "signups", "events")[1])["signups"]]
    unopened = [code for code in shown.receipts if post(machine, "answer", {"code": code})[0] != HTTPStatus.OK]
    return {
        "receipts that open nothing": unopened,
        "letters that the restored desk lacks": sorted(set(shown.receipts.values()) - opened),
        "sign-ups that do not stand once": [] if len(signed_up) == len(set(shown.sign_ups)) else [str(len(signed_up))],
        "given up": shown.given_up,
    }


def make_ready(portal: Portal, recovery: pyrage.x25519.Identity) -> Portal:
    """Return the portal with a printed recovery key at the legal desk, and with its meeting two months from today."""
    public, day = str(recovery.to_public()), date.today() + timedelta(days=60)  # noqa: DTZ011 - as the server sees it
    desks = tuple(replace(desk, recovery=public) if desk.id == "legal" else desk for desk in portal.desks)
    events = tuple(replace(event, starts=f"{day}T10:00", ends=f"{day}T12:00") for event in portal.events)
    return replace(portal, desks=desks, events=events)


def main() -> None:
    """Run it whole, and print what was lost."""
    from tests.server.conftest import make_district  # noqa: PLC0415 - needs the tests' packages

    recovery = pyrage.x25519.Identity.generate()
    portal = make_ready(make_district().portal, recovery)
    with tempfile.TemporaryDirectory() as folder:
        portals.write(portal, Path(folder) / "portal.json")
        machine = deployed.new_machine(Path(folder) / "portal.json")
        try:
            machine.install()
            started = time.monotonic()
            shown = run(machine, portal, int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
            found = find_losses(machine, shown, recovery)
        finally:
            machine.shut_down()
            shutil.rmtree(machine.root)
    seconds = time.monotonic() - started
    print(f"{len(shown.receipts)} receipts, {len(shown.sign_ups)} sign-ups in {seconds:.0f} s; {shown.faults}")
    for check, rows in found.items():
        print(f"  {check}: {len(rows)}")


if __name__ == "__main__":
    main()
