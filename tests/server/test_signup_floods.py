"""Sign-ups that somebody makes up to take every place, and what staff do about them."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pyrage
import pytest

from forms.core.crypto import encryption
from forms.server.services.flood.flood_control import PLACES_THRESHOLD
from forms.server.store.signups import waiting_list
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.signups.signup_tables import COMING, WAITING, LineFull, Signup
from forms.server.web.current import state_of
from tests.server.conftest import dropped_after
from tests.server.test_waiting_list import lookup, url

__all__ = ["url"]  # the fixture

DAY = date(2027, 1, 24)
SEALED = encryption.seal({"name": "x"}, [str(pyrage.x25519.Identity.generate().to_public())])


@pytest.fixture
def store(url: str) -> Iterator[SignupStore]:
    with dropped_after(SignupStore(url)) as opened:
        yield opened


def join(store: SignupStore, id: str, people: int = 1, capacity: int = 5, *, hold: bool = False) -> str:
    signup = Signup(id.ljust(32, "0"), "meeting", people, WAITING)
    kept = store.save(signup, lookup(id), SEALED, capacity=capacity, last_day=DAY, hold=hold)
    return kept.state if kept else "larger"


def states(store: SignupStore) -> dict[str, str]:
    return {item.id.rstrip("0"): item.state for item in store.all_signups()}


def test_staff_take_a_made_up_sign_up_out_and_the_line_moves_up(store: SignupStore) -> None:
    assert [join(store, name, 5) for name in ("troll", "family")] == [COMING, WAITING]
    assert store.remove("troll".ljust(32, "0"), 5)
    assert states(store) == {"troll": "cancelled", "family": COMING}
    assert store.sealed_part("troll".ljust(32, "0")) is None
    assert store.places_taken("meeting") == 5
    assert not store.remove("f" * 32, 5)


def test_a_group_that_blocks_the_line_is_passed_over(store: SignupStore) -> None:
    join(store, "first", 2)
    assert [join(store, name, people) for name, people in (("block", 5), ("small", 1))] == [WAITING, WAITING]
    assert store.pass_over("block".ljust(32, "0"), 5)
    assert states(store) == {"first": COMING, "block": WAITING, "small": COMING}


def test_while_sign_ups_surge_only_staff_give_places_out(store: SignupStore) -> None:
    assert join(store, "early") == COMING
    assert join(store, "troll", hold=True) == WAITING
    assert join(store, "family") == WAITING, "places are free, but only staff give them out now"
    store.move_lines_up({"meeting": 5})
    assert store.held_events() == ("meeting",)
    assert store.let_in("family".ljust(32, "0"), 5)
    assert states(store) == {"early": COMING, "troll": WAITING, "family": COMING}
    assert not store.let_in("family".ljust(32, "0"), 5), "it is in"
    store.remove("troll".ljust(32, "0"), 5)
    store.let_go("meeting", 5)
    assert store.held_events() == ()
    assert join(store, "next") == COMING


def test_staff_let_nobody_in_beyond_the_places(store: SignupStore) -> None:
    join(store, "all", 5)
    join(store, "more", 1)
    assert not store.let_in("more".ljust(32, "0"), 5)
    assert store.places_taken("meeting") == 5


def test_the_line_has_an_end(store: SignupStore) -> None:
    join(store, "all", 5)
    for number in range(waiting_list.max_groups(5)):
        assert join(store, f"w{number:03}x") == WAITING
    with pytest.raises(LineFull):
        join(store, "late")
    assert len(store.all_signups()) == waiting_list.max_groups(5) + 1


def test_a_full_line_is_said_and_the_words_stay(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forms.server.store.signups.waiting_list.max_groups", lambda _: 0)
    once = endpoint.search(
        r'name="once" value="([0-9a-f]+)"',
        endpoint.post("signup", "ta", event="meeting", people="2", adult="yes", name="மலர்"),
    )
    answer = endpoint.post("signup", "ta", do="send", once=once, event="meeting", people="2", adult="yes", name="மலர்")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "மலர்" in page
    assert "காத்திருக்கிறார்கள்" in page


def test_after_many_places_at_once_the_next_group_waits_for_staff(endpoint: Any) -> None:
    office = state_of(endpoint.client.application).services
    office.places.count(PLACES_THRESHOLD + 5)
    once = endpoint.search(
        r'name="once" value="([0-9a-f]+)"', endpoint.post("signup", event="meeting", people="1", adult="yes")
    )
    answer = endpoint.post("signup", do="send", once=once, event="meeting", people="1", adult="yes")
    assert endpoint.code(answer)
    assert [item.state for item in office.signups.all_signups()] == [WAITING]
    assert office.signups.held_events() == ("meeting",)


def test_a_sign_up_that_was_kept_is_never_called_not_sent(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-ups are flooded, or the database goes away, in the moment after the sign-up was kept."""
    office = state_of(endpoint.client.application).services
    once = endpoint.search(
        r'name="once" value="([0-9a-f]+)"', endpoint.post("signup", event="meeting", people="1", adult="yes")
    )
    gate = office.signup_lookups
    monkeypatch.setattr(gate, "TIMEOUT", 0.0)
    busy = [gate.semaphore.acquire(timeout=0) for _ in range(gate.MAX_ACTIVE)]
    assert all(busy)
    answer = endpoint.post("signup", do="send", once=once, event="meeting", people="1", adult="yes")
    assert "Not sent" not in answer.get_data(as_text=True)
    assert endpoint.code(answer)
    assert len(office.signups.all_signups()) == 1


def test_the_events_desk_acts_by_its_api_and_it_is_written_down(endpoint: Any) -> None:
    office = state_of(endpoint.client.application).services
    office.signups.save(Signup("a" * 32, "meeting", 2, WAITING), b"a" * 32, SEALED, capacity=5, last_day=DAY)
    headers = {"Authorization": "Bearer token-events"}
    other = {"Authorization": "Bearer token-police"}
    path = f"/pickup/v1/signups/{'a' * 32}/remove"
    assert endpoint.client.post(path, headers=other).status_code == 404
    assert endpoint.client.post(path.replace("remove", "burn"), headers=headers).status_code == 404
    assert endpoint.client.post(path, headers=headers).status_code == 204
    assert [item.state for item in office.signups.all_signups()] == ["cancelled"]
    log = endpoint.client.get("/pickup/v1/access", headers=headers).json["access"]
    assert [(row["what"], row["letter"]) for row in log] == [("sign-up: remove", "a" * 32)]
