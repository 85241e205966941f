"""Limits count characters after decoding: as many Tamil ones pass as English ones, on both roads, in letters of one size."""

import json
import secrets
from typing import Any

import pyrage
import pytest

from forms.core import form_schema
from forms.core.crypto import encryption, receipts
from forms.server.web.current import state_of

LETTERS = {"en": "k", "ta": "க", "te": "క", "hi": "क", "or": "କ"}
HEAVIEST = "\N{BRICK}"
"""Four bytes in UTF-8: no character has more."""
CONCERN = form_schema.load("concern")
LIMITS = {field.name: field.constraints["maxLength"] for field in CONCERN.fields if "maxLength" in field.constraints}


def full(letter: str, more: int = 0) -> dict[str, str]:
    return {name: letter * (limit + more) for name, limit in LIMITS.items()}


def test_a_concern_may_have_five_thousand_letters() -> None:
    assert LIMITS == {"what": 5000, "where": 200, "contact": 200}


@pytest.mark.parametrize("language", sorted(LETTERS))
def test_every_field_filled_to_its_limit_is_kept_without_a_script(endpoint: Any, language: str) -> None:
    answers = full(LETTERS[language])
    assert endpoint.code(endpoint.send("concern", language, **answers))
    [letter] = endpoint.open_letters()
    assert letter["answers"] == answers


@pytest.mark.parametrize("language", sorted(LETTERS))
@pytest.mark.parametrize("name", sorted(LIMITS))
def test_one_letter_more_is_said_and_nothing_typed_is_lost(endpoint: Any, language: str, name: str) -> None:
    answers = {"what": "x", name: LETTERS[language] * (LIMITS[name] + 1)}
    answer = endpoint.post("concern", language, **answers)
    assert answer.status_code == 422
    assert answers[name] in answer.get_data(as_text=True)
    assert endpoint.letter_ids() == []


@pytest.mark.parametrize("letter", [*LETTERS.values(), HEAVIEST, '"', "\\", "a\n"[:1] + "\n"])
def test_the_fullest_letter_of_any_script_has_the_size_of_the_shortest(endpoint: Any, letter: str) -> None:
    """All that a browser or the server can put into a letter, at its longest, as docs/decisions/0009 counts it."""
    portal = state_of(endpoint.client.application).services.portal
    desks = [desk.id for desk in portal.readers("concern")]
    chosen = {field.name: max((choice.value for choice in form_schema.choices(field, CONCERN, portal, portal.events[0].day)),
              key=len) for field in CONCERN.fields if field.drawn_as in {"radios", "select"}}  # fmt: skip
    answers = {name: (letter * limit)[:limit] for name, limit in LIMITS.items()}
    whole = {
        "form": "concern", "version": 2, "id": "0" * 32, "language": "en", "sealed_by": "browser", "day": "2027-01-01",
        "desks": desks, "reply_to": str(endpoint.identities["police"].to_public()), "follows": "0" * 32,
        "answers": {**answers, **chosen, "people": 9999, "hide_from": desks[1:]},
        "parts": [{"id": "0" * 32, "kind": "voice", "seconds": 180}] * 4,
    }  # fmt: skip
    assert len(json.dumps(whole, ensure_ascii=False).encode()) < CONCERN.pad_to - 500, "room for longer names of desks"
    sealed = encryption.seal(whole, [key for desk in portal.readers("concern") for key in desk.keys], CONCERN.pad_to)
    assert len(pyrage.decrypt(sealed, [endpoint.identities["police"]])) == CONCERN.pad_to
    id = secrets.token_hex(16)
    headers = {"Portal-Desks": ",".join(desks), "Portal-Lookup": "0" * 64}
    assert endpoint.client.put(f"/forms/sealed/v1/letters/{id}", data=sealed, headers=headers).status_code == 201


@pytest.mark.parametrize("language", sorted(LETTERS))
def test_what_is_added_later_may_be_as_long(endpoint: Any, language: str) -> None:
    code = endpoint.code(endpoint.send("concern", language, what="x"))
    text = LETTERS[language] * 5000
    page = endpoint.post("followup", language, code=code)
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', page)
    assert endpoint.post("followup", language, do="send", code=code, once=once, what=text).status_code == 200
    assert text in [letter["answers"]["what"] for letter in endpoint.open_letters()]


def test_a_receipt_is_as_long_in_every_script(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("concern", what="x"))
    for zero in "௦౦०୦0":
        typed = "".join(chr(ord(zero) + int(digit)) for digit in receipts.read(code))
        assert endpoint.post("answer", code=typed).status_code == 200
