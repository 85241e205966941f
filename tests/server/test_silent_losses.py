"""A database, a salt or a disk that is gone is said at the start or while the service runs, and to whoever looks up."""

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forms.core import portal as portals
from forms.core.problem import Problem
from forms.operations.status.examination import examine
from forms.server import config, first_start
from forms.server.app import create_app
from forms.server.maintenance import watch
from forms.server.store.restore_mark import last_restore
from forms.server.web.current import state_of

from .conftest import CHEAP, TODAY
from .test_threats_salt import opens, send

Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path, district: Any) -> Iterator[Start]:
    """Start the endpoint on this data folder."""
    portals.write(district.portal, tmp_path / "portal.json")
    apps: list[Any] = []

    def begin(**more: Any) -> Any:
        apps.append(create_app({**settings(tmp_path), "today": lambda: TODAY, "cost": CHEAP, **more}))
        return apps[-1]

    yield begin
    for app in apps:
        stop(app)


def settings(folder: Path) -> dict[str, Any]:
    return {"portal": folder / "portal.json", "data": folder / "data"}


def stop(app: Any) -> None:
    state_of(app).services.close()
    state_of(app).in_use.close()


def remove(folder: Path, name: str) -> None:
    for file in folder.glob(f"data/{name}*"):
        file.unlink()


def empty(folder: Path, name: str) -> None:
    remove(folder, name)
    (folder / "data" / name).touch()


@pytest.mark.parametrize("lose", [remove, empty])
@pytest.mark.parametrize("name", ["concerns.db", "signups.db"])
def test_a_database_that_is_gone_at_the_start_is_said(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, lose: Callable[[Path, str], None]
) -> None:
    app = start()
    code = send(app, "concern" if name == "concerns.db" else "signup")
    stop(app)
    lose(tmp_path, name)
    again = start()
    [message] = [record.getMessage() for record in caplog.records]
    assert str(tmp_path / "data" / name) in message
    assert "receipts of before open nothing" in message
    form = "answer" if name == "concerns.db" else "cancel"
    page = again.test_client().post(f"/forms/en/{form}", data={"code": code}).get_data(as_text=True)
    assert "our machine broke down" in page
    needed = {item.name for item in examine("x", config.read(settings(tmp_path)), today=lambda: TODAY).needs}
    assert f"lost {name.removesuffix('.db')}" in needed
    stop(again)
    caplog.clear()
    stop(start())
    assert not caplog.records, "it is said at the start that made it"


def test_a_first_start_that_was_cut_short_lost_nothing(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr("forms.server.app.claim_store", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            start()
    assert (tmp_path / "data" / "salt").exists()
    app = start()
    assert not caplog.records
    assert last_restore(state_of(app).services.concerns) is None
    assert opens(app, send(app))
    assert not (tmp_path / "data" / "first-start").exists()


@pytest.mark.parametrize("change", ["removed", "another", "cut short"])
def test_a_salt_that_is_gone_while_the_service_runs_is_said_once_and_when_it_is_back(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture, change: str
) -> None:
    app, salt = start(), tmp_path / "data" / "salt"
    code, before = send(app), salt.read_bytes()
    salt.unlink()
    if change != "removed":
        salt.write_bytes(b"x" * (32 if change == "another" else 5))
    watch(state_of(app))
    watch(state_of(app))
    [message] = [record.getMessage() for record in caplog.records]
    assert str(salt) in message
    assert "Do not restart" in message
    assert opens(app, code)
    caplog.clear()
    salt.write_bytes(before)
    watch(state_of(app))
    assert [record.getMessage() for record in caplog.records] == ["The salt is back."]


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_no_salt_is_made_in_the_empty_place_of_a_disk_that_is_not_mounted(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    disk, fstab = tmp_path / "a disk", tmp_path / "fstab"
    disk.mkdir()
    written = str(disk).replace(" ", "\\040")
    fstab.write_text(f"# a comment\nUUID=1 / ext4 defaults 0 1\nUUID=2 {written} ext4 noauto 0 2\n")
    monkeypatch.setattr(first_start, "FSTAB", fstab)
    with pytest.raises(Problem, match=r"a disk, which is not mounted.*Type: mount "):
        start(data=Path(f"{disk}{below}"))
    assert not list(disk.rglob("salt"))
    monkeypatch.setattr("os.path.ismount", lambda _: True)
    app = start(data=Path(f"{disk}{below}"))
    assert opens(app, send(app))


def test_a_copy_of_the_whole_folder_is_no_loss(start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    app = start()
    code = send(app)
    stop(app)
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    assert opens(start(data=tmp_path / "copy"), code)
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("others", [(), ("NOTHING MOUNTED HERE", "aquota.user")])
def test_an_empty_place_of_a_disk_that_nobody_wrote_down_is_no_first_start(
    start: Start, tmp_path: Path, others: tuple[str, ...]
) -> None:
    """Mounted by hand, not in /etc/fstab: after the next boot its place is an empty folder."""
    marks, data, disk = tmp_path / "marks", tmp_path / "data", tmp_path / "the disk"
    app = start(marks=marks)
    code = send(app)
    stop(app)
    data.rename(disk)
    data.mkdir()
    for other in others:
        (data / other).touch()
    with pytest.raises(Problem, match="holds nothing of ours, though the service ran with it before") as raised:
        start(marks=marks)
    assert {path.name for path in data.iterdir()} <= {"in-use", *others}, "nothing is begun there"
    needed = [one.sentence for one in examine("x", config.read({**settings(tmp_path), "marks": marks})).needs]
    assert any("holds nothing of ours, though the service ran with it before" in one for one in needed)
    shutil.rmtree(data)
    disk.rename(data)
    app = start(marks=marks)
    assert opens(app, code)
    stop(app)
    shutil.rmtree(data)
    Path(str(raised.value).rpartition("rm ")[2].rstrip(".")).unlink()  # as the sentence says, for who begins anew
    app = start(marks=marks)
    assert opens(app, send(app))


def test_a_folder_of_before_the_disk_was_mounted_is_not_taken_for_it(start: Start, tmp_path: Path) -> None:
    """install-server starts the service at once: what that start made lies below the disk that was mounted later."""
    marks, data = tmp_path / "marks", tmp_path / "data"
    stop(start(marks=marks))
    data.rename(tmp_path / "below")
    for mark in marks.iterdir():
        mark.unlink()
    app = start(marks=marks)
    code = send(app)
    stop(app)
    data.rename(tmp_path / "the disk")
    (tmp_path / "below").rename(data)
    with pytest.raises(Problem, match="has another salt than the service ran with last"):
        start(marks=marks)
    shutil.rmtree(data)
    (tmp_path / "the disk").rename(data)
    assert opens(start(marks=marks), code)


def test_what_was_restored_is_begun_with(start: Start, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    read = config.read({**settings(tmp_path), "marks": marks})
    stop(start(marks=marks))
    assert [path.read_text().splitlines()[1] for path in marks.iterdir()] == [str(tmp_path / "data")]
    first_start.delete_note(read)
    (tmp_path / "data").rename(tmp_path / "before")
    stop(start(marks=marks))
    assert len(list(marks.iterdir())) == 1


def test_a_data_folder_in_which_nothing_is_kept_is_not_missed(tmp_path: Path) -> None:
    """With a salt of several machines and PostgreSQL nothing of ours lies there; what others put there may go."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes").touch()
    urls = {f"{name}_url": f"postgresql+psycopg://one/{name}" for name in ("concerns", "signups")}
    marks, salt = tmp_path / "marks", (b"s" * 32).hex()
    first_start.note_salt(config.read({**settings(tmp_path), "marks": marks, "salt": salt, **urls}), b"s" * 32)
    assert not marks.exists()
    first_start.note_salt(config.read({**settings(tmp_path), "marks": marks, "salt": salt}), b"s" * 32)
    assert not marks.exists(), "its databases are not there yet"
    (tmp_path / "data" / "concerns.db").touch()
    first_start.note_salt(config.read({**settings(tmp_path), "marks": marks, "salt": salt}), b"s" * 32)
    assert marks.exists()
    shutil.rmtree(tmp_path / "data")
    moved = config.read({**settings(tmp_path), "marks": marks, "salt": salt, **urls})
    first_start.require_same_folder(moved, b"s" * 32)  # its databases were moved to PostgreSQL on purpose
