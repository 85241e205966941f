"""Cases computed from letters and entries: the same on every machine, conflicts shown, nothing lost."""

import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.core.problem import Problem
from forms.desk.cases.case import Case
from forms.desk.cases.case_builder import build_cases
from forms.desk.cases.log.case_log import (
    MAX_TEXT_LENGTH,
    Entry,
    current_entries,
    heads,
    in_order,
    new_entry,
    open_entry,
    read_entry,
    seal_entry,
)
from forms.desk.cases.plain_text import case_line, log_lines
from forms.desk.cases.search import COUNTER_FILTERS, SPAM, CaseFilter, count_cases, find_cases, similar_cases
from forms.desk.crypto.decryption import Letter, NotALetter, PartName
from forms.desk.window.rows import first_openings

TODAY = date(2027, 1, 20)
THREAD = "0" * 32


def letter(
    id: str = THREAD, *, day: str = "2027-01-10", follows: str = "", reply: str | None = "age1x", **answers: Any
) -> Letter:
    return Letter(id, "concern", "ta", day, ("police",), answers, reply, "", 0, (), follows, "server")


def entry(
    id: str, kind: str = "note", after: tuple[str, ...] = (), at: str = "2027-01-11T10:00", **value: Any
) -> Entry:
    return Entry(id, THREAD, "police/anita", at, after, kind, value)


def case(*entries: Entry, **answers: Any) -> Case:
    [built] = build_cases([(THREAD, 1, letter(**answers))], entries)
    return built


def test_a_case_that_nobody_touched_is_new_and_due_after_a_week() -> None:
    new = case(what="words")
    assert (new.state.value, new.assigned.value, new.outcome, new.is_answered) == ("new", "", "", False)
    assert new.due == date(2027, 1, 17)
    assert new.is_late(TODAY)


def test_without_a_receipt_no_answer_is_due() -> None:
    [quiet] = build_cases([(THREAD, 1, letter(reply=None, what="x"))], [])
    assert quiet.due is None


def test_the_last_word_of_one_hand_stands() -> None:
    first = entry("a", "state", state="looking")
    second = entry("b", "state", ("a",), at="2027-01-01T00:00", state="closed", outcome="released")
    built = case(first, second)
    assert (built.state.value, built.state.rivals, built.outcome) == ("closed", (), "released")
    assert built.due is None, "its clock was behind; what it had seen counts"


def test_two_hands_that_did_not_know_of_each_other_are_both_shown_until_one_settles_it() -> None:
    one, other = entry("a", "state", state="looking"), entry("b", "state", state="closed")
    built = case(one, other)
    assert list(built.state.rivals) == [one, other]
    assert built.conflicts == (built.state.rivals,)
    settled = case(one, other, entry("c", "state", ("a", "b"), state="looking"))
    assert (settled.state.value, settled.state.rivals, settled.conflicts) == ("looking", (), ())


def test_two_hands_that_wrote_the_same_agree() -> None:
    assert case(entry("a", "state", state="closed"), entry("b", "state", state="closed")).state.rivals == ()


@pytest.mark.parametrize(
    ("kind", "value", "other_value"),
    [
        ("state", {"state": "looking"}, {"state": "closed"}),
        ("state", {"state": "closed", "outcome": "released"}, {"state": "closed", "outcome": "nobody found"}),
        ("assign", {"member": "police/anita"}, {"member": "police/babu"}),
        ("due", {"day": "2027-02-01"}, {"day": ""}),
        ("theme", {"theme": "wages", "place": "northtown"}, {"theme": "wages", "place": "hillside"}),
        ("merge", {"into": "b" * 32}, {"into": ""}),
        ("flag", {"flag": "urgent", "on": True}, {"flag": "urgent", "on": False}),
    ],
)
def test_whatever_two_hands_set_to_different_things_is_one_conflict_in_window_and_terminal(
    kind: str, value: dict[str, Any], other_value: dict[str, Any]
) -> None:
    built = case(entry("a", kind, **value), entry("b", kind, **other_value))
    [rivals] = built.conflicts
    assert {each.id[0] for each in rivals} == {"a", "b"}
    assert "?" in case_line(1, built, TODAY)
    assert "Two machines wrote this without knowing of each other" in "\n".join(log_lines(built))


@pytest.mark.parametrize("seen_letters", [{"letters": 1}, {"letters": 2}, {"sent": "c" * 32}, {"head": "7:abc"}])
def test_what_two_machines_knew_makes_no_conflict_of_one_decision(seen_letters: dict[str, Any]) -> None:
    """Each entry names the letters and the server's statement that its machine had: staff decided the same."""
    built = case(entry("a", "state", state="closed"), entry("b", "state", state="closed", **seen_letters))
    assert built.conflicts == ()


def test_entries_that_claim_to_have_seen_each_other_are_both_shown() -> None:
    built = case(entry("a", "state", ("b",), state="looking"), entry("b", "state", ("a",), state="closed"))
    assert len(built.conflicts) == 1


def test_notes_never_replace_each_other() -> None:
    built = case(entry("a", text="one"), entry("b", text="two"))
    assert [each.value["text"] for each in built.entries] == ["one", "two"]
    assert built.conflicts == ()


def test_flags_follow_the_person_until_staff_say_otherwise() -> None:
    built = case(danger="yes", children="yes")
    assert (built.is_urgent, built.involves_child) == (True, True)
    looked_at = case(entry("a", "flag", flag="urgent", on=False), danger="yes", children="no")
    assert (looked_at.is_urgent, looked_at.involves_child) == (False, False)
    assert case(entry("a", "flag", flag="child", on=True)).involves_child


def test_an_answer_ends_what_was_due_and_staffs_own_day_comes_first() -> None:
    assert case(entry("a", "answer", text="We come.")).due is None
    assert case(entry("a", "answer", text="", state="looking")).due == date(2027, 1, 17), "a state is no answer"
    assert case(entry("a", "answer", text="x"), entry("b", "due", ("a",), day="2027-02-01")).due == date(2027, 2, 1)


def test_what_was_added_belongs_to_its_case() -> None:
    more = letter("1" * 32, day="2027-01-12", follows=THREAD, what="more")
    [built] = build_cases([(THREAD, 2, more), (THREAD, 1, letter(what="first"))], [])
    assert [each.answers["what"] for each in built.letters if isinstance(each, Letter)] == ["first", "more"]
    assert (built.tray, built.first_words) == (1, "first")


def test_a_letter_that_does_not_open_hides_nothing() -> None:
    [built] = build_cases([(THREAD, 1, Problem("letter", "does not open."))], [entry("a", text="x")])
    assert (built.first, built.form, built.first_words, built.due, built.is_urgent) == (None, "", "", None, False)


def test_the_time_line_is_for_machines_and_has_no_word_of_the_letter() -> None:
    line = case(entry("a", "assign", member="police/babu"), what="secret words").time_line()
    assert [row["what"] for row in line] == ["letter", "assign"]
    assert line[1]["value"] == {"member": "police/babu"}
    assert "secret" not in str(line)


@given(st.integers(0, 10_000), st.integers(2, 25))
def test_machines_that_hold_the_same_entries_fold_the_same_case(seed: int, count: int) -> None:
    chance = random.Random(seed)
    entries: list[Entry] = []
    for number in range(count):
        seen_ids = tuple(each.id for each in entries if chance.random() < 0.7)
        kind = chance.choice(["state", "assign", "note"])
        value = {"state": {"state": chance.choice(["looking", "closed"])}, "assign": {"member": chance.choice("ab")},
                 "note": {"text": str(number)}}[kind]  # fmt: skip
        entries.append(entry(f"{number:032x}", kind, seen_ids, f"2027-01-{chance.randint(1, 28):02}T10:00", **value))
    shuffled = list(entries)
    chance.shuffle(shuffled)
    one, other = case(*entries), case(*shuffled)
    assert one == other
    assert {each.id for each in one.entries} == {each.id for each in entries}, "no entry is lost"
    position = {each.id: place for place, each in enumerate(one.entries)}
    assert all(position[earlier] < position[each.id] for each in entries for earlier in each.after)
    for register in ("state", "assign"):
        assert current_entries(one.entries, register) or not any(each.kind == register for each in entries)


def test_a_circle_that_nobody_wrote_still_folds() -> None:
    assert [each.id for each in in_order([entry("a", after=("b",)), entry("b", after=("a",))])] == ["a", "b"]


def test_heads_are_what_nobody_has_seen() -> None:
    assert heads([entry("a"), entry("b", after=("a",)), entry("c", after=("a",))]) == ("b", "c")


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"id": 1},
        {"after": 3},
        {"id": "a", "thread": "t", "member": "m", "at": "", "after": [], "kind": "note", "value": 3},
    ],
)
def test_what_is_no_entry_is_said_to_be_none(data: Any) -> None:
    with pytest.raises(NotALetter):
        read_entry("a" * 32, data)


def test_entries_have_one_size_and_open_again() -> None:
    import pyrage  # noqa: PLC0415 - one test only

    identity = pyrage.x25519.Identity.generate()
    short, long = (
        new_entry(THREAD, "m", (), "note", {"text": "x"}),
        new_entry(THREAD, "m", (), "note", {"text": "ஔ" * MAX_TEXT_LENGTH}),
    )
    plain = [len(pyrage.decrypt(seal_entry(each, [str(identity.to_public())]), [identity])) for each in (short, long)]
    assert plain == [24576, 24576]
    assert open_entry(long.id, seal_entry(long, [str(identity.to_public())]), [identity]) == long


def test_an_entry_that_cannot_be_is_refused() -> None:
    with pytest.raises(Problem, match="no kind of entry"):
        new_entry(THREAD, "m", (), "dance", {})
    with pytest.raises(Problem, match="letters"):
        new_entry(THREAD, "m", (), "note", {"text": "x" * (MAX_TEXT_LENGTH + 1)})


# Finding


def many() -> list[Case]:
    return build_cases(
        [
            ("a" * 32, 1, letter("a" * 32, day="2027-01-19", what="செங்கல் சூளை, கடன்", place="avadi", work="kiln")),
            ("b" * 32, 1, letter("b" * 32, day="2027-01-01", what="The MILL owes wages", place="ponneri")),
            ("c" * 32, 2, letter("c" * 32, day="2027-01-20", what="danger!", danger="yes")),
            ("d" * 32, 1, letter("d" * 32, day="2027-01-02", what="help us", danger="yes", children="yes")),
            ("e" * 32, 1, letter("e" * 32, day="2027-01-20", what="done")),
        ],
        [replace(entry("f" * 32, "state", state="closed"), thread="e" * 32)],
    )


def ids(cases: list[Case]) -> str:
    return "".join(each.id[0] for each in cases)


def test_urgent_first_then_late_then_new_and_the_second_tray_and_closed_ones_last() -> None:
    assert ids(find_cases(many(), CaseFilter(), TODAY)) == "dbace"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (CaseFilter(text="mill WAGES"), "b"), (CaseFilter(text="சூளை"), "a"), (CaseFilter(text="mill nothing"), ""),
        (CaseFilter(state="closed"), "e"), (CaseFilter(tray=2), "c"), (CaseFilter(place="avadi"), "a"), (CaseFilter(work="kiln"), "a"),
        (CaseFilter(child=True), "d"), (CaseFilter(late=True), "db"), (CaseFilter(assigned="x"), ""), (CaseFilter(form="visit"), ""),
    ],
)  # fmt: skip
def test_what_is_wanted_is_found(wanted: CaseFilter, expected: str) -> None:
    assert ids(find_cases(many(), wanted, TODAY)) == expected


def letter_row(id: str, what: str, place: str | None = "avadi") -> tuple[str, int, Letter]:
    return (id * 32, 1, letter(id * 32, what=what, **({"place": place} if place else {})))


LONG = "They do not let us leave the kiln and the advance never ends, we are twelve people with four children"


def test_letters_that_tell_the_same_stand_together() -> None:
    groups = similar_cases(
        build_cases(
            [
                letter_row("a", LONG),
                letter_row("b", LONG + " here"),
                letter_row("c", "Wages were not paid at the mill for months"),
            ],
            [],
        )
    )
    assert groups == {"a" * 32: ("b" * 32,), "b" * 32: ("a" * 32,)}


def test_the_same_words_of_two_places_are_two_cases_unless_no_place_was_told() -> None:
    assert similar_cases(build_cases([letter_row("a", LONG), letter_row("b", LONG, "ponneri")], [])) == {}
    assert set(similar_cases(build_cases([letter_row("a", LONG), letter_row("b", LONG, None)], []))) == {
        "a" * 32,
        "b" * 32,
    }


def test_letters_without_words_are_alike_to_none() -> None:
    assert similar_cases(build_cases([letter_row("a", ""), letter_row("b", "")], [])) == {}


def test_hostile_part_names_become_no_file_names() -> None:
    from forms.desk.crypto.decryption import read_letter  # noqa: PLC0415 - one test only

    rows: list[Any] = [
        {"id": "../../x", "kind": "photo"},
        {"id": "a" * 32, "kind": "program"},
        {"id": "b" * 32, "kind": "voice", "seconds": "x"},
        7,
    ]
    assert read_letter({"answers": {}, "parts": rows}).parts == (PartName("b" * 32, "voice", 0),)


# Danger


def danger(*entries: Entry, reply: str | None = "age1x", **more: Any) -> Case:
    return case(*entries, danger="yes", reply=reply, what="help", **more)


@pytest.mark.parametrize("reply", ["age1x", None])
def test_danger_is_due_the_same_day_also_without_a_receipt(reply: str | None) -> None:
    untouched = danger(reply=reply)
    assert untouched.due == date(2027, 1, 10)
    assert not untouched.is_late(date(2027, 1, 10))
    assert untouched.is_late(date(2027, 1, 11))
    assert danger(entry("1" * 32, "read", letters=1), reply=reply).due == date(2027, 1, 10), "opened is not looked into"
    looked_into = danger(entry("1" * 32, "state", state="looking"), reply=reply)
    assert looked_into.due == (date(2027, 1, 17) if reply else None)
    assert danger(entry("1" * 32, "flag", flag="urgent", on=False), reply=None).due is None, "staff say it is none"
    assert danger(entry("1" * 32, "due", day="2027-01-12")).due == date(2027, 1, 12), "the day that staff set stands"


def test_what_staff_mark_as_urgent_is_due_the_same_day_too() -> None:
    assert case(entry("1" * 32, "flag", flag="urgent", on=True), reply=None, what="x").due == date(2027, 1, 10)


def test_the_oldest_danger_stands_first_and_the_latest_of_the_late_next() -> None:
    days = {
        "a": "2027-01-11",
        "b": "2027-01-01",
        "c": "2027-01-05",
        "d": "2027-01-02",
        "e": "2027-01-19",
        "f": "2027-01-18",
    }
    rows = [
        (name * 32, 1, letter(name * 32, day=day, what=name, **({"danger": "yes"} if name in "abc" else {})))
        for name, day in days.items()
    ]
    cases = build_cases([*rows, ("9" * 32, 1, letter("9" * 32, day="2027-01-03", what="late too"))], [])
    assert ids(find_cases(cases, CaseFilter(), TODAY)) == "bcad9ef"


def test_how_soon_danger_was_opened_is_said_in_hours() -> None:
    """At most: a letter bears its day alone, which begins in India at half past six in the evening, UTC."""
    late = danger(entry("1" * 32, "read", letters=1, at="2027-01-13T08:00"))
    same = danger(entry("1" * 32, "read", letters=1, at="2027-01-10T23:00"))
    soon = danger(entry("1" * 32, "read", letters=1, at="2027-01-09T19:00"))
    assert [one.hours_to_opening for one in (late, same, soon, danger())] == [86, 29, 1, None]
    twice = danger(entry("2" * 32, "read", letters=1, at="2027-01-12T08:00"), *late.entries)
    assert twice.hours_to_opening == 62, "the first opening counts"
    assert danger(entry("1" * 32, "read", letters=1, at="nonsense")).hours_to_opening is None
    assert danger(entry("1" * 32, "read", letters=1, at="2027-01-01T08:00")).hours_to_opening == 0, (
        "a clock that is wrong"
    )
    sentence = first_openings([late, same, soon, danger()])
    assert sentence.startswith("Of 3 letters about danger that were opened here, half were within 29 hours of the")
    assert "the longest waited 4 days." in sentence
    assert first_openings([danger()]) == ""


def test_each_counter_says_how_many_its_filter_shows() -> None:
    """One pass over all cases counts as a filter for each counter does."""
    chance = random.Random(7)
    cases = []
    for number in range(300):
        id = f"{number:032x}"
        answers = {"danger": chance.choice(("yes", "no")), "children": chance.choice(("yes", "no")), "what": "x"}
        entries = [
            Entry(f"{number}-{at}", id, "police/anita", "2027-01-11T10:00", (), kind, value)
            for at, (kind, value) in enumerate(
                chance.sample(
                    [
                        ("state", {"state": "closed", "letters": 1}), ("assign", {"member": "police/babu"}),
                        ("assign", {"member": "police/anita"}), ("read", {"letters": 1}), ("due", {"day": "2026-12-01"}),
                        ("merge", {"into": f"{number - 1:032x}", "letters": 1}),
                    ],
                    chance.randint(0, 3),
                )
            )
        ]  # fmt: skip
        [built] = build_cases([(id, chance.choice((1, 1, 2)), letter(id, **answers))], entries)
        cases.append(built)
    counts = count_cases(cases, "police/anita", TODAY)
    by_filter = {
        name: len(find_cases(cases, CaseFilter(show=name, member="police/anita"), TODAY)) for name in COUNTER_FILTERS
    }
    assert counts == by_filter | {SPAM: len(find_cases(cases, CaseFilter(tray=2), TODAY))}
    assert min(by_filter[name] for name in ("danger", "late", "child", "nobody", "mine", "unread")) > 0
