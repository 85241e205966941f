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
from forms.server.services import flood_control, mailbox
from forms.server.services.flood_control import (
    BITS,
    FLOOD_THRESHOLD,
    MOST_BITS,
    Busy,
    FloodControl,
    LeakyBucket,
    LookupLimiter,
)
from forms.server.services.mailbox import FOR_PARTS, FOR_SECOND_QUEUE, Full
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
    assert not counted(LeakyBucket(clock=clock), FLOOD_THRESHOLD - 1).is_high()
    assert counted(LeakyBucket(clock=clock), FLOOD_THRESHOLD).is_high()


def test_a_flood_of_a_hundred_thousand_is_forgotten_twenty_minutes_after_its_end() -> None:
    clock = Clock()
    bucket = counted(LeakyBucket(clock=clock), 100_000)
    clock.now += 9 * 60
    assert bucket.is_high()
    clock.now += 11 * 60
    assert not bucket.is_high()


@pytest.mark.parametrize("jump", [-(10**9), 10**9])
def test_a_clock_that_jumps_leaves_no_lasting_pressure(jump: int) -> None:
    clock = Clock()
    bucket = counted(LeakyBucket(clock=clock), FLOOD_THRESHOLD)
    clock.now += jump
    counted(bucket, 1)
    clock.now += 1300
    assert not bucket.is_high()


def test_workers_of_one_server_share_the_pressure() -> None:
    bucket = LeakyBucket()
    child = os.fork()
    if not child:
        counted(bucket, FLOOD_THRESHOLD + 5)
        os._exit(0)
    os.waitpid(child, 0)
    assert bucket.is_high()


def test_letters_with_work_make_work_dearer_but_never_hopeless() -> None:
    letters = FloodControl(clock=Clock())
    asked = [letters.bits()]
    for _ in range(FLOOD_THRESHOLD * 64):
        letters.count(worked=True)
        asked.append(letters.bits())
    assert (asked[0], asked[-1]) == (BITS, MOST_BITS)
    assert asked == sorted(asked)
    assert letters.enough() == MOST_BITS - 1, "work for what was asked a moment ago is taken"


def test_letters_without_work_make_no_work_dearer() -> None:
    letters = FloodControl(clock=Clock())
    for _ in range(1000):
        letters.count()
    assert (letters.is_high(), letters.bits()) == (True, BITS)


# Look-ups


def test_few_look_ups_run_at_once_and_the_next_is_told_to_come_back(monkeypatch: Any) -> None:
    monkeypatch.setattr(LookupLimiter, "PATIENCE", 0.01)
    gate = LookupLimiter()
    inside = [gate.one() for _ in range(LookupLimiter.AT_ONCE)]
    for one in inside:
        one.__enter__()
    with pytest.raises(Busy, match="few minutes"), gate.one():
        pass
    inside[0].__exit__(None, None, None)
    with gate.one():
        pass


def test_while_somebody_guesses_each_look_up_waits() -> None:
    slept: list[float] = []
    gate = LookupLimiter(FloodControl(clock=Clock()), slept.append)
    with gate.one():
        pass
    assert slept == []
    for _ in range(FLOOD_THRESHOLD):
        gate.missed()
    with gate.one():
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
    monkeypatch.setattr(LookupLimiter, "PATIENCE", 0.1)
    office = state_of(endpoint.client.application).services
    go_on, at_work = threading.Event(), threading.Semaphore(0)

    def slow(_: bytes) -> None:
        at_work.release()
        go_on.wait(300)

    monkeypatch.setattr(office.concerns.receipts, "progress", slow)
    monkeypatch.setattr(office.lookups, "sleep", lambda _: slow(b""))
    for _ in range(FLOOD_THRESHOLD + 1):
        office.lookups.missed()

    def guess(number: int) -> int:
        client = endpoint.client.application.test_client()
        code = receipts.with_check_digit(number)
        return int(client.post("/forms/ta/answer", data={"code": code}).status_code)

    with ThreadPoolExecutor(LookupLimiter.AT_ONCE) as pool:
        guesses = [pool.submit(guess, number) for number in range(LookupLimiter.AT_ONCE)]
        for _ in range(LookupLimiter.AT_ONCE):
            assert at_work.acquire(timeout=120)
        assert endpoint.code(endpoint.send("concern", what="while they guess"))
        turned_away = endpoint.post("answer", "ta", code=receipts.with_check_digit(99))
        go_on.set()
        assert [each.result() for each in guesses] == [422] * LookupLimiter.AT_ONCE
    assert turned_away.status_code == 503
    assert 'lang="ta"' in turned_away.get_data(as_text=True)
    assert "/ta/help/" in turned_away.get_data(as_text=True)


# The budget of disk


@pytest.fixture
def measured_each_time(monkeypatch: Any) -> None:
    monkeypatch.setattr("forms.server.store.database.MEASURED_EVERY", 0)


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
        mailbox.take_sealed_part(
            office, encryption.seal_part({}, secrets.token_bytes(9), keys)[1], ["police"], DAY, office.concerns
        )

    kept = [until_full(part)]
    assert office.concerns.size / office.budget == pytest.approx(FOR_PARTS, abs=0.1)
    monkeypatch.setattr(FloodControl, "is_high", lambda _: True)
    kept.append(until_full(lambda: office.save(coming(endpoint))))
    assert office.concerns.size / office.budget == pytest.approx(FOR_SECOND_QUEUE, abs=0.05)
    kept.append(until_full(lambda: office.save(coming(endpoint), worked=True)))
    assert min(kept) > 2, kept
    assert [row.tray for row in office.concerns.inbox.waiting("police", "police")].count(1) == kept[2]


def test_what_was_erased_is_room_again(make_endpoint: Any, measured_each_time: None) -> None:
    """A flood that desks have dropped must not leave the box full for ever (SQLite's file does not shrink)."""
    endpoint = make_endpoint(budget=1_000_000)
    office = state_of(endpoint.client.application).services
    assert until_full(lambda: office.save(coming(endpoint))) > 3
    for id in endpoint.letter_ids():
        endpoint.pickup(f"letters/{id}", method="DELETE")
    assert office.concerns.size < 200_000
    assert endpoint.code(endpoint.send("concern", what="there is room"))


def test_postgresql_is_measured_by_what_it_holds(postgres: str, make_endpoint: Any, measured_each_time: None) -> None:
    endpoint = make_endpoint(concerns_url=postgres, budget=200_000)
    office = state_of(endpoint.client.application).services
    assert until_full(lambda: office.save(coming(endpoint))) > 3
    for id in endpoint.letter_ids():
        endpoint.pickup(f"letters/{id}", method="DELETE")
    assert office.concerns.size == 0
    office.concerns.metadata.drop_all(office.concerns.engine)


def test_work_is_checked_for_this_very_letter() -> None:
    work = next(str(n) for n in range(100_000) if flood_control.is_worked("a", b"sealed", str(n), 8))
    assert not flood_control.is_worked("b", b"sealed", work, 20)
    for odd in ("", "-1", "٣", "1" * 21, "x"):
        assert not flood_control.is_worked("a", b"sealed", odd, 0)
