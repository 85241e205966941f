"""The stores, on both databases: durable, exact, and silent about what is not asked for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from forms.core.crypto import encryption
from forms.core.crypto.signing import are_bytes_signed_by
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.letters import Access, EntryRow, NewLetter, PartsMissing
from forms.server.store.connections.compiled_statements import COMPILED
from forms.server.store.faults import DuplicateId, NotKept
from forms.server.store.signups import signup_tables
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.signups.signup_tables import Signup
from forms.server.store.statement_store import StatementStore
from tests.server.conftest import dropped_after

DAY = date(2027, 1, 1)
SEALED = encryption.seal({"what": "help"}, [str(pyrage.x25519.Identity.generate().to_public())])


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/concerns.db", f"sqlite:///{tmp_path}/signups.db"
    concerns = request.getfixturevalue("postgres")
    return concerns, concerns.replace("/postgres?", "/signups?")


@pytest.fixture
def concerns(urls: tuple[str, str]) -> Iterator[ConcernStore]:
    with dropped_after(ConcernStore(urls[0])) as opened:
        yield opened


@pytest.fixture
def signups(urls: tuple[str, str]) -> Iterator[SignupStore]:
    with dropped_after(SignupStore(urls[1])) as opened:
        yield opened


ONE_EACH = {"police": ("police",), "legal": ("legal",)}


def coming(id: str = "a", desks: tuple[str, ...] = ("police", "legal"), day: date = DAY, **more: Any) -> NewLetter:
    return NewLetter(**{"id": id, "thread": id, "form": "concern", "day": day, "lookup": id.encode() * 32,
                     "sealed": SEALED, "desks": desks, **more})  # fmt: skip


def keep(concerns: ConcernStore, *args: Any, **more: Any) -> bool:
    return concerns.intake.save(coming(*args, **more))


def waiting(concerns: ConcernStore, desk: str, member: str = "") -> list[str]:
    return [item.id for item in concerns.inbox.waiting(desk, member or desk)]


def take(concerns: ConcernStore, id: str, desk: str, member: str = "") -> bool:
    return concerns.inbox.acknowledge(id, desk, member or desk, ONE_EACH)


def sign_up(signups: SignupStore, id: str, people: int, capacity: int = 5) -> bool:
    signup = Signup(id, "meeting", people, signup_tables.COMING)
    kept = signups.save(signup, id.encode().ljust(32), SEALED, capacity=capacity, last_day=DAY)
    return kept is not None and kept.state == signup_tables.COMING


def test_a_letter_is_kept_once(concerns: ConcernStore) -> None:
    assert keep(concerns) is True
    assert keep(concerns) is False
    assert waiting(concerns, "police") == ["a"]


def test_a_desk_sees_its_own_letters_only(concerns: ConcernStore) -> None:
    keep(concerns, desks=("legal",))
    assert waiting(concerns, "police") == []
    assert concerns.inbox.sealed_letter("a", "police", "police") is None
    assert take(concerns, "a", "police") is False
    assert concerns.desk_writing.add_answer("x", "a", "police", DAY, SEALED) is False
    assert concerns.desk_writing.add_entry(EntryRow("e", "a", DAY), "police", SEALED) is False
    assert concerns.desk_writing.add_copy("a", "a", "police", "police", SEALED) is False
    assert concerns.erasing.erase_share("a", "police") is False
    assert concerns.inbox.sealed_letter("a", "legal", "legal") == SEALED


def test_the_sealed_text_leaves_when_all_its_desks_have_it(concerns: ConcernStore) -> None:
    keep(concerns)
    assert take(concerns, "a", "police")
    assert concerns.inbox.sealed_letter("a", "legal", "legal") == SEALED
    assert take(concerns, "a", "legal")
    assert take(concerns, "a", "legal"), "acknowledging again is no error"
    assert concerns.inbox.sealed_letter("a", "legal", "legal") is None
    assert concerns.receipts.progress(b"a" * 32).taken_by == ("legal", "police")


def test_with_several_people_at_a_desk_each_gets_the_letter(concerns: ConcernStore) -> None:
    keep(concerns, desks=("police",))
    people = {"police": ("police/anita", "police/babu")}
    assert concerns.inbox.acknowledge("a", "police", "police/anita", people)
    assert waiting(concerns, "police", "police/anita") == []
    assert waiting(concerns, "police", "police/babu") == ["a"]
    assert concerns.inbox.sealed_letter("a", "police", "police/babu") == SEALED
    concerns.retention.delete_taken_texts({"police": ("police/anita",)})
    assert concerns.inbox.sealed_letter("a", "police", "police/babu") is None, (
        "babu has left: nobody waits for the text"
    )
    assert concerns.receipts.progress(b"a" * 32).taken_by == ("police",)


def test_a_copy_sealed_anew_is_for_its_reader_only_and_waits_again(concerns: ConcernStore) -> None:
    keep(concerns, desks=("police",))
    take(concerns, "a", "police")
    anew = SEALED + b"anew"
    assert concerns.desk_writing.add_copy("a", "a", "police", "police/new", anew)
    assert waiting(concerns, "police") == []
    assert waiting(concerns, "police", "police/new") == ["a"]
    assert concerns.inbox.sealed_letter("a", "police", "police/new") == anew


def test_a_letter_handed_over_becomes_the_other_desks_too(concerns: ConcernStore) -> None:
    keep(concerns, desks=("police",))
    take(concerns, "a", "police")
    assert waiting(concerns, "legal") == []
    assert concerns.desk_writing.add_copy("a", "a", "police", "legal", SEALED)
    assert waiting(concerns, "legal") == ["a"]
    assert concerns.inbox.sealed_letter("a", "legal", "legal") == SEALED
    assert concerns.receipts.progress(b"a" * 32).desks == ("legal", "police")


def test_parts_wait_for_their_letter_and_go_with_it(concerns: ConcernStore) -> None:
    concerns.intake.save_part("p1", DAY, ["legal", "police"], SEALED)
    concerns.intake.save_part("p1", DAY, ["legal", "police"], SEALED)
    assert concerns.intake.has_parts(["p1"], ["police", "legal"])
    assert not concerns.intake.has_parts(["p1"], ["police"]), "sealed for other desks"
    assert concerns.inbox.sealed_part("p1", "police", "police") is None, "it belongs to no letter yet"
    keep(concerns, parts=("p1",))
    assert concerns.inbox.waiting("police", "police")[0].parts == ("p1",)
    assert concerns.inbox.sealed_part("p1", "police", "police") == SEALED
    assert concerns.inbox.sealed_part("p1", "partner", "partner") is None
    for desk in ("police", "legal"):
        take(concerns, "a", desk)
    assert concerns.inbox.sealed_part("p1", "police", "police") is None


@pytest.mark.parametrize("desks", [("police",), ("police", "legal")])
def test_a_letter_whose_parts_are_not_here_is_not_kept(concerns: ConcernStore, desks: tuple[str, ...]) -> None:
    concerns.intake.save_part("p1", DAY, ["partner"], SEALED)
    with pytest.raises(PartsMissing) as raised:
        keep(concerns, "a", desks, parts=("p1", "p2"))
    assert raised.value.missing == ("p1", "p2")
    assert waiting(concerns, "police") == []


def test_parts_that_no_letter_claims_go_after_two_days(concerns: ConcernStore) -> None:
    concerns.intake.save_part("old", DAY, ["police"], SEALED)
    concerns.intake.save_part("claimed", DAY, ["police"], SEALED)
    keep(concerns, desks=("police",), parts=("claimed",))
    concerns.retention.erase_loose_parts(date(2027, 1, 3))
    assert not concerns.intake.has_parts(["old"], ["police"])
    assert concerns.inbox.sealed_part("claimed", "police", "police") == SEALED


def test_an_answer_is_kept_once_and_found_with_the_receipt(concerns: ConcernStore) -> None:
    keep(concerns)
    assert concerns.desk_writing.add_answer("x", "a", "legal", DAY, SEALED)
    assert concerns.desk_writing.add_answer("x", "a", "legal", DAY, SEALED)
    assert [answer.desk for answer in concerns.receipts.progress(b"a" * 32).answers] == ["legal"]
    assert concerns.receipts.progress(b"b" * 32) is None


def test_the_case_log_is_each_desks_own(concerns: ConcernStore) -> None:
    keep(concerns)
    for desk in ("police", "legal"):
        assert concerns.desk_writing.add_entry(EntryRow(f"e-{desk}", "a", DAY), desk, SEALED)
        assert concerns.desk_writing.add_entry(EntryRow(f"e-{desk}", "a", DAY), desk, SEALED), (
            "bringing it again is no error"
        )
    assert [entry.id for entry in concerns.inbox.entries("police", DAY)] == ["e-police"]
    assert concerns.inbox.entries("police", date(2027, 1, 2)) == ()
    assert concerns.inbox.sealed_entry("e-police", "police") == SEALED
    assert concerns.inbox.sealed_entry("e-police", "legal") is None


def test_what_follows_a_letter_shows_by_day_and_goes_with_it(concerns: ConcernStore) -> None:
    keep(concerns)
    keep(concerns, "b", thread="a", lookup=None, day=date(2027, 1, 5), form="followup")
    assert concerns.receipts.progress(b"a" * 32).days == (DAY, date(2027, 1, 5))
    concerns.erasing.erase_thread("a", coming("notice", ("police",), form="deletion"))
    assert concerns.receipts.progress(b"a" * 32) is None
    assert waiting(concerns, "police") == ["notice"]
    assert waiting(concerns, "legal") == []


def test_a_desk_that_drops_a_letter_leaves_it_to_the_others(concerns: ConcernStore) -> None:
    keep(concerns)
    concerns.desk_writing.add_entry(EntryRow("e", "a", DAY), "police", SEALED)
    assert concerns.erasing.erase_share("a", "police")
    assert waiting(concerns, "police") == []
    assert concerns.inbox.entries("police", DAY) == ()
    assert concerns.inbox.sealed_letter("a", "legal", "legal") == SEALED
    assert concerns.erasing.erase_share("a", "legal")
    assert concerns.receipts.progress(b"a" * 32) is None


def test_no_desk_puts_a_copy_before_what_belongs_to_another_letter(concerns: ConcernStore) -> None:
    keep(concerns, "a", desks=("police", "legal"))
    keep(concerns, "b", desks=("legal",), lookup=b"b" * 32)
    assert concerns.desk_writing.add_copy("b", "a", "police", "legal", SEALED + b"junk") is False
    assert concerns.inbox.sealed_letter("b", "legal", "legal") == SEALED
    concerns.desk_writing.add_entry(EntryRow("e", "b", DAY), "legal", SEALED)
    assert concerns.desk_writing.add_copy("e", "a", "police", "legal", SEALED + b"junk") is False
    assert concerns.inbox.sealed_entry("e", "legal") == SEALED


def test_what_staff_did_is_written_down_by_desk_and_goes_with_time(concerns: ConcernStore) -> None:
    concerns.access_log.note_access("1", "police", Access("2027-01-01T10:00", "police/anita", "fetched", "a"))
    concerns.access_log.note_access("2", "legal", Access("2027-01-02T10:00", "legal", "fetched", "a"))
    assert [one.member for one in concerns.access_log.accesses("police")] == ["police/anita"]
    concerns.retention.erase(date(2027, 1, 2))
    assert concerns.access_log.accesses("police") == ()
    assert len(concerns.access_log.accesses("legal")) == 1


def test_what_was_erased_is_gone_from_the_file(tmp_path: Path) -> None:
    opened = ConcernStore(f"sqlite:///{tmp_path}/concerns.db")
    marked = SEALED + b"marked-ciphertext" * 50
    opened.intake.save_part("p1", DAY, ["police"], marked)
    opened.intake.save(coming(desks=("police",), sealed=marked, parts=("p1",)))
    opened.desk_writing.add_answer("x", "a", "police", DAY, marked)
    on_disk = lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir())  # noqa: E731
    assert b"marked-ciphertext" in on_disk()
    opened.erasing.erase_thread("a", None)
    assert b"marked-ciphertext" not in on_disk()
    opened.close()


def test_old_letters_go_when_every_desk_has_them(concerns: ConcernStore) -> None:
    keep(concerns, "a", ("legal",))
    keep(concerns, "b", ("legal",))
    take(concerns, "a", "legal")
    assert concerns.retention.erase(date(2027, 6, 1)) == 1
    assert waiting(concerns, "legal") == ["b"], "nothing unread is erased"


@pytest.mark.parametrize("plain", [b"", b"help", b'{"what": "help"}'])
def test_nothing_plain_is_ever_kept(concerns: ConcernStore, signups: SignupStore, plain: bytes) -> None:
    with pytest.raises(encryption.NotSealed):
        concerns.intake.save(coming(sealed=plain))
    with pytest.raises(encryption.NotSealed):
        signups.save(Signup("a", "e", 1, "coming"), b"l", plain, capacity=5, last_day=DAY)
    assert (concerns.inbox.waiting("police", "police"), signups.all_signups(), signups.places_taken("e")) == ((), (), 0)


def test_places_are_counted_and_given_back(signups: SignupStore) -> None:
    assert sign_up(signups, "a", 3)
    assert sign_up(signups, "b", 2)
    assert signups.cancel(b"a".ljust(32)) is True
    assert signups.cancel(b"a".ljust(32)) is False, "places are given back once"
    assert signups.places_taken("meeting") == 2
    assert signups.sealed_part("a") is None, "what a person told is erased with the sign-up"


def test_the_same_signup_again_takes_no_more_places_even_when_full(signups: SignupStore) -> None:
    assert sign_up(signups, "a", 5)
    assert sign_up(signups, "a", 5)
    assert signups.places_taken("meeting") == 5


def test_signups_go_when_their_event_is_long_over(signups: SignupStore) -> None:
    sign_up(signups, "a", 3)
    assert signups.erase(DAY) == 0
    assert signups.erase(date(2027, 1, 2)) == 1
    assert (signups.all_signups(), signups.places_taken("meeting")) == ((), 0)


def test_a_database_that_is_away_says_so_without_what_was_written(tmp_path: Path) -> None:
    away = ConcernStore(f"sqlite:///{tmp_path}/no/such/folder/x.db")
    with pytest.raises(NotKept) as raised:
        away.intake.save(coming(lookup=b"secret-look-up"))
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    away.close()


def test_sqlite_keeps_its_promise_of_durability(tmp_path: Path) -> None:
    opened = ConcernStore(f"sqlite:///{tmp_path}/concerns.db")
    with opened.writing() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete")
        }
    opened.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


# The daily statements


@pytest.fixture
def statements(urls: tuple[str, str]) -> Iterator[StatementStore]:
    with dropped_after(StatementStore(urls[0])) as opened:
        opened.metadata.drop_all(opened.engine)  # servers of other tests state something in the same database
        yield opened


def test_a_statement_names_what_came_and_what_is_gone_and_the_one_before(statements: StatementStore) -> None:
    for number, ids in enumerate(({"a", "b"}, {"b", "c"}, {"b", "c"})):
        statements.add_statement(DAY + timedelta(days=number), {"legal": ids, "police": {"b"}})
    found = statements.statements("legal", 0)
    assert [(one.part.arrived, one.part.gone) for one in found] == [(("a", "b"), ()), (("c",), ("a",)), ((), ())]
    assert [one.statement.before for one in found] == ["", *(one.statement.hash for one in found[:2])]
    key = statements.public_key()
    for one in found:
        assert one.statement.parts["legal"] == one.part.hash_for("legal")
        assert are_bytes_signed_by(one.statement.as_bytes(), one.signature, key)
    assert [one.statement.number for one in statements.statements("legal", 2)] == [3]
    assert statements.statements("legal", None) == found[2:]
    statements.rewrite_in_random_order()
    assert statements.statements("legal", 0) == found


def test_several_workers_at_once_make_one_statement_a_day(statements: StatementStore) -> None:
    def state(day: date) -> None:
        with suppress(NotKept):  # of two at once one is refused, and has nothing left to do
            statements.add_statement(day, {"legal": {"a"}})

    with ThreadPoolExecutor(4) as pool:
        for day in (DAY, DAY + timedelta(days=1)):
            list(pool.map(state, [day] * 8))
    assert [one.statement.day for one in statements.statements("legal", 0)] == ["2027-01-01", "2027-01-02"]
    assert [one.part.arrived for one in statements.statements("legal", 0)] == [("a",), ()]


def test_letters_are_stated_once_their_day_is_over_and_notices_of_erasing_never(concerns: ConcernStore) -> None:
    concerns.intake.save(coming("a"))
    concerns.intake.save(coming("b", day=DAY + timedelta(days=1)))
    concerns.intake.save(coming("c", form="deletion", desks=("legal",)))
    assert set(concerns.inbox.letters_until(DAY)) == {("legal", "a"), ("police", "a")}


def test_a_letter_that_is_sent_again_leaves_no_line_in_the_databases_log(postgres: str) -> None:
    """PostgreSQL logs each error with its time, and of a key that is taken the key too: a letter's id or look-up value."""
    opened = ConcernStore(postgres)
    with opened.reading() as connection:
        folder = Path(str(connection.exec_driver_sql("SHOW data_directory").scalar()))
    logs = {path: path.stat().st_size for path in folder.rglob("*log") if path.is_file()}
    assert logs, "it has a log"
    try:
        assert keep(opened, "1" * 32, lookup=b"l" * 32)
        assert not keep(opened, "1" * 32, lookup=b"l" * 32)
        with pytest.raises(DuplicateId):
            keep(opened, "2" * 32, lookup=b"l" * 32)
    finally:
        opened.metadata.drop_all(opened.engine)
        opened.close()
    written = b"".join(path.read_bytes()[size:] for path, size in logs.items())
    assert b"duplicate key" not in written
    assert b"1" * 32 not in written


def test_a_statement_is_compiled_once_for_all_databases(tmp_path: Path) -> None:
    """A service may have a hundred districts."""
    compiled = []
    for name in ("one", "another"):
        opened = ConcernStore(f"sqlite:///{tmp_path}/{name}.db")
        assert keep(opened)
        assert waiting(opened, "police") == ["a"]
        compiled.append(set(COMPILED))
        opened.close()
    assert len(compiled[0]) > 0
    assert compiled[0] == compiled[1]
