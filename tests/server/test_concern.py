"""A concern from the first word to the answer, as a person with no script and no cookie sends it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from forms.core.crypto import encryption, receipts

UNKNOWN = receipts.with_check_digit(1)


def test_nothing_is_kept_before_the_second_press(endpoint: Any) -> None:
    seen = endpoint.post("concern", "ta", what="உதவி")
    assert seen.status_code == 200
    assert "உதவி" in seen.get_data(as_text=True)
    assert endpoint.letter_ids() == []


def test_a_concern_reaches_all_three_desks_and_each_can_open_it(endpoint: Any) -> None:
    endpoint.send("concern", "ta", what="உதவி வேண்டும்", place="avadi", people="௧௨")
    for desk in ("police", "legal", "partner"):
        [letter] = endpoint.open_letters(desk)
        assert letter["answers"] == {"what": "உதவி வேண்டும்", "place": "avadi", "people": 12}
        assert (letter["language"], letter["day"], letter["desks"]) == (
            "ta",
            "2027-01-01",
            ["police", "legal", "partner"],
        )


def test_a_desk_that_must_not_see_it_cannot_even_learn_of_it(endpoint: Any) -> None:
    endpoint.send("concern", what="It is the police.", hide_from="police")
    [hidden] = endpoint.letter_ids("legal")
    assert endpoint.pickup("letters", "police").get_json() == {"desk": "police", "member": "police", "letters": []}
    nowhere = endpoint.pickup(f"letters/{'0' * 32}", "police")
    refused = endpoint.pickup(f"letters/{hidden}", "police")
    assert (refused.status_code, refused.data) == (nowhere.status_code, nowhere.data)
    assert endpoint.open_letters("legal")[0]["desks"] == ["legal", "partner"]


def test_the_person_sees_who_can_read_it_before_sending(endpoint: Any) -> None:
    page = endpoint.post("concern", what="x", hide_from=["police", "legal"]).get_data(as_text=True)
    readers = page.split("Who can read it")[1].split("<form")[0]
    assert "Desk partner" in readers
    assert "Desk police" not in readers
    assert "Desk legal" not in readers


def test_a_reload_and_a_double_tap_make_no_second_letter(endpoint: Any) -> None:
    seen = endpoint.post("concern", what="x")
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', seen)

    def press(_: int) -> str:
        client = endpoint.client.application.test_client()
        return endpoint.code(client.post("/forms/en/concern", data={"do": "send", "once": once, "what": "x"}))

    with ThreadPoolExecutor(5) as pool:
        codes = set(pool.map(press, range(10)))
    assert len(codes) == 1
    assert len(endpoint.letter_ids()) == 1


def test_other_words_from_the_same_page_are_another_letter_never_a_lost_one(endpoint: Any) -> None:
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', endpoint.post("concern", what="one"))
    codes = {endpoint.code(endpoint.post("concern", do="send", once=once, what=words)) for words in ("one", "two")}
    assert len(codes) == 2
    assert {letter["answers"]["what"] for letter in endpoint.open_letters()} == {"one", "two"}


@pytest.mark.parametrize("once", ["", "abc", "g" * 32, "0" * 33, "0" * 31 + "٣"])
def test_a_page_without_its_value_is_looked_at_again_and_not_sent(endpoint: Any, once: str) -> None:
    answer = endpoint.post("concern", do="send", once=once, what="x")
    assert endpoint.search(r'name="once" value="([0-9a-f]{32})"', answer)
    assert endpoint.letter_ids() == []


def test_no_receipt_can_be_chosen(endpoint: Any) -> None:
    seen = endpoint.post("concern", what="x")
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', seen)
    for _ in range(2):
        sent = endpoint.post("concern", do="send-without", once=once, what="x")
    assert 'class="code"' not in sent.get_data(as_text=True)
    assert [letter["reply_to"] for letter in endpoint.open_letters()] == [None]


def test_sent_first_without_and_then_with_a_receipt_the_receipt_opens(endpoint: Any) -> None:
    once = endpoint.search(r'name="once" value="([0-9a-f]+)"', endpoint.post("concern", what="x"))
    endpoint.post("concern", do="send-without", once=once, what="x")
    code = endpoint.code(endpoint.post("concern", do="send", once=once, what="x"))
    assert endpoint.post("answer", code=code).status_code == 200


def test_changing_something_keeps_what_was_typed(endpoint: Any) -> None:
    page = endpoint.post("concern", do="change", what="<b>உதவி</b>", hide_from="legal", place="avadi").get_data(
        as_text=True
    )
    assert "&lt;b&gt;உதவி&lt;/b&gt;</textarea>" in page
    assert 'value="legal" checked' in page
    assert 'value="avadi" selected' in page


def test_mistakes_are_named_on_top_and_beside_and_nothing_typed_is_lost(endpoint: Any) -> None:
    answer = endpoint.post("concern", what="", people="many", contact="under the tree")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'href="#what"' in page
    assert 'id="what-error"' in page
    assert 'value="many"' in page
    assert 'value="under the tree"' in page
    assert endpoint.letter_ids() == []


def test_the_answer_comes_back_with_the_receipt_in_any_spacing_and_script(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("concern", "hi", what="अनोखा शब्द"))
    [letter] = endpoint.open_letters("legal")
    sealed = encryption.seal({"form": "answer", "text": "हम कल आएँगे।"}, [letter["reply_to"]], 24576)
    put = endpoint.pickup(f"letters/{letter['id']}/answers/a1", "legal", "PUT", data=sealed)
    assert put.status_code == 204
    devanagari = "".join(chr(ord("०") + int(digit)) if digit.isdigit() else "-" for digit in code)
    for typed in (code, code.replace(" ", ""), devanagari):
        page = endpoint.post("answer", "hi", code=typed).get_data(as_text=True)
        assert "हम कल आएँगे।" in page
        assert "Desk legal" in page
        assert "अनोखा" not in page.split("<main")[-1].split("</main>")[0], "the first letter is never shown"


def test_before_an_answer_the_receipt_shows_how_the_letter_stands(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("concern", what="x"))
    assert "nobody has fetched it yet" in endpoint.post("answer", code=code).get_data(as_text=True)
    endpoint.pickup(f"letters/{endpoint.letter_ids()[0]}/acknowledge", "police", "POST")
    assert "A desk has your letter" in endpoint.post("answer", code=code).get_data(as_text=True)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "Please type the 20"),
        ("123", "Please look again"),
        ("1" * 20, "One digit is wrong"),
        (UNKNOWN, "know no letter"),
    ],
)
def test_a_receipt_that_opens_nothing_is_said_so(endpoint: Any, typed: str, message: str) -> None:
    answer = endpoint.post("answer", code=typed)
    assert answer.status_code == 422
    assert message in answer.get_data(as_text=True)


def test_an_answer_sealed_to_a_wrong_key_does_not_hide_the_others(endpoint: Any) -> None:
    code = endpoint.code(endpoint.send("concern", what="x"))
    [letter] = endpoint.open_letters()
    for name, key in (
        ("wrong", str(endpoint.identities["legal"].to_public())),
        ("right", letter["reply_to"]),
    ):
        sealed = encryption.seal({"text": f"answer {name}"}, [key])
        endpoint.pickup(f"letters/{letter['id']}/answers/{name}", "police", "PUT", data=sealed)
    page = endpoint.post("answer", code=code).get_data(as_text=True)
    assert "answer right" in page
    assert "answer wrong" not in page


def test_a_letter_stays_until_it_is_acknowledged(endpoint: Any) -> None:
    endpoint.send("concern", what="x")
    [letter] = endpoint.letter_ids()
    endpoint.pickup(f"letters/{letter}")
    assert endpoint.letter_ids() == [letter]
    for _ in range(2):
        assert endpoint.pickup(f"letters/{letter}/acknowledge", method="POST").status_code == 204
    assert endpoint.letter_ids() == []


@pytest.mark.parametrize("path", ["letters", "letters/x", "signups", "signups/x"])
@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", "Basic token-police", "Bearer token-police-"])
def test_a_wrong_token_learns_nothing(endpoint: Any, path: str, token: str) -> None:
    answer = endpoint.client.get(f"/pickup/v1/{path}", headers={"Authorization": token})
    assert answer.status_code == 401
    assert "not known" in answer.get_json()["problem"]


@pytest.mark.parametrize("body", [b"", b"help", b'{"text": "plain"}', b"age-encryption.org/v1\n"])
def test_a_plain_answer_is_refused(endpoint: Any, body: bytes) -> None:
    endpoint.send("concern", what="x")
    [letter] = endpoint.letter_ids()
    answer = endpoint.pickup(f"letters/{letter}/answers/a", method="PUT", data=body)
    assert answer.status_code == 400
    assert "not a sealed letter" in answer.get_json()["problem"]
