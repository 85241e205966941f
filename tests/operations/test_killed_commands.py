"""An operator's command is killed at each change that it makes on the disk: the same command does all that is left."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from forms.core.files.locks import locked
from forms.core.problem import Problem
from forms.operations.cli.main import portal
from forms.operations.installing.server_files import TARGETS
from forms.operations.installing.server_installation import LOCK, RECORD, STARTED_WITH
from forms.server.districts import settings

from .test_cut_short import MAX_CHANGES, cut_at
from .test_installing import Machine


def district(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(portal, ["district", words[0], *words[1:], "--folder", str(folder)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert district(tmp_path / "districts", "add", "north", "--host", "north.example").exit_code == 0
    return tmp_path / "districts"


VALID_OPTIONS = ({}, {"budget": 5}, {"budget": 7})


def test_a_killed_change_of_a_district_leaves_the_settings_of_before_or_those_of_now(folder: Path) -> None:
    for change_number in range(1, MAX_CHANGES):
        was_interrupted = cut_at(
            change_number, lambda: district(folder, "add", "west", "--host", "west.example", "--set", "budget=5")
        )
        if "west" in settings.names(folder):
            assert settings.read_options(folder, "west") == (("west.example",), {"budget": 5})
        district(folder, "add", "west", "--host", "west.example", "--set", "budget=5")
        changed = cut_at(change_number, lambda: district(folder, "update", "west", "--set", "budget=7"))
        assert settings.read_options(folder, "west")[1] in VALID_OPTIONS
        assert district(folder, "update", "west", "--set", "budget=7").exit_code == 0
        assert [path.name for path in (folder / "west").iterdir()] == [settings.FILE], "nothing is left half-written"
        cut_at(change_number, lambda: district(folder, "remove", "west"))
        district(folder, "remove", "west")
        assert settings.names(folder) == ["north"]
        (folder / "west" / f"{settings.FILE}.removed").unlink()
        (folder / "west").rmdir()
        if not was_interrupted and not changed:
            break
    assert 3 < change_number < MAX_CHANGES - 1


def test_what_a_person_named_alike_is_not_taken_for_what_a_killed_command_left(folder: Path) -> None:
    own, leftover = (folder / "north" / f"{settings.FILE}.{name}.new" for name in ("draft", "1a2b3c4d"))
    own.touch()
    leftover.touch()
    assert district(folder, "update", "north", "--set", "budget=7").exit_code == 0
    assert sorted(path.name for path in (folder / "north").iterdir()) == sorted([settings.FILE, own.name])


def test_no_moment_shows_the_service_a_district_that_would_be_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service takes what it sees within a second, and a killed command takes nothing back."""
    names_seen: list[str] = []
    real = settings.require_apart

    def look(*districts: object) -> None:
        names_seen.extend(settings.names(folder))
        real(*districts)  # type: ignore[arg-type]

    monkeypatch.setattr(settings, "require_apart", look)
    assert "host north.example of north" in district(folder, "add", "west", "--host", "north.example").output
    assert set(names_seen) == {"north"}


def test_of_two_who_add_the_same_district_one_is_told(folder: Path, tmp_path: Path) -> None:
    children, (waiting, go) = [], os.pipe()
    for name in ("one", "other"):
        child = os.fork()  # before anybody holds the lock: a fork would hold it too
        if not child:
            os.close(go)
            os.read(waiting, 1)
            result = district(folder, "add", "west", "--host", f"{name}.example")
            (tmp_path / name).write_text(result.output)
            os._exit(0)
        children.append(child)
    os.close(go)
    os.close(waiting)
    for child in children:
        os.waitpid(child, 0)
    outputs = {name: (tmp_path / name).read_text() for name in ("one", "other")}
    assert sorted("is there already" in text for text in outputs.values()) == [False, True]
    [added_name] = [name for name, text in outputs.items() if "is added" in text]
    assert settings.read(folder, "west").hosts == (f"{added_name}.example",)


def test_a_new_district_is_read_by_the_service_and_a_private_one_stays_private(folder: Path) -> None:
    path = folder / "north" / settings.FILE
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o640)  # its addresses of databases may hold a password
    district(folder, "update", "north", "--set", "budget=5")
    assert path.stat().st_mode & 0o777 == 0o640


@contextmanager
def machine(root: Path) -> Iterator[Machine]:
    root.mkdir()
    yield Machine(root)


def test_an_installation_that_is_killed_is_ended_by_the_next_run(tmp_path: Path) -> None:
    with machine(tmp_path / "whole") as uninterrupted:
        uninterrupted.installation().install()
        expected = {name: text.replace(str(uninterrupted.root), "") for name, text in uninterrupted.files().items()}
    for change_number in range(1, MAX_CHANGES):
        with machine(tmp_path / str(change_number)) as interrupted:
            was_interrupted = cut_at(change_number, lambda: interrupted.installation().install())
            interrupted.installation().install()
            found = {name: text.replace(str(interrupted.root), "") for name, text in interrupted.files().items()}
            assert {name: text for name, text in found.items() if name in expected and name != RECORD} == {
                name: text for name, text in expected.items() if name != RECORD
            }
            assert json.loads(found[RECORD]).keys() >= {*TARGETS.values(), STARTED_WITH}
            assert found["etc/nginx/nginx.conf.before-portal"] == "Debian's own"
        if not was_interrupted:
            break
    assert 30 < change_number < MAX_CHANGES - 1


def test_a_second_installation_at_the_same_time_is_told_so(tmp_path: Path) -> None:
    with machine(tmp_path / "one") as server:
        (server.root / "etc/portal").mkdir(parents=True)
        with locked(server.root / LOCK), pytest.raises(Problem, match="runs in another terminal"):
            server.installation().install()
        assert not server.ran
        server.installation().install()
        with locked(server.root / LOCK), pytest.raises(Problem, match="runs in another terminal"):
            server.installation().uninstall()
        server.installation().uninstall()
