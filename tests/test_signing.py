"""Signatures and fingerprints by themselves: what is signed for one thing is good for nothing else."""

from dataclasses import fields, replace

import pytest

from forms.core.crypto.fingerprints import desk_fingerprint, fingerprint, portal_fingerprint
from forms.core.crypto.signing import (
    SignedStatement,
    content_hash,
    is_public_key,
    is_signed_by,
    public_text,
    sign,
    signing_key,
)
from forms.core.portal import Desk, Member

SECRET = "AGE-SECRET-KEY-1" + "Q" * 58
KEY = signing_key(SECRET)
STATEMENT = SignedStatement(
    "entry", "a" * 32, "b" * 32, "police", "police/anita", "2027-01-05", content_hash({"x": 1}), "legal"
)


def test_a_signature_is_good_for_its_own_statement_only() -> None:
    signature = sign(STATEMENT, KEY)
    assert is_signed_by(STATEMENT, signature, public_text(KEY))
    for field in fields(SignedStatement):
        other = replace(STATEMENT, **{field.name: "other"})
        assert not is_signed_by(other, signature, public_text(KEY)), field.name


def test_moving_text_from_one_field_to_the_next_is_another_statement() -> None:
    one, two = replace(STATEMENT, desk="police", member="x"), replace(STATEMENT, desk="policex", member="")
    assert one.as_bytes() != two.as_bytes()


def test_the_signing_key_follows_from_the_age_key_and_from_no_other() -> None:
    assert public_text(signing_key(SECRET.lower() + "\n")) == public_text(KEY)
    assert public_text(signing_key(SECRET[:-1] + "P")) != public_text(KEY)


@pytest.mark.parametrize(
    "text",
    ["", None, 7, "ed25519:" + "0" * 64, "ed25519:01" + "0" * 62, "ed25519:" + "A" * 64, "ed25519:ab", "f" * 64],
    ids=str,
)
def test_what_is_no_public_key_is_refused_and_proves_nothing(text: object) -> None:
    assert not is_public_key(text)
    assert not is_signed_by(STATEMENT, sign(STATEMENT, KEY), str(text))


@pytest.mark.parametrize("signature", ["", "0" * 128, "zz", "f" * 128, "\ud800"], ids=repr)
def test_a_malformed_signature_proves_nothing(signature: str) -> None:
    assert not is_signed_by(STATEMENT, signature, public_text(KEY))


def test_a_fingerprint_has_six_groups_of_five_digits_and_depends_on_every_key() -> None:
    assert [len(group) for group in fingerprint("a").split(" ")] == [5] * 6
    desk = Desk("police", {}, {}, ("concern",), (Member("police", "age1a", "sha256:x", "ed25519:y"),), "age1r")
    member = desk.members[0]
    others = [
        replace(desk, recovery=""),
        replace(desk, id="legal"),
        *(replace(desk, members=(replace(member, **{name: "o"}),)) for name in ("id", "key", "signing")),
        replace(desk, members=(member, replace(member, id="ghost"))),
    ]
    found = {desk_fingerprint(one) for one in [desk, *others]}
    assert len(found) == len(others) + 1
    assert portal_fingerprint([desk, others[1]]) == portal_fingerprint([others[1], desk])
    assert desk_fingerprint(replace(desk, members=(replace(member, pickup="o"),))) == desk_fingerprint(desk)
