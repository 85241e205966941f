"""The waiting list: exact under a crowd, in order, on both databases; and what a person sees of it."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyrage
import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from forms.core.crypto import encryption
from forms.core.portal import Helpline
from forms.server.store.faults import NotKept
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.signups.signup_tables import CANCELLED, CHANGED, COMING, NOT_THERE, TOO_MANY, WAITING, Signup
from forms.server.web.current import state_of
from tests.server.conftest import dropped_after

DAY = date(2027, 1, 24)
SEALED = encryption.seal({"name": "x"}, [str(pyrage.x25519.Identity.generate().to_public())])


def lookup(id: str) -> bytes:
    return id.encode().ljust(32)


def join(store: SignupStore, id: str, people: int = 1, capacity: int = 5) -> str:
    signup = Signup(id, "meeting", people, WAITING)
    kept = store.save(signup, lookup(id), SEALED, capacity=capacity, last_day=DAY)
    return kept.state if kept else "larger"


def states(store: SignupStore) -> dict[str, str]:
    return {item.id: item.state for item in store.all_signups()}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/signups.db"
    return str(request.getfixturevalue("postgres")).replace("/postgres?", "/signups?")


@pytest.fixture
def store(url: str) -> Iterator[SignupStore]:
    with dropped_after(SignupStore(url)) as opened:
        yield opened


# The line


def test_fifty_at_once_for_the_last_seat(store: SignupStore) -> None:
    join(store, "before", 4)
    with ThreadPoolExecutor(50) as pool:
        got = list(pool.map(lambda number: join(store, f"person-{number:02}"), range(50)))
    assert sorted(got) == [COMING] + [WAITING] * 49
    assert store.places_taken("meeting") == 5
    turns = [item.turn for item in store.all_signups() if item.state == WAITING]
    assert turns == sorted(set(turns)), "each has its own place"
    order = [item.id for item in store.all_signups() if item.state == WAITING]
    assert store.cancel(lookup("before"), capacity=5)
    assert [id for id, state in states(store).items() if state == COMING and id in order] == sorted(order[:4])


def test_fifty_cancel_sign_up_and_change_at_once_and_the_count_is_right(store: SignupStore) -> None:
    for number in range(20):
        join(store, f"old-{number:02}", 1 + number % 3, 12)

    def act(number: int) -> None:
        if number % 3 == 0:
            store.cancel(lookup(f"old-{number % 20:02}"), capacity=12)
        elif number % 3 == 1:
            store.change(lookup(f"old-{number % 20:02}"), 1 + number % 4, SEALED, capacity=12)
        else:
            join(store, f"new-{number:02}", 1 + number % 3, 12)

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(act, range(50)))
    coming = sum(item.people for item in store.all_signups() if item.state == COMING)
    assert store.places_taken("meeting") == coming <= 12
    waiting = [item for item in store.all_signups() if item.state == WAITING]
    assert waiting
    assert coming + waiting[0].people > 12, "whoever is first in the line does not fit"


def test_the_same_sign_up_cancelled_and_changed_by_many_at_once_gives_its_places_back_once(store: SignupStore) -> None:
    for number in range(10):
        join(store, f"{number}", 2, 20)
    with ThreadPoolExecutor(40) as pool:
        changed = [pool.submit(store.change, lookup(f"{n % 10}"), 1, None, capacity=None) for n in range(40)]
        cancelled = [pool.submit(store.cancel, lookup(f"{n % 5}")) for n in range(40)]
    assert sum(one.result() for one in cancelled) == 5
    assert {one.result() for one in changed} <= {CHANGED, NOT_THERE}
    assert store.places_taken("meeting") == sum(one.people for one in store.all_signups() if one.state == COMING) == 5


def test_a_small_group_does_not_overtake_a_large_one(store: SignupStore) -> None:
    assert [join(store, "a", 4), join(store, "large", 3), join(store, "small", 1)] == [COMING, WAITING, WAITING]
    small = store.find(lookup("small"))
    assert small
    assert store.groups_before(small) == 1
    store.cancel(lookup("large"), capacity=5)
    assert states(store) == {"a": COMING, "large": CANCELLED, "small": COMING}, "nobody stands before it now"


def test_a_smaller_group_frees_places_for_the_line(store: SignupStore) -> None:
    join(store, "a", 5)
    join(store, "b", 2)
    assert store.change(lookup("a"), 3, None, capacity=5) == CHANGED
    assert states(store) == {"a": COMING, "b": COMING}
    assert store.places_taken("meeting") == 5


def test_who_comes_grows_only_into_places_for_which_nobody_waits(store: SignupStore) -> None:
    join(store, "a", 2)
    assert store.change(lookup("a"), 4, None, capacity=5) == CHANGED
    join(store, "large", 3)
    assert store.change(lookup("a"), 5, SEALED + b"new", capacity=5) == TOO_MANY
    assert store.sealed_part("a") == SEALED, "nothing is half changed"
    assert store.change(lookup("a"), 6, None, capacity=5) == TOO_MANY
    assert store.find(lookup("a")) == Signup("a", "meeting", 4, COMING)


def test_who_waits_keeps_the_turn_with_another_number_of_people(store: SignupStore) -> None:
    join(store, "a", 5)
    join(store, "b", 1)
    join(store, "c", 1)
    assert store.change(lookup("b"), 2, None, capacity=5) == CHANGED
    assert [item.id for item in store.all_signups() if item.state == WAITING] == ["b", "c"]
    assert store.change(lookup("b"), 6, None, capacity=5) == TOO_MANY


def test_what_is_told_anew_replaces_the_old_and_says_so(store: SignupStore) -> None:
    join(store, "a", 2)
    assert store.change(lookup("a"), 2, SEALED + b"new", capacity=None) == CHANGED
    assert store.sealed_part("a") == SEALED + b"new"
    assert store.find(lookup("a")) == Signup("a", "meeting", 2, COMING, version=1)
    assert store.change(lookup("b"), 2, None, capacity=5) == NOT_THERE
    store.cancel(lookup("a"))
    assert store.change(lookup("a"), 1, SEALED, capacity=5) == NOT_THERE
    assert store.sealed_part("a") is None, "what was told stays erased"


def test_a_lowered_capacity_throws_nobody_out_and_lets_nobody_in(store: SignupStore) -> None:
    join(store, "a", 3)
    join(store, "b", 2)
    assert join(store, "c", 1, capacity=2) == WAITING
    store.move_lines_up({"meeting": 2})
    assert states(store) == {"a": COMING, "b": COMING, "c": WAITING}
    store.cancel(lookup("b"), capacity=2)
    assert states(store)["c"] == WAITING, "three come where there are two places"
    store.cancel(lookup("a"), capacity=2)
    assert states(store)["c"] == COMING


def test_a_raised_capacity_lets_the_line_in_by_itself(store: SignupStore) -> None:
    join(store, "a", 5)
    join(store, "b", 2)
    join(store, "c", 2)
    store.move_lines_up({"meeting": 8, "another": 3})
    assert states(store) == {"a": COMING, "b": COMING, "c": WAITING}


def test_a_group_larger_than_the_whole_event_cannot_wait_in_vain_and_stops_nobody(store: SignupStore) -> None:
    assert join(store, "huge", 6) == "larger"
    assert store.all_signups() == ()
    join(store, "a", 5)
    join(store, "large", 4)
    join(store, "small", 2)
    store.move_lines_up({"meeting": 3})
    store.cancel(lookup("a"), capacity=3)
    assert states(store) == {"a": CANCELLED, "large": WAITING, "small": COMING}
    store.move_lines_up({"meeting": 6})
    assert states(store)["large"] == COMING, "it kept its turn"


def test_sent_twice_it_waits_once(store: SignupStore) -> None:
    join(store, "a", 5)
    assert [join(store, "b"), join(store, "b")] == [WAITING, WAITING]
    assert len(store.all_signups()) == 2
    store.cancel(lookup("b"), capacity=5)
    assert join(store, "b") == CANCELLED, "a reload of an old page does not sign up again"


def test_a_database_of_an_older_version_gains_its_columns_and_loses_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    old = sa.create_engine(url)
    with old.begin() as connection:
        for line in (
            "CREATE TABLE places (event VARCHAR(80) PRIMARY KEY, taken INTEGER NOT NULL, last_day DATE NOT NULL)",
            "CREATE TABLE signups (id VARCHAR(32) PRIMARY KEY, lookup BLOB UNIQUE NOT NULL, event VARCHAR(80) NOT NULL,"
            " people INTEGER NOT NULL, state VARCHAR(10) NOT NULL, sealed BLOB NOT NULL)",
            "INSERT INTO places VALUES ('meeting', 4, '2027-01-24')",
        ):
            connection.exec_driver_sql(line)
        row = (lookup("a"), SEALED)
        connection.exec_driver_sql("INSERT INTO signups VALUES ('a', ?, 'meeting', 4, 'coming', ?)", row)
    old.dispose()
    opened = SignupStore(url)
    assert [join(opened, "b", 1), join(opened, "c", 1)] == [COMING, WAITING]
    assert opened.find(lookup("a")) == Signup("a", "meeting", 4, COMING)
    opened.close()


class Model(RuleBasedStateMachine):
    """Any order of signing up, changing, cancelling and other capacities, beside a plain list."""

    store: SignupStore

    @initialize()
    def begin(self) -> None:
        self.capacity, self.number = 6, 0
        self.line: list[tuple[str, int]] = []
        self.coming: dict[str, int] = {}
        with self.store.writing() as connection:
            for table in reversed(self.store.metadata.sorted_tables):
                connection.execute(table.delete())

    def move_up(self) -> None:
        for one in [one for one in self.line if one[1] <= self.capacity]:
            if sum(self.coming.values()) + one[1] > self.capacity:
                return
            self.line.remove(one)
            self.coming[one[0]] = one[1]

    @rule(people=st.integers(1, 7))
    def sign_up(self, people: int) -> None:
        self.number += 1
        name = f"{self.number:03}"
        outcome = join(self.store, name, people, self.capacity)
        if people > self.capacity:
            assert outcome == "larger"
            return
        self.line.append((name, people))
        self.move_up()
        assert outcome == (COMING if name in self.coming else WAITING)

    def one(self, number: int) -> str:
        names = sorted([*self.coming, *(name for name, _ in self.line)])
        return names[number % len(names)] if names else "nobody"

    @rule(number=st.integers(0, 50))
    def cancel(self, number: int) -> None:
        name = self.one(number)
        assert self.store.cancel(lookup(name), capacity=self.capacity) is (name != "nobody")
        self.coming.pop(name, None)
        self.line = [one for one in self.line if one[0] != name]
        self.move_up()

    @rule(number=st.integers(0, 50), people=st.integers(1, 7))
    def change(self, number: int, people: int) -> None:
        name = self.one(number)
        before = self.coming.get(name) or dict(self.line).get(name, 0)
        taken, waits = sum(self.coming.values()), any(size <= self.capacity for _, size in self.line)
        may = people <= before or (
            people <= self.capacity
            and (name not in self.coming or (taken - before + people <= self.capacity and not waits))
        )
        expected = NOT_THERE if name == "nobody" else CHANGED if may else TOO_MANY
        assert self.store.change(lookup(name), people, None, capacity=self.capacity) == expected
        if expected == CHANGED:
            if name in self.coming:
                self.coming[name] = people
            self.line = [(one, people if one == name else size) for one, size in self.line]
            self.move_up()

    @rule(capacity=st.integers(1, 9))
    def another_capacity(self, capacity: int) -> None:
        self.capacity = capacity
        self.store.move_lines_up({"meeting": capacity})
        self.move_up()

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        found = self.store.all_signups()
        assert {one.id: one.people for one in found if one.state == COMING} == self.coming
        assert [(one.id, one.people) for one in found if one.state == WAITING] == self.line
        assert self.store.places_taken("meeting") == sum(self.coming.values())


def test_any_order_of_events_agrees_with_a_plain_list(store: SignupStore) -> None:
    machine = type("Here", (Model,), {"store": store})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None))


# What a person sees


def sign_up(endpoint: Any, people: str = "2", **more: Any) -> Any:
    return endpoint.send("signup", event="meeting", people=people, **more)


def listed(endpoint: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = endpoint.pickup("signups", "events").get_json()["signups"]
    return rows


def words(answer: Any) -> str:
    """What a page says, without its marks."""
    return " ".join(re.sub("<[^>]*>", " ", answer.get_data(as_text=True)).split())


def with_event(district: Any, **changes: Any) -> Any:
    """The portal after staff changed the event "meeting" in their table."""
    events = tuple(replace(one, **changes) if one.id == "meeting" else one for one in district.portal.events)
    return replace(district.portal, events=events)


def opened(endpoint: Any, id: str) -> dict[str, Any]:
    sealed = endpoint.pickup(f"signups/{id}", "events").data
    found: dict[str, Any] = json.loads(pyrage.decrypt(sealed, [endpoint.identities["events"]]))
    return found


def test_a_full_event_is_said_before_sending_and_one_may_wait(endpoint: Any) -> None:
    first = endpoint.code(sign_up(endpoint, "4"))
    seen = endpoint.post("signup", event="meeting", people="2", name="Malar")
    assert "There are not enough places left" in words(seen)
    assert "Join the waiting list" in words(seen)
    code = endpoint.code(sign_up(endpoint, "2", name="Malar"))
    assert "You do not have a place yet" in words(endpoint.post("cancel", code=code))
    assert "Your place in the line: 1" in words(endpoint.post("cancel", code=code))
    assert [(row["people"], row["state"], row["turn"] > 0) for row in listed(endpoint)] == [
        (4, "coming", False), (2, "waiting", True),
    ]  # fmt: skip
    endpoint.post("cancel", code=first, do="cancel")
    assert "You are signed up" in words(endpoint.post("cancel", code=code))


def test_when_the_last_places_go_between_looking_and_sending_it_is_told(endpoint: Any) -> None:
    seen = endpoint.post("signup", event="meeting", people="2")
    assert "If the last places go before you press" in words(seen)
    sign_up(endpoint, "4")
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', seen)
    sent = endpoint.post("signup", do="send", once=once, event="meeting", people="2")
    assert "You are on the waiting list" in words(sent)
    assert "You are signed up" not in words(sent)


def test_an_address_that_names_a_full_or_closed_event_says_so_at_once(endpoint: Any) -> None:
    sign_up(endpoint, "5")
    for event, message in {
        "meeting": "All places are taken now", "past": "This event is over", "called-off": "is cancelled",
        "open-air": "Nobody can sign up for this event", "nothing": "is not in our list", "": "Which event?",
    }.items():  # fmt: skip
        page = words(endpoint.client.get(f"/forms/en/signup?event={event}"))
        assert message in page
        assert "All places are taken" not in page or event == "meeting"


@pytest.mark.parametrize(
    ("event", "message"), [("past", "This event is over"), ("called-off", "cancelled"), ("gone", "not in our list")]
)
def test_why_an_event_takes_nobody_is_said_and_nothing_typed_is_lost(endpoint: Any, event: str, message: str) -> None:
    answer = endpoint.post("signup", event=event, people="2", name="Malar")
    assert answer.status_code == 422
    assert message in words(answer)
    assert 'value="Malar"' in answer.get_data(as_text=True)


def test_a_group_larger_than_the_event_is_told_and_nothing_is_lost(endpoint: Any) -> None:
    answer = endpoint.post("signup", event="meeting", people="6", name="Malar")
    assert answer.status_code == 422
    assert "The whole event has fewer places" in words(answer)
    assert 'value="Malar"' in answer.get_data(as_text=True)


def test_under_eighteen_and_alone_is_not_signed_up_but_shown_whom_to_ask(
    make_endpoint: Callable[..., Any], district: Any
) -> None:
    child = Helpline("1098", "10 98", "1098", "child", True, {"en": "For children", "ta": "குழந்தைக்கு உதவி"}, {})
    own = make_endpoint(portal=replace(district.portal, helplines=(*district.portal.helplines, child)))
    answer = own.post("signup", "ta", event="meeting", people="1", adult="no", name="Malar", do="send", once="0" * 32)
    assert answer.status_code == 422
    assert 'href="tel:1098"' in answer.get_data(as_text=True)
    assert "குழந்தைக்கு உதவி" in words(answer)
    assert 'value="Malar"' in answer.get_data(as_text=True), "with a grown-up, nothing is typed again"
    assert listed(own) == []
    assert own.post("signup", event="meeting", people="1", adult="").status_code == 422, "it must be answered"
    assert own.send("signup", event="meeting", people="1", adult="with").status_code == 200


def test_needs_and_consent_reach_the_events_desk_and_no_phone_is_for_reminders_without_it(endpoint: Any) -> None:
    needs = ["interpreter", "child-care", "transport", "step-free", "woman-officer"]
    sign_up(endpoint, "1", phone="98400 00000", remind="yes", help_with=needs, needs="a chair")
    sign_up(endpoint, "1", phone="98400 00001")
    sign_up(endpoint, "1", remind="yes")
    letters = [opened(endpoint, row["id"]) for row in listed(endpoint)]
    assert {letter["answers"].get("phone"): letter["remind"] for letter in letters} == {
        "98400 00000": True, "98400 00001": False, None: False,
    }  # fmt: skip
    answers = next(letter["answers"] for letter in letters if letter["remind"])
    assert answers["help_with"] == needs
    assert answers["needs"] == "a chair"


def test_changing_the_number_keeps_what_was_told(endpoint: Any) -> None:
    code = endpoint.code(sign_up(endpoint, "2", name="Malar"))
    assert 'value="2"' in endpoint.post("change", code=code, do="show").get_data(as_text=True)
    answer = endpoint.post("change", code=code, do="send", people="3")
    assert "Your change is kept" in words(answer)
    assert "3 people" in words(answer)
    [row] = listed(endpoint)
    assert (row["people"], row["version"]) == (3, 0)
    assert opened(endpoint, row["id"])["answers"]["name"] == "Malar"


def test_what_is_told_anew_takes_the_place_of_all_that_was_told(endpoint: Any) -> None:
    code = endpoint.code(sign_up(endpoint, "2", name="Malar", phone="98400 00000"))
    endpoint.post("change", code=code, do="send", people="2", phone="98400 00001", remind="yes")
    [row] = listed(endpoint)
    letter = opened(endpoint, row["id"])
    assert (row["version"], letter["answers"]["phone"], letter["remind"]) == (1, "98400 00001", True)
    assert "name" not in letter["answers"]
    endpoint.post("change", code=code, do="send", people="2", anew="yes")
    assert opened(endpoint, row["id"])["answers"] == {}


def test_more_people_than_places_is_told_and_nothing_is_lost(endpoint: Any) -> None:
    code = endpoint.code(sign_up(endpoint, "2"))
    sign_up(endpoint, "3")
    answer = endpoint.post("change", code=code, do="send", people="4", name="Malar")
    assert answer.status_code == 409
    assert "Nothing was changed" in words(answer)
    assert 'value="Malar"' in answer.get_data(as_text=True)
    assert sorted(row["people"] for row in listed(endpoint)) == [2, 3]
    wrong = endpoint.post("change", code=code, do="send", people="many", phone="call me", name="Malar")
    assert wrong.status_code == 422
    assert "Please write a number, like 3" in words(wrong)
    assert "with digits only" in words(wrong)
    assert 'value="Malar"' in wrong.get_data(as_text=True)


def test_changing_without_a_number_or_with_an_unknown_one(endpoint: Any) -> None:
    for answer in (
        endpoint.client.get("/forms/en/change"),
        endpoint.post("change", code="", do="send", people="2"),
        endpoint.post("change", code="12", do="send", people="2"),
        endpoint.post("change", code="0" * 20, do="send", people="2"),
    ):
        assert answer.status_code == 422
        assert "open it with its number first" in words(answer)


def test_a_moved_event_is_said_loudly_with_its_old_day(make_endpoint: Callable[..., Any], district: Any) -> None:
    code = make_endpoint().code(sign_up(make_endpoint()))
    moved = with_event(district, state="moved", was="2027-01-24T10:00", starts="2027-02-07T10:00", ends="")
    page = words(make_endpoint(portal=moved).post("cancel", code=code))
    assert "This event has moved" in page
    assert "24 January 2027" in page
    assert "7 February 2027" in page


def test_a_cancelled_event_is_said_loudly_and_nothing_can_be_changed(
    make_endpoint: Callable[..., Any], district: Any
) -> None:
    code = make_endpoint().code(sign_up(make_endpoint()))
    later = make_endpoint(portal=with_event(district, state="cancelled"))
    page = later.post("cancel", code=code)
    assert "It does not take place" in words(page)
    assert "/change" not in page.get_data(as_text=True)
    assert "Your change is kept" not in words(later.post("change", code=code, do="send", people="1"))
    assert [row["people"] for row in listed(later)] == [2]


def test_a_past_event_is_said_so(make_endpoint: Callable[..., Any]) -> None:
    code = make_endpoint().code(sign_up(make_endpoint()))
    over = make_endpoint(today=date(2027, 1, 25))
    over.desk_agrees()
    assert "This event is over" in words(over.post("cancel", code=code))


def test_a_sign_up_of_an_event_that_left_the_table_is_found_and_says_what_to_do(
    make_endpoint: Callable[..., Any], district: Any
) -> None:
    first = make_endpoint()
    code, waits = first.code(sign_up(first, "5")), first.code(sign_up(first, "2"))
    later = make_endpoint(portal=replace(district.portal, events=()))
    for number in (code, waits):
        assert "Do not travel before you have asked" in words(later.post("cancel", code=number))
    later.post("cancel", code=code, do="cancel")
    assert [row["state"] for row in listed(later)] == ["cancelled", "waiting"], "nobody moves up into nothing"
    assert "You are signed up" in words(make_endpoint().post("cancel", code=waits)), "the event is back, with room"


def test_capacity_lowered_and_raised_by_a_new_build(make_endpoint: Callable[..., Any], district: Any) -> None:
    first = make_endpoint()
    sign_up(first, "3")
    waits = first.code(sign_up(first, "3"))
    small = make_endpoint(portal=with_event(district, capacity=2))
    assert [row["state"] for row in listed(small)] == ["coming", "waiting"]
    page = words(small.post("cancel", code=waits))
    assert "fewer places than your group" in page
    large = make_endpoint(portal=with_event(district, capacity=6))
    assert [row["state"] for row in listed(large)] == ["coming", "coming"], "no request of theirs was needed"


def test_fifty_people_press_at_once_for_the_last_seat(endpoint: Any) -> None:
    sign_up(endpoint, "4")

    def press(number: int) -> str:
        own = replace(endpoint, client=endpoint.client.application.test_client())
        return (
            "waiting" if "waiting list" in words(sign_up(own, "1", name=f"p{number}")).split("Your sign-up")[0] else ""
        )

    with ThreadPoolExecutor(50) as pool:
        got = list(pool.map(press, range(50)))
    assert sorted(got) == [""] + ["waiting"] * 49
    assert sum(row["people"] for row in listed(endpoint) if row["state"] == "coming") == 5


def test_a_store_that_is_away_loses_nothing_typed(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    code = endpoint.code(sign_up(endpoint, "2"))
    office = state_of(endpoint.client.application).services

    def away(*_: Any, **__: Any) -> None:
        raise NotKept("store", "away")

    monkeypatch.setattr(office.signups, "save", away)
    monkeypatch.setattr(office.signups, "change", away)
    answers = (
        sign_up(endpoint, "1", name="Malar"),
        endpoint.post("change", code=code, do="send", people="1", name="Malar"),
    )
    for answer in answers:
        assert answer.status_code == 503
        assert 'value="Malar"' in answer.get_data(as_text=True)
