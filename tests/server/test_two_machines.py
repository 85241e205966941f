"""Two machines before one PostgreSQL, which fails over, takes transactions back and loses connections."""

import itertools
import re
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest
from sqlalchemy import event

from forms.core import portal as portals
from forms.core.crypto import encryption
from forms.core.problem import Problem
from forms.operations.backup import databases
from forms.operations.status.examination import examine
from forms.server import config
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.concerns.letters import NewLetter
from forms.server.store.concerns.status_questions import commits_wait, durability_doubt
from forms.server.store.connections.addresses import database_of
from forms.server.store.connections.limits import ConnectionLimit
from forms.server.store.database import Store
from forms.server.store.faults import LOST, NotKept
from forms.server.store.retries import retry, retry_idempotent
from forms.server.store.signups.signup_store import SignupStore
from forms.server.store.signups.signup_tables import COMING, WAITING, Signup
from tests.patience import PATIENCE, until

from .deployed import Served, gunicorn
from .replicated import Pair, pair
from .test_faults import FLOOD_THRESHOLD, letters_at, press_send

SALT = "5a" * 32
SEALED = encryption.seal({"what": "x"}, [str(pyrage.x25519.Identity.generate().to_public())])


def signup(number: int) -> Signup:
    return Signup(f"{number:032x}", "meeting", 1, WAITING)


def letter(number: int = 1) -> NewLetter:
    id = f"{number:032x}"
    return NewLetter(
        id=id, thread=id, form="concern", lookup=None, day=date(2027, 1, 1), sealed=SEALED, desks=("police",)
    )


@pytest.fixture
def fresh(postgres: str) -> Iterator[str]:
    """An empty database of the run's PostgreSQL."""
    name = f"own_{secrets.token_hex(4)}"
    address = postgres.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def query(url: str, question: str) -> Any:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        row = connection.execute(question).fetchone()  # type: ignore[arg-type]
        return row and row[0]


def test_sign_ups_at_once_are_all_kept_where_the_database_takes_transactions_back(fresh: str) -> None:
    """SERIALIZABLE, as an operator may set it, and as CockroachDB always is: each that meets another is taken back."""
    store = SignupStore(f"{fresh}&options=-cdefault_transaction_isolation%3Dserializable", limit=ConnectionLimit(20))
    faults: list[str] = []
    store.on_fault = faults.append

    def join(number: int) -> str:
        kept = store.save(signup(number), number.to_bytes(32), SEALED, capacity=20, last_day=date(2027, 1, 24))
        assert kept
        return kept.state

    with ThreadPoolExecutor(64) as pool:
        states = list(pool.map(join, range(64)))
    assert (states.count(COMING), states.count(WAITING)) == (20, 44)
    assert store.places_taken("meeting") == 20
    assert sorted(one.turn for one in store.all_signups() if one.state == WAITING) == list(range(21, 65))
    assert faults == [], "the operator is not told of what was mended"
    store.close()


def test_a_letter_whose_connection_is_lost_is_kept_without_a_word(fresh: str) -> None:
    store = ConcernStore(fresh)
    faults: list[str] = []
    store.on_fault = faults.append
    store.intake.save(letter(1))
    ended: list[int] = []

    def end_it(*arguments: Any) -> None:
        if "INSERT INTO letters" in arguments[2] and len(ended) < 2:
            ended.append(query(fresh, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                                      " WHERE application_name = 'portal'"))  # fmt: skip

    event.listen(store.engine, "before_cursor_execute", end_it)
    assert store.intake.save(letter(2))
    assert len(ended) == 2
    assert min(ended) >= 1
    assert store.intake.has(letter(2).id)
    assert faults == []
    store.close()


def test_what_may_be_done_already_is_not_done_twice(fresh: str) -> None:
    store = ConcernStore(fresh)
    faults: list[str] = []
    store.on_fault = faults.append
    calls = 0

    def over_the_commit(self: Store) -> None:
        nonlocal calls
        calls += 1
        problem = NotKept("store", "The connection was lost.")
        problem.fault, problem.retry_reason, problem.may_be_committed = "away", "lost", True
        raise problem

    with pytest.raises(NotKept):
        retry(over_the_commit)(store)
    assert (calls, faults) == (1, ["away"])
    with pytest.raises(NotKept):
        retry_idempotent(over_the_commit)(store)
    assert calls == 1 + 4
    assert faults == ["away", "away"], "told once, when it failed for good"
    store.close()


def execute(url: str, *commands: str) -> None:
    """Run SQL commands in a database, one by one."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for command in commands:
            connection.execute(command)  # type: ignore[arg-type]


def test_a_server_that_takes_no_more_connections_is_called_neither_full_nor_away(fresh: str) -> None:
    role = f"few_{secrets.token_hex(4)}"
    execute(fresh, f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
    store = ConcernStore(fresh.replace("//postgres:", f"//{role}:"))
    with pytest.raises(NotKept, match=r"takes no more connections .* Lower PORTAL_CONNECTIONS") as raised:
        store.intake.count()
    assert (raised.value.fault, raised.value.retry_reason) == ("connections", LOST)
    store.close()
    execute(fresh, f"DROP ROLE {role}")


@pytest.mark.parametrize(
    ("code", "fault", "sentence"),
    [
        ("out_of_memory", "memory", "its server has no memory left"),
        ("too_many_connections", "connections", "takes no more connections"),
        ("disk_full", "full", "the disk is full"),
    ],
)
def test_each_shortage_of_a_server_has_its_own_sentence(fresh: str, code: str, fault: str, sentence: str) -> None:
    store = ConcernStore(fresh)
    store.intake.save(letter(1))
    body = f"raise exception 'MARKED words' using errcode = '{code}'"
    execute(
        fresh,
        f"CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body}; END$$",
        "CREATE TRIGGER fails BEFORE INSERT ON letters EXECUTE FUNCTION fails()",
    )
    with pytest.raises(NotKept, match=sentence) as raised:
        store.intake.save(letter(2))
    assert raised.value.fault == fault
    assert "MARKED" not in str(raised.value)
    store.close()


@pytest.mark.parametrize("databases", [2, 38 * 2])
def test_connections_are_bounded_in_sum(fresh: str, databases: int) -> None:
    """For two databases each keeps its share open; for those of 38 districts each transaction connects."""
    limit = ConnectionLimit(8, databases)
    stores = [ConcernStore(fresh, limit=limit), SignupStore(fresh, limit=limit)]
    lock, now, seen = threading.Lock(), 0, [0]

    def count(change: int) -> None:
        nonlocal now
        with lock:
            now += change
            seen.append(now)

    for store in stores:
        event.listen(store.engine, "connect", lambda *_: count(1))
        event.listen(store.engine, "close", lambda *_: count(-1))

    def work(number: int) -> None:
        store = stores[number % 2]
        if isinstance(store, ConcernStore):
            assert store.intake.save(letter(number))
        else:
            assert store.save(signup(number), number.to_bytes(32), SEALED, capacity=500, last_day=date(2027, 1, 24))

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(work, range(1, 201)))
    assert 2 <= max(seen) <= 8
    if databases > 2:
        assert now == 0, "all are given back"
    for store in stores:
        store.close()


def test_the_whole_endpoint_with_one_connection_for_each_database(make_endpoint: Any, postgres: str) -> None:
    """Nothing asks for a second connection while it holds one: that would hang with few."""
    own = make_endpoint(
        concerns_url=postgres,
        signups_url=postgres.replace("/postgres?", "/signups?"),
        connections=ConnectionLimit(1, 10**6),
    )
    code = own.code(own.send("concern", what="one connection"))
    assert own.post("answer", code=code).status_code == 200
    code = own.code(own.send("signup", event="meeting", people="2"))
    assert own.post("cancel", code=code).status_code == 200


def test_a_database_set_to_forget_is_made_to_keep(fresh: str) -> None:
    """A receipt is shown when the letter is on the disk, whatever the server's own settings are."""
    name = fresh.partition("?")[0].rpartition("/")[2]
    asked_to = fresh.replace(f"/{name}?", "/postgres?").replace("+psycopg", "")
    with psycopg.connect(asked_to, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")  # type: ignore[arg-type]
    store = ConcernStore(fresh)
    with store.reading() as reading:
        assert reading.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    with store.writing() as writing:
        assert writing.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    store.close()


def test_the_number_of_connections_is_a_setting_of_the_service() -> None:
    assert config.connections_of_a_process({}) == 20
    assert config.connections_of_a_process({"PORTAL_CONNECTIONS": "30", "PORTAL_WORKERS": "3"}) == 10
    assert config.from_environment({"PORTAL_CONNECTIONS": "12"})["connections"] == 6
    for wrong in ("3", "many", "-4", "٤"):
        with pytest.raises(Problem, match="PORTAL_CONNECTIONS"):
            config.from_environment({"PORTAL_CONNECTIONS": wrong})


def test_an_address_with_two_hosts_is_one_database() -> None:
    both = "postgresql+psycopg://p@/concerns?host=a.example,b.example&target_session_attrs=read-write"
    turned = "postgresql+psycopg://p@/concerns?host=b.example,a.example"
    assert database_of(both) == database_of(turned)
    assert database_of(both) != database_of(both.replace("/concerns?", "/signups?"))


@pytest.fixture
def servers() -> Iterator[Pair]:
    with pair() as made:
        yield made


@pytest.fixture
def machine(tmp_path: Path, district: Any, servers: Pair) -> Iterator[Callable[[str], Served]]:
    """Starts an application machine: its own folder and processes, and the salt and the databases of all."""
    portals.write(district.portal, tmp_path / "portal.json")
    running: list[Served] = []

    def start(name: str) -> Served:
        urls = {f"PORTAL_{one.upper()}_URL": servers.url(one) for one in ("concerns", "signups")}
        own = {**urls, **FLOOD_THRESHOLD, "PORTAL_SALT": SALT, "PORTAL_CONNECTIONS": "16"}
        running.append(gunicorn(tmp_path / name, tmp_path / "portal.json", **own))
        return running[-1]

    yield start
    for each in running:
        each.stop()


def test_a_primary_that_dies_under_load_loses_and_doubles_nothing(
    machine: Callable[[str], Served], servers: Pair, district: Any
) -> None:
    """Two machines, a synchronous replica; the primary is killed and the replica promoted while six people send."""
    ports = [machine("first").port, machine("second").port]
    servers.synchronous()
    stop = threading.Event()
    shown: list[tuple[str, str]] = []
    refused: list[str] = []

    def person(number: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            text, once = f"person {number} letter {turn}", secrets.token_hex(16)
            give_up = time.monotonic() + PATIENCE
            for attempt in itertools.count():
                code, page = press_send(ports[(number + attempt) % 2], text, once, "ta")
                if code or time.monotonic() > give_up:
                    break
                refused.append(page)
                found = re.search(r'name="once" value="([0-9a-f]+)"', page)
                assert found is None or found[1] == once, "the page keeps its value"
                time.sleep(0.1)  # between one try and the next
            assert code, page
            shown.append((code, text))

    def sent(more: int) -> Callable[[], bool]:
        wanted = len(shown) + more
        return lambda: len(shown) >= wanted

    with ThreadPoolExecutor(6) as pool:
        people = [pool.submit(person, number) for number in range(6)]
        try:
            until(sent(12))  # letters are sent
            servers.primary.kill()
            servers.replica.promote()
            until(sent(12))  # letters are sent to the replica that was promoted
        finally:
            stop.set()
        for each in people:
            each.result()
    assert sorted(letters_at(ports[0], district.identities["legal"])) == sorted(text for _, text in shown)
    assert len({code for code, _ in shown}) == len(shown)
    assert sorted(letters_at(ports[1], district.identities["legal"])) == sorted(text for _, text in shown)


def test_a_replica_that_nobody_waits_for_is_said(servers: Pair) -> None:
    store = ConcernStore(servers.url("concerns"))
    assert "Set synchronous_standby_names" in durability_doubt(store)
    servers.synchronous()
    assert durability_doubt(store) == ""
    servers.primary.tell("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    until(lambda: "fsync = on" in durability_doubt(store))  # the setting is read
    store.close()


def test_commits_that_wait_for_a_replica_that_is_not_there_are_said(servers: Pair) -> None:
    """By a user who may see nothing of other users, as a careful operator makes one; and nothing is changed by it."""
    servers.primary.tell("CREATE ROLE portal LOGIN", "ALTER DATABASE concerns OWNER TO portal")
    store = ConcernStore(servers.url("concerns").replace("postgres@", "portal@"))
    assert store.intake.count() == 0
    assert commits_wait(store) == ""
    servers.synchronous()
    assert commits_wait(store) == "", "a replica that answers"
    servers.primary.tell("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    until(lambda: "does not answer (synchronous_standby_names = nobody)" in commits_wait(store))  # it is read
    assert store.intake.count() == 0, "whoever reads does not wait"
    servers.primary.tell("ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
    until(lambda: commits_wait(store) == "")  # as the sentence says
    store.close()


def test_status_says_it_and_does_not_wait_itself(servers: Pair, tmp_path: Path, district: Any) -> None:
    portals.write(district.portal, tmp_path / "portal.json")
    urls = {f"{one}_url": servers.url(one) for one in ("concerns", "signups")}
    read = config.read({"portal": tmp_path / "portal.json", "data": tmp_path, "salt": SALT, **urls})
    with databases.opened(read, bytes.fromhex(SALT), make=True):
        pass
    servers.primary.tell("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    named: list[str] = []
    looking = threading.Thread(target=lambda: named.extend(one.name for one in examine("x", read).needs), daemon=True)
    looking.start()
    looking.join(PATIENCE)
    servers.primary.tell("ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
    assert "replica of concerns" in named


def test_kept_already_is_not_said_before_the_replica_has_it(servers: Pair) -> None:
    """A row can be read while its own commit still waits: the connection was lost, and the person pressed again."""
    store = ConcernStore(servers.url("concerns"))
    store.intake.save(letter(1))
    servers.synchronous()
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'portal'"
    servers.replica.signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as pool:
            saved = pool.submit(store.intake.save, letter(2))
            until(lambda: servers.primary.ask(waits) == 1)  # the commit waits for the replica
            first = "SELECT min(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
            pid = servers.primary.ask(first)
            servers.primary.tell(f"SELECT pg_terminate_backend({pid})")
            again = f"{waits} AND pid <> {pid}"
            until(lambda: servers.primary.ask(again) == 1 or saved.done())  # it is tried again, and waits too
            assert not saved.done(), "nobody is told that it is kept"
            servers.replica.signal(signal.SIGCONT)
            assert saved.result() is False, "it was there already"
    finally:
        servers.replica.signal(signal.SIGCONT)
    store.close()
