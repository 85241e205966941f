"""A flood: junk letters in one hour, and twenty real ones among them. Are all kept, and where does a desk see them?

`python bench/flood.py [100000]` (in .venv; PYTHONPATH=.:site). The clock of the pressure is simulated, the letters and
the disk are real. Junk comes as the road without a script takes it, sealed once and kept under new ids (sealing each
would only cost time); every tenth also tries the sealed road, without work. Ten of the real ones come from browsers
that do the work they are asked for, ten from forms without a script, each in words of its own.
tests/server/test_flood.py runs it in small.
"""

import re
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site")]

from forms.core.crypto import encryption  # noqa: E402
from forms.core.form_schema import load  # noqa: E402
from forms.server.services.flood import proof_of_work  # noqa: E402
from forms.server.services.flood.flood_control import FloodControl  # noqa: E402
from forms.server.store.concerns.letters import PRIORITY_QUEUE, NewLetter  # noqa: E402
from forms.server.store.faults import NotKept  # noqa: E402
from forms.server.web.current import state_of  # noqa: E402

REAL = 20
STORIES = (
    "my brother cannot leave the kiln", "the owner of the mill keeps our papers", "we got no wage since the rains",
    "children carry bricks at night", "an advance of ten thousand was never paid off", "they locked the gate on Sunday",
    "my daughter is in a spinning mill hostel", "the contractor took her telephone", "he was beaten for asking",
    "grandfather's loan is asked of us",
)  # fmt: skip
"""Told without a script: each unlike the others, as people are."""

OK, CREATED, WORK = 200, 201, 428
ROAD = "/forms/sealed/v1/letters/"


@dataclass
class Flood:
    """What came of it."""

    kept: int = 0
    refused: int = 0
    worked: list[str] = field(default_factory=list)
    without_script: list[str] = field(default_factory=list)
    work_seconds: float = 0.0
    bits: int = 0


class Hour:
    """A simulated clock that passes one hour in so many steps."""

    def __init__(self, steps: int) -> None:
        self._now, self._step = 1000.0, 3600 / steps

    def tick(self) -> None:
        """One step further."""
        self._now += self._step

    def __call__(self) -> float:
        """Seconds."""
        return self._now


def run(app: Any, junk: int, keys: list[str], say: Callable[[str], None] = lambda _: None) -> Flood:
    """Send junk and real letters to this endpoint."""
    clock = Hour(junk)
    office = replace(state_of(app).services, flood_control=FloodControl(clock=clock))
    state_of(app).services = office
    client, found, day = app.test_client(), Flood(), state_of(app).today
    desks = tuple(desk.id for desk in office.portal.readers("concern"))
    body = encryption.seal({"answers": {"what": "junk"}}, keys, load("concern").pad_to)
    for number in range(junk):
        clock.tick()
        if number % 10 == 0:
            answer = client.put(ROAD + secrets.token_hex(16), data=body, headers={"Portal-Desks": ",".join(desks)})
            found.kept += answer.status_code == CREATED
            found.refused += answer.status_code == WORK
        else:
            found.kept += _keep(office, body, desks, day)
        if number % (junk // REAL) == junk // REAL // 2:
            turn = number // (junk // REAL)
            if turn % 2:
                _send_without_script(client, found, turn)
            else:
                _send_worked(client, found, keys, desks, turn)
        if number and number % 10_000 == 0:
            say(f"{number} letters")
    return found


def _keep(office: Any, body: bytes, desks: tuple[str, ...], day: date) -> bool:
    id = secrets.token_hex(16)
    try:
        return bool(office.keep_concern(NewLetter(id, id, "concern", day, None, body, desks)))
    except NotKept:
        return False


def _send_worked(client: Any, found: Flood, keys: list[str], desks: tuple[str, ...], turn: int) -> None:
    id = secrets.token_hex(16)
    sealed = encryption.seal({"id": id, "answers": {"what": f"real {turn}"}}, keys, load("concern").pad_to)
    headers = {"Portal-Desks": ",".join(desks)}
    answer = client.put(ROAD + id, data=sealed, headers=headers)
    if answer.status_code == WORK:
        start, found.bits = time.monotonic(), answer.get_json()["bits"]
        work = next(str(n) for n in range(10**9) if proof_of_work.is_proof_of_work(id, sealed, str(n), found.bits))
        found.work_seconds += time.monotonic() - start
        answer = client.put(ROAD + id, data=sealed, headers={**headers, "Portal-Work": work})
    if answer.status_code == CREATED:
        found.worked.append(id)


def _send_without_script(client: Any, found: Flood, turn: int) -> None:
    form = {"do": "send", "what": f"real {STORIES[turn // 2 % len(STORIES)]}", "once": secrets.token_hex(16)}
    answer = client.post("/forms/en/concern", data=form).get_data(as_text=True)
    code = re.search(r'class="code"[^>]*>\s*([0-9 ]+)', answer)
    if code:
        found.without_script.append(code[1].strip())


def main() -> None:
    """Run it and say what a desk would see."""
    from intake import district  # noqa: PLC0415 - beside this file

    from forms.core import portal as portals  # noqa: PLC0415
    from forms.server.app import create_app  # noqa: PLC0415

    junk = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    portal, keys = district()
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        portals.write(portal, folder / "portal.json")
        app = create_app({"portal": folder / "portal.json", "data": folder / "data"})
        start = time.monotonic()
        found = run(app, junk, keys, lambda text: print(f"  {time.monotonic() - start:5.0f} s: {text}", flush=True))
        took = time.monotonic() - start
        office = state_of(app).services
        start = time.monotonic()
        waiting = office.concerns.inbox.waiting("desk-0", "desk-0")
        listed = time.monotonic() - start
        first = [item.id for item in waiting if item.tray == PRIORITY_QUEUE]
        client = app.test_client()
        opened = sum(
            client.post("/forms/en/answer", data={"code": code}).status_code == OK for code in found.without_script
        )
        in_first = len(set(found.worked) & set(first))
        lines = (
            f"{junk} junk letters in a simulated hour, {took:.0f} s of ours",
            f"{found.kept} of them kept, {found.refused} asked for work",
            f"real, with work: {len(found.worked)} of 10 kept, {in_first} in the priority queue",
            f"real, without a script: {len(found.without_script)} of 10 kept; receipts that open: {opened}",
            f"priority queue: {len(first)} letters; second: {len(waiting) - len(first)}; listed in {listed:.2f} s",
            f"disk: {office.concerns.size / 1e9:.2f} GB of {office.budget / 1e9:.2f}",
            f"work: {found.work_seconds / 10:.1f} s a letter here, {found.bits} bits",
        )
        print("\n".join(lines))
        state_of(app).services.close()


if __name__ == "__main__":
    main()
