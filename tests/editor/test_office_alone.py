"""Who writes content/ on a machine: staff in an office, or `update` from what staff push; never both."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from editor.office import office
from editor.office.state import FILE

from forms.operations.cli.update_commands import update
from forms.operations.updating.content_writers import OFFICE, clone_in
from tests.commands import run, site_in
from tests.sitegen.conftest import TODAY, Folder


def serve(folder: Folder) -> Result:
    return run(site_in(folder.root, TODAY), "edit", "--office", "office.example")


def run_update(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.chdir(folder)
    return CliRunner().invoke(update, [])


def test_both_programs_mean_the_same_file(folder: Folder) -> None:
    assert office.folder_of(site_in(folder.root).editor_memory) / FILE == folder.root / OFFICE


def test_an_office_does_not_start_where_update_writes_content(folder: Folder) -> None:
    clone_in(folder.root).mkdir(parents=True)
    done = serve(folder)
    assert done.exit_code == 1
    assert "update writes content/, and an office would write it too." in done.output
    assert "systemctl disable --now portal-update.timer" in done.output
    assert not (folder.root / OFFICE).exists()


def test_an_office_that_pushes_does_not_start_without_a_key_for_withdrawals(folder: Folder) -> None:
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["publish"] = {"remote": "ssh://git@git.example/district.git"}
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    done = serve(folder)
    assert done.exit_code == 1
    assert "this office has no key to push withdrawals with." in done.output
    assert "edit office withdrawal-key" in done.output


@pytest.mark.parametrize("accounts_file", ['{"accounts": [{"name": "M. Devi"}]}', "", "[]", "{}", "5", "[" * 100_000])
def test_update_takes_nothing_where_staff_write_in_an_office(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, accounts_file: str
) -> None:
    clone_in(folder.root).mkdir(parents=True)
    (folder.root / OFFICE).parent.mkdir(parents=True)
    (folder.root / OFFICE).write_text(accounts_file)
    done = run_update(folder.root, monkeypatch)
    assert done.exit_code == 1
    assert "Staff write content/ in this machine's office" in done.output


def test_an_office_without_people_stands_in_nobodys_way(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    clone_in(folder.root).mkdir(parents=True)
    (folder.root / OFFICE).parent.mkdir(parents=True)
    (folder.root / OFFICE).write_text(json.dumps({"accounts": []}))
    assert "in this machine's office" not in run_update(folder.root, monkeypatch).output
