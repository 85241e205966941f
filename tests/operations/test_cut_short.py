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
MAX_CHANGES = 200
"""More changes than any of these commands makes here."""

CUT_EXIT_CODE = 77
"""Exit code of a process that ended in the middle."""


@contextmanager
def changes_counted(change_number: int, interrupt: Callable[[], object]) -> Iterator[list[int]]:
    """Call `then` in the place of the change number `at`; yield how many there were."""
    count = [0]

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def one(*arguments: Any, **more: Any) -> Any:
            if real.__name__ == "open" and not arguments[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return real(*arguments, **more)
            count[0] += 1
            if count[0] == change_number:
                interrupt()
            return real(*arguments, **more)

        return one

    with pytest.MonkeyPatch.context() as patch:
        for name in CHANGES:
            patch.setattr(os, name, counting(getattr(os, name)))
        yield count


def cut_at(change_number: int, run: Callable[[], object]) -> bool:
    """Run in a process of its own, which ends without a word at the change number `at`; return whether it came so far."""
    child = os.fork()
    if not child:
        try:
            with changes_counted(change_number, lambda: os._exit(CUT_EXIT_CODE)):
                run()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == CUT_EXIT_CODE


def full_at(change_number: int, run: Callable[[], object]) -> bool:
    """Run with a disk that does not take the change number `at`; return whether it came so far."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    with changes_counted(change_number, full) as count:
        try:
            run()
        except (OSError, Problem) as error:  # or it goes on in spite of it
            assert "No space left" in str(error)  # noqa: PT017
    return count[0] >= change_number


INTERRUPTIONS = [cut_at, full_at]


@pytest.fixture
def site(tmp_path: Path, build: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Path]:
    """Return how a folder of releases 1 and 2 is made anew for each cut; public/ holds the third build."""
    monkeypatch.setattr(os, "sync", lambda: None)  # all disks of this machine
    first = tmp_path / "first"
    for number in (1, 2):
        build(number)
        releases.publish(first, tmp_path / "public", tmp_path / "portal.json", TODAY)
    build(3)

    def make(change_number: int) -> Path:
        shutil.copytree(first, tmp_path / str(change_number), symlinks=True)
        return tmp_path / str(change_number)

    return make


@pytest.mark.parametrize("interrupted_at", INTERRUPTIONS)
def test_a_publishing_that_is_cut_short_shows_one_whole_build(
    tmp_path: Path, site: Callable[[int], Path], interrupted_at: Callable[..., bool]
) -> None:
    for change_number in range(1, MAX_CHANGES):
        published = site(change_number)
        publish = partial(releases.publish, published, tmp_path / "public", tmp_path / "portal.json", TODAY)
        was_interrupted = interrupted_at(change_number, publish)
        require_one_build(published, {2, 3})
        publish()
        require_one_build(published, {3})
        if not was_interrupted:
            break
    assert 5 < change_number < MAX_CHANGES - 1


@pytest.mark.parametrize("interrupted_at", INTERRUPTIONS)
def test_a_rollback_that_is_cut_short_is_done_or_not_and_never_undone_by_a_timer(
    site: Callable[[int], Path], interrupted_at: Callable[..., bool]
) -> None:
    for change_number in range(1, MAX_CHANGES):
        published = site(change_number)
        was_interrupted = interrupted_at(change_number, partial(releases.rollback, published))
        require_one_build(published, {1, 2})
        now = releases.current(published)
        assert now
        assert releases.is_rolled_back(published) or now.number == 2, "else the timer puts it into use again"
        if interrupted_at is full_at:
            assert releases.is_rolled_back(published) == (now.number == 1), (
                "else the timer publishes no more, though nobody went back"
            )
        if not was_interrupted:
            break
    assert 2 < change_number < MAX_CHANGES - 1


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
