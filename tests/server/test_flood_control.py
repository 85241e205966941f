"""Pressure without looking at anybody: floods of letters, of letters with work, of guessed receipts."""

import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from forms.core.crypto import encryption, receipts
from forms.server.services import sending
from forms.server.services.flood import proof_of_work
from forms.server.services.flood.flood_control import FLOOD_THRESHOLD, FloodControl
from forms.server.services.flood.leaky_bucket import LeakyBucket
from forms.server.services.flood.limiters import Busy, LookupLimiter
from forms.server.services.flood.proof_of_work import BITS, MAX_BITS
from forms.server.services.mailbox import PARTS_SHARE, SECOND_QUEUE_SHARE, Full
from forms.server.store.concerns.letters import NewLetter
from forms.server.web.current import state_of

DAY = date(2027, 1, 1)


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def counted(bucket: LeakyBucket, times: int) -> LeakyBucket:
    for _ in range(times):
        bucket.count()
    return bucket


def test_a_training_day_is_no_flood_and_many_letters_are() -> None:
    clock = Clock()
    assert not counted(LeakyBucket(FLOOD_THRESHOLD, clock), FLOOD_THRESHOLD - 1).is_high()
    assert counted(LeakyBucket(FLOOD_THRESHOLD, clock), FLOOD_THRESHOLD).is_high()


def test_a_flood_of_a_hundred_thousand_is_forgotten_twenty_minutes_after_its_end() -> None:
    clock = Clock()
    bucket = counted(LeakyBucket(FLOOD_THRESHOLD, clock), 100_000)
    clock.now += 9 * 60
    assert bucket.is_high()
    clock.now += 11 * 60
    assert not bucket.is_high()


@pytest.mark.parametrize("jump", [-(10**9), 10**9])
def test_a_clock_that_jumps_leaves_no_lasting_pressure(jump: int) -> None:
    clock = Clock()
    bucket = counted(LeakyBucket(FLOOD_THRESHOLD, clock), FLOOD_THRESHOLD)
    clock.now += jump
    counted(bucket, 1)
    clock.now += 1300
    assert not bucket.is_high()


def test_workers_of_one_server_share_the_pressure() -> None:
    bucket = LeakyBucket(FLOOD_THRESHOLD)
    child = os.fork()
    if not child:
        counted(bucket, FLOOD_THRESHOLD + 5)
        os._exit(0)
    os.waitpid(child, 0)
    assert bucket.is_high()


def test_letters_with_work_make_work_dearer_but_never_hopeless() -> None:
    letters = FloodControl(clock=Clock())
    required = [letters.required_bits()]
    for _ in range(FLOOD_THRESHOLD * 64):
        letters.count(with_work=True)
        required.append(letters.required_bits())
    assert (required[0], required[-1]) == (BITS, MAX_BITS)
    assert required == sorted(required)
    assert letters.accepted_bits() == MAX_BITS - 1, "work for what was asked a moment ago is taken"


def test_letters_without_work_make_no_work_dearer() -> None:
    letters = FloodControl(clock=Clock())
    for _ in range(1000):
        letters.count()
    assert (letters.is_high(), letters.required_bits()) == (True, BITS)


# Look-ups


def test_few_look_ups_run_at_once_and_the_next_is_told_to_come_back(monkeypatch: Any) -> None:
    monkeypatch.setattr(LookupLimiter, "TIMEOUT", 0.01)
    gate = LookupLimiter()
    inside = [gate.slot() for _ in range(LookupLimiter.MAX_ACTIVE)]
    for one in inside:
        one.__enter__()
    with pytest.raises(Busy, match="few minutes"), gate.slot():
        pass
    inside[0].__exit__(None, None, None)
    with gate.slot():
        pass


def test_while_somebody_guesses_each_look_up_waits() -> None:
    slept: list[float] = []
    gate = LookupLimiter(FloodControl(clock=Clock()), slept.append)
    with gate.slot():
        pass
    assert slept == []
    for _ in range(FLOOD_THRESHOLD):
        gate.record_miss()
    with gate.slot():
        pass
    assert slept == [LookupLimiter.DELAY]


@pytest.mark.parametrize("form", ["answer", "cancel"])
def test_wrong_receipts_are_counted_and_right_ones_are_not(endpoint: Any, form: str) -> None:
    office = state_of(endpoint.client.application).services
    if form == "answer":
        sent = endpoint.send("concern", what="x")
    else:
        sent = endpoint.send("signup", event="meeting", people="1")
    for _ in range(FLOOD_THRESHOLD + 5):
        assert endpoint.post(form, code=endpoint.code(sent)).status_code == 200
    gate = office.lookups if form == "answer" else office.signup_lookups
    assert not gate.is_high()
    for number in range(FLOOD_THRESHOLD + 1):
        assert endpoint.post(form, code=receipts.with_check_digit(number)).status_code == 422
    assert gate.is_high()


def test_a_flood_of_guesses_holds_no_letter_up(endpoint: Any, monkeypatch: Any) -> None:
    """All look-ups that may run at once hang; a letter is sent, and a look-up more is told so in its language."""
    monkeypatch.setattr(LookupLimiter, "TIMEOUT", 0.1)
    office = state_of(endpoint.client.application).services
    go_on, at_work = threading.Event(), threading.Semaphore(0)

    def slow(_: bytes) -> None:
        at_work.release()
        go_on.wait(300)

    monkeypatch.setattr(office.concerns.receipts, "progress", slow)
    monkeypatch.setattr(office.lookups, "sleep", lambda _: slow(b""))
    for _ in range(FLOOD_THRESHOLD + 1):
        office.lookups.record_miss()

    def guess(number: int) -> int:
        client = endpoint.client.application.test_client()
        code = receipts.with_check_digit(number)
        return int(client.post("/forms/ta/answer", data={"code": code}).status_code)

    with ThreadPoolExecutor(LookupLimiter.MAX_ACTIVE) as pool:
        guesses = [pool.submit(guess, number) for number in range(LookupLimiter.MAX_ACTIVE)]
        for _ in range(LookupLimiter.MAX_ACTIVE):
            assert at_work.acquire(timeout=120)
        assert endpoint.code(endpoint.send("concern", what="while they guess"))
        turned_away = endpoint.post("answer", "ta", code=receipts.with_check_digit(99))
        go_on.set()
        assert [each.result() for each in guesses] == [422] * LookupLimiter.MAX_ACTIVE
    assert turned_away.status_code == 503
    assert 'lang="ta"' in turned_away.get_data(as_text=True)
    assert "/ta/help/" in turned_away.get_data(as_text=True)


# The budget of disk


@pytest.fixture
def measured_each_time(monkeypatch: Any) -> None:
    monkeypatch.setattr("forms.server.store.database.MEASURE_INTERVAL", 0)


def coming(endpoint: Any) -> NewLetter:
    id = secrets.token_hex(16)
    keys = [str(endpoint.identities["police"].to_public())]
    return NewLetter(id, id, "concern", DAY, None, encryption.seal({"what": "x"}, keys, 24576), ("police",))


def until_full(keep_one: Callable[[], object]) -> int:
    """How many are kept before there is no room."""
    for number in range(200):
        try:
            keep_one()
        except Full:
            return number
    raise AssertionError("never full")


def test_photos_are_refused_first_then_the_second_tray_then_the_first(
    make_endpoint: Any, monkeypatch: Any, measured_each_time: None
) -> None:
    endpoint = make_endpoint(budget=1_000_000)
    office = state_of(endpoint.client.application).services
    keys = [str(endpoint.identities["police"].to_public())]

    def part() -> None:
        sending.keep_sealed_part(
            office, encryption.seal_part({}, secrets.token_bytes(9), keys)[1], ["police"], DAY, office.concerns
        )

    kept = [until_full(part)]
    assert office.concerns.size / office.budget == pytest.approx(PARTS_SHARE, abs=0.1)
    monkeypatch.setattr(FloodControl, "is_high", lambda _: True)
    kept.append(until_full(lambda: office.keep_concern(coming(endpoint))))
    assert office.concerns.size / office.budget == pytest.approx(SECOND_QUEUE_SHARE, abs=0.05)
    kept.append(until_full(lambda: office.keep_concern(coming(endpoint), with_work=True)))
    assert min(kept) > 2, kept
    assert [row.tray for row in office.concerns.inbox.waiting("police", "police")].count(1) == kept[2]


def test_what_was_erased_is_room_again(make_endpoint: Any, measured_each_time: None) -> None:
    """A flood that desks have dropped must not leave the box full for ever (SQLite's file does not shrink)."""
    endpoint = make_endpoint(budget=1_000_000)
    office = state_of(endpoint.client.application).services
    assert until_full(lambda: office.keep_concern(coming(endpoint))) > 3
    for id in endpoint.letter_ids():
        endpoint.pickup(f"letters/{id}", method="DELETE")
    assert office.concerns.size < 200_000
    assert endpoint.code(endpoint.send("concern", what="there is room"))


def test_postgresql_is_measured_by_what_it_holds(postgres: str, make_endpoint: Any, measured_each_time: None) -> None:
    endpoint = make_endpoint(concerns_url=postgres, budget=200_000)
    office = state_of(endpoint.client.application).services
    assert until_full(lambda: office.keep_concern(coming(endpoint))) > 3
    for id in endpoint.letter_ids():
        endpoint.pickup(f"letters/{id}", method="DELETE")
    assert office.concerns.size == 0
    office.concerns.metadata.drop_all(office.concerns.engine)


def test_work_is_checked_for_this_very_letter() -> None:
    work = next(str(n) for n in range(100_000) if proof_of_work.is_proof_of_work("a", b"sealed", str(n), 8))
    assert not proof_of_work.is_proof_of_work("b", b"sealed", work, 20)
    for odd in ("", "-1", "٣", "1" * 21, "x"):
        assert not proof_of_work.is_proof_of_work("a", b"sealed", odd, 0)
