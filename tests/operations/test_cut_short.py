"""The power goes, or the disk is full, at each change that a command makes on the disk: what is there is whole."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from forms.core import portal as portals
from forms.core.problem import Problem
from forms.operations import releases

TODAY = date(2027, 1, 1)
CHANGES = ("rename", "replace", "symlink", "link", "mkdir", "unlink", "rmdir", "fsync", "chmod", "open", "utime")
MOST = 200
"""More changes than any of these commands makes here."""

CUT = 77
"""Exit code of a process that ended in the middle."""


@contextmanager
def changes_counted(at: int, then: Callable[[], object]) -> Iterator[list[int]]:
    """Call `then` in the place of the change number `at`; yield how many there were."""
    count = [0]

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def one(*arguments: Any, **more: Any) -> Any:
            if real.__name__ == "open" and not arguments[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return real(*arguments, **more)
            count[0] += 1
            if count[0] == at:
                then()
            return real(*arguments, **more)

        return one

    with pytest.MonkeyPatch.context() as patch:
        for name in CHANGES:
            patch.setattr(os, name, counting(getattr(os, name)))
        yield count


def cut_at(at: int, run: Callable[[], object]) -> bool:
    """Run in a process of its own, which ends without a word at the change number `at`; return whether it came so far."""
    child = os.fork()
    if not child:
        try:
            with changes_counted(at, lambda: os._exit(CUT)):
                run()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == CUT


def full_at(at: int, run: Callable[[], object]) -> bool:
    """Run with a disk that does not take the change number `at`; return whether it came so far."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    with changes_counted(at, full) as count:
        try:
            run()
        except (OSError, Problem) as error:  # or it goes on in spite of it
            assert "No space left" in str(error)  # noqa: PT017
    return count[0] >= at


HOW = [cut_at, full_at]


@pytest.fixture
def site(tmp_path: Path, build: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Path]:
    """Return how a folder of releases 1 and 2 is made anew for each cut; public/ holds the third build."""
    monkeypatch.setattr(os, "sync", lambda: None)  # all disks of this machine
    first = tmp_path / "first"
    for number in (1, 2):
        build(number)
        releases.publish(first, tmp_path / "public", tmp_path / "portal.json", TODAY)
    build(3)

    def make(at: int) -> Path:
        shutil.copytree(first, tmp_path / str(at), symlinks=True)
        return tmp_path / str(at)

    return make


@pytest.mark.parametrize("how", HOW)
def test_a_publishing_that_is_cut_short_shows_one_whole_build(
    tmp_path: Path, site: Callable[[int], Path], how: Callable[..., bool]
) -> None:
    for at in range(1, MOST):
        here = site(at)
        publish = partial(releases.publish, here, tmp_path / "public", tmp_path / "portal.json", TODAY)
        came = how(at, publish)
        require_one_build(here, {2, 3})
        publish()
        require_one_build(here, {3})
        if not came:
            break
    assert 5 < at < MOST - 1


@pytest.mark.parametrize("how", HOW)
def test_a_rollback_that_is_cut_short_is_done_or_not_and_never_undone_by_a_timer(
    site: Callable[[int], Path], how: Callable[..., bool]
) -> None:
    for at in range(1, MOST):
        here = site(at)
        came = how(at, partial(releases.rollback, here))
        require_one_build(here, {1, 2})
        now = releases.current(here)
        assert now
        assert releases.is_rolled_back(here) or now.number == 2, "else the timer puts it into use again"
        if how is full_at:
            assert releases.is_rolled_back(here) == (now.number == 1), (
                "else the timer publishes no more, though nobody went back"
            )
        if not came:
            break
    assert 2 < at < MOST - 1


def require_one_build(site: Path, numbers: set[int]) -> None:
    """What is in use is whole, and its pages and forms are of one of these builds."""
    now = releases.current(site)
    assert now
    page = (now.public / "en/index.html").read_text()
    css = portals.read(now.folder / "portal.json").assets["css"]
    assert page == f"<title>build {css.split('.')[1]}</title>"
    assert int(css.split(".")[1]) in numbers
    assert (now.public / css[1:]).exists()
    releases.require_complete(now.folder, now.manifest)
