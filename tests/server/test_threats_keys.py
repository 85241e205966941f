"""A key that cannot be used costs its own desk, and nobody else; what is published never holds a secret."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pyrage
import pytest

from forms.core.crypto.encryption import can_encrypt, is_pickup
from tests.server.conftest import District, Endpoint, token_line

IDENTITY = pyrage.x25519.Identity.generate()
GOOD = str(IDENTITY.to_public())
SECRET = str(IDENTITY)
NEUTRAL = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z"
"""The point zero of the curve: a whole key by its checksum, at which age panics."""

UNUSABLE = {
    "one letter changed": GOOD[:20] + ("q" if GOOD[20] != "q" else "p") + GOOD[21:],
    "shortened": GOOD[:-4],
    "a space before": f" {GOOD}",
    "curly quotes": f"“{GOOD}”",
    "an invisible character": f"{GOOD}\u200b",
    "capitals": GOOD.upper(),
    "a secret": SECRET,
    "a pickup line": token_line("t"),
    "the point zero": NEUTRAL,
    "another kind of recipient": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5mLQ1AOlDKGS0UjEcm1l7bHdl3ghHhV6J2B8PHkbbI",
}
MakeEndpoint = Callable[..., Endpoint]


def police(district: District, **changes: str) -> object:
    """The district with another key, pickup line or recovery key at the police desk."""
    desks = []
    for desk in district.portal.desks:
        member = {name: text for name, text in changes.items() if name != "recovery"}
        changed = replace(desk, members=(replace(desk.members[0], **member),), recovery=changes.get("recovery", ""))
        desks.append(changed if desk.id == "police" else desk)
    return replace(district.portal, desks=tuple(desks))


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE)
def test_a_key_that_cannot_be_used_is_told_from_one_that_can(key: str) -> None:
    assert can_encrypt([GOOD])
    assert not can_encrypt([key])
    assert not can_encrypt([GOOD, key])
    assert not can_encrypt(["age1\ud800"])


@pytest.mark.parametrize(
    "line",
    ["", "sha256:", token_line("t")[:-1], token_line("t").upper(), f"“{token_line('t')}”", f"{token_line('t')}\n",
     token_line("t") + "a", "t", token_line("t").replace("sha256", "SHA256"), token_line("t").replace(":", ": ")],
)  # fmt: skip
def test_a_pickup_line_is_a_whole_digest_and_nothing_else(line: str) -> None:
    assert is_pickup(token_line("t"))
    assert not is_pickup(line)


@pytest.mark.parametrize("key", UNUSABLE.values(), ids=UNUSABLE)
def test_one_bad_key_costs_its_desk_and_no_other(
    make_endpoint: MakeEndpoint, district: District, caplog: pytest.LogCaptureFixture, key: str
) -> None:
    with caplog.at_level(logging.ERROR):
        endpoint = make_endpoint(police(district, key=key))
    page = endpoint.send("concern", what="words")
    assert (page.status_code, len(endpoint.code(page))) == (200, 24)
    assert endpoint.open_letters("legal")[0]["desks"] == ["legal", "partner"]
    assert endpoint.letter_ids("police") == []
    html = page.get_data(as_text=True)
    assert "Desk legal" in html
    assert "Desk police" not in html, "the person is told who will read it, and nobody else"
    assert "desk police: its key cannot be used" in caplog.text
    assert key not in caplog.text


def test_what_is_added_goes_to_the_desks_that_can_still_read(make_endpoint: MakeEndpoint, district: District) -> None:
    code = make_endpoint().send("concern", what="first")
    receipt = make_endpoint().code(code)
    endpoint = make_endpoint(police(district, key="age1broken"))
    seen = endpoint.post("followup", code=receipt)
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', seen)
    assert endpoint.post("followup", code=receipt, once=once, do="send", what="more").status_code == 200
    assert sorted(letter["form"] for letter in endpoint.open_letters("legal")) == ["concern", "followup"]
    assert len(endpoint.letter_ids("police")) == 1, "it still fetches the first letter"


def test_a_bad_recovery_key_costs_the_recovery_key_only(make_endpoint: MakeEndpoint, district: District) -> None:
    endpoint = make_endpoint(police(district, recovery="age1broken"))
    endpoint.send("concern", what="words")
    assert endpoint.open_letters("police")[0]["answers"] == {"what": "words"}


@pytest.mark.parametrize(
    "secret",
    [SECRET, SECRET.lower(), f"{SECRET}\n", f"# {SECRET}"],
    ids=["as made", "small letters", "line end", "comment"],
)
@pytest.mark.parametrize("field", ["recovery", "key", "pickup", "signing"])
def test_a_secret_in_the_handover_file_is_never_published(
    make_endpoint: MakeEndpoint, district: District, field: str, secret: str
) -> None:
    endpoint = make_endpoint(police(district, **{field: secret}))
    answers = [endpoint.client.get("/forms/sealed/v1/terms").data, endpoint.pickup("desks", "legal").data,
               endpoint.pickup("portal", "legal").data, endpoint.post("concern", what="words").data]  # fmt: skip
    assert all(secret.strip("# \n").upper()[:30] not in answer.decode().upper() for answer in answers)
    assert b"AGE-SECRET" not in b"".join(answers).upper()


@pytest.mark.parametrize("line", ["“sha256:0”", "", "sha256:é", token_line("token-police")[:40]])
def test_one_bad_pickup_line_shuts_out_its_desk_only(
    make_endpoint: MakeEndpoint, district: District, line: str
) -> None:
    endpoint = make_endpoint(police(district, pickup=line))
    endpoint.send("concern", what="words")
    assert endpoint.pickup("letters", "police").status_code == 401
    assert len(endpoint.letter_ids("legal")) == 1
    assert endpoint.pickup("letters", "nobody").status_code == 401
    assert endpoint.client.get("/pickup/v1/letters", headers={"Authorization": "Bearer “é”".encode().decode("latin-1")})


def test_where_no_desk_has_a_key_nothing_is_lost_silently(make_endpoint: MakeEndpoint, district: District) -> None:
    desks = tuple(
        replace(desk, members=(replace(desk.members[0], key="age1broken"),)) for desk in district.portal.desks
    )
    endpoint = make_endpoint(replace(district.portal, desks=desks))
    page = endpoint.post("concern", what="words", do="send", once="0" * 32)
    assert page.status_code == 503
    assert 'class="code"' not in page.get_data(as_text=True)
    assert endpoint.client.get("/forms/en/concern").status_code == 503
    assert endpoint.client.get("/forms/sealed/v1/terms").get_json()["desks"] == []
    assert endpoint.send("signup", event="meeting", people="1", name="A").status_code == 503
