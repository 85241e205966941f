"""A story whose consent is withdrawn or ended leaves the site at once, whatever else is broken."""

import gzip
import json
import os
import shutil
import sqlite3
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from commands import building, withdrawals
from commands.site import Site, today_in
from sitegen.content.consent.consent_names import languages, media_names, story_name
from sitegen.content.consent.consent_table import read_leniently
from sitegen.publish.withdrawals import named_consents, withdrawal, withdrawal_writing

from forms.core.builds import manifest as build_manifest
from forms.core.builds import withdrawn
from tests.commands import run
from tests.patience import until

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


def saved_as(table: Path, *, mark: bytes, separator: str, end: str, day: str) -> None:
    """Save a table as another spreadsheet would."""
    text = table.read_text(encoding="utf-8").replace("en, TA", "en TA").replace('"', "").replace("2027-06-01", day)
    table.write_bytes(mark + text.replace(",", separator).replace("\n", end).encode())


@pytest.mark.parametrize(
    ("mark", "separator", "end", "day"),
    [(b"", ";", "\n", "1/6/2027"), (b"\xef\xbb\xbf", ";", "\r\n", "01-06-2027"), (b"\xef\xbb\xbf", ",", "\r\n", "2027/6/1"),
     (b"\xef\xbb\xbf", "\t", "\n", "2027-06-01")],
)  # fmt: skip
def test_a_consent_is_read_however_a_spreadsheet_saves_it(
    folder: Any, mark: bytes, separator: str, end: str, day: str
) -> None:
    tell(folder)
    saved_as(folder.csv("consents"), mark=mark, separator=separator, end=end, day=day)
    content = folder.root / "content"
    assert read_leniently(content).covers("stories/a", "ta", date(2027, 5, 31))
    assert not read_leniently(content).covers("stories/a", "ta", date(2027, 6, 1))
    assert withdrawal_writing.write_withdrawn(content, "a", TODAY) == 1
    assert not read_leniently(content).covers("stories/a", "ta", TODAY)


def test_a_consent_that_is_given_again_after_a_withdrawal_counts(folder: Any) -> None:
    before = {**CONSENT, "id": "before", "given_on": "2026-01-01", "withdrawn_on": "2026-05-31"}
    tell(folder)
    folder.table("consents", before, CONSENT)
    assert folder.problems() == []
    assert read_leniently(folder.root / "content").covers("stories/a", "en", TODAY)
    folder.table("consents", {**before, "withdrawn_on": "2026-06-01"}, CONSENT)
    assert not read_leniently(folder.root / "content").covers("stories/a", "en", TODAY)
    assert any("(row before). A neutral page" in line for line in folder.check().warnings)


@pytest.mark.parametrize("story", ["stories/a\u200b", "\u202astories/a\u202c", "stories/a\ufeff"])
def test_a_withdrawal_counts_whatever_nobody_sees_stands_in_its_row(folder: Any, story: str) -> None:
    tell(folder)
    folder.table("consents", {**CONSENT, "id": "other", "story": story, "withdrawn_on": "2026-12-01"}, CONSENT)
    assert not read_leniently(folder.root / "content").covers("stories/a", "en", TODAY)


@pytest.mark.parametrize(
    ("settings", "day"),
    [("timezone: Asia/Kolkata", date(2027, 1, 2)), ("menu: [\ntimezone: 'Asia/Kolkata'", date(2027, 1, 2)),
     ("timezone: America/New_York", date(2027, 1, 1)), ("timezone: Nowhere/At_all", date(2027, 1, 1)), ("", TODAY)],
)  # fmt: skip
def test_a_consent_ends_at_midnight_in_the_district(tmp_path: Path, settings: str, day: date) -> None:
    (tmp_path / "portal.yml").write_text(settings, encoding="utf-8")
    assert today_in(tmp_path, datetime(2027, 1, 1, 18, 30, tzinfo=UTC)) == day
    assert today_in(tmp_path, datetime(2027, 1, 1, 18, 29, tzinfo=UTC)) == TODAY


@pytest.mark.parametrize(
    "name",
    [
        "photos/a.jpg",
        "/media/photos/A.JPG",
        "content/media/photos/a.jpg",
        "photos\\a.jpg",
        "photos/a.jpg\u200b",
        "\u200ephotos/a\u2060.jpg",
    ],
)
def test_a_file_is_known_however_it_is_written(name: str) -> None:
    assert media_names(f"{name}; b.mp4") == {"photos/a.jpg", "b.mp4"}


@pytest.mark.parametrize(
    "name",
    ["a", "Stories/A.md", "/en/stories/a/", "content/en/stories/a.md", "stories/a\u200b", "\u202astories/a\u202c"],
)
def test_a_story_has_one_name(name: str) -> None:
    assert story_name(name) == "stories/a"


@pytest.mark.parametrize("cell", ["English, Tamil", "en ta and hi or all languages"])
def test_a_language_that_is_no_code_is_said(folder: Any, cell: str) -> None:
    tell(folder, languages=cell)
    assert any("is no code of a language." in problem for problem in folder.problems())


@pytest.mark.parametrize("cell", ["en ta", "en, ta", "EN,TA", " en;ta ", "en/ta", "en | ta"])
def test_languages_are_read_with_spaces_and_commas_and_in_any_case(cell: str) -> None:
    assert languages(cell) == {"en", "ta"}


def test_a_story_outside_its_folder_does_not_slip_past(folder: Any) -> None:
    folder.page("elsewhere", composite="true")
    folder.page("other", consent="a-story")
    folder.page("third", kind="composite")
    folder.page("Stories/fourth")
    folder.page("survivors/fifth")
    assert sum("this story has no consent record." in problem for problem in folder.problems()) == 5


@pytest.mark.parametrize("marks", [{"consent": "a-story"}, {"composite": "true"}, {"kind": "Survivor"}, {}])
def test_a_story_outside_its_folder_is_taken_off_a_site_on_which_it_stands(folder: Any, marks: dict[str, str]) -> None:
    tell(folder, story="stories/a" if marks else "told/elsewhere")
    folder.page("told/elsewhere", **marks)
    address = folder.root / "public" / "en" / "told" / "elsewhere" / "index.html"
    address.parent.mkdir(parents=True)
    address.write_text(SECRET, encoding="utf-8")
    row = {} if marks else {"withdrawn_on": "2026-12-01"}
    folder.table("consents", {**CONSENT, "story": "stories/a" if marks else "told/elsewhere", **row})
    assert withdrawal.purge(folder.root / "public", folder.root / "content", TODAY) == ["/en/told/elsewhere/"]
    assert traces(folder.root / "public") == []


@pytest.mark.parametrize("lacking", ["given_on", "expires_on", "approved_by", "approved_on"])
def test_an_example_needs_dates_and_a_second_person_too(folder: Any, lacking: str) -> None:
    tell(folder, kind="composite", **{lacking: ""})
    folder.page("stories/a", consent="a-story", composite="true")
    assert any("the consent record is not complete." in problem for problem in folder.problems())
    assert not read_leniently(folder.root / "content").covers("stories/a", "en", TODAY)


def test_an_example_with_dates_and_a_second_person_is_published(folder: Any) -> None:
    tell(folder, kind="composite")
    for language in ("en", "ta"):
        folder.page("stories/a", "Text.", language, consent="a-story", composite="true")
    assert folder.problems() == []
    assert read_leniently(folder.root / "content").covers("stories/a", "ta", TODAY)


def beside(table: Path, name: str) -> None:
    """Put a newer file beside a table."""
    table.with_name(name).write_bytes(b"x")
    os.utime(table, (0, 0))


def break_everything_else(folder: Any) -> None:
    folder.csv("events").write_bytes(b"\xff\xfe")
    folder.csv("helplines").unlink()
    (folder.root / "content" / "portal.yml").write_text("menu: [", encoding="utf-8")
    (folder.root / "content" / "en" / "told.md").write_text("nothing", encoding="utf-8")
    (folder.root / "content" / "en" / "broken.md").write_bytes(b"\xff\xfe---")
    (folder.root / "content" / "en" / ".#told.md").symlink_to("nowhere")
    (folder.root / "content" / "translations.json").write_text("<<<<<<<", encoding="utf-8")


def test_withdrawn_while_everything_else_is_broken_it_is_gone_everywhere_within_5_seconds(
    folder: Any, here: Site
) -> None:
    tell(folder)
    site = folder.build()
    assert traces(site)
    shutil.copytree(site, folder.root / "public.old-1")
    (folder.root / "kit").mkdir()
    (folder.root / "kit" / "portal.zip").write_bytes(b"x")
    break_everything_else(folder)
    started = time.process_time()  # its own work: a machine may be busy with other programs
    result = run(here, "withdraw", "a", "--out", site)
    assert time.process_time() - started < 5
    assert result.exit_code == 0, result.output
    assert traces(site) == traces(folder.root / "public.old-1") == []
    assert not (folder.root / "kit" / "portal.zip").exists()
    assert "This page is no longer here" in (site / "en/stories/a/index.html").read_text(encoding="utf-8")
    assert "stories/a/" not in (site / "sitemap.xml").read_text(encoding="utf-8")
    assert '<li><a href="/en/stories/a/"' not in (site / "en/pages/index.html").read_text(encoding="utf-8")
    assert {"/en/stories/a/", "/ta/stories/a/"} <= set(withdrawn.read_addresses(site))
    assert "withdrawn_on" in folder.csv("consents").read_text(encoding="utf-8")
    assert "2027-01-01" in folder.csv("consents").read_text(encoding="utf-8")
    entry = build_manifest.read((site / build_manifest.ADDRESS[1:]).read_bytes()).files["/en/stories/a/"]
    assert entry == build_manifest.file_of((site / "en/stories/a/index.html").read_bytes())


def test_withdrawn_where_nobody_can_read_which_server_has_the_site_it_is_gone_here_and_that_is_said(
    folder: Any, here: Site
) -> None:
    tell(folder)
    site = folder.build()
    settings_text = "publish: {remote: 'https://git.example/district.git'}\nmenu: ["
    (folder.root / "content" / "portal.yml").write_text(settings_text, encoding="utf-8")
    result = run(here, "withdraw", "a", "--out", site)
    assert traces(site) == []
    assert result.exit_code == 1, "the server still shows it: a script must not go on as if all were well"
    assert "content/portal.yml, line" in result.output


def test_a_broken_portal_yml_that_may_name_a_server_is_said_when_all_else_is_done(folder: Any, here: Site) -> None:
    tell(folder)
    site = folder.build()
    settings = folder.root / "content" / "portal.yml"
    settings.write_text("menu: [\npublish:\n  remote: git@server.example:site\n", encoding="utf-8")
    result = run(here, "withdraw", "a", "--out", site)
    assert traces(site) == []
    assert "readers still see there what was withdrawn here" in result.output
    assert result.exit_code == 1
    from editor import settings as editor_settings  # noqa: PLC0415

    assert editor_settings.read(here.editor_memory).withdrawing_since == "2027-01-01", "the editor tries again"


@pytest.mark.parametrize("name", ["/en/stories/before/", "stories/before", "before", "/ta/leaflet/"])
def test_a_story_that_moved_is_withdrawn_by_its_old_name_too(folder: Any, here: Site, name: str) -> None:
    tell(folder)
    folder.table("moved", {"old": "stories/before", "new": "stories/a"}, {"old": "leaflet", "new": "stories/before"})
    site = folder.build()
    result = run(here, "withdraw", name, "--out", site)
    assert result.exit_code == 0, result.output
    assert traces(site) == []
    assert "2027-01-01" in folder.csv("consents").read_text(encoding="utf-8")


def test_no_work_kept_for_the_next_build_holds_its_words_voice_or_picture(folder: Any, here: Site) -> None:
    tell(folder)
    cache = folder.root / ".build"
    assert building.build_if_changed(here, here.public, speak=False)
    page = folder.root / "public" / "en" / "stories" / "a" / "index.html"
    own = '<img src="/pictures/face-480.jpg"><audio src="/audio/voice.opus"></audio>'
    page.write_text(page.read_text(encoding="utf-8").replace("</main>", f"{own}</main>"), encoding="utf-8")
    for name in ("pictures/face-480.jpg", "speech/voice.opus", "speech/of-another-page.opus"):
        (cache / name).parent.mkdir(exist_ok=True)
        (cache / name).write_bytes(b"x")
    open_connection = sqlite3.connect(cache / "kept" / "pages-en.db")  # as by `serve`, which runs beside
    assert open_connection.execute("SELECT count(*) FROM work").fetchone() > (0,)
    assert traces(cache, "kept", "last-build")
    result = run(here, "withdraw", "a", "--out", here.public)
    assert result.exit_code == 0, result.output
    assert traces(cache, "kept", "last-build") == []
    for path in (cache / "kept").glob("*.db"):  # packed copies too
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM work").fetchone() == (0,), path.name
    open_connection.close()
    assert [path.name for start in ("speech", "pictures") for path in (cache / start).iterdir()] == [
        "of-another-page.opus"
    ]
    assert building.build_if_changed(here, here.public, speak=False), "the next build works"
    assert traces(cache, "kept") == traces(folder.root / "public") == []


def test_serve_takes_a_story_off_within_5_seconds_while_another_table_is_broken(folder: Any, here: Site) -> None:
    tell(folder)
    site = folder.build()
    break_everything_else(folder)
    ended = threading.Event()
    watching = threading.Thread(target=withdrawals.watch_consents, args=(here, ended), daemon=True)
    watching.start()
    try:
        tell_again = folder.csv("consents").read_text(encoding="utf-8").replace("2027-06-01,", "2027-06-01,2026-12-31")
        folder.csv("consents").write_text(tell_again, encoding="utf-8")
        until(lambda: "/en/stories/a/" in withdrawn.read_addresses(site))
    finally:
        ended.set()
        watching.join()
    assert traces(site) == []


@pytest.mark.parametrize(
    "harm",
    [
        lambda table: table.write_bytes(b"PK\x03\x04"),
        lambda table: table.write_bytes(b""),
        lambda table: table.unlink(),
        lambda table: table.write_text(table.read_text().replace("2027-06-01", "soon")),
        lambda table: table.write_text(table.read_text().replace("a-story", "another")),
        lambda table: table.write_text(table.read_text().replace("2027-06-01,", "2027-06-01,yes")),
        lambda table: table.write_text(table.read_text() + table.read_text().splitlines()[1] + "\n"),
        lambda table: table.write_text(table.read_text() + table.read_text().splitlines()[1].upper() + "\n"),
        lambda table: table.write_text(f"{table.read_text()}the-same,survivor,stories/a,,en,,,yesterday,,,,,,\n"),
        lambda table: table.write_text(f"{table.read_text()}the-same,survivor,Stories/A.md,,en,,,31-12-2026,,,,,,\n"),
        lambda table: beside(table, "consents.xlsx"),
        lambda table: beside(table, "Consents (1).csv"),
    ],
    ids=[
        "workbook",
        "empty",
        "missing",
        "date",
        "row",
        "word",
        "twice",
        "capitals",
        "other",
        "other day",
        "xlsx",
        "copy",
    ],
)
def test_a_build_that_fails_leaves_no_story_whose_consent_is_in_doubt(folder: Any, here: Site, harm: Any) -> None:
    tell(folder)
    site = folder.build()
    harm(folder.csv("consents"))
    break_everything_else(folder)
    result = run(here, "build", "--out", site)
    assert result.exit_code == 1
    assert traces(site) == []


def test_the_table_keeps_its_mark_its_line_ends_and_its_separator(folder: Any) -> None:
    tell(folder)
    table = folder.csv("consents")
    text = table.read_text(encoding="utf-8").replace("en, TA", "en ta").replace('"', "").replace(",", ";")
    before = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    table.write_bytes(before)
    assert withdrawal_writing.write_withdrawn(folder.root / "content", "stories/a", TODAY) == 1
    assert table.read_bytes() == before.replace(b"2027-06-01;;", b"2027-06-01;2027-01-01;")


@pytest.mark.parametrize(
    "name", ["a", "stories/a", "content/en/stories/a.md", "/ta/stories/a/", "https://portal.example/ta/stories/a/",
             "STORIES\\A.md", "a-story", "A-Story"],
)  # fmt: skip
def test_a_story_is_known_by_its_name_its_file_its_address_and_its_consent(folder: Any, name: str) -> None:
    tell(folder)
    assert named_consents.stories_of(name, folder.root / "content", folder.root / "public") == ["stories/a"]
    assert withdrawal_writing.write_withdrawn(folder.root / "content", name, TODAY) == 1


def test_a_name_that_is_no_story_is_said(folder: Any, here: Site) -> None:
    result = run(here, "withdraw", "b", "--out", here.public)
    assert result.exit_code == 1
    assert "is no story here." in result.output


def test_withdrawing_one_consent_withdraws_no_other_persons(folder: Any, here: Site) -> None:
    tell(folder)
    quoted = {**CONSENT, "story": "", "quotes": "wages"}
    folder.table("consents", CONSENT, {**quoted, "id": "wages"}, {**quoted, "id": "other"}, {**quoted, "id": "a"})
    content, site = folder.root / "content", folder.root / "public"
    folder.page("wages", "> One.\n> consent: wages\n\nAnd:\n\n> Two.\n> consent: other")
    assert withdrawal_writing.write_withdrawn(content, "wages", TODAY) == 1
    assert named_consents.stories_of("a", content, site) == []
    assert withdrawal_writing.write_withdrawn(content, "a", TODAY) == 1
    assert {row["id"]: row["withdrawn_on"] for row in read_leniently(content).rows} == {
        "a-story": "", "wages": "2027-01-01", "other": "", "a": "2027-01-01",
    }  # fmt: skip
    result = run(here, "withdraw", "wages", "--out", site)
    assert "python3 build.py withdraw wages.md" in result.output
    assert withdrawal_writing.write_withdrawn(content, "wages.md", TODAY) == 3
    assert named_consents.stories_of("stories/a", content, site) == ["stories/a"]


def test_the_papers_of_the_kit_that_hold_pages_go_with_its_card(tmp_path: Path) -> None:
    for name in ("portal.zip", "leaflet-en.pdf", "poster-ta.pdf", "card-or.pdf", "keys-en.pdf", "our own.pdf"):
        (tmp_path / name).write_bytes(b"x")
    assert withdrawal.remove_card(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys-en.pdf", "our own.pdf"]
    assert not withdrawal.remove_card(tmp_path)


def test_withdrawn_on_a_machine_without_the_editors_packages_the_server_is_left_to_the_editor(
    folder: Any, here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`serve` installs no package of the editor; where the site is pushed from here, that must not end in a fault."""
    from editor import settings as editor_settings  # noqa: PLC0415

    tell(folder)
    site = folder.build()
    monkeypatch.setitem(sys.modules, "commands.editing", None)
    result = run(here, "withdraw", "a", "--out", site)
    assert result.exit_code == 0, "nothing is pushed from here, and nothing of the editor is needed"
    settings = folder.root / "content" / "portal.yml"
    settings.write_text(
        settings.read_text("utf-8") + "publish: {remote: 'https://git.example/district.git'}\n", "utf-8"
    )
    result = run(here, "withdraw", "a", "--out", site)
    assert result.exit_code == 1
    assert "https://git.example/district.git: has not been told" in result.output
    assert "python3 build.py edit" in result.output
    assert editor_settings.read(here.editor_memory).withdrawing_since == "2027-01-01"
