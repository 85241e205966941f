"""Whatever happens to one case, no other disappears from the lists: a state machine tries the orders of events."""

import os
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from forms.desk.cases.case import Case
from forms.desk.cases.case_builder import build_cases
from forms.desk.cases.erasure import ErasureRequest, visible_cases
from forms.desk.cases.grouping import cases_grouped_with, group_cases
from forms.desk.cases.log.case_log import Entry, heads, new_entry
from forms.desk.cases.search import CaseFilter, find_cases
from forms.desk.crypto.decryption import Letter
from tests.desk.test_casework import TODAY, letter

NAMES = "abcd"
EXAMPLES = int(os.environ.get("LISTS_EXAMPLES", "25"))
"""Orders tried in CI; LISTS_EXAMPLES=2000 for a long run."""


@dataclass
class Machine:
    """What one machine of the desk holds. seen: how many letters of each case have been read, as far as it knows."""

    letters: dict[str, Letter] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    resting: set[str] = field(default_factory=set)

    def cases(self) -> tuple[Case, ...]:
        rows = [(one.follows or one.id, 1, one) for one in self.letters.values()]
        requests = {id: ErasureRequest(TODAY, "", proven=True) for id in self.resting}
        return visible_cases(build_cases(rows, self.entries.values()), requests)

    def case(self, id: str) -> Case | None:
        return next((case for case in self.cases() if case.id == id), None)

    def write(self, id: str, kind: str, **value: Any) -> None:
        if case := self.case(id):
            entry = new_entry(id, "police/anita", heads(case.entries), kind, {**value, "letters": len(case.letters)})
            self.entries[entry.id] = entry


machine_numbers = st.integers(0, 1)
ids = st.sampled_from([name * 32 for name in NAMES])


class Lists(RuleBasedStateMachine):
    """Two machines of one desk, four cases."""

    def __init__(self) -> None:
        super().__init__()
        self.machines = (Machine(), Machine())
        self.all_letters: dict[str, Letter] = {}
        self.erased: set[str] = set()
        self.followups = 0

    @initialize()
    def letters_come(self) -> None:
        self.all_letters = {name * 32: letter(name * 32, what=name) for name in NAMES}
        for machine in self.machines:
            machine.letters = dict(self.all_letters)

    @rule(number=machine_numbers, case_id=ids, target_id=ids)
    def merge(self, number: int, case_id: str, target_id: str) -> None:
        target = self.machines[number].case(target_id)
        if case_id != target_id and target and not target.merged_into:  # as Session.merge asks
            self.machines[number].write(case_id, "merge", into=target_id)

    @rule(number=machine_numbers, case_id=ids)
    def part(self, number: int, case_id: str) -> None:
        self.machines[number].write(case_id, "merge", into="")

    @rule(number=machine_numbers, case_id=ids, state=st.sampled_from(["closed", "looking", "new"]))
    def set_state(self, number: int, case_id: str, state: str) -> None:
        self.machines[number].write(case_id, "state", state=state)

    @rule(number=machine_numbers, case_id=ids)
    def open(self, number: int, case_id: str) -> None:
        self.machines[number].write(case_id, "read")
        case = self.machines[number].case(case_id)
        assert case is None or not case.is_unread

    @rule(number=machine_numbers, case_id=ids)
    def hand_over(self, number: int, case_id: str) -> None:
        self.machines[number].write(case_id, "handover", desk="legal")

    @rule(case_id=ids)
    def add(self, case_id: str) -> None:
        """The person adds something: it waits at the server until a machine fetches it."""
        if case_id not in self.erased:
            self.followups += 1
            id = f"{self.followups:032}"
            self.all_letters[id] = replace(letter(id, day="2027-01-12", what="more"), follows=case_id)

    @rule(number=machine_numbers)
    def fetch(self, number: int) -> None:
        """Fetch what the server and the other machine have."""
        machine, colleague = self.machines[number], self.machines[1 - number]
        machine.letters |= {id: one for id, one in self.all_letters.items() if (one.follows or id) not in self.erased}
        machine.entries |= {id: one for id, one in colleague.entries.items() if one.thread not in self.erased}
        machine.resting |= colleague.resting

    @rule(number=machine_numbers, case_id=ids)
    def person_asks_to_erase(self, number: int, case_id: str) -> None:
        if case_id in self.machines[number].letters:
            self.machines[number].resting.add(case_id)

    @rule(number=machine_numbers, case_id=ids, forever=st.booleans())
    def erase(self, number: int, case_id: str, forever: bool) -> None:
        """Erase a case on one machine; on the server too (forever), unless another desk's share restores it."""
        machine = self.machines[number]
        machine.letters = {id: each for id, each in machine.letters.items() if (each.follows or id) != case_id}
        machine.entries = {id: each for id, each in machine.entries.items() if each.thread != case_id}
        machine.resting.discard(case_id)
        if forever:
            self.erased.add(case_id)

    @invariant()
    def every_case_is_in_exactly_one_list(self) -> None:
        for machine in self.machines:
            cases = machine.cases()
            threads = {one.follows or id for id, one in machine.letters.items()}
            assert {case.id for case in cases} == threads - machine.resting
            top_cases = find_cases(cases, CaseFilter(), TODAY)
            below = [case.id for top in top_cases for case in cases_grouped_with(cases, top.id)]
            assert sorted([*(case.id for case in top_cases), *below]) == sorted(case.id for case in cases)

    @invariant()
    def what_was_added_and_nobody_read_is_in_the_list_and_unread(self) -> None:
        """Counted from the entries by hand, not by the way that the desk counts."""
        for machine in self.machines:
            top_cases = find_cases(machine.cases(), CaseFilter(), TODAY)
            for case in machine.cases():
                read_counts = [one.value["letters"] for one in case.entries if one.kind in {"read", "merge", "state"}]
                if len(case.letters) > max(read_counts, default=0):
                    assert case in top_cases
                    assert case.is_unread

    @invariant()
    def the_number_of_unread_ones_is_right(self) -> None:
        for machine in self.machines:
            cases = machine.cases()
            unread = find_cases(cases, CaseFilter(unread=True), TODAY)
            assert unread == [case for case in find_cases(cases, CaseFilter(), TODAY) if case.is_unread]


Lists.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=30, deadline=None)
TestLists = Lists.TestCase


def merge_entry(id: str, into: str, **value: Any) -> Entry:
    return new_entry(id, "m", (), "merge", {"into": into, **value})


def three(*entries: Entry) -> dict[str, str]:
    rows = [(name * 32, 1, letter(name * 32, what=name)) for name in "abc"]
    return {case.id[0]: case.merged_into[:1] for case in group_cases(build_cases(rows, entries))}


@pytest.mark.parametrize(
    ("pairs", "under"),
    [
        ("", {"a": "", "b": "", "c": ""}),
        ("ab", {"a": "b", "b": "", "c": ""}),
        ("ab bc", {"a": "c", "b": "c", "c": ""}),
        ("ab ba", {"a": "", "b": "a", "c": ""}),
        ("ab bc cb", {"a": "b", "b": "", "c": "b"}),
        ("ab bc ca", {"a": "", "b": "a", "c": "a"}),
        ("aa bx", {"a": "", "b": "", "c": ""}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_chains_and_circles_have_one_case_in_the_list(pairs: str, under: dict[str, str]) -> None:
    assert three(*(merge_entry(one * 32, other * 32) for one, other in pairs.split())) == under


def test_what_is_added_to_a_merged_case_brings_it_back_into_the_list() -> None:
    added = replace(letter("f" * 32, day="2027-01-15", what="more"), follows="a" * 32)
    rows = [("a" * 32, 1, letter("a" * 32, what="x")), ("b" * 32, 1, letter("b" * 32, what="y")), ("a" * 32, 1, added)]
    old = Entry("e" * 32, "a" * 32, "m", "2027-01-12T10:00", (), "merge", {"into": "b" * 32})
    for entry in (merge_entry("a" * 32, "b" * 32, letters=1), old):
        cases = {case.id[0]: case for case in group_cases(build_cases(rows, [entry]))}
        assert cases["a"].merged_into == ""
        assert cases["a"].is_unread is True
    assert three(merge_entry("a" * 32, "b" * 32, letters=1)) == {"a": "b", "b": "", "c": ""}


def test_a_case_whose_other_is_gone_is_merged_anew_without_a_conflict() -> None:
    """The entry that says where it stood stays in the log, so that the next one comes after it."""
    machine = Machine({name * 32: letter(name * 32, what=name) for name in "abc"})
    machine.write("a" * 32, "merge", into="b" * 32)
    machine.resting.add("b" * 32)
    machine.write("a" * 32, "merge", into="c" * 32)
    again = machine.case("a" * 32)
    assert again is not None
    assert (again.merged_into, [entry.value["into"][:1] for entry in again.entries]) == ("c" * 32, ["b", "c"])
    machine.resting.clear()
    back = machine.case("a" * 32)
    assert back is not None
    assert back.merged_into == "c" * 32
