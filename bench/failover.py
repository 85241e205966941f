"""Two machines before one PostgreSQL whose primary is killed under load: what is lost, and how long nobody can send.

`python bench/failover.py [seconds] [--asynchronous]` (in .venv; PYTHONPATH=.:site). Everything runs on this machine,
over sockets; tests/server/test_two_machines.py does the same with few letters.
"""

import argparse
import secrets
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "site")]

from forms.core import portal as portals  # noqa: E402
from tests.server.conftest import make_district  # noqa: E402
from tests.server.deployed import gunicorn  # noqa: E402
from tests.server.replicated import pair  # noqa: E402
from tests.server.test_faults import letters_at, press_send  # noqa: E402

PEOPLE = 12


def main() -> None:
    """Send, kill, promote, go on, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", nargs="?", type=float, default=30.0)
    parser.add_argument("--asynchronous", action="store_true")
    options = parser.parse_args()
    district = make_district()
    with tempfile.TemporaryDirectory() as name, pair() as servers:
        folder = Path(name)
        portals.write(district.portal, folder / "portal.json")
        more = {f"PORTAL_{one.upper()}_URL": servers.url(one) for one in ("concerns", "signups")}
        more |= {"PORTAL_SALT": "5a" * 32, "PORTAL_FLOOD_THRESHOLD": "1000000", "PORTAL_CONNECTIONS": "30"}
        machines = [gunicorn(folder / one, folder / "portal.json", **more) for one in ("first", "second")]
        ports = [one.port for one in machines]
        if not options.asynchronous:
            servers.synchronous()
        stop, receipts, refused = threading.Event(), [], []

        def person(number: int) -> None:
            turn = 0
            while not stop.is_set():
                turn += 1
                text, once, code = f"person {number} letter {turn}", secrets.token_hex(16), None
                while code is None:
                    code, _ = press_send(ports[(number + len(refused)) % 2], text, once, "ta")
                    if code is None:
                        refused.append(time.monotonic())
                        time.sleep(0.1)
                receipts.append((time.monotonic(), code, text))

        with ThreadPoolExecutor(PEOPLE) as pool:
            people = [pool.submit(person, number) for number in range(PEOPLE)]
            time.sleep(options.seconds / 2)
            killed = time.monotonic()
            servers.primary.kill()
            servers.replica.promote()
            promoted = time.monotonic()
            time.sleep(options.seconds / 2)
            stop.set()
            for one in people:
                one.result()
        stored_words = letters_at(ports[1], district.identities["legal"])
        for one in machines:
            one.stop()
    shown_words = [text for _, _, text in receipts]
    first = min(moment for moment, _, _ in receipts if moment > promoted)
    print(f"{len(receipts)} receipts shown on two machines, {len(refused)} times 'not sent'")
    print(f"killed to promoted {promoted - killed:.1f} s; promoted to the first receipt {first - promoted:.1f} s")
    missing, doubled = len(set(shown_words) - set(stored_words)), len(stored_words) - len(set(stored_words))
    unseen = len(set(stored_words) - set(shown_words))
    print(f"lost {missing}, doubled {doubled}, {unseen} kept without a receipt shown")
    sys.exit(bool(doubled or (missing and not options.asynchronous)))


if __name__ == "__main__":
    main()
