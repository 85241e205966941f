"""A file that one program holds at a time."""

import errno
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from editor import start

from forms.core.files.locks import AlreadyLocked, locked, locked_if_possible, locked_within
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_of_who_holds_it_does_not_hold_it_on(tmp_path: Path) -> None:
    """As the workers of a build do that is killed: nobody would ever build again."""
    path, (ends, end), (runs, running) = tmp_path / "lock", os.pipe(), os.pipe()
    with locked(path):
        fork = os.fork()
        if not fork:
            os.close(end)
            os.write(running, b"x")
            os.read(ends, 1)
            os._exit(0)
        os.read(runs, 1)
    try:
        with locked(path):
            pass
    finally:
        os.close(end)
        os.waitpid(fork, 0)
        for descriptor in (ends, runs, running):
            os.close(descriptor)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_that_leaves_the_block_closes_no_file_of_its_own(tmp_path: Path) -> None:
    with suppress(SystemExit), locked(tmp_path / "lock"):
        fork = os.fork()
        if not fork:
            own = os.open(tmp_path / "own", os.O_RDWR | os.O_CREAT)
            raise SystemExit
    if not fork:
        try:
            os.fstat(own)
        except OSError:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(fork, 0)[1] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks otherwise")
def test_a_file_system_without_locks_is_no_other_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", lacks)
    with pytest.raises(OSError, match="No locks"), locked(tmp_path / "lock"):
        pass


def test_who_waits_gives_up_and_does_other_things_meanwhile(tmp_path: Path) -> None:
    calls: list[str] = []
    waiting = locked_within(tmp_path / "lock", 0.3, lambda: calls.append("looked"))
    with locked(tmp_path / "lock"), pytest.raises(AlreadyLocked), waiting:
        pass
    assert calls
    with locked_within(tmp_path / "lock", 0):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks otherwise")
def test_where_there_are_no_locks_what_can_do_without_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The editor's folder on a share: until now `edit` said that the disk could not be written."""
    with locked_if_possible(tmp_path / "lock"), pytest.raises(AlreadyLocked), locked_if_possible(tmp_path / "lock"):
        pass

    def lacks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", lacks)
    with locked_if_possible(tmp_path / "lock"), locked_if_possible(tmp_path / "lock"):
        pass
    with start.exclusive(tmp_path / "editor"):
        pass
