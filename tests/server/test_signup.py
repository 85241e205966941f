"""Signing up, looking it up, cancelling."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from forms.server.web.current import state_of


def sign_up(endpoint: Any, people: str = "2", **more: str) -> Any:
    return endpoint.send("signup", event="meeting", people=people, **more)


def listed(endpoint: Any) -> list[dict[str, Any]]:
    return endpoint.pickup("signups", "events").get_json()["signups"]


def test_event_people_and_state_stand_in_clear_and_the_rest_is_sealed(endpoint: Any) -> None:
    sign_up(endpoint, name="Malar", phone="98400 00000")
    [row] = listed(endpoint)
    assert {name: row[name] for name in ("event", "people", "state")} == {
        "event": "meeting",
        "people": 2,
        "state": "coming",
    }
    everything = b"".join(path.read_bytes() for path in endpoint.data.rglob("*") if path.is_file())
    assert b"Malar" not in everything
    assert b"98400" not in everything


def test_what_is_kept_says_until_when_and_in_which_taluk(endpoint: Any) -> None:
    sent = sign_up(endpoint)
    for page in (sent, endpoint.post("cancel", code=endpoint.code(sent))):
        seen = page.get_data(as_text=True)
        assert "<dd>10:00–12:00</dd>" in seen
        assert "<dd>Here, Avadi</dd>" in seen


def test_the_events_desk_opens_it_and_the_other_desks_do_not_see_it(endpoint: Any) -> None:
    sign_up(endpoint, name="Malar")
    [row] = listed(endpoint)
    assert endpoint.pickup(f"signups/{row['id']}", "events").status_code == 200
    for desk in ("police", "legal", "partner"):
        assert endpoint.pickup("signups", desk).status_code == 404
        assert endpoint.pickup(f"signups/{row['id']}", desk).status_code == 404
        assert endpoint.letter_ids(desk) == []


def test_a_reload_takes_no_more_places(endpoint: Any) -> None:
    seen = endpoint.post("signup", event="meeting", people="3")
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', seen)
    codes = {
        endpoint.code(endpoint.post("signup", do="send", once=once, event="meeting", people="3")) for _ in range(3)
    }
    assert len(codes) == 1
    assert [row["people"] for row in listed(endpoint)] == [3]


def test_cancelling_gives_the_places_back_once_and_erases_what_was_told(endpoint: Any) -> None:
    code = endpoint.code(sign_up(endpoint, "5", name="Malar"))
    assert "Cancel my sign-up" in endpoint.post("cancel", code=code).get_data(as_text=True)
    for _ in range(2):
        assert "is cancelled" in endpoint.post("cancel", code=code, do="cancel").get_data(as_text=True)
    [row] = listed(endpoint)
    assert endpoint.pickup(f"signups/{row['id']}", "events").status_code == 404
    assert sign_up(endpoint, "5").status_code == 200


def test_an_old_page_loaded_again_after_cancelling_does_not_say_signed_up(endpoint: Any) -> None:
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', endpoint.post("signup", event="meeting", people="3"))
    code = endpoint.code(endpoint.post("signup", do="send", once=once, event="meeting", people="3"))
    endpoint.post("cancel", code=code, do="cancel")
    again = endpoint.post("signup", do="send", once=once, event="meeting", people="3").get_data(as_text=True)
    assert "is cancelled" in again
    assert "You are signed up" not in again


def test_a_concerns_receipt_is_no_signup_number(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("concern", what="x"))
    assert endpoint.post("cancel", code=code).status_code == 422
    assert endpoint.post("answer", code=endpoint.code(sign_up(endpoint))).status_code == 422


@pytest.mark.parametrize("event", ["past", "called-off", "open-air", "unknown", ""])
def test_events_that_take_nobody_are_said_so(endpoint: Any, event: str) -> None:
    answer = endpoint.post("signup", event=event, people="2", name="Malar")
    assert answer.status_code == 422
    assert 'id="event-error"' in answer.get_data(as_text=True)
    assert 'value="Malar"' in answer.get_data(as_text=True)


def test_an_event_can_be_chosen_in_the_address(endpoint: Any) -> None:
    page = endpoint.client.get("/forms/en/signup?event=meeting&name=ignored").get_data(as_text=True)
    assert 'value="meeting" selected' in page
    assert "ignored" not in page


def test_a_signup_for_an_event_that_left_the_table_can_still_be_cancelled(
    make_endpoint: Callable[..., Any], district: Any
) -> None:
    code = endpoint_code = make_endpoint()
    code = endpoint_code.code(sign_up(endpoint_code))
    later = make_endpoint(portal=replace(district.portal, events=()))
    assert "no longer in our list" in later.post("cancel", code=code).get_data(as_text=True)
    assert "is cancelled" in later.post("cancel", code=code, do="cancel").get_data(as_text=True)


def test_signups_are_erased_thirty_days_after_their_event(make_endpoint: Callable[..., Any]) -> None:
    sign_up(make_endpoint())
    late = make_endpoint(today=date(2027, 2, 23))
    late.desk_agrees()
    late.client.get("/forms/en/signup")
    assert listed(late)
    later = make_endpoint(today=date(2027, 2, 24))
    later.client.get("/forms/en/signup")
    assert listed(later) == []


def test_the_whole_endpoint_on_postgresql(make_endpoint: Callable[..., Any], postgres: str) -> None:
    own = make_endpoint(concerns_url=postgres, signups_url=postgres.replace("/postgres?", "/signups?"))
    receipt = own.code(own.send("concern", what="x"))
    assert own.post("answer", code=receipt).status_code == 200
    number = own.code(sign_up(own, "5"))
    assert "on the waiting list" in sign_up(own, "1").get_data(as_text=True)
    assert "is cancelled" in own.post("cancel", code=number, do="cancel").get_data(as_text=True)
    assert not list(own.data.glob("*.db")), "nothing is kept beside PostgreSQL"
    office = state_of(own.client.application).services
    for store in (office.concerns, office.signups, office.requests):
        store.metadata.drop_all(store.engine)
        store.close()
