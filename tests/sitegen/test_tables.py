"""Staff's tables: what is wrong is told in a sentence with file, row and column, all at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from frictionless import Schema
from frictionless.fields import StringField
from sitegen.content.tables import NumberedRow

ROOT = Path(__file__).parents[2]
Refusal = Callable[[], str]


@pytest.mark.parametrize(
    ("table", "changes", "sentence"),
    [
        ("events", {"starts": "24.13.2027"}, 'events.csv, row 2, column starts: "24.13.2027" is not a day and time. Write it like 2027-01-24T10:00.'),
        ("events", {"capacity": "many"}, 'row 2, column capacity: "many" is not a whole number. Write it like 40.'),
        ("events", {"capacity": "0"}, 'row 2, column capacity: "0" does not fit.'),
        ("events", {"kind": "meting"}, 'column kind: "meting" is not one of the words used here.'),
        ("events", {"state": "planed"}, 'Did you mean "planned"?'),
        ("events", {"place": "nort"}, 'column place: "nort" is not in content/tables/places.csv. Did you mean "north"?'),
        ("events", {"title_en": ""}, "column title_en: this cell is empty. What it is called, in English."),
        ("helplines", {"tel": "one"}, 'column tel: "one" does not fit.'),
        ("helplines", {"checked_on": "yesterday"}, '"yesterday" is not a day. Write it like 2026-11-23.'),
        ("helplines", {"everywhere": "perhaps"}, '"perhaps" is not true or false.'),
        ("signs", {"id": "Two Words"}, 'column id: "Two Words" does not fit.'),
    ],
)  # fmt: skip
def test_a_bad_cell(folder: Any, refusal: Refusal, table: str, changes: dict[str, str], sentence: str) -> None:
    folder.row(table, **changes)
    assert sentence in refusal()


def test_a_schema_is_read_once_and_its_keys_are_looked_up_each_time(
    folder: Any, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.row("events", place="nort")
    assert '"nort" is not in content/tables/places.csv' in refusal()
    monkeypatch.setattr(Schema, "from_descriptor", lambda *_, **__: pytest.fail("a schema was read again"))
    monkeypatch.setattr(StringField, "from_descriptor", lambda *_, **__: pytest.fail("a field was read again"))
    folder.row("events", place="sout")
    assert '"sout" is not in content/tables/places.csv' in refusal()
    folder.row("events", place="north")
    assert folder.problems() == []


def test_a_number_that_is_read_as_one_and_called_as_another(folder: Any) -> None:
    folder.row("helplines", number="1800 4252 650", tel="18004252651")
    assert folder.problems() == [
        "content/tables/helplines.csv, row 2 (112), column tel: people see 1800 4252 650, and the phone would call"
        " 18004252651. Write the same number in both."
    ]


def test_all_problems_of_all_tables_are_told_at_once(folder: Any, refusal: Refusal) -> None:
    folder.row("events", starts="soon", capacity="x")
    folder.row("helplines", tel="x")
    assert refusal().count("\n") == 2


def test_rows_are_numbered_as_a_spreadsheet_does_and_empty_ones_passed_over(folder: Any, refusal: Refusal) -> None:
    lines = folder.csv("places").read_text(encoding="utf-8").splitlines()
    folder.csv("places").write_text("\n".join([lines[0], ",,,,", lines[1], "", "south,taluk,,,"]), encoding="utf-8")
    assert "places.csv, row 5, column name_en" in refusal()


def test_the_same_id_twice(folder: Any, refusal: Refusal) -> None:
    rows = folder.csv("places").read_text(encoding="utf-8").splitlines()
    folder.csv("places").write_text("\n".join([*rows, rows[1]]), encoding="utf-8")
    assert 'places.csv, row 3, column id: "north" stands in an earlier row too.' in refusal()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda _: b"", "is empty. It needs at least its first line"),
        (lambda data: b"\r\n" + data, "places.csv, row 1: the first line is empty. Take out what stands above"),
        (lambda data: b",,,,\r\n" + data, "places.csv, row 1: the first line is empty. Take out what stands above"),
        (lambda data: data.replace(b"\r\n", b",,\r\n").replace(b"North", b"Nor,th"), 'row 1: "" is not the column expected here'),
        (lambda data: data.replace(b"\r\n", b",,\r\n").replace(b",,\r\n", b",,x\r\n", 2).replace(b",,x", b",,", 1), 'row 1: "" is not the column'),
        (lambda _: b"PK\x03\x04" + bytes(100), 'is a workbook, not CSV. Save it again as "CSV UTF-8'),
        (lambda data: data.decode().encode("utf-16"), "is saved as UTF-16. Save it again"),
        (lambda data: data.replace(b"North", "Nörth".encode("cp1252")), "places.csv, row 2: has letters that are not UTF-8"),
        (lambda data: data.replace(b"North", b'"North'), "is not well formed"),
        (lambda data: data.replace(b"kind,", b""), "row 1"),
        (lambda data: data.replace(b"kind", b"kinds"), 'row 1: "kinds" is not the column expected here. The columns are: id, kind'),
        (lambda data: data.replace(b"name_or", b"name_or,more"), 'row 1: "more" is not the column expected here'),
        (lambda data: data.replace(b"north,", b"north,taluk,taluk,taluk,taluk,taluk,taluk,"), "too few or too many cells"),
    ],
)  # fmt: skip
def test_a_file_that_a_spreadsheet_broke(
    folder: Any, refusal: Refusal, change: Callable[[bytes], bytes], sentence: str
) -> None:
    path = folder.csv("places")
    path.write_bytes(change(path.read_bytes()))
    assert sentence in refusal()


def test_excels_byte_order_mark_is_welcome(folder: Any) -> None:
    path = folder.csv("places")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert folder.problems() == []


@pytest.mark.parametrize("table", ["places", "consents", "events"])
def test_empty_columns_that_a_spreadsheet_adds_at_the_end_are_passed_over(folder: Any, table: str) -> None:
    path = folder.csv(table)
    path.write_bytes(path.read_bytes().replace(b"\r\n", b", ,,\r\n") + b",,,\r\n\r\n")
    assert folder.problems() == []


def test_a_missing_table_and_one_that_nobody_knows(folder: Any, refusal: Refusal) -> None:
    folder.csv("work").rename(folder.csv("werk"))
    assert "content/tables/work.csv: is missing." in refusal()
    assert "content/tables/werk.csv: has no schema" in refusal()


def test_an_event_that_ends_before_it_starts(folder: Any) -> None:
    folder.row("events", ends="2027-01-31T10:00")
    assert folder.problems() == [
        "content/tables/events.csv, row 2 (meeting), column ends: it ends before it starts. Look at both days and times."
    ]


def test_a_check_in_the_future_and_one_long_ago(folder: Any) -> None:
    folder.row("helplines", checked_on="2027-01-02")
    assert "this day is still to come" in folder.problems()[0]
    folder.row("helplines", checked_on="2026-01-02")
    assert any("112: last checked on 2026-01-02" in warning for warning in folder.check().warnings)


def test_no_column_is_hidden_by_what_a_row_can_do() -> None:
    """Templates ask `row.number`: Jinja looks for an attribute of that name before it looks for the column."""
    for path in sorted((ROOT / "site" / "schemas").glob("*.yaml")):
        columns = [field["name"] for field in yaml.safe_load(path.read_text(encoding="utf-8")).get("fields", ())]
        assert [column for column in columns if hasattr(NumberedRow(), column)] == [], path.name


def test_a_key_is_looked_up_in_a_table_without_rows_too(folder: Any, refusal: Any) -> None:
    folder.table("places")
    folder.row("events", place="north")
    assert '"north" is not in content/tables/places.csv.' in refusal()


@pytest.mark.parametrize(
    ("cell", "right"), [("20", True), ("२०", True), ("௨௦", True), ("2_0", False), ("_2", False), ("2,0", False)]
)
def test_trial_10_a_number_in_a_table_has_digits_of_any_script_and_nothing_else(
    folder: Any, refusal: Any, cell: str, right: bool
) -> None:
    folder.row("events", capacity=cell)
    if right:
        assert folder.problems() == []
    else:
        assert f'content/tables/events.csv, row 2, column capacity: "{cell}" is not a whole number.' in refusal()
