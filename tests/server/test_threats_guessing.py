"""Guessing receipts: every way to try a look-up value is slowed, and no guesser keeps others from theirs."""

import json
import runpy
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forms.core.crypto import receipts
from forms.server.services.flood import flood_control, proof_of_work
from forms.server.services.flood.flood_control import FLOOD_THRESHOLD, FloodControl
from forms.server.services.flood.limiters import FileLimiter, LookupLimiter, QueuedSemaphore
from forms.server.services.flood.proof_of_work import BITS
from forms.server.web.current import state_of
from tests.patience import PATIENCE, until

from .conftest import CHEAP
from .test_sealed import ask, derived, new_id, put, sealed_addition, sealed_letter, send_letter

ROOT = Path(__file__).parents[2]


def office_of(endpoint: Any) -> Any:
    return state_of(endpoint.client.application).services


def found_work(lookup: str, bits: int) -> str:
    return next(str(n) for n in range(10**7) if proof_of_work.is_proof_of_work(lookup, b"", str(n), bits))


@pytest.fixture
def guessed(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An endpoint at which somebody guesses by each way there is."""
    monkeypatch.setattr(flood_control, "BITS", 6)
    monkeypatch.setattr(LookupLimiter, "DELAY", 0.0)
    office = office_of(endpoint)
    for gate in (office.lookups, office.signup_lookups, office.browser_lookups):
        for _ in range(FLOOD_THRESHOLD + 1):
            gate.record_miss()
    return endpoint


# Every way to try a look-up value of a browser


def by_lookup(endpoint: Any, value: str, **headers: str) -> Any:
    body = json.dumps({"lookup": value, "language": "ta"})
    return endpoint.client.post("/forms/sealed/v1/lookups", data=body, headers=headers, content_type="application/json")


def by_erasure(endpoint: Any, value: str, **headers: str) -> Any:
    body = json.dumps({"lookup": value, "proof": "0" * 64})
    return endpoint.client.post(
        "/forms/sealed/v1/erasures", data=body, headers=headers, content_type="application/json"
    )


def by_adding(endpoint: Any, value: str, **headers: str) -> Any:
    id = new_id()
    body = sealed_letter(endpoint, id, "legal", form="followup")
    more = {"Portal-Desks": "legal", "Portal-Follows": value, **headers}
    return endpoint.client.put(f"/forms/sealed/v1/letters/{id}", data=body, headers=more)


def by_part(endpoint: Any, value: str, **headers: str) -> Any:
    more = {"Portal-Desks": "legal", "Portal-Follows": value, **headers}
    return endpoint.client.put(f"/forms/sealed/v1/parts/{'0' * 32}", data=b"x", headers=more)


WAYS = [by_lookup, by_erasure, by_adding, by_part]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_is_counted(endpoint: Any, way: Callable[..., Any]) -> None:
    gate = office_of(endpoint).browser_lookups
    for _ in range(FLOOD_THRESHOLD + 1):
        assert way(endpoint, secrets.token_hex(32)).status_code == 404
    assert gate.is_high()


@pytest.mark.parametrize("way", WAYS)
def test_while_somebody_guesses_every_way_asks_for_work_for_just_this_value(
    guessed: Any, way: Callable[..., Any]
) -> None:
    known = derived(guessed).lookup.hex()
    unknown = secrets.token_hex(32)
    refused = [way(guessed, value) for value in (known, unknown)]
    assert [one.status_code for one in refused] == [428, 428], "known or not, the answer is the same"
    assert refused[0].get_json() == refused[1].get_json() == {**refused[0].get_json(), "lookup": True, "bits": 6}
    work = found_work(unknown, 6)
    assert way(guessed, unknown, **{"Portal-Lookup-Work": work}).status_code == 404
    other = next(
        value
        for value in iter(lambda: secrets.token_hex(32), "")
        if not proof_of_work.is_proof_of_work(value, b"", work, 6)
    )
    assert way(guessed, other, **{"Portal-Lookup-Work": work}).status_code == 428, "it serves no other guess"


def test_with_work_the_letter_is_found_and_added_to(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = send_letter(endpoint, "legal,partner")
    monkeypatch.setattr(flood_control, "BITS", 6)
    for _ in range(FLOOD_THRESHOLD + 1):
        office_of(endpoint).browser_lookups.record_miss()
    known = derived(endpoint).lookup.hex()
    assert ask(endpoint).status_code == 428
    work = {"Portal-Lookup-Work": found_work(known, 6)}
    assert by_lookup(endpoint, known, **work).get_json()["id"] == first
    headers = {"Portal-Desks": "legal,partner", "Portal-Follows": known, **work}
    body = sealed_addition(endpoint, first, "legal,partner")
    answer = endpoint.client.put(f"/forms/sealed/v1/letters/{new_id()}", data=body, headers=headers)
    assert answer.status_code == 201


def test_guesses_with_work_make_work_dearer() -> None:
    gate = LookupLimiter(FloodControl(clock=lambda: 0.0))
    for _ in range(FLOOD_THRESHOLD * 5):
        gate.record_miss(with_work=True)
    assert gate.required_bits() > BITS


@pytest.mark.parametrize("missing", [1, 4])
def test_a_letter_with_a_part_that_is_not_here_tells_nothing_of_a_look_up_value(endpoint: Any, missing: int) -> None:
    """It was an oracle of 275 guesses a second: 409 "another letter has this" for a hit, "parts missing" for a miss."""
    send_letter(endpoint)
    parts = ",".join(secrets.token_hex(16) for _ in range(missing))
    answers = []
    for value in (derived(endpoint).lookup.hex(), secrets.token_hex(32)):
        id = new_id()
        headers = {"Portal-Desks": "legal", "Portal-Parts": parts, "Portal-Lookup": value}
        answers.append(
            endpoint.client.put(
                f"/forms/sealed/v1/letters/{id}", data=sealed_letter(endpoint, id, "legal"), headers=headers
            )
        )
    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[0].get_json() == answers[1].get_json()
    assert answers[0].get_json()["missing"] == sorted(parts.split(","))


def test_nor_does_one_of_own_whose_id_is_taken(endpoint: Any) -> None:
    """The sender's own letter again, with a guess: whether the guess hits or not, its id is taken."""
    send_letter(endpoint)
    id = new_id()
    body = sealed_letter(endpoint, id, "legal")
    assert put(endpoint, f"letters/{id}", body, "legal", lookup=secrets.token_hex(32)).status_code == 201
    guesses = (derived(endpoint).lookup.hex(), secrets.token_hex(32))
    answers = [put(endpoint, f"letters/{id}", body, "legal", lookup=value) for value in guesses]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[0].get_json() == answers[1].get_json()


def test_a_guess_by_a_letter_that_is_kept_asks_for_work_after_a_few(endpoint: Any) -> None:
    statuses: list[int] = []
    while 428 not in statuses and len(statuses) < FLOOD_THRESHOLD * 2:
        id = new_id()
        body = sealed_letter(endpoint, id, "legal")
        statuses.append(put(endpoint, f"letters/{id}", body, "legal", lookup=secrets.token_hex(32)).status_code)
    assert statuses[-1] == 428
    assert set(statuses[:-1]) == {201}


# Without a script


@pytest.mark.parametrize("form", ["answer", "followup", "cancel", "change"])
def test_every_form_that_takes_a_number_counts_wrong_ones(endpoint: Any, form: str) -> None:
    office = office_of(endpoint)
    gate = office.signup_lookups if form in {"cancel", "change"} else office.lookups
    for number in range(FLOOD_THRESHOLD + 1):
        endpoint.post(form, code=receipts.with_check_digit(number), do="send", what="x", people="1")
    assert gate.is_high()


@pytest.mark.parametrize(
    ("form", "kept"),
    [("answer", "code"), ("cancel", "code"), ("followup", "what"), ("change", "people")],
)
def test_who_is_turned_away_keeps_the_number_and_what_was_typed(
    endpoint: Any, form: str, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LookupLimiter, "TIMEOUT", 0.0)
    office = office_of(endpoint)
    code = receipts.with_check_digit(1234567)
    for gate in (office.lookups, office.signup_lookups):
        while gate.semaphore.acquire(0):
            pass
    answer = endpoint.post(form, "ta", do="send", code=code, what="marked-words", people="3")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert code in page
    assert {"code": code, "what": "marked-words</textarea>", "people": 'value="3"'}[kept] in page
    assert "பலர்" in page


def test_guessers_of_one_kind_stop_no_other_kind(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LookupLimiter, "TIMEOUT", 0.0)
    office = office_of(endpoint)
    letter, signup = endpoint.send("concern", what="x"), endpoint.send("signup", event="meeting", people="1")
    codes = {"answer": endpoint.code(letter), "cancel": endpoint.code(signup)}
    known = receipts.derive(receipts.read(codes["answer"]), office.salt, "concern", CHEAP).lookup.hex()
    tries = {
        "lookups": lambda: endpoint.post("answer", code=codes["answer"]).status_code,
        "signup_lookups": lambda: endpoint.post("cancel", code=codes["cancel"]).status_code,
        "browser_lookups": lambda: by_lookup(endpoint, known).status_code,
    }
    for stopped in tries:
        gate = getattr(office, stopped)
        inside = 0
        while gate.semaphore.acquire(0):
            inside += 1
        assert {name: send() for name, send in tries.items()} == {
            name: 503 if name == stopped else 200 for name in tries
        }
        assert endpoint.code(endpoint.send("concern", what=stopped)), "letters go on"
        for _ in range(inside):
            gate.semaphore.release()


def test_eight_clients_that_guess_without_a_pause_keep_nobody_from_an_answer(endpoint: Any) -> None:
    office = office_of(endpoint)
    code = endpoint.code(endpoint.send("concern", what="x"))
    for _ in range(FLOOD_THRESHOLD + 1):
        office.browser_lookups.record_miss()
    stop = threading.Event()

    def guess() -> None:
        client = endpoint.client.application.test_client()
        while not stop.is_set():
            client.post("/forms/sealed/v1/lookups", json={"lookup": secrets.token_hex(32), "language": "ta"})

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        assert [endpoint.post("answer", code=code).status_code for _ in range(5)] == [200] * 5
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_the_line_is_served_in_order_and_has_an_end() -> None:
    room, served = QueuedSemaphore(permits=1, max_waiting=3), []
    assert room.acquire(0)

    def wait(name: int) -> None:
        assert room.acquire(PATIENCE)
        served.append(name)
        room.release()

    threads = []
    for name in range(3):
        threads.append(threading.Thread(target=wait, args=(name,)))
        threads[-1].start()
        until(lambda name=name: len(room.waiting) > name)
    assert not room.acquire(PATIENCE), "three wait already: told at once"
    room.release()
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2]
    assert room.acquire(0), "it is free again"


def test_whoever_gives_up_waiting_leaves_the_line() -> None:
    room = QueuedSemaphore(permits=1, max_waiting=1)
    assert room.acquire(0)
    assert not room.acquire(0.01)  # nobody leaves
    room.release()
    assert room.acquire(0)


def test_look_ups_and_photos_leave_threads_for_words() -> None:
    conf = runpy.run_path(str(ROOT / "deploy" / "gunicorn.conf.py"))
    most = 3 * (LookupLimiter.MAX_ACTIVE + LookupLimiter.MAX_WAITING) + FileLimiter.MAX_ACTIVE
    assert conf["threads"] - most >= 2


# What was done is said


@pytest.mark.parametrize("fails", ["find", "groups_before"])
def test_a_sign_up_that_was_changed_or_cancelled_is_said_whatever_fails_after_it(
    endpoint: Any, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    from forms.server.store.faults import NotKept  # noqa: PLC0415 - only here

    office = office_of(endpoint)
    code = endpoint.code(endpoint.send("signup", event="meeting", people="1"))
    whole, changed = getattr(office.signups, fails), office.signups.change

    def away(*_: Any) -> Any:
        raise NotKept("store", "It is away.")

    def change(*words: Any, **more: Any) -> Any:
        done = changed(*words, **more)
        monkeypatch.setattr(office.signups, fails, away)
        return done

    monkeypatch.setattr(office.signups, "change", change)
    answer = endpoint.post("change", do="send", code=code, people="3")
    monkeypatch.setattr(office.signups, fails, whole)
    assert answer.status_code == 200
    assert [item.people for item in office.signups.all_signups()] == [3]
    assert endpoint.post("cancel", do="cancel", code=code).status_code == 200
    assert [item.state for item in office.signups.all_signups()] == ["cancelled"]
