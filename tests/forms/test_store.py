"""The stores, on both databases: durable, exact, and silent about what is not asked for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pyrage
import pytest

from forms import seal, store
from forms.store import ConcernStore, NotKept, Signup, SignupStore

DAY = date(2027, 1, 1)
SEALED = seal.seal({"what": "help"}, [str(pyrage.x25519.Identity.generate().to_public())])


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/concerns.db", f"sqlite:///{tmp_path}/signups.db"
    concerns = request.getfixturevalue("postgres")
    return concerns, concerns.replace("/postgres?", "/signups?")


@pytest.fixture
def concerns(urls: tuple[str, str]) -> Iterator[ConcernStore]:
    opened = ConcernStore(urls[0])
    yield opened
    opened._metadata.drop_all(opened._engine)
    opened.close()


@pytest.fixture
def signups(urls: tuple[str, str]) -> Iterator[SignupStore]:
    opened = SignupStore(urls[1])
    yield opened
    opened._metadata.drop_all(opened._engine)
    opened.close()


def keep(concerns: ConcernStore, id: str = "a", desks: tuple[str, ...] = ("police", "legal"), day: date = DAY) -> bool:
    return concerns.keep(id, "concern", day, id.encode() * 32, SEALED, desks)


def sign_up(signups: SignupStore, id: str, people: int, capacity: int = 5) -> bool:
    signup = Signup(id, "meeting", people, store.COMING)
    return signups.keep(signup, id.encode().ljust(32), SEALED, capacity=capacity, last_day=DAY)


def test_a_letter_is_kept_once(concerns: ConcernStore) -> None:
    assert keep(concerns) is True
    assert keep(concerns) is False
    assert [waiting.id for waiting in concerns.waiting("police")] == ["a"]


def test_a_desk_sees_its_own_letters_only(concerns: ConcernStore) -> None:
    keep(concerns, desks=("legal",))
    assert concerns.waiting("police") == ()
    assert concerns.sealed("a", "police") is None
    assert concerns.take("a", "police") is False
    assert concerns.answer("x", "a", "police", DAY, SEALED) is False
    assert concerns.sealed("a", "legal") == SEALED


def test_the_sealed_text_leaves_when_all_its_desks_have_it(concerns: ConcernStore) -> None:
    keep(concerns)
    assert concerns.take("a", "police")
    assert concerns.sealed("a", "legal") == SEALED
    assert concerns.take("a", "legal")
    assert concerns.take("a", "legal"), "acknowledging again is no error"
    assert concerns.sealed("a", "legal") is None
    assert concerns.progress(b"a" * 32).taken_by == ("legal", "police")


def test_an_answer_is_kept_once_and_found_with_the_receipt(concerns: ConcernStore) -> None:
    keep(concerns)
    assert concerns.answer("x", "a", "legal", DAY, SEALED)
    assert concerns.answer("x", "a", "legal", DAY, SEALED)
    assert [answer.desk for answer in concerns.progress(b"a" * 32).answers] == ["legal"]
    assert concerns.progress(b"b" * 32) is None


def test_old_letters_go_when_every_desk_has_them(concerns: ConcernStore) -> None:
    keep(concerns, "a", ("legal",))
    keep(concerns, "b", ("legal",))
    concerns.take("a", "legal")
    assert concerns.erase(date(2027, 6, 1)) == 1
    assert [waiting.id for waiting in concerns.waiting("legal")] == ["b"], "nothing unread is erased"


@pytest.mark.parametrize("plain", [b"", b"help", b'{"what": "help"}'])
def test_nothing_plain_is_ever_kept(concerns: ConcernStore, signups: SignupStore, plain: bytes) -> None:
    with pytest.raises(seal.NotSealed):
        concerns.keep("a", "concern", DAY, None, plain, ["police"])
    with pytest.raises(seal.NotSealed):
        signups.keep(Signup("a", "e", 1, "coming"), b"l", plain, capacity=5, last_day=DAY)
    assert (concerns.waiting("police"), signups.listed(), signups.taken("e")) == ((), (), 0)


def test_places_are_counted_and_given_back(signups: SignupStore) -> None:
    assert sign_up(signups, "a", 3)
    assert not sign_up(signups, "b", 3)
    assert sign_up(signups, "b", 2)
    assert signups.cancel(b"a".ljust(32)) is True
    assert signups.cancel(b"a".ljust(32)) is False, "places are given back once"
    assert signups.taken("meeting") == 2
    assert signups.sealed("a") is None, "what a person told is erased with the sign-up"


def test_the_same_signup_again_takes_no_more_places_even_when_full(signups: SignupStore) -> None:
    assert sign_up(signups, "a", 5)
    assert sign_up(signups, "a", 5)
    assert signups.taken("meeting") == 5


def test_twenty_at_once_for_five_places(signups: SignupStore) -> None:
    with ThreadPoolExecutor(20) as pool:
        kept = list(pool.map(lambda number: sign_up(signups, f"person-{number}", 1), range(20)))
    assert sum(kept) == 5
    assert signups.taken("meeting") == 5
    assert len(signups.listed()) == 5


def test_signups_go_when_their_event_is_long_over(signups: SignupStore) -> None:
    sign_up(signups, "a", 3)
    assert signups.erase(DAY) == 0
    assert signups.erase(date(2027, 1, 2)) == 1
    assert (signups.listed(), signups.taken("meeting")) == ((), 0)


def test_a_database_that_is_away_says_so_without_what_was_written(tmp_path: Path) -> None:
    away = ConcernStore(f"sqlite:///{tmp_path}/no/such/folder/x.db")
    with pytest.raises(NotKept) as told:
        away.keep("a", "concern", DAY, b"secret-look-up", SEALED, ["police"])
    assert "secret" not in str(told.value)
    assert told.value.__cause__ is None
    away.close()


def test_sqlite_keeps_its_promise_of_durability(tmp_path: Path) -> None:
    opened = ConcernStore(f"sqlite:///{tmp_path}/concerns.db")
    with opened._writing() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete")
        }
    opened.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
