"""Whatever JSON stands inside a letter, an entry, a mark or a list of sign-ups, a desk goes on with all the others."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forms.core.crypto.encryption import seal_file
from forms.core.crypto.signing import sign
from forms.core.ids import new_id
from forms.core.problem import Problem
from forms.desk.cases.case_builder import build_cases
from forms.desk.cases.log.case_log import Entry, read_entry, statement_of
from forms.desk.cases.search import COUNTER_FILTERS, CaseFilter, find_cases
from forms.desk.crypto.decryption import read_letter
from forms.desk.events.attendance import read_mark
from forms.desk.events.attendees import read_rows
from forms.desk.session import Session
from forms.server.store.concerns.letters import NewLetter
from tests.desk.conftest import Office
from tests.desk.window_helpers import Office as WindowHouse
from tests.desk.window_helpers import running
from tests.server.conftest import TODAY

pytestmark = pytest.mark.usefixtures("site_not_visited")

ID = "a" * 32
HALF = "half \ud800"
PROFILE = settings(
    max_examples=60 * int(os.environ.get("PORTAL_ATTACKS", "3")),
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

ODD = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.sampled_from([HALF, "", ID, "closed", "9999-12-31", "0001-01-01", "\x00", "../identity", "f" * 64]),
        st.sampled_from([float("nan"), float("inf"), float("-inf"), 10**4000, -1, 0, 2**63]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["by", "id", "kind", "seconds", HALF, "what", "place", "bytes"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)


def odd_fields(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy: some of these fields, each with a value of any type."""
    return st.dictionaries(st.sampled_from(names), ODD, max_size=4)


LETTER_FIELDS = (
    "form", "id", "language", "day", "desks", "answers", "reply_to", "event", "people", "parts", "follows", "copy",
    "sealed_by", "erase_hash", "proof", "answer_key", "seen", "receipt_proof", "version",
)  # fmt: skip


@given(odd_fields(*LETTER_FIELDS))
@PROFILE
def test_a_letter_of_any_json_is_read_or_is_none(changes: dict[str, Any]) -> None:
    fields = {"form": "concern", "id": ID, "day": "2027-01-10", "answers": {"what": "w"}, "receipt_proof": "a" * 64}
    try:
        letter = read_letter({**fields, **changes})
    except Problem:
        return
    json.dumps(vars(letter), ensure_ascii=False, default=vars).encode()  # as the index keeps it
    [case] = build_cases([(ID, 1, letter)], ())
    for show in ("", *COUNTER_FILTERS):
        find_cases([case], CaseFilter(text="w", show=show, member="police", place="x", work="x", late=True), TODAY)


ENTRY_KINDS = ("state", "note", "assign", "due", "flag", "answer", "handover", "merge", "theme", "read", "unknown")
ENTRY_VALUES = (
    "state", "outcome", "letters", "text", "member", "day", "flag", "on", "desk", "into", "theme", "place", "work",
    "sent", "heard", "head", "of-later", HALF,
)  # fmt: skip


@given(
    odd_fields("thread", "member", "at", "after", "copy", "signature"),
    odd_fields(*ENTRY_VALUES),
    st.sampled_from(ENTRY_KINDS),
)
@PROFILE
def test_an_entry_of_any_json_is_read_or_is_none(changes: dict[str, Any], value: dict[str, Any], kind: str) -> None:
    letter = read_letter({"form": "concern", "id": ID, "day": "2027-01-10", "answers": {"what": "w"}})
    fields = {"thread": ID, "member": "police", "at": "2027-01-10T10:20", "after": [], "kind": kind, "value": value}
    try:
        entry = read_entry("b" * 32, {**fields, **changes})
    except Problem:
        return
    [case] = build_cases([(entry.thread, 1, letter)], [entry])
    for show in ("", *COUNTER_FILTERS):
        find_cases([case], CaseFilter(text="w", state="new", assigned="x", show=show, member="police"), TODAY)
    assert case.unheard_recordings is not None
    assert case.outcome is not None
    json.dumps(case.time_line(), ensure_ascii=False).encode()


@given(odd_fields("id", "event", "people", "state", "turn", "version", "gone"))
@example({"people": float("inf")})
@example({"turn": 10**4000, "people": 10**4299})
@example({"event": HALF})
@PROFILE
def test_a_list_of_sign_ups_of_any_json_is_read_or_is_none(changes: dict[str, Any]) -> None:
    try:
        rows = read_rows([{"id": ID, "event": "meeting", "people": 2, "state": "coming", **changes}] * 3)
    except Problem:
        return
    assert str(sum(row.people for row in rows)), "and can be counted"
    assert [row.event.encode() for row in rows]


@given(odd_fields("id", "event", "about", "by", "at", "name", "people", "walk_in", "after"))
@PROFILE
def test_a_mark_of_any_json_is_read_or_is_none(changes: dict[str, Any]) -> None:
    fields = {"id": ID, "event": "meeting", "about": ID, "by": "events", "at": "2027-01-10T10:20", "name": "",
             "people": 2, "walk_in": False, "after": []}  # fmt: skip
    try:
        mark = read_mark(json.dumps({**fields, **changes}).encode())
    except Problem:
        return
    assert [text.encode() for text in (mark.event, mark.about, mark.by, mark.at, mark.name)]


ODD_LETTERS: tuple[dict[str, Any], ...] = (
    {"copy": {"by": HALF, "desk": HALF, "reader": HALF, "day": HALF, "signature": HALF}},
    {"id": HALF, "receipt_proof": "a" * 64},
    {"parts": [{"id": ID, "kind": ["voice"]}]},
)


def test_no_letter_that_anybody_may_send_stops_a_desk(tmp_path: Path) -> None:
    """The sender encrypted it on the public form: only the desk can read it."""
    with running(tmp_path) as office:
        good = office.letter("A good one")
        for changes in ODD_LETTERS:
            id = new_id()
            send_letter(
                office, id, {"form": "concern", "id": id, "day": "2027-01-10", "answers": {"what": "w"}, **changes}
            )
        session = office.session()
        assert session.sync.run().away == ""
        assert good in {case.id for case in session.cases.all()}
        session.log.write(good, "note", text="goes on")
        assert good in {case.id for case in office.session().cases.all()}, "also from the index that was kept"


def send_letter(office: WindowHouse, id: str, fields: dict[str, Any]) -> None:
    desks = ("police", "legal")
    keys = [key for desk in office.portal.desks_with_ids(desks) for key in desk.keys]
    sealed = seal_file(json.dumps(fields).encode().ljust(24576), keys)
    office.store.intake.save(NewLetter(id, id, "concern", TODAY, None, sealed, desks))


ODD_ENTRIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("state", {"state": ["closed"]}),
    ("state", {"state": None}),
    ("assign", {"member": {"a": 1}}),
    ("read", {"heard": []}),
)


def test_no_entry_that_a_colleague_signs_stops_the_other_machines(office: Office) -> None:
    office.tell(what="The first case")
    babu = office.machine("police/babu")
    babu.sync.run()
    [case] = babu.cases.all()
    entry_ids = [send_entry_by_hand(office, babu, case.id, kind, value) for kind, value in ODD_ENTRIES]
    anita = office.machine("police/anita")
    assert anita.sync.run().away == ""
    [case_of_anita] = anita.cases.all()
    for show in ("", *COUNTER_FILTERS):
        find_cases([case_of_anita], CaseFilter(state="new", assigned="x", show=show, member="police/anita"), TODAY)
    assert (case_of_anita.state.value, case_of_anita.assigned.value, case_of_anita.unheard_recordings) == (
        "new",
        "",
        (),
    )
    assert set(entry_ids) <= set(anita.cases.unreadable()), "staff are told of them"
    anita.log.answer(case.id, "We will come.")


def send_entry_by_hand(office: Office, writer: Session, case_id: str, kind: str, value: dict[str, Any]) -> str:
    """Send an entry with these values, validly signed; return its id."""
    entry = Entry(new_id(), case_id, writer.keys.member, "2027-01-10T10:20", (), kind, value)
    entry = replace(entry, signature=sign(statement_of(entry, writer.place.desk), writer.keys.signer.key))
    fields = {name: getattr(entry, name) for name in ("thread", "member", "at", "after", "kind", "value", "signature")}
    keys = [key for desk in office.portal.desks_with_ids([writer.place.desk]) for key in desk.keys]
    sealed = seal_file(json.dumps(fields).encode().ljust(24576), keys)
    writer.place.server().send("PUT", f"letters/{case_id}/entries/{entry.id}", sealed)
    return entry.id
