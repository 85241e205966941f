"""What a phone has loaded or kept goes on working after a new build: styles, scripts, calendar entries."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sitegen.publish import page_weight
from sitegen.render.events import calendar_numbers

from forms.core.builds import earlier_assets
from forms.core.files import folder_swap
from forms.core.portal import Event

TODAY = date(2027, 1, 20)
EVENT = Event("meeting", {"en": "Meeting"}, {"en": "School"}, "north", "2027-02-01T10:00", "", 10, "planned", False)


def site(folder: Path, **files: str) -> Path:
    (folder / "assets").mkdir(parents=True)
    for name, text in files.items():
        (folder / "assets" / name.replace("__", ".")).write_text(text)
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in (folder / "assets").iterdir()}


def test_a_page_of_the_build_before_still_finds_its_style(tmp_path: Path) -> None:
    old, new = site(tmp_path / "old", portal__1__css="old"), site(tmp_path / "new", portal__2__css="new")
    assert earlier_assets.keep(old, new, TODAY) == ["portal.1.css"]
    assert names(new) == {"portal.1.css", "portal.2.css", "earlier.json"}


def test_it_goes_thirty_days_after_the_last_build_that_used_it_however_many_builds_there_are(tmp_path: Path) -> None:
    before = site(tmp_path / "0", portal__0__css="old")
    days_without_style = []
    for day in range(1, 40):
        after = site(tmp_path / str(day), portal__now__css="now")
        earlier_assets.keep(before, after, TODAY + timedelta(days=day))
        days_without_style += [day] if "portal.0.css" not in names(after) else []
        before = after
    assert days_without_style[0] == 32, "superseded on day 1, kept to day 31"


def test_a_file_that_is_used_again_is_not_an_earlier_one(tmp_path: Path) -> None:
    first, second = site(tmp_path / "1", a__css="a"), site(tmp_path / "2", b__css="b")
    earlier_assets.keep(first, second, TODAY)
    third = site(tmp_path / "3", a__css="a")
    assert earlier_assets.keep(second, third, TODAY) == ["b.css"]
    assert earlier_assets.read_names(third) == {"b.css"}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"a.css": 1}', '{"a.css": "soon"}', "[" * 100_000])
def test_a_damaged_list_loses_no_file_and_stops_no_build(tmp_path: Path, text: str) -> None:
    old, new = site(tmp_path / "old", a__css="a", earlier__json=text), site(tmp_path / "new", b__css="b")
    assert earlier_assets.keep(old, new, TODAY) == ["a.css"]


def test_a_list_that_keeps_a_file_for_ever_is_not_believed(tmp_path: Path) -> None:
    old = site(tmp_path / "old", a__css="a", earlier__json='{"a.css": "9999-12-31"}')
    assert earlier_assets.keep(old, site(tmp_path / "new"), TODAY) == []


def test_nothing_but_styles_and_scripts_is_kept(tmp_path: Path) -> None:
    old, new = site(tmp_path / "old", story__html="withdrawn", note__txt="x"), site(tmp_path / "new")
    (old / "assets" / "link.css").symlink_to("/etc/passwd")
    (old / "assets" / "folder.css").mkdir()
    assert earlier_assets.keep(old, new, TODAY) == []
    assert names(new) == set()


def test_what_a_visit_weighs_does_not_count_earlier_builds(tmp_path: Path) -> None:
    public = site(tmp_path / "public", **{f"portal__1__css{end}": "x" * 50 for end in ("", "__gz", "__br")})
    new = site(tmp_path / "new", **{f"portal__2__css{end}": "y" for end in ("", "__gz", "__br")})
    earlier_assets.keep(public, new, TODAY)
    (new / "en").mkdir()
    for end in ("", ".gz", ".br"):
        (new / "en" / f"index.html{end}").write_text("page")
    (visit,) = page_weight.visits(new, ("en",))
    assert visit.css.raw == 1


def test_a_build_takes_the_place_of_the_old_one_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fresh", "public"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
    monkeypatch.setattr(Path, "rename", lambda *_: pytest.fail("for an instant nothing has the name"))
    folder_swap.swap(tmp_path / "fresh", tmp_path / "public")
    assert (tmp_path / "public" / "index.html").read_text() == "fresh"
    assert [path.name for path in tmp_path.iterdir()] == ["public"]


def test_where_the_system_cannot_it_takes_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fresh", "public"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text(name)
    monkeypatch.setattr("sys.platform", "darwin")
    folder_swap.swap(tmp_path / "fresh", tmp_path / "public")
    assert (tmp_path / "public" / "index.html").read_text() == "fresh"
    assert [path.name for path in tmp_path.iterdir()] == ["public"]


CHANGES = st.sampled_from([
    {"state": "planned"}, {"state": "moved"}, {"state": "cancelled"}, {"starts": "2027-02-02T10:00"},
    {"title": {"en": "Other"}}, {"capacity": 3}, {},
])  # fmt: skip


@given(st.lists(st.tuples(CHANGES, st.integers(0, 3), st.booleans()), max_size=30))
def test_a_number_never_falls_and_grows_with_whatever_a_phone_shows(
    steps: list[tuple[Mapping[str, Any], int, bool]],
) -> None:
    known: calendar_numbers.Numbers = {}
    event, day, last, last_fields = EVENT, TODAY, -1, None
    for change, days, forgotten in steps:
        event, day = replace(event, **change), day + timedelta(days=days)
        known = calendar_numbers.numbers([event], {} if forgotten and days else known, day)
        number = known[event.id][0]
        now = replace(event, capacity=None)
        assert number >= last
        assert now == last_fields or number > last
        last, last_fields = number, now


def test_what_is_remembered_stays_with_the_content(tmp_path: Path) -> None:
    first = calendar_numbers.update(tmp_path, [EVENT], TODAY)
    text = (tmp_path / "calendar.json").read_text(encoding="utf-8")
    later = TODAY + timedelta(days=9)
    assert calendar_numbers.update(tmp_path, [EVENT], later) == first, "the same bytes on another day"
    assert (tmp_path / "calendar.json").read_text(encoding="utf-8") == text
    cancelled = replace(EVENT, state="cancelled")
    again = [calendar_numbers.update(tmp_path, [one], later)["meeting"] for one in (cancelled, EVENT, cancelled)]
    assert again == sorted({*again})
    assert again[0] > first["meeting"]


@pytest.mark.parametrize(
    "text", ["", "<<<<<<< HEAD", "[]", "null", '{"meeting": 7}', '{"meeting": ["x", "y"]}', '{"meeting": [-5, "y"]}',
             '{"meeting": [99999999999, "y"]}', '{"meeting": [1e999, "y"]}', "[" * 100_000],
)  # fmt: skip
def test_a_damaged_memory_only_makes_numbers_higher(tmp_path: Path, text: str) -> None:
    (tmp_path / "calendar.json").write_text(text, encoding="utf-8")
    found = calendar_numbers.update(tmp_path, [EVENT], TODAY)
    assert found["meeting"] == (TODAY - date(2026, 1, 1)).days * 100
    assert json.loads((tmp_path / "calendar.json").read_text(encoding="utf-8"))["meeting"][0] == found["meeting"]


def test_a_folder_that_cannot_be_written_stops_no_build(tmp_path: Path) -> None:
    assert calendar_numbers.update(tmp_path / "not-there", [EVENT], TODAY)["meeting"] > 0
