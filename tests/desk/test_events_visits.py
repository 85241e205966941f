"""A visit that was asked for becomes a row of events.csv: nothing of the letter slips out, nothing of the file changes."""

import csv
import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sitegen.content.spreadsheets.table_reader import read_tables

from forms.core.problem import Problem
from forms.desk.crypto.decryption import Letter
from forms.desk.events.visits import EventPlan, append_row, event_row
from tests.desk.event_helpers import TODAY, event, portal

ROOT = Path(__file__).parents[2]
PLAN = EventPlan(
    "2027-03-visit", "Community  meeting", "Officers listen.", "The school", "2027-03-01T10:00", "2027-03-01T12:00", 40
)


def letter(form: str = "visit", **answers: Any) -> Letter:
    fields = {
        "kind": "play",
        "place": "hillside",
        "where": "behind the tank",
        "contact": "Ravi 98765 43210",
        "needs": "no police in uniform",
    }
    return Letter("ab" * 16, form, "ta", "2027-01-10", ("events",), fields | answers, None, "", 0)


def row(plan: EventPlan = PLAN, **answers: Any) -> dict[str, str]:
    return event_row(letter(**answers), portal(), plan, TODAY)


def test_only_kind_and_taluk_come_from_the_letter() -> None:
    cells = row()
    assert cells == {
        "id": "2027-03-visit", "kind": "street-theatre", "title_en": "Community meeting", "what_en": "Officers listen.",
        "where_en": "The school", "place": "hillside", "starts": "2027-03-01T10:00", "ends": "2027-03-01T12:00",
        "capacity": "40", "state": "planned", "example": "false",
    }  # fmt: skip


def test_a_place_that_is_none_of_the_portals_and_a_strange_wish_are_left_out() -> None:
    cells = row(place="=evil()", kind=["x"])
    assert (cells["place"], cells["kind"]) == ("", "community-meeting")
    assert row(replace(PLAN, kind="clinic"))["kind"] == "clinic"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "Has Space"}, "small letters"), ({"id": ""}, "small letters"), ({"id": "../x"}, "small letters"),
        ({"id": "2027-01-meeting"}, "is taken"), ({"title": " "}, "title: is empty"), ({"where": ""}, "where: is empty"),
        ({"what": "=1+1"}, "formula"), ({"title": "@x"}, "formula"), ({"where": "Call Ravi: 98765 43210"}, "asker's number"),
        ({"starts": "1.3.2027"}, "2027-03-01T10:00"), ({"starts": "2027-02-30T10:00"}, "no day and time"),
        ({"starts": "2027-01-11T10:00"}, "is past"), ({"ends": "2027-03-01T09:00"}, "not after"), ({"ends": "late"}, "no day and time"),
        ({"capacity": 0}, "1 or more"),
    ],
)  # fmt: skip
def test_what_the_sites_check_would_refuse_is_refused_here(change: dict[str, Any], message: str) -> None:
    with pytest.raises(Problem, match=message):
        row(replace(PLAN, **change))


def test_a_letter_that_asks_for_no_visit_is_none() -> None:
    with pytest.raises(Problem, match="asks for no visit"):
        event_row(letter("concern"), portal(), PLAN, TODAY)


def test_the_id_of_a_series_is_taken_too() -> None:
    with pytest.raises(Problem, match="is taken"):
        event_row(letter(), portal(event("x-2027-03-02", series="x")), replace(PLAN, id="x"), TODAY)


# The file


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "content" / "tables" / "events.csv", tmp_path / "events.csv"))


def last(path: Path, **how: Any) -> dict[str, str]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), **how))[-1]


def test_the_row_is_added_and_nothing_else_changes(table: Path) -> None:
    before = table.read_bytes()
    append_row(table, row())
    assert table.read_bytes().startswith(before)
    assert last(table) == dict.fromkeys(last(table), "") | row()
    assert table.stat().st_mode & 0o777 == (ROOT / "content" / "tables" / "events.csv").stat().st_mode & 0o777
    assert list(table.parent.iterdir()) == [table], "no scrap is left"


HEAD = "capacity{0}id{0}kind{0}title_en{0}what_en{0}where_en{0}starts{0}ends{0}state{0}example{0}place{1}"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("closed", [True, False])
def test_the_files_own_habits_are_kept(tmp_path: Path, mark: bytes, separator: str, ending: str, closed: bool) -> None:
    path = tmp_path / "events.csv"
    line = f"{separator}old{separator * 9}"
    before = mark + (HEAD.format(separator, ending) + line + (ending if closed else "")).encode()
    path.write_bytes(before)
    append_row(path, row(replace(PLAN, what=f"One{separator} two")))
    data = path.read_bytes()
    assert data.startswith(before)
    assert data.count(b"\xef\xbb\xbf") == len(mark) // 3
    assert data.endswith(ending.encode())
    assert (b"\r\n" in data) == (ending == "\r\n")
    added = last(path, delimiter=separator)
    assert (added["id"], added["what_en"], added["capacity"]) == (
        "2027-03-visit",
        " ".join(f"One{separator} two".split()),
        "40",
    )


def test_a_file_in_which_all_is_quoted_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    names = HEAD.format(",", "").split(",")
    path.write_text(",".join(f'"{name}"' for name in names) + "\n", encoding="utf-8")
    append_row(path, row())
    assert path.read_text(encoding="utf-8").splitlines()[1].startswith('"40","2027-03-visit"')


def test_no_id_is_ever_there_twice(table: Path) -> None:
    append_row(table, row())
    before = table.read_bytes()
    with pytest.raises(Problem, match="Take another one"):
        append_row(table, row())
    with pytest.raises(Problem, match="Take another one"):
        append_row(table, row(replace(PLAN, id="2028-02-clinic")))
    assert table.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,kind\n", "has no column title_en"),
        ("id,kind\nதமிழ்".encode("utf-16"), "not UTF-8"),
        (b'id,"kind\n', "not well formed"),
        (b"", "has no column id"),
    ],
)
def test_a_file_that_is_no_table_stays_as_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(content)
    with pytest.raises(Problem, match=message):
        append_row(path, row())
    assert path.read_bytes() == content


def test_no_file_and_a_full_disk_are_sentences(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem, match="cannot be read"):
        append_row(table.parent / "nothing.csv", row())
    before = table.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Problem, match="Nothing was changed"):
        append_row(table, row())
    assert table.read_bytes() == before
    assert list(table.parent.iterdir()) == [table]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), st.text(min_size=1))
def test_whatever_is_typed_becomes_one_row_or_a_sentence(title: str, where: str) -> None:
    try:
        cells = row(replace(PLAN, title=title, where=where))
    except Problem:
        return
    assert "\n" not in cells["title_en"] + cells["where_en"]
    assert cells["title_en"][0] not in "=+-@"


def test_the_sites_own_check_takes_the_row(table: Path, tmp_path: Path) -> None:
    tables = tmp_path / "content" / "tables"
    shutil.copytree(ROOT / "content", tables.parent)
    (tmp_path / "library").symlink_to(ROOT / "library")
    append_row(tables / "events.csv", row(place="elsewhere"))
    events = {event["id"]: event for event in read_tables(tables, ROOT / "site" / "schemas")["events"]}
    assert (events["2027-03-visit"]["capacity"], events["2027-03-visit"]["example"]) == (40, False)


@pytest.mark.parametrize("published", ["Call 9876543210", "call +91 98765-43210", "அழைக்க ௯௮௭௬௫௪௩௨௧௦"])
@pytest.mark.parametrize("contact", ["9876543210", "+91 98765 43210", "०९८७६५४३२१०", "Ravi, 098765 43210"])
def test_the_askers_number_is_not_published_in_whatever_digits(contact: str, published: str) -> None:
    with pytest.raises(Problem, match="asker's number"):
        row(replace(PLAN, what=published), contact=contact)
