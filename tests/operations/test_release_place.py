"""The editor's button publishes a release, and Undo goes back one: what a person sees stays the same."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from forms.core.problem import Problem
from forms.operations import releases
from forms.operations.cli.main import Checkout
from forms.operations.publishing_lock import publishing_lock
from forms.operations.release_place import ReleasePlace

Build = Callable[..., None]
Make = Callable[[], ReleasePlace]


@pytest.fixture
def make(tmp_path: Path, build: Build) -> Make:
    """A place whose builds have the numbers 1, 2, 3."""
    count = 0

    def build_again() -> tuple[Path, Path]:
        nonlocal count
        count += 1
        build(count)
        return tmp_path / "public", tmp_path / "portal.json"

    place = ReleasePlace(Checkout(tmp_path, build_again, lambda _: None, lambda: date(2027, 1, 1)))
    return lambda: place


def shown(tmp_path: Path) -> str:
    return (tmp_path / "published/current/public/en/index.html").read_text()


def test_publishing_puts_a_release_into_use_and_undo_the_one_before(tmp_path: Path, make: Make) -> None:
    place = make()
    place.publish("", "")
    assert not place.can_undo
    place.publish("", "")
    assert shown(tmp_path) == "<title>build 2</title>"
    assert place.can_undo
    place.undo("", "")
    assert shown(tmp_path) == "<title>build 1</title>"
    assert releases.is_rolled_back(tmp_path / "published"), "no timer publishes it again"
    assert place.can_undo, "the undoing"
    place.undo("", "")
    assert shown(tmp_path) == "<title>build 2</title>"
    assert not releases.is_rolled_back(tmp_path / "published"), "the newest is in use: the timer goes on"
    place.undo("", "")
    assert shown(tmp_path) == "<title>build 1</title>"
    place.publish("", "")
    assert shown(tmp_path) == "<title>build 3</title>"


def test_what_was_withdrawn_since_is_taken_out_before_it_is_shown_again(tmp_path: Path, build: Build) -> None:
    purged: list[Path] = []
    count = iter((1, 2))

    def build_again() -> tuple[Path, Path]:
        build(next(count))
        return tmp_path / "public", tmp_path / "portal.json"

    place = ReleasePlace(Checkout(tmp_path, build_again, purged.append, lambda: date(2027, 1, 1)))
    place.publish("", "")
    place.publish("", "")
    purged.clear()
    place.undo("", "")
    assert [folder.parent.name for folder in purged] == ["0000000001"]


def test_a_build_that_fails_leaves_the_release_in_use(tmp_path: Path, make: Make) -> None:
    make().publish("", "")

    def fail() -> tuple[Path, Path]:
        raise Problem("content/en/index.md", "is wrong.", "Mend it.")

    with pytest.raises(Problem, match="is wrong"):
        ReleasePlace(Checkout(tmp_path, fail)).publish("", "")
    assert shown(tmp_path) == "<title>build 1</title>"


def test_undo_does_not_wait_for_another_program_and_says_so(tmp_path: Path, make: Make) -> None:
    place = make()
    place.publish("", "")
    place.publish("", "")
    with publishing_lock(tmp_path / "published"), pytest.raises(Problem, match="another program publishes"):
        place.undo("", "")
    assert shown(tmp_path) == "<title>build 2</title>"
