"""Marks of who came: only added, never changed, so that two machines' marks come together."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core.problem import Problem
from forms.desk.events.attendance import (
    MAX_PEOPLE,
    Mark,
    as_bytes,
    attendance_by_party,
    count_people,
    disputed,
    new_mark,
    read_mark,
)

ABOUT = "ab" * 16


def mark(
    people: int, earlier: list[Mark] | None = None, by: str = "events/anita", at: str = "2027-01-24T10:00", **more: Any
) -> Mark:
    return new_mark("e", more.pop("about", ABOUT), people, by, at, earlier or [], **more)


def test_a_later_mark_takes_the_place_of_one_that_its_writer_saw() -> None:
    first = mark(3)
    second = mark(2, [first])
    attendance = attendance_by_party([second, first])[ABOUT]
    assert (attendance.people, attendance.is_disputed, count_people([attendance])) == (2, False, 2)


def test_taking_back_is_a_mark_of_nobody() -> None:
    first = mark(3)
    assert count_people(attendance_by_party([first, mark(0, [first])]).values()) == 0


def test_two_machines_that_did_not_know_of_each_other_are_both_shown() -> None:
    anitas, ravis = mark(3, by="events/anita"), mark(4, by="events/ravi", at="2027-01-24T10:05")
    attendance = attendance_by_party([ravis, anitas])[ABOUT]
    assert attendance.is_disputed
    assert disputed([attendance]) == [attendance]
    assert (attendance.about, attendance.name) == (ABOUT, "")
    marks = [(mark.by, mark.people, mark.at) for mark in attendance.marks]
    assert marks == [("events/anita", 3, "2027-01-24T10:00"), ("events/ravi", 4, "2027-01-24T10:05")]
    settled = mark(4, [anitas, ravis])
    assert not attendance_by_party([anitas, ravis, settled])[ABOUT].is_disputed


def test_two_machines_that_say_the_same_do_not_disagree_and_count_once() -> None:
    attendance = attendance_by_party([mark(3, by="events/anita"), mark(3, by="events/ravi")])[ABOUT]
    assert (attendance.is_disputed, attendance.people) == (False, 3)


def test_a_wrong_clock_does_not_let_an_older_mark_win() -> None:
    first = mark(3, at="2031-01-01T00:00")
    assert attendance_by_party([first, mark(1, [first], at="2027-01-24T10:00")])[ABOUT].people == 1


def test_the_order_of_reading_and_reading_twice_change_nothing() -> None:
    first = mark(3)
    marks = [first, mark(2, [first]), mark(5, by="events/ravi"), mark(1, about="cd" * 16)]
    expected = {
        about: (attendance.people, attendance.is_disputed) for about, attendance in attendance_by_party(marks).items()
    }
    for order in permutations(marks):
        by_party = attendance_by_party([*order, *order])
        assert {
            about: (attendance.people, attendance.is_disputed) for about, attendance in by_party.items()
        } == expected


def test_walk_ins_have_a_name_that_stays_when_the_number_changes() -> None:
    first = mark(2, name="  Two \n from the kiln ")
    second = mark(3, [first])
    assert (second.name, second.walk_in, second.people) == ("Two from the kiln", True, 3)
    assert len(mark(1, name="x" * 500).name) == 100
    assert mark(1).name == ""


@given(st.integers(0, MAX_PEOPLE), st.text(), st.booleans())
def test_a_mark_comes_back_from_its_file_as_it_was(people: int, name: str, has_earlier: bool) -> None:
    original = mark(people, [mark(1)] if has_earlier else [], name=name)
    assert read_mark(as_bytes(original)) == original


@pytest.mark.parametrize("people", [-1, MAX_PEOPLE + 1])
def test_numbers_that_cannot_be_are_refused(people: int) -> None:
    with pytest.raises(Problem, match=f"Write 0 to {MAX_PEOPLE}"):
        mark(people)


def test_a_party_that_is_none_is_refused() -> None:
    with pytest.raises(Problem, match="no such party"):
        mark(1, about="../../x")


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"id": 1}',
        as_bytes(mark(1)).replace(b'"people": 1', b'"people": -1'),
    ],
)
def test_junk_in_a_file_is_no_mark(junk: bytes) -> None:
    with pytest.raises(Problem, match="attendance"):
        read_mark(junk)


def test_marks_that_name_each_other_are_damaged_and_all_shown() -> None:
    first, second = mark(1), mark(2)
    looped = [Mark(**{**vars(first), "after": (second.id,)}), Mark(**{**vars(second), "after": (first.id,)})]
    assert len(attendance_by_party(looped)[ABOUT].marks) == 2
