"""A restore into PostgreSQL is killed at each step: the same command ends it, and no service uses the half of it."""

import os
import shutil
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from forms.core.files import folder_swap
from forms.core.problem import Problem
from forms.operations.backup import making, members, restoring
from forms.operations.backup.archive import NotABackup
from forms.operations.backup.opening import Opening
from forms.server.store.faults import HalfRestored
from forms.server.store.rows import write_rows

from ..operations.test_cut_short import MAX_CHANGES
from .conftest import Endpoint
from .test_backup import KEY, LATER, SECRET, again, backup, close, code_of, lose, opening, opens, settings_of

__all__ = ["again"]

NAMES = ("killed_concerns", "killed_signups")


@pytest.fixture
def urls(postgres: str) -> dict[str, str]:
    """The addresses of two databases, for letters and for sign-ups (see `empty`)."""
    concerns, signups = (postgres.replace("/postgres?", f"/{name}?") for name in NAMES)
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as connection:
        there = {name for (name,) in connection.execute("select datname from pg_database")}
        for name in set(NAMES) - there:
            connection.execute(f"create database {name}")
    empty(urls := {"concerns_url": concerns, "signups_url": signups})
    return urls


def empty(urls: dict[str, str]) -> None:
    """Remove all tables, also from under a connection that was killed."""
    for url in urls.values():
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            others = "datname = current_database() and pid <> pg_backend_pid()"
            connection.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where {others}")
            connection.execute("drop schema public cascade; create schema public")


def killed_at(at: int, run: Callable[[], object]) -> bool:
    """Run in a process of its own, killed before its commit or rename number `at`; return whether it came so far."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    steps = 0

    def step(*_: object) -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def after_a_step(real: Callable[..., Any]) -> Callable[..., Any]:
        def one(*arguments: Any, **more: Any) -> Any:
            step()
            return real(*arguments, **more)

        return one

    try:
        sa.event.listen(sa.Engine, "commit", step)
        for where, name in ((os, "rename"), (os, "replace"), (folder_swap, "exchange")):
            setattr(where, name, after_a_step(getattr(where, name)))
        run()
    finally:
        os._exit(0)


def test_a_restore_killed_at_any_step_is_ended_by_the_same_command(
    endpoint: Endpoint, tmp_path: Path, urls: dict[str, str], again: Any
) -> None:
    codes, number = [code_of(endpoint, what=f"{n}") for n in range(2)], code_of(endpoint, "signup")
    erased = code_of(endpoint, what="goes")
    made = backup(endpoint, tmp_path / "backups")
    endpoint.post("answer", code=erased, do="delete-now")
    small = making.make_erasures(settings_of(endpoint), tmp_path / "backups", [KEY], LATER)
    salt = (endpoint.data / "salt").read_bytes()
    lose(endpoint)
    run = partial(
        restoring.restore, settings_of(endpoint, **urls), made.path, opening(made), LATER,
        erasures=small.path, release=tmp_path / "release", in_place=True,
    )  # fmt: skip
    halves = 0
    for at in range(1, MAX_CHANGES):
        empty(urls)
        for left in (endpoint.data, tmp_path / "release", *tmp_path.glob("server.before-*")):
            shutil.rmtree(left, ignore_errors=True)
        endpoint.data.mkdir()
        (endpoint.data / "salt.old").touch()
        came = killed_at(at, run)
        if came:
            halves += is_refused(again, tmp_path / "another", salt, urls)
            run()
        back = again(endpoint.data, **urls)
        assert all(opens(back, code) for code in codes)
        assert not opens(back, erased)
        assert opens(back, number, "cancel")
        close(back)
        if not came:
            break
    assert 8 < at < MAX_CHANGES - 1
    assert halves > 4, "no service starts on any of these"


def is_refused(again: Any, data: Path, salt: bytes, urls: dict[str, str]) -> bool:
    """Return whether a service of the same salt before these databases is kept away, as after a power cut."""
    data.mkdir(exist_ok=True)
    (data / "salt").write_bytes(salt)
    try:
        close(again(data, **urls))
    except HalfRestored:
        return True
    return False


def cut_short(urls: dict[str, str], endpoint: Endpoint, made: making.NewBackup) -> None:
    """Leave the letters of a backup in the databases, as a restore does that is killed before the sign-ups."""
    settings = settings_of(endpoint, **urls)
    with pytest.MonkeyPatch.context() as killed:
        killed.setattr(restoring, "erase_again", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            restoring.restore(settings, made.path, opening(made), LATER)


def fill(url: str) -> None:
    """Let a database take no row more, as PostgreSQL says it of a full disk: in its tables, made already."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        full = "raise exception 'could not extend file' using errcode = 'disk_full'"
        connection.execute(f"create function is_full() returns trigger language plpgsql as $$begin {full}; end$$")
        for (table,) in connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall():
            connection.execute(f'create trigger is_full before insert on "{table}" execute function is_full()')


def free(url: str) -> None:
    """Undo what `fill` did."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("drop function is_full cascade")


def test_a_disk_that_fills_between_the_two_databases_is_said_and_the_same_command_ends_it(
    endpoint: Endpoint, tmp_path: Path, urls: dict[str, str], again: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also tried with a tablespace on a full disk of 16 MB: the same sentences."""
    code, number = code_of(endpoint, what="kept"), code_of(endpoint, "signup")
    made, salt = backup(endpoint, tmp_path / "backups"), (endpoint.data / "salt").read_bytes()
    lose(endpoint)
    write, written = write_rows, list[object]()

    def full_after_the_letters(stores: Any, rows: Any) -> int:
        written.append(stores)
        if len(written) == 2:
            fill(urls["signups_url"])
        return write(stores, rows)

    monkeypatch.setattr(members, "write_rows", full_after_the_letters)
    run = partial(restoring.restore, settings_of(endpoint, **urls), made.path, opening(made), LATER, in_place=True)
    for _ in range(2):
        with pytest.raises(Problem, match=r"killed_signups: the disk is full.*Free some room"):
            run()
        assert is_refused(again, tmp_path / "another", salt, urls)
    free(urls["signups_url"])
    run()
    back = again(endpoint.data, **urls)
    assert opens(back, code)
    assert opens(back, number, "cancel")
    close(back)


def test_the_half_of_another_backup_is_said(
    endpoint: Endpoint, tmp_path: Path, urls: dict[str, str], again: Any
) -> None:
    """Of two backups of one installation the older was begun: with its rows the newer one would not be that day's."""
    code_of(endpoint)
    old = backup(endpoint, tmp_path / "backups")
    later = code_of(endpoint)
    new = backup(endpoint, tmp_path / "backups", LATER)
    lose(endpoint)
    cut_short(urls, endpoint, old)
    with pytest.raises(Problem, match="holds a part of another backup") as raised:
        restoring.restore(settings_of(endpoint, **urls), new.path, opening(new), LATER)
    assert "Type the restore of that one again. For this one: make an empty database" in str(raised.value)
    assert not endpoint.data.exists()
    restoring.restore(settings_of(endpoint, **urls), old.path, opening(old), LATER)
    assert not opens(again(endpoint.data, **urls), later)


def test_after_a_whole_restore_the_same_one_is_refused(
    endpoint: Endpoint, tmp_path: Path, urls: dict[str, str], again: Any
) -> None:
    """Letters came since."""
    code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    lose(endpoint)
    run = partial(restoring.restore, settings_of(endpoint, **urls), made.path, opening(made), LATER, in_place=True)
    run()
    back = again(endpoint.data, **urls)
    since = code_of(back)
    close(back)
    with pytest.raises(Problem, match="holds letters or sign-ups already"):
        run()
    assert opens(again(endpoint.data, **urls), since)


def test_a_backup_that_is_refused_writes_nothing_into_postgresql(
    endpoint: Endpoint, tmp_path: Path, urls: dict[str, str], again: Any
) -> None:
    """Signed by another, cut, or with erasures of another: the right one goes in afterwards."""
    code = code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    lose(endpoint)
    whole, settings = made.path.read_bytes(), settings_of(endpoint, **urls)
    cut = tmp_path / "cut.age"
    cut.write_bytes(whole[:-1])
    other = Opening([SECRET], "ed25519:" + "0" * 64)
    for path, opened, erasures in (
        (cut, opening(made), None), (made.path, other, None), (made.path, opening(made), cut),
    ):  # fmt: skip
        with pytest.raises(NotABackup):
            restoring.restore(settings, path, opened, LATER, erasures=erasures)
        with psycopg.connect(urls["concerns_url"].replace("+psycopg", "")) as connection:
            tables = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
        assert tables == (0,)
    restoring.restore(settings, made.path, opening(made), LATER)
    assert opens(again(endpoint.data, **urls), code)


def test_no_backup_is_made_of_the_half(endpoint: Endpoint, tmp_path: Path, urls: dict[str, str]) -> None:
    code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    shutil.copytree(endpoint.data, tmp_path / "kept")
    lose(endpoint)
    cut_short(urls, endpoint, made)
    (tmp_path / "kept").rename(endpoint.data)
    with pytest.raises(HalfRestored):
        backup(endpoint, tmp_path / "others", **urls)
