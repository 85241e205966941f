"""Tables as spreadsheets really save them: read rightly where there is no doubt, else a sentence."""

from collections.abc import Callable
from typing import Any

import pytest
from sitegen.content.spreadsheets import dates
from sitegen.content.spreadsheets.table_reader import read_tables

Refusal = Callable[[], str]
_STORED = "A spreadsheet counts 2023-03-15 like this: give the column the format of a date, and save again. "
_YEAR = "Write the year with four digits. "
_ZONE = "Write what the clock in the district shows, without Z or the hours after it. "
HINTS = {
    "45000": _STORED, "45000.4375": _STORED, "3/4/26": _YEAR, "24-01-27 10:00": _YEAR, "24-Jan-27": _YEAR,
    "2027-01-24T10:00Z": _ZONE, "2027-01-24T10:00+05:30": _ZONE,
}  # fmt: skip


def starts(folder: Any, cell: str) -> str:
    """What the table makes of a cell of events.csv, column starts."""
    folder.row("events", starts=cell)
    rows = read_tables(folder.csv("events").parent, folder.root / "site" / "schemas")["events"]
    return str(rows[0]["starts"])


@pytest.mark.parametrize(
    "cell",
    [
        "2027-01-24T10:00", "2027-01-24 10:00", "24-01-2027 10:00", "24/01/2027 10:00", "24/1/2027 10:00:00",
        "24-01-2027 10:00 AM", "2027/01/24 10:00", "24/01/2027, 10:00", "24.01.2027 10.00", "24.1.2027 10 am",
        "24-Jan-2027 10:00", "24 January 2027, 10.00 a.m.", "2027.01.24 10:00", "௨௪-௦௧-௨௦௨௭ ௧௦:௦௦",
    ],
)  # fmt: skip
def test_a_time_as_a_spreadsheet_in_india_writes_it(folder: Any, cell: str) -> None:
    assert starts(folder, cell) == "2027-01-24 10:00:00"


def test_the_day_stands_before_the_month_and_noon_and_midnight_are_known() -> None:
    assert str(dates.parse("03/04/2027 12:30 pm")) == "2027-04-03 12:30:00"
    assert str(dates.parse("03-04-2027 12:05 a.m.")) == "2027-04-03 00:05:00"
    assert str(dates.parse("03-04-2027")) == "2027-04-03 00:00:00"
    assert str(dates.parse("3.4.2027 12 pm")) == "2027-04-03 12:00:00"


@pytest.mark.parametrize("cell", ["24.1.2027", "24-Jan-2027", "24 january 2027", "24/01/2027"])
def test_a_day_without_its_hour_is_a_whole_day(folder: Any, cell: str) -> None:
    """A dot between day and month is none between hour and minute."""
    assert starts(folder, cell) == "2027-01-24 00:00:01"


@pytest.mark.parametrize(
    "cell",
    [
        "01/24/2027 10:00", "24-01-27 10:00", "30-02-2027", "24-01-2027 25:00", "24-01-2027 13:00 pm", "tomorrow", "3/4/26", "45000",
        "45000.4375", "24-Jan-27", "24-Jam-2027", "24-01-2027 10", "2027-01-24T10:00Z", "2027-01-24T10:00+05:30", "2027", "10.00",
    ],
)  # fmt: skip
def test_what_leaves_a_doubt_is_asked_not_guessed(folder: Any, refusal: Refusal, cell: str) -> None:
    folder.row("events", starts=cell)
    doubt = " without doubt: this column has the month first in a row" if cell == "01/24/2027 10:00" else ""
    assert refusal() == (
        f'content/tables/events.csv, row 2, column starts: "{cell}" is not a day and time{doubt}. '
        f"{HINTS.get(cell, '')}Write it like 2027-01-24T10:00."
    )


def test_a_column_of_days_is_read_in_the_same_way_but_takes_no_hour(folder: Any, refusal: Refusal) -> None:
    folder.row("helplines", checked_on="01-12-2026")
    assert folder.problems() == []
    folder.row("helplines", checked_on="01-12-2026 10:00")
    assert 'column checked_on: "01-12-2026 10:00" is not a day.' in refusal()


@pytest.mark.parametrize("separator", [b";", b"\t"])
def test_other_signs_between_columns_are_read_rightly(folder: Any, separator: bytes) -> None:
    path = folder.csv("places")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b",", separator))
    folder.page("page", "[[ taluks ]]")
    assert folder.problems() == []


def test_columns_may_stand_in_another_order_and_optional_ones_be_left_out(folder: Any) -> None:
    folder.csv("places").write_text("name_en,id,kind\nNorth,north,taluk\n", encoding="utf-8")
    rows = read_tables(folder.csv("events").parent, folder.root / "site" / "schemas")["places"]
    assert rows[0]["name_en"] == "North"
    assert rows[0]["name_ta"] is None


def test_a_column_that_stands_there_twice(folder: Any, refusal: Refusal) -> None:
    folder.csv("places").write_text("id,kind,name_en,name_en\nnorth,taluk,North,South\n", encoding="utf-8")
    assert (
        refusal() == "content/tables/places.csv, row 1: the column name_en stands there twice. Take one of them away."
    )


def test_letters_that_plain_csv_turned_into_question_marks_are_noticed(folder: Any, refusal: Refusal) -> None:
    """Excel's "CSV (comma delimited)" writes ? for every letter of an Indian script, and the file is clean ASCII."""
    path = folder.csv("places")
    path.write_bytes(path.read_text(encoding="utf-8").encode("ascii", "replace"))
    assert "content/tables/places.csv, row 2, column name_ta: its letters were lost on saving." in refusal()
    assert 'Take an older copy of the file, or write it again. Save it again as "CSV UTF-8' in refusal()


def test_question_marks_of_a_question_are_none_of_those(folder: Any) -> None:
    folder.row("events", title_en="A lawyer? Really??")
    assert folder.problems() == []


def test_another_encoding_is_not_guessed(folder: Any, refusal: Refusal) -> None:
    folder.csv("places").write_bytes("id,kind,name_en\nnorth,taluk,Café\n".encode("cp1252"))
    assert refusal().startswith("content/tables/places.csv, row 2: has letters that are not UTF-8. Save it again as")


COLUMNS = "id, kind, name_en, name_ta, name_or."
HEADS: list[tuple[str, str]] = [
    ("sep=;\r\n", 'sep=; stands there, which only some spreadsheets know. Take that line out: the table begins with the names'),
    ("\ufeffsep=,\r\n", "sep=, stands there, which only some spreadsheets know."),
    ('"sep=;"\r\n', "stands there, which only some spreadsheets know."),
    ("Places 2026\r\n", '"Places 2026" stands above the names of the columns, which are in row 2. Take out what stands above'),
    ("Places 2026,,,\r\n,,,\r\n", '"Places 2026" stands above the names of the columns, which are in row 3.'),
    ("Places,by,Ravi\r\nDraft\r\n", '"Places by Ravi" stands above the names of the columns, which are in row 3.'),
]  # fmt: skip


@pytest.mark.parametrize(("head", "sentence"), HEADS)
def test_what_stands_above_the_names_of_the_columns_is_one_sentence(
    folder: Any, refusal: Refusal, head: str, sentence: str
) -> None:
    path = folder.csv("places")
    path.write_bytes(head.encode() + path.read_bytes())
    sentence_read = refusal()
    assert sentence_read.startswith("content/tables/places.csv, row 1: ")
    assert sentence in sentence_read
    assert "\n" not in sentence_read


@pytest.mark.parametrize(
    "data", ["%PDF-1.4 x", "<html><table><tr><td>id</td></tr></table></html>", "id|kind|name_en\nnorth|taluk|North\n",
             '"id,kind,name_en"\n"north,taluk,North"\n', "north,taluk,North\n"]
)  # fmt: skip
def test_what_is_no_table_is_one_sentence(folder: Any, refusal: Refusal, data: str) -> None:
    folder.csv("places").write_text(data, encoding="utf-8")
    sentence_read = refusal()
    assert "are not the names of the columns. The columns are: id, kind" in sentence_read
    assert "\n" not in sentence_read


@pytest.mark.parametrize("name", ["Name_EN", "Name en", "name-en", "name_en\u200b", " NAME EN "])
def test_a_column_that_is_almost_called_so_is_said_once(folder: Any, refusal: Refusal, name: str) -> None:
    path = folder.csv("places")
    path.write_text(path.read_text(encoding="utf-8").replace("name_en", name), encoding="utf-8")
    assert refusal() == (
        f'content/tables/places.csv, row 1: "{name.strip()}" is not the column expected here. Write name_en.'
    )


def test_what_may_be_true_or_false_is_said_as_both(folder: Any, refusal: Refusal) -> None:
    folder.row("events", example="yes")
    assert refusal().endswith('"yes" is not true or false. Write true or false.')
