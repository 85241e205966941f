"""A table goes to Excel and comes back the same; what Excel does to cells is undone, or said."""

import io
import re
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from editor.incoming import workbook
from openpyxl import Workbook, load_workbook
from openpyxl.styles import PatternFill

from forms.core.problem import Problem
from tests.editor.conftest import Browser
from tests.editor.test_window import CONSENT
from tests.sitegen.conftest import ROWS, Folder


def upload(browser: Browser, data: bytes, status: int = 200, table: str = "helplines") -> str:
    return browser.post(f"/tables/{table}/upload", status, file=(io.BytesIO(data), f"{table}.xlsx")).text


def edit_sheet(data: bytes, edit: Callable[[Any], object]) -> bytes:
    """Return a workbook after an edit of its sheet."""
    book = load_workbook(io.BytesIO(data))
    edit(book.active)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_table_goes_to_excel_and_comes_back_the_same(browser: Browser, folder: Folder) -> None:
    folder.row("helplines", note_en="=cmd|' /C calc'!A0", number="00112", for_ta="தமிழ்", for_en='+91, "now"')
    data = browser.client.get("/tables/helplines/workbook").data
    sheet = load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}, "no program takes it for a formula"
    assert "Nothing: both are the same." in upload(browser, data)
    assert "Nothing: both are the same." in upload(browser, edit_sheet(data, lambda _: None)), (
        "saved again by a program"
    )


def test_what_excel_would_change_is_shown_and_then_saved(browser: Browser, folder: Folder) -> None:
    data = browser.client.get("/tables/helplines/workbook").data

    def edit(sheet: Any) -> None:
        columns = {cell.value: cell.column for cell in sheet[1]}
        sheet.cell(2, columns["for_en"], "Danger now")
        sheet.cell(2, columns["checked_on"], date(2026, 12, 24))
        sheet.cell(2, columns["order"], 3.0)
        sheet.cell(2, columns["everywhere"], True)
        sheet.cell(900, 40).fill = PatternFill("solid", "FFFF00")  # drawn, and nothing written

    page = upload(browser, edit_sheet(data, edit))
    assert "<del>Danger</del> <ins>Danger now</ins>" in page
    text = re.findall(r'<textarea name="text"[^>]*>\n(.*?)</textarea>', page, re.S)[0].replace("&#34;", '"')
    base = re.findall(r'name="base" value="(\w+)"', page)[0]
    browser.post("/tables/helplines/replace", base=base, text=text)
    row = folder.rows("helplines")[0]
    assert (row["for_en"], row["checked_on"], row["order"], row["everywhere"]) == (
        "Danger now",
        date(2026, 12, 24),
        3,
        True,
    )


def test_days_and_hours_are_written_as_the_tables_have_them() -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["a", "b", "c", "d", "e", None])
    book.active.append([datetime(2027, 2, 1, 10), datetime(2027, 2, 1), 1.5, False, 12345, None])  # noqa: DTZ001 - Excel knows no zones
    out = io.BytesIO()
    book.save(out)
    assert workbook.read(out.getvalue(), "x.xlsx") == [
        ["a", "b", "c", "d", "e"],
        ["2027-02-01T10:00", "2027-02-01", "1.5", "false", "12345"],
    ]


def test_a_formula_is_named_and_not_guessed(browser: Browser) -> None:
    data = browser.client.get("/tables/helplines/workbook").data
    page = upload(browser, edit_sheet(data, lambda sheet: sheet.cell(2, 3, "=1+1")), 400)
    assert "row 2, column C" in page
    assert "values only" in page


def inside(data: bytes, name: str, old: str, new: str) -> bytes:
    """Return a workbook with something else in one of its files."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as book, zipfile.ZipFile(out, "w") as target:
        for part in book.namelist():
            text = book.read(part)
            target.writestr(part, text.replace(old.encode(), new.encode()) if name in part else text)
    return out.getvalue()


def test_signs_that_a_workbook_writes_as_numbers_are_signs() -> None:
    """exceljs 584, parsexlsx 81: _x000D_ stood at the end of each line."""
    data = inside(book_of(set_cell("words")), "xl/", "words", "one_x000D_\ntwo_x005F_x000D_ _x0b95_")
    assert workbook.read(data, "x.xlsx")[1][1] == "one\ntwo_x000D_ \u0b95"
    for text in ("two_x000D_", "_x005F_", "a\nb"):
        assert workbook.read(workbook.write([["a", "b"], ["1", text]]), "x.xlsx")[1][1] == text


def test_a_strict_workbook_is_said_to_be_one() -> None:
    normal, strict = (
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    )
    with pytest.raises(Problem, match="Strict Open XML"):
        workbook.read(inside(book_of(set_cell("words")), "xl/", normal, strict), "x.xlsx")


def book_of(edit: Callable[[Any], object]) -> bytes:
    """Return a workbook with one row, after an edit."""
    book = Workbook()
    assert book.active is not None
    book.active.append(["id", "tel"])
    book.active.append(["a", 4425])
    edit(book.active)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def set_cell(value: Any, number_format: str = "General") -> Callable[[Any], None]:
    def edit(sheet: Any) -> None:
        sheet["B2"].value = value
        sheet["B2"].number_format = number_format

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            set_cell(919840012345, '"+"0'),
            "row 2, column B: the file holds 919840012345 there, which the spreadsheet shows otherwise",
        ),
        (set_cell(0.5, "0%"), "shows otherwise"),
        (set_cell(919840012345, "0.00E+00"), "shows otherwise"),
        (set_cell(98400123459840012345), "more than 15 digits stands there; its end is lost"),
        (set_cell("#REF!"), "#REF! stands there, an error of the spreadsheet"),
        (set_cell(timedelta(hours=30), "[h]:mm:ss"), "a length of time stands there"),
        (lambda sheet: sheet.merge_cells("A2:A3"), "the cells A2:A3 are merged to one"),
    ],
)
def test_a_cell_that_shows_something_else_than_the_file_holds_is_named(
    edit: Callable[[Any], object], message: str
) -> None:
    with pytest.raises(Problem) as error:
        workbook.read(book_of(edit), "x.xlsx")
    assert message in str(error.value)
    assert error.value.todo


@pytest.mark.parametrize(
    ("number_format", "text"), [("0000000000", "0000004425"), ("#,##0", "4425"), ("0.00", "4425"), ("@", "4425")]
)
def test_zeros_that_a_format_shows_come_with_their_number(number_format: str, text: str) -> None:
    assert workbook.read(book_of(set_cell(4425, number_format)), "x.xlsx")[1] == ["a", text]


AREAS = [
    b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>',
    b'<hyperlinks><hyperlink ref="A1:XFD1048576" display="x"/></hyperlinks>',
    b'<dataValidations count="1"><dataValidation type="list" sqref="A1:XFD1048576"><formula1>"a"</formula1></dataValidation></dataValidations>',
]


def with_part(data: bytes, name: str, edit: Callable[[bytes], bytes], other: str = "") -> bytes:
    """Return a workbook with one part edited, and renamed if a name is given."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = edit(old.read(part)) if part == name else old.read(part)
            if other and part == "xl/_rels/workbook.xml.rels":
                content = content.replace(name.rpartition("/")[2].encode(), other.encode())
            new.writestr(f"{name.rpartition('/')[0]}/{other}" if other and part == name else part, content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize("area", AREAS)
def test_an_area_as_large_as_a_sheet_can_be_costs_nothing(area: bytes) -> None:
    """openpyxl would make a cell for each of seventeen billion; here it takes as long as any workbook."""
    data = with_part(book_of(lambda _: None), SHEET, lambda xml: xml.replace(b"</sheetData>", b"</sheetData>" + area))
    begun = time.process_time()
    with suppress(Problem):
        assert workbook.read(data, "x.xlsx") == [["id", "tel"], ["a", "4425"]]
    assert time.process_time() - begun < 20


def test_a_sheet_under_another_name_is_looked_at_too() -> None:
    """The part that lists the sheets may name any file; and a picture may be a bomb."""
    entity = with_part(
        book_of(lambda _: None), SHEET, lambda xml: b'<!DOCTYPE d [<!ENTITY a "x">]>' + xml, "sheet1.dat"
    )
    large = with_part(book_of(lambda _: None), SHEET, lambda xml: xml + b" " * 21_000_000, "sheet1.png")
    for data in (entity, large):
        with pytest.raises(Problem, match="no workbook that can be read"):
            workbook.read(data, "x.xlsx")


def test_several_sheets_are_asked_about(browser: Browser) -> None:
    data = browser.client.get("/tables/helplines/workbook").data
    page = upload(browser, edit_sheet(data, lambda sheet: sheet.parent.create_sheet("Other").append(["x", "y"])), 400)
    assert "2 sheets" in page


def test_no_workbook_takes_a_withdrawal_back(browser: Browser, folder: Folder) -> None:
    folder.table("consents", {**CONSENT, "withdrawn_on": "2026-12-20"})
    before = folder.csv("consents").read_bytes()
    data = browser.client.get("/tables/consents/workbook").data
    assert "would be taken back" in upload(
        browser, edit_sheet(data, lambda sheet: sheet.delete_rows(2)), table="consents"
    )
    assert folder.csv("consents").read_bytes() == before


def zip_parts(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


BOMB = b'<!DOCTYPE x [<!ENTITY a "lol">]><x>&a;</x>'


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04", zip_parts(), zip_parts(x=b"1"), zip_parts(**{"xl/workbook.xml": BOMB}), zip_parts(**{"xl/workbook.xml": BOMB.decode().encode("utf-16")}),
     zip_parts(**{"xl/workbook.xml": b" " * 21_000_000}), zip_parts(**{f"{at}.xml": b"" for at in range(2001)}), workbook.write([["id"], ["x"]])[:-30]],
    ids=["begin", "empty", "other zip", "entity", "hidden entity", "bomb", "many", "cut"],
)  # fmt: skip
def test_a_file_that_is_no_workbook_is_a_sentence(data: bytes) -> None:
    with pytest.raises(Problem, match="no workbook that can be read"):
        workbook.read(data if data.startswith(b"PK\x03\x04") else b"PK\x03\x04" + data, "x.xlsx")


def test_a_sheet_larger_than_any_table_is_a_sentence() -> None:
    book = Workbook()
    assert book.active is not None
    book.active.cell(1_000_000, 1, "x")
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(Problem, match="too many rows"):
        workbook.read(out.getvalue(), "x.xlsx")


def test_the_row_of_each_table_survives_the_way(browser: Browser) -> None:
    for table in ROWS:
        data = browser.client.get(f"/tables/{table}/workbook").data
        response = browser.client.post(
            f"/tables/{table}/upload", data={"form_token": browser.token, "file": (io.BytesIO(data), "x.xlsx")},
            headers={"Origin": "http://localhost"},
        )  # fmt: skip
        assert "Nothing: both are the same." in response.text, table
