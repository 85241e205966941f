"""A consent that ends while `serve` has nothing to do: seen in that second, though not all is looked through then."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from commands import withdrawals
from commands.site import Site
from commands.withdrawals import LONGEST_BETWEEN, ConsentWatch
from sitegen.incremental import inputs

from forms.core.problem import Problem, Problems
from forms.operations import releases
from tests.commands import PROGRAM
from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_incremental import built
from tests.sitegen.test_threats_consented_media import CONSENT as PICTURED
from tests.sitegen.test_threats_consented_media import photo
from tests.sitegen.test_threats_incremental import in_library, library_of
from tests.sitegen.test_threats_withdrawal import SECRET, beside

QUOTE, PICTURE = "papers", ".png"
PERSON = "photos/visit.png"


@dataclass
class Idle:
    """A district that `serve` shows while nobody edits anything. now: its clock; day: its day."""

    folder: Folder
    library: Path
    picture: str
    day: date = TODAY
    now: float = 1_000.0

    def __post_init__(self) -> None:
        site = Site(self.folder.root, PROGRAM, lambda _: self.day)
        self.watch = ConsentWatch(site, clock=lambda: self.now)

    @property
    def site(self) -> Site:
        return self.watch.site

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
    monkeypatch.setattr(inputs, "RACY", 0)  # else all is looked through for two seconds after each change
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


def librarys(idle: Idle) -> Path:
    return idle.library / "tables" / "consents.csv"


def story(idle: Idle) -> Path:
    return idle.library / "en" / "stories" / "a.md"


def another_table(idle: Idle) -> None:
    """Put another file in place of the table, as spreadsheets save."""
    fresh = own(idle).with_name("fresh")
    fresh.write_text(own(idle).read_text(encoding="utf-8").replace("2027-06-01", "2026-12-31"), encoding="utf-8")
    fresh.replace(own(idle))


def without_the_row(idle: Idle) -> None:
    idle.folder.table("consents")


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
    text = librarys(idle).read_text(encoding="utf-8").replace("2027-06-01", "2026-12-31")
    (moved / "tables" / "consents.csv").write_text(text, encoding="utf-8")
    idle.library.rename(idle.library.with_name("before"))
    idle.library.symlink_to(moved, target_is_directory=True)


def story_over_it(idle: Idle) -> None:
    """Write a page of the district over the library's, which names another consent."""
    idle.folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="another")


def midnight(idle: Idle) -> None:
    idle.day = date.fromisoformat(PICTURED["expires_on"]) + timedelta(days=1)


WAYS: list[tuple[str, Callable[[Idle], object], set[str]]] = [
    ("withdrawn in the library's table", lambda one: in_library(one.folder, one.library), {PICTURE}),
    ("the same bytes and time", lambda one: reword(own(one), "2027-06-01", "2026-12-31"), {SECRET, QUOTE}),
    ("the same in the library", lambda one: reword(librarys(one), "2027-06-01", "2026-12-31"), {PICTURE}),
    ("another table", another_table, {SECRET, QUOTE}),
    ("without the row", without_the_row, {SECRET, QUOTE}),
    ("no table", lambda one: own(one).unlink(), set()),
    ("an empty table", lambda one: own(one).write_bytes(b""), set()),
    ("a workbook beside it", lambda one: beside(own(one), "consents.xlsx"), set()),
    ("a workbook beside the library's", lambda one: beside(librarys(one), "Consents (1).csv"), set()),
    ("a workbook that is touched", workbook_touched, set()),
    ("without the library", without_library, {PICTURE}),
    ("the library is gone", lambda one: one.library.rename(one.folder.root / "away"), {PICTURE}),
    ("the library is another", library_elsewhere, {PICTURE}),
    ("the page names another consent", lambda one: reword(story(one), ": a-story", ": b-story"), {QUOTE, PICTURE}),
    ("the page is gone", lambda one: story(one).unlink(), {QUOTE, PICTURE}),
    ("a page over it", story_over_it, {QUOTE, PICTURE}),
    ("the picture is gone", lambda one: (one.folder.root / "content/media" / PERSON).unlink(), {SECRET, QUOTE}),
    ("midnight", midnight, set()),
]


@pytest.mark.parametrize(("way", "left"), [row[1:] for row in WAYS], ids=[row[0] for row in WAYS])
def test_however_a_consent_ends_while_nothing_else_happens_it_is_seen_at_once(
    idle: Idle, way: Callable[[Idle], object], left: set[str]
) -> None:
    workbook = own(idle).with_name("consents.xlsx")
    workbook.write_bytes(b"x")
    os.utime(workbook, (0, 0))
    idle.settle()
    way(idle)
    idle.watch.look()
    assert idle.shown() == left
    idle.settle()


def back_in_place(idle: Idle, before: Path) -> None:
    before.rename(idle.site.public)


def back_as_the_twin(idle: Idle, before: Path) -> None:
    before.rename(idle.site.public.with_name("public.twin"))


def page_back_in_place(idle: Idle, before: Path) -> None:
    page = idle.site.public / "en" / "stories" / "a" / "index.html"
    page.write_bytes((before / "en" / "stories" / "a" / "index.html").read_bytes())


def as_a_release(idle: Idle, before: Path) -> None:
    before.rename(idle.site.published / releases.RELEASES / "0000000007" / releases.PUBLIC)


def for_a_release(idle: Idle, before: Path) -> None:
    idle.site.for_release.parent.mkdir()
    before.rename(idle.site.for_release)


@pytest.mark.parametrize("way", [back_in_place, back_as_the_twin, page_back_in_place, as_a_release, for_a_release])
def test_a_site_of_before_that_somebody_puts_back_is_cleaned_at_once(
    idle: Idle, way: Callable[[Idle, Path], None]
) -> None:
    (idle.site.published / releases.RELEASES / "0000000007").mkdir(parents=True)
    before = Path(shutil.copytree(idle.site.public, idle.folder.root / "before"))
    if way in {back_in_place, back_as_the_twin}:
        shutil.rmtree(idle.site.public.with_name("public" if way is back_in_place else "public.twin"))
    own(idle).unlink()
    idle.watch.look()
    idle.settle()
    assert idle.shown() == set()
    way(idle, before)
    idle.watch.look()
    assert idle.shown() == set()


def test_now_and_then_all_is_looked_through_though_nothing_shows_that_it_must_be(idle: Idle) -> None:
    assert not idle.watch.look()
    idle.now += LONGEST_BETWEEN
    assert idle.watch.look()
    assert not idle.watch.look()


def test_what_has_just_changed_is_looked_through_again(idle: Idle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one tick of the file system's clock a second change of a file leaves no trace."""
    monkeypatch.setattr(inputs, "RACY", 3_600 * 10**9)
    own(idle).write_bytes(own(idle).read_bytes())
    assert idle.watch.look()
    assert idle.watch.look()


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
