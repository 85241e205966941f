"""A table goes to Excel and comes back the same; what Excel does to cells is undone, or said."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from editor.incoming import workbook
from openpyxl import Workbook, load_workbook
from openpyxl.styles import PatternFill

from forms.core.problem import Problem
from tests.editor.conftest import Browser
from tests.editor.test_window import CONSENT
from tests.sitegen.conftest import ROWS, Folder


def uploaded(browser: Browser, data: bytes, status: int = 200, table: str = "helplines") -> str:
    return browser.post(f"/tables/{table}/upload", status, file=(io.BytesIO(data), f"{table}.xlsx")).text


def edited(data: bytes, edit: Callable[[Any], object]) -> bytes:
    """A workbook as it is saved after somebody has edited its sheet."""
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
    assert "Nothing: both are the same." in uploaded(browser, data)
    assert "Nothing: both are the same." in uploaded(browser, edited(data, lambda _: None)), "saved again by a program"


def test_what_excel_would_change_is_shown_and_then_saved(browser: Browser, folder: Folder) -> None:
    data = browser.client.get("/tables/helplines/workbook").data

    def edit(sheet: Any) -> None:
        columns = {cell.value: cell.column for cell in sheet[1]}
        sheet.cell(2, columns["for_en"], "Danger now")
        sheet.cell(2, columns["checked_on"], date(2026, 12, 24))
        sheet.cell(2, columns["order"], 3.0)
        sheet.cell(2, columns["everywhere"], True)
        sheet.cell(900, 40).fill = PatternFill("solid", "FFFF00")  # drawn, and nothing written

    shown = uploaded(browser, edited(data, edit))
    assert "<del>Danger</del> <ins>Danger now</ins>" in shown
    text = re.findall(r'<textarea name="text"[^>]*>\n(.*?)</textarea>', shown, re.S)[0].replace("&#34;", '"')
    base = re.findall(r'name="base" value="(\w+)"', shown)[0]
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
    said = uploaded(browser, edited(data, lambda sheet: sheet.cell(2, 3, "=1+1")), 400)
    assert "row 2, column C" in said
    assert "values only" in said


def test_several_sheets_are_asked_about(browser: Browser) -> None:
    data = browser.client.get("/tables/helplines/workbook").data
    said = uploaded(browser, edited(data, lambda sheet: sheet.parent.create_sheet("Other").append(["x", "y"])), 400)
    assert "2 sheets" in said


def test_no_workbook_takes_a_withdrawal_back(browser: Browser, folder: Folder) -> None:
    folder.table("consents", {**CONSENT, "withdrawn_on": "2026-12-20"})
    before = folder.csv("consents").read_bytes()
    data = browser.client.get("/tables/consents/workbook").data
    assert "would be taken back" in uploaded(
        browser, edited(data, lambda sheet: sheet.delete_rows(2)), table="consents"
    )
    assert folder.csv("consents").read_bytes() == before


def packed(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


BOMB = b'<!DOCTYPE x [<!ENTITY a "lol">]><x>&a;</x>'


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04", packed(), packed(x=b"1"), packed(**{"xl/workbook.xml": BOMB}), packed(**{"xl/workbook.xml": BOMB.decode().encode("utf-16")}),
     packed(**{"xl/workbook.xml": b" " * 21_000_000}), packed(**{f"{at}.xml": b"" for at in range(2001)}), workbook.write([["id"], ["x"]])[:-30]],
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
        shown = browser.client.post(
            f"/tables/{table}/upload", data={"form_token": browser.token, "file": (io.BytesIO(data), "x.xlsx")},
            headers={"Origin": "http://localhost"},
        )  # fmt: skip
        assert "Nothing: both are the same." in shown.text, table
