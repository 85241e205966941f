"""On PostgreSQL too an older database is brought up to date after a copy, and this can be tried beforehand."""

import secrets
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from forms.core.problem import Problem
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.faults import OtherSchema
from forms.server.store.migrations import schema, schema_copies
from forms.server.store.migrations.rehearsal import rehearse

from .test_schema import columns, steps
from .test_two_machines import SEALED, letter

__all__ = ["steps"]  # the fixture

COPY = f"public_before_{schema.newest()}"


def tell(url: str, *commands: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for command in commands:
            done = connection.execute(command)  # type: ignore[arg-type]
        return done.fetchall() if done.description else []


@pytest.fixture
def old(postgres: str) -> Iterator[str]:
    """A database as a version before 1.0 may have left it: no number, a column and an index less, and two letters."""
    name = f"old_{secrets.token_hex(4)}"
    tell(postgres, f"CREATE DATABASE {name}")
    url = postgres.replace("/postgres?", f"/{name}?")
    store = ConcernStore(url)
    store.intake.save(letter(1))
    store.intake.save(letter(2))
    store.close()
    tell(url, "DROP TABLE alembic_version", "ALTER TABLE recipients DROP COLUMN maker", "DROP INDEX ix_letters_thread")
    yield url
    tell(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def looked(old: str) -> Iterator[Callable[[], Any]]:
    """Tells all tables, columns, indexes and rows of a database, and the names of its schemas."""
    engine = sa.create_engine(old)

    def look() -> Any:
        names = sa.inspect(engine).get_table_names()
        with engine.connect() as connection:
            rows = {name: sorted(map(repr, connection.execute(sa.text(f"SELECT * FROM {name}")))) for name in names}
        return columns(engine), rows, sorted(sa.inspect(engine).get_schema_names())

    yield look
    engine.dispose()


def opened(url: str) -> None:
    store = ConcernStore(url)
    try:
        assert store.intake.has(letter(2).id)
    finally:
        store.close()


def test_an_old_one_is_copied_and_brought_up_to_date(old: str) -> None:
    opened(old)
    assert tell(old, "SELECT version_num FROM alembic_version") == [(schema.newest(),)]
    assert tell(old, f"SELECT sealed FROM {COPY}.letters ORDER BY id") == [(SEALED,), (SEALED,)]
    query = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'maker' AND table_name = 'recipients'"
    assert tell(old, f"{query} AND table_schema = '{COPY}'") == [(0,)]
    assert tell(old, f"{query} AND table_schema = 'public'") == [(1,)]


def test_the_copy_becomes_the_database_again_by_what_the_handbook_says(old: str, looked: Callable[[], Any]) -> None:
    before = looked()
    opened(old)
    assert looked() != before
    tell(old, "DROP SCHEMA public CASCADE", f"ALTER SCHEMA {COPY} RENAME TO public")
    assert looked() == before
    tell(old, "DELETE FROM letters")
    assert tell(old, "SELECT count(*) FROM recipients") == [(0,)], "what belongs to a letter goes with it"
    tell(old, f"INSERT INTO letters VALUES ('{letter(2).id}', '{letter(2).id}', NULL, 'concern', '2027-01-01', 1, '')")
    opened(old)  # and can be brought up to date another time


def test_a_second_change_with_the_same_number_replaces_the_copy(old: str) -> None:
    opened(old)
    tell(old, "DROP TABLE alembic_version", "DELETE FROM letters WHERE id LIKE '%1'")
    opened(old)
    assert tell(old, f"SELECT count(*) FROM {COPY}.letters") == [(1,)]


def test_a_step_that_fails_changes_nothing_and_leaves_no_copy(
    old: str, looked: Callable[[], Any], steps: Callable[[str], None]
) -> None:
    before = looked()
    steps('op.execute("create table fresh (id integer)"); op.execute("nonsense")')
    with pytest.raises(OtherSchema, match="it is as it was"):
        opened(old)
    assert looked() == before


def test_where_no_copy_may_be_made_nothing_is_changed_and_it_is_said_what_to_type(
    old: str, looked: Callable[[], Any]
) -> None:
    """A user who owns the tables and may do nothing else in the database, as a careful operator makes one."""
    user, database = f"u_{secrets.token_hex(4)}", old.partition("?")[0].rpartition("/")[2]
    tell(old, f"CREATE ROLE {user} LOGIN PASSWORD 'x'", f"GRANT USAGE, CREATE ON SCHEMA public TO {user}")
    for (table,) in tell(old, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        tell(old, f"ALTER TABLE {table} OWNER TO {user}")
    own = sa.make_url(old).set(username=user, password="x").render_as_string(hide_password=False)
    before = looked()
    with pytest.raises(
        OtherSchema, match=r"Nothing was changed\. Type: sudo -u postgres psql -c 'GRANT .*' and"
    ) as raised:
        opened(own)
    assert looked() == before
    with pytest.raises(Problem, match="Type: sudo -u postgres psql -c 'GRANT"):
        rehearse(own)
    typed = str(raised.value).partition("psql -c '")[2].partition("'")[0]
    assert (user in typed, database in typed) == (True, True)
    tell(old, typed)
    assert rehearse(own).rows == 4
    opened(own)
    assert tell(old, f"SELECT count(*) FROM {COPY}.letters") == [(2,)]
    tell(old, f"REASSIGN OWNED BY {user} TO CURRENT_USER", f"DROP OWNED BY {user}", f"DROP ROLE {user}")


def test_the_start_says_so(make_endpoint: Callable[..., Any], old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sa.exc.OperationalError("INSERT", {}, psycopg.errors.DiskFull("no space left"))

    monkeypatch.setattr(schema_copies, "copy_tables", full)
    with pytest.raises(Problem, match=r"53100.*Nothing was changed. Make room on PostgreSQL's disk"):
        make_endpoint(concerns_url=old)


def test_what_an_older_program_writes_meanwhile_is_in_the_copy_or_waits(old: str, steps: Callable[[str], None]) -> None:
    """An older program may run on another machine: no row lies between the copy and the change."""
    steps('op.execute("select pg_sleep(0.5)"); op.execute("alter table letters add column fresh integer default 7")')
    stop, kept = threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            id = secrets.token_hex(16)
            tell(old, "INSERT INTO letters (id, thread, form, day, tray, sealed)"
                      f" VALUES ('{id}', '{id}', 'concern', '2027-01-01', 1, '')")  # fmt: skip
            kept.append(id)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        opened(old)
    finally:
        stop.set()
        thread.join()
    copied = tell(old, "SELECT count(*) FROM public_before_0002.letters")[0][0]
    assert tell(old, "SELECT count(*) FROM letters") == [(2 + len(kept),)]
    assert tell(old, "SELECT count(*) FROM letters WHERE fresh = 7")[0][0] >= copied
    assert copied <= 2 + len(kept)


def test_copies_go_after_two_days(old: str) -> None:
    opened(old)
    store = ConcernStore(old)
    store.remove_old_copies()
    assert tell(old, f"SELECT count(*) FROM {COPY}.letters") == [(2,)]
    tell(old, f"COMMENT ON SCHEMA {COPY} IS '2026-01-01'", "CREATE SCHEMA other_before_0001")
    store.remove_old_copies()
    found = [name for (name,) in tell(old, "SELECT nspname FROM pg_namespace") if "before" in name]
    assert found == ["other_before_0001"], "only copies of this schema are ours"
    store.close()


def test_schemas_with_long_names_have_copies_apart_that_go_too(old: str) -> None:
    """PostgreSQL cuts names at 63 bytes without a word: the number of a copy, and what tells two districts apart."""
    stem = "collectorate_of_a_district_whose_name_is_written_in_full_"
    stores = []
    for name in (f"{stem}1", f"{stem}2"):
        tell(old, f"CREATE SCHEMA {name}")
        url = f"{old}&options=-csearch_path%3D{name}"
        first = ConcernStore(url)
        first.intake.save(letter(2))
        first.close()
        tell(url, "DROP TABLE alembic_version", "ALTER TABLE recipients DROP COLUMN maker")
        opened(url)
        stores.append(ConcernStore(url))
    copies = [name for (name,) in tell(old, "SELECT nspname FROM pg_namespace") if schema_copies.SCHEMA_INFIX in name]
    assert len(copies) == 2
    assert all(name.endswith(f"_before_{schema.newest()}") for name in copies)
    tell(old, *(f"COMMENT ON SCHEMA {name} IS '2026-01-01'" for name in copies))
    stores[0].remove_old_copies()
    assert (
        len([name for (name,) in tell(old, "SELECT nspname FROM pg_namespace") if schema_copies.SCHEMA_INFIX in name])
        == 1
    )
    stores[1].remove_old_copies()
    assert not [name for (name,) in tell(old, "SELECT nspname FROM pg_namespace") if schema_copies.SCHEMA_INFIX in name]
    for store in stores:
        assert store.intake.count() == 1, "no district has another's letters"
        store.close()


@pytest.mark.parametrize(
    ("body", "message"), [("nonsense", "could not be brought"), ("delete from letters", "would lose rows")]
)
def test_a_rehearsal_on_a_copy_says_what_would_go_wrong(
    old: str, looked: Callable[[], Any], steps: Callable[[str], None], body: str, message: str
) -> None:
    before = looked()
    steps(f'op.execute("{body}")')
    with pytest.raises(Problem, match=message):
        rehearse(old)
    assert looked() == before


def test_a_rehearsal_holds_no_letter_up_and_leaves_nothing(
    old: str, looked: Callable[[], Any], steps: Callable[[str], None]
) -> None:
    """The step stands still until a letter was written into the very table that it has changed."""
    before = looked()
    steps(
        'op.execute("alter table letters add column fresh integer"); '
        'import psycopg; '
        f'other = psycopg.connect("{old.replace("+psycopg", "")}", options="-clock_timeout=20s", autocommit=True)'
        """; other.execute("UPDATE letters SET tray = 1 WHERE id LIKE '%1'"); other.close()"""
    )  # fmt: skip
    tried = rehearse(old)
    assert (tried.current, tried.newest, tried.rows) == (None, "0002", 4)
    assert looked() == before
