"""A save of one row leaves every other row as it is, to the byte: those too that are wrong."""

import csv
import io

import pytest
from editor.tables import lines

from forms.core.problem import Problem
from tests.editor.conftest import Browser
from tests.sitegen.conftest import ROWS, Folder

ROW = ROWS["helplines"][0]
TEXT = 'id,name,note\na,A,one\nb,B\nc,C,three,left over\n\n" d ",D,"of two\nlines"\ne , E ,;\n'


def test_other_rows_stay_as_they_are_to_the_byte() -> None:
    assert lines.with_row(TEXT, ("id",), "a", {"id": "a", "name": "Other"}, "x.csv") == TEXT.replace(
        "a,A,one", "a,Other,one"
    )
    assert lines.with_row(TEXT, ("id",), "d", {"note": 'With "quotes"'}, "x.csv") == TEXT.replace(
        '" d ",D,"of two\nlines"', 'd,D,"With ""quotes"""'
    )
    assert lines.with_row(TEXT.rstrip("\n"), ("id",), "f", {"id": "f", "name": "F"}, "x.csv") == TEXT + "f,F,\n"


@pytest.mark.parametrize("row", ["b", "c"])
def test_a_row_in_which_cells_are_too_many_or_few_is_not_guessed(row: str) -> None:
    with pytest.raises(Problem, match=r"x\.csv, row (3|4): has too (few|many) cells"):
        lines.with_row(TEXT, ("id",), row, {"name": "Other"}, "x.csv")


def test_a_new_column_beside_a_broken_row_is_refused() -> None:
    """With one column more, a row of one cell too many would be whole, each cell in another's place."""
    with pytest.raises(Problem, match=r"row 3: has too few cells"):
        lines.with_row(TEXT, ("id",), "a", {"more": "x"}, "x.csv")
    text = "id;name\na;A\n\nb;B\n"
    assert lines.with_row(text, ("id",), "a", {"more": "x"}, "x.csv") == "id;name;more\na;A;x\n\nb;B;\n"


def broken(folder: Folder, *, more: bool) -> str:
    """A table whose second row has one cell too many, or one too few; and that row."""
    folder.table("helplines", ROW, {**ROW, "id": "1098", "order": 2, "number": "1098", "tel": "1098"})
    lines = folder.csv("helplines").read_text("utf-8").splitlines()
    line = f"{lines[2]},left over" if more else lines[2].rpartition(",")[0]
    folder.csv("helplines").write_text("\n".join([*lines[:2], line, ""]), "utf-8")
    return line


@pytest.mark.parametrize("more", [True, False])
def test_a_save_neither_mends_nor_cuts_another_row(browser: Browser, folder: Folder, more: bool) -> None:
    line = broken(folder, more=more)
    base = browser.base("/tables/helplines/row?key=112")
    page = browser.post("/tables/helplines/row", 400, base=base, key="112", **{**ROW, "tel": "abc"}).text
    assert "does not fit" in page, "a broken row beside it hides no mistake of this one"
    browser.post("/tables/helplines/row", base=base, key="112", **{**ROW, "for_en": "In danger now"})
    browser.post("/helplines/called", id="112")
    assert line in folder.csv("helplines").read_text("utf-8").splitlines()
    assert "In danger now" in folder.csv("helplines").read_text("utf-8")


@pytest.mark.parametrize("more", [True, False])
def test_a_broken_row_is_named_and_not_saved(browser: Browser, folder: Folder, more: bool) -> None:
    broken(folder, more=more)
    before = folder.csv("helplines").read_bytes()
    page = browser.post("/helplines/called", 400, id="1098").text
    assert "content/tables/helplines.csv, row 3" in page
    base = browser.base("/tables/helplines/row?key=1098")
    page = browser.post("/tables/helplines/row", 400, base=base, key="1098", **{**ROW, "id": "1098"}).text
    assert "content/tables/helplines.csv, row 3" in page
    assert folder.csv("helplines").read_bytes() == before


def test_what_a_spreadsheet_mends_in_a_broken_row_is_shown(browser: Browser, folder: Folder) -> None:
    broken(folder, more=True)
    text = folder.csv("helplines").read_text("utf-8").replace(",left over", "")
    page = browser.post("/tables/helplines/upload", 200, file=(io.BytesIO(text.encode()), "helplines.csv")).text
    assert "<del>left over</del>" in page


def test_a_row_does_not_take_the_name_of_another(browser: Browser, folder: Folder) -> None:
    folder.table("helplines", ROW, {**ROW, "id": "1098", "order": 2, "number": "1098", "tel": "1098"})
    before = folder.csv("helplines").read_bytes()
    base = browser.base("/tables/helplines/row?key=112")
    page = browser.post("/tables/helplines/row", 400, base=base, key="112", **{**ROW, "id": "1098"}).text
    assert "There is a row of this name already." in page
    assert folder.csv("helplines").read_bytes() == before


def test_a_table_whose_rows_have_names_of_two_cells_is_saved_in_the_right_row(browser: Browser, folder: Folder) -> None:
    """In kinds.csv a row is named by what it is a kind of, and by its id."""
    rows = list(csv.DictReader(io.StringIO(folder.csv("kinds").read_text("utf-8"))))
    path = "/tables/kinds/row?key=event+clinic"
    assert 'value="clinic"' in browser.get(path)
    clinic = next(row for row in rows if row["id"] == "clinic")
    browser.post("/tables/kinds/row", base=browser.base(path), key="event clinic", **{**clinic, "name_en": "Doctor"})
    after = list(csv.DictReader(io.StringIO(folder.csv("kinds").read_text("utf-8"))))
    assert after == [{**row, "name_en": "Doctor"} if row["id"] == "clinic" else row for row in rows]
    sheet = browser.client.get("/tables/kinds/download").data
    page = browser.post("/tables/kinds/upload", 200, file=(io.BytesIO(sheet), "kinds.csv")).text
    assert "Nothing: both are the same." in page


@pytest.mark.parametrize(("title", "message"), [("😀", "has no letters"), ("Camp " * 60, "letters")])
def test_a_title_that_no_list_can_show_is_said_at_its_cell_before_it_is_saved(
    browser: Browser, folder: Folder, title: str, message: str
) -> None:
    table = folder.csv("places")
    before = table.read_bytes()
    row = {**browser.fields("/tables/places/row"), **ROWS["places"][0], "id": "new", "name_en": title}
    answer = browser.post("/tables/places/row", 400, **row)
    assert message in answer.text
    assert "field--wrong" in answer.text
    assert table.read_bytes() == before
    browser.post("/tables/places/row", **{**row, "name_en": "South"})
