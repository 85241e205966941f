"""What districts share: only what libraries and the program say, the same bytes as without it, and nothing of anybody."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from sitegen import kept_work, shared_work
from sitegen.layers import site_root
from sitegen.lint import page_facts, structure
from sitegen.media import shared_clips
from sitegen.publish.withdrawals import withdrawal

from forms.core.files.locks import locked
from forms.core.problem import Problems
from tests.sitegen.conftest import LANGUAGES, ROWS, TODAY, Folder
from tests.sitegen.test_incremental import files
from tests.sitegen.test_threats_withdrawal import CONSENT

OWN = ("Riverbend", "Own words", "Own numbers", "Eastbank", "Own office", "Own title")
"""Words that stand in a district's own files only."""

Spoken = list[str]


def settings_of(folder: Folder, **changes: Any) -> None:
    path = folder.root / "content" / "portal.yml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text("utf-8")), **changes}, allow_unicode=True), "utf-8")


def page(content: Path, name: str, text: str, **meta: Any) -> None:
    path = content / "en" / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = "".join(f"{key}: {value}\n" for key, value in {"title": name, "changed": "2026-01-01", **meta}.items())
    path.write_text(f"---\n{head}---\n\n# {name}\n\n{text}\n", encoding="utf-8")


@pytest.fixture
def library(folder: Folder) -> Path:
    """A library with a page of its own words, one that shows a table, a quote and a story; of a district above it."""
    for code in LANGUAGES.keys() - {"en"}:
        shutil.rmtree(folder.root / "content" / code)
    place = folder.root.parent / "library"
    page(place, "rights", "Words of the library.")
    page(place, "numbers", "[[ helplines ]]")
    page(place, "heard", "Somebody said:\n\n> Words of a person.\n> consent: told")
    page(place, "stories/a", "The story of a person.", consent="a-story")
    (place / "tables").mkdir()
    for name in ("helplines", "consents"):
        folder.csv(name).rename(place / "tables" / f"{name}.csv")
    quoted = {**CONSENT, "id": "told", "story": "", "quotes": "heard", "languages": "en"}
    folder.table("consents", {**CONSENT, "languages": "en"}, quoted)
    folder.csv("consents").rename(place / "tables" / "consents.csv")
    folder.table("consents")
    languages = [{"code": code, "name": name, "voice": "en"} for code, name in LANGUAGES.items() if code == "en"]
    settings_of(folder, library=["../../library"], languages=languages, short_name={"en": "Riverbend"})
    return place


@pytest.fixture
def district(folder: Folder, library: Path) -> Folder:
    """A district over the library, with a page, a number, a place, an event and a page's own form, and the store."""
    (folder.root / kept_work.SHARED).mkdir()
    page(folder.root / "content", "own", "Own words about Riverbend.", title="Own title")
    folder.table("helplines", {**ROWS["helplines"][0], "id": "own", "for_en": "Own numbers"})
    folder.table("places", {"id": "east", "kind": "taluk", "name_en": "Eastbank"})
    folder.row("events", place="east", title_en="Own words at Eastbank")
    return folder


def store(folder: Folder) -> Path:
    return folder.root / kept_work.SHARED / "speech.db"


def stored_entries(folder: Folder) -> dict[bytes, bytes]:
    """Return all entries of the store, as a program finds them that reads the file."""
    with closing(sqlite3.connect(store(folder))) as connection:
        return {key: value[8:] for key, value in connection.execute("SELECT key, value FROM work")}


def test_what_libraries_say_is_made_once_and_a_build_has_the_same_bytes_without_it(
    district: Folder, lines_made: Spoken
) -> None:
    assert shared_work.make(district.root, TODAY)
    shared = set(lines_made)
    assert any("Words of the library" in text for text in shared)
    lines_made.clear()
    with_it = files(district.build())
    assert lines_made, "its own page"
    assert shared.isdisjoint(lines_made), "nothing twice"
    own = {*lines_made}
    kept_work.forget(district.root)
    for path in (district.root / ".build" / "speech").iterdir():
        path.unlink()
    lines_made.clear()
    assert files(district.build()) == with_it
    assert own < set(lines_made)
    assert not shared.isdisjoint(lines_made)


def test_a_clip_that_districts_share_lies_in_no_folder_of_theirs_but_the_site(
    district: Folder, lines_made: Spoken
) -> None:
    shared_work.make(district.root, TODAY)
    site = district.build()
    clips = {path.name for path in (site / "audio").iterdir()}
    own = {path.name for path in (district.root / ".build" / "speech").iterdir()}
    shared = {name for name in clips if shared_clips.find_clip(district.root, name)}
    assert shared
    assert own
    assert own == clips - shared
    (site / "audio" / min(shared)).write_bytes(b"as it was")
    assert {path.name for path in (district.build() / "audio").iterdir()} == clips
    assert (site / "audio" / min(shared)).read_bytes() == shared_clips.find_clip(district.root, min(shared))


def test_nothing_of_a_district_gets_there(district: Folder, lines_made: Spoken) -> None:
    page(district.root / "content", "rights", "Own words in the place of the library's.")
    district.build()
    shared_work.make(district.root, TODAY)
    everything = b"\n".join(stored_entries(district).values()).decode(errors="replace")
    assert "Words of the library" in everything
    assert [word for word in OWN if word in everything] == []
    assert list((district.root / kept_work.SHARED).glob("making-*")) == []


def test_nothing_that_needs_a_consent_gets_there(district: Folder, lines_made: Spoken) -> None:
    shared_work.make(district.root, TODAY)
    assert [text for text in lines_made if "of a person" in text] == []
    assert [value for value in stored_entries(district).values() if b"of a person" in value] == []


def test_a_word_of_the_district_makes_another_text(district: Folder, lines_made: Spoken) -> None:
    """The page of numbers is the library's, and its table has a row of the district: it is the district's to say."""
    shared_work.make(district.root, TODAY)
    lines_made.clear()
    district.build()
    assert any("Own numbers" in text for text in lines_made)


def test_a_number_of_the_library_is_said_once_also_on_a_page_of_the_district(
    district: Folder, library: Path, lines_made: Spoken
) -> None:
    (library / "en" / "numbers.md").unlink()
    page(district.root / "content", "call", "[[ helplines ]]")
    shared_work.make(district.root, TODAY)
    assert "Danger, 1 1 2." in lines_made
    lines_made.clear()
    district.build()
    assert any("Own numbers" in line for line in lines_made)
    assert "Danger, 1 1 2." not in lines_made


def test_the_next_district_makes_nothing_and_an_edit_of_the_library_one_clip(
    district: Folder, library: Path, lines_made: Spoken
) -> None:
    shared_work.make(district.root, TODAY)
    lines_made.clear()
    settings_of(district, district={"en": "Another"}, short_name={"en": "Another"})
    assert not shared_work.make(district.root, TODAY)
    page(library, "rights", "Other words of the library.")
    assert shared_work.make(district.root, TODAY)
    assert len(lines_made) == 1


@pytest.fixture
def checked_pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that are converted to be checked by themselves."""
    names: list[str] = []
    problems = structure.problems
    monkeypatch.setattr(
        structure, "problems", lambda page, converted: names.append(page.name) or problems(page, converted)
    )
    return names


def test_pages_of_libraries_are_checked_by_themselves_once(
    district: Folder, library: Path, lines_made: Spoken, checked_pages: list[str]
) -> None:
    assert shared_work.make(district.root, TODAY)
    assert "rights.md" in checked_pages
    assert "heard.md" not in checked_pages, "it has a person's words"
    checked_pages.clear()
    with_it = files(district.build())
    assert "own.md" in checked_pages
    assert "rights.md" not in checked_pages
    kept_work.forget(district.root)
    checked_pages.clear()
    assert files(district.build()) == with_it
    assert "rights.md" in checked_pages


def test_what_is_wrong_in_a_page_of_a_library_is_said_in_each_district(
    district: Folder, library: Path, lines_made: Spoken
) -> None:
    page(library, "rights", "Two words.\n\n[[ unclear")
    shared_work.make(district.root, TODAY)
    with pytest.raises(Problems, match=r"rights\.md"):
        district.build()


@pytest.mark.parametrize("text", ["<b>x</b>", "ଓଡ଼ିଆ"])
def test_facts_come_back_as_they_were(text: str) -> None:
    facts = page_facts.Facts((("/en/", text), ("#a", "")), ("a", "b"), (("/media/a.jpg", text),), clean=True)
    assert page_facts.Facts.unpacked(facts.packed()) == facts


def withdraw(district: Folder) -> None:
    district.table("consents", {**CONSENT, "languages": "en", "withdrawn_on": str(TODAY)})
    withdrawal.purge(district.root / "public", district.root / "content", TODAY)


def test_a_withdrawal_empties_it(district: Folder, lines_made: Spoken) -> None:
    shared_work.make(district.root, TODAY)
    district.build()
    assert stored_entries(district)
    withdraw(district)
    assert stored_entries(district) == {}
    assert b"of the library" not in store(district).read_bytes()
    district.build()
    assert shared_work.make(district.root, TODAY), "and the next build fills it"


def poison(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE work SET value = substr(value, 1, 8) || x'00' || substr(value, 10)")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    path.write_bytes(b"no database")


def other_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE work")


@pytest.mark.parametrize("damage", [poison, cut, overwrite, other_table])
def test_what_is_damaged_is_not_taken_and_is_made_again(
    district: Folder, lines_made: Spoken, damage: Callable[[Path], None]
) -> None:
    shared_work.make(district.root, TODAY)
    before = stored_entries(district)
    shared_clips.reader.cache_clear()  # as in a new process
    with closing(sqlite3.connect(store(district))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else the log beside it heals it
    damage(store(district))
    site = district.build()
    assert {path.read_bytes().decode()[:2] for path in (site / "audio").iterdir()} == {"en"}, "each as it was spoken"
    assert shared_work.make(district.root, TODAY)
    assert stored_entries(district) == before


def test_only_root_and_the_builder_decide_what_a_site_says(
    district: Folder, lines_made: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = os.geteuid()
    assert shared_clips.is_trusted_owner(me)
    assert shared_clips.is_trusted_owner(0)
    assert not shared_clips.is_trusted_owner(me + 1)
    shared_work.make(district.root, TODAY)
    monkeypatch.setattr(shared_clips, "is_trusted_owner", lambda _: False)
    lines_made.clear()
    district.build()
    assert any("Words of the library" in text for text in lines_made)
    assert not shared_work.make(district.root, TODAY), "and it is not written either"


def test_a_build_only_reads_it(district: Folder, lines_made: Spoken) -> None:
    shared_work.make(district.root, TODAY)
    before = stored_entries(district)
    district.build()
    assert stored_entries(district) == before
    with pytest.raises(sqlite3.OperationalError):
        shared_clips.reader(district.root / kept_work.SHARED).connection().execute("DELETE FROM work")


def test_two_at_once_make_it_once(district: Folder, lines_made: Spoken) -> None:
    with ThreadPoolExecutor(2) as executor:
        results = list(executor.map(lambda _: shared_work.make(district.root, TODAY), range(2)))
    assert sorted(results) == [False, True]
    assert len(lines_made) == len(set(lines_made))


def test_a_program_that_hangs_over_it_holds_no_other_up(
    district: Folder, lines_made: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_work, "LONGEST_WAIT", 0)
    with locked(district.root / kept_work.SHARED / "lock"):
        assert not shared_work.make(district.root, TODAY)
        assert (district.build() / "audio").is_dir(), "it makes its own"


@pytest.fixture
def broken_district(district: Folder, library: Path) -> Folder:
    (library / "tables" / "helplines.csv").write_text("id,what\n1", encoding="utf-8")
    return district


def test_what_a_killed_build_left_half_made_goes_with_the_next(district: Folder, lines_made: Spoken) -> None:
    leftover = store(district).with_name("making-killed") / "site" / ".build" / "speech" / "0.ogg"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"x")
    assert shared_work.make(district.root, TODAY)
    assert [path.name for path in store(district).parent.glob("making-*")] == []


def test_what_is_wrong_with_a_library_is_said_by_the_build(broken_district: Folder, lines_made: Spoken) -> None:
    assert not shared_work.make(broken_district.root, TODAY)
    with pytest.raises(Problems, match="helplines"):
        broken_district.build()


def test_where_there_is_no_store_a_build_makes_its_own(district: Folder, lines_made: Spoken) -> None:
    (district.root / kept_work.SHARED).rmdir()
    assert not shared_work.make(district.root, TODAY)
    district.build()
    assert any("Words of the library" in text for text in lines_made)


def test_only_districts_beside_others_share(tmp_path: Path) -> None:
    for name in ("one", "two"):
        content = tmp_path / site_root.DISTRICTS / name / "content"
        content.mkdir(parents=True)
        assert not site_root.has_neighbours(content.parent), "it is alone so far" if name == "one" else "not yet made"
        (content / "portal.yml").touch()
    assert site_root.has_neighbours(tmp_path / site_root.DISTRICTS / "one")
    assert not site_root.has_neighbours(tmp_path)
