"""A library under a district: what counts, what is said, and what a hostile one can reach."""

import csv
import hashlib
import shutil
import stat
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sitegen.content import page_reader, tables, translations
from sitegen.content.consent import consent_table, consents
from sitegen.content.spreadsheets import table_reader
from sitegen.incremental import inputs
from sitegen.layers import inherited, libraries, library_zips, lookup
from sitegen.publish.withdrawals import named_consents, withdrawal, withdrawal_writing

from forms.core.problem import Problem

TODAY = date(2027, 1, 1)
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1"/></svg>'
CONSENT = {
    "id": "c", "kind": "composite", "story": "stories/a", "languages": "en ta or", "given_on": "2026-12-01",
    "expires_on": "2028-01-01", "adult": "true", "approved_by": "P", "approved_on": "2026-12-01", "court_case": "no",
    "name_changed": "true",
}  # fmt: skip
STORY = "---\ntitle: A\nkind: survivor\ncomposite: true\nconsent: c\nquotes: published\n---\n# A\n\nText.\n"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_table(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*{name: None for row in rows for name in row}])
        writer.writeheader()
        writer.writerows(rows)


def page(title: str, text: str = "Text.", **meta: Any) -> str:
    return f"---\n{yaml.safe_dump({'title': title, **meta}, allow_unicode=True)}---\n# {title}\n\n{text}\n"


@pytest.fixture
def library(folder: Any) -> Path:
    """A folder beside the district's, named in its portal.yml."""
    place: Path = folder.root / "library" / "india"
    place.mkdir(parents=True)
    name_library(folder, ["../library/india"])
    return place


def name_library(folder: Any, listed: Any) -> None:
    path = folder.root / "content" / "portal.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    write(path, yaml.safe_dump({**settings, "library": listed}, allow_unicode=True))


def read_tables(folder: Any) -> Any:
    return table_reader.read_tables(folder.root / "content" / "tables", folder.root / "site" / "schemas")


def test_the_districts_page_counts_and_the_librarys_stands_where_there_is_none(folder: Any, library: Path) -> None:
    write(library / "en" / "help.md", page("Help of the library"))
    write(library / "en" / "signs.md", page("Signs of the library"))
    write(library / "ml" / "signs.md", page("A language that is not here"))
    write(library / "README.md", "Beside it.")
    folder.page("help", "Own.", title="Own help")
    report = folder.check()
    assert not report.problems
    assert any(
        "1 files and 0 rows of tables come from library/india; 1 files" in warning for warning in report.warnings
    )
    found = lookup.files(folder.root / "content", "en", "*.md")
    assert {file.name: file.layer.label for file in found} == {
        "en/help.md": "content", "en/index.md": "content", "en/signs.md": "library/india",
    }  # fmt: skip


def test_rows_are_merged_by_id_and_dropped(folder: Any, library: Path) -> None:
    write_table(
        library / "tables" / "work.csv",
        {"id": "kiln", "order": 1, "name_en": "Kiln of the library", "name_ml": "x"},
        {"id": "mill", "order": 2, "name_en": "Mill", "name_ml": "x"},
        {"id": "farm", "order": 3, "name_en": "Farm", "name_ml": "x"},
    )
    write_table(
        folder.csv("work"),
        {"id": "kiln", "order": 1, "name_en": "Own kiln", "drop": ""},
        {"id": "farm", "order": "", "name_en": "", "drop": "true"},
        {"id": "port", "order": 4, "name_en": "Port", "drop": "false"},
    )
    rows = read_tables(folder)["work"]
    assert [(row["id"], row["name_en"]) for row in rows] == [("kiln", "Own kiln"), ("mill", "Mill"), ("port", "Port")]
    assert tables.place_of("work", rows[1]) == "library/india/tables/work.csv, row 3"
    assert tables.place_of("work", rows[0]) == "content/tables/work.csv, row 2"
    assert "drop" not in rows[0]


def test_a_table_that_only_a_library_has_counts(folder: Any, library: Path) -> None:
    folder.csv("work").rename(library / "work.csv")
    (library / "tables").mkdir()
    (library / "work.csv").rename(library / "tables" / "work.csv")
    assert [row["id"] for row in read_tables(folder)["work"]] == ["kiln"]
    assert not folder.problems()


def test_what_is_wrong_in_a_library_is_said_with_its_place(folder: Any, library: Path, refusal: Any) -> None:
    write_table(library / "tables" / "work.csv", {"id": "mill", "order": "two", "name_en": "Mill"})
    assert 'library/india/tables/work.csv, row 2, column order: "two" is not a whole number' in refusal()


def test_a_row_that_drops_nothing_is_said(folder: Any, library: Path, refusal: Any) -> None:
    write_table(folder.csv("work"), {"id": "kiln", "order": 1, "name_en": "Kiln", "drop": "true"})
    assert "content/tables/work.csv, row 2, column drop: no library has the row kiln." in refusal()


def test_changes_of_a_library_are_a_change_of_the_build(folder: Any, library: Path) -> None:
    before = inputs.scan(folder.root)
    write(library / "en" / "new.md", page("New"))
    assert inputs.changes(before, inputs.scan(folder.root, before))


def test_a_librarys_change_under_an_own_row_is_said(folder: Any, library: Path) -> None:
    """A library corrects a number; a district that has the row itself would never hear of it."""
    table, content = library / "tables" / "work.csv", folder.root / "content"
    write_table(folder.csv("work"), {"id": "kiln", "order": 1, "name_en": "Kilns here"})

    def change_warnings() -> list[str]:
        inherited.remember(content)
        return [one for one in inherited.warnings(content, {}) if "has changed since" in one]

    write_table(table, {"id": "kiln", "order": 1, "name_en": "Kiln"}, {"id": "mill", "order": 2, "name_en": "Mill"})
    assert change_warnings() == []
    write_table(table, {"id": "kiln", "order": 1, "name_en": "Kiln"}, {"id": "mill", "order": 2, "name_en": "Mills"})
    assert change_warnings() == [], "the district takes this row as it is"
    write_table(table, {"id": "kiln", "order": 1, "name_en": "Brick kiln"})
    (warning,) = change_warnings()
    assert warning.startswith("content/tables/work.csv, kiln: the library's row has changed")
    assert len(change_warnings()) == 1, "until somebody has looked"
    (content / inherited.FILE).write_text("{}", encoding="utf-8")
    assert change_warnings() == []


def test_a_librarys_change_under_an_own_file_is_said(folder: Any, library: Path) -> None:
    write(library / "en" / "help.md", page("Help"))
    folder.page("help", "Own.")
    content = folder.root / "content"
    inherited.remember(content)
    assert not any("has changed since" in one for one in inherited.warnings(content, {}))
    write(library / "en" / "help.md", page("Help", "Newer."))
    inherited.remember(content)
    assert any("content/en/help.md: the library's file has changed" in one for one in inherited.warnings(content, {}))
    (content / inherited.FILE).write_text("{}", encoding="utf-8")
    inherited.remember(content)
    assert not any("has changed since" in one for one in inherited.warnings(content, {}))


def test_a_librarys_translation_of_english_that_the_district_replaced_is_stale(folder: Any, library: Path) -> None:
    write(library / "en" / "help.md", page("Help", "Call.", changed=date(2026, 12, 1)))
    write(library / "ta" / "help.md", page("உதவி", "அழை.", source_changed=date(2026, 12, 1), reviewed_by="A"))
    folder.page("help", "Something else.", title="Own help", changed=date(2026, 12, 1))
    pages = page_reader.read_all(folder.root / "content", ("en", "ta"))[0]
    found = translations.mark_outdated(pages, {})
    tamil = found.by_language["ta"]["help.md"]
    assert found.is_stale(tamil)
    assert not tamil.reviewed
    write(folder.root / "content" / "en" / "help.md", (library / "en" / "help.md").read_text(encoding="utf-8"))
    same = translations.mark_outdated(page_reader.read_all(folder.root / "content", ("en", "ta"))[0], {})
    assert not same.is_stale(same.by_language["ta"]["help.md"])


def read_consents(folder: Any) -> consents.Consents:
    return consent_table.read_leniently(folder.root / "content")


@pytest.fixture
def story(folder: Any, library: Path) -> Any:
    """A story of the library with its consent, shown until somebody weakens it."""
    write(library / "en" / "stories" / "a.md", STORY)
    write_table(library / "tables" / "consents.csv", {**CONSENT, "withdrawn_on": "", "media": "", "note": ""})
    write_table(folder.csv("consents"), dict.fromkeys([*CONSENT, "withdrawn_on", "drop"], ""))
    folder.csv("consents").write_text(folder.csv("consents").read_text().splitlines()[0] + "\n", encoding="utf-8")
    assert read_consents(folder).covers("stories/a", "en", TODAY)
    return folder


def own_row(folder: Any, **cells: str) -> None:
    write_table(folder.csv("consents"), {**dict.fromkeys([*CONSENT, "withdrawn_on", "drop"], ""), "id": "c", **cells})


@pytest.mark.parametrize("cells", [{"withdrawn_on": "2026-12-31"}, {"withdrawn_on": "soon"}, {"drop": "true"}])
def test_a_district_can_withdraw_a_librarys_story(story: Any, cells: dict[str, str]) -> None:
    own_row(story, **cells)
    assert not read_consents(story).covers("stories/a", "en", TODAY)


@pytest.mark.parametrize(
    "cells",
    [
        {"languages": "en ta or hi"}, {"expires_on": "2029-11-01"}, {**CONSENT}, {"adult": "true", "note": "x"},
        {"story": "stories/b"}, {"kind": "nobody"},
    ],
)  # fmt: skip
def test_a_district_cannot_bring_back_what_a_library_withdrew(story: Any, library: Path, cells: dict[str, str]) -> None:
    withdrawn = {**CONSENT, "withdrawn_on": "2026-12-30", "media": "photos/a.png", "note": ""}
    write_table(library / "tables" / "consents.csv", withdrawn)
    own_row(story, **cells)
    assert not read_consents(story).covers("stories/a", "en", TODAY)
    assert read_consents(story).media(TODAY).get("photos/a.png", frozenset()) == frozenset()


EMPTY = dict.fromkeys([*CONSENT, "withdrawn_on"], "")
OWN_ROW = list({**EMPTY, "id": "c", "withdrawn_on": "2026-12-31"}.values())


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ([*EMPTY], [*OWN_ROW, ""]), ([*EMPTY], OWN_ROW[1:]), ([*EMPTY], ["", *OWN_ROW]), ([*EMPTY], ["C", "2026-12-31"]),
        ([*EMPTY], [*OWN_ROW[:5], *OWN_ROW[6:]]), ([*EMPTY], [";".join(OWN_ROW)]), ([*EMPTY], ["\t".join(OWN_ROW)]),
        ([*EMPTY], ["c withdrawn"]), ([*CONSENT], OWN_ROW), ([*EMPTY, ""], ["c", *OWN_ROW[1:-1], "", "2026-12-31"]),
        ([*CONSENT, "withdrawn on"], OWN_ROW), ([*CONSENT, "Withdrawn_on"], OWN_ROW),
        ([*EMPTY, "withdrawn_on"], [*OWN_ROW, ""]), ([";".join(EMPTY)], [";".join(OWN_ROW)]),
        ([*EMPTY][1:], OWN_ROW[1:]), (["ID", *[*EMPTY][1:]], OWN_ROW),
    ],
)  # fmt: skip
def test_a_row_of_the_district_that_cannot_be_read_hides_what_lies_below_it(
    story: Any, library: Path, head: list[str], row: list[str]
) -> None:
    below = {**CONSENT, "withdrawn_on": "", "media": "photos/a.png", "quotes": "told"}
    write_table(library / "tables" / "consents.csv", below)
    assert read_consents(story).media(TODAY) == {"photos/a.png": {"en", "ta", "or"}}
    with story.csv("consents").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, row])
    assert not read_consents(story).covers("stories/a", "en", TODAY)
    assert read_consents(story).media(TODAY).get("photos/a.png", frozenset()) == frozenset()
    assert read_consents(story).status("c", "told", "en", TODAY, column="quotes").reason


def test_a_row_that_cannot_be_read_publishes_nothing_and_hides_nothing_else(story: Any) -> None:
    with story.csv("consents").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*EMPTY], ["other", "2026-12-31"], [*CONSENT.values(), "", "too many"]])
    assert not read_consents(story).covers("stories/a", "en", TODAY)
    with story.csv("consents").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*EMPTY], ["other", "2026-12-31"]])
    assert read_consents(story).covers("stories/a", "en", TODAY)


@pytest.mark.parametrize("name", ["stories/a", "c"])
@pytest.mark.parametrize("row", [["c"], ["c", "composite", "stories/a"], [*{**EMPTY, "id": "c"}.values()], ["d", "x"]])
def test_withdraw_finds_the_row_of_a_library_whatever_the_districts_says(story: Any, row: list[str], name: str) -> None:
    with story.csv("consents").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*EMPTY], row])
    assert withdrawal_writing.write_withdrawn(story.root / "content", name, TODAY)
    assert "2027-01-01" in story.csv("consents").read_text(encoding="utf-8")
    assert not read_consents(story).covers("stories/a", "en", TODAY)


def test_a_district_cannot_widen_a_librarys_consent(story: Any, library: Path, refusal: Any) -> None:
    write_table(library / "tables" / "consents.csv", {**CONSENT, "languages": "en", "withdrawn_on": "", "media": ""})
    own_row(story, **{**CONSENT, "languages": "en ta"})
    assert read_consents(story).covers("stories/a", "en", TODAY)
    assert not read_consents(story).covers("stories/a", "ta", TODAY)
    assert "the consent is a library's, and a district cannot change it." in refusal()


def test_a_broken_table_of_consents_in_any_layer_holds_none(story: Any, library: Path) -> None:
    (library / "tables" / "consents.csv").write_bytes(b"\xff\xfe")
    assert not read_consents(story).covers("stories/a", "en", TODAY)


def test_without_its_own_table_of_consents_a_district_shows_no_story(story: Any, refusal: Any) -> None:
    story.csv("consents").unlink()
    assert not read_consents(story).covers("stories/a", "en", TODAY)
    assert "content/tables/consents.csv: is missing." in refusal()


def test_withdraw_writes_into_the_districts_table(story: Any, library: Path) -> None:
    content = story.root / "content"
    before = (library / "tables" / "consents.csv").read_bytes()
    assert named_consents.stories_of("stories/a", content, story.root / "public") == ["stories/a"]
    assert withdrawal_writing.write_withdrawn(content, "stories/a", TODAY) == 1
    assert not read_consents(story).covers("stories/a", "en", TODAY)
    assert (library / "tables" / "consents.csv").read_bytes() == before
    assert not story.problems()


def test_a_library_that_is_gone_takes_its_stories_with_it(story: Any) -> None:
    name_library(story, ["../library/none"])
    assert not read_consents(story).covers("stories/a", "en", TODAY)


def test_a_settings_file_that_is_being_saved_withdraws_nothing(story: Any) -> None:
    path = story.root / "content" / "portal.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) // 2] + "\n: [", encoding="utf-8")
    assert read_consents(story).covers("stories/a", "en", TODAY)


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [
        (["../nowhere"], "there is no folder ../nowhere."), (["."], "is the district's own folder"),
        (["en"], "is the district's own folder"), ([".."], "is the district's own folder"),
        ([7], '"7" names no library.'), ([{"zip": "a.zip"}], "names no library."),
        ([{"zip": "none.zip", "sha256": "0" * 64}], "there is no such file."),
    ],
)  # fmt: skip
def test_a_library_that_cannot_be_used_stops_the_build_with_a_sentence(
    folder: Any, refusal: Any, listed: Any, sentence: str
) -> None:
    name_library(folder, listed)
    assert sentence in refusal()


def test_a_link_in_a_library_is_refused(folder: Any, library: Path, refusal: Any) -> None:
    write(library / "en" / "real.md", page("Real"))
    (library / "en" / "passwd.md").symlink_to("/etc/passwd")
    assert "library/india/en/passwd.md: is a link" in refusal()


def test_a_file_that_is_too_large_is_refused(folder: Any, library: Path, refusal: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(library_zips, "MAX_FILE_SIZE", 10)
    write(library / "en" / "big.md", page("Big"))
    assert "is too large." in refusal()


def write_zip(folder: Any, *members: tuple[str | zipfile.ZipInfo, bytes]) -> str:
    path = folder.root / "content" / "india.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in members:
            packed.writestr(name, data)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_zip_with_its_hash_is_a_library(folder: Any) -> None:
    digest = write_zip(folder, ("en/signs.md", page("Signs").encode()), ("media/pictograms/a.svg", DRAWING.encode()))
    name_library(folder, [{"zip": "india.zip", "sha256": digest.upper()}])
    assert lookup.find(folder.root / "content", "en/signs.md").is_file()
    assert not folder.problems()


def test_a_zip_with_another_hash_is_not_opened(folder: Any, refusal: Any, monkeypatch: Any) -> None:
    write_zip(folder, ("en/signs.md", b"x"))
    monkeypatch.setattr(zipfile, "ZipFile", None)
    name_library(folder, [{"zip": "india.zip", "sha256": "0" * 64}])
    assert "is another file than portal.yml says" in refusal()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ([("../../evil.md", b"x")], "leads out of its folder"), ([("/etc/evil.md", b"x")], "leads out of its folder"),
        ([("en\\..\\evil.md", b"x")], "leads out of its folder"), ([("C:evil.md", b"x")], "leads out of its folder"),
        ([("en/a\u202e.md", b"x")], "leads out of its folder"), ([(link("en/a.md"), b"/etc/passwd")], "is a link"),
        ([("en/a.md", b"x"), ("EN/A.md", b"y")], "stands in it twice"), ([(".whole", b"")], "leads out of its folder"),
    ],
)  # fmt: skip
def test_a_hostile_zip_writes_nothing(folder: Any, refusal: Any, members: Any, sentence: str) -> None:
    digest = write_zip(folder, *members)
    name_library(folder, [{"zip": "india.zip", "sha256": digest}])
    assert sentence in refusal()
    assert [path for path in folder.root.rglob("*") if path.name.endswith(("evil.md", "A.md"))] == []
    assert lookup.layers(folder.root / "content")[1:] == ()


def test_a_zip_that_swells_is_refused_before_it_does(folder: Any, refusal: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(library_zips, "MAX_FILE_SIZE", 1000)
    path = folder.root / "content" / "india.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("en/a.md", b"0" * 100_000)
    name_library(folder, [{"zip": "india.zip", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}])
    assert "is too large." in refusal()
    assert not (folder.root / libraries.UNPACKED).exists()


@pytest.mark.parametrize("missing_bytes", [1, 30, 60])
def test_a_zip_that_is_cut_off_is_a_sentence(folder: Any, refusal: Any, missing_bytes: int) -> None:
    write_zip(folder, ("en/signs.md", b"x" * 200))
    path = folder.root / "content" / "india.zip"
    path.write_bytes(path.read_bytes()[:-missing_bytes])
    name_library(folder, [{"zip": "india.zip", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}])
    assert "cannot be opened as a zip." in refusal()


def write_spoilt_zip(folder: Any, compression: int) -> str:
    """Write a zip whose file is packed in this way and damaged in its middle; return its hash."""
    path = folder.root / "content" / "india.zip"
    with zipfile.ZipFile(path, "w", compression) as packed:
        packed.writestr("en/first.md", page("First"))
        packed.writestr("en/signs.md", "".join(f"{number * number} words, " for number in range(4000)))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def write_zip_that_claims(folder: Any, **claims: int) -> str:
    """Write a zip whose directory claims something else than what is in it; return its hash."""
    path = folder.root / "content" / "india.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("en/first.md", page("First"))
        packed.writestr("en/signs.md", b"x" * 200)
        for name, value in claims.items():
            setattr(packed.filelist[-1], name, value)
    return hashlib.sha256(path.read_bytes()).hexdigest()


BAD_ZIPS: dict[str, Callable[[Any], str]] = {
    "deflate": lambda folder: write_spoilt_zip(folder, zipfile.ZIP_DEFLATED),
    "bzip2": lambda folder: write_spoilt_zip(folder, zipfile.ZIP_BZIP2),
    "lzma": lambda folder: write_spoilt_zip(folder, zipfile.ZIP_LZMA),
    "stored": lambda folder: write_spoilt_zip(folder, zipfile.ZIP_STORED),
    "a file and a folder": lambda folder: write_zip(folder, ("en/a", b"x"), ("en/a/b.md", b"y")),
    "a folder and a file": lambda folder: write_zip(folder, ("en/a/b.md", b"y"), ("en/a", b"x")),
    "a long name": lambda folder: write_zip(folder, ("en/b.md", b"x"), (f"en/{'a' * 300}.md", b"x")),
    "a long path": lambda folder: write_zip(folder, ("en/b.md", b"x"), (f"{'en/' * 3000}a.md", b"x")),
    "a dot": lambda folder: write_zip(folder, ("en/b.md", b"x"), (".", b"x")),
    "password": lambda folder: write_zip_that_claims(folder, flag_bits=1),
    "another way to pack": lambda folder: write_zip_that_claims(folder, compress_type=99),
    "packed, it says": lambda folder: write_zip_that_claims(folder, compress_type=zipfile.ZIP_LZMA),
    "less": lambda folder: write_zip_that_claims(folder, file_size=7),
    "more": lambda folder: write_zip_that_claims(folder, file_size=7_000),
    "elsewhere": lambda folder: write_zip_that_claims(folder, header_offset=77_777),
    "another sum": lambda folder: write_zip_that_claims(folder, CRC=7),
}


@pytest.mark.parametrize("fault", BAD_ZIPS)
def test_a_zip_that_cannot_be_unpacked_is_one_sentence_and_leaves_nothing(
    folder: Any, refusal: Any, fault: str
) -> None:
    name_library(folder, [{"zip": "india.zip", "sha256": BAD_ZIPS[fault](folder)}])
    assert refusal().count("content/portal.yml, library, india.zip") == 1
    unpacked = folder.root / libraries.UNPACKED
    assert not unpacked.exists() or list(unpacked.iterdir()) == []


def test_a_zip_is_opened_once_while_nothing_changes_however_wrong_it_is(folder: Any, monkeypatch: Any) -> None:
    name_library(folder, [{"zip": "india.zip", "sha256": BAD_ZIPS["lzma"](folder)}])
    opened: list[object] = []
    real = zipfile.ZipFile
    monkeypatch.setattr(zipfile, "ZipFile", lambda path: opened.append(path) or real(path))
    for _ in range(3):
        assert len(list(libraries.problems(folder.root / "content"))) == 1
    assert len(opened) == 1


def test_what_was_unpacked_and_is_deleted_is_unpacked_again(folder: Any) -> None:
    name_library(folder, [{"zip": "india.zip", "sha256": write_zip(folder, ("en/signs.md", page("Signs").encode()))}])
    assert lookup.find(folder.root / "content", "en/signs.md").is_file()
    shutil.rmtree(folder.root / libraries.UNPACKED)
    assert lookup.find(folder.root / "content", "en/signs.md").is_file()


ODD_NAMES: list[Any] = [
    ["a\0b"], [{"zip": "a\0b.zip", "sha256": "0" * 64}], [""], ["/"], ["~"], [None], [True], [["x"]], 7, "a\0b", {},
    ["x" * 300], ["x/" * 3000], [{"zip": "x" * 300, "sha256": "0" * 64}], [{"zip": {"a": 1}, "sha256": ["b"]}],
    [{"zip": "en", "sha256": "0" * 64}], ["portal.yml"], ["loop"], [{"zip": "loop", "sha256": "0" * 64}],
]  # fmt: skip


@pytest.mark.parametrize("listed", ODD_NAMES, ids=repr)
def test_no_library_that_cannot_be_used_keeps_a_withdrawn_story(folder: Any, listed: Any) -> None:
    content, site = folder.root / "content", folder.root / "public"
    folder.page("stories/a", "Text.", composite="true", consent="c")
    folder.table("consents", CONSENT)
    (content / "loop").symlink_to(content / "loop")
    address = site / "en" / "stories" / "a" / "index.html"
    write(address, "Secret.")
    assert withdrawal.purge(site, content, TODAY) == []
    name_library(folder, listed)
    folder.table("consents", {**CONSENT, "withdrawn_on": "2026-12-31"})
    assert withdrawal.purge(site, content, TODAY) == ["/en/stories/a/"]
    assert "Secret" not in address.read_text(encoding="utf-8")
    assert all(isinstance(one, Problem) for one in libraries.problems(content))


@pytest.mark.parametrize("fault", ["lzma", "bzip2", "a long name"])
def test_no_zip_that_cannot_be_unpacked_keeps_a_withdrawn_story(folder: Any, fault: str) -> None:
    test_no_library_that_cannot_be_used_keeps_a_withdrawn_story(
        folder, [{"zip": "india.zip", "sha256": BAD_ZIPS[fault](folder)}]
    )


def test_consents_end_in_a_library_as_everywhere(story: Any) -> None:
    assert not read_consents(story).covers(
        "stories/a", "en", date.fromisoformat(CONSENT["expires_on"]) + timedelta(days=1)
    )


def test_a_folder_that_is_put_there_later_is_found(folder: Any) -> None:
    name_library(folder, ["../library/later"])
    assert [str(one) for one in libraries.problems(folder.root / "content")]
    (folder.root / "library" / "later").mkdir(parents=True)
    assert not list(libraries.problems(folder.root / "content"))


def test_tables_are_tried_elsewhere_over_the_same_libraries(folder: Any, library: Path, tmp_path: Path) -> None:
    (library / "tables").mkdir()
    folder.csv("work").rename(library / "tables" / "work.csv")
    trial = tmp_path / "trial"
    shutil.copytree(folder.root / "content" / "tables", trial / "tables")
    libraries.copy_settings(folder.root / "content", trial)
    assert [
        row["id"] for row in table_reader.read_tables(trial / "tables", folder.root / "site" / "schemas")["work"]
    ] == ["kiln"]


LINE = "ravi ssh-ed25519 " + "A" * 68


def test_a_library_of_a_repository_lies_where_update_puts_it(folder: Any) -> None:
    row = {"name": "india", "remote": "https://git.example/india.git", "signers": [LINE]}
    name_libraries(folder, row)
    content = folder.root / "content"
    assert [one.name for one in libraries.repositories(content)] == ["india"]
    assert "update --libraries" in str(next(libraries.problems(content)))
    place = folder.root / "var/libraries/india"
    place.mkdir(parents=True)
    assert [one.folder for one in libraries.usable(content)] == [place]


@pytest.mark.parametrize(
    "change",
    [{"name": "../x"}, {"name": ""}, {"remote": "ext::sh -c x"}, {"remote": "https://a:S3CRET@git.example/x"}, {"signers": []},
     {"signers": ["ravi"]}, {"signers": [f"{LINE} x\n{LINE}"]}, {"signers": LINE}, {"branch": "--upload-pack=x"}, {"more": 1}],
)  # fmt: skip
def test_a_repository_that_cannot_be_used_is_a_sentence(folder: Any, change: dict[str, Any]) -> None:
    row = {"name": "india", "remote": "https://git.example/india.git", "signers": [LINE], **change}
    name_libraries(folder, row)
    content = folder.root / "content"
    with pytest.raises(Problem) as error:
        libraries.repositories(content)
    assert "S3CRET" not in str(error.value)
    assert list(libraries.problems(content))
    assert libraries.usable(content) == ()


def name_libraries(folder: Any, *rows: dict[str, Any]) -> None:
    path = folder.root / "content/portal.yml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    path.write_text(yaml.safe_dump({**settings, "library": list(rows)}, allow_unicode=True), "utf-8")
