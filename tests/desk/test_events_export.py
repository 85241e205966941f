"""Exports: a Data Package that Frictionless accepts, a workbook, and no cell that a spreadsheet would run."""

import csv
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from frictionless import Package, Schema
from frictionless.resources import TableResource
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from forms.core.files.spreadsheet_csv import escape_formula
from forms.desk.events.attendance import attendance_by_party, new_mark
from forms.desk.events.attendees import Gathering, SignupRow
from forms.desk.events.event_export import OpenedEvent, Sheet, as_csv, package, sheets, workbook
from tests.desk.event_helpers import MEETING, event, party

EVIL = ("=1+1", "+91 98765", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', " =1+1")


def opened_events() -> list[OpenedEvent]:
    names = [*EVIL, "கவிதா", 'a "quoted", name', "line\nfeed", "\x00\x0bodd"]
    parties = [
        party(number, name=name, phone="+91 98765", needs=name, help_with=("child-care", "step-free"))
        for number, name in enumerate(names)
    ]
    rows = tuple(SignupRow(one.id, MEETING, one.people, one.state) for one in parties)
    marks = [
        new_mark(MEETING, parties[0].id, 2, "events", "2027-01-24T10:00", []),
        new_mark(MEETING, "f" * 32, 3, "events", "2027-01-24T10:01", [], "=walk()"),
    ]
    lost = Gathering("gone", None, (SignupRow("e" * 32, "gone", 1, "coming"),))
    return [
        OpenedEvent(Gathering(MEETING, event(), rows), parties, attendance_by_party(marks)),
        OpenedEvent(lost, [party(99, id="e" * 32, event="gone", unreadable="does not open")], {}),
        OpenedEvent(Gathering("empty", event("empty", capacity=None, day="2027-02-01"), ()), [], {}),
    ]


@pytest.fixture
def package_path(tmp_path: Path) -> Path:
    path = tmp_path / "events.zip"
    path.write_bytes(package("events-2027-01-12", "Events", sheets(opened_events())))
    return path


def test_frictionless_accepts_the_package(package_path: Path) -> None:
    report = Package(str(package_path)).validate()
    assert report.valid, report.flatten(["type", "note"])
    assert report.stats["tasks"] == 2


def test_the_frictionless_command_accepts_it_too(package_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "frictionless", "validate", str(package_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_package_that_was_tampered_with_is_not_accepted(package_path: Path, tmp_path: Path) -> None:
    """The schema says something: a party of an event that is not there is found."""
    with zipfile.ZipFile(package_path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["attendees.csv"] = parts["attendees.csv"].replace(b",gone,", b",nowhere,")
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert not Package(str(tmp_path / "bad.zip")).validate().valid


def test_counts_and_rows_are_those_of_the_desk(package_path: Path) -> None:
    tables = {resource.name: resource.read_rows() for resource in Package(str(package_path)).resources}
    events = {row["id"]: row for row in tables["events"]}
    assert (events[MEETING]["coming"], events[MEETING]["came"], events[MEETING]["capacity"]) == (24, 5, 5)
    assert (events["gone"]["state"], events["gone"]["came"], events["empty"]["coming"]) == (
        "not in the portal",
        None,
        0,
    )
    walked = [row for row in tables["attendees"] if row["kind"] == "walk-in"]
    assert [(row["people"], row["came"], row["name"]) for row in walked] == [(3, 3, "'=walk()")]
    assert len(tables["attendees"]) == len(EVIL) + 4 + 2


def test_no_cell_of_the_csv_begins_as_a_formula(package_path: Path) -> None:
    with zipfile.ZipFile(package_path) as archive:
        for name in ("events.csv", "attendees.csv"):
            cells = [
                cell
                for row in csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig"), newline=""))
                for cell in row
            ]
            assert cells
            assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
            assert [cell for cell in cells if "\n" in cell or "\x00" in cell] == []


@given(st.text())
def test_no_text_at_all_begins_as_a_formula(text: str) -> None:
    escaped = escape_formula(text)
    assert not escaped.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert escape_formula("plain") == "plain"


@pytest.mark.parametrize(
    "text", ["\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x", " =1+1", "\u00a0=1", "\u200b=1", "\ufeff@x", "\n=1"]
)
def test_nothing_before_a_formula_hides_it(text: str) -> None:
    """Spreadsheets pass over spaces and invisible marks, and some read signs of full width as the others."""
    assert escape_formula(text) == f"'{text}"


def test_the_workbook_holds_texts_and_no_formulas(tmp_path: Path) -> None:
    path = tmp_path / "events.xlsx"
    path.write_bytes(workbook(sheets(opened_events())))
    book = load_workbook(path)
    assert book.sheetnames == ["events", "attendees"]
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    values = {cell.value for cell in cells}
    assert {"=1+1", "+91 98765", "@SUM(A1)", "கவிதா"} <= values, "texts stay as they were told"


def test_frictionless_accepts_the_workbook_under_the_same_schema(package_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "events.xlsx"
    path.write_bytes(workbook(sheets(opened_events())))
    with zipfile.ZipFile(package_path) as archive:
        described = json.loads(archive.read("datapackage.json"))
    for resource in described["resources"]:
        control = {"type": "excel", "sheet": resource["name"]}
        table = TableResource.from_descriptor(
            {
                "name": resource["name"],
                "path": path.name,
                "format": "xlsx",
                "schema": {"fields": resource["schema"]["fields"]},
                "dialect": {"excel": control},
            },
            basepath=str(tmp_path),
        )
        report = table.validate()
        assert report.valid, report.flatten(["rowNumber", "fieldName", "note"])


def test_the_same_data_gives_the_same_file() -> None:
    assert package("a", "b", sheets(opened_events())) == package("a", "b", sheets(opened_events()))


@given(st.lists(st.fixed_dictionaries({"id": st.text(), "number": st.none() | st.integers(), "yes": st.booleans()})))
def test_any_table_is_read_back_with_as_many_rows_as_it_had(rows: list[dict[str, Any]]) -> None:
    fields = tuple({"name": name, "type": "any"} for name in ("id", "number", "yes"))
    parsed = list(csv.reader(io.StringIO(as_csv(Sheet("t", "T", fields, rows)).decode("utf-8-sig"), newline="")))
    assert len(parsed) == len(rows) + 1
    assert all(len(row) == 3 for row in parsed)


def test_every_field_is_explained() -> None:
    for table in sheets([]):
        schema = Schema.from_descriptor({"fields": [dict(field) for field in table.fields]})
        assert all(field.description for field in schema.fields)
