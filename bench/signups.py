"""100,000 sign-ups over 1,000 events: what listing, one more sign-up and erasing cost. Run: python bench/signups.py.

Sealed parts are of the true size (about 4 KB each: 400 MB on the disk under /tmp while it runs).
"""

import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pyrage

from forms.core.crypto import encryption
from forms.server.store.signups import signup_tables as tables
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.signups.signup_tables import COMING, WAITING, Signup

EVENTS, EACH, CAPACITY = 1_000, 100, 80
DAY = date(2027, 1, 24)
SEALED = encryption.seal({"name": "x"}, [str(pyrage.x25519.Identity.generate().to_public())])


def timed(label: str, act: Callable[[], object]) -> None:
    """Do it and print how long it took."""
    began = time.perf_counter()
    act()
    print(f"{label:<58} {time.perf_counter() - began:8.2f} s", flush=True)


def one_more(store: SignupStore, event: str, capacity: int = 1_000) -> float:
    """Milliseconds of one durable sign-up."""
    new = Signup(secrets.token_hex(16), event, 1, WAITING)
    began = time.perf_counter()
    store.save(new, secrets.token_bytes(32), SEALED, capacity=capacity, last_day=DAY)
    return (time.perf_counter() - began) * 1000


def fill(store: SignupStore) -> None:
    """All sign-ups in one transaction: 80 of each event come, 20 wait. Half of the events are over."""
    with store.writing() as connection:
        for number in range(EVENTS):
            event, day = f"event-{number:04}", DAY if number % 2 else DAY - timedelta(days=365)
            row = {"event": event, "taken": CAPACITY, "last_day": day, "turns": EACH}
            connection.execute(tables.METADATA.tables["places"].insert(), row)
            rows = [
                {
                    "id": secrets.token_hex(16), "lookup": secrets.token_bytes(32), "event": event, "people": 1,
                    "state": COMING if turn <= CAPACITY else WAITING, "turn": max(0, turn - CAPACITY), "version": 0,
                    "sealed": SEALED[:-64] + secrets.token_bytes(64),
                }
                for turn in range(1, EACH + 1)
            ]  # fmt: skip
            connection.execute(tables.METADATA.tables["signups"].insert(), rows)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        store = SignupStore(f"sqlite:///{folder}/signups.db")
        empty = statistics.median(one_more(store, "first") for _ in range(50))
        timed(f"fill with {EVENTS * EACH:,} sign-ups", lambda: fill(store))
        full = statistics.median(one_more(store, "first") for _ in range(50))
        waits = statistics.median(one_more(store, "event-0001", CAPACITY) for _ in range(50))
        print(f"one sign-up, median of 50: {empty:.1f} ms in an empty store, {full:.1f} ms beside {EVENTS * EACH:,},")
        print(f"    {waits:.1f} ms where 20 and more wait already")
        timed("list all in clear (what the desk asks for)", store.all_signups)
        timed(
            "move up lines: nothing has changed",
            lambda: store.move_lines_up(dict.fromkeys(map(name, range(EVENTS)), CAPACITY)),
        )
        timed("move up lines: every event has 10 places more",
              lambda: store.move_lines_up(dict.fromkeys(map(name, range(EVENTS)), CAPACITY + 10)))  # fmt: skip
        timed("erase 50,000 sign-ups of 500 events, to the last byte", lambda: store.erase(DAY))
        timed("erase again: nothing is old", lambda: store.erase(DAY))
        store.close()


def name(number: int) -> str:
    """The id of an event."""
    return f"event-{number:04}"


if __name__ == "__main__":
    main()
