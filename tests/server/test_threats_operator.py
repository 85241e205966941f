"""While no letter can be kept, whoever runs the server sees it; and nothing of anybody's letter."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from forms.core import portal as portals
from forms.server.maintenance import watch
from forms.server.run import start_retention
from forms.server.services.operator_log import MAX_DELAY, REPEAT_AFTER, Leader, OperatorLog
from forms.server.services.retention import DailyRetention
from forms.server.web.current import state_of
from tests.patience import until

from .deployed import gunicorn

WORDS = "உதவி வேண்டும்"


def concerns(endpoint: Any) -> Any:
    return state_of(endpoint.client.application).services.concerns


def read_only(endpoint: Any) -> None:
    store = concerns(endpoint)
    store.close()
    event.listen(store.engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only=ON"))


def full(endpoint: Any) -> None:
    store = concerns(endpoint)
    with store.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    store.close()
    event.listen(store.engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count={pages}"))


def damaged(endpoint: Any) -> None:
    concerns(endpoint).close()
    file = endpoint.data / "concerns.db"
    for left in endpoint.data.glob("concerns.db-*"):
        left.unlink()
    file.write_bytes(b"\xff" * file.stat().st_size)


def closed(endpoint: Any) -> None:
    concerns(endpoint).close()
    for left in endpoint.data.glob("concerns.db*"):
        left.unlink()
    (endpoint.data / "concerns.db").mkdir()


def of_another_version(endpoint: Any) -> None:
    """A database with a rule that this program cannot keep, as a column that must be filled."""
    with concerns(endpoint).writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER later BEFORE INSERT ON letters BEGIN SELECT RAISE(ABORT, 'NOT NULL constraint failed'); END"
        )


SPOILED: dict[str, tuple[Callable[[Any], None], str]] = {
    "read-only": (read_only, "may not be written"),
    "full": (full, "the disk is full"),
    "damaged": (damaged, "it is damaged"),
    "closed": (closed, "its file cannot be opened"),
    "other": (of_another_version, "for a reason that is not known here"),
}


@pytest.mark.parametrize("fault", sorted(SPOILED))
def test_it_is_said_once_and_nothing_of_a_letter(endpoint: Any, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    endpoint.send("concern", "ta", what="before")
    spoil, message = SPOILED[fault]
    spoil(endpoint)
    for _ in range(4):
        assert endpoint.send("concern", "ta", what=WORDS).status_code == 503
    [record] = caplog.records
    assert record.getMessage().startswith("The database of concerns: ")
    assert message in record.getMessage()
    for private in (WORDS, "/forms", "127.0.0.1", "concern/", "INSERT", "SELECT"):
        assert private not in caplog.text


def files_gone(endpoint: Any) -> None:
    for file in endpoint.data.glob("concerns.db*"):
        file.unlink()


def replaced(endpoint: Any) -> None:
    shutil.copyfile(endpoint.data / "concerns.db", endpoint.data / "copy")
    (endpoint.data / "copy").replace(endpoint.data / "concerns.db")


def log_gone(endpoint: Any) -> None:
    (endpoint.data / "concerns.db-wal").unlink()


def folder_gone(endpoint: Any) -> None:
    endpoint.data.rename(endpoint.data.with_name("moved"))


@pytest.mark.parametrize("gone", [files_gone, replaced, log_gone, folder_gone])
def test_no_letter_is_kept_in_a_file_that_nobody_will_open(
    endpoint: Any, caplog: pytest.LogCaptureFixture, gone: Callable[[Any], None]
) -> None:
    """SQLite goes on writing into files that were removed or replaced, and reports each letter as kept."""
    assert endpoint.send("concern", "ta", what="before").status_code == 200
    before = sorted(endpoint.data.parent.rglob("*"))
    gone(endpoint)
    left = sorted(endpoint.data.parent.rglob("*"))
    assert endpoint.send("concern", "ta", what=WORDS).status_code == 503
    watch(state_of(endpoint.client.application))
    message = caplog.records[0].getMessage()
    assert message.startswith("The database of concerns: its files were removed or replaced while it was open.")
    assert WORDS not in caplog.text
    made = {path.name for path in endpoint.data.parent.rglob("*")} - {path.name for path in left}
    assert made <= {"concerns.db-wal"}, "what could be put back finds its place free"
    if gone is folder_gone:
        endpoint.data.with_name("moved").rename(endpoint.data)
        assert sorted(endpoint.data.parent.rglob("*")) == before
        assert endpoint.send("concern", "ta", what=WORDS).status_code == 200


def test_a_watching_thread_says_it_while_nobody_sends_and_says_when_it_is_over(
    endpoint: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, store = endpoint.client.application, concerns(endpoint)
    now = [1000.0]
    state_of(app).operator_log.clock = lambda: now[0]

    def look() -> list[str]:
        now[0] += 10
        caplog.clear()
        watch(state_of(app))
        return [record.getMessage() for record in caplog.records]

    assert look() == []
    with monkeypatch.context() as spoiled:
        spoiled.setattr("forms.server.store.disk_space.MIN_FREE_BYTES", 2**62)
        for_both = look()
        assert len(for_both) == 2
        assert all("the disk is full" in message for message in for_both)
        assert [look() for _ in range(300)] == [[]] * 300
        now[0] += REPEAT_AFTER
        assert len(look()) == 2, "an hour later it is said again"
    logged = [look() for _ in range(5)]
    assert sorted(line for lines in logged for line in lines) == [
        "The database of concerns takes letters again (full: mended).",
        "The database of sign-ups and requests takes letters again (full: mended).",
    ]
    assert store.intake.has("0" * 32) is False


def test_the_budget_that_is_used_up_is_said(make_endpoint: Any, caplog: pytest.LogCaptureFixture) -> None:
    app = make_endpoint(budget=1).client.application
    watch(state_of(app))
    assert any("raise PORTAL_BUDGET" in record.getMessage() for record in caplog.records)


def test_what_only_a_request_met_is_said_later_at_a_moment_of_chance() -> None:
    delays = set()
    for _ in range(10):
        logged: list[str] = []
        now = [1.0]
        log = OperatorLog(logged.append, lambda: now[0], watched=True)  # noqa: B023 - called within this turn
        log.record_request_fault("concerns", "busy")
        log.log_faults()
        while not logged:
            now[0] += 1
            log.log_faults()
        delays.add(now[0])
    assert max(delays) <= MAX_DELAY + 1
    assert len(delays) > 3


def test_one_of_several_processes_looks(tmp_path: Path) -> None:
    first, second = Leader(tmp_path), Leader(tmp_path)
    assert [first(), second(), first()] == [True, False, True]
    first.close()
    assert second()
    second.close()
    assert Leader(tmp_path / "missing")()


def test_on_postgresql_too(make_endpoint: Any, postgres: str, caplog: pytest.LogCaptureFixture) -> None:
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE DATABASE watched")
        endpoint = make_endpoint(concerns_url=postgres.replace("/postgres?", "/watched?"))
        endpoint.send("concern", what="before")
        concerns(endpoint).close()
        state_of(endpoint.client.application).services.days.close()
        connection.execute("ALTER DATABASE watched SET default_transaction_read_only = on")
        assert endpoint.send("concern", what=WORDS).status_code == 503
        assert "may not be written" in caplog.text
        concerns(endpoint).close()
        state_of(endpoint.client.application).services.days.close()
        connection.execute("DROP DATABASE watched WITH (FORCE)")
        caplog.clear()
        assert endpoint.send("concern", what=WORDS).status_code == 503
    assert "does not answer" in caplog.text
    assert WORDS not in caplog.text


def test_an_unforeseen_error_is_said_once_by_kind_and_place(
    endpoint: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        int(WORDS)

    monkeypatch.setattr("forms.server.services.sending.seal", broken)
    for _ in range(3):
        answer = endpoint.send("concern", "ta", what=WORDS)
        assert (answer.status_code, WORDS in answer.get_data(as_text=True)) == (500, True)
    [record] = caplog.records
    kind, _, place = record.getMessage().partition(" in ")
    module, _, line = place.partition(":")
    assert (kind, module) == ("ValueError", "forms.server.services.sending")
    assert line.isdigit()
    assert record.exc_info is None


@pytest.mark.parametrize("step", ["erase", "store"])
def test_an_unforeseen_error_ends_neither_erasing_nor_watching(
    endpoint: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    app, looks = endpoint.client.application, []

    def broken(*_: Any) -> str:
        looks.append(step)
        raise PermissionError(13, WORDS, WORDS)

    if step == "erase":
        monkeypatch.setattr(DailyRetention, "__call__", broken)
    else:
        monkeypatch.setattr("forms.server.store.migrations.schema_copies.remove_old", broken)
    work = start_retention(app)
    work.interval = 0.01
    until(lambda: len(looks) > 2)
    assert work.is_alive()
    work.stop()
    assert [record.getMessage().partition(" in ")[0] for record in caplog.records] == ["PermissionError"]
    assert WORDS not in caplog.text


def test_an_old_copy_that_cannot_be_removed_keeps_no_other(endpoint: Any) -> None:
    odd, old = (endpoint.data / f"concerns.db.before-{name}" for name in "12")
    odd.mkdir()
    old.write_bytes(b"x")
    for one in (old, odd):
        os.utime(one, (0, 0))
    watch(state_of(endpoint.client.application))
    assert not old.exists()


def test_gunicorn_says_it_and_that_it_is_over(tmp_path: Path, district: Any) -> None:
    """The real servers, a database that another program keeps locked, and no letter at all."""
    portals.write(district.portal, tmp_path / "portal.json")
    served = gunicorn(tmp_path / "made", tmp_path / "portal.json")
    log = tmp_path / "made" / "gunicorn.log"

    def wait_for(words: str) -> int:
        until(lambda: words in log.read_text())
        return log.read_text().count(words)

    try:
        other = sqlite3.connect(tmp_path / "made" / "data" / "concerns.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert wait_for("The database of concerns: another program keeps it locked") == 1
        other.execute("ROLLBACK")
        other.close()
        assert wait_for("The database of concerns takes letters again") == 1
    finally:
        served.stop()
