"""Tables as spreadsheets really save them: read rightly where there is no doubt, else a sentence."""

from collections.abc import Callable
from typing import Any

import pytest
from sitegen.content.spreadsheets import dates
from sitegen.content.tables import read

Said = Callable[[], str]


def starts(folder: Any, cell: str) -> str:
    """What the table makes of a cell of events.csv, column starts."""
    folder.row("events", starts=cell)
    rows = read(folder.csv("events").parent, folder.root / "site" / "schemas")["events"]
    return str(rows[0]["starts"])


@pytest.mark.parametrize(
    "cell",
    [
        "2027-01-24T10:00", "2027-01-24 10:00", "24-01-2027 10:00", "24/01/2027 10:00", "24/1/2027 10:00:00",
        "24-01-2027 10:00 AM", "2027/01/24 10:00", "24/01/2027, 10:00",
    ],
)  # fmt: skip
def test_a_time_as_a_spreadsheet_in_india_writes_it(folder: Any, cell: str) -> None:
    assert starts(folder, cell) == "2027-01-24 10:00:00"


def test_the_day_stands_before_the_month_and_noon_and_midnight_are_known() -> None:
    assert str(dates.read("03/04/2027 12:30 pm")) == "2027-04-03 12:30:00"
    assert str(dates.read("03-04-2027 12:05 a.m.")) == "2027-04-03 00:05:00"
    assert str(dates.read("03-04-2027")) == "2027-04-03 00:00:00"


@pytest.mark.parametrize(
    "cell", ["01/24/2027 10:00", "24-01-27 10:00", "24.1.2027", "30-02-2027", "24-01-2027 25:00", "24-01-2027 13:00 pm", "tomorrow"]
)  # fmt: skip
def test_what_leaves_a_doubt_is_asked_not_guessed(folder: Any, said: Said, cell: str) -> None:
    folder.row("events", starts=cell)
    doubt = " without doubt: this column has the month first in a row" if cell == "01/24/2027 10:00" else ""
    assert said() == (
        f'content/tables/events.csv, row 2, column starts: "{cell}" is not a day and time{doubt}. '
        "Write it like 2027-01-24T10:00."
    )


def test_a_column_of_days_is_read_in_the_same_way_but_takes_no_hour(folder: Any, said: Said) -> None:
    folder.row("helplines", checked_on="01-12-2026")
    assert folder.problems() == []
    folder.row("helplines", checked_on="01-12-2026 10:00")
    assert 'column checked_on: "01-12-2026 10:00" is not a day.' in said()


@pytest.mark.parametrize("separator", [b";", b"\t"])
def test_other_signs_between_columns_are_read_rightly(folder: Any, separator: bytes) -> None:
    path = folder.csv("places")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b",", separator))
    folder.page("page", "[[ taluks ]]")
    assert folder.problems() == []


def test_columns_may_stand_in_another_order_and_optional_ones_be_left_out(folder: Any) -> None:
    folder.csv("places").write_text("name_en,id,kind\nNorth,north,taluk\n", encoding="utf-8")
    rows = read(folder.csv("events").parent, folder.root / "site" / "schemas")["places"]
    assert rows[0]["name_en"] == "North"
    assert rows[0]["name_ta"] is None


def test_a_column_that_stands_there_twice(folder: Any, said: Said) -> None:
    folder.csv("places").write_text("id,kind,name_en,name_en\nnorth,taluk,North,South\n", encoding="utf-8")
    assert said() == "content/tables/places.csv, row 1: the column name_en stands there twice. Take one of them away."


def test_letters_that_plain_csv_turned_into_question_marks_are_noticed(folder: Any, said: Said) -> None:
    """Excel's "CSV (comma delimited)" writes ? for every letter of an Indian script, and the file is clean ASCII."""
    path = folder.csv("places")
    path.write_bytes(path.read_text(encoding="utf-8").encode("ascii", "replace"))
    assert "content/tables/places.csv, row 2, column name_ta: its letters were lost on saving." in said()
    assert 'Take an older copy of the file, or write it again. Save it again as "CSV UTF-8' in said()


def test_question_marks_of_a_question_are_none_of_those(folder: Any) -> None:
    folder.row("events", title_en="A lawyer? Really??")
    assert folder.problems() == []


def test_another_encoding_is_not_guessed(folder: Any, said: Said) -> None:
    folder.csv("places").write_bytes("id,kind,name_en\nnorth,taluk,Café\n".encode("cp1252"))
    assert said().startswith("content/tables/places.csv, row 2: has letters that are not UTF-8. Save it again as")
