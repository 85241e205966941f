"""A build of what changed makes the same bytes as one from scratch, or everything; and never a withdrawn story."""

import json
import os
import re
import shutil
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sitegen import kept_work
from sitegen.checks import number_search
from sitegen.incremental import inputs, kept_texts, record, trees
from sitegen.incremental.building import Builder, BuildOutcome
from sitegen.incremental.writing import Writing
from sitegen.lint import page_facts
from sitegen.publish import compression
from sitegen.publish.withdrawals import withdrawal
from sitegen.render import search_index

from forms.core.files.folder_swap import swap
from forms.core.problem import Problems
from tests.sitegen.conftest import KEY, LANGUAGES, ROWS, SETTINGS, TODAY, Folder
from tests.sitegen.test_threats_withdrawal import CONSENT, tell, traces

KEYS = {"police": (KEY, "sha256:0", ""), "events": (KEY, "sha256:1", "")}
WORDS = ("Words.", "Other words.", "## A part\n\nMore words.", "One 112 two.", "- a\n- list", "[[ helplines ]]")
FOLDERS = ("parts", "others", "more-parts")
HISTORY = {"build-manifest.json", "build-manifest.sig", "withdrawn.json"}
"""They hold the number of the build, which grows, and what earlier sites withdrew."""


def builder(folder: Folder, **more: Any) -> Builder:
    """Return a builder as a new process has it."""
    root, out = folder.root, folder.root / "public"
    day = more.pop("day", TODAY)
    return Builder(root, out, root / ".build" / "portal.json", lambda _: None,
                   lambda: void(withdrawal.purge(out, root / "content", day)), KEYS, **more)  # fmt: skip


def void(_: object) -> None:
    """Return nothing, as `purge` of a Builder does."""


def built(folder: Folder, day: Any = TODAY, **more: Any) -> BuildOutcome | None:
    return builder(folder, day=day).build(day, speak=False, **{"compress": True, **more})


def files(site: Path) -> dict[str, bytes]:
    """Return every file of a site, and of the manifest what it lists; none that tells of earlier builds."""
    found = (path for path in site.rglob("*") if path.is_file() and path.name not in HISTORY)
    listed = json.dumps(json.loads((site / "build-manifest.json").read_bytes())["files"]).encode()
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in found} | {"listed": listed}


def from_scratch(folder: Folder, day: Any = TODAY) -> dict[str, bytes]:
    """Return the files of the same content built where nothing is kept."""
    other = Folder(folder.root.with_name(f"{folder.root.name} from scratch"))
    shutil.rmtree(other.root, ignore_errors=True)
    build_outputs = ("public", "public.twin", "kept", "last-build", "tables", "seal")
    shutil.copytree(folder.root, other.root, ignore=shutil.ignore_patterns(*build_outputs))
    (other.root / "content" / "tables").mkdir(exist_ok=True)
    for path in (folder.root / "content" / "tables").iterdir():
        shutil.copy2(path, other.root / "content" / "tables")
    for name in ("seal", "tables"):
        (other.root / ".build" / name).symlink_to((folder.root / ".build" / name).resolve())
    earlier = folder.root / "public" / "assets" / "earlier.json"
    assert not earlier.exists(), "templates and styles do not change here"
    built(other, day)
    return files(other.root / "public")


@pytest.fixture
def district(folder: Folder) -> Folder:
    """A built district with a page in three languages, one in English alone, and a story with consent."""
    for language in ("en", "ta", "or"):
        folder.page("rights", {"en": "Your rights.", "ta": "உரிமைகள்.", "or": "ଅଧିକାର।"}[language], language)
    folder.page("only", "Only in English. [Rights](rights.md)")
    built(folder)
    return folder


def edit(folder: Folder, name: str, text: str, language: str = "en") -> None:
    folder.page(name, text, language)


def test_nothing_changed_builds_nothing(district: Folder) -> None:
    assert built(district) is None


@pytest.mark.parametrize(
    ("name", "language", "text", "pages"),
    [
        ("rights", "ta", "உரிமைகள் புதியவை. [Only](only.md)", 1),
        ("rights", "en", "Your new rights and words.", 3),
        ("only", "en", "Only here, changed.\n\n## A part\n\nMore.", 3),
    ],
)
def test_an_edited_text_draws_only_what_follows_it(
    district: Folder, name: str, language: str, text: str, pages: int
) -> None:
    edit(district, name, text, language)
    outcome = built(district)
    assert outcome
    assert (outcome.whole, outcome.pages) == (False, pages)
    assert files(district.root / "public") == from_scratch(district)
    assert built(district) is None


def test_edits_follow_each_other_and_stay_the_same_as_from_scratch(district: Folder) -> None:
    for number in range(3):
        edit(district, "rights", f"Text number {'x' * number}.")
        outcome = built(district)
        assert outcome
        assert not outcome.whole
    assert files(district.root / "public") == from_scratch(district)


def test_a_file_that_grows_gets_smaller_copies_and_one_that_shrinks_loses_them(district: Folder) -> None:
    shard = district.root / "public" / "en" / "search" / search_index.shard_name("zz")
    copies = [shard.with_name(f"{shard.name}{ending}") for ending in compression.ENDINGS]
    many = " ".join(f"zz{letter * 20}" for letter in "abcdefghijklmnop")
    for words, expected in (("zza", False), (many, True), ("zzb", False)):
        edit(district, "rights", f"Words. {words}")
        outcome = built(district)
        assert outcome
        assert not outcome.whole
        assert [copy.exists() for copy in copies] == [expected, expected]
        assert files(district.root / "public") == from_scratch(district)


def test_copies_are_begun_while_an_edit_is_still_written_and_made_once(
    district: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    compressed_data: list[bytes] = []
    compressed = compression.compressed
    monkeypatch.setattr(compression, "compressed", lambda data: compressed_data.append(data) or compressed(data))
    edit(district, "rights", "Other words, and enough of them. " * 20)
    built(district)
    page = (district.root / "public" / "en" / "rights" / "index.html").read_bytes()
    assert compressed_data.count(page) == 1
    assert len(compressed_data) == len({*compressed_data})
    assert files(district.root / "public") == from_scratch(district)


@pytest.mark.parametrize("name", ["record", "drawn-[0-9a-f]", "drawn-texts"])
@pytest.mark.parametrize("is_missing", [False, True])
def test_a_damaged_record_builds_everything(district: Folder, name: str, is_missing: bool) -> None:
    [path] = (district.root / record.FOLDER).glob(f"{name}*")
    if is_missing:
        path.unlink()
    else:
        path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))
    edit(district, "rights", "Edited.")
    outcome = built(district)
    assert outcome
    assert outcome.whole
    assert files(district.root / "public") == from_scratch(district)


def test_an_edit_reads_the_texts_of_few_pages(district: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of all pages took a fifth of an edit of 5,000 pages."""
    texts: list[str] = []
    place_read = kept_texts.TextPlace.read
    monkeypatch.setattr(kept_texts.TextPlace, "read", lambda place: texts.append(place_read(place)) or texts[-1])
    edit(district, "rights", "My rights.")
    built(district)
    assert texts
    assert all("rights" in text for text in texts)
    edit(district, "only", "Only here.\n\n## A part\n\nMore.")
    built(district)
    edit(district, "only", "A heading less.")
    outcome = built(district)
    assert outcome
    assert not outcome.whole
    assert files(district.root / "public") == from_scratch(district)


def test_a_file_of_the_site_that_somebody_changed_is_made_again(district: Folder) -> None:
    page = district.root / "public" / "en" / "rights" / "index.html"
    page.write_text("changed by hand", encoding="utf-8")
    outcome = built(district)
    assert outcome
    assert outcome.whole
    assert "changed by hand" not in page.read_text(encoding="utf-8")


def test_the_same_size_and_time_with_other_bytes_is_seen(district: Folder) -> None:
    path = district.root / "content" / "en" / "rights.md"
    before = path.stat()
    path.write_text(path.read_text(encoding="utf-8").replace("Your", "Most"), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert built(district)
    assert "Most rights" in (district.root / "public" / "en" / "rights" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("step", ["link_all", "write", "exchange"])
def test_a_build_that_is_cut_off_leaves_the_old_site_whole(
    district: Folder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Killed(BaseException):
        """Nothing catches it, as nothing catches a kill."""

    def kill(*_: Any) -> None:
        raise Killed

    place = {
        "link_all": "sitegen.incremental.trees.link_all",
        "write": "sitegen.incremental.writing.Writing.write_manifest",
        "exchange": "sitegen.incremental.building.exchange",
    }[step]
    before = files(district.root / "public")
    edit(district, "rights", "Cut off.")
    if step == "link_all":
        shutil.rmtree(trees.twin_of(district.root / "public"))  # else it is ready
    with monkeypatch.context() as patched:
        patched.setattr(place, kill)
        with pytest.raises(Killed):
            built(district)
    assert files(district.root / "public") == before
    assert built(district)
    assert files(district.root / "public") == from_scratch(district)


def test_a_mistake_is_said_at_once_and_mended_with_one_page(district: Folder) -> None:
    before = files(district.root / "public")
    edit(district, "rights", "[Away](nowhere.md)")
    with pytest.raises(Problems, match=r"content/en/rights\.md, line \d+: the link goes to nowhere\.md"):
        built(district)
    assert files(district.root / "public") == before
    edit(district, "rights", "Mended.")
    outcome = built(district)
    assert outcome
    assert not outcome.whole
    assert files(district.root / "public") == from_scratch(district)


def test_a_page_that_staff_cannot_link_to_by_file_is_refused_after_an_edit_too(district: Folder) -> None:
    edit(district, "rights", "[Meeting](events/meeting.md)")
    with pytest.raises(Problems, match=r"events/meeting\.md, which is not there"):
        built(district)


def in_place(page: Path) -> None:
    with page.open("a", encoding="utf-8") as file:
        file.write("changed by hand")


def another_file(page: Path) -> None:
    page.unlink()
    page.write_text("changed by hand", encoding="utf-8")


def moved_over(page: Path) -> None:
    other = page.parents[2] / "other"
    other.write_bytes(page.read_bytes().replace(b"<h1", b"<H1"))
    shutil.copystat(page, other)
    other.replace(page)


def beside_it(page: Path) -> None:
    (page.parent / "new.html").write_text("changed by hand", encoding="utf-8")


@pytest.mark.parametrize("way", [in_place, another_file, moved_over, Path.unlink, beside_it])
@pytest.mark.parametrize("is_checked", [True, False])
def test_a_twin_that_somebody_changed_is_never_shown(district: Folder, way: Any, is_checked: bool) -> None:
    edit(district, "rights", "First edit.")
    one = builder(district)
    one.build(TODAY, speak=False, compress=True)
    way(trees.twin_of(district.root / "public") / "en" / "index.html")
    edit(district, "rights", "Second edit.")
    if is_checked:
        assert not one.is_up_to_date(TODAY, speak=False, compress=True, sign=False)
    assert one.build(TODAY, speak=False, compress=True)
    assert files(district.root / "public") == from_scratch(district)


def test_what_was_seen_once_is_looked_at_again_for_the_build_after_the_next(district: Folder) -> None:
    one = builder(district)
    for number in range(2):
        edit(district, "rights", f"Edit {'x' * number}.")
        assert not one.is_up_to_date(TODAY, speak=False, compress=True, sign=False)
        outcome = one.build(TODAY, speak=False, compress=True)
        assert outcome
        assert not outcome.whole
        assert one.build(TODAY, speak=False, compress=True) is None
    edit(district, "only", "Another page.")
    assert one.build(TODAY, speak=False, compress=True)
    assert files(district.root / "public") == from_scratch(district)


def consented(folder: Folder) -> Folder:
    """Return the district with a story, built, and built again after an edit of another page."""
    tell(folder)
    folder.page("rights", "Rights.")
    built(folder)
    folder.page("rights", "Other rights.")
    outcome = built(folder)
    assert outcome
    assert not outcome.whole
    assert traces(folder.root / "public")
    assert traces(folder.root / "public.twin")
    return folder


def withdraw(folder: Folder) -> None:
    folder.table("consents", {**CONSENT, "withdrawn_on": "2026-12-31"})


def another_language(folder: Folder) -> None:
    folder.table("consents", {**CONSENT, "languages": "en"})


def newer_workbook(folder: Folder) -> None:
    path = folder.csv("consents")
    path.with_name("consents.xlsx").write_bytes(b"x")
    os.utime(path, (0, 0))


def rename(folder: Folder) -> None:
    for language in ("en", "ta"):
        path = folder.root / "content" / language / "stories" / "a.md"
        path.rename(path.with_name("b.md"))
    withdraw(folder)


@pytest.mark.parametrize("way", [withdraw, newer_workbook, rename])
def test_no_kept_work_brings_a_withdrawn_story_back(folder: Folder, way: Any) -> None:
    """Each with an edit of a page beside it, in one build, since only that edit may be small."""
    consented(folder)
    way(folder)
    for number in range(2):
        folder.page("rights", f"Rights, edited in the same minute {'x' * number}.")
        with suppress(Problems):  # what else is wrong now: the old site stays, without the story
            built(folder)
        assert traces(folder.root / "public") == []
        assert not (folder.root / "public.twin").exists() or traces(folder.root / "public.twin") == []


def test_a_language_that_leaves_the_consent_is_gone_though_another_page_was_edited(folder: Folder) -> None:
    consented(folder)
    another_language(folder)
    folder.page("rights", "Rights, edited in the same minute.")
    built(folder)
    for site in (folder.root / "public", folder.root / "public.twin"):
        assert traces(site / "ta") == []
        assert traces(site / "en")


def test_a_consent_that_ends_at_midnight_is_gone_though_only_a_page_was_edited(folder: Folder) -> None:
    consented(folder)
    ends = date.fromisoformat(CONSENT["expires_on"])
    folder.page("rights", "Rights, edited after midnight.")
    outcome = built(folder, ends)
    assert outcome
    assert outcome.whole
    assert traces(folder.root / "public") == []


def test_a_consent_withdrawn_while_an_edit_is_written_stops_that_edit(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    consented(folder)
    folder.page("rights", "Rights, edited.")
    write = Writing.write
    monkeypatch.setattr(Writing, "write", lambda self: (write(self), withdraw(folder))[0])
    outcome = built(folder)
    assert outcome
    assert outcome.whole
    assert traces(folder.root / "public") == []


def remove_site(site: Path) -> None:
    shutil.rmtree(site)


def change_a_page(site: Path) -> None:
    another_file(site / "en" / "index.html")


def add_a_page(site: Path) -> None:
    beside_it(site / "en" / "index.html")


LOSSES = [remove_site, change_a_page, add_a_page]
"""Ways in which a site is not there as it was built, while its twin is."""


@pytest.mark.parametrize("way", LOSSES)
@pytest.mark.parametrize("edited_before", [True, False])
def test_a_site_that_is_gone_or_was_changed_is_put_back_without_drawing(
    district: Folder, way: Any, edited_before: bool
) -> None:
    if edited_before:
        edit(district, "rights", "Edited.")
        built(district)
    for _ in range(2):
        way(district.root / "public")
        outcome = built(district)
        assert outcome
        assert (outcome.whole, outcome.pages) == (False, 0)
        assert files(district.root / "public") == from_scratch(district)
        assert built(district) is None
    edit(district, "rights", "Edited after that.")
    outcome = built(district)
    assert outcome
    assert not outcome.whole
    assert files(district.root / "public") == from_scratch(district)


@pytest.mark.parametrize("way", [in_place, another_file, moved_over, Path.unlink, beside_it])
def test_a_site_is_never_put_back_from_a_twin_that_somebody_changed(district: Folder, way: Any) -> None:
    remove_site(district.root / "public")
    way(trees.twin_of(district.root / "public") / "en" / "index.html")
    outcome = built(district)
    assert outcome
    assert outcome.whole
    assert files(district.root / "public") == from_scratch(district)


@pytest.mark.parametrize("lose", LOSSES)
@pytest.mark.parametrize("way", [withdraw, newer_workbook, rename])
def test_a_withdrawn_story_is_not_put_back(folder: Folder, lose: Any, way: Any) -> None:
    consented(folder)
    lose(folder.root / "public")
    way(folder)
    with suppress(Problems):  # what else is wrong now: there is no site, or the old one without the story
        built(folder)
    for site in (folder.root / "public", folder.root / "public.twin"):
        assert not site.exists() or traces(site) == []


def test_a_story_is_not_put_back_on_the_day_on_which_its_consent_ends(folder: Folder) -> None:
    consented(folder)
    remove_site(folder.root / "public")
    built(folder, date.fromisoformat(CONSENT["expires_on"]))
    assert traces(folder.root / "public") == traces(folder.root / "public.twin") == []


@pytest.mark.parametrize("step", ["swap", "trees.link_all"])
def test_a_consent_withdrawn_while_a_site_is_put_back_or_its_twin_is_made_counts(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """In each step the withdrawal itself looks at what stands there before the step."""
    consented(folder)
    remove_site(folder.root / "public")
    place = f"sitegen.incremental.building.{step}"
    real = swap if step == "swap" else trees.link_all
    monkeypatch.setattr(place, lambda *arguments: (withdraw(folder), real(*arguments))[1])
    built(folder)
    for site in (folder.root / "public", folder.root / "public.twin"):
        assert not site.exists() or traces(site) == []


def test_a_consent_withdrawn_while_the_twin_of_a_new_site_is_made_counts(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(folder)
    link_all = trees.link_all
    monkeypatch.setattr(trees, "link_all", lambda *arguments: (withdraw(folder), link_all(*arguments))[1])
    built(folder)
    for site in (folder.root / "public", folder.root / "public.twin"):
        assert not site.exists() or traces(site) == []


class EditedAtWill(RuleBasedStateMachine):
    """A district whose pages, rows, settings and days change; each state is built twice: from before, and anew."""

    folder: Folder
    """Set below: a machine is made without arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.day = TODAY
        shutil.rmtree(self.folder.root / "public", ignore_errors=True)
        for path in (self.folder.root / "content").glob("*/p*.md"):
            path.unlink()
        for path in (path for name in FOLDERS for path in (self.folder.root / "content").glob(f"*/{name}")):
            shutil.rmtree(path)
        self.folder.page("p0", "A page. [Home](index.md)")
        self.write_in_library("Words.")
        settings_file = self.folder.root / "content" / "portal.yml"
        settings_file.write_text(f"{SETTINGS}library: [../library/india]\n", encoding="utf-8")
        built(self.folder)

    def write_in_library(self, words: str) -> None:
        page = self.folder.root / "library" / "india" / "en" / "aid.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"---\ntitle: Aid\nchanged: 2026-01-01\n---\n\n# Aid\n\n{words}\n", encoding="utf-8")

    def teardown(self) -> None:
        """Leave the tables and settings as they were."""
        self.folder.table("events", *ROWS["events"])

    def compare(self) -> None:
        try:
            built(self.folder, self.day)
        except Problems:
            return  # what is wrong is not built, in either way
        assert files(self.folder.root / "public") == from_scratch(self.folder, self.day)

    @rule(number=st.integers(0, 2), language=st.sampled_from(sorted(LANGUAGES)), words=st.sampled_from(WORDS))
    def write_page(self, number: int, language: str, words: str) -> None:
        self.folder.page(f"p{number}", f"{words} [Home](index.md) [Other](p0.md)", language)
        self.compare()

    @rule(number=st.integers(1, 2))
    def remove_page(self, number: int) -> None:
        for language in LANGUAGES:
            (self.folder.root / "content" / language / f"p{number}.md").unlink(missing_ok=True)
        self.compare()

    @rule(title=st.sampled_from(["Meeting", "Another meeting"]))
    def change_row(self, title: str) -> None:
        self.folder.row("events", title_en=title)
        self.compare()

    @rule(name=st.sampled_from(["Short", "Shorter"]))
    def change_settings(self, name: str) -> None:
        path = self.folder.root / "content" / "portal.yml"
        path.write_text(re.sub(r"en: Short\w*", f"en: {name}", path.read_text(encoding="utf-8")), encoding="utf-8")
        self.compare()

    @rule(words=st.sampled_from(WORDS))
    def edit_library(self, words: str) -> None:
        self.write_in_library(words)
        self.compare()

    @rule(named=st.booleans())
    def name_library(self, named: bool) -> None:
        path = self.folder.root / "content" / "portal.yml"
        text = re.sub(r"\nlibrary: .*", "", path.read_text(encoding="utf-8").rstrip())
        path.write_text(f"{text}\nlibrary: [../library/india]\n" if named else f"{text}\n", encoding="utf-8")
        self.compare()

    @rule(name=st.sampled_from(["content/portal.yml", "content/en/p0.md", "library/india/en/aid.md", "mkdocs.yml"]))
    def touch(self, name: str) -> None:
        """Give a file another time and nothing else."""
        os.utime(self.folder.root / name)
        self.compare()

    @rule(letters=st.sampled_from(["A page", "1 page", "O page"]))
    def put_another_file_there(self, letters: str) -> None:
        """Move a file over a page, with the same size and time."""
        page, other = self.folder.root / "content" / "en" / "p0.md", self.folder.root / "other.md"
        other.write_text(re.sub(r"\n. page", f"\n{letters}", page.read_text(encoding="utf-8")), encoding="utf-8")
        os.utime(other, ns=(page.stat().st_atime_ns, page.stat().st_mtime_ns))
        other.replace(page)
        self.compare()

    @rule(old=st.sampled_from(FOLDERS), new=st.sampled_from(FOLDERS))
    def rename_folder(self, old: str, new: str) -> None:
        """Give a folder of pages another name; the first time it is made."""
        for language in ("en", "ta"):
            place = self.folder.root / "content" / language
            if not any((place / name).exists() for name in FOLDERS):
                self.folder.page(f"{old}/deep", f"Deep, in {language}. [Home](../index.md)", language)
            elif (place / old).exists() and old != new:
                (place / old).rename(place / new)
        self.compare()

    @rule(hours=st.sampled_from([-48, 48]))
    def set_clock_of_a_page(self, hours: int) -> None:
        """Save a page on a machine whose clock is set back, or ahead."""
        page = self.folder.root / "content" / "en" / "p0.md"
        page.write_text(f"{page.read_text(encoding='utf-8')}\nMore.\n", encoding="utf-8")
        when = page.stat().st_mtime_ns + hours * 3_600 * 10**9
        os.utime(page, ns=(when, when))
        self.compare()

    @rule(way=st.sampled_from(LOSSES))
    def lose_site(self, way: Any) -> None:
        way(self.folder.root / "public")
        self.compare()

    @rule(days=st.integers(1, 40))
    def turn_the_day(self, days: int) -> None:
        self.day += timedelta(days=days)
        self.compare()


def test_whatever_was_edited_the_bytes_are_those_from_scratch(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "RACY", 20_000_000)  # else portal.yml, just written, would always be read anew
    run_machine(EditedAtWill, folder)


def run_machine(kind: type[RuleBasedStateMachine], folder: Folder) -> None:
    """Run a state machine on a district, the same few steps each time."""
    steps = settings(
        max_examples=2, stateful_step_count=12, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(type(f"{kind.__name__}Here", (kind,), {"folder": folder}), settings=steps)


def test_the_checks_convert_only_pages_that_were_edited(district: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    converted: list[str] = []
    convert = page_facts.to_html
    monkeypatch.setattr(page_facts, "to_html", lambda text, root: converted.append(text) or convert(text, root))
    kept_work.close_all()  # as in a new process
    district.page("only", "Only in English, in other words.", title="Other title")
    outcome = built(district)
    assert outcome
    assert outcome.whole
    assert {text.strip().split("\n")[-1] for text in converted} == {"Only in English, in other words."}
    assert files(district.root / "public") == from_scratch(district)


def test_a_page_is_converted_once_for_the_checks_and_for_the_site(
    district: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where other processes draw the pages, they keep what the checks need of each page without blocks."""
    district.page("blocks", "Words.\n\n[[ helplines ]]")
    expected = from_scratch(district)
    monkeypatch.setattr("sitegen.build.FEW_PAGES", 0)
    shutil.rmtree(district.root / ".build" / "kept")
    kept_work.at.cache_clear()
    converted: list[str] = []
    convert = page_facts.to_html
    monkeypatch.setattr(page_facts, "to_html", lambda text, root: converted.append(text) or convert(text, root))
    built(district, again=True)
    assert converted
    assert all("<!--block-->" in text for text in converted)
    assert files(district.root / "public") == expected


def test_what_is_wrong_in_a_page_is_said_where_others_draw_the_pages(
    district: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(district.root / "public")
    monkeypatch.setattr("sitegen.build.FEW_PAGES", 0)
    district.page("rights", "A ** mark [away](nowhere.md).\n\n<iframe src='https://a.example'></iframe>", "ta")
    with pytest.raises(Problems) as error:
        built(district)
    text = str(error.value)
    assert "bold or struck" in text
    assert "<iframe>" in text
    assert "nowhere.md" in text
    assert files(district.root / "public") == before


def test_the_checks_look_for_numbers_only_in_pages_that_were_edited_or_after_the_list_of_numbers_was(
    district: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []
    search = number_search.unknown_numbers
    monkeypatch.setattr(
        number_search,
        "unknown_numbers",
        lambda text, *numbers, **options: searched.append(text) or search(text, *numbers, **options),
    )
    district.page("only", "Only in English, in other words.", title="Other title")
    built(district)
    texts = [text for text in searched if text.lstrip().startswith("# ")]
    assert [text.strip().split("\n")[-1] for text in texts] == ["Only in English, in other words."]
    district.page("only", "Call 112.")
    built(district)
    district.row("helplines", number="1800", tel="1800")
    with pytest.raises(Problems, match=r"only\.md, line \d+: 112 looks like a phone number"):
        built(district)


@pytest.mark.parametrize(
    ("name", "text", "meta", "sentence"),
    [
        ("rights", "Bold ** words", {}, r"rights\.md, line \d+: signs for bold"),
        ("rights", "Your rights.", {"title": "A **title**"}, r"rights\.md, title: signs for bold"),
        ("rights", "<b onclick=x>x</b>", {}, r"rights\.md.*has onclick"),
        ("rights", "Call 98765 43210.", {}, r"rights\.md, line \d+: 98765 43210 looks like a phone number"),
        ("rights", "Your rights.", {"description": "Call 98765 43210"}, r"rights\.md, description: 98765 43210 looks"),
        ("only", "Only in English.\n\n## Another part\n\nText.", {}, r"rights\.md.*only\.md has no such heading"),
    ],
)
@pytest.mark.parametrize("damaged", [False, True])
def test_what_is_wrong_is_said_by_each_build(
    district: Folder, name: str, text: str, meta: dict[str, str], sentence: str, damaged: bool
) -> None:
    district.page("only", "Only in English.\n\n## A part\n\nText.")
    district.page("rights", "Your [rights](only.md#a-part).")
    built(district)
    district.page(name, text, **meta)
    if damaged:
        kept_work.close_all()
        for path in (district.root / kept_work.FOLDER).glob(f"{kept_work.CHECKS}.db*"):
            path.write_bytes(b"no database")
    for _ in range(2):
        with pytest.raises(Problems, match=sentence):
            builder(district).build(TODAY, speak=False, compress=True, again=True)
