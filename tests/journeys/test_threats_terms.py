"""What a server that is taken over asks of the script, and what the sizes on the line tell about desks left out."""

import json
from pathlib import Path
from typing import Any

import pytest

from forms.core.crypto.receipts import Cost, with_check_digit
from forms.server.services.flood.proof_of_work import MAX_BITS
from tests.journeys.conftest import ROOT
from tests.journeys.telling import fill, review, send
from tests.journeys.test_sealing import phone, photo

__all__ = ["phone"]  # the fixture

UNSAFE = "asked your phone for a lock that is not safe"
KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
DESK = {"id": "police", "keys": [KEY]}
BAD = [
    {"memory": 8},
    {"memory": 63},
    {"memory": 10**9},
    {"memory": "64"},
    {"memory": None},
    {"passes": 0},
    {"passes": 1000},
    {"passes": 1.5},
    {"parallelism": 4},
    {"salt": ""},
    {"salt": "00" * 15},
    {"salt": "00" * 100},
    {"salt": "zz" * 32},
    {"day": "soon"},
    {"desks": []},
    {"desks": [DESK, DESK]},
    {"desks": [{"id": "police", "keys": []}]},
    {"desks": [{"id": "police", "keys": ["age1none"]}]},
    {"desks": [{"id": "police", "keys": [KEY] * 1000}]},
    {"desks": [{"id": "../police", "keys": [KEY]}]},
]


def changed_terms(phone: Any, **changes: Any) -> None:
    def answer(route: Any) -> None:
        found = route.fetch()
        route.fulfill(response=found, body=json.dumps({**found.json(), **changes}))

    phone.route("**/forms/sealed/v1/terms", answer)


def test_the_floor_is_the_cost_of_receipts() -> None:
    """The journeys lower it in the built script alone; the source has what the server asks for."""
    text = (ROOT / "site" / "browser" / "src" / "terms.js").read_text("utf-8")
    assert f'"{Cost().memory}/{Cost().passes}"' in text
    assert f"MOST_BITS = {MAX_BITS + 4}" in text


def test_terms_out_of_bounds_lock_and_send_nothing(phone: Any) -> None:
    for changes in BAD:
        phone.unroute_all()
        changed_terms(phone, **changes)
        phone.goto("/en/tell/")
        fill(phone, "what", "words to be kept")
        review(phone)
        phone.asked.clear()
        phone.locator(".look .button").nth(0).click()
        phone.locator("[role=alert]").wait_for()
        assert UNSAFE in phone.locator("[role=alert]").inner_text(), changes
        assert phone.locator("main details:visible").count() == 0, "nor is the server's own lock offered in its place"
        assert [request.url for request in phone.asked if request.method in {"PUT", "POST"}] == []


def test_a_receipt_is_not_derived_with_a_weak_lock(phone: Any) -> None:
    changed_terms(phone, memory=8, passes=1)
    phone.goto("/en/answer/")
    phone.locator("#code").fill(with_check_digit(1234567890123456789))
    phone.asked.clear()
    phone.locator('main form button[value="check"]').click()
    phone.locator(".error").first.wait_for()
    assert UNSAFE in phone.locator(".error").first.inner_text()
    assert [request.url for request in phone.asked if request.method == "POST"] == []


@pytest.mark.parametrize("bits", [25, 256, -1, "20", None])
def test_endless_work_is_refused(phone: Any, bits: Any) -> None:
    phone.route(
        "**/forms/sealed/v1/letters/*",
        lambda route: route.fulfill(status=428, body=json.dumps({"problem": "work", "bits": bits})),
    )
    phone.goto("/en/tell/")
    fill(phone, "what", "x")
    review(phone)
    phone.locator(".look .button").nth(0).click()
    phone.locator("[role=alert]").wait_for()
    assert UNSAFE in phone.locator("[role=alert]").inner_text()


@pytest.mark.parametrize("bits", [25, 256, -1, "20", None])
def test_endless_work_for_a_look_up_is_refused(phone: Any, bits: Any) -> None:
    terms = {"problem": "work", "bits": bits, "lookup": True}
    phone.route("**/forms/sealed/v1/lookups", lambda route: route.fulfill(status=428, body=json.dumps(terms)))
    phone.goto("/en/answer/")
    phone.locator("#code").fill(with_check_digit(1234567890123456789))
    phone.locator('main form button[value="check"]').click()
    phone.locator(".error").first.wait_for()
    assert UNSAFE in phone.locator(".error").first.inner_text()


def test_a_flood_that_grows_while_the_phone_works_asks_it_again(phone: Any) -> None:
    """Each time the work that was asked is done, and the letter is kept; nobody is told to try again by hand."""
    rising, proofs = [4, 6, 8], []

    def flooded(route: Any) -> None:
        proofs.append(route.request.headers.get("portal-work"))
        if rising:
            route.fulfill(status=428, body=json.dumps({"problem": "work", "bits": rising.pop(0)}))
        else:
            route.continue_()

    phone.route("**/forms/sealed/v1/letters/*", flooded)
    phone.goto("/en/tell/")
    fill(phone, "what", "in a growing flood")
    review(phone)
    send(phone)
    assert proofs[0] is None
    assert len(proofs) == 4
    assert all(proofs[1:])


def test_a_server_that_asks_for_work_without_end_is_left(phone: Any) -> None:
    turns = []

    def asks(route: Any) -> None:
        turns.append(route.request.url)
        route.fulfill(status=428, body=json.dumps({"problem": "work", "bits": 1}))

    phone.route("**/forms/sealed/v1/letters/*", asks)
    phone.goto("/en/tell/")
    fill(phone, "what", "x")
    review(phone)
    phone.locator(".look .button").nth(0).click()
    phone.locator("[role=alert]").wait_for()
    assert "Not sent" in phone.locator("[role=alert]").inner_text()
    assert len(turns) == 5


ONCE_WRONG = {
    "cut off": {"status": 201, "body": '{"ke'},
    "nothing": {"status": 200, "body": ""},
    "a provider's sign-in page": {"status": 200, "body": "<html>Sign in to the internet</html>"},
    "a gateway without its server": {"status": 502, "body": "<html>Bad gateway</html>"},
    "a gateway that waited": {"status": 504, "body": ""},
    "a proxy that is busy": {"status": 429, "body": "slow down"},
}


@pytest.mark.parametrize("response", ONCE_WRONG.values(), ids=ONCE_WRONG)
@pytest.mark.parametrize("endpoint", ["terms", "letters/*"])
def test_an_answer_that_is_none_of_ours_is_asked_for_again(phone: Any, endpoint: str, response: dict[str, Any]) -> None:
    """Rule 3: the letter may have been kept although its answer did not come through; the receipt is shown all the same."""
    requests: list[int] = []

    def first_wrong(route: Any) -> None:
        requests.append(len(requests))
        if requests == [0] and endpoint != "terms":
            route.fetch()  # the server has kept it
        if requests == [0]:
            route.fulfill(**response)
        else:
            route.continue_()

    phone.goto("/en/tell/")
    phone.route(f"**/forms/sealed/v1/{endpoint}", first_wrong)
    fill(phone, "what", "over a bad line")
    review(phone)
    receipt = send(phone)
    assert len(requests) == 2
    assert len(receipt.replace(" ", "")) == 20


def test_a_failure_names_its_reason_for_whoever_helps(phone: Any) -> None:
    phone.route("**/forms/sealed/v1/letters/*", lambda route: route.fulfill(status=403, body="{}"))
    phone.goto("/en/tell/")
    fill(phone, "what", "x")
    review(phone)
    phone.locator(".look .button").nth(0).click()
    assert phone.locator("[role=alert]").get_attribute("data-reason") == "403"


def test_sizes_on_the_line_do_not_tell_who_was_left_out(phone: Any, tmp_path: Path) -> None:
    sizes = set()
    picture = photo(tmp_path)
    for left_out in ([], ["police"], ["legal"], ["police", "legal"], ["police", "legal", "partner"]):
        phone.goto("/en/tell/")
        phone.asked.clear()
        fill(phone, "what", "the same words")
        fill(phone, "photos", picture)
        phone.locator(".held img").wait_for()
        if left_out:
            fill(phone, "hide_from", left_out)
        review(phone)
        send(phone)
        uploads = [request for request in phone.asked if request.method == "PUT"]
        sizes.add(tuple((len(one.post_data_buffer), len(one.headers["portal-desks"])) for one in uploads))
    assert len(sizes) == 1
    assert len(next(iter(sizes))) == 2, "a photo and a letter"
