"""No edit, no kept work and no layer brings back what has no consent, or publishes a draft: builds of what changed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import building as commands_building
from commands.cli.main import root_of
from sitegen import build, kept_work
from sitegen.incremental import building, inputs, record

from forms.core.files.locks import locked
from forms.core.problem import Problems
from forms.operations import releases
from tests.commands import PROGRAM, run, site_in
from tests.sitegen.conftest import TODAY, Folder
from tests.sitegen.test_incremental import KEYS, builder, built, files, from_scratch
from tests.sitegen.test_threats_consented_media import CONSENT, QUOTE, QUOTED, photo, recording
from tests.sitegen.test_threats_withdrawal import CONSENT as TOLD
from tests.sitegen.test_threats_withdrawal import SECRET, traces

WITHDRAWN = {"withdrawn_on": "2026-12-31"}


LISTS = {"withdrawn.json", "consented.json"}
TAMIL = f"உங்கள் உரிமைகள் இங்கே உள்ளன. அனைவரும் படிக்கலாம்.\n\n{QUOTE[9:-8]}\n\nமக்கள் ஒன்று கூடி பேசலாம்."


def files_with(folder: Folder, words: str) -> list[str]:
    """Return the files of the site and of its twin that hold these words, beside the lists of what needs consent."""
    sites = [path for path in (folder.root / "public", folder.root / "public.twin") if path.exists()]
    every = [path for site in sites for path in site.rglob("*") if path.is_file() and path.name not in LISTS]
    return [str(path) for path in every if words in path.name or words.encode() in path.read_bytes()]


def is_built_whole_after_edit(folder: Folder, name: str, text: str, language: str = "en", **meta: Any) -> bool:
    """Edit a page and build; return whether everything was built."""
    folder.page(name, text, language, **meta)
    outcome = built(folder, compress=False)
    assert outcome
    return outcome.whole


def assert_same(folder: Folder) -> None:
    """The site is the one built from scratch; its compressed copies are left out here."""
    scratch = {name: data for name, data in from_scratch(folder).items() if not name.endswith((".gz", ".br"))}
    assert files(folder.root / "public") == scratch


@pytest.fixture
def quoted_district(folder: Folder) -> Folder:
    """A page whose Tamil holds a quote with a consent, while its English holds none; built, and another page edited."""
    folder.page("told", "Text.")
    folder.page("told", TAMIL, "ta", title="சொன்னது")
    folder.page("rights", "Rights.")
    folder.table("consents", {**QUOTED, "languages": "ta"})
    built(folder, compress=False)
    assert is_built_whole_after_edit(folder, "rights", "Other rights.") is False
    assert files_with(folder, "papers")
    return folder


def test_an_edit_of_english_draws_no_quote_of_a_translation_without_its_consent(quoted_district: Folder) -> None:
    assert is_built_whole_after_edit(quoted_district, "told", "Other text.")
    assert files_with(quoted_district, "consent: told") == []
    assert files_with(quoted_district, "papers")
    quoted_district.table("consents", {**QUOTED, "languages": "ta", **WITHDRAWN})
    is_built_whole_after_edit(quoted_district, "told", "Text again.")
    assert files_with(quoted_district, "papers") == []
    is_built_whole_after_edit(quoted_district, "told", "Text once more.")
    is_built_whole_after_edit(quoted_district, "rights", "Rights once more.")
    assert files_with(quoted_district, "papers") == []
    assert_same(quoted_district)


@pytest.mark.parametrize("change", [WITHDRAWN, {"languages": "en"}, {"expires_on": "2026-12-31"}, {"quotes": "index"}])
def test_no_edit_beside_it_keeps_a_quote_that_lost_its_consent(quoted_district: Folder, change: dict[str, str]) -> None:
    quoted_district.table("consents", {**QUOTED, "languages": "ta", **change})
    quoted_district.page("rights", "Edited in the same minute.")
    with suppress(Problems):  # a quote without any record is a mistake; the old site stays, without it
        built(quoted_district, compress=False)
    assert files_with(quoted_district, "papers") == []


@pytest.mark.parametrize("text", ["- > They kept it.\n  > consent: told", "1. a\n\n    > Words.", "<q>Words</q>"])
@pytest.mark.parametrize("first", [True, False])
def test_a_page_that_has_or_had_a_quote_of_any_spelling_is_built_whole(folder: Folder, text: str, first: bool) -> None:
    before, after = (text, "Text.") if first else ("Text.", text)
    folder.page("told", before, quotes="published")
    folder.table("consents", QUOTED)
    with suppress(Problems):
        built(folder, compress=False)
    folder.page("told", after, quotes="published")
    with suppress(Problems):
        outcome = built(folder, compress=False)
        assert outcome
        assert outcome.whole


def test_no_edit_beside_it_keeps_a_picture_or_recording_that_lost_its_consent(folder: Folder) -> None:
    media = folder.root / "content" / "media"
    marks = [photo(media / "photos" / "visit.png", "red"), recording(media / "audio" / "en" / "told.wav")]
    (media / "film.mp4").write_bytes(b"film")
    folder.page("told", "![A visit](/media/photos/visit.png)", recorded="2026-06-01")
    folder.page("rights", "Rights.")
    folder.table("consents", CONSENT)
    builder(folder).build(TODAY, speak=True, compress=False)
    assert is_built_whole_after_edit(folder, "rights", "Other rights.") is False
    assert all(files_with(folder, mark) for mark in marks)
    folder.table("consents", {**CONSENT, **WITHDRAWN})
    for text in ("One edit.", "Another edit."):
        folder.page("rights", text)
        with suppress(Problems):
            built(folder, compress=False)
        assert [found for mark in (*marks, "film.mp4") for found in files_with(folder, mark)] == []


def library_of(folder: Folder) -> Path:
    """Let the district take its story and its quote from a library, with their consents; return its folder."""
    content, place = folder.root / "content", folder.root / "library" / "india"
    settings = yaml.safe_load((content / "portal.yml").read_text(encoding="utf-8"))
    (content / "portal.yml").write_text(yaml.safe_dump({**settings, "library": ["../library/india"]}), "utf-8")
    folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="a-story")
    folder.page("told", QUOTE)
    folder.table("consents", TOLD, QUOTED)
    for name in ("en/stories/a.md", "en/told.md", "tables/consents.csv"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(content / name, place / name)
    folder.table("consents")
    folder.page("rights", "Rights.")
    return place


def in_library(folder: Folder, place: Path) -> None:
    own = folder.csv("consents").read_bytes()
    folder.table("consents", {**TOLD, **WITHDRAWN}, {**QUOTED, **WITHDRAWN})
    shutil.copyfile(folder.csv("consents"), place / "tables" / "consents.csv")
    folder.csv("consents").write_bytes(own)


def in_district(folder: Folder, place: Path) -> None:
    folder.table("consents", {**TOLD, **WITHDRAWN}, {**QUOTED, **WITHDRAWN})


def library_gone(folder: Folder, place: Path) -> None:
    shutil.rmtree(place)


@pytest.mark.parametrize("way", [in_library, in_district, library_gone])
def test_what_a_library_or_its_district_withdraws_is_gone_though_a_page_was_edited(
    folder: Folder, way: Callable[[Folder, Path], None]
) -> None:
    place = library_of(folder)
    built(folder, compress=False)
    assert is_built_whole_after_edit(folder, "rights", "Other rights.") is False
    assert traces(folder.root / "public")
    assert files_with(folder, "papers")
    way(folder, place)
    for text in ("One edit.", "Another edit."):
        folder.page("rights", text)
        with suppress(Problems):
            built(folder, compress=False)
        assert traces(folder.root / "public") == []
        assert files_with(folder, SECRET) == []
        assert files_with(folder, "papers") == []


@pytest.mark.parametrize("before", [{}, {"draft": 1}, {"draft": "false"}])
def test_a_page_that_becomes_a_draft_leaves_the_site_and_stays_away(folder: Folder, before: dict[str, Any]) -> None:
    folder.page("rights", "Rights.")
    folder.page("plan", "Secret plan.", **before)
    with suppress(Problems):  # draft: 1 is refused; the state before need not be a site
        built(folder, compress=False)
    is_built_whole_after_edit(folder, "plan", "Secret plan, edited.", draft="true")
    assert files_with(folder, "Secret plan") == []
    folder.page("plan", "Secret plan, edited again.", draft="true")
    built(folder, compress=False)
    is_built_whole_after_edit(folder, "rights", "Other rights.")
    assert files_with(folder, "Secret plan") == []
    assert_same(folder)


def test_an_edit_of_english_draws_no_translation_that_is_a_draft(folder: Folder) -> None:
    folder.page("plan", "Plan.")
    folder.page("plan", "Secret plan.", "ta", draft="true")
    built(folder, compress=False)
    assert is_built_whole_after_edit(folder, "plan", "Other plan.") is False
    assert files_with(folder, "Secret plan") == []
    assert_same(folder)


@pytest.mark.parametrize("name", ["content/en/stories", "content/tables"])
def test_a_change_behind_a_linked_folder_is_seen(folder: Folder, name: str) -> None:
    folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="a-story")
    folder.table("consents", TOLD)
    real, link = folder.root / "shared", folder.root / name
    shutil.move(link, real)
    link.symlink_to(real, target_is_directory=True)
    for circle, place in (("circle", real), ("everything", Path("/"))):
        (real / circle).symlink_to(place, target_is_directory=True)
    before = inputs.scan(folder.root)
    changed = next(path for path in real.iterdir() if path.name in {"a.md", "consents.csv"})
    changed.write_text(changed.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert inputs.changes(before, inputs.scan(folder.root, before))


def test_a_page_in_a_folder_called_desk_is_seen(folder: Folder) -> None:
    folder.page("desk/a", "Text.")
    before = inputs.scan(folder.root)
    folder.page("desk/a", "Other text.")
    assert inputs.changes(before, inputs.scan(folder.root, before))


def test_a_consent_withdrawn_while_the_folders_change_names_is_honoured(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="a-story")
    folder.page("rights", "Rights.")
    folder.table("consents", TOLD)
    built(folder, compress=False)
    exchange = building.exchange

    def withdraw_and_exchange(one: Path, other: Path) -> bool:
        folder.table("consents", {**TOLD, **WITHDRAWN})
        return exchange(one, other)

    monkeypatch.setattr(building, "exchange", withdraw_and_exchange)
    assert is_built_whole_after_edit(folder, "rights", "Other rights.")
    assert files_with(folder, SECRET) == []


def test_a_consent_withdrawn_while_the_whole_site_is_put_in_place_is_honoured(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="a-story")
    folder.table("consents", TOLD)
    swap = build.swap

    def withdraw_and_swap(one: Path, other: Path) -> None:
        folder.table("consents", {**TOLD, **WITHDRAWN})
        swap(one, other)

    monkeypatch.setattr(build, "swap", withdraw_and_swap)
    built(folder, compress=False)
    assert files_with(folder, SECRET) == []


def caches(folder: Folder) -> list[str]:
    """Return what is kept for the next build and holds the story's words."""
    every = [path for path in (folder.root / ".build").rglob("*") if path.is_file()]
    return [path.name for path in every if SECRET.encode() in path.read_bytes()]


@pytest.mark.parametrize("removed", [("public", "public.twin"), ("public",), ()])
def test_what_is_withdrawn_stays_in_no_cache_no_kit_and_no_build_for_a_release(
    folder: Folder, removed: tuple[str, ...]
) -> None:
    folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="a-story")
    folder.table("consents", TOLD)
    built(folder, compress=False)
    site, kit = site_in(folder.root, TODAY), folder.root / "kit" / "portal.zip"
    shutil.copytree(site.public, site.for_release)
    shutil.copytree(site.public, site.for_release.with_name("public.twin"))
    for name in removed:
        shutil.rmtree(folder.root / name)
    kit.parent.mkdir()
    kit.write_bytes(SECRET.encode())
    assert caches(folder)
    assert run(site, "withdraw", "stories/a").exit_code == 0
    assert files_with(folder, SECRET) == caches(folder) == traces(site.published) == []
    assert not kit.exists()
    assert record.load(folder.root) is None


def test_a_story_that_no_site_shows_any_more_leaves_caches_and_kit_too(folder: Folder) -> None:
    folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="a-story")
    folder.table("consents", TOLD)
    built(folder, compress=False)
    site, kit = site_in(folder.root, TODAY), folder.root / "kit" / "portal.zip"
    for name in ("public", "public.twin"):
        shutil.rmtree(folder.root / name)
    kit.parent.mkdir()
    kit.write_bytes(SECRET.encode())
    assert run(site, "withdraw", "stories/a").exit_code == 0
    assert caches(folder) == []
    assert not kit.exists()
    assert [*(folder.root / kept_work.FOLDER).glob("*.db")], "emptied, since another program may have them open"


def test_a_kit_that_cannot_be_removed_keeps_no_withdrawal_from_being_written(folder: Folder) -> None:
    folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="a-story")
    folder.table("consents", TOLD)
    built(folder, compress=False)
    site, kit = site_in(folder.root, TODAY), folder.root / "kit"
    (kit / "portal.zip").mkdir(parents=True)  # a folder stands for whatever the system does not let go
    (kit / "leaflet-en.pdf").write_bytes(SECRET.encode())
    result = run(site, "withdraw", "stories/a")
    assert result.exit_code == 1
    assert "may hold what was withdrawn. Remove it yourself" in result.output
    assert "portal.zip" in result.output
    assert not (kit / "leaflet-en.pdf").exists()
    assert files_with(folder, SECRET) == []
    assert folder.rows("consents")[0]["withdrawn_on"] == TODAY


@pytest.mark.parametrize("content_option", ["content", "content/", "content/../content", "{root}/content"])
def test_a_withdrawal_from_the_programs_own_content_cleans_the_site_that_readers_see(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, content_option: str
) -> None:
    monkeypatch.chdir(folder.root)
    program = replace(PROGRAM, file=folder.root / "build.py")
    words = ["build.py", "withdraw", "a", "--content", content_option.format(root=folder.root)]
    assert root_of(program, words) == folder.root
    assert words == ["build.py", "withdraw", "a"]


def test_what_a_killed_build_left_is_removed_and_what_a_running_one_works_in_stays(folder: Folder) -> None:
    """Killed while it removes the old site, a build leaves all of that, under the name of its new one."""
    folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="a-story")
    folder.table("consents", TOLD)
    built(folder, compress=False)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    leftover, own = (folder.root / f"public.new-{process}" for process in (ended.pid, os.getpid()))
    for place in (leftover, own):
        shutil.copytree(folder.root / "public", place)
    leftover.with_name(f"{leftover.name}.stopped").touch()
    assert run(site_in(folder.root, TODAY), "withdraw", "stories/a").exit_code == 0
    assert sorted(path.name for path in folder.root.glob("public.*")) == [own.name, "public.twin"]


def test_a_release_that_was_left_half_made_is_removed_unless_somebody_makes_it_just_now(folder: Folder) -> None:
    folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="a-story")
    folder.table("consents", TOLD)
    built(folder, compress=False)
    site = site_in(folder.root, TODAY)
    half = site.published / releases.RELEASES / "0000000007.new"
    shutil.copytree(site.public, half / releases.PUBLIC)
    with locked(site.published / releases.LOCK):
        assert run(site, "withdraw", "stories/a").exit_code == 0
        assert half.exists(), "who makes it cleans it before it is shown, and once more after that"
    assert run(site, "withdraw", "stories/a").exit_code == 0
    assert traces(site.published) == []


def test_a_story_that_an_older_table_brings_back_is_said(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("demonstration_keys", KEYS), ("unprotected_keys", ()), ("node_for", nullcontext())):
        monkeypatch.setattr(commands_building, name, lambda *_, value=value: value)
    folder.page("stories/a", f"{SECRET}.", title=f"{SECRET} title", consent="a-story")
    folder.table("consents", TOLD)
    site, table = site_in(folder.root, TODAY), folder.csv("consents")
    commands_building.build_if_changed(site, site.public, speak=False, compress=False)
    before, state = table.read_bytes(), table.stat()
    assert run(site, "withdraw", "stories/a").exit_code == 0
    table.write_bytes(before)
    os.utime(table, ns=(state.st_atime_ns, state.st_mtime_ns))
    capsys.readouterr()
    commands_building.build_if_changed(site, site.public, speak=False, compress=False)
    errors = capsys.readouterr().err
    assert "/en/stories/a/ was withdrawn and is on the site again" in errors
    assert "build.py withdraw /en/stories/a/" in errors


@pytest.mark.parametrize("removed", [False, True])
def test_what_was_made_before_a_withdrawal_is_not_kept_after_it(tmp_path: Path, removed: bool) -> None:
    """`serve` holds what a build that failed had made; meanwhile somebody withdraws a story in another window."""
    serving = kept_work.KeptWork(tmp_path / kept_work.FOLDER / "pages.db")
    serving.put(b"other", b"a page of before")
    serving.save()
    serving.put(b"story", b"her words")
    kept_work.forget(tmp_path)
    if removed:
        serving.close()
        kept_work.remove(tmp_path / kept_work.FOLDER / "pages.db")
    serving.save()
    serving.put(b"new", b"a page of after")
    serving.save()
    after = kept_work.KeptWork(tmp_path / kept_work.FOLDER / "pages.db")
    assert [after.get(key) for key in (b"other", b"story", b"new")] == [None, None, b"a page of after"]
