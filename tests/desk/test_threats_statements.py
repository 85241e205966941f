"""The server's daily statements: they go on from each other, name what came, and are the same for all machines."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from forms.core.crypto.signing import private_key, public_text, sign_bytes
from forms.core.proofs.statements import DailyStatement, DeskPart, StatementForDesk
from forms.desk.cli.main import desk as desk_command
from forms.desk.doctor.examination import examine
from forms.desk.session import Session
from forms.desk.sync.client import Server
from forms.desk.sync.responses import NotThere
from forms.desk.sync.statements import FILE, TROUBLES, Known, Statements
from forms.server.web.current import state_of
from tests.desk.conftest import Office

pytestmark = pytest.mark.usefixtures("site_not_visited")

HANG_TOGETHER = "hang together"
Given = tuple[str, list[StatementForDesk]]


def next_day(office: Office, days: int = 1) -> None:
    """Move the clocks of the server and of all desks to a later day."""
    office.day += timedelta(days=days)
    state_of(office.app).retention.clock = lambda: office.day


def complaints(session: Session) -> list[str]:
    return [finding.sentence for finding in examine(session) if "statement" in finding.sentence]


def statement_complaints(session: Session) -> str:
    return "\n".join(sentence for sentence in complaints(session) if HANG_TOGETHER not in sentence)


def machine_after_first_fetch(office: Office, member: str = "legal") -> Session:
    """Return a machine that follows the statements, on the day after its first fetch."""
    session = office.machine(member)
    session.sync.run()
    next_day(office)
    session.sync.run()
    return session


def secret(office: Office) -> str:
    store = state_of(office.app).services.statements
    with store.writing() as connection:
        return str(store.signing_secret(connection))


def sign_statement(office: Office, statement: DailyStatement, part: DeskPart) -> StatementForDesk:
    """A statement that a lying server signs."""
    return StatementForDesk(statement, sign_bytes(statement.as_bytes(), private_key(secret(office))), part)


def lie(monkeypatch: pytest.MonkeyPatch, change: Callable[[str, list[StatementForDesk]], Given], *tokens: str) -> None:
    """Let the server give false statements, to all machines or to these."""
    honest_statements = Server.statements

    def statements(self: Server, after: int | None) -> Given:
        rows = honest_statements(self, after)
        return change(*rows) if not tokens or self.token in tokens else rows

    monkeypatch.setattr(Server, "statements", statements)


def test_an_honest_servers_statements_say_nothing_odd_whatever_people_and_desks_do(office: Office) -> None:
    legal, police = machine_after_first_fetch(office), machine_after_first_fetch(office, "police/anita")
    receipts = [office.tell(what=f"told on day {number}") for number in range(3)]
    office.answer_page(receipts[0], do="delete-now")  # nobody has fetched it
    legal.sync.run()
    office.answer_page(receipts[2], do="delete-now")  # fetched and erased on the same day: it is never stated
    office.add(receipts[1], "more of it")
    next_day(office)
    office.answer_page(receipts[1], do="delete-now")  # one desk has fetched it, and both were told that it came
    legal.sync.run()
    assert len(legal.cases.awaiting_erasure()) == 2
    for session in (legal, police):
        for _ in range(3):
            next_day(office)
            office.tell(what=f"again on {office.day}")
            session.sync.run()
            assert list(session.withheld.statements.known().findings()) == []
    legal.erasing.erase(legal.cases.all()[0].id)
    next_day(office)
    for session in (legal, police):
        session.sync.run()
        assert statement_complaints(session) == ""
    heads = {session.withheld.statements.known().head for session in (legal, police)}
    assert len(heads) == 1, "all desks have the same statement"
    [sentence] = complaints(legal)
    assert HANG_TOGETHER in sentence
    hash = heads.pop().partition(":")[2]
    assert f"{hash[:4]} {hash[4:8]}" in sentence, "to be compared on the telephone"


def test_a_letter_that_is_stated_and_held_back_is_said_and_no_more_once_it_comes(office: Office) -> None:
    legal = machine_after_first_fetch(office)
    office.tell(what="held back")
    with pytest.MonkeyPatch.context() as server:
        server.setattr(Server, "waiting", lambda *_, **__: [])
        next_day(office)
        legal.sync.run()
        assert statement_complaints(legal) == "", (
            "the person may have erased it before this desk came: the next one says"
        )
        next_day(office)
        legal.sync.run()
        assert "names 1 letter that this machine never got" in statement_complaints(legal)
    legal.sync.run()
    assert statement_complaints(legal) == ""


def test_a_letter_that_is_given_out_and_not_stated_is_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    legal = machine_after_first_fetch(office)
    office.tell(what="the server says that it never had it")
    monkeypatch.setattr("forms.server.services.daily_statement.letters_present", lambda *_: {"legal": set()})
    legal.sync.run()
    [case] = legal.cases.all()
    for _ in range(2):
        next_day(office)
        legal.sync.run()
    assert f"gave out letter {case.id[:8]} and does not name it" in statement_complaints(legal)
    legal.erasing.erase(case.id)
    assert statement_complaints(legal) == "", "what is erased here is forgotten"


def test_two_machines_that_are_shown_different_statements_notice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.tell(what="about this they write")
    anita, babu = machine_after_first_fetch(office, "police/anita"), office.machine("police/babu")
    babu.sync.run()

    def fork(key: str, rows: list[StatementForDesk]) -> Given:
        known_statements = babu.withheld.statements.known()
        statements: list[StatementForDesk] = rows[:1]
        for row in rows[1:]:
            before = statements[-1].statement.hash
            statements.append(
                sign_statement(
                    office, replace(row.statement, before=before, parts={**row.statement.parts, "x": "y"}), row.part
                )
            )
        return (key, statements) if known_statements.number else (key, rows)

    lie(monkeypatch, fork, babu.place.server().token)
    next_day(office)
    anita.sync.run()
    babu.sync.run()
    assert statement_complaints(babu) == "", "by itself it hangs together"
    [case] = anita.cases.all()
    anita.log.write(case.id, "note", text="Seen.")
    babu.sync.run()
    assert "to the machine of police/anita than to this one" in statement_complaints(babu)
    [entry] = babu.withheld.contradicting_statements()
    assert entry.value["head"] == anita.withheld.statements.known().head


def test_a_statement_that_is_rewritten_afterwards_is_said_until_somebody_has_asked_why(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    legal = machine_after_first_fetch(office)
    with monkeypatch.context() as server:
        lie(
            server,
            lambda key, rows: (key, [sign_statement(office, replace(rows[0].statement, before="f" * 64), DeskPart())]),
        )
        legal.sync.run()
    assert TROUBLES["fork"].partition("{")[0] in statement_complaints(legal)
    next_day(office)
    legal.sync.run()
    assert "another daily statement" in statement_complaints(legal), "also when the server is honest again"
    assert legal.withheld.statements.known().day == (office.day - timedelta(days=1)).isoformat(), (
        "and it goes on following"
    )
    options = ["--home", str(office.home), "--server", office.address, "--desk", "legal"]
    done = CliRunner().invoke(desk_command, [*options, "trust", "--statements"], input="y\n")
    assert "begin anew at the next fetch" in done.output
    legal.sync.run()
    assert statement_complaints(legal) == ""


ANOTHER_KEY = private_key("ab" * 32)


@pytest.mark.parametrize(
    ("trouble", "change"),
    [
        ("key", lambda _, rows: (public_text(ANOTHER_KEY), rows)),
        ("key", lambda _, rows: ("", rows)),
        ("back", lambda key, _: (key, [])),
        ("back", lambda key, rows: (key, [replace(rows[0], statement=replace(rows[0].statement, number=0))])),
        ("chain", lambda key, rows: (key, rows[1:])),
        ("chain", lambda key, rows: (key, [rows[0], rows[0]])),
        ("chain", lambda key, rows: (key, [rows[0], replace(rows[1], statement=replace(rows[1].statement, before=""))])),
        ("signature", lambda key, rows: (key, [rows[0], replace(rows[1], statement=replace(rows[1].statement, day="2099-01-01"))])),
        ("signature", lambda key, rows: (key, [rows[0], replace(rows[1], signature=sign_bytes(rows[1].statement.as_bytes(), ANOTHER_KEY))])),
        ("signature", lambda key, rows: (key, [rows[0], replace(rows[1], signature="")])),
        ("part", lambda key, rows: (key, [rows[0], replace(rows[1], part=DeskPart("", ("f" * 32,), ()))])),
        ("part", lambda key, rows: (key, [rows[0], replace(rows[1], part=replace(rows[1].part, gone=("f" * 32,)))])),
        ("part", lambda key, rows: (key, [rows[0], replace(rows[1], part=DeskPart())])),
    ],
)  # fmt: skip
def test_whatever_does_not_fit_is_said_and_stops_no_desk(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    change: Callable[[str, list[StatementForDesk]], Given],
) -> None:
    legal = machine_after_first_fetch(office)
    office.tell(what="comes all the same")
    next_day(office)
    lie(monkeypatch, change)
    assert legal.sync.run().away == ""
    assert legal.withheld.statements.known().trouble == trouble
    assert TROUBLES[trouble].partition("{")[0] in statement_complaints(legal)
    assert "desk trust --statements" in statement_complaints(legal)
    [case] = legal.cases.all()
    legal.log.write(case.id, "note", text="and work goes on")
    assert legal.outbox.waiting == 0


def test_a_server_without_statements_is_passed_over_and_one_that_ends_them_is_said(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any) -> Given:
        raise NotThere("server", "has none.", "")

    partner, legal = office.machine("partner"), machine_after_first_fetch(office)
    monkeypatch.setattr(Server, "statements", none)
    assert partner.sync.run().away == ""
    assert complaints(partner) == []
    for _ in range(9):
        next_day(office)
        legal.sync.run()
    assert "has given no daily statement since" in statement_complaints(legal)


def test_a_restored_server_is_said_and_begins_anew_after_a_person_has_asked(office: Office) -> None:
    legal = machine_after_first_fetch(office)
    store = state_of(office.app).services.statements
    with store.writing() as connection:
        for table in ("statement_key", "statements", "statement_parts", "stated"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    next_day(office)
    legal.sync.run()
    assert TROUBLES["key"] in statement_complaints(legal)
    assert legal.withheld.statements.reset()
    legal.sync.run()
    assert statement_complaints(legal) == ""


def test_a_desk_learns_of_its_own_part_only(office: Office) -> None:
    """Nor does the hash of another's part tell whether it is empty: there are random bytes in it."""
    machine_after_first_fetch(office)
    office.tell(what="not for the police", hide_from="police")
    next_day(office)
    police, legal = office.machine("police/anita"), office.machine("legal")
    [(_, [police_row]), (_, [legal_row])] = [session.place.server().statements(None) for session in (police, legal)]
    assert police_row.statement == legal_row.statement
    assert (police_row.part.arrived, len(legal_row.part.arrived)) == ((), 1)
    assert legal_row.part.arrived[0] not in repr(police_row)
    assert police_row.statement.parts["legal"] != DeskPart("", legal_row.part.arrived, ()).hash_for("legal")
    assert len(police_row.part.nonce) == len(legal_row.part.nonce) == 32
    assert police_row.part.nonce != legal_row.part.nonce


def test_one_statement_a_day_and_none_is_kept_for_ever(office: Office) -> None:
    store = state_of(office.app).services.statements
    receipt = office.tell(what="erased")
    next_day(office)
    office.answer_page(receipt)
    office.answer_page(receipt, do="delete-now")
    assert len(store.statements("legal", 0)) == 2
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM stated").scalar() == 3, "a letter, of three desks"
    for number in range(1, 63):
        day = office.day + timedelta(days=number)
        store.add_statement(day, {"legal": set()})
        store.add_statement(day, {"legal": {"f" * 32}})
    stored = store.statements("legal", 0)
    assert len(stored) == 61
    assert all(one.part.arrived == () for one in stored)
    assert [one.statement.number for one in stored] == list(range(4, 65))
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM statement_parts WHERE desk = 'legal'").scalar() == 61


@pytest.mark.parametrize(
    "damaged", ["", "[]", "[" * 100_000, '{"number": "x"}', json.dumps({"key": "x", "number": 3, "day": "x", "heads": {"3": "y"}, "missing": {}, "given": {}, "odd": [], "trouble": "", "trouble_day": ""})]
)  # fmt: skip
def test_a_damaged_memory_stops_no_desk(tmp_path: Path, damaged: str) -> None:
    (tmp_path / FILE).write_text(damaged, encoding="utf-8")
    assert Statements(tmp_path).known() == Known()
    Statements(tmp_path).record_received([("a" * 32, "2027-01-01")], "2027-01-01")
    assert list(Known(number=2, heads={"2": "a"}).findings()) == []
    assert not Known(heads={"2": "a"}).contradicts(["2:b"])
    assert Known(heads={"2": "a"}).contradicts("2:b")
