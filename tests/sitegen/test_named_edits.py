"""An edit that the system names is built without a look at all files: with the same bytes, and in no doubt."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis.stateful import rule
from sitegen import build
from sitegen.checks import content_checks
from sitegen.content import phone_numbers, translations
from sitegen.content.spreadsheets import table_reader
from sitegen.incremental import edits, inputs, record, trees
from sitegen.incremental.building import BuildOutcome
from sitegen.incremental.inputs import Inputs
from sitegen.interruption import GivenUp
from sitegen.lint import mistakes
from sitegen.media import audio_clips

from forms.core.problem import Problems
from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_incremental import (
    EditedAtWill,
    another_file,
    beside_it,
    builder,
    built,
    files,
    from_scratch,
    in_place,
    run_machine,
)


class Serving:
    """What `serve` keeps between edits: a builder, and the inputs as it has seen them."""

    def __init__(self, folder: Folder) -> None:
        self.root, self.one, self.day = folder.root, builder(folder), TODAY
        self.seen: Inputs = inputs.scan(folder.root)
        self.everything()

    def everything(self, day: Any = TODAY) -> BuildOutcome | None:
        """Look at everything, as when nobody has edited for some seconds."""
        self.seen = inputs.scan(self.root, self.seen)
        outcome = self._built(day, trust_site=False)
        self.one.verify_site()
        return outcome

    def named(self, *paths: Path, day: Any = TODAY) -> BuildOutcome | None:
        """Build an edit of these files."""
        found = inputs.rescan(self.root, self.seen, {str(path) for path in paths})
        if found is None:
            return self.everything(day)
        self.seen = found
        return self._built(day, trust_site=True)

    def _built(self, day: Any, *, trust_site: bool) -> BuildOutcome | None:
        self.day = day
        if self.one.is_up_to_date(day, speak=False, compress=True, sign=False, now=self.seen, trust_site=trust_site):
            return None
        return self.one.build(day, speak=False, compress=True)


@pytest.fixture
def district(folder: Folder) -> Folder:
    for language, text in (("en", "Your rights."), ("ta", "உரிமைகள்.")):
        folder.page("rights", text, language)
    folder.page("deep/page", "Only in English. [Rights](../rights.md)")
    built(folder)
    return folder


def page_of(folder: Folder, name: str = "rights", language: str = "en") -> Path:
    return folder.root / "content" / language / f"{name}.md"


def test_a_named_edit_is_built_with_the_same_bytes_and_without_a_look_at_all_files(
    district: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, counts = Serving(district), []
    is_as, look = trees.matches, inputs.scan
    monkeypatch.setattr(trees, "matches", lambda folder, tree: counts.append(len(tree)) or is_as(folder, tree))
    monkeypatch.setattr(inputs, "scan", lambda *arguments: counts.append(10**6) or look(*arguments))
    for text in ("My rights.", "My rights and words.\n\n## A part", "Other words."):
        district.page("rights", text)
        outcome = serving.named(page_of(district))
        assert outcome
        assert not outcome.whole
        assert counts
        assert max(counts) == 1
        assert files(district.root / "public") == from_scratch(district)
        counts.clear()
    assert serving.everything() is None
    assert built(district) is None


def new_page(folder: Folder) -> Path:
    folder.page("new", "New.")
    return page_of(folder, "new")


def removed_page(folder: Folder) -> Path:
    page_of(folder).unlink()
    return page_of(folder)


def folder_moved_away(folder: Folder) -> Path:
    moved = page_of(folder, "deep/page").parent
    moved.rename(folder.root / "elsewhere")
    return moved


def folder_moved_in(folder: Folder) -> Path:
    original = page_of(folder, "deep/page").parent
    return Path(shutil.copytree(original, original.with_name("deeper")))


def consents(folder: Folder) -> Path:
    os.utime(folder.csv("consents"))
    return folder.csv("consents")


def link(folder: Folder) -> Path:
    other = folder.root / "other.md"
    other.write_text("---\ntitle: x\n---\n\n# Other\n", encoding="utf-8")
    page_of(folder).unlink()
    page_of(folder).symlink_to(other)
    return page_of(folder)


def portal(folder: Folder) -> Path:
    return folder.root / "content" / "portal.yml"


def program(folder: Folder) -> Path:
    return folder.root / "mkdocs.yml"


@pytest.mark.parametrize(
    "change", [new_page, removed_page, folder_moved_away, folder_moved_in, consents, link, portal, program]
)
def test_whatever_is_more_than_an_edit_of_a_text_has_all_looked_at(
    district: Folder, change: Callable[[Folder], Path]
) -> None:
    scanned = inputs.scan(district.root)
    assert inputs.rescan(district.root, scanned, {str(change(district))}) is None


def test_what_a_program_leaves_and_takes_away_while_it_saves_is_no_edit(district: Folder) -> None:
    scanned, page = inputs.scan(district.root), page_of(district)
    district.page("rights", "Saved anew.")
    found = inputs.rescan(district.root, scanned, {str(page), str(page.with_name(".rights.md.swp"))})
    assert found
    assert inputs.changes(scanned, found).edited == {str(page)}
    assert inputs.changes(found, inputs.scan(district.root, found)).edited == frozenset()


def test_a_file_that_changed_right_after_the_last_look_at_all_is_not_taken_for_sure_later(
    district: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A named edit looks at one file: what was too young to be sure at the last look stays so."""
    serving, other = Serving(district), page_of(district, "deep/page")
    state = other.stat()
    district.page("rights", "Edited.")
    serving.named(page_of(district))
    text = other.read_text(encoding="utf-8")
    real = inputs.state_of
    other.write_text(text.replace("Only", "Just"), encoding="utf-8")
    node = other.stat().st_ino
    # The file system's clock did not move between the look and this edit.
    monkeypatch.setattr(inputs, "state_of", lambda found: real(state) if found.st_ino == node else real(found))
    assert serving.everything()
    assert "Just in English" in (district.root / "public/en/deep/page/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("way", [in_place, another_file, Path.unlink, beside_it])
@pytest.mark.parametrize("place", ["public", "public.twin"])
@pytest.mark.parametrize("page", ["en/rights", "en/deep/page"])
def test_what_somebody_changed_in_the_site_does_not_outlast_the_next_look_at_all(
    district: Folder, way: Callable[[Path], None], place: str, page: str
) -> None:
    serving = Serving(district)
    way(district.root / place / page / "index.html")
    district.page("rights", "Edited.")
    assert serving.named(page_of(district))
    serving.everything()
    assert files(district.root / "public") == from_scratch(district)
    assert trees.matches(district.root / "public.twin", trees.scan(district.root / "public.twin"))
    district.page("rights", "Edited again.")
    assert serving.named(page_of(district))
    assert files(district.root / "public") == from_scratch(district)


def test_after_another_program_took_something_off_the_site_all_is_looked_at(district: Folder) -> None:
    serving = Serving(district)
    record.forget(district.root)  # as each withdrawal does
    district.page("rights", "Edited.")
    outcome = serving.named(page_of(district))
    assert outcome
    assert outcome.whole


def test_a_withdrawal_while_a_named_edit_is_written_stops_it(district: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    serving, original = Serving(district), edits.edit_of
    monkeypatch.setattr(edits, "edit_of", lambda *arguments: (original(*arguments), record.forget(district.root))[0])
    district.page("rights", "Edited.")
    outcome = serving.named(page_of(district))
    assert outcome
    assert outcome.whole


@pytest.mark.parametrize("other", ["rights", "deep/page"])
def test_what_is_saved_while_a_named_edit_is_built_is_built_next(
    district: Folder, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    serving, original = Serving(district), edits.edit_of

    def save(*arguments: Any) -> Any:
        district.page(other, "Saved before it was read.")
        outcome = original(*arguments)
        district.page(other, "Saved while it was built.")
        return outcome

    district.page("rights", "Edited.")
    with monkeypatch.context() as patched:
        patched.setattr(edits, "edit_of", save)
        assert serving.named(page_of(district))
    assert serving.named(page_of(district, other))
    assert "Saved while" in (district.root / f"public/en/{other}/index.html").read_text(encoding="utf-8")
    assert files(district.root / "public") == from_scratch(district)
    assert serving.everything() is None


def test_a_mistake_in_a_named_edit_is_mended_by_the_next(district: Folder) -> None:
    serving, before = Serving(district), files(district.root / "public")
    district.page("rights", "[Away](nowhere.md)")
    with pytest.raises(Problems, match=r"nowhere\.md"):
        serving.named(page_of(district))
    assert files(district.root / "public") == before
    district.page("rights", "Mended.")
    outcome = serving.named(page_of(district))
    assert outcome
    assert not outcome.whole
    assert files(district.root / "public") == from_scratch(district)


class EditedUnderServe(EditedAtWill):
    """The same edits, named to a program that goes on; now and then one is not named, and seen by the next look."""

    serving: Serving | None = None
    missed = False

    @rule()
    def miss_the_next(self) -> None:
        self.missed = True

    @rule()
    def build_beside(self) -> None:
        """Have another program build meanwhile."""
        self.folder.page("p0", "A page, built by another. [Home](index.md)")
        built(self.folder, self.day)
        self.compare()

    def compare(self) -> None:
        try:
            if self.serving is None:
                self.serving = Serving(self.folder)
            now = inputs.scan(self.folder.root, self.serving.seen)
            changed = inputs.changes(self.serving.seen, now)
            named = sorted(changed.edited | changed.others)
            same_day = self.serving.day == self.day
            if named and same_day:
                self.serving.named(*map(Path, named[1:] if self.missed else named), day=self.day)
            if self.missed or not same_day or not (self.folder.root / "public").exists():
                self.serving.everything(self.day)
            self.missed = False
        except Problems:
            return  # what is wrong is not built, in either way
        self.serving.everything(self.day)
        assert files(self.folder.root / "public") == from_scratch(self.folder, self.day)


def test_whatever_was_named_or_missed_the_bytes_are_those_from_scratch(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "RACY", 20_000_000)
    run_machine(EditedUnderServe, folder)


@pytest.mark.parametrize("interrupted_step", ["questions", "pages"])
def test_speech_is_given_up_for_an_edit_and_goes_on_after_it(
    district: Folder, monkeypatch: pytest.MonkeyPatch, interrupted_step: str
) -> None:
    """The first speech of a site takes minutes: what is edited meanwhile does not wait for it."""
    monkeypatch.setattr("sitegen.build.FEW_PAGES", 0)
    if interrupted_step == "pages":
        with_questions = audio_clips.with_questions
        monkeypatch.setattr(audio_clips, "with_questions", lambda *arguments: with_questions(*arguments[:3]))
    serving, before = Serving(district), files(district.root / "public")
    serving.one.given_up = lambda: True
    with pytest.raises(GivenUp):
        serving.one.build(TODAY, speak=True, compress=True, again=True)
    assert files(district.root / "public") == before
    assert not list(district.root.glob("*.stopped"))
    district.page("rights", "Other words.")
    assert serving.named(page_of(district)), "an edit without speech is never given up"
    assert "Other words." in (district.root / "public" / "en" / "rights" / "index.html").read_text("utf-8")
    serving.one.given_up = lambda: False
    serving.one.build(TODAY, speak=True, compress=True)
    assert files(district.root / "public") == from_scratch(district)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ((build, "remember_translations"), (table_reader, "read_tables")),
        ((translations, "mark_outdated"), (phone_numbers, "fill_library")),
        ((content_checks, "check"), (mistakes, "problems")),
    ],
    ids=["remembered", "read", "checked"],
)
def test_an_edit_does_not_wait_until_everything_is_read_and_checked_for_speech(
    district: Folder, monkeypatch: pytest.MonkeyPatch, first: tuple[Any, str], then: tuple[Any, str]
) -> None:
    """That takes eight seconds for 5,340 pages, and speech follows each edit of a text."""
    serving, calls = Serving(district), []
    serving.one.given_up = lambda: bool(calls)
    before, does = files(district.root / "public"), getattr(*first)

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(*first, lambda *arguments, **more: calls.append(first) or does(*arguments, **more))
    monkeypatch.setattr(*then, never)
    with pytest.raises(GivenUp):
        serving.one.build(TODAY, speak=True, compress=True, again=True)
    assert files(district.root / "public") == before
