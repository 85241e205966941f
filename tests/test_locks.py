"""A file that one program holds at a time."""

import threading
from pathlib import Path

import pytest

from forms.core.files.locks import AlreadyLocked, locked
from forms.core.problem import Problem


def test_one_holds_it_and_the_next_is_told_until_it_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path):
        with pytest.raises(AlreadyLocked), locked(path):
            pass
        assert path.stat().st_mode & 0o077 == 0
    with locked(path):
        pass


def test_whatever_fails_meanwhile_it_is_let_go(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="inside"), locked(tmp_path / "lock"):
        raise OSError("inside")
    with locked(tmp_path / "lock"):
        pass


def test_who_waits_goes_on_when_the_other_has_ended(tmp_path: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path / "lock", wait=True):
            order.append("second")

    waiting = threading.Thread(target=second)
    with locked(tmp_path / "lock"):
        waiting.start()
        waiting.join(0.2)  # it would have gone in by then, were it let in
        order.append("first")
    waiting.join(120)
    assert order == ["first", "second"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Who owns the folder lays it there, and root types a command: root would make any file, or wait for one."""
    (tmp_path / "lock").symlink_to(tmp_path / "of root")
    with pytest.raises(Problem, match="is a link, and must be an empty file"), locked(tmp_path / "lock"):
        pass
    assert not (tmp_path / "of root").exists()
