"""What one desk, or one person of it, brings takes nothing from another: no answer's place, no copies, no disk."""

import json
import re
from typing import Any

import pytest

from forms.core.crypto.encryption import LETTER_SIZE, SIZE_CLASSES, seal, seal_file
from forms.core.ids import new_id
from forms.server.services import mailbox
from forms.server.store.concerns import desk_writing, letters, queries
from forms.server.web.current import state_of
from tests.server.test_sealed import CODE, derived, send_letter

HALF = "half \ud800"


def to_receipt(endpoint: Any, text: str, **more: Any) -> bytes:
    return seal({"form": "answer", "text": text, **more}, [derived(endpoint).recipient], LETTER_SIZE)


def sealed_to(endpoint: Any, desk: str, text: str = "x", size: int = LETTER_SIZE) -> bytes:
    return seal({"text": text}, [str(endpoint.identities[desk].to_public())], size)


def test_no_desk_takes_the_place_of_an_answer_that_another_will_give(endpoint: Any) -> None:
    """The id of an answer follows from what both desks know: its words and the letter's key for answers."""
    id = send_letter(endpoint)
    for foreseen in ("a" * 64, queries.answer_row_id("police", id, "a" * 64)):
        put = endpoint.pickup(f"letters/{id}/answers/{foreseen}", "legal", "PUT", data=to_receipt(endpoint, "Junk"))
        assert put.status_code == 204
    for _ in range(2):  # sent again after a broken line
        answer = to_receipt(endpoint, "We come today.")
        assert endpoint.pickup(f"letters/{id}/answers/{'a' * 64}", "police", "PUT", data=answer).status_code == 204
    assert endpoint.post("answer", code=CODE).get_data(as_text=True).count("We come today.") == 1


def test_an_answer_that_an_older_version_kept_is_not_kept_twice(endpoint: Any) -> None:
    id = send_letter(endpoint)
    endpoint.pickup(f"letters/{id}/answers/old", "police", "PUT", data=to_receipt(endpoint, "We come today."))
    with state_of(endpoint.client.application).services.concerns.writing() as connection:
        connection.exec_driver_sql("UPDATE answers SET id = 'old'")
    endpoint.pickup(f"letters/{id}/answers/old", "police", "PUT", data=to_receipt(endpoint, "We come today."))
    assert endpoint.post("answer", code=CODE).get_data(as_text=True).count("We come today.") == 1


def test_nobody_uses_up_the_copies_that_another_may_make(endpoint: Any) -> None:
    id = send_letter(endpoint)
    for _ in range(letters.MAX_COPIES + 1):
        junk = endpoint.pickup(
            f"letters/{id}/copies/{id}", "police", "PUT", data=sealed_to(endpoint, "partner"), environ_overrides={"HTTP_PORTAL_FOR": "events"}
        )  # fmt: skip
    assert junk.status_code == 409
    good = endpoint.pickup(
        f"letters/{id}/copies/{id}", "legal", "PUT", data=sealed_to(endpoint, "partner", "right"), environ_overrides={"HTTP_PORTAL_FOR": "events"}
    )  # fmt: skip
    assert good.status_code == 204


def test_entries_and_answers_have_a_number_and_a_size(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    id = send_letter(endpoint)
    monkeypatch.setattr(desk_writing, "MAX_ENTRIES", 2)
    monkeypatch.setattr(desk_writing, "MAX_ANSWERS", 2)
    for what in ("entries", "answers"):
        put = [
            endpoint.pickup(f"letters/{id}/{what}/{new_id()}", "police", "PUT", data=to_receipt(endpoint, "x")).status_code
            for _ in range(3)
        ]  # fmt: skip
        assert put == [204, 204, 409]
        other = endpoint.pickup(f"letters/{id}/{what}/{new_id()}", "legal", "PUT", data=to_receipt(endpoint, "x"))
        assert other.status_code == 204, "another desk has its own"
        large = seal_file(b"x" * SIZE_CLASSES[4], [derived(endpoint).recipient])
        refused = endpoint.pickup(f"letters/{id}/{what}/{new_id()}", "legal", "PUT", data=large).status_code
        assert refused == {"entries": 413, "answers": 400}[what]


def test_desks_cannot_fill_the_disk_against_letters(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    id = send_letter(endpoint)
    monkeypatch.setattr(mailbox, "DESKS_SHARE", 0.0)
    monkeypatch.setattr("forms.server.api.desk_api.requests.DESKS_SHARE", 0.0)
    for path, more in (
        (f"letters/{id}/answers/{new_id()}", {}),
        (f"letters/{id}/entries/{new_id()}", {}),
        (f"letters/{id}/copies/{id}", {"environ_overrides": {"HTTP_PORTAL_FOR": "events"}}),
    ):
        put = endpoint.pickup(path, "police", "PUT", data=sealed_to(endpoint, "police"), **more)
        assert put.status_code == 503, "which a desk's outbox waits for"
    assert endpoint.pickup("letters", "police").status_code == 200
    told_more = endpoint.post("concern", what="Words go on").get_data(as_text=True)
    assert re.search(r'name="once"', told_more)


@pytest.mark.parametrize(
    "odd",
    [{"state": HALF}, {"id": HALF}, {"at": HALF}, {"state": ["closed"]}, {"id": {"a": 1}}, {"at": 1e400}, {"id": "x" * 9000}],
    ids=str,
)  # fmt: skip
def test_no_answer_of_a_desks_own_making_breaks_the_persons_page(endpoint: Any, odd: dict[str, Any]) -> None:
    id = send_letter(endpoint)
    keys = derived(endpoint)
    made = json.dumps({"form": "answer", "text": "Odd.", **odd}).encode().ljust(LETTER_SIZE)
    endpoint.pickup(f"letters/{id}/answers/a", "police", "PUT", data=seal_file(made, [keys.recipient]))
    endpoint.pickup(f"letters/{id}/answers/b", "legal", "PUT", data=to_receipt(endpoint, "We come today.", id="b" * 64))
    page = endpoint.post("answer", code=CODE)
    assert (page.status_code, "We come today." in page.get_data(as_text=True)) == (200, True)
    form = endpoint.post("followup", code=CODE).get_data(as_text=True)
    once = re.search(r'name="once" value="([0-9a-f]+)"', form)
    assert once
    added = endpoint.post("followup", code=CODE, once=once[1], do="send", what="And more")
    assert added.status_code == 200, "and something can be added"


def test_what_was_added_is_copied_for_no_desk_that_the_first_letter_left_out(endpoint: Any) -> None:
    """The follow-up names no desk to leave out; the person said it once, and for all of it."""
    first = send_letter(endpoint, "police,legal")
    form = endpoint.post("followup", code=CODE).get_data(as_text=True)
    once = re.search(r'name="once" value="([0-9a-f]+)"', form)
    assert once
    endpoint.post("followup", code=CODE, once=once[1], do="send", what="And more")
    [added] = set(endpoint.letter_ids("legal")) - {first}
    for id in (first, added):
        copy = endpoint.pickup(
            f"letters/{id}/copies/{id}", "legal", "PUT", data=sealed_to(endpoint, "partner"), environ_overrides={"HTTP_PORTAL_FOR": "partner"}
        )  # fmt: skip
        assert (copy.status_code, "left this desk out" in copy.get_data(as_text=True)) == (409, True)
    assert endpoint.letter_ids("partner") == []
    assert endpoint.pickup("access", "partner").get_json()["access"] == []
