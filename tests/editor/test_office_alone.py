"""Who writes content/ on a machine: staff in an office, or `update` from what staff push; never both."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from editor.office import office
from editor.office.state import FILE

from forms.operations.update_commands import update
from forms.operations.updating import OFFICE, clone_in
from tests.conftest import ROOT, load_file
from tests.sitegen.conftest import TODAY, Folder, move_program


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> Any:
    """build.py, at work in the folder of the tests."""
    monkeypatch.setenv("PORTAL_INSIDE_VENV", str(ROOT / ".venv"))
    made: Any = load_file(ROOT / "build.py")
    move_program(made, folder.root, monkeypatch)
    monkeypatch.setattr(made, "today", lambda: TODAY)
    return made


def serve(portal: Any) -> Result:
    return CliRunner().invoke(portal.portal, ["edit", "--office", "office.example"])


def updated(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.chdir(folder)
    return CliRunner().invoke(update, [])


def test_both_programs_mean_the_same_file(folder: Folder, portal: Any) -> None:
    assert office.folder_of(portal.EDITOR_MEMORY) / FILE == folder.root / OFFICE


def test_an_office_does_not_start_where_update_writes_content(folder: Folder, portal: Any) -> None:
    clone_in(folder.root).mkdir(parents=True)
    done = serve(portal)
    assert done.exit_code == 1
    assert "update writes content/, and an office would write it too." in done.output
    assert "systemctl disable --now portal-update.timer" in done.output
    assert not (folder.root / OFFICE).exists()


def test_an_office_does_not_start_where_a_push_publishes(folder: Folder, portal: Any) -> None:
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["publish"] = {"remote": "ssh://git@git.example/district.git"}
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    done = serve(portal)
    assert done.exit_code == 1
    assert "a push is signed with a person's key, and the office has none." in done.output


@pytest.mark.parametrize("known", ['{"accounts": [{"name": "M. Devi"}]}', "", "[]", "{}", "5", "[" * 100_000])
def test_update_takes_nothing_where_staff_write_in_an_office(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    clone_in(folder.root).mkdir(parents=True)
    (folder.root / OFFICE).parent.mkdir(parents=True)
    (folder.root / OFFICE).write_text(known)
    done = updated(folder.root, monkeypatch)
    assert done.exit_code == 1
    assert "Staff write content/ in this machine's office" in done.output


def test_an_office_without_people_stands_in_nobodys_way(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    clone_in(folder.root).mkdir(parents=True)
    (folder.root / OFFICE).parent.mkdir(parents=True)
    (folder.root / OFFICE).write_text(json.dumps({"accounts": []}))
    assert "in this machine's office" not in updated(folder.root, monkeypatch).output
