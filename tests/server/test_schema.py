"""A database carries the number of its schema: an older one is brought up to date after a copy, a newer one is refused."""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from forms.core.problem import Problem
from forms.server.store.concerns.concern_store import ConcernStore
from forms.server.store.faults import OtherSchema
from forms.server.store.migrations import schema, schema_copies
from forms.server.store.migrations.rehearsal import rehearse
from forms.server.store.signups.signup_store import SignupStore

WORDS = b"age-encryption.org/v1 kept"
LETTER = "0" * 32


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def ask(path: Path, *statements: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return [row for statement in statements for row in connection.execute(statement).fetchall()]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database as a version before 1.0 may have left it: no number, a column and an index less, and a letter."""
    path = tmp_path / "concerns.db"
    store = ConcernStore(url(path))
    store.intake.has(LETTER)
    store.close()
    ask(
        path, "drop table alembic_version", "alter table recipients drop column maker", "drop index ix_letters_thread",
        f"insert into letters values ('{LETTER}', '{LETTER}', null, 'concern', '2027-01-01', 1, x'{WORDS.hex()}')",
    )  # fmt: skip
    return path


def number(path: Path) -> list[tuple[Any, ...]]:
    return ask(path, "select version_num from alembic_version")


def test_a_new_database_carries_the_newest_number(tmp_path: Path) -> None:
    SignupStore(url(tmp_path / "new.db")).places_taken("meeting")
    assert number(tmp_path / "new.db") == [(schema.newest(),)]
    assert not list(tmp_path.glob("*before*"))


def test_an_old_one_is_brought_up_to_date_and_keeps_its_letters(old: Path) -> None:
    assert ConcernStore(url(old)).intake.has(LETTER)
    assert number(old) == [(schema.newest(),)]
    assert "maker" in str(ask(old, "select sql from sqlite_master where name = 'recipients'"))
    assert ask(old, "select name from sqlite_master where name = 'ix_letters_thread'")


def test_a_copy_of_it_as_it_was_lies_beside_for_its_owner_only(old: Path) -> None:
    ConcernStore(url(old)).intake.has(LETTER)
    copy = old.with_name(f"concerns.db.before-{schema.newest()}")
    assert ask(copy, "select sealed from letters") == [(WORDS,)]
    assert "maker" not in str(ask(copy, "select sql from sqlite_master where name = 'recipients'"))
    assert copy.stat().st_mode & 0o077 == 0
    assert {path.name for path in old.parent.iterdir()} <= {
        "concerns.db",
        "concerns.db-wal",
        "concerns.db-shm",
        copy.name,
    }


def test_copies_go_after_a_while(old: Path) -> None:
    ConcernStore(url(old)).intake.has(LETTER)
    copy = old.with_name(f"concerns.db.before-{schema.newest()}")
    store = ConcernStore(url(old))
    store.remove_old_copies()
    assert copy.exists()
    os.utime(copy, (0, 0))
    store.remove_old_copies()
    assert not copy.exists()
    assert old.exists()


def everything(path: Path) -> list[tuple[Any, ...]]:
    return ask(path, "select name, sql from sqlite_master order by name", "select * from letters")


def test_where_no_copy_can_be_made_nothing_is_changed(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(old)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(schema_copies, "atomic_replacement", full)
    with pytest.raises(OtherSchema, match="Make room beside"):
        ConcernStore(url(old)).intake.has(LETTER)
    assert everything(old) == before


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Add a second step, with this body, to the program's own."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(schema, "FOLDER", folder)

    def add(body: str) -> None:
        head = 'from alembic import op\nrevision = "0002"\ndown_revision = "0001"\n\n\ndef upgrade():\n    '
        (folder / "versions/v0002_second.py").write_text(head + body)

    return add


def test_a_step_that_fails_changes_nothing(old: Path, steps: Callable[[str], None]) -> None:
    before = everything(old)
    steps('op.execute("create table fresh (id integer)"); op.execute("nonsense")')
    with pytest.raises(OtherSchema, match="it is as it was"):
        ConcernStore(url(old)).intake.has(LETTER)
    assert everything(old) == before


def test_the_next_release_brings_this_one_up_to_date(tmp_path: Path, steps: Callable[[str], None]) -> None:
    path = tmp_path / "concerns.db"
    ConcernStore(url(path)).intake.has(LETTER)
    steps('op.execute("create table fresh (id integer)")')
    ConcernStore(url(path)).intake.has(LETTER)
    assert number(path) == [("0002",)]
    assert ask(path, "select name from sqlite_master where name = 'fresh'")


def test_one_of_a_newer_version_is_refused_at_the_start(make_endpoint: Callable[..., Any], tmp_path: Path) -> None:
    make_endpoint()
    path = tmp_path / "server/concerns.db"
    ask(path, "update alembic_version set version_num = '9999'")
    before = everything(path)
    with pytest.raises(Problem, match=r"newer version of this program \(its schema is 9999.*Start the newer program"):
        make_endpoint()
    assert everything(path) == before


def columns(engine: sa.Engine) -> dict[str, Any]:
    looking = sa.inspect(engine)
    return {
        table: (
            {(column["name"], str(column["type"]), column["nullable"]) for column in looking.get_columns(table)},
            {index["name"] for index in looking.get_indexes(table)},
        )
        for table in looking.get_table_names()
    }


def test_an_old_database_becomes_like_a_new_one(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    for path in (old, new):
        ConcernStore(url(path)).intake.has(LETTER)
    assert columns(sa.create_engine(url(old))) == columns(sa.create_engine(url(new)))


def test_a_rehearsal_leaves_the_database_as_it_is_and_says_what_would_come(old: Path) -> None:
    before, files = everything(old), sorted(old.parent.iterdir())
    tried = rehearse(url(old))
    assert (tried.current, tried.newest, tried.rows) == (None, schema.newest(), 1)
    assert (everything(old), sorted(old.parent.iterdir())) == (before, files)


@pytest.mark.parametrize("body", ['op.execute("nonsense")', 'op.execute("delete from letters")'])
def test_a_rehearsal_says_that_a_step_fails_or_loses_rows(old: Path, steps: Callable[[str], None], body: str) -> None:
    before = everything(old)
    steps(body)
    with pytest.raises(Problem, match=r"it is as it was|would lose rows"):
        rehearse(url(old))
    assert everything(old) == before


def test_the_numbers_of_steps_have_no_gap() -> None:
    assert schema.numbers() == [f"{number:04}" for number in range(1, len(schema.numbers()) + 1)]
    for path in (schema.FOLDER / "versions").glob("v*.py"):
        text = path.read_text()
        match = re.search(r'^revision = "(\d{4})"$', text, re.M)
        assert match
        assert path.name.startswith(f"v{match[1]}_")
