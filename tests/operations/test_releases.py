"""A build is put into use in one rename, with the forms that belong to it; going back brings nothing withdrawn back."""

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from forms.core import portal as portals
from forms.core.portal import Portal
from forms.core.problem import Problem
from forms.operations import releases
from forms.operations.releases import Release

TODAY = date(2027, 1, 1)
Build = Callable[..., None]


@pytest.fixture
def publish(tmp_path: Path, build: Build) -> Callable[..., Release]:
    """Build and publish, as `publish` does."""

    def publish(number: int, **options: Any) -> Release:
        build(number, **options)
        return releases.publish(tmp_path / "published", tmp_path / "public", tmp_path / "portal.json", TODAY)

    return publish


def shown(tmp_path: Path, address: str = "en/index.html") -> str:
    return (tmp_path / "published/current/public" / address).read_text()


def test_pages_and_portal_change_in_the_same_moment(tmp_path: Path, publish: Callable[..., Release]) -> None:
    publish(10)
    mixed: list[str] = []
    over = threading.Event()

    def read_releases() -> None:
        while not over.is_set():
            link = (tmp_path / "published/current").readlink()  # what one look sees belongs together
            folder = tmp_path / "published" / link
            page, css = (
                (folder / "public/en/index.html").read_text(),
                portals.read(folder / "portal.json").assets["css"],
            )
            if page != f"<title>build {css.split('.')[1]}</title>":
                mixed.append(page + css)

    reader = threading.Thread(target=read_releases)
    reader.start()
    for number in range(11, 15):
        publish(number)
    over.set()
    reader.join()
    assert mixed == []
    assert shown(tmp_path) == "<title>build 14</title>"


def test_styles_of_earlier_releases_stay(tmp_path: Path, publish: Callable[..., Release]) -> None:
    for number in (1, 2, 3):
        publish(number)
    names = {path.name for path in (tmp_path / "published/current/public/assets").glob("*.css")}
    assert names == {"portal.1.css", "portal.2.css", "portal.3.css"}


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """A clip of the site that is built."""
    path = tmp_path / "public" / "audio" / "0123.opus"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a clip")
    return path


def test_sound_takes_room_once_for_the_build_and_its_releases(sound: Path, publish: Callable[..., Release]) -> None:
    released = [publish(number).public / "audio" / sound.name for number in (1, 2)]
    sound.write_bytes(b"as a program wrote it that does not know")
    assert [path.read_bytes() for path in released] == [sound.read_bytes()] * 2
    assert not (released[0].parents[1] / "en" / "index.html").samefile(sound.parents[1] / "en" / "index.html")


@pytest.mark.skipif(os.name != "posix", reason="Windows does not number its users")
def test_sound_of_another_user_is_copied(
    sound: Path, publish: Callable[..., Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: sound.stat().st_uid + 1)
    released = publish(1).public / "audio" / sound.name
    sound.write_bytes(b"changed by its owner")
    assert released.read_bytes() == b"a clip"


def test_sound_is_copied_where_the_disk_has_no_links(
    sound: Path, publish: Callable[..., Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", without)
    assert (publish(1).public / "audio" / sound.name).read_bytes() == b"a clip"


def test_what_a_release_keeps_of_earlier_ones_is_its_own_list(tmp_path: Path, publish: Callable[..., Release]) -> None:
    lists = [publish(number).public / "assets" / "earlier.json" for number in (1, 2, 3, 4)]
    (tmp_path / "public" / "assets" / "earlier.json").write_text(lists[-1].read_text())
    fifth = publish(5).public / "assets" / "earlier.json"
    assert "portal.4.css" in fifth.read_text()
    assert "portal.4.css" not in lists[-1].read_text()


def test_the_same_build_again_changes_nothing(tmp_path: Path, publish: Callable[..., Release]) -> None:
    assert publish(7) == publish(7)
    assert len(releases.every(tmp_path / "published")) == 1


def test_a_number_grows_also_where_the_builds_does_not(tmp_path: Path, publish: Callable[..., Release]) -> None:
    publish(9)
    assert publish(4).number == 10


def test_only_some_releases_stay(tmp_path: Path, publish: Callable[..., Release]) -> None:
    for number in range(1, 9):
        publish(number)
    assert [one.number for one in releases.every(tmp_path / "published")] == [8, 7, 6, 5, 4]


def test_others_may_read_a_release_whatever_the_umask(tmp_path: Path, publish: Callable[..., Release]) -> None:
    before = os.umask(0o077)
    try:
        folder = publish(1).folder
    finally:
        os.umask(before)
    assert {oct(path.stat().st_mode & 0o777) for path in folder.rglob("*")} == {"0o755", "0o644"}
    above = {path: oct(path.stat().st_mode & 0o777) for path in (folder, folder.parent, folder.parent.parent)}
    assert set(above.values()) == {"0o755"}, "nginx is another user, and looks into each"


def damage_release(tmp_path: Path, damage: str) -> None:
    public = tmp_path / "public"
    if damage == "page":
        (public / "en/index.html").write_text("half")
    elif damage == "lost":
        (public / "en/tell/index.html").unlink()
    elif damage == "portal":
        text = (tmp_path / "portal.json").read_text()
        (tmp_path / "portal.json").write_text(text.replace('"Short"', '"Other"'))
    elif damage == "link":
        (public / "en/secret.txt").symlink_to("/etc/passwd")
    elif damage == "link to a folder":
        (public / "en/secret").symlink_to("/etc")
    elif damage == "manifest":
        (public / "build-manifest.json").write_text("{")
    else:
        (public / "build-manifest.json").unlink()


@pytest.mark.parametrize("damage", ["page", "lost", "portal", "link", "link to a folder", "manifest", "none"])
def test_what_is_not_whole_is_not_shown(
    tmp_path: Path, build: Build, publish: Callable[..., Release], damage: str
) -> None:
    publish(1)
    build(2)
    damage_release(tmp_path, damage)
    with pytest.raises(Problem):
        releases.publish(tmp_path / "published", tmp_path / "public", tmp_path / "portal.json", TODAY)
    assert shown(tmp_path) == "<title>build 1</title>"
    assert [path.name for path in (tmp_path / "published/releases").iterdir()] == ["0000000001"]


def test_a_disk_that_fills_changes_nothing(
    tmp_path: Path, build: Build, publish: Callable[..., Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(1)
    build(2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(releases.shutil, "copyfile", full)
    with pytest.raises(Problem, match="No space"):
        releases.publish(tmp_path / "published", tmp_path / "public", tmp_path / "portal.json", TODAY)
    assert shown(tmp_path) == "<title>build 1</title>"
    assert [path.name for path in (tmp_path / "published/releases").iterdir()] == ["0000000001"]


def test_what_a_killed_publishing_left_is_removed(tmp_path: Path, publish: Callable[..., Release]) -> None:
    (tmp_path / "published/releases/0000000001.new/public").mkdir(parents=True)
    (tmp_path / "published/current.new").symlink_to("nowhere")
    publish(1)
    assert shown(tmp_path) == "<title>build 1</title>"
    assert [path.name for path in (tmp_path / "published/releases").iterdir()] == ["0000000001"]


# Going back


def test_going_back_to_the_release_before(tmp_path: Path, publish: Callable[..., Release]) -> None:
    for number in (1, 2, 3):
        publish(number)
    assert not releases.is_rolled_back(tmp_path / "published")
    assert releases.rollback(tmp_path / "published").number == 2
    assert releases.is_rolled_back(tmp_path / "published"), "no timer publishes the third again"
    assert shown(tmp_path) == "<title>build 2</title>"
    assert releases.rollback(tmp_path / "published").number == 1
    with pytest.raises(Problem, match="no earlier release"):
        releases.rollback(tmp_path / "published")
    assert publish(4).number == 4
    assert not releases.is_rolled_back(tmp_path / "published")


def test_going_back_by_number(tmp_path: Path, publish: Callable[..., Release]) -> None:
    for number in (1, 2, 3):
        publish(number)
    with pytest.raises(Problem, match="no other release 9"):
        releases.rollback(tmp_path / "published", 9)
    assert releases.rollback(tmp_path / "published", 1).number == 1


def test_going_back_never_brings_a_withdrawn_story_back(tmp_path: Path, publish: Callable[..., Release]) -> None:
    publish(1, pages=("", "stories/a/"))
    publish(2, withdrawn=("/en/stories/a/",))
    with pytest.raises(Problem, match="/en/stories/a/"):
        releases.rollback(tmp_path / "published")
    assert shown(tmp_path) == "<title>build 2</title>"


def test_what_was_withdrawn_is_taken_out_before_going_back(tmp_path: Path, publish: Callable[..., Release]) -> None:
    publish(1, pages=("", "stories/a/"))
    publish(2, withdrawn=("/en/stories/a/",))

    def purge(public: Path) -> None:
        (public / "withdrawn.json").write_text('["/en/stories/a/"]')

    assert releases.rollback(tmp_path / "published", purge=purge).number == 1


def test_what_is_withdrawn_while_a_release_is_made_is_taken_out_of_it_at_once(tmp_path: Path, build: Build) -> None:
    purged: list[Path] = []
    build(1)
    site = tmp_path / "published"
    release = releases.publish(site, tmp_path / "public", tmp_path / "portal.json", TODAY, purge=purged.append)
    assert purged[0].parent.name.endswith(".new"), "before it is shown"
    assert purged[1:] == [release.public], "who withdrew in between looked only at the releases that were there"


def test_going_back_never_brings_a_replaced_key_back(
    tmp_path: Path, portal: Portal, publish: Callable[..., Release]
) -> None:
    first = portal.desks[0]
    new = replace(first, members=(replace(first.members[0], pickup="sha256:" + "0" * 64),))
    publish(1)
    publish(2, desks=(new, *portal.desks[1:]))
    with pytest.raises(Problem, match="other keys of police"):
        releases.rollback(tmp_path / "published")


def test_going_back_never_loses_an_event(tmp_path: Path, portal: Portal, publish: Callable[..., Release]) -> None:
    publish(1, events=portal.events[1:])
    publish(2)
    with pytest.raises(Problem, match="does not know meeting"):
        releases.rollback(tmp_path / "published")


def test_going_back_twice_never_brings_back_what_only_a_later_release_knows_as_withdrawn(
    tmp_path: Path, publish: Callable[..., Release]
) -> None:
    publish(1, pages=("", "stories/a/"))
    shutil.rmtree(tmp_path / "public/en/stories")
    publish(2)
    publish(3, withdrawn=("/en/stories/a/",))
    assert releases.rollback(tmp_path / "published").number == 2
    with pytest.raises(Problem, match="/en/stories/a/"):
        releases.rollback(tmp_path / "published")
    assert shown(tmp_path) == "<title>build 2</title>"


def test_going_back_is_from_the_release_that_was_seen(tmp_path: Path, publish: Callable[..., Release]) -> None:
    """A timer publishes while somebody types `rollback`: what they meant to leave would be what they go back to."""
    publish(1)
    seen_release = publish(2)
    publish(3)
    with pytest.raises(Problem, match="release 3: was put into use meanwhile"):
        releases.rollback(tmp_path / "published", seen=seen_release)
    assert shown(tmp_path) == "<title>build 3</title>"
