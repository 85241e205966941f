"""A desk's folder says which format its files have; one of a newer program is left alone."""

from pathlib import Path

import pytest

from forms.core.problem import Problem
from forms.desk.crypto import keys
from forms.desk.services.place import DeskPlace
from forms.desk.session import Session


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.make(tmp_path / "police", None)
    return tmp_path / "police"


def unlock(folder: Path) -> Session:
    return Session.unlock(DeskPlace("police", folder, "http://127.0.0.1:9"), None)


def test_the_format_is_written_down_for_its_owner_only(folder: Path) -> None:
    unlock(folder)
    assert (folder / "format").read_text() == "1\n"
    assert (folder / "format").stat().st_mode & 0o077 == 0


def test_a_folder_of_a_newer_program_is_left_alone(folder: Path) -> None:
    (folder / "format").write_text("2\n")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(Problem, match=r"newer version of this program \(format 2, known here is 1\)"):
        unlock(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("text", ["", "x", "-1", "\xff", "1" * 10_000, "\u0662"])
def test_a_damaged_one_is_written_anew_or_refused_and_never_a_traceback(folder: Path, text: str) -> None:
    (folder / "format").write_text(text, encoding="utf-8")
    try:
        unlock(folder)
    except Problem:
        assert len(text) == 10_000
    else:
        assert (folder / "format").read_text() == "1\n"
