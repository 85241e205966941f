"""The flood threshold holds over all machines and workers before one database, and over restarts."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage
import pytest

from forms.core import portal as portals
from forms.core.crypto import encryption
from forms.server.services.flood import shared_count
from forms.server.services.flood.flood_control import FloodControl, LetterCounts
from forms.server.services.flood.leaky_bucket import SharedBucket
from forms.server.services.flood.proof_of_work import BITS, is_proof_of_work
from forms.server.services.flood.shared_count import MAX_PAUSE, MIN_PAUSE, SharedCount
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.letters import PRIORITY_QUEUE, SECOND_QUEUE
from forms.server.store.faults import not_kept
from tests.patience import until

from .deployed import Served, gunicorn
from .test_faults import ask
from .test_flood_control import Clock
from .test_sealed import DESKS, ROAD
from .test_two_machines import SALT, fresh

__all__ = ["fresh"]  # the fixture

KEPT, KEPT_BEFORE, ASKED = 201, 200, 428
THRESHOLD = 6


class Database:
    """Letters that machines keep: for each its queue. away: it does not answer."""

    def __init__(self) -> None:
        self.queues: list[int] = []
        self.asked, self.away = 0, False

    def all(self) -> int:
        self.asked += 1
        if self.away:
            raise not_kept("away")
        return len(self.queues)

    def first(self) -> int:
        return self.queues.count(PRIORITY_QUEUE)


def machine(database: Database, clock: Clock) -> FloodControl:
    return FloodControl(THRESHOLD, clock, LetterCounts(database.all, database.first, database.all))


def send(database: Database, to: FloodControl, *, with_work: bool = False) -> int:
    """A letter comes to a machine; returns its queue."""
    queue = SECOND_QUEUE if to.is_high() and not with_work else PRIORITY_QUEUE
    database.queues.append(queue)
    to.count(with_work=with_work, is_priority=queue == PRIORITY_QUEUE)
    return queue


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("number", [1, 2, 5])
def test_so_many_come_to_the_first_queue_however_many_machines_there_are(number: int, clock: Clock) -> None:
    database = Database()
    machines = [machine(database, clock) for _ in range(number)]
    for one in machines:
        one.update()
    for turn in range(40):
        clock.now += MIN_PAUSE
        send(database, machines[turn % number])
    leaked = 40 * MIN_PAUSE * THRESHOLD / 600
    assert THRESHOLD <= database.queues.count(PRIORITY_QUEUE) <= THRESHOLD + leaked + 1


def test_within_a_second_each_machine_goes_by_its_own_count(clock: Clock) -> None:
    """What a flood gains by many machines: one threshold each, once, in the first second."""
    database = Database()
    machines = [machine(database, clock) for _ in range(3)]
    for one in machines:
        one.update()
    for turn in range(90):
        send(database, machines[turn % 3])
    assert database.queues.count(PRIORITY_QUEUE) == 3 * THRESHOLD
    clock.now += MIN_PAUSE
    assert all(send(database, one) == SECOND_QUEUE for one in machines)


def test_a_flood_elsewhere_is_forgotten_as_soon_as_one_here(clock: Clock) -> None:
    database = Database()
    here, there = machine(database, clock), machine(database, clock)
    here.update()
    for _ in range(500):
        send(database, there)
    clock.now += MIN_PAUSE
    assert here.is_high()
    clock.now += 20 * 60
    assert not here.is_high()
    assert not there.is_high()


def test_a_restart_forgets_no_flood_and_stops_no_quiet_day(clock: Clock) -> None:
    database = Database()
    before = machine(database, clock)
    for _ in range(100):
        send(database, before)
    after = machine(database, clock)
    assert after.is_high() or send(database, after) == PRIORITY_QUEUE
    assert send(database, after) == SECOND_QUEUE
    clock.now += 600
    for _ in range(50):
        clock.now += 600 / THRESHOLD
        assert send(database, after) == PRIORITY_QUEUE, "as many as may come at leisure"


def test_the_database_is_asked_once_a_second_and_less_often_where_it_is_slow(clock: Clock) -> None:
    database = Database()
    here = machine(database, clock)
    for _ in range(1000):
        send(database, here)
    assert database.asked == 2, "the letters of today, and all"

    def slow() -> int:
        clock.now += 0.2
        return len(database.queues)

    count, looks = SharedCount(slow, clock), []
    for _ in range(60):
        clock.now += 1.0
        begun = clock.now
        count.added_elsewhere()
        looks.append(clock.now > begun)
    assert sum(looks) <= 60 / (0.2 * shared_count.PAUSE_FACTOR) + 1

    def very_slow() -> int:
        clock.now += 100.0
        return 1

    count = SharedCount(very_slow, clock)
    count.added_elsewhere()
    clock.now += MAX_PAUSE
    begun = clock.now
    count.added_elsewhere()
    assert clock.now > begun, "it is looked again some time"


def test_a_database_that_is_away_changes_nothing_and_is_looked_at_later(clock: Clock) -> None:
    database = Database()
    here, there = machine(database, clock), machine(database, clock)
    here.update()
    for _ in range(THRESHOLD):
        send(database, there)
    clock.now += MIN_PAUSE
    database.away = True
    assert not here.is_high()
    database.away = False
    assert not here.is_high(), "not at once"
    clock.now += MIN_PAUSE
    assert here.is_high()


def test_rows_that_go_make_no_room_for_a_flood_and_hold_nobody_up(clock: Clock) -> None:
    """Desks erase, and the nightly work: fewer rows are no letters that came, nor that did not come."""
    database = Database()
    here = machine(database, clock)
    for _ in range(THRESHOLD + 1):
        send(database, here)
    del database.queues[:]
    clock.now += MIN_PAUSE
    assert here.is_high()
    clock.now += 600
    assert not here.is_high()


@pytest.mark.parametrize(("with_work", "dearer"), [(False, False), (True, True)])
def test_only_letters_with_work_make_work_dearer_on_the_other_machine(
    clock: Clock, *, with_work: bool, dearer: bool
) -> None:
    database = Database()
    here, there = machine(database, clock), machine(database, clock)
    for _ in range(4):  # here sees first that there is a flood, and from then on which letters come with work
        for _ in range(THRESHOLD * 8):
            send(database, there, with_work=with_work)
        clock.now += MIN_PAUSE
        here.update()
    assert here.required_bits() == there.required_bits()
    assert (here.required_bits() > BITS) == dearer
    assert here.accepted_bits() <= there.required_bits(), "what is asked there is taken here"


def test_places_asked_for_elsewhere_count_here(clock: Clock) -> None:
    people = [0]
    here = SharedBucket(10, lambda: people[0], clock)
    assert not here.is_high()
    people[0] += 10
    clock.now += MIN_PAUSE
    assert here.is_high()


# Real programs: each begun apart, so that no memory is shared


@dataclass
class Sender:
    """Sends letters as browsers do, which encrypt by themselves, to several ports."""

    identities: dict[str, pyrage.x25519.Identity]

    def letter(self) -> tuple[str, bytes]:
        """A letter's id and its ciphertext."""
        id = secrets.token_hex(16)
        keys = [str(self.identities[desk].to_public()) for desk in DESKS.split(",")]
        return id, encryption.seal({"form": "concern", "id": id, "answers": {"what": "x"}}, keys, 24576)

    def put(self, port: int, letter: tuple[str, bytes], **headers: str) -> tuple[int, int]:
        """Send it; return the status and how much work is asked."""
        id, body = letter
        named = {"Portal-Desks": DESKS, **{f"Portal-{name.title()}": value for name, value in headers.items()}}
        status, content = ask(port, "PUT", f"{ROAD}/letters/{id}", body, **named)
        return status, json.loads(content).get("bits", 0)


@pytest.fixture
def sender(district: Any) -> Sender:
    return Sender(district.identities)


@pytest.fixture(params=["PostgreSQL", "SQLite"])
def start(
    request: pytest.FixtureRequest, tmp_path: Path, district: Any
) -> Iterator[Callable[[str], tuple[int, ConcernStore]]]:
    """Starts a service with a memory of its own: before PostgreSQL on another machine, else beside the other."""
    portals.write(district.portal, tmp_path / "portal.json")
    running: list[Served] = []
    stores: list[ConcernStore] = []
    is_postgresql = request.param == "PostgreSQL"
    url = request.getfixturevalue("fresh") if is_postgresql else f"sqlite:///{tmp_path}/first/data/concerns.db"

    def begin(name: str) -> tuple[int, ConcernStore]:
        own = {"PORTAL_FLOOD_THRESHOLD": str(THRESHOLD), "PORTAL_SALT": SALT, "PORTAL_CONCERNS_URL": url}
        folder = tmp_path / (name if is_postgresql else "first")
        running.append(gunicorn(folder, tmp_path / "portal.json", **own))
        stores.append(ConcernStore(url))
        return running[-1].port, stores[-1]

    yield begin
    for store in stores:
        store.close()
    for each in running:
        each.stop()


def flood(sender: Sender, port: int) -> int:
    """Send letters until work is asked; return how much."""
    for _ in range(3 * THRESHOLD):
        status, bits = sender.put(port, sender.letter())
        if status == ASKED:
            return bits
        assert status == KEPT
    raise AssertionError("no work is asked")


def test_two_machines_before_one_database_have_one_threshold(
    start: Callable[[str], tuple[int, ConcernStore]], sender: Sender
) -> None:
    (first, store), (second, _) = start("first"), start("second")
    own = sender.letter()
    assert sender.put(second, own)[0] == KEPT
    flood(sender, first)
    until(lambda: sender.put(second, own)[0] == ASKED)  # sent again it is no second letter: only work is asked
    assert store.intake.count() <= 1 + THRESHOLD + 1, "and no threshold of its own for the second"


def test_who_is_started_in_a_flood_knows_of_it_and_takes_work_done_for_another(
    start: Callable[[str], tuple[int, ConcernStore]], sender: Sender
) -> None:
    first, store = start("first")
    bits = flood(sender, first)
    second, _ = start("second")
    free = [sender.put(second, sender.letter())[0] for _ in range(3)].count(KEPT)
    assert free <= 1, "and no threshold of its own after a start"
    id, body = sender.letter()
    work = next(str(number) for number in range(10**8) if is_proof_of_work(id, body, str(number), bits))
    before = store.intake.count()
    assert sender.put(second, (id, body), work=work)[0] == KEPT
    assert sender.put(first, (id, body), work=work)[0] == KEPT_BEFORE
    assert sender.put(first, sender.letter(), work=work)[0] == ASKED, "work is for one letter"
    assert store.intake.count() == before + 1
    assert store.intake.count(PRIORITY_QUEUE) == store.intake.count()
