"""What is wrong with a database is a sentence for the operator: where, what, and what to do; on every command alike."""

import errno
import gc
import os
import sqlite3
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click import ClickException
from click.testing import CliRunner
from sqlalchemy.exc import OperationalError

from forms.core.files.durable import atomic_replacement
from forms.core.problem import Problem
from forms.operations.backup import restoring
from forms.operations.backup.folder import CountingFile
from forms.operations.cli.main import portal, report_problems
from forms.operations.status import database_items as operations_status
from forms.server.districts import settings as districts
from forms.server.store.database import Store
from forms.server.store.faults import FAULTS, NotKept, not_kept, not_kept_from_error

from .conftest import TODAY, Endpoint
from .test_backup import backup, close, opening, settings_of
from .test_status import item, status, well
from .test_threats_operator import closed, damaged

__all__ = ["well"]  # the fixture

NOWHERE = {
    f"{name}_url": f"postgresql+psycopg://portal:secret@/{name}?host=/run/nowhere" for name in ("concerns", "signups")
}
TODO = {"damaged": "Stop the service and take it back from a backup", "closed": "Look at the data folder: owner, mount"}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_has_a_sentence_and_what_to_do(fault: str) -> None:
    where, what, todo = not_kept(fault, "SomeError", "/var/lib/portal/concerns.db").args
    assert where == "/var/lib/portal/concerns.db"
    assert what.endswith(" (SomeError).")
    assert todo.endswith(".")
    assert len(todo) >= 15


@pytest.mark.parametrize("spoil", [damaged, closed])
def test_commands_name_the_file_and_the_next_step(
    well: tuple[Endpoint, Path], tmp_path: Path, spoil: Callable[[Any], None]
) -> None:
    endpoint, into = well
    spoil(endpoint)
    file, todo = str(endpoint.data / "concerns.db"), TODO[spoil.__name__]
    with pytest.raises(NotKept, match=todo) as raised:
        backup(endpoint, into)
    assert str(raised.value).startswith(f"{file}: it")
    assert todo in item(status(endpoint, backups=into), "database").sentence
    assert file in item(status(endpoint, backups=into), "database").sentence
    environment = {"PORTAL_PORTAL": str(tmp_path / "portal.json"), "PORTAL_DATA": str(endpoint.data)}
    done = CliRunner(env=environment).invoke(portal, ["rehearse-upgrade"])
    assert done.exit_code == 1
    assert "Traceback" not in done.output


def test_a_start_without_its_database_says_which_and_no_password(make_endpoint: Callable[..., Endpoint]) -> None:
    with pytest.raises(Problem, match=r"The database concerns: it does not answer .* Look whether it runs") as raised:
        make_endpoint(salt="", **NOWHERE)
    assert "secret" not in str(raised.value)


def test_a_database_that_may_only_be_read_is_said_before_a_letter_fails(
    well: tuple[Endpoint, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, into = well
    assert not [one for one in status(endpoint, backups=into).items if one.value == "read-only"]
    locked = endpoint.data / "signups.db"
    monkeypatch.setattr(operations_status.os, "access", lambda path, _: path != locked)
    found = [one for one in status(endpoint, backups=into).needs if one.value == "read-only"]
    assert [one.name for one in found] == ["database of signups"]
    assert str(locked) in found[0].sentence
    assert "Look at the owner and mount" in found[0].sentence


def test_a_disk_that_failed_while_it_was_in_use_is_said_by_status_and_not_called_full(
    well: tuple[Endpoint, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ext4 after errors (remount,abort): it says that it may be written, and each write ends with an error."""
    endpoint, into = well
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_WRITE"
    assert not_kept_from_error(OperationalError("", None, error)).fault == "failing"
    assert not_kept_from_error(OperationalError("", None, error), has_room=False).fault == "full"

    def failing(store: Store) -> None:
        raise not_kept("failing", where=store.display_name)

    monkeypatch.setattr(Store, "probe", failing)
    found = [one for one in status(endpoint, backups=into).needs if one.value == "failing"]
    assert [one.name for one in found] == ["database of concerns", "database of signups"]
    assert "No letter can be kept" in found[0].sentence
    assert "journalctl -k" in found[0].sentence


def test_a_backup_that_meets_a_full_disk_names_it(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder and the data lie on two disks: which one is full must be said, and nothing else."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    endpoint.send("concern", what="x" * 1000)
    monkeypatch.setattr(CountingFile, "write", full)
    with pytest.raises(OSError, match="portal-000001"):
        backup(endpoint, tmp_path / "backups")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()  # a database that was read halfway is closed by who opened it


def test_a_restore_onto_a_disk_that_may_only_be_read_says_so(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup(endpoint, tmp_path / "backups")
    close(endpoint)
    there = os.statvfs(endpoint.data)
    monkeypatch.setattr(
        restoring.os, "statvfs", lambda _: os.statvfs_result([*there[:8], there.f_flag | os.ST_RDONLY, there.f_namemax])
    )
    with pytest.raises(Problem, match=r"a disk that may only be read\. See how it is mounted"):
        restoring.restore(settings_of(endpoint), made.path, opening(made), TODAY, in_place=True)


def test_what_a_restore_left_is_said_until_it_is_gone(well: tuple[Endpoint, Path]) -> None:
    endpoint, into = well
    left, aside = (endpoint.data.with_name(f"server.{end}") for end in ("restoring", "before-2026-12-01"))
    left.mkdir()
    aside.mkdir()
    (into / "portal-000009-2027-01-01.age.0a.unfinished").touch()
    found = status(endpoint, backups=into)
    assert [one.value for one in found.needs] == [str(left), str(aside)]
    assert "Type the same restore again, or remove it" in item(found, "left over").sentence
    assert "31 days ago: nothing is erased there" in item(found, "put aside").sentence
    assert "The next one of its kind removes it" in item(found, "half made").sentence


def test_a_restore_into_a_folder_of_another_user_does_not_say_that_a_service_runs(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup(endpoint, tmp_path / "backups")
    close(endpoint)
    before = sorted(endpoint.data.parent.rglob("*"))
    monkeypatch.setattr(restoring.os, "access", lambda *_: False)
    with pytest.raises(Problem, match=r"is not yours to read and write\. Run this as root"):
        restoring.restore(settings_of(endpoint), made.path, opening(made), TODAY, in_place=True)
    assert sorted(endpoint.data.parent.rglob("*")) == before


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_district_whose_file_cannot_be_read_is_said_and_not_taken_for_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for name in ("hill", "river"):
        districts.write(tmp_path, name, [f"{name}.example"], {})
    (tmp_path / "lost+found").mkdir()
    locked, exists, stat, read_text = tmp_path / "river" / districts.FILE, Path.exists, Path.stat, Path.read_text

    def refuse(path: Path) -> None:
        if path == locked:
            raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "stat", lambda path, **more: refuse(path) or stat(path, **more))
    monkeypatch.setattr(Path, "exists", lambda path: refuse(path) or exists(path))
    monkeypatch.setattr(Path, "read_text", lambda path, **more: refuse(path) or read_text(path, **more))
    assert districts.names(tmp_path) == ["hill", "river"]
    assert [name for name, *_ in districts.version(tmp_path)] == ["hill", "river"], "the others go on"
    done = CliRunner(env={"PORTAL_DISTRICTS": str(tmp_path)}).invoke(portal, ["status"])
    assert f"{locked}: cannot be read ({os.strerror(number)})" in done.output
    done = CliRunner(env={"PORTAL_DISTRICTS": str(tmp_path)}).invoke(portal, ["district", "list"])
    assert f"{locked}: cannot be read ({os.strerror(number)})" in done.output


@pytest.mark.parametrize(
    ("number", "todo"),
    [
        (errno.ENOSPC, "The disk is full: make room"),
        (errno.EROFS, "may only be read: see with findmnt"),
        (errno.EACCES, "another user's: run this as root"),
        (errno.ENOENT, "It is not there"),
        (errno.EIO, "Is the disk full, or the folder not yours?"),
    ],
)
def test_what_the_system_refuses_is_said_with_the_file_and_its_own_next_step(
    tmp_path: Path, number: int, todo: str
) -> None:
    """Also where the error names no file, as that of a full disk does."""
    with pytest.raises(ClickException) as raised, report_problems(), atomic_replacement(tmp_path / "district.toml"):
        raise OSError(number, os.strerror(number))
    assert raised.value.message.startswith(f"{tmp_path / 'district.toml'} cannot be written or read (")
    assert todo in raised.value.message
    assert not list(tmp_path.iterdir())
