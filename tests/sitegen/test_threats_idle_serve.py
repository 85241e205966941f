"""Consents of a library, and sites that are put back, while `serve` has nothing to do and looks at little.

tests/sitegen/test_consent_watch.py has the ways in which a consent of the district's own ends.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
import yaml
from commands import withdrawals
from commands.site import Site
from commands.withdrawals import ConsentWatch
from sitegen.incremental import pauses

from forms.core.problem import Problem, Problems
from tests.commands import PROGRAM
from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_incremental import built
from tests.sitegen.test_threats_consented_media import CONSENT as PICTURED
from tests.sitegen.test_threats_consented_media import photo
from tests.sitegen.test_threats_incremental import library_of
from tests.sitegen.test_threats_withdrawal import SECRET, beside

QUOTE, PICTURE = "papers", ".png"
PERSON = "photos/visit.png"


@dataclass
class Idle:
    """A district that `serve` shows while nobody edits anything."""

    folder: Folder
    library: Path
    picture: str
    day: date = TODAY

    def __post_init__(self) -> None:
        site = Site(self.folder.root, PROGRAM, lambda _: self.day)
        self.site, self.watch = site, ConsentWatch(site)

    def shown(self) -> set[str]:
        """Return what of the story, the quote and the picture readers see, in any built site."""
        sites = (self.site.public, self.site.public.with_name("public.twin"), self.site.published)
        files = [path for site in sites for path in site.rglob("*") if path.is_file()]
        texts = [path.read_bytes() for path in files if path.name not in {"withdrawn.json", "consented.json"}]
        found = {words for words in (SECRET, QUOTE) if any(words.encode() in text for text in texts)}
        return found | {PICTURE for path in files if self.picture in path.name}

    def settle(self) -> None:
        """Look until nothing is left to be looked through."""
        for _ in range(5):
            if not self.watch.look():
                return
        pytest.fail("it looks through everything each time")


@pytest.fixture
def idle(folder: Folder, kept_pictures: None, monkeypatch: pytest.MonkeyPatch) -> Idle:
    monkeypatch.setattr(pauses, "LONGEST", 1e9)
    monkeypatch.setattr(pauses, "SHARE", 1e-15)
    place = library_of(folder)
    mark = photo(folder.root / "content" / "media" / PERSON, "red")
    folder.page("seen", f"![A visit](/media/{PERSON})")
    folder.table("consents", {**PICTURED, "media": PERSON})
    built(folder, compress=False)
    found = Idle(folder, place, mark)
    assert found.shown() == {SECRET, QUOTE, PICTURE}
    found.settle()
    assert found.shown() == {SECRET, QUOTE, PICTURE}
    return found


def reword(path: Path, old: str, new: str) -> None:
    """Write other words of as many bytes into the same file, and give it its time back."""
    before = path.stat()
    text = path.read_text(encoding="utf-8")
    assert old in text
    assert len(old) == len(new)
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def own(idle: Idle) -> Path:
    return idle.folder.csv("consents")


def library_consents(idle: Idle) -> Path:
    return idle.library / "tables" / "consents.csv"


def story(idle: Idle) -> Path:
    return idle.library / "en" / "stories" / "a.md"


def workbook_touched(idle: Idle) -> None:
    """Touch a workbook that lay there, older than the table, before all was looked through."""
    os.utime(own(idle).with_name("consents.xlsx"))


def without_library(idle: Idle) -> None:
    path = idle.folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump({**settings, "library": []}), encoding="utf-8")


def library_elsewhere(idle: Idle) -> None:
    """Lead the library's folder to another one, where its table says that all is withdrawn."""
    moved = idle.library.with_name("moved")
    shutil.copytree(idle.library, moved)
    text = library_consents(idle).read_text(encoding="utf-8").replace("2027-06-01", "2026-12-31")
    (moved / "tables" / "consents.csv").write_text(text, encoding="utf-8")
    idle.library.rename(idle.library.with_name("before"))
    idle.library.symlink_to(moved, target_is_directory=True)


def story_over_it(idle: Idle) -> None:
    """Write a page of the district over the library's, which names another consent."""
    idle.folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="another")


WAYS: list[tuple[str, Callable[[Idle], object], set[str]]] = [
    ("the same in the library", lambda one: reword(library_consents(one), "2027-06-01", "2026-12-31"), {PICTURE}),
    ("an empty table", lambda one: own(one).write_bytes(b""), set()),
    ("a workbook beside the library's", lambda one: beside(library_consents(one), "Consents (1).csv"), set()),
    ("a workbook that is touched", workbook_touched, set()),
    ("without the library", without_library, {PICTURE}),
    ("the library is gone", lambda one: one.library.rename(one.folder.root / "away"), {PICTURE}),
    ("the library is another", library_elsewhere, {PICTURE}),
    ("the page is gone", lambda one: story(one).unlink(), {QUOTE, PICTURE}),
    ("a page over it", story_over_it, {QUOTE, PICTURE}),
]


@pytest.mark.parametrize(("way", "remaining"), [row[1:] for row in WAYS], ids=[row[0] for row in WAYS])
def test_however_a_consent_ends_while_nothing_else_happens_it_is_seen_at_once(
    idle: Idle, way: Callable[[Idle], object], remaining: set[str]
) -> None:
    workbook = own(idle).with_name("consents.xlsx")
    workbook.write_bytes(b"x")
    os.utime(workbook, (0, 0))
    idle.settle()
    way(idle)
    idle.watch.look()
    assert idle.shown() == remaining
    idle.settle()


def back_as_the_twin(idle: Idle, before: Path) -> None:
    before.rename(idle.site.public.with_name("public.twin"))


def for_a_release(idle: Idle, before: Path) -> None:
    idle.site.for_release.parent.mkdir(parents=True)
    before.rename(idle.site.for_release)


@pytest.mark.parametrize("way", [back_as_the_twin, for_a_release])
def test_a_site_of_before_that_somebody_puts_back_is_cleaned_at_once(
    idle: Idle, way: Callable[[Idle, Path], None]
) -> None:
    before = Path(shutil.copytree(idle.site.public, idle.folder.root / "before"))
    shutil.rmtree(idle.site.public.with_name("public.twin"))
    own(idle).unlink()
    idle.watch.look()
    idle.settle()
    assert idle.shown() == set()
    way(idle, before)
    idle.watch.look()
    assert idle.shown() == set()


def test_where_something_could_not_be_cleaned_it_is_tried_each_second_and_said_once(
    idle: Idle, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_site: Site, public: Path, *_: object) -> list[str]:
        raise Problems([Problem(str(public), "could not be cleaned.")])

    own(idle).unlink()
    with monkeypatch.context() as patched:
        patched.setattr(withdrawals, "purge", fail)
        assert all(idle.watch.look() for _ in range(3))
    assert capsys.readouterr().err.count(f"{idle.site.public}: could not be cleaned.") == 1
    assert idle.watch.look()
    assert idle.shown() == set()
