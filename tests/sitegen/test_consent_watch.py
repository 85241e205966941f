"""While nothing happens `serve` looks only at what shows that a consent may have ended: each way in which one can end."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest
from commands import building, following, withdrawals
from commands.site import Site
from sitegen.content.consent import consent_table
from sitegen.incremental import pauses

from forms.core.builds import withdrawn
from tests.commands import PROGRAM
from tests.sitegen.conftest import SETTINGS, TODAY, Folder
from tests.sitegen.test_threats_consented_media import CONSENT as PICTURE_CONSENT
from tests.sitegen.test_threats_consented_media import QUOTED, photo
from tests.sitegen.test_threats_withdrawal import CONSENT as STORY_CONSENT
from tests.sitegen.test_threats_withdrawal import SECRET, tell, traces

WORDS = "They kept my papers"
PICTURE = {**PICTURE_CONSENT, "media": "photos/visit.png"}


@dataclass
class Watched:
    """A built district with a story, a quote, and a picture of a person, under a watch that has nothing to do."""

    folder: Folder
    day: list[date] = field(default_factory=lambda: [TODAY])

    @property
    def site(self) -> Path:
        return self.folder.root / "public"

    @property
    def table(self) -> Path:
        return self.folder.csv("consents")

    def write(self, *rows: dict[str, str]) -> None:
        self.folder.table("consents", *rows)

    def shows(self) -> set[str]:
        """Return what of the three is on the site or on its twin."""
        found = {"story"} if traces(self.site) or traces(self.site.with_name("public.twin")) else set()
        page = (self.site / "en" / "told" / "index.html").read_text(encoding="utf-8")
        found |= {"quote"} if WORDS in page else set()
        return found | ({"picture"} if "<picture" in page or [*self.site.glob("pictures/*.jpg")] else set())


ALL = {"story", "quote", "picture"}


@pytest.fixture
def district(folder: Folder, kept_pictures: None) -> Watched:
    found = Watched(folder)
    tell(folder)
    photo(folder.root / "content" / "media" / "photos" / "visit.png", "red")
    folder.page("told", f"![A visit](/media/photos/visit.png)\n\n> {WORDS}.\n> consent: told")
    (folder.root / "library" / "tables").mkdir(parents=True)
    settings = folder.root / "content" / "portal.yml"
    settings.write_text(f"{settings.read_text(encoding='utf-8')}library: [../library]\n", encoding="utf-8")
    found.write(STORY_CONSENT, QUOTED, PICTURE)
    return found


@pytest.fixture
def watch(district: Watched, monkeypatch: pytest.MonkeyPatch) -> withdrawals.ConsentWatch:
    """The watch, once it has looked at everything and would not do so again for a very long time."""
    monkeypatch.setattr(pauses, "LONGEST", 1e9)
    monkeypatch.setattr(pauses, "SHARE", 1e-15)
    built_site = Site(district.folder.root, PROGRAM, lambda _: district.day[0])
    assert building.build_if_changed(built_site, built_site.public, speak=False, compress=False)
    assert district.shows() == ALL
    return settled_watch(built_site)


def settled_watch(watched: Site) -> withdrawals.ConsentWatch:
    watch = withdrawals.ConsentWatch(watched)
    looks = [watch.look() for _ in range(4)]
    assert looks == [True, True, False, False]
    return watch


def in_place(path: Path, old: str, new: str) -> None:
    """Write other words of the same length into a file, and give it the time that it had."""
    before, text = path.stat(), path.read_text(encoding="utf-8")
    assert old in text
    assert len(old) == len(new)
    with path.open("r+", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def another_file(district: Watched) -> None:
    """Put a file of the same size and time in the table's place."""
    replacement = district.table.with_name("fresh")
    shutil.copy2(district.table, replacement)
    in_place(replacement, "stories/a", "stories/b")
    replacement.replace(district.table)


def day_turns(district: Watched) -> None:
    district.day[0] = date(2027, 6, 1)


def library_withdraws(district: Watched) -> None:
    """A row of a library that names the story, and was withdrawn."""
    row = {**STORY_CONSENT, "id": "other", "given_on": "2026-05-01", "withdrawn_on": "2026-12-31"}
    district.write(row)
    shutil.move(district.table, district.folder.root / "library" / "tables" / "consents.csv")
    district.write(STORY_CONSENT, QUOTED, PICTURE)


def library_is_named(district: Watched) -> None:
    """Another library has the same rows, which count before the district's, and have ended."""
    other = district.folder.root / "other library"
    (other / "tables").mkdir(parents=True)
    shutil.copy(district.table, other / "tables" / "consents.csv")
    in_place(other / "tables" / "consents.csv", "2027-06-01", "2026-06-01")
    settings = district.folder.root / "content" / "portal.yml"
    settings.write_text(f"{SETTINGS}library: [../other library]\n", encoding="utf-8")
    district.write(QUOTED, PICTURE)


def names_another(district: Watched) -> None:
    for code in ("en", "ta"):
        in_place(district.folder.root / "content" / code / "stories" / "a.md", "consent: a-story", "consent: a-stary")


def beside(district: Watched) -> None:
    """Somebody saved a newer workbook beside the table."""
    path = district.table.with_name("Consents.xlsx")
    path.write_bytes(b"PK")
    os.utime(path, (2**31, 2**31))


ENDS: dict[str, tuple[Callable[[Watched], object], set[str]]] = {
    "withdrawn": (lambda one: one.write({**STORY_CONSENT, "withdrawn_on": "2026-12-31"}, QUOTED, PICTURE), {"story"}),
    "one letter": (lambda one: in_place(one.table, "stories/a", "stories/b"), {"story"}),
    "another file": (another_file, {"story"}),
    "row removed": (lambda one: one.write(STORY_CONSENT, PICTURE), {"quote"}),
    "language": (lambda one: one.write({**STORY_CONSENT, "languages": "te"}, QUOTED, PICTURE), {"story"}),
    "table removed": (lambda one: one.table.unlink(), ALL),
    "table broken": (lambda one: one.table.write_bytes(b"\xff\xfe"), ALL),
    "newer workbook": (beside, ALL),
    "day": (day_turns, ALL),
    "library": (library_withdraws, {"story"}),
    "library named": (library_is_named, ALL),
    "another consent": (names_another, {"story"}),
    "another picture": (
        lambda one: photo(one.folder.root / "content" / "media" / "photos" / "visit.png", "blue"),
        {"picture"},
    ),
    "picture removed": (
        lambda one: (one.folder.root / "content" / "media" / "photos" / "visit.png").unlink(),
        {"picture"},
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_consent_that_ends_is_seen_at_the_next_look(
    district: Watched, watch: withdrawals.ConsentWatch, end: str
) -> None:
    ends, removed = ENDS[end]
    ends(district)
    assert watch.look()
    assert district.shows() == ALL - removed


def test_what_has_no_consent_and_is_put_back_goes_again(district: Watched, watch: withdrawals.ConsentWatch) -> None:
    site, backup = district.site, district.folder.root / "kept"
    shutil.copytree(site, backup)
    district.write({**STORY_CONSENT, "withdrawn_on": "2026-12-31"}, QUOTED, PICTURE)
    while watch.look():  # until nothing is left to do
        pass
    story = "en/stories/a/index.html"
    assert SECRET in (backup / story).read_text(encoding="utf-8")
    for put_back in (
        lambda: shutil.copy2(backup / story, site / story),
        lambda: (site.rename(site.with_name("older")), shutil.copytree(backup, site)),
        lambda: shutil.copytree(backup, site.with_name("public.before")),
        lambda: shutil.copytree(backup, district.folder.root / "published" / "releases" / "0000000007" / "public"),
    ):
        put_back()
        while watch.look():
            pass
        places = [site, *site.parent.glob("public.*"), *site.parent.glob("published/releases/*/public")]
        assert [path for place in places for path in traces(place)] == []
    assert "/en/stories/a/" in withdrawn.read_addresses(site)


def test_what_failed_is_tried_at_each_look(
    district: Watched, watch: withdrawals.ConsentWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(withdrawals, "remove_withdrawn", full)
        district.write({**STORY_CONSENT, "withdrawn_on": "2026-12-31"}, QUOTED, PICTURE)
        assert [watch.look() for _ in range(5)] == [True] * 5
    assert watch.look()
    assert traces(district.site) == []


def test_a_page_that_says_it_is_a_story_goes_when_all_is_looked_at(
    district: Watched, watch: withdrawals.ConsentWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mark of a page elsewhere is no record of a consent: `serve` builds it anew, and this is for where it fails."""
    in_place(district.folder.root / "content" / "en" / "told.md", "changed:", "consent:")
    monkeypatch.setattr(pauses, "LONGEST", 0)
    restarted = withdrawals.ConsentWatch(Site(district.folder.root, PROGRAM, lambda _: TODAY))
    assert all(restarted.look() for _ in range(4))
    assert WORDS not in (district.site / "en" / "told" / "index.html").read_text(encoding="utf-8")


def test_pages_that_are_stories_are_found_wherever_they_lie(folder: Folder) -> None:
    folder.page("deep/er/one", consent="x")
    folder.page("two", kind="composite")
    folder.page("three", "consent: x")
    link = folder.root / "content" / "te"
    link.symlink_to(folder.root / "elsewhere")
    (folder.root / "elsewhere").mkdir()
    (folder.root / "elsewhere" / "four.md").write_text("---\nconsent: x\n---\n", encoding="utf-8")
    (folder.root / "content" / "en" / "circle").symlink_to(folder.root / "content")
    (folder.root / "content" / "loop").symlink_to("loop")
    (folder.root / "content" / "en" / "nowhere.md").symlink_to("nobody")
    (folder.root / "content" / "note.md").write_text("---\nconsent: x\n---\n", encoding="utf-8")
    folder.table("consents", {**STORY_CONSENT, "story": "said/five"})
    found = consent_table.read_leniently(folder.root / "content").stories
    assert found == {"deep/er/one", "two", "four", "said/five"}


def test_serve_looks_at_all_files_again_once_something_was_edited_and_on_a_new_day(
    district: Watched, watch: withdrawals.ConsentWatch
) -> None:
    """Only where it has just looked does it rest, and nothing was edited since, or is wrong."""
    follower = following.Follower(Site(district.folder.root, PROGRAM, lambda _: district.day[0]))
    assert not follower.may_rest()
    follower.look(lambda: None)
    assert follower.may_rest()
    page = district.folder.root / "content" / "en" / "index.md"
    page.write_text(f"{page.read_text(encoding='utf-8')}\nMore.\n", encoding="utf-8")
    follower.look(lambda: None, [str(page)])
    assert not follower.may_rest()
    follower.look(lambda: None)
    assert follower.may_rest()
    page.write_text("---\ntitle: [\n---\n", encoding="utf-8")
    follower.look(lambda: None)
    assert follower.problem
    assert not follower.may_rest()
    district.folder.page("index", "Home.")
    follower.look(lambda: None)
    assert follower.may_rest()
    day_turns(district)
    assert not follower.may_rest()
