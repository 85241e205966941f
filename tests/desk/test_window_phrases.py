"""Answering with a phrase: marked while unreviewed, sent before the text, with no script; and a child's duties."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forms.core import portal as portals
from forms.core.portal import Choice
from tests.desk.test_window import Window, open_window
from tests.desk.window_helpers import Office, running

pytestmark = pytest.mark.usefixtures("site_not_visited")

PHRASES = (
    Choice("thanks", {"en": "Thank you.", "hi": "धन्यवाद।", "ta": "நன்றி."}, reviewed=("en", "hi")),
    Choice("close", {"en": "We close. Reason:", "hi": "बंद। कारण:"}, reviewed=("en", "hi"), state="closed"),
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with running(tmp_path) as running_office:
        yield running_office


def desk(office: Office, **own: tuple[Choice, ...]) -> Window:
    """The window of a district that has these phrases and lists."""
    window = open_window(office)
    changed = replace(office.portal, choices={**office.portal.choices, "phrases": PHRASES, **own})
    portals.write(changed, office.home / "changed.json")
    window.session.portal.save((office.home / "changed.json").read_bytes())
    return window


def texts(window: Window, case: str) -> list[str]:
    return [entry.value["text"] for entry in window.case(case).entries if entry.kind == "answer"]


def test_only_what_nobody_has_reviewed_in_that_language_is_marked(office: Office) -> None:
    hindi, tamil = office.letter("A word", language="hi"), office.letter("A word", language="ta")
    window = desk(office)
    assert ">Thank you.</option>" in window.page(f"/case/{hindi}")
    assert ">(not reviewed) Thank you.</option>" in window.page(f"/case/{tamil}")


def test_a_phrase_that_was_chosen_is_sent_before_the_text(office: Office) -> None:
    case = office.letter("A word", language="hi")
    window = desk(office)
    assert window.act(case, "answer", text="कल।", phrase="thanks", do="send").status_code == 303
    assert texts(window, case) == ["धन्यवाद।\n\nकल।"]
    window.act(case, "answer", text="", phrase="thanks", do="send")
    assert texts(window, case)[1:] == ["धन्यवाद।"], "a phrase alone is an answer"


def test_a_phrase_that_asks_for_a_reason_is_not_sent_without_one(office: Office) -> None:
    case = office.letter("A word", language="hi")
    window = desk(office)
    refused = window.act(case, "answer", text="", phrase="close", state="closed", do="send")
    assert refused.status_code == 400
    assert "nothing comes after it" in refused.text
    assert 'data-state="closed" selected>We close. Reason:' in refused.text, "what was chosen is kept"
    assert texts(window, case) == []


def test_the_state_of_a_phrase_is_offered_and_one_chosen_by_hand_stays(office: Office) -> None:
    case = office.letter("A word", language="hi")
    window = desk(office)
    assert '<option value="closed" selected>' in window.act(case, "answer", phrase="close", do="insert").text
    by_hand = window.act(case, "answer", phrase="close", state="looking", do="insert").text
    assert '<option value="looking" selected>' in by_hand


def test_a_childs_duties_are_the_districts_and_say_what_is_unchecked(office: Office) -> None:
    case = office.letter("A word", children="yes")
    duties = (
        Choice("child", {"en": "Tell the officer."}, reviewed=("en",)),
        Choice("pocso", {"en": "Ask your adviser."}),
        Choice("wages", {"en": "Another matter."}),
    )
    page = desk(office, duties=duties).page(f"/case/{case}")
    assert "<strong>Tell the officer.</strong></p>" in page
    assert "<strong>Ask your adviser.</strong> <small>Not yet checked" in page
    assert "Another matter." not in page


def test_danger_shows_the_districts_own_rules_first_and_invents_no_number(office: Office) -> None:
    case = office.letter("Help", danger="yes", receipt=False)
    window = open_window(office)
    assert "Danger now: call 112" in window.page(f"/case/{case}")
    rules = tuple(
        Choice(f"danger-{name}", {"en": f"Rule {name}."}, reviewed=("en",) if name == "ring" else ())
        for name in ("ring", "know", "person")
    )
    changed = replace(office.portal, choices={**office.portal.choices, "duties": rules})
    portals.write(changed, office.home / "changed.json")
    window.session.portal.save((office.home / "changed.json").read_bytes())
    for page in (window.page(f"/case/{case}"), window.page(f"/?open={case}")):
        assert "Rule ring.</p>" in page.replace("</strong>", "")
        assert page.count("Not yet checked by a legal adviser.") == 2
        assert "Rule person." in page
        assert "call 112" not in page


def test_taking_a_letter_from_beside_the_list_comes_back_to_the_list(office: Office) -> None:
    case = office.letter("Help", danger="yes")
    window = open_window(office)
    page = window.page(f"/?show=danger&open={case}")
    assert "Take it and tell the person" in page
    assert 'name="list" value="show=danger"' in page
    seen_marker = window.seen_marker(case)
    response = window.post(f"/case/{case}/take", seen=seen_marker, list="show=danger&open=x&x=%0d%0aA:b")
    assert response.headers["Location"].startswith("/?show=danger")
    assert response.headers["Location"].endswith(f"open={case}&done=take")
    assert (window.case(case).state.value, window.case(case).assigned.value) == ("looking", "police")
    assert "It is in your hands" in window.page(response.headers["Location"])


def test_a_letter_that_is_not_there_opens_nothing_beside_the_list(office: Office) -> None:
    office.letter("A word")
    window = open_window(office)
    for case_id in ("f" * 32, "../x", "%3Cb%3E"):
        page = window.page(f"/?open={case_id}")
        assert 'class="pane"' not in page
        assert "letter--unread" in page
