"""A story whose consent is withdrawn or ended leaves the site at once, whatever else is broken."""

import gzip
import json
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from sitegen.content.consents import languages
from sitegen.publish import withdrawal

from forms.core.builds import manifest as build_manifest

ROOT = Path(__file__).parents[2]
TODAY = date(2027, 1, 1)
SECRET = "Kuruvikoodu"
CONSENT = {
    "id": "a-story", "kind": "survivor", "story": "stories/a", "languages": "en, TA", "given_on": "2026-06-01",
    "expires_on": "2027-06-01", "adult": "true", "approved_by": "B", "approved_on": "2026-06-02", "court_case": "no",
    "name_changed": "true",
}  # fmt: skip


def tell(folder: Any, **changes: str) -> None:
    """Write one story in English and Tamil, a list and a menu that lead to it, and its consent."""
    folder.table("consents", {**CONSENT, **changes})
    for language in ("en", "ta"):
        folder.page("stories/a", f"{SECRET} in {language}.", language, title=f"{SECRET} title", consent="a-story")
    folder.page("told", "[[ stories ]]\n\n[one](stories/a.md)")
    folder.page("pages", "[[ pages ]]")
    settings = folder.root / "content" / "portal.yml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("- index", "- index\n- stories/a"), "utf-8")


def traces(site: Path, *within: str) -> list[str]:
    """Return the files of a site in which the story's words stand, packed or not."""
    found = []
    for path in sorted(path for start in within or (".",) for path in (site / start).rglob("*") if path.is_file()):
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if SECRET.encode() in data or SECRET.lower().encode() in data:
            found.append(path.relative_to(site).as_posix())
    return found


def test_a_story_withdrawn_in_the_table_is_built_as_a_neutral_page_and_leaves_everything_else(folder: Any) -> None:
    tell(folder, withdrawn_on="2026-12-31")
    site = folder.build()
    assert traces(site) == []
    for language in ("en", "ta", "or"):
        page = (site / language / "stories/a/index.html").read_text(encoding="utf-8")
        assert "noindex" in page
    assert "This page is no longer here" in (site / "en/stories/a/index.html").read_text(encoding="utf-8")
    assert "stories/a" not in (site / "sitemap.xml").read_text(encoding="utf-8")
    assert "/en/stories/a/" not in (site / "en/pages/index.html").read_text(encoding="utf-8")
    assert "/en/stories/a/" in json.loads((site / "withdrawn.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("changes", [{"expires_on": "2027-01-01"}, {"kind": "composite", "withdrawn_on": "2026-12-01"}])
def test_a_consent_that_has_ended_does_not_stop_the_build(folder: Any, changes: dict[str, str]) -> None:
    tell(folder, **changes)
    report = folder.check()
    assert report.problems == ()
    assert [line for line in report.warnings if line.startswith("content/en/stories/a.md: the consent ")]


def test_english_does_not_stand_in_where_the_consent_does_not_cover_the_language(folder: Any) -> None:
    tell(folder)
    site = folder.build()
    assert traces(site, "or") == []
    assert traces(site, "en")
    assert "ta/stories/a/index.html" in traces(site, "ta")
    assert withdrawal.purge(site, folder.root / "content", TODAY) == []


def test_staff_are_warned_30_days_before_a_consent_ends(folder: Any) -> None:
    tell(folder, expires_on="2027-01-31")
    line = "content/tables/consents.csv, a-story: the consent ends on 2027-01-31. Ask the person again."
    assert line in folder.check().warnings
    assert line not in folder.check(today=date(2026, 12, 31)).warnings


@pytest.mark.parametrize("cell", ["en ta", "en, ta", "EN,TA", " en;ta "])
def test_languages_are_read_with_spaces_and_commas_and_in_any_case(cell: str) -> None:
    assert languages(cell) == {"en", "ta"}


def test_a_story_outside_its_folder_does_not_slip_past(folder: Any) -> None:
    folder.page("elsewhere", composite="true")
    folder.page("other", consent="a-story")
    assert sum("this story has no consent record." in problem for problem in folder.problems()) == 2


@pytest.fixture
def program(folder: Any, load: Callable[[Path], ModuleType], monkeypatch: pytest.MonkeyPatch) -> Any:
    """build.py as it works on the tiny district."""
    monkeypatch.setenv("PORTAL_INSIDE_VENV", "yes")
    module = load(ROOT / "build.py")
    monkeypatch.setattr(module, "ROOT", folder.root)
    monkeypatch.setattr(module, "BUILT", folder.root / ".build" / "built")
    monkeypatch.setattr(module, "today", lambda: TODAY)
    return module


def break_everything_else(folder: Any) -> None:
    folder.csv("events").write_bytes(b"\xff\xfe")
    folder.csv("helplines").unlink()
    (folder.root / "content" / "portal.yml").write_text("menu: [", encoding="utf-8")
    (folder.root / "content" / "en" / "told.md").write_text("nothing", encoding="utf-8")


def test_withdrawn_while_everything_else_is_broken_it_is_gone_everywhere_within_5_seconds(
    folder: Any, program: Any
) -> None:
    tell(folder)
    site = folder.build()
    assert traces(site)
    shutil.copytree(site, folder.root / "public.old-1")
    (folder.root / "kit").mkdir()
    (folder.root / "kit" / "portal.zip").write_bytes(b"x")
    break_everything_else(folder)
    started = time.monotonic()
    done = CliRunner().invoke(program.portal, ["withdraw", "a", "--out", str(site)])
    assert time.monotonic() - started < 5
    assert done.exit_code == 0, done.output
    assert traces(site) == traces(folder.root / "public.old-1") == []
    assert not (folder.root / "kit" / "portal.zip").exists()
    assert "This page is no longer here" in (site / "en/stories/a/index.html").read_text(encoding="utf-8")
    assert "stories/a/" not in (site / "sitemap.xml").read_text(encoding="utf-8")
    assert '<li><a href="/en/stories/a/"' not in (site / "en/pages/index.html").read_text(encoding="utf-8")
    assert {"/en/stories/a/", "/ta/stories/a/"} <= set(withdrawal.listed(site))
    assert "withdrawn_on" in folder.csv("consents").read_text(encoding="utf-8")
    assert "2027-01-01" in folder.csv("consents").read_text(encoding="utf-8")
    listed = build_manifest.read((site / build_manifest.ADDRESS[1:]).read_bytes()).files["/en/stories/a/"]
    assert listed == build_manifest.file_of((site / "en/stories/a/index.html").read_bytes())


@pytest.mark.parametrize(
    "harm",
    [
        lambda table: table.write_bytes(b"PK\x03\x04"),
        lambda table: table.unlink(),
        lambda table: table.write_text(table.read_text().replace("2027-06-01", "soon")),
        lambda table: table.write_text(table.read_text().replace("a-story", "another")),
        lambda table: table.write_text(table.read_text().replace("2027-06-01,", "2027-06-01,yes")),
        lambda table: table.write_text(table.read_text() + table.read_text().splitlines()[1] + "\n"),
    ],
    ids=["workbook", "missing", "date", "row", "word", "twice"],
)
def test_a_build_that_fails_leaves_no_story_whose_consent_is_in_doubt(folder: Any, program: Any, harm: Any) -> None:
    tell(folder)
    site = folder.build()
    harm(folder.csv("consents"))
    break_everything_else(folder)
    done = CliRunner().invoke(program.portal, ["build", "--out", str(site)])
    assert done.exit_code == 1
    assert traces(site) == []


def test_the_table_keeps_its_mark_its_line_ends_and_its_separator(folder: Any) -> None:
    tell(folder)
    table = folder.csv("consents")
    text = table.read_text(encoding="utf-8").replace("en, TA", "en ta").replace('"', "").replace(",", ";")
    before = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    table.write_bytes(before)
    assert withdrawal.write_withdrawn(folder.root / "content", "stories/a", TODAY) == 1
    assert table.read_bytes() == before.replace(b"2027-06-01;;", b"2027-06-01;2027-01-01;")


@pytest.mark.parametrize("told", ["a", "stories/a", "content/en/stories/a.md", "/ta/stories/a/"])
def test_a_story_is_known_by_its_name_its_file_and_its_address(told: str) -> None:
    assert withdrawal.story_of(told) == "stories/a"


def test_a_name_that_is_no_story_is_said(folder: Any, program: Any) -> None:
    done = CliRunner().invoke(program.portal, ["withdraw", "b", "--out", str(folder.root / "public")])
    assert done.exit_code == 1
    assert "is no story here." in done.output
