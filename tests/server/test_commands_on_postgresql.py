"""The operator's commands before PostgreSQL: a full disk between two districts, a primary that dies, an absent replica."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from forms.core.problem import Problem
from forms.operations.backup import folder, making, members, restoring, verifying
from forms.operations.backup.folder import CountingFile
from forms.operations.cli.main import portal
from forms.server.districts import settings as districts
from forms.server.store.rows import write_rows
from tests.patience import PATIENCE

from .conftest import Endpoint
from .replicated import Pair, pair
from .test_backup import KEY, LATER, SECRET, TODAY, again, backup, close, code_of, lose, opening, opens, settings_of

__all__ = ["again"]


@pytest.fixture
def servers() -> Iterator[Pair]:
    with pair() as made:
        yield made


@pytest.fixture
def urls(servers: Pair) -> dict[str, str]:
    return {f"{name}_url": servers.url(name) for name in ("concerns", "signups")}


def schema_url(postgres: str, name: str) -> str:
    return f"{postgres}&options=-csearch_path%3D{name}"


def test_a_disk_that_fills_between_two_districts_leaves_the_first_backup_and_names_the_second(
    make_endpoint: Callable[..., Endpoint], tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each district in two schemas of one PostgreSQL, as docs/operators.md says; the next night both are backed up."""
    home, own = tmp_path / "districts", {}
    with psycopg.connect(postgres.replace("+psycopg", ""), autocommit=True) as connection:
        for name in ("north", "south"):
            for kind in ("concerns", "signups"):
                connection.execute(f"DROP SCHEMA IF EXISTS {name}_{kind} CASCADE")
                connection.execute(f"CREATE SCHEMA {name}_{kind}")
    for name in ("north", "south"):
        own[name] = {f"{kind}_url": schema_url(postgres, f"{name}_{kind}") for kind in ("concerns", "signups")}
        endpoint = make_endpoint(data=tmp_path / name, salt="", **own[name])
        code_of(endpoint, what=f"words of {name}")
        close(endpoint)
        given = {"data": str(tmp_path / name), "portal": str(tmp_path / "portal.json"), **own[name]}
        districts.write(home, name, [f"{name}.example"], given)
    into, write, files = tmp_path / "backups", CountingFile.write, list[CountingFile]()

    def full_after_north(file: CountingFile, data: bytes) -> int:
        files.append(file)
        if file is not files[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, data)

    monkeypatch.setattr(CountingFile, "write", full_after_north)
    environment = {"PORTAL_DISTRICTS": str(home), "PORTAL_BACKUP_FOLDER": str(into), "PORTAL_BACKUP_KEY": KEY}
    run = partial(CliRunner(env=environment).invoke, portal, ["backup"])
    result = run()
    assert result.exit_code == 1
    assert "district south" in result.output
    assert "No space left on device" in result.output
    assert "district north" not in result.output
    assert (verifying.problems(into / "north"), folder.every(into / "south")) == ([], [])
    assert not list(into.rglob("*.unfinished"))
    monkeypatch.undo()
    assert run().exit_code == 0
    for name in own:
        assert verifying.check(folder.every(into / name)[0].path, [SECRET]).rows > 0


def fail_over(servers: Pair) -> None:
    servers.primary.kill()
    servers.replica.promote()


def test_a_backup_during_which_the_primary_dies_is_whole_or_leaves_nothing(
    make_endpoint: Callable[..., Endpoint], tmp_path: Path, servers: Pair, urls: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    servers.synchronous()
    endpoint = make_endpoint(salt="", **urls)
    code_of(endpoint)
    close(endpoint)
    write = CountingFile.write

    def dies(file: CountingFile, data: bytes) -> int:
        monkeypatch.setattr(CountingFile, "write", write)
        fail_over(servers)
        return write(file, data)

    monkeypatch.setattr(CountingFile, "write", dies)
    into = tmp_path / "backups"
    with suppress(Problem):
        backup(endpoint, into, **urls)
    assert not servers.primary.processes()
    assert not list(into.glob("*.unfinished"))
    for earlier in folder.every(into):
        assert verifying.check(earlier.path, [SECRET]).rows > 0
    made = making.make(settings_of(endpoint, **urls), into, [KEY], TODAY, {})
    assert verifying.check(made.path, [SECRET]).rows > 0


def test_a_restore_during_which_the_primary_dies_goes_on_or_is_ended_by_the_same_command(
    endpoint: Endpoint, tmp_path: Path, servers: Pair, urls: dict[str, str], again: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    servers.synchronous()
    code, number = code_of(endpoint), code_of(endpoint, "signup")
    made = backup(endpoint, tmp_path / "backups")
    lose(endpoint)
    calls: list[object] = []

    def dies_before_the_sign_ups(stores: Any, rows: Any) -> int:
        calls.append(stores)
        if len(calls) == 2:
            fail_over(servers)
        return write_rows(stores, rows)

    monkeypatch.setattr(members, "write_rows", dies_before_the_sign_ups)
    run = partial(restoring.restore, settings_of(endpoint, **urls), made.path, opening(made), LATER, in_place=True)
    try:
        run()
    except Problem:  # the connection was lost where nothing is repeated by itself
        run()
    assert not servers.primary.processes()
    back = again(endpoint.data, **urls)
    assert opens(back, code)
    assert opens(back, number, "cancel")
    close(back)


def test_a_restore_says_that_a_replica_is_away_in_place_of_waiting_for_it(
    endpoint: Endpoint, tmp_path: Path, servers: Pair, urls: dict[str, str]
) -> None:
    code_of(endpoint)
    made = backup(endpoint, tmp_path / "backups")
    lose(endpoint)
    servers.primary.tell("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    run = partial(restoring.restore, settings_of(endpoint, **urls), made.path, opening(made), LATER)
    messages: list[str] = []

    def restore() -> None:
        try:
            run()
        except Problem as problem:
            messages.append(str(problem))

    waiting = threading.Thread(target=restore, daemon=True)
    waiting.start()
    waiting.join(PATIENCE)
    servers.primary.tell("ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
    waiting.join(PATIENCE)
    assert "waits with each commit for a replica that does not answer" in "".join(messages)
    assert "Then type the same again" in messages[0]
    assert not endpoint.data.exists()
    assert run().rows > 0
