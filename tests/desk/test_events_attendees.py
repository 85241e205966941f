"""Who comes: rows of a server and hostile letters in, parties out."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core.problem import Problem
from forms.desk.crypto.decryption import Letter
from forms.desk.events.attendees import (
    Gathering,
    SignupRow,
    build_gatherings,
    build_party,
    free_places,
    in_queue_order,
    read_rows,
)
from tests.desk.event_helpers import MEETING, TODAY, event

ID = "0123456789abcdef" * 2


def row(id: str = ID, **more: Any) -> SignupRow:
    return SignupRow(**{"id": id, "event": MEETING, "people": 3, "state": "coming"} | more)


def letter(language: str = "or", **answers: Any) -> Letter:
    return Letter(ID, "signup", language, "", (), answers, None, MEETING, 3)


def test_what_a_person_told_is_read_from_the_letter() -> None:
    signup_letter = letter(
        name="A family\nof 4",
        phone="+91 98",
        remind=["yes"],
        interpreter="te",
        help_with=["child-care"],
        needs=" a seat ",
    )
    built = build_party(row(), signup_letter)
    assert (built.name, built.phone, built.language, built.speaks) == ("A family of 4", "+91 98", "or", "te")
    assert (built.help_with, built.needs, built.may_be_reminded) == (("child-care",), "a seat", True)


@pytest.mark.parametrize(
    "answers",
    [{"phone": "98"}, {"remind": ["yes"]}, {"phone": "98", "remind": "yes"}, {"phone": 98, "remind": ["yes"]}],
)
def test_nobody_is_reminded_who_did_not_tick_it_and_leave_a_number(answers: dict[str, Any]) -> None:
    assert not build_party(row(), letter(**answers)).may_be_reminded


_TOLD = ("name", "phone", "needs", "help_with", "remind", "interpreter")
_PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
_ODD = _PLAIN | st.lists(_PLAIN, max_size=3) | st.dictionaries(st.text(max_size=3), _PLAIN, max_size=2)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(_TOLD, _ODD)))
def test_no_letter_whatever_stands_in_it_breaks_the_list(answers: dict[str, Any]) -> None:
    built = build_party(row(), letter(**answers))
    assert all(isinstance(text, str) for text in (built.name, built.phone, built.needs, built.speaks, *built.help_with))


def test_a_letter_that_does_not_open_or_is_not_here_is_said_and_the_party_still_counts() -> None:
    assert "does not open" in build_party(row(), Problem("letter", "does not open.")).unreadable
    assert "Fetch again." in build_party(row(), None).unreadable
    assert build_party(row(), None).people == 3


def test_of_those_who_cancelled_nothing_is_told() -> None:
    assert build_party(row(state="cancelled"), letter(name="Somebody")).name == ""


def test_the_line_keeps_its_order() -> None:
    rows = [
        row("c" * 32, state="waiting", turn=3),
        row("b" * 32),
        row("d" * 32, state="waiting", turn=1),
        row("a" * 32, state="cancelled"),
    ]
    assert [one.id[0] for one in in_queue_order(rows)] == ["b", "d", "c", "a"]


@pytest.mark.parametrize(
    "strange",
    [{"id": "../../etc"}, {"id": None}, {"state": "perhaps"}, {"people": "many"}, {"event": ...}],
)
def test_a_strange_row_of_the_server_changes_nothing(strange: dict[str, Any]) -> None:
    good = {"id": ID, "event": MEETING, "people": 2, "state": "coming"}
    bad = {name: value for name, value in (good | strange).items() if value is not ...}
    with pytest.raises(Problem, match="Nothing was changed here"):
        read_rows([good, bad])


def test_rows_of_an_older_server_have_no_turn_and_no_version() -> None:
    assert read_rows([{"id": ID, "event": MEETING, "people": 2, "state": "coming"}]) == (
        SignupRow(ID, MEETING, 2, "coming"),
    )


def test_vanished_events_come_first_then_what_is_near_then_what_is_past() -> None:
    events = (
        event("late", day="2027-03-01"),
        event("soon", day="2027-01-13"),
        event("old", day="2026-12-01"),
        event("older", day="2026-11-01"),
        event("open", capacity=None),
    )
    gatherings = build_gatherings([row(event="gone")], events, TODAY)
    assert [one.id for one in gatherings] == ["gone", "soon", "late", "old", "older"]


def test_an_event_without_capacity_is_listed_once_somebody_signed_up() -> None:
    gatherings = build_gatherings([row(event="open")], (event("open", capacity=None),), TODAY)
    assert [(one.id, one.coming, free_places(one)) for one in gatherings] == [("open", 3, None)]


def test_a_vanished_event_with_signups_is_said_loudly_with_what_to_do() -> None:
    lost = Gathering("gone", None, (row(), row(people=2, state="waiting")))
    assert lost.alarm.startswith(
        "5 people in 2 groups signed up, but this event is no longer in content/tables/events.csv."
    )
    assert "Put its row back." in lost.alarm
    assert "write cancelled" in lost.alarm


def test_a_cancelled_event_and_a_lowered_capacity_are_said_and_an_empty_one_is_quiet() -> None:
    assert "which is cancelled. Call those" in Gathering("e", event(state="cancelled"), (row(),)).alarm
    assert "There are places for 2 and 1 too few" in Gathering("e", event(capacity=2), (row(),)).alarm
    assert Gathering("e", event(state="cancelled"), (row(state="cancelled"),)).alarm == ""
    assert Gathering("e", event(capacity=3), (row(),)).alarm == ""
    assert free_places(Gathering("e", event(capacity=2), (row(),))) == 0


def test_titles_and_days_of_events_that_are_no_more() -> None:
    assert (Gathering("gone", None, ()).title, Gathering("gone", None, ()).starts) == ("gone", "")
    assert date.fromisoformat(Gathering("e", event(), ()).starts[:10]) == date(2027, 1, 24)
