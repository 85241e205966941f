"""A desk's folder as one file: whole, encrypted as it is, and never written over a desk that is there."""

import io
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from forms.core.problem import Problem
from forms.desk import folder_copy
from forms.desk.cli.folder_commands import backup
from forms.desk.crypto import keys


@pytest.fixture
def desk(tmp_path: Path, quick_passphrase: None) -> Path:
    """A desk's folder with a key and a letter."""
    folder = tmp_path / "home" / "police"
    keys.make(folder, "correct horse")
    (folder / "letters").mkdir()
    (folder / "letters" / f"{'a' * 32}.age").write_bytes(b"age-encryption.org/v1 sealed")
    (folder / "letters" / "half.age.1234.new").write_bytes(b"half")
    return folder


def files(folder: Path) -> dict[str, bytes]:
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in contents.items() if not name.endswith(".new")}


def test_a_copied_folder_comes_back_as_it_was(desk: Path, tmp_path: Path) -> None:
    copy, back = tmp_path / "stick" / "desk.tar", tmp_path / "new" / "police"
    copy.parent.mkdir()
    count = folder_copy.make_copy(desk, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert folder_copy.bring_back(copy, back) == count == len(files(desk))
    assert files(back) == files(desk)
    identities = [list(map(str, keys.identities(one, lambda: "correct horse"))) for one in (back, desk)]
    assert identities[0] == identities[1]
    assert back.stat().st_mode & 0o077 == 0


def test_a_desk_that_is_there_is_not_overwritten(desk: Path, tmp_path: Path) -> None:
    folder_copy.make_copy(desk, tmp_path / "desk.tar")
    before = files(desk)
    with pytest.raises(Problem, match="is a desk already"):
        folder_copy.bring_back(tmp_path / "desk.tar", desk)
    assert files(desk) == before


@pytest.mark.parametrize("size", [0, 100, 2000, -10300])
def test_a_cut_copy_leaves_nothing(desk: Path, tmp_path: Path, size: int) -> None:
    copy = tmp_path / "desk.tar"
    folder_copy.make_copy(desk, copy)
    copy.write_bytes(copy.read_bytes()[:size])
    with pytest.raises(Problem, match="not whole"):
        folder_copy.bring_back(copy, tmp_path / "new" / "police")
    assert not list((tmp_path / "new").rglob("*.age")) if (tmp_path / "new").exists() else True


def test_a_changed_copy_is_refused(desk: Path, tmp_path: Path) -> None:
    copy = tmp_path / "desk.tar"
    folder_copy.make_copy(desk, copy)
    copy.write_bytes(copy.read_bytes().replace(b"v1 sealed", b"v1 forged"))
    with pytest.raises(Problem, match="not whole"):
        folder_copy.bring_back(copy, tmp_path / "new" / "police")
    assert not (tmp_path / "new" / "police").exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../x", tarfile.REGTYPE),
        ("/etc/x", tarfile.REGTYPE),
        ("a/../../x", tarfile.REGTYPE),
        ("a", tarfile.SYMTYPE),
        ("a", tarfile.LNKTYPE),
        ("a", tarfile.CHRTYPE),
    ],
)
def test_a_hostile_copy_writes_nothing(tmp_path: Path, name: str, kind: bytes) -> None:
    copy = tmp_path / "desk.tar"
    with tarfile.open(copy, "w") as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, "/etc/passwd", 1 if kind == tarfile.REGTYPE else 0
        tar.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(Problem, match="no copy of a desk holds"):
        folder_copy.bring_back(copy, tmp_path / "new" / "police")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["desk.tar"]


def test_a_desk_without_a_passphrase_is_not_copied(tmp_path: Path) -> None:
    folder = tmp_path / "police"
    keys.make_demonstration(tmp_path, ["police"])
    with pytest.raises(Problem, match="passphrase"):
        folder_copy.make_copy(folder, tmp_path / "desk.tar")


def test_a_full_disk_leaves_the_copy_before(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "desk.tar"
    folder_copy.make_copy(desk, copy)
    before = copy.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(OSError, match="No space"):
        folder_copy.make_copy(desk, copy)
    assert copy.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["desk.tar"]


@pytest.mark.parametrize(
    ("number", "message"), [(5, "stick still there"), (28, "Make room"), (30, "name another place")]
)
def test_a_stick_that_fails_is_said_by_what_failed(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, message: str
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(number, "It fails", str(tmp_path / "stick"))

    monkeypatch.setattr(tarfile.TarFile, "addfile", fail)
    result = CliRunner().invoke(backup, [str(tmp_path / "desk.tar")], obj=SimpleNamespace(folder=desk))
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "desk.tar").exists()
