"""A second demonstration district over the same library: built from few files, with its own words and places."""

import csv
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyrage
import pytest
import yaml
from sitegen import build as site_build
from sitegen import shared_work
from sitegen.content import tables
from sitegen.content.spreadsheets import table_reader
from sitegen.layers import lookup, site_root
from sitegen.media import spoken_lines

from forms.core.problem import Problem

ROOT = Path(__file__).parents[2]
CONTENT = ROOT / "districts" / "sundargarh"
TODAY = date(2026, 11, 29)
MOST_FILES = 15


def keys() -> dict[str, tuple[str, str, str]]:
    public = str(pyrage.x25519.Identity.generate().to_public())
    return dict.fromkeys(("police", "legal", "partner", "events"), (public, "sha256:0", ""))


@pytest.fixture(scope="module")
def spoken() -> Any:
    """The lines that were spoken, in clips that hold a letter: sound itself is tried in test_listen.py."""
    lines_spoken: list[str] = []

    def write(lines: Sequence[bytes], outputs: Sequence[tuple[Any, Path]]) -> None:
        for kind, path in outputs:
            path.write_bytes(b"".join(lines) + kind.ending.encode())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spoken_lines, "speak_line", lambda line, _: lines_spoken.append(line) or b"x")
        patch.setattr(spoken_lines, "write", write)
        yield lines_spoken


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, seal_cache: Path, spoken: list[str]) -> Any:
    """The folder of the site, the site built in it, and the lines that its libraries did not say before."""
    home = tmp_path_factory.mktemp("sundargarh")
    content = home / "districts" / CONTENT.name
    shutil.copytree(CONTENT, content)  # a build writes what it remembers into content
    shutil.copytree(ROOT / "library", home / "library")
    root = site_root.of(ROOT, content, home / "site")
    assert seal_cache.is_dir()
    assert shared_work.make(root, TODAY)
    spoken.clear()
    built = site_build.build(root, root / "public", keys=keys(), today=TODAY, say=lambda _: None)
    return root / "public", built, [*spoken]


def test_it_is_a_folder_of_few_files() -> None:
    assert len([path for path in CONTENT.rglob("*") if path.is_file()]) <= MOST_FILES


def test_every_language_has_the_librarys_pages(site: Any) -> None:
    public, built, _ = site
    assert built.portal.language_codes() == ("en", "hi", "or")
    for language in ("en", "hi", "or"):
        for page in ("", "tell/", "voice/", "signs/", "help/", "privacy/"):
            assert (public / language / page / "index.html").is_file()
    assert "<svg" in (public / "or" / "signs" / "index.html").read_text(encoding="utf-8"), "drawings of the library"


def test_it_speaks_nothing_of_its_own_but_names(site: Any) -> None:
    """So that a further district of a machine costs little of one: speech is nine tenths of a build."""
    _, _, lines = site
    with (CONTENT / "tables" / "places.csv").open(encoding="utf-8", newline="") as file:
        names = [cell for row in csv.DictReader(file) for column, cell in row.items() if column.startswith("name_")]
    settings = yaml.safe_load((CONTENT / "portal.yml").read_text(encoding="utf-8"))
    names += [name for key in ("district", "programme", "responsible") for name in settings[key].values()]
    languages = {language["name"] for language in settings["languages"]}
    assert lines
    assert [line for line in lines if line not in languages and not any(name in line for name in names)] == []


def test_nothing_of_the_other_district_is_on_it(site: Any) -> None:
    public, _, _ = site
    for path in sorted(public.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        assert [word for word in ("Tiruvallur", "திருவள்ளூர்", "18004252650", "Tamil") if word in text] == [], path


def test_its_parts_are_blocks_and_are_asked_for_by_that_name() -> None:
    rows = table_reader.read_tables(CONTENT / "tables", ROOT / "site" / "schemas")
    assert len(rows["places"]) == 17
    assert {row["kind"] for row in rows["places"]} == {"block"}
    assert {row["id"] for row in rows["kinds"] if row["of"] == "place"} == {"block"}
    assert {tables.layer_of(row) for row in rows["helplines"]} == {"library/india"}


def test_a_concern_can_be_told_from_its_blocks_in_odia(site: Any) -> None:
    public, _, _ = site
    form = (public / "or" / "tell" / "index.html").read_text(encoding="utf-8")
    assert "ରାଜଗାଙ୍ଗପୁର" in form
    assert 'lang="or"' in form


def test_the_library_is_where_both_districts_find_it() -> None:
    for content in (ROOT / "content", CONTENT):
        assert [layer.label for layer in lookup.layers(content)] == ["content", "library/india"]


def test_a_folder_that_is_no_district_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"has no portal\.yml"):
        site_root.of(ROOT, tmp_path, tmp_path / "root")
    assert not (tmp_path / "root").exists()


def test_two_districts_whose_folders_bear_one_name_are_never_published_in_one_place(tmp_path: Path) -> None:
    """/srv/north/content and /srv/south/content: the hosts of the one would show the site of the other."""
    for name in ("north", "south"):
        (tmp_path / name / "content").mkdir(parents=True)
        (tmp_path / name / "content/portal.yml").write_text("languages: {}")
    place = tmp_path / "root"
    site_root.of(ROOT, tmp_path / "north/content", place)
    with pytest.raises(Problem, match=r"bears the name of .*north.*Rename one of the folders"):
        site_root.of(ROOT, tmp_path / "south/content", place)
    assert site_root.of(ROOT, tmp_path / "north/content", place) == place
    (tmp_path / "north").rename(tmp_path / "moved")
    assert site_root.of(ROOT, tmp_path / "moved/content", place) == place
