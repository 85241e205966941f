"""Letters that are no concerns, to ask for a visit or about goods: sealed, answered, worked alike, and kept apart."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pyrage
import pytest

from forms.core.crypto import encryption
from forms.core.portal import Choice
from forms.server.web.current import state_of

VISIT = {"kind": "play", "where": "marked-village-கிராமம்", "contact": "marked-contact", "group": "school"}
ENQUIRY = {"question": "marked-question-பை", "contact": "marked-contact"}
ALL = [("visit", VISIT, "events"), ("enquiry", ENQUIRY, "partner")]


def answer_to(endpoint: Any, desk: str, text: str) -> str:
    """Answer the one waiting letter of a desk, as any age tool would; its id."""
    [letter] = endpoint.open_letters(desk)
    sealed = encryption.seal({"text": text, "state": "looking"}, [letter["reply_to"]])
    path = f"letters/{letter['id']}"
    assert endpoint.pickup(f"{path}/answers/1", desk, "PUT", data=sealed).status_code == 204
    return str(letter["id"])


@pytest.mark.parametrize(("form", "answers", "desk"), ALL)
def test_it_comes_to_its_desk_and_the_answer_comes_back(endpoint: Any, form: str, answers: Any, desk: str) -> None:
    seen = endpoint.post(form, **answers)
    assert "Not sent yet" in seen.get_data(as_text=True)
    assert f"Desk {desk}" in seen.get_data(as_text=True)
    assert endpoint.letter_ids(desk) == [], "nothing is kept before the second press"
    code = endpoint.code(endpoint.send(form, **answers))
    [letter] = endpoint.open_letters(desk)
    assert letter["form"] == form
    assert letter["answers"] == answers
    assert "nobody has fetched it yet" in endpoint.post("answer", code=code).get_data(as_text=True)
    id = answer_to(endpoint, desk, "Yes, on Sunday")
    assert endpoint.pickup(f"letters/{id}/acknowledge", desk, "POST").status_code == 204
    page = endpoint.post("answer", code=code).get_data(as_text=True)
    assert "Yes, on Sunday" in page
    assert "marked" not in page, "the receipt does not show what was written"
    assert endpoint.letter_ids(desk) == []


@pytest.mark.parametrize(("form", "answers", "desk"), ALL)
def test_other_desks_cannot_learn_that_it_exists(endpoint: Any, form: str, answers: Any, desk: str) -> None:
    endpoint.send(form, **answers)
    [id] = endpoint.letter_ids(desk)
    sealed = endpoint.pickup(f"letters/{id}", desk).data
    answer = encryption.seal({"text": "x"}, [encryption.unused_key()])
    for other in {"police", "legal", "partner", "events"} - {desk}:
        assert endpoint.letter_ids(other) == []
        tried = [
            endpoint.pickup(f"letters/{id}", other),
            endpoint.pickup(f"letters/{id}/acknowledge", other, "POST"),
            endpoint.pickup(f"letters/{id}", other, "DELETE"),
            endpoint.pickup(f"letters/{id}/answers/1", other, "PUT", data=answer),
            endpoint.pickup(f"letters/{id}/entries/{'0' * 32}", other, "PUT", data=sealed),
        ]
        nowhere = endpoint.pickup(f"letters/{'0' * 32}", other)
        assert {(one.status_code, one.data) for one in tried} == {(404, nowhere.data)}
    assert endpoint.letter_ids(desk) == [id]


def test_the_desk_works_it_like_any_letter(endpoint: Any) -> None:
    """Case log, copies for another desk, the log of who did what, and erasing."""
    endpoint.send("visit", **VISIT)
    [id] = endpoint.letter_ids("events")
    sealed = endpoint.pickup(f"letters/{id}", "events").data
    entry = "e" * 32
    assert endpoint.pickup(f"letters/{id}/entries/{entry}", "events", "PUT", data=sealed).status_code == 204
    assert [row["id"] for row in endpoint.pickup("entries", "events").get_json()["entries"]] == [entry]
    assert endpoint.pickup(f"entries/{entry}", "events").data == sealed
    anew = encryption.seal({"form": "visit"}, [str(endpoint.identities["police"].to_public())])
    to = {"Authorization": "Bearer token-events", "Portal-For": "police"}
    path = f"/pickup/v1/letters/{id}/copies/{id}"
    assert endpoint.client.put(path, headers=to, data=anew).status_code == 204
    assert endpoint.letter_ids("police") == [id]
    assert endpoint.pickup(f"letters/{id}", "police").data == anew
    did = [row["what"] for row in endpoint.pickup("access", "events").get_json()["access"]]
    assert sorted(did) == ["fetched", "sealed anew", "wrote"]
    assert endpoint.pickup(f"letters/{id}", "events", "DELETE").status_code == 204
    assert endpoint.letter_ids("events") == []
    assert endpoint.letter_ids("police") == [id]


def test_a_person_adds_to_it_and_asks_that_it_be_erased(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("visit", **VISIT))
    [id] = endpoint.letter_ids("events")
    endpoint.pickup(f"letters/{id}/acknowledge", "events", "POST")
    shown = endpoint.post("followup", code=code, do="write")
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', shown)
    assert endpoint.post("followup", code=code, do="send", once=once, what="not on Sunday").status_code == 200
    [added] = endpoint.open_letters("events")
    assert (added["follows"], added["answers"]) == (id, {"what": "not on Sunday"})
    assert endpoint.post("answer", code=code, do="delete-now").status_code == 200
    assert endpoint.post("answer", code=code).status_code == 422
    assert [letter["form"] for letter in endpoint.open_letters("events")] == ["deletion"]


def test_a_photo_added_to_it_lies_with_it_and_not_with_concerns(endpoint: Any) -> None:
    from tests.server.test_never_broken import photo  # noqa: PLC0415 - one maker of photos

    code = endpoint.code(endpoint.send("visit", **VISIT))
    shown = endpoint.post("followup", code=code, do="write")
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', shown)
    sent = endpoint.post("followup", code=code, do="send", once=once, photos=[(photo(), "a.jpg")])
    assert sent.status_code == 200
    letters = endpoint.pickup("letters", "events").get_json()["letters"]
    [part] = [part for letter in letters for part in letter["parts"]]
    assert endpoint.pickup(f"parts/{part}", "events").status_code == 200
    assert endpoint.pickup(f"parts/{part}", "police").status_code == 404


def test_requests_lie_with_the_sign_ups_and_concerns_do_not(endpoint: Any) -> None:
    endpoint.send("visit", **VISIT)
    endpoint.send("enquiry", **ENQUIRY)
    office = state_of(endpoint.client.application).services
    assert office.concerns.inbox.waiting("partner", "partner") == ()
    assert [item.form for item in office.requests.inbox.waiting("partner", "partner")] == ["enquiry"]
    endpoint.send("concern", what="x")
    assert len(office.concerns.inbox.waiting("partner", "partner")) == 1
    assert len(office.requests.inbox.waiting("partner", "partner")) == 1


def test_nothing_written_stands_on_the_disk(endpoint: Any) -> None:
    codes = [endpoint.code(endpoint.send(form, **answers)) for form, answers, _ in ALL]
    everything = b"".join(path.read_bytes() for path in endpoint.data.rglob("*") if path.is_file())
    assert b"age-encryption.org" in everything, "the search reads what was written"
    for mark in ("marked", "கிராமம்", "play", *codes, *(code.replace(" ", "") for code in codes)):
        assert mark.encode() not in everything


def test_a_reload_is_no_second_letter_and_a_concerns_receipt_no_requests(endpoint: Any) -> None:
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', endpoint.post("visit", **VISIT))
    codes = {endpoint.code(endpoint.post("visit", do="send", once=once, **VISIT)) for _ in range(3)}
    assert len(codes) == 1
    assert len(endpoint.letter_ids("events")) == 1
    assert endpoint.post("cancel", code=codes.pop()).status_code == 422


@pytest.mark.parametrize(
    ("form", "answers", "message"),
    [
        ("visit", {"where": "here"}, "Please choose what you wish for"),
        ("visit", {"kind": "play"}, "so that somebody can find it"),
        ("visit", {**VISIT, "people": "many"}, "Please write a number, like 12"),
        ("visit", {**VISIT, "place": "moon"}, "one of the answers in the list"),
        ("enquiry", {"contact": "marked-contact"}, "Please write what you want to ask"),
        ("enquiry", {**ENQUIRY, "question": "x" * 2001}, "This is too long"),
        ("enquiry", {**ENQUIRY, "goods": "no-such"}, "one of the answers in the list"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_typed_is_lost(endpoint: Any, form: str, answers: Any, message: str) -> None:
    page = endpoint.post(form, **answers)
    assert page.status_code == 422
    assert message in page.get_data(as_text=True)
    kept = answers.get("contact") or answers.get("where") or 'value="play" checked'
    assert kept in page.get_data(as_text=True)


def test_goods_of_the_table_can_be_chosen_and_all_of_them_at_once(
    make_endpoint: Callable[..., Any], district: Any
) -> None:
    goods = (Choice("bag", {"en": "Bag", "ta": "பை"}), Choice("soap", {"en": "Soap"}))
    portal = replace(district.portal, choices={**district.portal.choices, "goods": goods})
    own = make_endpoint(portal=portal)
    assert "பை" in own.client.get("/forms/ta/enquiry").get_data(as_text=True)
    own.send("enquiry", goods=["bag", "soap", "other"], **ENQUIRY)
    assert own.open_letters("partner")[0]["answers"]["goods"] == ["bag", "soap", "other"]


def test_where_no_desk_reads_them_there_is_no_such_form(make_endpoint: Callable[..., Any], district: Any) -> None:
    desks = tuple(replace(desk, reads=("concern", "signup")) for desk in district.portal.desks)
    own = make_endpoint(portal=replace(district.portal, desks=desks))
    for form, answers, _ in ALL:
        assert own.client.get(f"/forms/en/{form}").status_code == 404
        assert own.post(form, **answers).status_code == 404


def test_a_crowd_of_concerns_does_not_push_a_request_down(endpoint: Any) -> None:
    office = state_of(endpoint.client.application).services
    for _ in range(40):
        office.flood_control.count()
    endpoint.send("visit", **VISIT)
    assert [row["tray"] for row in endpoint.pickup("letters", "events").get_json()["letters"]] == [1]


def test_a_full_box_is_told_and_nothing_is_kept(make_endpoint: Callable[..., Any]) -> None:
    own = make_endpoint(budget=1)
    answer = own.send("visit", **VISIT)
    assert answer.status_code == 503
    assert "Not sent. Please try again." in answer.get_data(as_text=True)
    assert VISIT["where"] in answer.get_data(as_text=True)
    assert own.letter_ids("events") == []


def test_they_go_when_they_were_kept_long_enough(make_endpoint: Callable[..., Any], district: Any) -> None:
    portal = replace(district.portal, keep={**district.portal.keep, "requests_days": 10})
    first = make_endpoint(portal=portal)
    code = first.code(first.send("visit", **VISIT))
    unread = make_endpoint(portal=portal, today=date(2027, 2, 1))
    unread.desk_agrees()
    assert unread.post("answer", code=code).status_code == 200, "nothing unread is erased"
    [id] = unread.letter_ids("events")
    unread.pickup(f"letters/{id}/acknowledge", "events", "POST")
    assert make_endpoint(portal=portal, today=date(2027, 2, 2)).post("answer", code=code).status_code == 422


def test_requests_on_postgresql(make_endpoint: Callable[..., Any], postgres: str) -> None:
    own = make_endpoint(concerns_url=postgres, signups_url=postgres.replace("/postgres?", "/signups?"))
    code = own.code(own.send("visit", **VISIT))
    answer_to(own, "events", "Yes")
    assert "Yes" in own.post("answer", code=code).get_data(as_text=True)
    assert json.loads(pyrage.decrypt(own.pickup(f"letters/{own.letter_ids('events')[0]}", "events").data,
                                     [own.identities["events"]]))["form"] == "visit"  # fmt: skip
    office = state_of(own.client.application).services
    for store in (office.concerns, office.signups, office.requests):
        store.metadata.drop_all(store.engine)
        store.close()
