"""Kept no longer than told: the bytes of a sign-up are gone from the disk, also when nobody asks for anything."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest

from forms.core.crypto import encryption
from forms.server.run import serve
from forms.server.services.retention import DailyRetention, RetentionThread
from forms.server.store.faults import NotKept
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.signups.signup_tables import COMING, Signup
from forms.server.web.current import state_of
from tests.patience import until

DAY = date(2027, 1, 24)
SEALED = encryption.seal({"name": "x"}, [str(pyrage.x25519.Identity.generate().to_public())])
ID, MARK = "marked-id-0123456789abcdef", b"marked-ciphertext"


def on_disk(folder: Path) -> bytes:
    """The bytes of all files: the database, its write-ahead log, its shared memory."""
    found = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        with suppress(FileNotFoundError):  # PostgreSQL takes away files while we look
            found.append(path.read_bytes())
    return b"".join(found)


def keep_marked(store: SignupStore, *, event: str = "meeting") -> None:
    signup = Signup(ID, event, 2, COMING)
    store.save(signup, ID.encode().ljust(32)[:32], SEALED + secrets.token_bytes(4000) + MARK, capacity=5, last_day=DAY)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SignupStore]:
    opened = SignupStore(f"sqlite:///{tmp_path}/signups.db")
    yield opened
    opened.close()


def test_the_bytes_are_gone_after_erasing(store: SignupStore, tmp_path: Path) -> None:
    keep_marked(store)
    for mark in (MARK, ID.encode(), b"meeting"):
        assert mark in on_disk(tmp_path), "the search finds what is there"
    assert store.erase(DAY) == 0
    assert MARK in on_disk(tmp_path)
    assert store.erase(DAY + timedelta(days=1)) == 1
    for mark in (MARK, ID.encode(), b"meeting"):
        assert mark not in on_disk(tmp_path)


def test_the_sealed_bytes_are_gone_after_cancelling_and_after_telling_anew(store: SignupStore, tmp_path: Path) -> None:
    keep_marked(store)
    number = ID.encode().ljust(32)[:32]
    store.change(number, 2, SEALED + secrets.token_bytes(4000) + b"another-mark", capacity=5)
    assert MARK not in on_disk(tmp_path)
    assert b"another-mark" in on_disk(tmp_path)
    store.cancel(number, capacity=5)
    assert b"another-mark" not in on_disk(tmp_path)


def test_while_somebody_reads_the_traces_wait_and_go_the_next_time(store: SignupStore, tmp_path: Path) -> None:
    keep_marked(store)
    with store.engine.connect() as reader:
        reader.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("BEGIN")
        reader.exec_driver_sql("SELECT * FROM signups").all()
        assert store.erase(DAY + timedelta(days=1)) == 1
        reader.exec_driver_sql("COMMIT")
    store.forget_remaining_traces()
    assert MARK not in on_disk(tmp_path)


def test_an_event_moved_to_a_later_day_keeps_its_sign_ups_for_that_day(store: SignupStore) -> None:
    keep_marked(store)
    later = DAY + timedelta(days=60)
    assert store.erase(DAY + timedelta(days=1), {"meeting": later}) == 0
    assert store.erase(later, {}) == 0, "out of the table, it goes by the last day that was known"
    assert store.erase(later + timedelta(days=1), {}) == 1


def test_postgresql_writes_its_tables_anew_without_them(postgres: str) -> None:
    """Its table files are free of them; its write-ahead log and backups are not, see the decision record."""
    store = SignupStore(postgres.replace("/postgres?", "/signups?"))
    keep_marked(store)
    plain = postgres.replace("+psycopg", "").replace("/postgres?", "/signups?")
    with psycopg.connect(plain, autocommit=True) as connection:
        row = connection.execute("show data_directory").fetchone()
        assert row
        files = Path(row[0]) / "base"
        connection.execute("checkpoint")
        assert MARK in on_disk(files)
        assert ID.encode() in on_disk(files)
        assert store.erase(DAY + timedelta(days=1)) == 1
        connection.execute("checkpoint")
        assert MARK not in on_disk(files)
        assert ID.encode() not in on_disk(files)
    store.metadata.drop_all(store.engine)
    store.close()


# By the server itself


def test_a_request_erases_and_a_day_is_enough(make_endpoint: Callable[..., Any]) -> None:
    first = make_endpoint()
    first.send("signup", event="meeting", people="2")
    late = make_endpoint(today=date(2027, 2, 24))
    late.desk_agrees()
    late.client.get("/forms/en/signup")
    assert late.pickup("signups", "events").get_json()["signups"] == []


def test_a_moved_event_of_the_table_is_not_erased_by_its_old_day(
    make_endpoint: Callable[..., Any], district: Any
) -> None:
    make_endpoint().send("signup", event="meeting", people="2")
    events = tuple(
        replace(one, state="moved", was=one.starts, starts="2027-06-01T10:00", ends="")
        for one in district.portal.events
        if one.id == "meeting"
    )
    late = make_endpoint(portal=replace(district.portal, events=events), today=date(2027, 3, 1))
    late.desk_agrees()
    late.client.get("/forms/en/signup")
    assert len(late.pickup("signups", "events").get_json()["signups"]) == 1


def test_the_retention_thread_erases_while_nobody_asks(make_endpoint: Callable[..., Any]) -> None:
    endpoint = make_endpoint()
    endpoint.send("signup", event="meeting", people="2")
    app = endpoint.client.application
    days = [date(2027, 1, 1)]
    once_a_day = DailyRetention(lambda: state_of(app).services, lambda: days[0])
    work = RetentionThread(once_a_day, print, interval=0.01)
    work.start()
    office = state_of(app).services
    time.sleep(0.1)  # it looks some times; whether it did is not what is asked
    assert len(office.signups.all_signups()) == 1
    days[0] = date(2027, 2, 24)
    office.days.record_desk_day(days[0], days[0])
    until(lambda: not office.signups.all_signups())
    assert office.signups.all_signups() == ()
    work.stop()
    assert not work.is_alive()


def test_serving_starts_the_retention_thread_and_stops_it(
    make_endpoint: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_endpoint().send("signup", event="meeting", people="2")
    late = make_endpoint(today=date(2027, 2, 24))
    late.desk_agrees()
    office = state_of(late.client.application).services

    class Interrupted(Exception):
        pass

    def forever(*_: Any) -> None:
        """A server to which nobody comes, until it is interrupted."""
        until(lambda: not office.signups.all_signups())
        raise Interrupted

    monkeypatch.setattr("werkzeug.serving.BaseWSGIServer.serve_forever", forever)
    with pytest.raises(Interrupted):
        serve(late.client.application, "127.0.0.1", 0)
    assert "erasing" not in [thread.name for thread in threading.enumerate()]


def test_where_the_store_is_away_the_next_time_tries_again(make_endpoint: Callable[..., Any]) -> None:
    endpoint = make_endpoint()
    endpoint.send("signup", event="meeting", people="2")
    office = state_of(endpoint.client.application).services
    office.days.record_desk_day(date(2027, 2, 24), date(2027, 2, 24))
    real, calls = office.signups.erase, []

    def away_once(*arguments: Any) -> int:
        calls.append(arguments)
        if len(calls) == 1:
            raise NotKept("store", "away")
        return int(real(*arguments))

    office.signups.erase = away_once
    erase = DailyRetention(lambda: office, lambda: date(2027, 2, 24))
    for _ in range(4):
        erase()
    assert len(calls) == 2, "once in vain, once well, and then not again on this day"
    assert office.signups.all_signups() == ()
