"""Who watches the line or the disk: sizes do not tell whether, and how many, desks were left out."""

import json
import secrets
from itertools import combinations
from typing import Any

import pytest

from forms.core.crypto.encryption import seal, unused_key
from forms.server.services.sending import keys_of, recipients
from tests.server.conftest import District, Endpoint

CHOICES = [(), ("police",), ("legal",), ("police", "legal"), ("legal", "partner")]
READERS = ("police", "legal", "partner")


def stanzas(sealed: bytes) -> int:
    return sealed.partition(b"\n---")[0].count(b"\n-> X25519 ")


def test_as_many_keys_whoever_is_left_out_and_each_desk_in_its_place(district: District) -> None:
    portal = district.portal
    everybody = recipients(portal, portal.desks_with_ids(READERS))
    assert everybody == keys_of(portal.readers("concern"))
    for hidden in CHOICES:
        desks = [desk for desk in portal.readers("concern") if desk.id not in hidden]
        keys = recipients(portal, desks)
        assert len(keys) == len(set(keys)) == len(everybody)
        real = set(keys_of(desks))
        assert [key if key in real else "" for key in everybody] == [key if key in real else "" for key in keys]
        assert set(keys) & set(everybody) == real, "a desk left out has no stanza"


def test_unused_keys_are_fresh_for_each_letter(district: District) -> None:
    desks = district.portal.desks_with_ids(["legal"])
    first, second = (set(recipients(district.portal, desks)) for _ in range(2))
    assert first & second == set(keys_of(desks))


@pytest.mark.parametrize("hidden", CHOICES, ids=str)
def test_a_letter_locked_by_the_server_has_as_many_stanzas(endpoint: Endpoint, hidden: tuple[str, ...]) -> None:
    receipt = endpoint.code(endpoint.send("concern", what="x", hide_from=list(hidden)))
    desk = next(name for name in READERS if name not in hidden)
    [letter] = endpoint.letter_ids(desk)
    assert stanzas(endpoint.pickup(f"letters/{letter}", desk).data) == len(READERS)
    page = endpoint.post("followup", code=receipt)
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', page)
    assert endpoint.post("followup", code=receipt, once=once, do="send", what="more").status_code == 200
    added = next(id for id in endpoint.letter_ids(desk) if id != letter)
    assert stanzas(endpoint.pickup(f"letters/{added}", desk).data) == len(READERS)
    for left_out in hidden:
        assert endpoint.letter_ids(left_out) == []


def put(endpoint: Endpoint, header: str, keys: list[str], lookup: str = "", **more: str) -> Any:
    id = secrets.token_hex(16)
    sealed = seal({"form": "concern", "id": id, "answers": {}}, keys, 24576)
    headers = {"Portal-Desks": header, "Portal-Lookup": lookup, **more}
    return endpoint.client.put(f"/forms/sealed/v1/letters/{id}", data=sealed, headers=headers)


@pytest.mark.parametrize("hidden", CHOICES, ids=str)
def test_a_letter_locked_on_the_phone_names_all_desks_and_reaches_only_those_chosen(
    endpoint: Endpoint, district: District, hidden: tuple[str, ...]
) -> None:
    chosen = [desk for desk in district.portal.readers("concern") if desk.id not in hidden]
    header = ",".join(f"{name}={int(name not in hidden)}" for name in READERS)
    assert put(endpoint, header, recipients(district.portal, chosen)).status_code == 201
    assert [name for name in READERS if endpoint.letter_ids(name)] == [desk.id for desk in chosen]


def test_a_page_from_before_still_sends(endpoint: Endpoint, district: District) -> None:
    assert (
        put(endpoint, "police,legal", keys_of(district.portal.desks_with_ids(["police", "legal"]))).status_code == 201
    )


@pytest.mark.parametrize(
    "header", ["police=1,stranger=0", "police=2,legal=0", "police=0,legal=0,partner=0", "police=1,police=1", "=1", "police=0,police=1,legal=11"]
)  # fmt: skip
def test_odd_lists_of_desks_are_refused(endpoint: Endpoint, header: str) -> None:
    answer = put(endpoint, header, [unused_key() for _ in READERS])
    assert answer.status_code == 409
    assert all(endpoint.letter_ids(name) == [] for name in READERS)


def test_answers_to_a_look_up_have_one_size(endpoint: Endpoint, district: District) -> None:
    sizes = set()
    for count in (1, 2, 3):
        for names in combinations(READERS, count):
            chosen, lookup = district.portal.desks_with_ids(names), secrets.token_hex(32)
            header = ",".join(f"{name}={int(name in names)}" for name in READERS)
            assert put(endpoint, header, recipients(district.portal, chosen), lookup).status_code == 201
            query = {"lookup": lookup, "language": "en"}
            answer = endpoint.client.post("/forms/sealed/v1/lookups", json=query)
            assert len(json.loads(answer.data)["desks"]) == count
            sizes.add(len(answer.data))
    assert sizes == {8192}


def test_pages_that_name_desks_have_one_size(endpoint: Endpoint) -> None:
    sizes = {len(endpoint.send("concern", what="x", hide_from=list(hidden)).data) % 8192 for hidden in CHOICES}
    assert sizes == {0}
