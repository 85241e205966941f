"""What a phone shows of proofs: who opened the letter, an answer that is not proven, one that is missing."""

import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest

from forms.core.crypto.encryption import seal
from forms.core.proofs.receipt_proofs import short
from forms.desk.cases.acknowledgement import doubts, sent_answers
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session
from forms.server.store.concerns.queries import answer_row_id
from tests.journeys.telling import come_back, tell
from tests.journeys.test_returning import main_text, press_button
from tests.journeys.test_sealing import at_the_desk, phone  # noqa: F401 - phone is a fixture

UNPROVEN = "It is not proven that this answer is from the desk."


def office(installation: Any, desk: str = "police") -> Session:
    return Session.unlock(
        DeskPlace(desk, installation.desks / desk, installation.address), None, lambda: installation.day
    )


def change_store(installation: Any, statement: str, *values: Any) -> None:
    """The server changes what it has."""
    with closing(sqlite3.connect(installation.data / "concerns.db")) as store, store:
        store.execute(statement, values)


@pytest.fixture
def told_letter(phone: Any, installation: Any) -> tuple[str, str]:  # noqa: F811
    """A letter that the police desk has opened: its receipt and its id."""
    phone.goto("/en/tell/")
    words = f"proven {time.time_ns()}"
    receipt = tell(phone, what=words)
    office(installation).sync.run()
    [letter] = at_the_desk(installation, words)
    return receipt, letter["id"]


def test_the_phone_shows_who_opened_the_letter_and_what_was_added(
    phone: Any,  # noqa: F811
    installation: Any,
    told_letter: Any,
) -> None:
    receipt, id = told_letter
    come_back(phone, "en", receipt)
    assert "Opened by: Police" in main_text(phone)
    assert "1 December 2026" in phone.locator(".opened-by").inner_text()
    assert "has not opened yet" not in main_text(phone)
    press_button(phone, "Add something", "What do you want to add?")
    phone.locator("#what").fill('more “ë” \u0ba4\u0bae\u0bbf\u0bb4\u0bcd \\ "\n\ttwo')
    press_button(phone, "Send it", "What you added is safe with us")
    press_button(phone, "Back to my letter", "You added something on")
    assert "has not opened yet what you added on 1 December 2026" in main_text(phone), "held back, or not fetched yet"
    police = office(installation)
    police.sync.run()
    assert [letter.seen for letter in police.cases.case(id).letters][1] != (), "what she was shown goes along"
    assert doubts(police.cases.case(id)) == {}, "what the phone adds is proven"
    come_back(phone, "en", receipt)
    assert "Opened by: Police" in main_text(phone)
    assert "has not opened yet" not in main_text(phone)


def test_an_answer_that_is_dropped_moved_or_not_proven_shows(phone: Any, installation: Any, told_letter: Any) -> None:  # noqa: F811
    receipt, id = told_letter
    police = office(installation)
    for words in ("The first answer.", "The second answer.", "The third answer."):
        police.log.answer(id, words)
    come_back(phone, "en", receipt)
    assert UNPROVEN not in main_text(phone)
    assert "is missing here" not in main_text(phone)
    second = sent_answers(police.cases.case(id).entries)[1]
    change_store(
        installation, "UPDATE answers SET day = '2026-11-01' WHERE id = ?", answer_row_id("police", id, second)
    )
    come_back(phone, "en", receipt)
    text = main_text(phone)
    assert text.index("The first answer.") < text.index("The second answer.") < text.index("The third answer.")
    assert "November" not in text, "the day is the desk's"
    change_store(installation, "DELETE FROM answers WHERE id = ?", answer_row_id("police", id, second))
    come_back(phone, "en", receipt)
    assert "is missing here" in main_text(phone)
    change_store(installation, "UPDATE answers SET desk = 'legal' WHERE letter = ?", id)
    come_back(phone, "en", receipt)
    assert main_text(phone).count(UNPROVEN) == 2, "each under another desk's name"
    assert "Opened by" not in main_text(phone)


def test_what_a_server_makes_up_is_not_believed(phone: Any, installation: Any, told_letter: Any) -> None:  # noqa: F811
    """It knows the key to which answers are encrypted, which it should not, and still not the key of answers."""
    receipt, id = told_letter
    police = office(installation)
    first = police.cases.case(id).first
    assert first
    made_up = {
        "form": "answer",
        "letter": id,
        "id": "f" * 64,
        "desk": "legal",
        "day": "2026-12-01",
        "at": "10:00",
        "text": "",
        "state": "",
    }
    forged = [
        {**made_up, "after": [], "letters": [[short(id), "2026-12-01"]], "proof": "0" * 64},
        {**made_up, "after": [], "letters": [[short(id), "2026-12-01"]]},
        {**made_up, "after": "x", "letters": {"length": 1}, "proof": 7},
        {**made_up, "text": "All is well.", "state": "closed"},
        {"text": "All is very well.", "desk": ["police"], "proof": None},
        {
            "text": "Odd.",
            "state": {"toString": 1},
            "at": {"toString": 1},
            "seconds": {"toString": 1},
            "voice": {"toString": 1},
        },
    ]
    for number, one in enumerate(forged):
        sealed = seal(one, [str(first.reply_to)], 24576)
        change_store(
            installation, "INSERT INTO answers VALUES (?, ?, 'legal', '2026-12-01', ?)", f"{id}{number}", id, sealed
        )
    come_back(phone, "en", receipt)
    assert main_text(phone).count("Opened by") == 1
    assert main_text(phone).count(UNPROVEN) == 3, "and what no text can be made of keeps nothing from being shown"
    assert phone.locator(".states .done").count() == 2, "received, at the desk; a made up state closes nothing"
